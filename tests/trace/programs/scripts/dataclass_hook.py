import multiprocessing as mp, dataclasses
@dataclasses.dataclass
class Job:
    name: str
    hook: object = dataclasses.field(default_factory=lambda: (lambda: 1))
def f(j): return j.name
if __name__ == "__main__":
    with mp.Pool(1) as p:
        r = p.apply_async(f, (Job("a"),))  # trace: args[0].hook SP101
        try: print(r.get(5))
        except Exception as e: print(type(e).__name__)
