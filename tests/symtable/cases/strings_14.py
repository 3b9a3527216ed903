# Template strings, and handlers without parentheses (3.14).
def f(a, b):
    x = t"{a} {b!r:{a}} {(lambda: c)}"
    try: pass
    except A, B: return lambda: x
