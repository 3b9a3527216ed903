import multiprocessing as mp
class E(Exception):  # load: SP204
    def __init__(self, a, b): super().__init__(a); self.b = b
def f(x): raise E(1, 2)
if __name__ == "__main__":
    from concurrent.futures import ProcessPoolExecutor
    with ProcessPoolExecutor(1) as p:
        try: p.submit(f, 1).result(5)
        except BaseException as e: print(type(e).__name__)
