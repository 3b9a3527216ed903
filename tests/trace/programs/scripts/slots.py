import multiprocessing as mp
class Slots:
    __slots__ = ("a", "b")
def f(s): return 1
if __name__ == "__main__":
    s = Slots(); s.a = 1; s.b = (x for x in [])
    with mp.Pool(1) as p:
        try: print(list(p.imap_unordered(f, [s])))  # trace: args[0].b SP201
        except Exception as e: print(type(e).__name__)
