# Identifiers are compared in normal form.
ﬁ = 1
fi = ﬁ + 2
def ｆ(ｘ, *, ª=1): return x, a
class 𝔸:
    __ﬁ = 1
    def b(self): return __fi
import ﬀ as ﬃ
def µ(): global μ; μ = 1
名前 = é = 'e'
