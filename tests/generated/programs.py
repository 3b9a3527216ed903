"""Programs, composed of independent choices: one value for each dimension gives one program.

Every program has a function `run` that hands a callable to a process and prints what comes back; it runs twice, since
what a call makes anew shows only then. Workers return what they compute and print nothing, so output has one order.
"""

import random

# The first value of each dimension is the plainest: shrinking goes there.
DIMENSIONS = {
    "callable": ["lambda", "named_lambda", "def", "helper", "recursive", "factory", "partial", "conditional",
                 "table", "instance", "local_method", "wrapped", "cached", "registered", "two_workers", "same_text"],
    "capture": ["none", "parameter", "local", "two", "constant", "list", "dict", "function", "module", "object",
                "default", "default_call", "changed_global", "class_attribute", "library", "own_class", "tuple",
                "replaced", "by_string", "conditional_value", "walrus", "unpacked"],
    "binding": ["once", "before", "after", "augmented", "in_branch", "by_argument"],
    "dispatch": ["map", "submit", "submit_each", "pool_map", "apply", "apply_async", "starmap", "forwarder",
                 "keyword", "imap", "partial_submit", "process"],
    "placement": ["function", "method", "inner", "branch", "loop", "try", "with"],
    "use": ["none", "called", "key", "name", "doc", "stored", "aliased", "compared", "printed", "signature",
            "is_callable", "returned"],
    "text": ["plain", "comments", "docstring", "annotated", "long", "tabs", "crlf", "strings", "statements"],
    "files": ["one", "worker_elsewhere", "executor_elsewhere"],
}


def choose(seed, index):
    """The choices of one program."""
    rng = random.Random(f"{seed}/{index}")
    chosen = {}
    for name, values in DIMENSIONS.items():
        # Half of the choices are plain, so that what is odd can be told apart.
        plain = name in ("binding", "placement", "use", "text", "files") and rng.random() < 0.45
        chosen[name] = values[0] if plain else rng.choice(values)
    return chosen


def impossible(chosen):
    """Why no rewrite keeps what a program prints, and the reason that a refusal has to give; `None` where there may be one."""
    if chosen["callable"] == "factory" and chosen["use"] == "printed" and chosen["dispatch"] != "starmap":
        return "other-use", "what is sent prints as a function and holds a value of its call: no function does that and has a name"
    return None


class Writer:
    """The parts of a program while it is written."""

    def __init__(self, chosen, stem):
        self.chosen = chosen
        self.stem = stem
        self.imports = []
        self.module = []
        self.setup = []
        self.define = []
        self.rebind = []
        self.before = []
        self.after = []
        self.elsewhere = []

    def use(self, line):
        if line not in self.imports:
            self.imports.append(line)


def capture(w):
    """The expression that the callable reads, and the parameters it needs for it."""
    kind = w.chosen["capture"]
    if kind == "none":
        return "1", ""
    if kind == "parameter":
        return "k", ""
    if kind == "local":
        w.setup.append("level = k + 1")
        return "level", ""
    if kind == "two":
        w.setup.append("level = k + 1")
        return "(level + k)", ""
    if kind == "constant":
        w.module.append("BASE = 4")
        return "BASE", ""
    if kind == "list":
        w.setup.append("level = [k, 2]")
        return "sum(level)", ""
    if kind == "dict":
        w.setup.append('level = {"a": k}')
        return 'level["a"]', ""
    if kind == "tuple":
        w.setup.append("level = (k, k + 1)")
        return "level[1]", ""
    if kind == "unpacked":
        w.setup.append("level, rest = k, [k]")
        return "(level + len(rest))", ""
    if kind == "walrus":
        w.setup.append("print((level := k + 2))")
        return "level", ""
    if kind == "conditional_value":
        w.setup += ["if k > 2:", "    level = 5", "else:", "    level = 6"]
        return "level", ""
    if kind == "function":
        w.setup += ["def raised(v):", "    return v + k", ""]
        return "raised(2)", ""
    if kind == "module":
        w.setup.append("import math")
        return "math.floor(k + 0.5)", ""
    if kind == "object":
        w.module += ["class Box:", "    def __init__(self, value):", "        self.value = value", "", ""]
        w.setup.append("level = Box(k)")
        return "level.value", ""
    if kind == "own_class":
        w.setup += ["class Point:", "    def __init__(self, x):", "        self.x = x", ""]
        return "Point(3).x", ""
    if kind == "default":
        w.setup.append("level = k + 1")
        return "d", "d=level"
    if kind == "default_call":
        w.module += ["LOG = []", "", "", "def noted(v):", "    LOG.append(v)", "    print(\"noted\", v)", "    return v",
                     "", ""]
        return "d", "d=noted(k)"
    if kind == "changed_global":
        w.module.append("LIMIT = 1")
        w.setup += ["global LIMIT", "LIMIT = LIMIT + k"]
        return "LIMIT", ""
    if kind == "by_string":
        w.module.append("LIMIT = 1")
        w.setup.append('globals()["LIMIT"] = k + 8')
        return "LIMIT", ""
    if kind == "class_attribute":
        w.module += ["class Settings:", "    level = 1", "", ""]
        w.setup.append("Settings.level = k + 3")
        return "Settings.level", ""
    if kind == "replaced":
        w.module += ["def price():", "    return 1", "", "", "def dear():", "    return 100", "", ""]
        w.setup += ["global price", "price = dear"]
        return "price()", ""
    if kind == "library":
        w.elsewhere.append("OFFSET = 7")
        w.use(f"from {w.stem}_library import OFFSET")
        return "OFFSET", ""
    raise AssertionError(kind)


def rebinding(w):
    """Lines that bind the captured variable anew, at some time."""
    if not any(line.startswith("level = ") for line in w.setup) or w.chosen["capture"] in ("object", "list", "dict",
                                                                                         "tuple"):
        return
    kind = w.chosen["binding"]
    if kind == "before":
        w.rebind.append("level = level + 10")
    elif kind == "augmented":
        w.rebind.append("level += 10")
    elif kind == "after":
        w.after.append("level = 99")
    elif kind == "in_branch":
        w.rebind += ["if len(rows) > 5:", "    level = 50"]
    elif kind == "by_argument":
        w.rebind += ["def given():", "    nonlocal level", "    level = 7", "    return rows", ""]


def definition(w):
    """Defines the callable and gives the expression that hands it over, and the one that names it, if any."""
    kind, (value, more) = w.chosen["callable"], capture(w)
    rebinding(w)
    pair = w.chosen["dispatch"] == "starmap"
    parameters = ("x, y" if pair else "x") + (f", {more}" if more else "")
    body = f"x * 2 + {value}" + (" + y" if pair else "")
    typed = w.chosen["text"] == "annotated"
    head = parameters.replace("x", "x: int", 1) if typed else parameters
    text = body_text(w)
    if kind == "lambda":
        return f"lambda {parameters}: {body}", None
    if kind == "conditional":
        return f"(lambda {parameters}: {body}) if k < 100 else (lambda {parameters}: -({body}))", None
    if kind == "table":
        w.define += ["table = {", f'    "first": lambda {parameters}: {body},', f'    "second": lambda {parameters}: -x,', "}"]
        return 'table["first"]', None
    if kind == "named_lambda":
        w.define.append(f"work = lambda {parameters}: {body}" + ("  # does it" if w.chosen["text"] == "comments" else ""))
        return "work", "work"
    if kind == "partial":
        w.use("from functools import partial")
        w.define += [f"def work(more, {head}):", *text, f"    return {body} + more", ""]
        return "partial(work, 5)", "partial(work, 5)"
    if kind == "factory":
        w.define += ["def make(extra):", f"    def work({head}):", *("    " + line for line in text),
                     f"        return {body} + extra", "", "    return work", ""]
        return "make(2)", "made"
    if kind == "instance":
        w.define += ["class Worker:", "    scale = 2", "", f"    def __call__(self, {parameters}):",
                     f"        return ({body}) * self.scale", ""]
        return "Worker()", None
    if kind == "local_method":
        w.define += ["class Worker:", "    def __init__(self, scale):", "        self.scale = scale", "",
                     f"    def work(self, {parameters}):", f"        return ({body}) * self.scale", "",
                     "worker = Worker(3)"]
        return "worker.work", None
    if kind == "helper":
        w.define += ["def clean(v):", "    return abs(v)", "", f"def work({head}):", *text, f"    return clean({body})", ""]
        return "work", "work"
    if kind == "two_workers":
        w.define += ["def clean(v):", "    return abs(v)", "", f"def work({head}):", *text, f"    return clean({body})", "",
                     "def other(x):", "    return clean(x) + 1", ""]
        w.before.append("OTHER")
        return "work", "work"
    if kind == "same_text":
        w.before.append("SAME")
        return f"lambda {parameters}: {body}", None
    if kind == "recursive":
        # One more call of itself, with all that it takes.
        rest = ", y" if pair else ""
        w.define += [f"def work({head}):", *text, "    if x > 90:", "        return 0",
                     f"    return {body} + work(x + 95{rest})", ""]
        return "work", "work"
    if kind == "wrapped":
        w.use("import functools")
        w.module += ["def traced(function):", "    @functools.wraps(function)", "    def inner(*args, **kwargs):",
                     "        return function(*args, **kwargs)", "", "    return inner", "", ""]
        w.define += ["@traced", f"def work({head}):", *text, f"    return {body}", ""]
        return "work", "work"
    if kind == "cached":
        w.use("import functools")
        w.define += ["@functools.lru_cache(maxsize=None)", f"def work({head}):", *text, f"    return {body}", ""]
        return "work", "work"
    if kind == "registered":
        w.module += ["KNOWN = []", "", "", "def register(function):", "    KNOWN.append(function.__name__)",
                     "    return function", "", ""]
        w.define += ["@register", f"def work({head}):", *text, f"    return {body}", ""]
        w.after.append("print(KNOWN)")
        return "work", "work"
    w.define += [f"def work({head}):", *text, f"    return {body}", ""]
    return "work", "work"


def body_text(w):
    """Lines at the head of a body that only matter as text."""
    kind = w.chosen["text"]
    if kind == "docstring":
        return ['    """Does it.', "", "      with an indented line", '    """']
    if kind == "comments":
        return ["    # first of all", ""]
    if kind == "strings":
        return ["    label = '''a", "  b'''", "    assert len(label) == 5, f\"{label!r} {'q'}\""]
    if kind == "statements":
        return ["    total = 0; total += 1", "    for step in range(2): total += step", "    assert total == 2"]
    return []


def uses(w, name):
    """Uses of the callable beside its dispatch."""
    kind = w.chosen["use"]
    if name is None or w.chosen["dispatch"] == "starmap":
        return
    if name == "made":
        w.define.append("made = make(2)")
    lines = {
        "called": [f"print({name}(5))"],
        "key": [f"print(sorted([3, 1, 2], key={name}))"],
        "name": [f"print({name}.__name__)"] if name != "partial(work, 5)" else [],
        "doc": [f"print(({name}.__doc__ or '')[:20])"],
        "stored": [f"jobs = [{name}]", "print(len(jobs))"],
        "compared": [f"print({name} == None)"],
        "printed": [f"print(str({name})[:9])"],
        "signature": ["import inspect", f"print(len(inspect.signature({name}).parameters))"],
        "is_callable": [f"print(callable({name}))"],
    }
    w.before += lines.get(kind, [])


def dispatch(w, sent):
    """The lines that hand the callable over and print what comes back."""
    kind = w.chosen["dispatch"]
    rows = "given()" if "def given():" in w.rebind else "rows"
    pool = kind in ("pool_map", "apply", "apply_async", "starmap", "imap")
    name = "pool" if pool else "executor"
    if pool:
        w.use("import multiprocessing")
        opening = "with multiprocessing.Pool(1) as pool:"
    elif w.chosen["files"] == "executor_elsewhere":
        w.elsewhere += ["from concurrent.futures import ProcessPoolExecutor", "", "", "def executor_of(size):",
                      "    return ProcessPoolExecutor(size)", ""]
        w.use(f"from {w.stem}_library import executor_of")
        opening = "with executor_of(1) as executor:"
    else:
        w.use("from concurrent.futures import ProcessPoolExecutor")
        opening = "with ProcessPoolExecutor(1) as executor:"
    inner = f"({sent})" if sent.startswith(("lambda", "(lambda")) else sent
    argument = f"{rows}[0]"
    calls = {
        "map": [f"print(list({name}.map({sent}, {rows})))"],
        "pool_map": [f"print({name}.map({sent}, {rows}))"],
        "imap": [f"print(list({name}.imap({sent}, {rows})))"],
        "submit": [f"print({name}.submit({sent}, {argument}).result())"],
        "submit_each": [f"for row in {rows}:", f"    print({name}.submit({sent}, row).result())"],
        "keyword": [f"print({name}.submit({sent}, x={argument}).result())"],
        "apply": [f"print({name}.apply({sent}, ({argument},)))"],
        "apply_async": [f"print({name}.apply_async(func={sent}, args=({argument},)).get())"],
        "starmap": [f"print({name}.starmap({sent}, [(1, 2), (3, 4)]))"],
        "partial_submit": [f"job = {inner}", f"print({name}.submit(job, {argument}).result())"],
    }
    if kind == "forwarder":
        w.elsewhere += ["def spread(function, items, executor):", "    return list(executor.map(function, items))", ""]
        w.use(f"from {w.stem}_library import spread")
        calls["forwarder"] = [f"print(spread({sent}, {rows}, executor))"]
    if kind == "process":
        w.use("import multiprocessing")
        w.module += ["def put(queue, function, value):", "    queue.put(function(value))", "", ""]
        return ["queue = multiprocessing.Queue()",
                f"process = multiprocessing.Process(target=put, args=(queue, {sent}, {argument}))",
                "process.start()", "print(queue.get(timeout=6))", "process.join()"]
    if w.chosen["files"] == "worker_elsewhere" and kind == "submit":
        w.elsewhere += ["def applied(function, value):", "    return function(value)", ""]
        w.use(f"from {w.stem}_library import applied")
        calls["submit"] = [f"print({name}.submit(applied, {sent}, {argument}).result())"]
    extra = []
    if "OTHER" in w.before:
        extra = [f"print({name}.{'apply' if pool else 'submit'}(other, {'(3,)' if pool else '3'}){'' if pool else '.result()'})"]
    if "SAME" in w.before:
        extra = calls[kind]
    return [opening, *("    " + line for line in calls[kind] + extra)]


def program(chosen, stem):
    """The files of one program: names and texts."""
    w = Writer(chosen, stem)
    sent, name = definition(w)
    if chosen["use"] == "aliased" and name == "work":
        w.define.append("chosen = work")
        sent = sent.replace("work", "chosen")
    uses(w, name)
    if chosen["use"] not in ("none",) and name == "made":
        sent = "made"
    lines = dispatch(w, sent)
    before = [line for line in w.before if line not in ("OTHER", "SAME")]
    body = [*w.setup, *w.define, *w.rebind, *before, *placed(chosen, lines), *w.after]
    out = [f"# {stem}: " + ", ".join(f"{key}={value}" for key, value in chosen.items()), *sorted(set(w.imports)), "",
           *w.module, ""]
    if chosen["placement"] == "method":
        out += ["class Runner:", "    def run(self, k, rows):", *indented(body, 8), "", "", "def run():",
                "    Runner().run(3, [1, 2])"]
    elif chosen["placement"] == "inner":
        out += ["def run():", "    def inner(k, rows):", *indented(body, 8), "", "    inner(3, [1, 2])"]
    else:
        out += ["def start(k, rows):", *indented(body, 4), "", "", "def run():", "    start(3, [1, 2])"]
    out += ["", "", 'if __name__ == "__main__":', "    run()", "    run()", ""]
    text = "\n".join(out)
    if chosen["text"] == "tabs" and "'''" not in text:
        text = "\n".join(tabbed(line) for line in text.split("\n"))
    if chosen["text"] == "crlf":
        text = text.replace("\n", "\r\n")
    files = {f"{stem}.py": text}
    if w.elsewhere:
        files[f"{stem}_library.py"] = "\n".join([*w.elsewhere, ""])
    return files


def placed(chosen, lines):
    """The dispatch where it stands."""
    kind = chosen["placement"]
    if kind == "branch":
        return ["if rows:", *indented(lines, 4)]
    if kind == "loop":
        return ["for turn in range(2):", *indented(lines, 4)]
    if kind == "try":
        return ["try:", *indented(lines, 4), "finally:", "    print(\"done\")"]
    if kind == "with":
        return ["import contextlib", "with contextlib.suppress(KeyError):", *indented(lines, 4)]
    return lines


def indented(lines, width):
    inside = False
    out = []
    for line in lines:
        out.append(line if inside or not line else " " * width + line)
        if line.count("'''") % 2:
            inside = not inside
    return out


def tabbed(line):
    rest = line.lstrip(" ")
    return "\t" * ((len(line) - len(rest)) // 4) + rest
