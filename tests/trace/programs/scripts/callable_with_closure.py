import multiprocessing as mp
def default(x, k=lambda: 1): return 1
class Box:
    def __init__(self, f): self.f = f
    def __call__(self, x): return 1
if __name__ == "__main__":
    from concurrent.futures import ProcessPoolExecutor
    def wrap():
        cell = {"l": open("/dev/null")}
        return Box(lambda: cell)
    with ProcessPoolExecutor(1) as p:
        try: print(p.submit(wrap(), 1).result())  # trace: fn.f SP103
        except Exception as e: print(type(e).__name__)
