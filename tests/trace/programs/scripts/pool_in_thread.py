from concurrent.futures import ProcessPoolExecutor
import threading
def f(x): return x
if __name__ == "__main__":
    def inthread():
        with ProcessPoolExecutor(1) as p:
            fs = [p.submit(f, threading.Lock()) for _ in range(1)]  # trace: args[0] SP201
            for x in fs:
                try: print(x.result())
                except TypeError: print("TypeError")
    t = threading.Thread(target=inthread); t.start(); t.join()
