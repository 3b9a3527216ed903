"""Programs of one kind each, whole texts with a few choices: what does not come of the composition in `programs.py`.

A line `@send(EXPRESSION)` hands a callable of one argument to processes and prints what comes back, in one of the ways of
`WAYS`; `@both(ONE; OTHER)` hands two. `STEM` is the name of the program's module, `-- NAME` begins another file.
"""

import re

SCENES = {}
WAYS = ["map", "submit", "pool_map", "apply_async", "keyword", "imap", "process", "bound", "in_loop", "asked_later",
        "run_in_executor", "starred"]

HEAD = """\
import asyncio
import functools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
"""

TAIL = """

def run():
    start(3, [1, 2])


if __name__ == "__main__":
    run()
    run()
"""

PUT = """

def put(queue, function, value):
    queue.put(function(value))
"""

LOOP = """

async def off_loop(executor, function, value):
    return await asyncio.get_running_loop().run_in_executor(executor, function, value)
"""


def scene(text, /, never=None, ways=None, **knobs):
    """Registers a text: `never` says for which choices no rewrite is right."""
    name = knobs.pop("name")
    SCENES[name] = {"text": text, "never": never, "knobs": {**knobs, "way": ways or WAYS}}


def sent(way, callables):
    """The lines that hand callables over and print what comes back."""
    calls = {
        "map": "print(list(executor.map({}, rows)))",
        "submit": "print(executor.submit({}, rows[0]).result())",
        "keyword": "print(executor.submit(fn={}, x=rows[1]).result())",
        "asked_later": "print([done.result() for done in [executor.submit({}, row) for row in rows]])",
        "in_loop": "for row in rows:\n    print(executor.submit({}, row).result())",
        "starred": "print(executor.submit(*({}, rows[0])).result())",
        "bound": "hand_over = executor.submit\nprint(hand_over({}, rows[1]).result())",
        "pool_map": "print(pool.map({}, rows))",
        "apply_async": "print(pool.apply_async(func={}, args=(rows[1],)).get())",
        "imap": "print(list(pool.imap({}, rows)))",
        "run_in_executor": "print(asyncio.run(off_loop(executor, {}, rows[0])))",
    }
    if way == "process":
        lines = []
        for callable in callables:
            lines += ["queue = multiprocessing.Queue()",
                      f"process = multiprocessing.Process(target=put, args=(queue, {callable}, rows[0]))",
                      "process.start()", "print(queue.get(timeout=6))", "process.join()"]
        return lines
    if way == "keyword":
        calls["keyword"] = calls["keyword"].replace("fn={}, x=", "{}, x=")
    pool = way in ("pool_map", "apply_async", "imap")
    lines = ["with multiprocessing.Pool(1) as pool:" if pool else "with ProcessPoolExecutor(1) as executor:"]
    for callable in callables:
        lines += ["    " + line for line in calls[way].format(callable).split("\n")]
    return lines


def program(chosen, stem):
    """The files of a scene: names and texts."""
    found = SCENES[chosen["scene"]]
    text = found["text"]
    text = text(**{key: value for key, value in chosen.items() if key not in ("scene", "way")}) if callable(text) else text
    for key, value in chosen.items():
        text = text.replace(f"<{key}>", value)
    out = []
    for line in text.strip("\n").split("\n"):
        match = re.fullmatch(r"(\s*)@(send|both)\((.*)\)", line)
        if match:
            callables = match[3].split("; ") if match[2] == "both" else [match[3]]
            out += [match[1] + new for new in sent(chosen["way"], callables)]
        else:
            out.append(line)
    parts = re.split(r"^-- (\S+)\n", "\n".join(out), flags=re.M)
    main = parts[0]
    head = HEAD
    if chosen["way"] == "process":
        head += PUT
    if chosen["way"] == "run_in_executor":
        head += LOOP
    if "def start(" in main:
        main = main.rstrip("\n") + "\n" + TAIL
    files = {f"{stem}.py": f"# {stem}: {chosen}\n{head}\n{main}".replace("STEM", stem)}
    for name, other in zip(parts[1::2], parts[2::2]):
        files[name.replace("STEM", stem)] = other.replace("STEM", stem).rstrip("\n") + "\n"
    return files


def choose(rng, names=None):
    """The choices of one program, of a scene with one of these names."""
    name = rng.choice(sorted(names or SCENES))
    return {"scene": name, **{knob: rng.choice(values) for knob, values in SCENES[name]["knobs"].items()}}


def dimensions(chosen):
    """What may be made plainer: the values of each choice, the plainest first."""
    return SCENES[chosen["scene"]]["knobs"]


def never(chosen):
    found = SCENES[chosen["scene"]]["never"]
    return bool(found and found(chosen))


# -- classes and what they keep

scene("""
class Worker:
    level = 1

    @classmethod
    def raised(cls, by):
        <change>

    <deco>
    def work(<self>, x):
        return x * <read>


def start(k, rows):
    Worker.raised(k)
    @send(<sent>)
""", name="class_attribute",
      change=["cls.level += by", "Worker.level = by", "setattr(cls, 'level', by)", "pass", "print(by)"],
      deco=["@classmethod", "@classmethod  # by the class"], self=["cls"],
      read=["cls.level", "Worker.level", "cls.level + 1"],
      sent=["Worker.work", "lambda x: Worker.work(x)", "functools.partial(Worker.work)"])

scene("""
class Worker:
    level = 1

    def __init__(self, own):
        self.own = own

    def work(self, x):
        return x * <read> + self.own


def start(k, rows):
    worker = Worker(k)
    <change>
    @send(<sent>)
""", name="attribute_through_self",
      change=["pass", "Worker.level = k", "worker.level = k", "type(worker).level += 1", "worker.__class__.level = 9"],
      read=["self.level", "type(self).level", "self.__class__.level", "Worker.level"],
      sent=["worker.work", "lambda x: worker.work(x)", "functools.partial(worker.work)", "lambda x: worker.work(x) + k"])

scene("""
def start(k, rows):
    class Task:
        <body>

        def __init__(self, y):
            self.y = y
            <init>

        def __call__(self, x):
            return (x * self.y, <read>)

    task = Task(k)
    @send(<sent>)
""", name="local_class_state",
      body=["made = 0", "table = {}", "made: int = k", "numbers = [1, 2]"],
      init=["pass", "self.z = y", "type(self).made = y"],
      read=["x", "len(rows)", "self.y + k"],
      sent=["task", "lambda x: task(x)", "Task(k + 1)", "Task(2).__call__"])

scene("""
import itertools


def start(k, rows):
    class Task:
        <body>

        <kind>
        def work(<self>x):
            return x + <read>

    print(Task.__name__)
    @send(<sent>)
""", name="local_class_methods",
      body=["pass", '"""Says it."""', "base = 4", "counter = itertools.count(3)"],
      kind=["@staticmethod", "@staticmethod  # of all"], self=[""],
      read=["1", "k", "len(Task.__name__)"],
      sent=["Task.work", "Task().work", "lambda x: Task.work(x)"])

scene("""
def start(k, rows):
    class Task:
        base = <base>

        @classmethod
        def work(cls, x):
            return x + cls.base<more>

        def other(self, x, by=<default>):
            return self.work(x) * by

    <change>
    @send(<sent>)
""", name="local_class_classmethod", base=["4", "k", "len(rows)"], more=["", " + k"], default=["2", "k", "len(rows)"],
      change=["pass", "Task.base = 9", "k = 7"], sent=["Task.work", "Task().other", "Task().work"])

scene("""
REGISTERED = []


def register(cls):
    REGISTERED.append(cls.__name__)
    return cls


class Base:
    known = []

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        cls.known.append(cls.__name__)


class Meta(type):
    def __new__(meta, name, bases, body):
        REGISTERED.append(name)
        return super().__new__(meta, name, bases, body)


def start(k, rows):
    <deco>
    class Task<bases>:
        def __call__(self, x):
            return x + <read>

    print(REGISTERED, Base.known)
    @send(Task())
""", name="class_made_with_effects", deco=["# plain", "@register"], bases=["", "(Base)", "(metaclass=Meta)"],
      read=["1", "k"], never=lambda c: c["deco"] != "# plain" or c["bases"])

scene("""
import dataclasses


def start(k, rows):
    @dataclasses.dataclass<options>
    class Point:
        x: int
        y: int = <default>

        def moved(self, x):
            return Point(self.x + x, self.y)

    @send(<sent>)
""", name="local_dataclass", options=["", "(frozen=True)", "(order=True)"], default=["1", "k", "dataclasses.field(default=3)"],
      sent=["lambda x: Point(x).y", "lambda x: Point(x) == Point(x)", "lambda x: dataclasses.asdict(Point(x, k))",
            "lambda x: Point(x).moved(2).x", "lambda x: repr(Point(x))[-13:]"])

scene("""
import dataclasses


@dataclasses.dataclass
class Step:
    function: object
    other: object = <default>


def add(by):
    return lambda x: x + by


def times(by):
    return lambda x: x * by


def start(k, rows):
    step = Step(<one>, <two>)
    @both(step.function; step.other)
""", name="dataclass_of_callables", default=["abs", "None"],
      one=["add(k)", "lambda x: x + 1", "lambda x: x + k"], two=["times(k)", "lambda x: x * 3", "abs"])

scene("""
class Outer:
    class Inner:
        factor = 3

        <head>:
            return x * <read>

    make = <make>


def start(k, rows):
    @send(<sent>)
""", name="nested_class", head=["@staticmethod\n        def scaled(x)", "@classmethod\n        def scaled(cls, x)"],
      read=["2", "Outer.Inner.factor"], make=["None", "lambda x: x + 1"],
      sent=["Outer.Inner.scaled", "lambda x: Outer.Inner.scaled(x) + k"])

scene("""
def start(k, rows):
    class Outer:
        class Inner:
            def __init__(self, y):
                self.y = y<more>

        def __call__(self, x):
            return self.Inner(x).y

        def of(self, x):
            return Outer.Inner(x).y + <read>

    outer = Outer()
    @send(<sent>)
""", name="local_class_in_local_class", more=["", " + k"], read=["1", "k"], sent=["outer", "outer.of", "lambda x: outer.of(x)"])

# -- text that must go on compiling

scene("""
def start(k, rows):
    names = {"a": k, "b": 2}
    with ProcessPoolExecutor(1) as executor:
        print(f"<text>")
""", name="inside_f_string", ways=["map"],
      text=["{executor.submit(lambda x: x + k, 1).result()}", "{list(executor.map(lambda x: x + 1, rows))}",
            "{executor.submit(lambda x: names['a'] + x, 1).result()!r:>4}", "{executor.submit(lambda x: [x, 'q'], 1).result()}",
            "{executor.submit(lambda x: str(x) + '{', 1).result()}"])

scene("""
def start(k, rows):
    label = "it"
    names = {"a": k}
    @send(<sent>)
""", name="f_string_in_lambda",
      sent=["lambda x: f'{x:>{k}}'", "lambda x: f\"{label!r} {names['a']} {x}\"", "lambda x: f'{label}' f'{x}' 'and'",
            "lambda x: f'{x + 1=} {k=}'", "lambda x: f'''{label}{x}'''", "lambda x: (f'{label}: '\n        f'{x}')"])

scene("""
import time


def work(a, b=1):
    return a + b


def start(k, rows):
    async def main():
        loop = asyncio.get_running_loop()
        with ProcessPoolExecutor(1) as executor:
            <more>
            print(await loop.run_in_executor(<call>))

    asyncio.run(main())
""", name="async_keywords", ways=["map"], more=["pass", "k = len(rows)"],
      call=["executor, lambda: work(len(rows))", "executor=executor, func=lambda: work(len(rows))", "func=lambda: work(2), executor=executor",
            "executor, lambda x: x + len(rows), 4", "executor, functools.partial(lambda x: x + 1, 3)",
            "executor, functools.partial(lambda x, y: x + y, y=len(rows)), 2"])

scene("""
def work(a, b=1):
    return a + b


def start(k, rows):
    with multiprocessing.Pool(1) as pool:
        print(pool.<call>)
""", name="pool_keywords", ways=["map"],
      call=["map(iterable=rows, func=lambda x: x + k)", "apply(args=(1,), func=lambda x: work(x, k))",
            "apply_async(args=(1,), kwds={'b': k}, func=lambda a, b: a + b).get()", "apply(lambda x, y=2: x + y + k, (1,), {'y': 4})",
            "starmap(lambda a, b: a + b + k, zip(rows, rows))", "starmap(iterable=[(1, 2)], func=lambda a, b: work(a, b=b) + k)",
            "map(lambda x: work(x), rows, chunksize=1)", "apply(func=lambda: k)", "apply(lambda **kw: kw['x'] + k, kwds={'x': 1})",
            "apply(lambda *a: sum(a) + k, rows)", "apply(lambda a, /, b, *, c=3: a + b + c + k, (1, 2))",
            "map(lambda pair: pair[0] + pair[1] + k, list(zip(rows, rows)))",
            "apply_async(lambda x: x + k, (1,), callback=lambda v: None).get()",
            "apply_async(lambda x: x + k, (1,), {}, callback=lambda v: None, error_callback=lambda e: None).get()"])

scene("""
def tell(queue, a=1, b=2, **more):
    queue.put((a, b, sorted(more)))


def start(k, rows):
    queue = multiprocessing.Queue()
    level = k
    process = multiprocessing.Process(<arguments>)
    <between>
    process.start()
    print(queue.get(timeout=6))
    process.join()
""", name="process_arguments", ways=["map"],
      arguments=["target=lambda: tell(queue, level)", "target=lambda q: q.put(k), args=(queue,)", "args=(queue,), target=lambda q: tell(q, k)",
                 "target=tell, args=(queue,), kwargs={'key': lambda x: x}", "target=tell, kwargs={'queue': queue, 'key': lambda x: x + k}",
                 "target=lambda q, n: tell(q, n + level), args=(queue, 2), name='one'", "None, lambda: queue.put(level)",
                 "None, lambda q: q.put(level), None, (queue,)", "target=functools.partial(lambda q, a: tell(q, a), queue, level)",
                 "target=functools.partial(lambda q, a: tell(q, a), a=level), kwargs={'q': queue}",
                 "target=lambda q, *rest, **kw: tell(q, *rest, **kw), args=(queue, 3), kwargs={'z': 4}, daemon=True"],
      between=["pass", "level = 50", "level += 1"])

# -- decorators, caches, names

scene("""
def log(function):
    print("made", function.__name__)
    return function


def counted(function):
    @functools.wraps(function)
    def inner(*args):
        return function(*args) + 1000

    inner.original = function
    return inner


def unwrapped(function):
    def inner(*args):
        return function(*args) + 1000

    return inner


def start(k, rows):
    <deco>
    def work(x):
        return x + <read>

    @send(work)
""", name="decorated_local", deco=["@log", "@counted", "@unwrapped", "@functools.lru_cache", "@functools.cache", "@functools.lru_cache(maxsize=4)"],
      read=["1", "k"], never=lambda c: c["deco"] == "@log")

scene("""
def counted(function):
    @functools.wraps(function)
    def inner(*args):
        return function(*args) + 1000

    return inner


def unwrapped(function):
    def inner(*args):
        return function(*args) + 1000

    return inner


def plain(x):
    return x + 1


<made>


def start(k, rows):
    print(plain(1))
    @send(<sent>)
""", name="decorated_by_hand", made=["done = counted(plain)", "done = unwrapped(plain)", "done = functools.lru_cache(plain)",
                                     "done = functools.partial(plain)", "plain = counted(plain)\ndone = plain",
                                     "done = functools.lru_cache(maxsize=None)(plain)", "done = plain"],
      sent=["done", "lambda x: done(x) + k"])

scene("""
def start(k, rows):
    def work(x: int, by: float = <default>) -> int:
        \"\"\"Works.\"\"\"
        return x + <read>

    <look>
    @send(work)
""", name="looked_at", default=["1", "k"], read=["by", "k", "by + k"],
      look=["print(work.__name__)", "print(work.__doc__)", "print(work.__qualname__)", "print(sorted(work.__annotations__))",
            "import inspect\n    print(inspect.isfunction(work))", "print(work.__defaults__)", "print(work.__module__ == __name__)",
            "print(type(work).__name__)", "print(hasattr(work, '__code__'))", "work.note = 'seen'\n    print(work.note)",
            "import inspect\n    print(list(inspect.signature(work).parameters))",
            "import typing\n    print(sorted(typing.get_type_hints(work)))", "known = {work: 'w'}\n    print(known[work])",
            "chosen = work\n    print(chosen is work)", "class Holder:\n        pass\n\n    Holder.method = work\n    print(Holder.method is work)"])

scene("""
def start(k, rows):
    class Job:
        pass

    def work(x, by=2):
        return (type(x).__name__, <read>)

    Job.method = work
    print(Job().method()[0], Job().method(by=1)[0])
    @send(work)
""", name="function_as_method", read=["1", "k"])

# -- several dispatches, sharing, rebinding

scene("""
def start(k, rows):
    def helper(v):
        return v + <read>

    def one(x):
        return helper(x) * 2

    def two(x):
        return <two>

    <between>
    @both(one; two)
""", name="shared_helper", read=["1", "k"], two=["helper(x) * 3", "helper(one(x))", "[helper(v) for v in range(x)]", "one(x) + k"],
      between=["pass", "print(helper(1))", "k = k + 1", "helper = abs"])

scene("""
def start(k, rows):
    def helper(v):
        return v + 1

    def one(x):
        return helper(x) * 2

    with ProcessPoolExecutor(1) as executor:
        print(executor.submit(one, 1).result())

    def helper(v):
        return v + <read>

    def two(x):
        return helper(x) * 3

    @send(<sent>)
""", name="helper_twice", read=["10", "k"], sent=["two", "lambda x: helper(x)", "one"])

scene("""
def start(k, rows):
    <first>
    @send(<name>)
    <second>
    @send(<name>)
""", name="rebound_callable", name_=["work"],
      first=["work = lambda x: x + 1", "def work(x):\n        return x + 1\n", "work = lambda x: x + k",
             "work = functools.partial(lambda x, y: x + y, 4)"],
      second=["work = lambda x: x + 10", "def work(x):\n        return x - k\n", "work = abs", "k = 8"])
SCENES["rebound_callable"]["knobs"]["name"] = ["work"]

scene("""
def start(k, rows):
    level = 1
    <loop>
        <body>
        @send(<sent>)
    print(level)
""", name="callable_in_loop", loop=["for level in range(2):", "while level < 3:", "for level, _ in enumerate(rows):"],
      body=["work = lambda x: x + level", "def work(x):\n            return x + level\n", "work = functools.partial(lambda a, x: a + x, level)"],
      sent=["work", "lambda x: x + level", "lambda x: work(x) + 1", "lambda x, y=level: x + y"])
for body in list(SCENES["callable_in_loop"]["knobs"]["body"]):
    SCENES["callable_in_loop"]["knobs"]["body"].append(body)
SCENES["callable_in_loop"]["knobs"]["tick"] = ["level += 1"]
SCENES["callable_in_loop"]["text"] = SCENES["callable_in_loop"]["text"].replace("        @send(<sent>)\n", "        @send(<sent>)\n        <tick>\n")

scene("""
def start(k, rows):
    works = []
    for level in range(2):
        works.append(<made>)
    <after>
    @both(works[0]; works[-1])
""", name="collected", made=["lambda x: x + level", "functools.partial(lambda a, x: a + x, level)", "lambda x, level=level: x + level",
                             "(lambda n: lambda x: x + n)(level)", "lambda x: x + k"],
      after=["pass", "level = 40", "k = 8", "works.reverse()"])

scene("""
def start(k, rows):
    chosen = {<table>}
    <change>
    @both(<sent>)
""", name="table_of_callables", table=["'a': lambda x: x + 1, 'b': lambda x: x + k", "'a': abs, 'b': lambda x: -x", "'a': (lambda x: x + k), 'b': max"],
      change=["pass", "chosen['a'] = lambda x: x * 5", "chosen.update(a=lambda x: x * k)", "k = 9"],
      sent=["chosen['a']; lambda x: chosen['a'](x)", "chosen.get('a'); chosen['a']", "*chosen['a'],; chosen['a']"])
SCENES["table_of_callables"]["knobs"]["sent"] = ["chosen['a']; chosen['a']", "chosen.get('a'); chosen['a']", "chosen['a']; lambda x: chosen['a'](x)"]

scene("""
def start(k, rows):
    up = k > <limit>
    @send(<sent>)
""", name="conditional", limit=["1", "5"],
      sent=["(lambda x: x + 1) if up else (lambda x: x - 1)", "(lambda x: x + k) if up else (lambda x: x + k + 1)",
            "(lambda x: x + 1) if up else abs", "(up and (lambda x: x + 1)) or (lambda x: x + k)",
            "(lambda x: (x + 1) if up else (x - 1))", "(lambda x: x) if up else (lambda x: x) if k else (lambda x: -x)",
            "[lambda x: x + 1, lambda x: x + k][up]", "(lambda f: f)(lambda x: x + k)"])

scene("""
def start(k, rows):
    <first>
    if k > 2:
        def work(x):
            return x + 1<more>
    else:
        def work(x):
            return x - 1

    @send(work)
""", name="defined_in_branches", first=["pass", "k = k + 1", "work = abs"], more=["", " + k"])

scene("""
def start(k, rows):
    level = k

    def make():
        <body>

    <before>
    made = make()
    <after>
    @send(<sent>)
""", name="factory_result", body=["return lambda x: x + level", "def inner(x):\n            return x + level\n        return inner",
                                  "low = level + 1\n        return lambda x: x + low", "low = level\n        return functools.partial(lambda a, x: a + x, low)"],
      before=["pass", "level = 20"], after=["pass", "level = 30", "level += 1"], sent=["made", "make()"])

scene("""
def make(level, *, extra=<extra>):
    def inner(x):
        return x + level + extra

    return inner


class Maker:
    def __init__(self, level):
        self.level = level

    def make(self, by):
        level = self.level
        return lambda x: x * level + by


def start(k, rows):
    made = <made>
    <after>
    @send(<sent>)
""", name="module_factory", extra=["1", "len('ab')"], made=["make(k)", "make(level=k)", "make(k, extra=4)", "Maker(k).make(2)", "make(*rows[:1])"],
      after=["pass", "k = 30", "print(made(1))"], sent=["made", "lambda x: made(x) + 1", "functools.partial(made)"])

scene("""
def start(k, rows):
    level = k

    def given():
        nonlocal level
        level += 7
        return <given>

    @<how>
""", name="argument_rebinds", given=["rows", "rows[:1]"],
      how=["send(lambda x: x + level)"], ways=["map"])
SCENES["argument_rebinds"]["text"] = """
def start(k, rows):
    level = k

    def given():
        nonlocal level
        level += 7
        return <given>

    with ProcessPoolExecutor(1) as executor:
        print(<call>)
    print(level)
"""
SCENES["argument_rebinds"]["knobs"] = {
    "given": ["rows", "rows[:1]"], "way": ["map"],
    "call": ["list(executor.map(lambda x: x + level, given()))", "executor.submit(lambda x: (x, level), given()).result()",
             "list(executor.map(functools.partial(lambda a, x: (a, x, level), given()), rows))",
             "executor.submit(functools.partial(lambda a, x: (a, x, level), given()), 2).result()",
             "executor.submit(lambda x, y: (x, y, level), level, given()).result()",
             "executor.submit(lambda x, y: (x, y, level), given(), level).result()",
             "executor.submit(lambda x, y: (x, y, level), given(), level).result(), level",
             "executor.submit(lambda x, d=level: (x, d), given()).result()",
             "executor.submit(lambda x, d=given(): (x, d, level), level).result()",
             "[executor.submit(lambda x: (x, level), value).result() for value in given()]"]}

# -- values

scene("""
def start(k, rows):
    level = k
    table = {"a": 1}
    items = [k]
    <change>
    @send(<sent>)
    <later>
    print(level, table, items)
""", name="captured_values", change=["pass", "items.append(4)", "table['b'] = k", "level, items = 3, [9]", "del items[:]"],
      later=["pass", "items.append(5)", "table.clear()", "level = 0"],
      sent=["lambda x: x + level", "lambda x: x + len(items)", "lambda x: sorted(table) + [x]", "lambda x: [x + i for i in items]",
            "lambda x: {level: x}", "lambda x: (lambda y: y + level)(x)", "lambda x: (x, *items)", "lambda x: sum(v for v in items) + x",
            "lambda x: dict(table, x=x)", "lambda x: items[0] if x > level else x"])

scene("""
LIMIT = 1
ITEMS = []


def grow(k):
    global LIMIT
    <grow>


def work(x):
    return x + LIMIT + len(ITEMS)


def start(k, rows):
    grow(k)
    @send(<sent>)
    <later>
""", name="changed_globals", grow=["pass", "LIMIT += k", "ITEMS.append(k)", "globals()['LIMIT'] = k", "LIMIT = 1"],
      later=["pass", "LIMIT2 = 5", "print(LIMIT)"], sent=["work", "lambda x: work(x)", "lambda x: x + LIMIT", "lambda x: (x, ITEMS, k)"])

scene("""
import STEM_settings
from STEM_settings import area


def work(x):
    return <read>


def start(k, rows):
    <change>
    @send(<sent>)
-- STEM_settings.py
level = 2


def area(x):
    return x * level


class Options:
    deep = 1
""", name="settings_module", read=["x + STEM_settings.level", "area(x)", "STEM_settings.area(x)", "x + STEM_settings.Options.deep", "x"],
      change=["pass", "STEM_settings.level = k", "STEM_settings.area = abs", "STEM_settings.Options.deep = k", "setattr(STEM_settings, 'level', 8)",
              "global area\n    area = abs", "vars(STEM_settings)['level'] = 6"],
      sent=["work", "lambda x: work(x) + k", "lambda x: STEM_settings.area(x)"])

scene("""
class Box:
    def __init__(self, value):
        self.value = value

    def __repr__(self):
        return f"Box({self.value})"


def start(k, rows):
    box = Box(k)
    <change>
    @send(<sent>)
    <later>
    print(box)
""", name="captured_object", change=["pass", "box.value = 10", "box.extra = 1", "box.value += 1"], later=["pass", "box.value = 0"],
      sent=["lambda x: x + box.value", "lambda x: repr(box)", "lambda x: Box(x).value + k", "lambda x: getattr(box, 'value') + x",
            "lambda x: setattr(box, 'value', x) or box.value", "lambda x: isinstance(box, Box)"])

scene("""
class Runner:
    factor = 2

    def __init__(self, level):
        self.level = level
        <init>

    def helper(self, x):
        return x * self.factor

    @property
    def doubled(self):
        return self.level * 2

    def go(self, k, rows):
        <change>
        @send(<sent>)


def start(k, rows):
    Runner(k).go(k, rows)
""", name="captured_self", init=["self.other = 1", "self.key = lambda v: v", "self.table = {}"],
      change=["pass", "self.level = 10", "self.level += k", "Runner.factor = 5"],
      sent=["lambda x: x + self.level", "lambda x: self.helper(x)", "self.helper", "lambda x: x + self.level + k",
            "lambda x: self.doubled + x", "lambda x: x * self.factor", "lambda x: type(self).__name__"])

scene("""
def set_up(value):
    global LEVEL
    LEVEL = value


LEVEL = 0


def work(x):
    return x + LEVEL


def start(k, rows):
    level = k
    with <pool> as pool:
        <change>
        print(list(pool.map(<sent>, rows)))
""", name="initializer", ways=["map"],
      pool=["multiprocessing.Pool(1, set_up, (k,))", "ProcessPoolExecutor(1, initializer=set_up, initargs=(k,))",
            "multiprocessing.Pool(1, initializer=lambda: set_up(level))", "ProcessPoolExecutor(1, initializer=lambda v: set_up(v), initargs=(level,))",
            "ProcessPoolExecutor(initializer=functools.partial(set_up, level), max_workers=1)",
            "multiprocessing.Pool(1, lambda v: set_up(v + level), [k])"],
      change=["pass", "level = 9", "set_up(7)"], sent=["work", "lambda x: work(x)", "lambda x: x + LEVEL + level"])

# -- arguments and results

scene("""
class Box:
    def __init__(self, thing):
        self.thing = thing


def apply(thing, x):
    return thing(x) if callable(thing) else x


def first(things):
    things = things.thing if isinstance(things, Box) else things
    return (things["f"] if isinstance(things, dict) else things[0])(4)


def start(k, rows):
    def helper(x):
        return x * k

    with ProcessPoolExecutor(1) as executor:
        print(executor.submit(<call>).result())
""", name="argument_callables", ways=["map"],
      call=["apply, lambda x: x + k, 2", "apply, helper, 2", "first, [lambda x: x + 1]", "first, {'f': helper}", "first, (helper, 1)",
            "first, Box([lambda x: x + k])", "apply, thing=lambda x: x + k, x=2", "apply, functools.partial(helper), 2",
            "apply, x=3, thing=helper", "first, [helper, lambda x: x]", "first, {**{'f': lambda x: x}}", "first, list((helper, helper))",
            "apply, *[helper, 2]", "apply, *(lambda x: x + k, 2)", "apply, **{'thing': helper, 'x': 2}"])

scene("""
def total(values):
    return sum(values)


def pairs(values):
    return sorted(list(values))


def start(k, rows):
    table = {"a": 1, "b": k}
    with ProcessPoolExecutor(1) as executor:
        print(executor.submit(<call>).result())
""", name="argument_views", ways=["map"],
      call=["total, table.values()", "pairs, table.keys()", "pairs, table.items()", "total, (v + k for v in rows)", "total, map(abs, rows)",
            "pairs, zip(rows, rows)", "total, [v for v in rows]", "pairs, reversed(rows)", "pairs, sorted(table.keys())",
            "total, filter(None, rows)", "pairs, enumerate(rows)", "total, iter(rows)", "total, range(k)", "total, set(table.values())",
            "pairs, (lambda: [k])()", "total, map(lambda v: v + k, rows)"])

scene("""
def work(table):
    return <returned>


def start(k, rows):
    with ProcessPoolExecutor(1) as executor:
        print(sorted(<asked>))
""", name="returned_views", ways=["map"], returned=["table.keys()", "table.values()", "list(table)", "{'only': table.keys()}", "[table.keys()]",
                                                   "table.items()", "dict(table.items())", "(v for v in table)", "map(abs, table.values())"],
      asked=["executor.submit(work, {1: 2, k: 4}).result()", "next(executor.map(work, [{1: 2, k: 4}]))"])

scene("""
def work(x):
    return <returned>


def start(k, rows):
    with ProcessPoolExecutor(1) as executor:
        done = executor.submit(work, 2).result()
        print(<used>)
""", name="returned_callables", ways=["map"], returned=["lambda y: x + y", "functools.partial(lambda a, b: a + b, x)", "abs", "[lambda y: y + x]"],
      used=["(done[0] if isinstance(done, list) else done)(1)"])

scene("""
import collections


def start(k, rows):
    found = collections.defaultdict(<made>)
    found["a"] <put>
    with ProcessPoolExecutor(1) as executor:
        print(executor.submit(<call>).result())
""", name="default_dictionary", ways=["map"], made=["lambda: 0", "list", "lambda: k", "lambda: collections.defaultdict(int)", "int"],
      put=["= 1", "= 2"], call=["len, found", "sorted, found", "dict, found", "lambda d: d['a'], found", "lambda d: len(d) + k, found"])

scene("""
def consume(queue, out):
    <consume>


def start(k, rows):
    queue = multiprocessing.Queue()
    out = multiprocessing.Queue()
    process = multiprocessing.Process(target=consume, args=(queue, out))
    process.start()
    queue.put(<put>)
    print(out.get(timeout=6))
    process.join()
""", name="queue_of_callables", ways=["map"], consume=["job = queue.get()\n    out.put(job(2))"],
      put=["lambda x: x + k", "lambda x: x + 1", "functools.partial(lambda a, x: a + x, k)", "abs"])

scene("""
class Failed(Exception):
    def __init__(self, <parameters>):
        super().__init__(<given>)
        self.code = code


def work(x):
    raise Failed(<made>)


def start(k, rows):
    with ProcessPoolExecutor(1) as executor:
        try:
            executor.submit(work, k).result()
        except Failed as error:
            print(error, error.code)
""", name="own_exception", ways=["map"], parameters=["code", "code=1"], given=["code", "str(code)"], made=["x"])

# -- patches and several files

scene("""
import STEM_jobs


def start(k, rows):
    <patch>
    @send(<sent>)
-- STEM_jobs.py
from STEM_deep import base

RATE = 2


def price(x):
    return base(x) * RATE


def make(by):
    return lambda x: price(x) + by


class Job:
    def __init__(self, by):
        self.by = by

    def run(self, x):
        return price(x) + self.by
-- STEM_deep.py
DEPTH = 1


def base(x):
    return x + DEPTH
""", name="several_files",
      patch=["pass", "STEM_jobs.price = abs", "STEM_jobs.RATE = k", "import STEM_deep\n    STEM_deep.DEPTH = k", "STEM_jobs.base = abs",
             "import unittest.mock\n    unittest.mock.patch.object(STEM_jobs, 'RATE', 9).start()"],
      sent=["STEM_jobs.price", "STEM_jobs.make(k)", "STEM_jobs.Job(k).run", "lambda x: STEM_jobs.price(x)", "lambda x: STEM_jobs.RATE + x + k"])

scene("""
from STEM_spread import spread, Spreader


def start(k, rows):
    def helper(x):
        return x + k

    <call>
-- STEM_spread.py
from concurrent.futures import ProcessPoolExecutor


def spread(function, items, workers=1, **options):
    with ProcessPoolExecutor(workers) as executor:
        return [done.result() for done in [executor.submit(function, item, **options) for item in items]]


class Spreader:
    def __init__(self, function, key=None):
        self.function = function
        self.key = key

    def run(self, items):
        with ProcessPoolExecutor(1) as executor:
            return list(executor.map(self.function, items))

    @classmethod
    def over(cls, items):
        def deco(function):
            print(cls(function).run(items))
            return function

        return deco
""", name="forwarders", ways=["map"],
      call=["print(spread(lambda x: x + k, rows))", "print(spread(helper, rows))", "print(spread(function=lambda x: x + 1, items=rows))",
            "print(spread(lambda x, by: x + by + k, rows, by=4))", "print(Spreader(helper).run(rows))", "print(Spreader(lambda x: x + k).run(rows))",
            "print(Spreader(key=lambda v: v, function=helper).run(rows))", "spreader = Spreader(helper)\n    k = 9\n    print(spreader.run(rows))",
            "@Spreader.over(rows)\n    def again(x):\n        return x + k\n", "run = functools.partial(spread, items=rows)\n    print(run(helper))",
            "for f in (helper, lambda x: x):\n        print(spread(f, rows))", "print(spread(*[helper, rows]))"])

scene("""
class Worker(multiprocessing.Process):
    def __init__(self, queue, <parameters>):
        super().__init__()
        self.queue = queue
        <keep>

    def run(self):
        self.queue.put(<used>)


def start(k, rows):
    queue = multiprocessing.Queue()
    worker = Worker(queue, <given>)
    worker.start()
    print(queue.get(timeout=6))
    worker.join()
""", name="process_subclass", ways=["map"], parameters=["function"], keep=["self.function = function", "self.function = lambda x: function(x) + 1",
                                                                        "self.jobs = [function]\n        self.function = function"],
      used=["self.function(2)"], given=["lambda x: x + 1", "lambda x: x + k", "abs", "functools.partial(lambda a, x: a + x, k)"])

scene("""
class Known:
    pass


class Task:
    def work(self, x):
        return ("task", x)


def start(k, rows):
    class Special(<base>):
        def work(self, x):
            return ("special", x + <read>)

    chosen = <chosen>
    @both(Task().work; <sent>)
""", name="local_subclass", base=["Task", "Known"], read=["1", "k"], chosen=["Special()", "Special() if k else Task()", "[Task(), Special()][1]"],
      sent=["chosen.work", "lambda x: chosen.work(x)", "Special().work"])

scene("""
class Job:
    def __init__(self, by):
        self.by = by

    def work(self, x):
        return x + self.by


class Holder:
    def __init__(self, one, other):
        self.one = one
        self.other = other


def used(holder, x):
    return holder.other.work(x)


def start(k, rows):
    class Own(Job):
        def work(self, x):
            return x * self.by

    holder = Holder(<one>, <other>)
    with ProcessPoolExecutor(1) as executor:
        print(executor.submit(used, <sent>, 3).result())
""", name="holder_of_two", ways=["map"], one=["Job(1)", "Own(1)", "None"], other=["Own(k)", "Job(k)"], sent=["holder", "Holder(None, holder.other)"])

scene("""
import enum
import typing
from collections import namedtuple


def start(k, rows):
    <made>
    @send(<sent>)
""", name="made_classes", made=["Kind = enum.Enum('Kind', 'A B')", "Kind = namedtuple('Kind', 'A B')(1, 2)",
                                "class Kind(enum.IntEnum):\n        A = 1\n        B = k\n", "class Kind(typing.NamedTuple):\n        A: int = 1\n\n    Kind = Kind()",
                                "Kind = type('Kind', (), {'A': 4})"],
      sent=["lambda x: str(Kind.A)", "lambda x: [Kind.A] == [Kind.A]"])

scene("""
def start(k, rows):
    <before>

    def fact(n):
        return 1 if n < 2 else n * fact(n - 1)

    def even(n):
        return True if n == 0 else odd(n - 1)

    def odd(n):
        return False if n == 0 else even(n - 1) and bool(<read>)

    @send(<sent>)
""", name="recursion", before=["pass", "base = k"], read=["1", "k"], sent=["fact", "even", "lambda n: even(n)", "lambda n: (fact(n), k)"])
SCENES["recursion"]["knobs"]["way"] = [way for way in WAYS if way != "keyword"]

scene("""
def start(k, rows):
    try:
        import math as m
    except ImportError:
        m = None
    from os import path
    @send(<sent>)
""", name="local_imports", sent=["lambda x: m.floor(x + 0.5)", "lambda x: path.join('a', str(x))", "lambda x: (m is None, x + k)",
                                 "functools.partial(lambda a, x: m.pow(a, x), k)"])

scene("""
try:
    import json as codec
except ImportError:
    codec = None

if True:
    def dumped(x):
        return codec.dumps(x)
else:
    dumped = None


def start(k, rows):
    @send(<sent>)
""", name="optional_imports", sent=["dumped", "lambda x: dumped(x) + str(k)", "lambda x: codec.dumps([x])"])

scene("""
<const>


def start(k, rows):
    def work(x, by=<default>):
        return x + by

    <between>
    @send(<sent>)


LATER = 5
""", name="defaults", const=["EARLY = 2", "EARLY = 2; REST = 4"], default=["EARLY", "LATER", "k", "None or k", "len(rows)", "[]", "(k, 1)[0]"],
      between=["pass", "k = 7", "print(work(1, 2))", "global REST\n    REST = 6"], sent=["work", "lambda x: work(x)", "lambda x, by=k: x + by",
                                                                    "functools.partial(work, by=4)"],
      never=lambda c: c["default"] == "[]")

scene("""
def start(k, rows):
    def work(x, by=k):
        return x + by

    with ProcessPoolExecutor(1) as executor:
        print(executor.submit(<one>).result())
        print(executor.submit(<two>).result())
        print(list(executor.map(<three>)))
""", name="default_passed", ways=["map"], one=["work, 1", "work, 1, 2", "work, 1, by=3"], two=["work, 1", "work, 1, by=2", "work, x=1"],
      three=["work, rows", "work, rows, rows", "functools.partial(work, by=1), rows"])

scene("""
def start(k, rows):
    log = []

    def done(future):
        log.append(future.result())

    with ProcessPoolExecutor(1) as executor:
        future = executor.submit(<sent>, 2)
        future.add_done_callback(<callback>)
        future.result()
    print(log)
""", name="callbacks", ways=["map"], sent=["lambda x: x + k", "lambda x: x", "abs"], callback=["done", "lambda f: log.append(f.result())", "lambda f: None"])

scene("""
def start(k, rows):
    def work(x):
        return -x + <read>

    <use>
    @send(work)
""", name="other_uses", read=["1", "k"], use=["print(sorted(rows, key=work))", "print(max(rows, key=work))", "print(list(map(work, rows)))",
                                              "print(work(1))", "again = work\n    print(again(2))", "print([work(v) for v in rows])",
                                              "print(functools.reduce(lambda a, b: work(a), rows))", "import threading\n    thread = threading.Thread(target=work, args=(1,))\n    thread.start()\n    thread.join()"])

scene("""
def start(k, rows):
    outer = k

    def middle(y):
        inner = y + 1

        def work(x):
            return x + inner + outer

        <change>
        @send(work)
        return work

    print(middle(2)(1))
""", name="two_levels", change=["pass", "inner = 50", "inner += outer"])

scene("""
def start(k, rows):
    total = 0
    for step in range(2):
        def work(x):
            return x + step * <read>

        @send(work)
        total += work(1)
    print(total)
    <after>
""", name="def_in_loop", read=["1", "k", "total"], after=["pass", "print(work(2))", "step = 8\n    print(work(2))"])

scene("""
class Base:
    def __init__(self, by):
        self.by = by

    def work(self, x):
        return x + self.by

    def __hidden(self, x):
        return x - self.by

    def go(self, rows):
        @send(<sent>)


class Child(Base):
    def work(self, x):
        return -x

    def go(self, rows):
        <own>
        super().go(rows)


def start(k, rows):
    <kind>(k).go(rows)
""", name="methods_sent", sent=["self.work", "self.__hidden", "lambda x: self.__hidden(x)", "lambda x: Base.work(self, x)", "self._Base__hidden"],
      own=["pass", "print(super().work(1))"], kind=["Base", "Child"])

scene("""
import STEM_jobs


def start(k, rows):
    def local(x):
        return x + <read>

    job = STEM_jobs.Job()
    <put>
    @send(job.run)
-- STEM_jobs.py
class Job:
    hook = None

    def __init__(self):
        self.hooks = []
        self.inner = None

    def run(self, x):
        for hook in self.hooks:
            x = hook(x)
        return self.hook(x) if self.hook else x
""", name="hooks_of_another_file", read=["1", "k"], put=["job.hook = local", "job.hooks.append(local)", "job.hooks = [lambda x: x + k]", "setattr(job, 'hook', local)",
                                                        "job.inner = local", "job.hook = abs"])

scene("""
def start(k, rows):
    items = list(rows)
    count = len(items)
    <loop>
        process = multiprocessing.Process(target=<target>, args=(queue,))
        process.start()
        print(queue.get(timeout=6))
        process.join()
    print(count)
""", name="process_in_loop", ways=["map"], loop=["queue = multiprocessing.Queue()\n    for item in items:", "queue = multiprocessing.Queue()\n    for count, item in enumerate(items):"],
      target=["lambda q: q.put(item + count)", "lambda q: q.put(item)", "functools.partial(lambda a, q: q.put(a + k), item)"])

scene("""
def start(k, rows):
    @send(<sent>)
    @send(<sent>)
    print([<other>(v) for v in rows])
""", name="same_text_again", sent=["lambda x: x + 1", "lambda x: x + k", "lambda x: [x, 'text']"], other=["(lambda x: x + 1)", "abs"])

scene("""
def start(k, rows):
    with ProcessPoolExecutor(1) as executor:
        futures = {<made>}
        for future in futures:
            print(future.result(), futures[future])
""", name="comprehensions", ways=["map"], made=["executor.submit(lambda x: x + k, row): row for row in rows",
                                               "executor.submit(lambda x: x + row, k): row for row in rows",
                                               "executor.submit(lambda: row): row for row in rows",
                                               "executor.submit(lambda x, y: x + y, row, i): row for i, row in enumerate(rows)",
                                               "executor.submit(f, row): row for row in rows for f in (lambda x: x + row, abs)"])

scene("""
def start(k, rows):
    work = None
    <make>
    @send(work)
    print(work(5))
""", name="odd_definitions", make=["global own\n    def own(x):\n        return x + 2\n\n    work = own", "(work := lambda x: x + k)", "work, other = (lambda x: x + 1), 3",
                                  "for work in [lambda x: x + 1]:\n        pass", "import contextlib\n    with contextlib.nullcontext(lambda x: x + k) as work:\n        pass",
                                  "work = work or (lambda x: x + k)", "[work] = [lambda x: x * k]", "if k:\n        work = lambda x: x + 1",
                                  "try:\n        work = lambda x: x + k\n    finally:\n        pass", "match k:\n        case 3:\n            work = lambda x: x + k\n        case _:\n            work = abs",
                                  "work = (lambda: lambda x: x + k)()", "exec('pass')\n    work = lambda x: x + k"])

scene("""
def start(k, rows):
    def work(x):
        <body>

    @send(work)
    print(k)
""", name="odd_bodies", body=["global SEEN\n        SEEN = x\n        return SEEN + k", "nonlocal k\n        k = x\n        return k", "try:\n            return x / (k - 3)\n        except ZeroDivisionError as error:\n            return str(error)",
                             "def inner():\n            return x + k\n\n        return inner()", "k = x\n        return k", "for k in range(x):\n            pass\n        return x",
                             "return [k for k in range(x)]", "return {k: v for k, v in enumerate(range(x))}", "import math\n        return math.floor(x + k)",
                             "class Inner:\n            value = k\n\n        return Inner.value + x", "return sorted(locals())", "return eval('x + 1')", "return (lambda k: k + x)(2)",
                             "if (n := x + k) > 2:\n            return n\n        return 0", "return __name__.split('_')[0][:1]", "del x\n        return k", "return [(lambda: x + k + i)() for i in range(2)]",
                             "x: int = x + k\n        return x", "assert x, f'{k}'\n        return x + k", "with open(__file__) as file:\n            return len(file.readline()) > k",
                             "return print.__name__ + str(k)", "global k2\n        k2 = 1\n        return x"])
