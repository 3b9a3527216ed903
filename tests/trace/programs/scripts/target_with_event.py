import multiprocessing as mp, threading
class W:
    def __init__(self): self.ev = threading.Event(); self.data = {"k": [1, lambda: 2]}
    def go(self): print("ran", flush=True)
if __name__ == "__main__":
    w = W()
    p = mp.Process(target=w.go)
    p.start()  # trace: target.__self__.ev._cond._lock SP106, target.__self__.data['k'][1] SP101
    p.join(); print(p.exitcode)
