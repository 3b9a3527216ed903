import multiprocessing as mp
class P(mp.Process):
    def __init__(self): super().__init__(); self.log = open("/dev/null", "w"); self.ok = 1
    def run(self): print("run", self.ok, flush=True)
if __name__ == "__main__":
    p = P(); p.start()  # trace: self.log SP203
    p.join()
