import multiprocessing as mp, sqlite3
def init(c): pass
def f(x): return x
if __name__ == "__main__":
    c = sqlite3.connect(":memory:")
    with mp.Pool(1, init, (c,)) as p:  # trace: initargs[0] SP201
        print(p.map(f, [1]))
