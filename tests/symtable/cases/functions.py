# Cells, free names, declarations, walrus, deletions.
def f(a, /, b, *c, d=1, **e):
    global g, h
    h = a
    def i():
        nonlocal b
        b = c
        def j():
            nonlocal b
            del b
            return d, e
        def k():
            global b
            b = 1
            def l(): return b
    for g in b: pass
    import os.path, sys as m
    try: pass
    except E as n: del n
    def o(): return n
    p: int
    q: int = 1
    (r := s)
    with t as u: lambda: u
    return locals()
def walrus(a):
    [b := c for c in a if (d := c)]
    {(e := c) for c in [f for f in a]}
    return [[(g := h) for h in i] for i in a], (lambda: [(j := k) for k in a])
[top := c for c in a]
def walrus_global():
    global w
    [(w := x) for x in y]
lambda: [(v := x) for x in y]
def comprehensions(a, b):
    c = d = e = 1
    [c for _ in a]
    [lambda: d for _ in a]
    [[e for _ in b] for _ in a]
    [f for f in a for f in f if f]
    [lambda: g for g in a]
    f, g
    {h: i for h, i in a}
    (j for j in a if (lambda: j))
    return [k for k in [k for k in a]], [_ for l in a if [l for m in l]]
def shadows(x):
    def inner():
        x = [x for x in x]
        return lambda: x
    return [x for x in x if (lambda x: x)]
def recursive(): return recursive
def unbound(): del x; return lambda: x
def deep():
    a = 1
    def b():
        def c():
            def d():
                return a
def top(self, b): return b
x = 1
[x for _ in y]
def f():
    z = 2
    global w
    w = 1
    [(z, w) for _ in y]
    [lambda: q for _ in y]
    q = 1
    def g():
        nonlocal z
        z = 2
        [z for _ in y]
        [v for v in y]
        v
class A:
    m = 1
    [m for _ in y]
    [m for m in y]
def h():
    k = 1
    class B:
        k = 2
        [k for _ in y]
