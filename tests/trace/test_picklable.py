"""Tests of `spawnsafe.find_unpicklable` and its kin, run by tests/trace/main.rs with every Python."""
import collections
import dataclasses
import functools
import multiprocessing as mp
import pickle
import sys
import threading
import types
import unittest

from spawnsafe import assert_picklable, find_unpicklable, is_picklable


class Client:
    def __init__(self):
        self._lock = threading.Lock()

    def work(self):
        pass


class App:
    def __init__(self):
        self.client = Client()
        self.items = [1, {"key": lambda: 1}]


class Slots:
    __slots__ = ("good", "bad")

    def __init__(self):
        self.good = 1
        self.bad = threading.Lock()


class BothSlots(Slots):
    def __init__(self):
        super().__init__()
        self.more = threading.Lock()


@dataclasses.dataclass
class Field:
    hook: object


class State:
    def __getstate__(self):
        return {"made": threading.Lock()}


class Counting:
    calls = 0

    def __init__(self, part):
        self.part = part

    def __reduce__(self):
        Counting.calls += 1
        return Counting, (self.part,)


class Loud:
    def __init__(self):
        self.lock = threading.Lock()

    def __repr__(self):
        raise ValueError("no")


class Mapping(dict):
    pass


Pair = collections.namedtuple("Pair", "left right")


def paths(obj, **kwargs):
    return [(each.path, each.rule) for each in find_unpicklable(obj, **kwargs)]


class Paths(unittest.TestCase):
    def test_paths_are_expressions_that_lead_to_the_part(self):
        def local():
            pass

        class Inner:
            pass

        samples = [
            App(), App().client.work, Slots(), BothSlots(), Field(local), Mapping(a=local), Pair(1, local),
            functools.partial(local, 1, key=lambda: 1), collections.defaultdict(lambda: 0), [1, {2: (local,)}],
            collections.deque([1, local]), {"k": {"l": local}}, functools.partial(print, Slots()), State(),
        ]
        for obj in samples:
            found = find_unpicklable(obj)
            self.assertTrue(found, obj)
            for each in found:
                reached = eval(each.path, {"obj": obj})
                if "__getstate__" in each.path and not isinstance(obj, Slots):
                    # A state of its own is made anew each time.
                    self.assertIs(type(reached), type(each.obj))
                else:
                    self.assertIs(reached, each.obj, each.path)
        self.assertEqual(paths(Inner()), [("obj.__class__", "SP107")])

    def test_paths_as_written(self):
        self.assertEqual([path for path, _ in paths(App(), name="app")], ["app.client._lock", "app.items[1]['key']"])
        self.assertEqual(paths(Slots()), [("obj.bad", "SP201")])
        self.assertEqual(paths(State()), [("obj.__getstate__()['made']", "SP201")])
        self.assertEqual(paths(App().client.work), [("obj.__self__._lock", "SP106")])

    def test_what_a_local_function_captures_is_told_too(self):
        lock = threading.Lock()
        config = {"lock": lock}

        def work(x, default=lock):
            return config

        (found,) = find_unpicklable(work, "work")
        self.assertEqual(found.rule, "SP103")
        self.assertEqual(
            [each.path for each in found.captures],
            ["work.__closure__[0].cell_contents['lock']", "work.__defaults__[0]"],
        )
        for each in found.captures:
            self.assertIs(eval(each.path, {"work": work}), lock)

    def test_cycles_slots_reprs_and_depth(self):
        cycle = []
        cycle += [cycle, threading.Lock()]
        self.assertEqual(paths(cycle), [("obj[1]", "SP201")])
        self.assertIn("lock", str(find_unpicklable(Loud())[0]))
        self.assertTrue(repr(find_unpicklable(Loud())[0]))
        deep = []
        for _ in range(sys.getrecursionlimit() * 40):
            deep = [deep]
        try:
            pickle.dumps(deep)
            can = True
        except RecursionError:
            can = False
        self.assertEqual(is_picklable(deep), can)

    def test_huge_containers_are_quick(self):
        big = [list(range(10)) for _ in range(20000)] + [threading.Lock()]
        self.assertEqual(paths(big), [("obj[20000]", "SP201")])
        self.assertTrue(is_picklable(list(range(1000000))))

    def test_reductions_run_once(self):
        Counting.calls = 0
        self.assertEqual([path for path, _ in paths([Counting(1), Counting(threading.Lock())])], ["obj[1].part"])
        self.assertEqual(Counting.calls, 2)

    def test_primitives_travel_with_processes_only(self):
        for make in (mp.Lock, mp.Queue, mp.Event, mp.Condition, lambda: mp.Value("i"), lambda: mp.Barrier(2)):
            primitive = make()
            self.assertEqual(paths([primitive])[0][1], "SP205")
            self.assertEqual(paths([primitive], start="process"), [])
        here, there = mp.Pipe()
        self.assertTrue(is_picklable(here))
        here.close()
        there.close()

    def test_handlers_of_other_picklers_do_not_count(self):
        before = dict(pickle._Pickler.dispatch)
        # As dill does when it is imported.
        pickle._Pickler.dispatch[types.FunctionType] = lambda pickler, obj: pickler.save_reduce(print, (1,), obj=obj)
        try:
            self.assertEqual(paths([lambda: 1])[0][0], "obj[0]")
        finally:
            pickle._Pickler.dispatch.clear()
            pickle._Pickler.dispatch.update(before)

    def test_assertion(self):
        assert_picklable([1, print, Pair(1, 2)])
        with self.assertRaises(AssertionError) as caught:
            assert_picklable({"client": Client()}, "settings")
        self.assertIn("settings['client']._lock", str(caught.exception))
        self.assertIn("spawnsafe explain SP201", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
