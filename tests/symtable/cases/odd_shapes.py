# What the grammar reads differently from Python, and what may stand in odd places.
print >> f, (lambda: x)
print(a), print(b)
type [x] = (lambda: type)
type = 1
match = case = _ = 2
match[case] = _
print, exec = exec, print
exec("a")
with (a() as b): pass
with (a()), (c()): pass
with (a, b): pass
with a as (b, *c), d as e.f, g as h[i]: pass
with (yield_ := a): pass
(p) = (q) = 1
((r)): int = 2
(s): str
(t.u): int = 3
t.v: int
w[x]: int = 4
[y, (z, *aa)] = bb, *cc = dd
ee, = ff,
del (gg), [hh, ii], jj.kk, ll[mm]
for nn.oo in pp: pass
for qq[rr] in ss: pass
for tt, (uu, *vv) in ww: pass
else: xx = 1
async def coroutine():
    await y ** 2
    async with a as b, c as (d, e): pass
    async for f in g: h = 1
    return [await i async for i in j if await k]
def generator():
    a = yield b
    c = yield from d
    x = (yield)
    return (yield), c
assert (lambda: message), (lambda: message)
raise (lambda: x) from (lambda: y)
