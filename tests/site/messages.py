"""Prints what Python says about a dozen objects that do not cross a process boundary: one message a line, addresses taken off."""

import collections
import multiprocessing
import pickle
import queue
import re
import sqlite3
import sys
import threading


def outer():
    def inner():
        pass

    class Inner:
        pass

    return inner, Inner, lambda: 1


def rebound():
    pass


before = rebound


def rebound():  # noqa: F811
    pass


named = lambda: 1  # noqa: E731
Point = collections.namedtuple("Spot", "x")
function, Local, anonymous = outer()


class Task:
    pass


Task.__module__ = "gone"


def generator():
    yield


async def coroutine():
    pass


class Strict(Exception):
    def __init__(self, code, text):
        super().__init__(text)


def said(act):
    try:
        act()
    except BaseException as error:
        return "%s: %s" % (type(error).__name__, error)
    return ""


def dump(thing):
    return lambda: pickle.dumps(thing)


started = coroutine()
OBJECTS = [
    function, Local(), anonymous, named, before, Point(1), threading.Lock(), threading.Event(), queue.Queue(), threading.Thread(),
    sys.stdout, generator(), started, sys, sqlite3.connect(":memory:"), {}.keys(), memoryview(b""), multiprocessing.Lock(),
    multiprocessing.Queue(), multiprocessing.Value("i"),
]
lines = [said(dump(thing)) for thing in OBJECTS]
started.close()
lines.append(said(lambda: pickle.loads(pickle.dumps(Strict(1, "x")))))
lines.append(said(lambda: pickle.loads(b"c__main__\nmissing\n.")))
lines.append(said(lambda: multiprocessing.set_start_method("spawn")))
for line in dict.fromkeys(line for line in lines if line):
    print(re.sub(r" at 0x[0-9a-f]+", "", line).splitlines()[0])
