# Captures of case patterns.
def f(a):
    match a:
        case [b, *c, _, *_]: pass
        case {"k": d, e.f: g, **h}: pass
        case P(i, j=k, l=m.n, o=P(p)): pass
        case q.r(s) | t.u(s): pass
        case (v): pass
        case (w, x) | [x, w]: pass
        case -1 | 1 + 2j | "s" "t" | None | True: pass
        case (y as z) if z: pass
        case [*_] as aa: pass
        case bb.cc, dd: pass
        case {**ee}: pass
        case str() | int(): pass
        case _: pass
    match = a, *b
    match a, *b:
        case ff: return lambda: ff
def g(case, match):
    match match:
        case case: return lambda: (case, match)
