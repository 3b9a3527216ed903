import multiprocessing as mp
REG = {}
def register(n):
    def d(f): REG[n] = f; return f
    return d
def make():
    @register("x")
    def inner(v): return v * 2
make()
if __name__ == "__main__":
    with mp.Pool(1) as p:
        try: print(p.map(REG["x"], [1]))  # trace: func SP102
        except Exception as e: print(type(e).__name__)
