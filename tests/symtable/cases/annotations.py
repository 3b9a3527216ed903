# Annotations, evaluated or not.
x: int = 1
y: str
if a:
    z: float
class C:
    p: int
    q: (lambda: p)
    for i in j:
        s: str
    def f(self, a: p) -> q: r: s = 1
def f(a: int, *args: b, c: d = e, **kw: g) -> h:
    u: i
    v: (lambda: w) = 1
    with a:
        t: [k for k in l]
    def n(): return u
