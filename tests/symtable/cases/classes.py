# Class scopes, private names, __class__ and what comprehensions do with them.
__x = 1
class _A:
    __a = __x
    __b__ = 2
    import __m, os.__n as __o, __p.__q
    from r import __s, t as __u
    def __f(self, __g, *__h, __i=1, **__j):
        global __k
        __k = self.__l
        for __n in __g: __v = __n
        return lambda __w: __w + __h
    class __B:
        __c = 1
        def m(self): return __class__, super().m()
    def n(self):
        def inner(): return super
        return [super().n for _ in self], [__class__ for _ in self]
    o = [__a for __a in range(3)]
    p = [(lambda: q) for q in range(3)]
    r = [s for s in __b__ if [t for t in s]]
    @property
    def u(self): return __class__
    def v(self, w=lambda: __class__): pass
class __:
    __a = 1
class __C_:
    __a = 1
    def f(self): nonlocal_ = __a
def f():
    x = y = z = 1
    class D:
        x = x
        global y
        y = 2
        nonlocal z
        z = 3
        def g(self): return x, y, z
        h = lambda self: x
        i = [x for _ in y]
        j = (x for _ in y)
    return [D for D in [D]]
def g():
    __class__ = 1
    class E:
        def h(self): return __class__
class F:
    __class__ = 1
    def h(self): return super()
    def i(self):
        __class__ = 2
        return lambda: __class__
