# Type parameters (3.12).
class A[T: (int, str), *Ts, **P](Base[T], metaclass=M[P], key=lambda: T):
    __private: T
    x: T = T
    def m[U: T](self, u: U, *v: *Ts, w: int = 1, **kw: P.kwargs) -> T | U:
        return [T for _ in u], lambda: (U, self.__private)
    type Alias[V: T] = dict[T, V, lambda: x]
    type Plain = list[x]
    def n[__W](self, __w: __W) -> __W: pass
    class Inner[X: x](T): y = x
class B[__T, U: __T]:
    def f(self) -> __T: pass
    g: __T
class C[T](T.__x, __y): pass
def f[T: lambda: T](a: T, b=T) -> T: pass
def outer():
    T = 1
    def inner[T](a: T = T) -> T:
        return T
    type X = T
    type Y[T] = T
    class K:
        T = 2
        type Z = T
        type W[V: T] = (T, V)
        def m[U: T](self, a: T) -> T: return T
        def n(self, a: T) -> T: return T
        o: T
async def g[T](x: T): return [await y async for y in T]
@(lambda: 1)
def h[T: (lambda: 2)](a: (lambda: 3) = (lambda: 4)) -> (lambda: 5): (lambda: 6)
@(lambda: 1)
class I[T: (lambda: 2)](lambda: 3): (lambda: 4)
