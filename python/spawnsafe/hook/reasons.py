"""Why an object cannot cross, in words: the rule, the reason, and what to do."""

import functools
import sys
import types

#: What holds on to this process: type names, without their modules.
HANDLES = {
    "lock": "a lock", "RLock": "a lock", "_RLock": "a lock", "_local": "a thread-local object",
    "TextIOWrapper": "an open file", "BufferedReader": "an open file", "BufferedWriter": "an open file",
    "BufferedRandom": "an open file", "FileIO": "an open file", "generator": "a generator",
    "coroutine": "a coroutine", "async_generator": "an asynchronous generator", "module": "a module",
    "frame": "a frame", "traceback": "a traceback", "Connection": "a connection", "Cursor": "a cursor",
    "_ThreadHandle": "a thread", "SSLContext": "an SSL context", "Task": "a task", "Future": "a future",
    "dict_keys": "a view of a dictionary", "dict_values": "a view of a dictionary",
    "dict_items": "a view of a dictionary", "memoryview": "a memoryview", "Pool": "a pool",
    "mappingproxy": "a read-only view", "Match": "a match", "code": "code", "weakref": "a weak reference",
    "ReferenceType": "a weak reference", "SimpleQueue": "a queue",
}


def definition(obj):
    """The function or class that stands for a callable: what a partial or a method is made of."""
    for _ in range(8):
        if isinstance(obj, functools.partial):
            obj = obj.func
        elif isinstance(obj, types.MethodType):
            obj = obj.__func__
        else:
            break
    return obj


def code_of(obj):
    """The code of a function, or None."""
    found = definition(obj)
    code = getattr(found, "__code__", None) if isinstance(found, types.FunctionType) else None
    return code if isinstance(code, types.CodeType) else None


def class_place(cls):
    """File and line of a class, from what Python knows of it; the line may be None."""
    module = sys.modules.get(getattr(cls, "__module__", None) or "")
    file = getattr(module, "__file__", None)
    line = cls.__dict__.get("__firstlineno__")
    functions = [part.__code__ for part in cls.__dict__.values() if isinstance(part, types.FunctionType)]
    functions = [code for code in functions if code.co_qualname.startswith(cls.__qualname__)] \
        if sys.version_info >= (3, 11) else functions
    if functions and file is None:
        file = functions[0].co_filename
    return file, line


def describe(obj):
    """What an object is, and where it or its class is defined."""
    found = definition(obj)
    code = code_of(found)
    if code is not None:
        told = found
        file, line = code.co_filename, code.co_firstlineno
    else:
        told = found if isinstance(found, type) else type(found)
        file, line = class_place(told)
    kind = type(obj)
    return {
        "type": "%s.%s" % (kind.__module__, kind.__qualname__),
        "module": str(getattr(told, "__module__", None)),
        "qualname": str(getattr(told, "__qualname__", None)),
        "file": file,
        "line": line,
    }


def captures(obj):
    """The names, expressions and values that a function carries besides its code."""
    found = definition(obj)
    code = code_of(found)
    if code is None:
        return []
    out = []
    for at, (name, cell) in enumerate(zip(code.co_freevars, found.__closure__ or ())):
        try:
            out.append((name, "__closure__[%d].cell_contents" % at, cell.cell_contents))
        except ValueError:
            # The variable has no value yet.
            continue
    for at, value in enumerate(found.__defaults__ or ()):
        out.append((code.co_varnames[code.co_argcount - len(found.__defaults__) + at], "__defaults__[%d]" % at, value))
    for name, value in (found.__kwdefaults__ or {}).items():
        out.append((name, "__kwdefaults__[%r]" % name, value))
    return out


def judge(obj, error, slot="args"):
    """Rule, reason and advice for a bad part. `slot` says what the part travels in."""
    text = str(error)
    is_callable_slot = slot in ("callable", "self")
    if isinstance(obj, types.FunctionType):
        return of_function(obj, text)
    if isinstance(obj, type):
        if "<locals>" in obj.__qualname__:
            return ("SP107", "the class %s is made in a function and cannot be found by name" % obj.__qualname__,
                    "move the class to module level")
        return ("SP110", "the class calls itself %s, a name that is not bound to it" % obj.__qualname__,
                "give the class the name that it is bound to")
    name = type(obj).__name__
    if "through inheritance" in text:
        return ("SP205", "a %s of multiprocessing travels only when a process starts" % name,
                "hand it over by the arguments of the Process or by initargs")
    if isinstance(error, RecursionError):
        return ("SP201", "it is nested too deep", "send a flat form of it")
    rule = {"callable": "SP106", "self": "SP106", "process": "SP203", "result": "SP202", "exception": "SP204"}.get(slot, "SP201")
    what = HANDLES.get(name, "an object of %s.%s" % (type(obj).__module__, type(obj).__qualname__))
    if name == "generator" or name == "coroutine":
        advice = "send a list of its items" if name == "generator" else "await it first and send what it gives"
    elif is_callable_slot or slot == "process":
        advice = "leave it out in __getstate__, and make it anew in the worker"
    else:
        advice = "make it in the worker instead, or leave it out in __getstate__"
    return rule, "%s cannot be pickled: %s" % (what, text), advice


def of_function(obj, text):
    """The same for a function that its name does not lead to."""
    is_lambda = obj.__name__ == "<lambda>"
    if "not the same object" in text and not is_lambda and "<locals>" not in obj.__qualname__:
        return ("SP108", "the name %s is bound to something else, such as what a decorator made" % obj.__qualname__,
                "let the decorator use functools.wraps, and bind its result to the function's own name")
    kind = "lambda" if is_lambda else "local function"
    if "<locals>" not in obj.__qualname__:
        if is_lambda:
            return "SP104", "a lambda has no name that a worker could find", "write a def at module level"
        return "SP105", "the worker cannot find %s by its name" % obj.__qualname__, "define it at module level"
    if obj.__closure__:
        names = ", ".join(obj.__code__.co_freevars)
        return ("SP103", "the %s %s takes %s along and cannot be found by name" % (kind, obj.__qualname__, names),
                "move it to module level and bind what it captures by functools.partial")
    if is_lambda:
        return "SP101", "a lambda has no name that a worker could find", "write a def at module level"
    return "SP102", "the local function %s cannot be found by name" % obj.__qualname__, "move it to module level"
