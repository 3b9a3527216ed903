import multiprocessing as mp, os
def w(q): q.put(os.getppid() > 0)
if __name__ == "__main__":
    ctx = mp.get_context("forkserver")
    q = ctx.Queue()
    p = ctx.Process(target=lambda: w(q))
    try: p.start()  # trace: target SP104
    except Exception as e: print(type(e).__name__)
