"""Callables that reach an executor on ways that no analysis follows: a registry, getattr, globals()."""
from concurrent.futures import ProcessPoolExecutor

REGISTRY = {}


def register(name):
    def keep(function):
        REGISTRY[name] = function
        return function
    return keep


class Jobs:
    def __init__(self, executor):
        self.executor = executor

    def go(self, name, *args):
        run = getattr(self.executor, "submit")
        return run(REGISTRY[name], *args)


def main():
    factor = 3

    def double(x):
        return 2 * x

    def triple(x):
        return factor * x

    REGISTRY["double"] = double
    REGISTRY.update(triple=triple)
    REGISTRY["four"] = lambda x: 4 * x
    with globals()["ProcessPoolExecutor"](2) as executor:
        jobs = Jobs(executor)
        for name in ("double", "triple", "four"):
            try:
                print(jobs.go(name, 2).result())
            except Exception as error:
                print(type(error).__name__)


if __name__ == "__main__":
    main()
