"""What goes wrong in children that are no copies. Comments say what the trace has for their line."""
# methods: spawn forkserver
import multiprocessing as mp
from concurrent.futures import ProcessPoolExecutor

LIMIT = 0
TABLE = {}


def helper():
    return LIMIT


def read(x):  # differs: LIMIT TABLE
    return helper(), len(TABLE)


def read_late(x):
    return LATE  # child: name SP401


def attempt(what):
    try:
        return what()
    except Exception as error:
        return type(error).__name__


def main():
    global LIMIT
    LIMIT = 5
    TABLE[1] = 2
    with ProcessPoolExecutor(1) as executor:
        print(attempt(lambda: executor.submit(read, 1).result()))
        print(attempt(lambda: executor.submit(read_late, 1).result()))
    process = mp.Process(target=read_late, args=(1,))
    process.start()
    process.join()
    print(process.exitcode)
    print(attempt(lambda: mp.Process(target=lambda: 1).start()))  # trace: target SP101
    with ProcessPoolExecutor(1) as executor:
        # lost: guarded
        print(attempt(lambda: executor.submit(guarded, 1).result()))


if __name__ == "__main__":
    LATE = 3

    def guarded(x):
        return x

    main()
