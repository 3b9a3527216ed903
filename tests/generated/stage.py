"""Runs many programs in one interpreter and tells what each printed.

    stage.py value|reference ROOT STEM…

`value` is the oracle: processes are forked, and callables travel by value. `reference` hands callables to one child
that was started by spawn, and forgets the program's modules whenever a program makes new workers: each pool finds what an
import gives, without the time that starting an interpreter takes. Processes that are no pool are started by spawn.
"""

import concurrent.futures
import contextlib
import importlib
import io
import json
import multiprocessing
import os
import signal
import sys

SECONDS = 30


# -- the child


def serve(connection):
    """Answers calls until the connection ends."""
    while True:
        try:
            prefix, path, payload = connection.recv()
        except EOFError:
            return
        if prefix is not None:
            forget(prefix)
            if path not in sys.path:
                sys.path.insert(0, path)
            importlib.invalidate_caches()
            connection.send(("ready", None))
            continue
        try:
            function, args, kwargs = multiprocessing.reduction.ForkingPickler.loads(payload)
            answer = ("value", bytes(multiprocessing.reduction.ForkingPickler.dumps(function(*args, **kwargs))))
        except BaseException as error:
            answer = failed(error)
        connection.send(answer)


def failed(error):
    """What the parent hears of an error: itself, if it can be sent and made again."""
    try:
        sent = bytes(multiprocessing.reduction.ForkingPickler.dumps(error))
        multiprocessing.reduction.ForkingPickler.loads(sent)
    except BaseException:
        return "lost", f"{type(error).__name__}: {error}"
    return "error", sent


def forget(prefix):
    for name in [name for name in sys.modules if name.startswith(prefix)]:
        del sys.modules[name]


class Child:
    """The one child of a run."""

    def __init__(self):
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=serve, args=(other,), daemon=True)
        self.process.start()
        other.close()

    def fresh(self):
        self.connection.send((CURRENT["prefix"], CURRENT["path"], None))
        self.connection.recv()

    def call(self, function, args, kwargs):
        payload = bytes(multiprocessing.reduction.ForkingPickler.dumps((function, args, kwargs)))
        self.connection.send((None, None, payload))
        kind, answer = self.connection.recv()
        if kind == "lost":
            raise RuntimeError(f"in the worker: {answer}")
        if kind == "error":
            raise multiprocessing.reduction.ForkingPickler.loads(answer)
        return multiprocessing.reduction.ForkingPickler.loads(answer)


CURRENT = {"prefix": "", "path": ""}


# -- what stands for pools and executors


class Workers:
    """What pools and executors have in common."""

    child = None  # of a run by reference

    def __init__(self, size=None, initializer=None, initargs=(), **options):
        self.child.fresh()
        if initializer is not None:
            self.child.call(initializer, tuple(initargs), {})

    def __enter__(self):
        return self

    def __exit__(self, *args):
        return None

    def close(self):
        return None

    join = terminate = close

    def shutdown(self, wait=True, **options):
        return None


class Executor(Workers):
    def __init__(self, max_workers=None, mp_context=None, initializer=None, initargs=(), **options):
        super().__init__(max_workers, initializer, initargs)

    def submit(self, fn, /, *args, **kwargs):
        future = concurrent.futures.Future()
        try:
            future.set_result(self.child.call(fn, args, kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    def map(self, fn, *iterables, timeout=None, chunksize=1):
        futures = [self.submit(fn, *row) for row in zip(*iterables)]
        return (future.result() for future in futures)


class Result:
    def __init__(self, value):
        self.value = value

    def get(self, timeout=None):
        return self.value


class Pool(Workers):
    def __init__(self, processes=None, initializer=None, initargs=(), maxtasksperchild=None):
        super().__init__(processes, initializer, initargs)

    def apply(self, func, args=(), kwds=None):
        return self.child.call(func, tuple(args), kwds or {})

    def apply_async(self, func, args=(), kwds=None, callback=None, error_callback=None):
        value = self.apply(func, args, kwds)
        if callback is not None:
            callback(value)
        return Result(value)

    def map(self, func, iterable, chunksize=None):
        return [self.child.call(func, (item,), {}) for item in iterable]

    def imap(self, func, iterable, chunksize=1):
        return iter(self.map(func, iterable))

    imap_unordered = imap

    def starmap(self, func, iterable, chunksize=None):
        return [self.child.call(func, tuple(item), {}) for item in iterable]


# -- the run


def outcome(stem, root):
    """What a program printed, and how it ended."""
    path = os.path.join(root, stem)
    CURRENT.update(prefix=stem, path=path)
    sys.path.insert(0, path)
    importlib.invalidate_caches()
    printed = io.StringIO()
    signal.alarm(SECONDS)
    try:
        with contextlib.redirect_stdout(printed):
            module = importlib.import_module(stem)
            module.run()
            module.run()
        ended = "well"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        ended = f"{type(error).__name__}: {error}"[:300]
        if isinstance(error, TookTooLong) and Workers.child is not None:
            Workers.child.process.kill()
            Workers.child = Child()
    finally:
        signal.alarm(0)
        sys.path.remove(path)
        forget(stem)
        end_children()
    return {"printed": printed.getvalue(), "ended": ended}


class TookTooLong(BaseException):
    """Nothing that a program catches."""


def too_long(*_):
    raise TookTooLong


def end_children():
    """Ends what a program started and did not wait for."""
    for process in multiprocessing.active_children():
        if Workers.child is None or process is not Workers.child.process:
            process.kill()
            process.join()


def main(kind, root, stems):
    sys.dont_write_bytecode = True
    signal.signal(signal.SIGALRM, too_long)
    if kind == "value":
        sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "behaviour", "site"))
        import by_value

        by_value.install()
    else:
        multiprocessing.set_start_method("spawn")
        Workers.child = Child()
        concurrent.futures.ProcessPoolExecutor = Executor
        multiprocessing.Pool = Pool
    for stem in stems:
        print(json.dumps({"stem": stem, **outcome(stem, root)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
