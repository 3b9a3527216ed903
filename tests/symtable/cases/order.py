# Inner scopes in positions whose order in the compiler's walk is not that of the text.
f(lambda: 1, key=lambda: 2, *[lambda: 3], **{"a": lambda: 4})
{(lambda: 1): (lambda: 2), **(lambda: 3), (lambda: 4): (lambda: 5)}
(lambda: 1) if (lambda: 2) else (lambda: 3)
{(lambda: 1): (lambda: 2) for (a) in (lambda: 3) if (lambda: 4)}
[(lambda: 1) for a in (lambda: 2) if (lambda: 3) for b in (lambda: 4) if (lambda: 5)]
x[(lambda: 1)] = y[(lambda: 2)] = (lambda: 3)
x[(lambda: 1)] += (lambda: 2)
x[(lambda: 1)]: (lambda: 2) = (lambda: 3)
(lambda: 1) < (lambda: 2) < (lambda: 3)
f"{(lambda: 1)!r:{(lambda: 2)}} {(lambda: 3)}" "" f"{(lambda: 4)}"
@(lambda: 1)
@(lambda: 2)
def g(a: (lambda: 3) = (lambda: 4), *b: (lambda: 5), c: (lambda: 6) = (lambda: 7), **d: (lambda: 8)) -> (lambda: 9):
    pass
@(lambda: 1)
class C((lambda: 2), metaclass=(lambda: 3), *(lambda: 4), **(lambda: 5)):
    pass
h = lambda a=(lambda: 1), *, b=(lambda: 2): (lambda: 3)
try: (lambda: 1)
except (lambda: 2): (lambda: 3)
except (lambda: 4) as e: (lambda: 5)
else: (lambda: 6)
finally: (lambda: 7)
with (lambda: 1) as x[(lambda: 2)], (lambda: 3): (lambda: 4)
for x[(lambda: 1)] in (lambda: 2): (lambda: 3)
else: (lambda: 4)
while (lambda: 1): (lambda: 2)
else: (lambda: 3)
x[(lambda: 1):(lambda: 2):(lambda: 3), (lambda: 4)]
((lambda: 1)
 , (lambda:
    2), [
    a for a in b])
