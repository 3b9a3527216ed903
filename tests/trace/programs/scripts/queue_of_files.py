import multiprocessing as mp
def f(x): return x
if __name__ == "__main__":
    q = mp.Queue()
    with open(__file__) as fh:
        q.put({"a": [1, (2, fh)]})  # trace: obj['a'][1][1] SP201
        q.put("end")
        print(q.get())
    q.close(); q.join_thread()
