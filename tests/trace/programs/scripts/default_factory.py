import multiprocessing as mp, collections
def f(d): return 1
if __name__ == "__main__":
    d = collections.defaultdict(lambda: collections.defaultdict(int)); d["a"]["b"] += 1
    with mp.Pool(1) as p:
        try: print(p.starmap(f, [(d,)]))  # trace: chunk[0][0].default_factory SP104
        except Exception as e: print(type(e).__name__)
