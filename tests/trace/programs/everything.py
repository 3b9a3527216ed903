"""What fork hides and what fails anyway. Comments say what the trace has for their line: path, rule."""
import asyncio
import multiprocessing as mp
import threading
from concurrent.futures import ProcessPoolExecutor
from functools import partial


class Client:
    def __init__(self):
        self._lock = threading.Lock()

    def work(self, x):
        return x


class Job(mp.Process):
    def __init__(self, client):
        super().__init__()
        self.client = client

    def run(self):
        pass


class Refused(Exception):  # load: SP204
    def __init__(self, a, b):
        super().__init__(a)


def ignore(*args):
    pass


def plus_one(x):
    return x + 1


def numbers(x):  # trace: result SP202
    return (i for i in range(x))


def refuse(x):
    raise Refused(1, 2)


def attempt(what):
    try:
        return what()
    except Exception as error:
        return type(error).__name__


def start(process):
    process.start()  # trace: target SP102, target.__self__._lock SP106, args[0]._lock SP201, self.client._lock SP203, args[1] SP101
    process.join()
    return process.exitcode


def processes():
    def local(x):
        return x

    client = Client()
    print(start(mp.Process(target=plus_one, args=(1,))))
    print(start(mp.Process(target=local, args=(1,))))
    print(start(mp.Process(target=client.work, args=(1,))))
    print(start(mp.Process(target=plus_one, args=(client,))) in (0, 1))
    print(start(mp.Process(target=ignore, args=("x", lambda: 1))) in (0, 1))
    print(start(Job(client)))
    # The program asks for fork by name: nothing would be pickled.
    forked = mp.get_context("fork").Process(target=local, args=(1,))
    forked.start()
    forked.join()


async def in_executor(executor):
    loop = asyncio.get_running_loop()
    try:
        await loop.run_in_executor(executor, lambda: 1)  # trace: fn SP101
    except Exception as error:
        print(type(error).__name__)


def executors():
    client = Client()
    with ProcessPoolExecutor(2, initializer=lambda: None) as executor:  # trace: initializer SP101
        print(list(executor.map(plus_one, range(5))))
        for _ in range(3):
            print(attempt(lambda: executor.submit(lambda: 1).result()))  # trace: fn SP101
        print(attempt(lambda: executor.submit(plus_one, [1, client]).result()))  # trace: args[0][1]._lock SP201
        print(attempt(lambda: executor.submit(numbers, 3).result()))
        print(attempt(lambda: list(executor.map(plus_one, [1, client]))))  # trace: chunk[0][0]._lock SP201
        asyncio.run(in_executor(executor))
        print(attempt(lambda: executor.submit(guarded, 3).result()))  # trace: fn SP105
        print(attempt(lambda: executor.submit(refuse, 3).result()))


def pools():
    client = Client()

    def local(x):
        return x

    with mp.Pool(2, initializer=local, initargs=(client,)) as pool:  # trace: initializer SP102, initargs[0]._lock SP201
        print(pool.map(plus_one, range(5)))
        print(attempt(lambda: pool.map(partial(local), range(3))))  # trace: func.func SP102
        print(attempt(lambda: pool.apply(plus_one, (client,))))  # trace: args[0]._lock SP201
        print(attempt(lambda: list(pool.imap(plus_one, [client.work]))))  # trace: args[0].__self__._lock SP201
        print(attempt(lambda: pool.apply(numbers, (3,))))
    with mp.get_context("fork").Pool(1, initializer=local, initargs=(client,)) as pool:
        print(pool.map(plus_one, range(2)))


def queues():
    client = Client()
    queue = mp.Queue()
    queue.put(lambda: 1)  # trace: obj SP101
    queue.put(1)
    print(queue.get())
    here, there = mp.Pipe()
    print(attempt(lambda: here.send(client)), there.poll())  # trace: obj._lock SP201
    simple = mp.SimpleQueue()
    attempt(lambda: simple.put(client))  # trace: obj._lock SP201
    with mp.Manager() as manager:
        shared = manager.dict()
        attempt(lambda: shared.update(key=client))  # trace: obj[3]['key']._lock SP201


if __name__ == "__main__":

    def guarded(x):
        return x

    processes()
    pools()
    queues()
    executors()
