import multiprocessing as mp
if __name__ == "__main__":
    m = mp.Manager()
    d = m.dict()
    try: d["a"] = lambda: 1  # trace: obj[2][1] SP104
    except Exception as e: print(type(e).__name__)
    d["b"] = 1; print(d["b"])
    m.shutdown()
