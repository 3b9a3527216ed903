def f(y):
    z = 1
    return [x+z for x in y if (lambda: x)]
class A[T: int]:
    def m(self): return super().m() + __class__
    q = [i for i in range(3)]
    def g[U](self, u: U) -> T: return [T for _ in u]
    w : int = 3
    __p = 2
    def h(self): return __p
type X[Q] = list[Q]
