"""Scenes of what code does more rarely: evaluation order, names seen from outside, classes with machinery, odd places.

They are registered like those of `scenes.py`, which says how a text is read.
"""

from scenes import SCENES, scene

KNOWN = set(SCENES)

# -- order and time

scene("""
def start(k, rows):
    numbers = iter([5, 6, 7])

    def take():
        return next(numbers)

    <define>
    @send(<sent>)
    print(next(numbers))
""", name="iterator_and_default",
      define=["work = lambda x, d=take(): x + d", "def work(x, d=next(numbers)):\n        return x + d\n",
              "work = functools.partial(lambda a, x: a + x, take())", "first = take()\n    work = lambda x: x + first",
              "first, *rest = numbers\n    numbers = iter(rest)\n    work = lambda x: x + first + len(rest)"],
      sent=["work", "lambda x: work(x)", "functools.partial(work)"])

scene("""
def start(k, rows):
    log = []

    def note(value):
        log.append(value)
        return value

    with ProcessPoolExecutor(1) as executor:
        <call>
    print(log)
""", name="order_of_arguments", ways=["map"],
      call=["print(executor.submit(lambda x: x + note_k, note(1)).result() if (note_k := note(2)) else 0)",
            "print(executor.submit(functools.partial(lambda a, x: (a, x), note(1)), note(2)).result())",
            "print(executor.submit((lambda v: lambda x: x + v)(note(3)), note(4)).result())",
            "print(executor.submit((note(1), lambda x: x + k)[1], note(2)).result())",
            "print([note(1), executor.submit(lambda x: x + len('a'), note(2)).result(), note(3)])",
            "print(executor.submit(lambda x, y=note(1): x + y, note(2)).result())",
            "print(executor.submit((note(5) and (lambda x: x + k)), note(6)).result())",
            "print(dict(a=note(1), b=executor.submit(lambda x: x + k, note(2)).result(), c=note(3)))",
            "print(executor.submit(lambda x: (x, list(log)), note(2)).result())",
            "print(list(executor.map(lambda x, y: (x, y, len(log)), [note(1)], [note(2)])))",
            "print(executor.submit(lambda x: (x, log[-1]), 1).result() if note(9) else None)"])

scene("""
def start(k, rows):
    level = k
    with ProcessPoolExecutor(1) as executor:
        first = executor.submit(<one>, rows[0])
        <between>
        second = executor.submit(<two>, rows[1])
        print(first.result(), second.result())
""", name="two_at_a_time", ways=["map"],
      one=["lambda x: x + level", "lambda x: (x, level)", "lambda x, d=level: x + d"],
      between=["level = 9", "level += 1", "del level\n        level = 4", "for level in rows:\n            pass", "level = rows",
               "with open(__file__) as level:\n            pass\n        level = 3", "import math as level\n        level = level.floor(2.5)",
               "try:\n            1 / 0\n        except ZeroDivisionError as level:\n            pass\n        level = 2",
               "[level := v for v in rows]", "(level, k) = (k, level)", "pass"],
      two=["lambda x: x + level", "lambda x: (x, k, level)"])

# -- seen from outside

scene("""
def start(k, rows):
    <define>
    <look>
    @send(work)
    <look>
""", name="seen_from_outside", ways=["map", "submit", "pool_map", "process"],
      define=["def work(x, /, *, by=1):\n        'Does it.'\n        return x + by + k\n", "work = lambda x: x + k",
              "def work(x):\n        return x + 1\n", "work = lambda x: x + 1", "def work(x: 'int') -> 'int':\n        return x\n"],
      look=["pass", "import inspect\n    print(inspect.signature(work))", "print(work.__kwdefaults__)", "print(work.__code__.co_argcount)",
            "print(work.__closure__ is None)", "print(callable(work))", "import types\n    print(isinstance(work, types.FunctionType))",
            "print(work.__name__.strip('<>'))", "names = [f.__name__ for f in (work, abs)]\n    print(names)", "print(work == work)",
            "print(work.__dict__)", "table = {'w': work}\n    print(table['w'](1))", "def shown(f):\n        return f.__qualname__.split('.')[-1]\n\n    print(shown(work))",
            "import inspect\n    print(len(inspect.getsource(work)) > 3)", "help_text = work.__doc__\n    print(help_text)", "print(hash(work) == hash(work))",
            "print(getattr(work, '__name__')[:1])", "print('{0.__name__}'.format(work)[:1])", "print(f'{work.__name__}'[-1:])", "print(repr(work)[:9])"])

scene("""
def start(k, rows):
    class Holder:
        pass

    <define>
    Holder.run = work
    print(Holder().run() if <method> else Holder.run(2))
    @send(<sent>)
""", name="made_a_method", define=["work = lambda self=None, x=1: (type(self).__name__, x, k)", "def work(self=None, x=1):\n        return (type(self).__name__, x)\n"],
      method=["True", "False"], sent=["work", "Holder.run", "lambda x: work(None, x)"])

scene("""
import functools


@functools.singledispatch
def show(x):
    return ("any", x)


<more>


def start(k, rows):
    <own>
    @send(<sent>)
""", name="single_dispatch", more=["@show.register\ndef _(x: int):\n    return ('int', x)", "show.register(int, lambda x: ('int', x))", "pass"],
      own=["pass", "show.register(int, lambda x: ('own', x))", "@show.register(int)\n    def of_int(x):\n        return ('own', x + k)\n"],
      sent=["show", "lambda x: show(x)", "functools.partial(show)"])

# -- classes with machinery

scene("""
import abc


class Base(abc.ABC):
    @abc.abstractmethod
    def work(self, x):
        raise NotImplementedError


def start(k, rows):
    class Own(Base):
        <slots>

        def __init__(self, by=<default>):
            self.by = by

        <deco>
        def <name>(self, x):
            return x + <read>

    <after>
    @send(<sent>)
""", name="local_subclass_of_abstract", slots=["pass", "__slots__ = ('by',)", "'''Own.'''"], default=["1", "k"], deco=["# own"], name_=["work"],
      read=["self.by", "self.by + k"], after=["pass", "print(Own.__mro__[1].__name__)", "k = 8"], sent=["Own().work", "lambda x: Own(2).work(x)"])
SCENES["local_subclass_of_abstract"]["knobs"]["name"] = ["work"]
del SCENES["local_subclass_of_abstract"]["knobs"]["name_"]

scene("""
class Registry(type):
    made = []

    def __call__(cls, *args):
        Registry.made.append(cls.__name__)
        return super().__call__(*args)


class Task(metaclass=Registry):
    scale = 2

    def __init__(self, by):
        self.by = by

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda x: (name, x + self.by)

    @property
    def doubled(self):
        return lambda x: x * self.by * 2

    def __call__(self, x):
        return x * self.by * self.scale


def start(k, rows):
    task = Task(k)
    <change>
    @send(<sent>)
    print(Registry.made)
""", name="machinery", change=["pass", "task.scale = 5", "Task.scale = 7", "Task.__call__ = lambda self, x: -x", "task.by += 1"],
      sent=["task", "task.doubled", "lambda x: task(x)", "lambda x: task.doubled(x)", "Task(2)", "lambda x: Task(x).by"])

scene("""
class Descriptor:
    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner):
        return lambda x: (self.name, x)


class Task:
    field = Descriptor()
    plain = staticmethod(lambda x: x + 1)
    other = <other>

    def run(self, x):
        return self.plain(x)


def start(k, rows):
    <change>
    @send(<sent>)
""", name="class_level_callables", other=["lambda self, x: x * 2", "classmethod(lambda cls, x: (cls.__name__, x))", "functools.partial(abs)"],
      change=["pass", "Task.plain = staticmethod(lambda x: x + k)", "Task.other = abs", "task = Task()"],
      sent=["Task.plain", "Task().plain", "Task().other", "Task().run", "lambda x: Task().run(x)", "Task.field"])

scene("""
class Task:
    table = {}

    @classmethod
    def put(cls, name):
        def deco(function):
            cls.table[name] = function
            return function

        return deco

    <registered>

    def run(self, x):
        return Task.table["one"](x)


def start(k, rows):
    <own>
    @send(<sent>)
""", name="class_table", registered=["pass"], own=["@Task.put('one')\n    def one(x):\n        return x + k\n", "Task.put('one')(lambda x: x + 1)", "Task.table['one'] = abs"],
      sent=["Task.table['one']", "Task().run", "lambda x: Task.table['one'](x)"])

scene("""
def start(k, rows):
    class Point:
        def __init__(self, x):
            self.x = x

        def __eq__(self, other):
            return isinstance(other, Point) and self.x == other.x

        def __hash__(self):
            return hash(self.x)

        def __repr__(self):
            return f"Point({self.x}<more>)"

        @property
        def big(self):
            return self.x > <read>

        @staticmethod
        def of(x):
            return Point(x)

    <before>
    @send(<sent>)
""", name="local_value_class", more=["", ", {k}"], read=["1", "k"], before=["pass", "print(Point(1) == Point(1))", "p = Point(3)", "print(Point.of(2).x)"],
      sent=["lambda x: repr(Point(x))", "lambda x: Point(x) == Point(1)", "lambda x: Point.of(x).big", "Point.of", "lambda x: Point(x)"])

scene("""
class Plugin:
    known = {}

    def __init_subclass__(cls, /, key=None, **more):
        super().__init_subclass__(**more)
        Plugin.known[key] = cls

    def run(self, x):
        return (type(self).__name__, x)


class First(Plugin, key="first"):
    pass


def start(k, rows):
    <own>
    @send(<sent>)
    print(sorted(Plugin.known, key=str))
""", name="plugins", own=["pass", "class Own(Plugin, key='own'):\n        def run(self, x):\n            return ('own', x + k)\n", "Plugin.known['first'] = Plugin"],
      sent=["First().run", "lambda x: Plugin.known['first']().run(x)", "Plugin.known['first']().run", "lambda x: len(Plugin.known)"])

# -- ways in

scene("""
def build(steps):
    def run(x):
        for step in steps:
            x = step(x)
        return x

    return run


def compose(*functions):
    return functools.reduce(lambda f, g: lambda x: g(f(x)), functions)


def start(k, rows):
    def add(x):
        return x + k

    @send(<sent>)
""", name="composed_functions", sent=["build([add, abs])", "build([lambda x: x + 1])", "compose(add, lambda x: x * 2)", "compose(abs, abs)",
                                      "build((abs, add) if k else ())", "lambda x: compose(add, abs)(x)"])

scene("""
def with_retries(times):
    def deco(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            for left in range(times):
                try:
                    return function(*args, **kwargs)
                except ValueError:
                    if left == times - 1:
                        return "gave up"

        return wrapper

    return deco


<module>


def start(k, rows):
    <own>
    @send(<sent>)
""", name="decorated_with_arguments",
      module=["@with_retries(2)\ndef outside(x):\n    if x > 1:\n        raise ValueError(x)\n    return x", "outside = with_retries(times=3)(abs)",
              "def plain(x):\n    return -x\n\n\noutside = with_retries(2)(plain)"],
      own=["@with_retries(2)\n    def work(x):\n        return x + k\n", "@with_retries(times=k)\n    def work(x):\n        raise ValueError(x)\n", "work = with_retries(2)(lambda x: x + 1)", "work = outside"],
      sent=["outside", "work", "lambda x: work(x)"])

scene("""
class Pipeline:
    def __init__(self):
        self.steps = []
        self.hooks = {}

    def step(self, function):
        self.steps.append(function)
        return self

    def hook(self, name):
        def deco(function):
            self.hooks[name] = function
            return function

        return deco

    def run(self, x):
        for step in self.steps:
            x = step(x)
        return self.hooks["end"](x) if "end" in self.hooks else x


def start(k, rows):
    pipeline = Pipeline()
    <build>
    @send(<sent>)
""", name="fluent_pipeline", build=["pipeline.step(lambda x: x + k).step(abs)", "pipeline.step(lambda x: x + 1)", "@pipeline.hook('end')\n    def end(x):\n        return x * k\n",
                                    "pipeline.hook('end')(lambda x: [x])", "for level in rows:\n        pipeline.step(lambda x: x + level)"],
      sent=["pipeline.run", "lambda x: pipeline.run(x)", "functools.partial(pipeline.run)"])

scene("""
import contextlib


@contextlib.contextmanager
def opened(size):
    with ProcessPoolExecutor(size) as executor:
        yield executor


@contextlib.contextmanager
def patched(owner, name, value):
    old = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, old)


class Config:
    level = 1


def read(x):
    return x + Config.level


def start(k, rows):
    <with>
        <call>
""", name="context_managers", ways=["map"], **{"with": ["with opened(1) as executor:", "with patched(Config, 'level', k), opened(1) as executor:", "with contextlib.ExitStack() as stack:\n        executor = stack.enter_context(opened(1))",
                                                    "executor = ProcessPoolExecutor(1)\n    with executor, patched(Config, 'level', 4):", "with (\n        opened(1) as executor,\n        contextlib.suppress(ValueError),\n    ):"]},
      call=["print(executor.submit(read, 1).result())", "print(executor.submit(lambda x: x + k, 1).result())", "print(executor.submit(lambda x: read(x) + k, 1).result())",
            "print(list(executor.map(lambda x: x + Config.level, rows)))"])

scene("""
def start(k, rows):
    def helper(x):
        return x + <read>

    match <subject>:
        case [first, *rest]:
            chosen = lambda x: x + first + len(rest)
        case {"by": by, **other}:
            chosen = lambda x: x + by + len(other)
        case int() as whole if whole > 1:
            chosen = lambda x: x + whole
        case _:
            chosen = helper
    @send(<sent>)
""", name="matched", subject=["rows", "{'by': k, 'z': 1}", "k", "None"], read=["1", "k"], sent=["chosen", "lambda x: chosen(x)"])

scene("""
def start(k, rows):
    def spread(*items, **named):
        @send(<sent>)

    spread(*rows, by=k)
""", name="star_captures", sent=["lambda x: x + len(items)", "lambda x: x + named['by']", "lambda x: x + sum(items) + k", "lambda x, *more, **extra: (x, more, extra, named)",
                                 "functools.partial(lambda x, *more, **extra: (x, more, sorted(extra)), by=k)"])

scene("""
def start(k, rows):
    def typed[T](x: T) -> T:
        return x<more>

    class Box[T]:
        def __init__(self, value: T):
            self.value = value

        def get(self, x: T) -> T:
            return self.value + x

    type Pair = tuple[int, int]
    @send(<sent>)
""", name="type_parameters", more=["", " + k"], sent=["typed", "lambda x: typed(x)", "Box(2).get", "lambda x: Box(x).value", "lambda x: (x, Pair.__name__)"])

scene("""
def start(k, rows):
    with ProcessPoolExecutor(1) as executor:
        print(<text>)
""", name="text_places", ways=["map"],
      text=["f'{executor.submit(lambda x: x + k, 1).result():>{k}}'", "'%s' % executor.submit(lambda x: str(x) + \"'\", 1).result()",
            "[\n            executor.submit(\n                # the first\n                lambda x: x + k,  # adds\n                1,\n            ).result()\n        ]",
            "executor.submit(\n            lambda x: (\n                x\n                + k\n            ),\n            1,\n        ).result()", "executor.submit(lambda x: '''a\n  b''' + str(x), 1).result()",
            "executor.submit(lambda x: f'''{x}\n  {k}''', 1).result()", "executor.submit(lambda x: x if x else \\\n            k, 0).result()",
            "executor.submit((lambda x: x + k), 1).result()", "executor.submit((  # why\n            lambda x: x + k\n        ), 1).result()",
            "(yielded := executor.submit(lambda x: x + k, 1)).result() + yielded.result()", "executor.submit(lambda x: x + k, 1).result() if k else executor.submit(lambda x: x, 1).result()",
            "executor.submit(lambda: None).result()", "executor.submit(lambda x, /: x, 1).result()", "executor.submit(lambda *, x=k: x).result()",
            "executor.submit(lambda x, _=None: (x, _), 1).result()", "executor.submit(lambda _: _ + k, 1).result()", "executor.submit(lambda x: (a := x, a + k), 1).result()",
            "executor.submit(lambda x: [y for y in range(x) if (z := y + k)], 2).result()", "executor.submit(lambda x: ..., 2).result()", "executor.submit(lambda x: {**{'a': k}, 'x': x}, 2).result()",
            "executor.submit(lambda x: (yield_ := x), 2).result()", "executor.submit(lambda x: x[::k], [1, 2, 3, 4]).result()", "executor.submit(lambda x: not x and k, 0).result()",
            "executor.submit(lambda x: lambda_(x) if False else k, 0).result()", "executor.submit(lambda x: (lambda k: k)(x) + k, 2).result()", "executor.submit(lambda x: sorted([3, x], key=lambda v: -v + k), 2).result()"])

# -- odd names and scopes

scene("""
<above>


def start(k, rows):
    <local>
    @send(<sent>)
""", name="name_clashes",
      above=["_work = 7", "def _add_k(x):\n    return 'mine'", "import sys as _adder", "partial = None", "from os.path import *", "_f = _g = _h = 1", "__all__ = ['start']", "x = 99"],
      local=["pass", "functools = None", "partial = 3", "_work = lambda x: 'local'", "import functools as ft"],
      sent=["lambda x: x + k", "lambda x: x + 1", "lambda x: (x, k, len(rows))", "lambda functools: functools + k", "lambda partial: partial + k", "lambda k: k", "lambda __k: __k + k", "lambda x: print and x"])

scene("""
class Secret:
    __level = 4

    def __init__(self, by):
        self.__by = by

    def __mine(self, x):
        return x + self.__by

    def go(self, k, rows):
        __local = k
        @send(<sent>)


def start(k, rows):
    Secret(k).go(k, rows)
""", name="mangled", sent=["lambda x: x + __local", "lambda x: x + self.__by", "lambda x: x + Secret.__level", "lambda x: self.__mine(x)", "self.__mine", "lambda x, __d=1: x + __d + __local"])

scene("""
level = 5


def start(k, rows):
    class Scope:
        level = k
        <made>
        inner = [level + v for v in rows]

    print(Scope.inner)
    @send(<sent>)
""", name="class_scope", made=["work = lambda x: x + level", "@staticmethod\n        def work(x):\n            return x + level\n", "work = staticmethod(lambda x: (x, level))"],
      sent=["Scope.work", "lambda x: Scope.work(x)", "lambda x: (x, level)"])

scene("""
def start(k, rows):
    total = [0]

    def count():
        nonlocal k
        k += 1
        return k

    <define>
    count()
    @send(<sent>)
    print(k, total)
""", name="nonlocal_beside", define=["work = lambda x: x + k", "def work(x):\n        return x + k\n", "def work(x, at=count()):\n        return x + at\n", "def work(x):\n        return total[0] + x\n\n    total[0] += 5"],
      sent=["work", "lambda x: work(x) + k", "lambda x: count() + x"])

scene("""
def start(k, rows):
    found = []
    for level in rows:
        if level > 5:
            break
        <make>
        found.append(work)
    else:
        level = 100
    <after>
    @both(found[0]; <sent>)
""", name="loop_with_else", make=["work = lambda x: x + level", "def work(x):\n            return x + k\n", "work = functools.partial(lambda x, by: x + by, by=level)", "work = lambda x, by=level: x + by"],
      after=["pass", "del level", "level = 50"], sent=["found[-1]", "work"])

scene("""
def start(k, rows):
    work = lambda x: x + 1
    <first>
    del work
    <second>
    @send(work)
""", name="deleted", first=["@send(work)", "print(work(1))", "pass"], second=["work = lambda x: x + 10", "work = lambda x: x + k", "def work(x):\n        return -x\n", "from operator import neg as work"])

scene("""
import sys

if sys.version_info >= (3, 0):
    def modern(x):
        return x + 1
else:
    def modern(x):
        return x - 1

try:
    from missing_package import fast
except ImportError:
    def fast(x):
        return (x, LEVEL)

LEVEL = 2
if LEVEL > 1:
    adder = lambda x: x + LEVEL
else:
    adder = abs


def start(k, rows):
    <change>
    @send(<sent>)
""", name="conditional_definitions", change=["pass", "global LEVEL\n    LEVEL = 5", "global adder\n    adder = lambda x: x + 100"],
      sent=["modern", "fast", "adder", "lambda x: fast(x)", "lambda x: adder(x) + k", "functools.partial(adder)"])

# -- packages

scene("""
from STEM_pack import work, <names>
import STEM_pack.deep as deep


def start(k, rows):
    <change>
    @send(<sent>)
-- STEM_pack.py
from STEM_inner import *
from STEM_inner import _hidden as shown, Maker

__all__ = ["work", "twice"]

shout = lambda x: str(x) + "!"


class deep:
    run = staticmethod(lambda x: x + 5)
-- STEM_inner.py
__all__ = ["work", "twice"]


def work(x):
    return x + OFFSET


twice = lambda x: x * 2
_hidden = lambda x: -x
OFFSET = 3


class Maker:
    def __init__(self):
        self.key = lambda x: x + 1

    def __call__(self, x):
        return self.key(x)
""", name="re_exports", names=["shown, twice, shout, Maker"], change=["pass", "import STEM_inner\n    STEM_inner.OFFSET = k", "import STEM_pack\n    STEM_pack.work = abs"],
      sent=["work", "twice", "shown", "shout", "Maker()", "lambda x: twice(x)", "lambda x: work(x) + k"])
SCENES["re_exports"]["text"] = SCENES["re_exports"]["text"].replace("import STEM_pack.deep as deep\n", "from STEM_pack import deep\n")

scene("""
from STEM_one import *
from STEM_two import *


def start(k, rows):
    @send(<sent>)
-- STEM_one.py
def work(x):
    return ("one", x)


level = 1
make = lambda by: lambda x: x + by
-- STEM_two.py
def work(x):
    return ("two", x)


def level(x):
    return x * 7


pick = lambda x: -x
""", name="star_imports", sent=["work", "level", "pick", "make(k)", "lambda x: work(x)", "lambda x: level(x) + k"])

scene("""
import STEM_state


def look(x):
    return <look>


def start(k, rows):
    <set>
    @send(<sent>)
-- STEM_state.py
settings = {}
current = None
cache = []


class State:
    value = 1
    items = []


state = State()


def configure(value):
    global current
    current = value
    settings["v"] = value


def remember(value):
    cache.append(value)
    state.value = value
    State.items.append(value)
""", name="state_of_a_module", look=["(x, STEM_state.current)", "(x, STEM_state.settings)", "(x, len(STEM_state.cache))", "(x, STEM_state.state.value)", "(x, STEM_state.State.items)", "x"],
      set=["pass", "STEM_state.configure(k)", "STEM_state.remember(k)", "STEM_state.current = k", "STEM_state.settings.update(v=k)", "from STEM_state import cache\n    cache.append(k)",
           "STEM_state.State.value = k", "STEM_state.state = STEM_state.State()\n    STEM_state.state.value = k", "for name in ('current',):\n        setattr(STEM_state, name, k)"],
      sent=["look", "lambda x: look(x)", "functools.partial(look)"])

# -- processes

scene("""
class Base(multiprocessing.Process):
    def __init__(self, queue, **options):
        super().__init__(**options)
        self.queue = queue


class Worker(Base):
    <attribute>

    def __init__(self, queue, function, *rest):
        super().__init__(queue, name="worker", daemon=True)
        self.function = function
        self.rest = rest
        <keep>

    def run(self):
        self.queue.put((<used>, self.name))


def start(k, rows):
    queue = multiprocessing.Queue()
    <local>
    worker = Worker(queue, <given>, *rows)
    <later>
    worker.start()
    print(queue.get(timeout=6))
    worker.join()
""", name="process_hierarchy", ways=["map"], attribute=["level = 1", "hook = staticmethod(lambda x: x + 1)"], keep=["pass", "self.key = lambda v: -v", "self.wrapped = functools.partial(function, 1)"],
      used=["self.function(2)", "[self.function(v) for v in self.rest]"], local=["pass", "Worker.level = k", "def own(x):\n        return x + k\n"],
      given=["lambda x: x + 1", "lambda x: x + k", "abs", "print and abs"], later=["pass", "worker.extra = lambda: 1", "worker.function = abs", "k = 9"])

scene("""
def tell(queue, function, x):
    queue.put(function(x))


def start(k, rows):
    queue = multiprocessing.Queue()
    context = <context>
    <define>
    processes = [context.Process(target=<target>) for row in rows]
    for process in processes:
        process.start()
        process.join()
    print(sorted(queue.get(timeout=6) for _ in rows))
""", name="processes_of_a_list", ways=["map"], context=["multiprocessing", "multiprocessing.get_context()"], define=["pass", "def own(x):\n        return x + k\n", "own = lambda x: x + k"],
      target=["tell, args=(queue, lambda x: x + k, row)", "lambda row=row: queue.put(row)", "lambda: queue.put(row)", "tell, args=(queue, abs, row)", "functools.partial(tell, queue, lambda x: x + row), args=(1,)",
              "tell, kwargs=dict(queue=queue, function=lambda x: x * k, x=row)", "tell, args=[queue, *(lambda x: x, row)]"])

scene("""
def start(k, rows):
    out = []
    with multiprocessing.Pool(1) as pool:
        <call>
    print(out)
""", name="pool_callbacks", ways=["map"],
      call=["pool.apply_async(lambda x: x + k, (1,), callback=out.append).get()", "pool.apply_async(abs, (-1,), callback=lambda v: out.append(v + k)).get()",
            "out += [r.get() for r in [pool.apply_async(lambda x: x + row, (1,)) for row in rows]]", "out.extend(pool.imap(lambda x: x + k, rows))",
            "out += pool.starmap(lambda x, y: x + y + k, [(1, 2)])", "for value in pool.imap_unordered(lambda x: x + k, rows[:1]):\n            out.append(value)",
            "work = pool.map\n        out += work(lambda x: x + k, rows)", "out += getattr(pool, 'map')(lambda x: x + k, rows)", "out += multiprocessing.pool.Pool.map(pool, lambda x: x + k, rows)",
            "(lambda run: out.extend(run(lambda x: x + k, rows)))(pool.map)", "out += pool.map(*(lambda x: x + k, rows))", "out += pool.map(**dict(func=lambda x: x + k, iterable=rows))",
            "functions = [lambda x: x + k, lambda x: x - k]\n        for function in functions:\n            out += pool.map(function, rows)", "out += [pool.apply(f, (2,)) for f in (lambda x: x + k, abs)]",
            "tasks = [(lambda x: x + k, 1), (abs, -2)]\n        out += [pool.apply(f, (a,)) for f, a in tasks]", "tasks = {'a': lambda x: x + k}\n        out += [pool.apply(f, (1,)) for f in tasks.values()]",
            "tasks = {'a': lambda x: x + k}\n        out += [(n, pool.apply(f, (1,))) for n, f in tasks.items()]"])

scene("""
class Owner:
    def __init__(self, k):
        self.k = k
        self.pool = ProcessPoolExecutor(1)
        self.scale = <scale>

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pool.shutdown()

    <work>

    def go(self, rows):
        return list(self.pool.map(<sent>, rows))


def start(k, rows):
    with Owner(k) as owner:
        print(owner.go(rows))
""", name="owner_of_a_pool", ways=["map"], scale=["2", "lambda x: x", "None"],
      work=["@staticmethod\n    def work(x):\n        return x + 1", "@classmethod\n    def work(cls, x):\n        return (cls.__name__, x)", "work = staticmethod(lambda x: x + 2)", "def work(x):\n        return x"],
      sent=["self.work", "lambda x: x + self.k", "lambda x: self.work(x)", "Owner.work", "functools.partial(lambda k, x: k + x, self.k)", "lambda x, k=self.k: x + k"])

scene("""
def start(k, rows):
    async def one(executor, value):
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(executor, <sent>)

    async def main():
        with ProcessPoolExecutor(1) as executor:
            <gather>

    asyncio.run(main())
""", name="gathered", ways=["map"], sent=["lambda: value + k", "lambda x: x + k, value", "functools.partial(lambda x, y: x + y, value, y=k)", "functools.partial(lambda x: x + value, k)", "abs, value"],
      gather=["print(await asyncio.gather(*(one(executor, row) for row in rows)))", "print([await one(executor, row) for row in rows])",
              "async for_ = None\n            print(await one(executor, 1))", "tasks = [asyncio.create_task(one(executor, row)) for row in rows]\n            print([await task for task in tasks])"])
SCENES["gathered"]["knobs"]["gather"].pop(2)

# -- values that do not cross

scene("""
import threading


class Holder:
    def __init__(self, value):
        self.value = value
        <hold>

    <state>

    def work(self, x):
        return x + self.value


def start(k, rows):
    holder = Holder(k)
    <change>
    @send(<sent>)
""", name="holders", hold=["pass", "self.lock = threading.Lock()", "self.key = lambda v: v", "self.file = open(__file__)", "self.lines = (line for line in 'ab')", "self.table = {}.keys()"],
      state=["pass", "def __getstate__(self):\n        return {'value': self.value}", "def __reduce__(self):\n        return Holder, (self.value,)", "def __getstate__(self):\n        state = self.__dict__.copy()\n        state.pop('lock', None)\n        state.pop('key', None)\n        return state"],
      change=["pass", "holder.lock = None", "holder.extra = threading.Event()", "holder.extra = lambda: 1", "holder.__dict__.pop('lock', None)"], sent=["holder.work", "lambda x: holder.work(x)", "functools.partial(Holder.work, holder)"],
      never=lambda c: True)

scene("""
def work(thing):
    return len(list(thing))


def start(k, rows):
    table = {"a": 1}
    <make>
    with ProcessPoolExecutor(1) as executor:
        print(executor.submit(work, <given>).result())
""", name="views_and_iterators", ways=["map"], make=["thing = table.keys()", "thing = iter(rows)", "thing = (v for v in rows)", "thing = map(str, rows)", "thing = [v for v in rows]", "thing = zip(rows, rows)", "thing = dict(table).items()"],
      given=["thing", "list(thing)", "(thing, 1)[:1]", "[*thing]", "sorted(thing)"])

scene("""
class Failed(Exception):
    def __init__(self, message, code=None, *, detail=<detail>):
        super().__init__(<given>)
        self.code = code
        self.detail = detail

    def __str__(self):
        return f"{self.args} {self.code}"


def work(x):
    raise Failed(<made>)


def start(k, rows):
    with ProcessPoolExecutor(1) as executor:
        try:
            print(executor.submit(work, k).result())
        except Failed as error:
            print(error, error.detail)
""", name="exceptions_with_keywords", ways=["map"], detail=["None", "'d'"], given=["message", "message, code", "f'{message}!'"], made=["'bad'", "'bad', x", "'bad', code=x", "'bad', x, detail='z'"],
      never=lambda c: "!" in c["given"])

NAMES = set(SCENES) - KNOWN
