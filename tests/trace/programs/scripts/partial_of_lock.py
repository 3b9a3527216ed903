import multiprocessing as mp, functools, threading
def f(lock, x): return x
if __name__ == "__main__":
    with mp.Pool(1) as p:
        try: print(p.map(functools.partial(f, threading.RLock()), [1, 2]))  # trace: func.args[0] SP106
        except TypeError as e: print("TypeError")
