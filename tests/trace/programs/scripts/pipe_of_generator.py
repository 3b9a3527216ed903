import multiprocessing as mp
if __name__ == "__main__":
    a, b = mp.Pipe()
    try: a.send(i for i in [1])  # trace: obj SP201
    except TypeError: print("TypeError")
    a.send(1); print(b.recv())
