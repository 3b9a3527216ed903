import multiprocessing as mp
if __name__ == "__main__":
    def work(x): return x + 1
    with mp.Pool(1) as p:
        print(p.map(work, [1]))  # trace: func SP105
