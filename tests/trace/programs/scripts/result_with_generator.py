import multiprocessing as mp
def gen():
    yield 1
def f(x): return [x, gen()]  # trace: result[1] SP202
if __name__ == "__main__":
    with mp.Pool(1) as p:
        try: print(p.apply(f, (1,)))
        except Exception as e: print(type(e).__name__)
