import multiprocessing as mp
STATE = {"n": 0}
def f(x): return STATE["n"]  # differs: STATE
if __name__ == "__main__":
    STATE["n"] = 5
    ctx = mp.get_context("spawn")
    with ctx.Pool(1) as p:
        print(p.map(f, [1]))
