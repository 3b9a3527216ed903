"""What happens in children: names that are not found, bootstrapping errors, what is gone, what differs."""

import re
import sys

from . import dispatches, observed, places, reasons, record

MISSING = re.compile(r"Can't get attribute '([^']+)' on <module '([^']+)'|module '([^']+)' has no attribute '([^']+)'")


def install(spawn):
    record.wrap(spawn, "_main", before=spawned, failed=not_started)
    record.wrap(spawn, "_check_not_importing_main", failed=bootstrapping)


def spawned(args, kwargs):
    """This process is no copy of its parent."""
    record.state.spawned = True


def is_worker():
    """Whether this process was started by multiprocessing."""
    process = sys.modules.get("multiprocessing.process")
    return process is not None and getattr(process, "_parent_process", None) is not None


def where():
    return "child" if is_worker() else "parent"


def bootstrapping(args, kwargs, error):
    """A child starts processes while it imports the main module."""
    frame, entry = places.caller(sys._getframe(2))
    if frame is None or not record.is_new(("bootstrap", id(frame.f_code), frame.f_lasti), frame.f_code):
        return
    record.write({"event": "child", "kind": "bootstrap", "where": "child", "at": places.place(frame),
                  "stack": places.stack(frame), "error": type(error).__name__ + ": bootstrapping phase",
                  "rule": "SP301"})


def not_started(args, kwargs, error):
    """A child ended before it ran anything of the user's."""
    if "bootstrapping phase" in str(error):
        return
    tell("child", error)


def not_loaded(data, error):
    """What came through a pipe could not be unpickled."""
    tell(where(), error, data)


def tell(side, error, data=None):
    found = {"event": "child" if side == "child" else "load", "where": side, "error": dispatches.error_text(error),
             "stack": places.of_traceback(error)}
    found["at"] = found["stack"][0] if found["stack"] else None
    missing = MISSING.search(str(error))
    if missing:
        module = missing.group(2) or missing.group(3)
        main = sys.modules.get(module)
        found.update(kind="name", rule="SP105", name=missing.group(1) or missing.group(4), module=module,
                     module_file=record.absolute(getattr(main, "__file__", None)))
    elif isinstance(error, FileNotFoundError):
        found.update(kind="gone", rule="SP206")
    else:
        found.update(kind="load")
        culprit = exception_class(data) if data is not None else None
        if culprit is not None:
            found.update(rule="SP204", sent=[with_place(culprit)])
    key = ("load", side, found["error"], found.get("name"))
    if record.is_new(key):
        record.write(found)


def with_place(cls):
    out = reasons.describe(cls)
    out["file"] = record.absolute(out["file"])
    out["slot"] = "exception"
    if out["line"] is None:
        import inspect

        try:
            out["line"] = inspect.getsourcelines(cls)[1]
        except (OSError, TypeError):
            pass
    return out


def exception_class(data):
    """The last exception class that a pickle names: the one whose making failed."""
    import pickletools

    strings, memo, found = [], {}, None
    try:
        for opcode, argument, _ in pickletools.genops(data):
            if "UNICODE" in opcode.name:
                strings.append(argument)
            elif opcode.name == "MEMOIZE":
                memo[len(memo)] = strings[-1] if strings else None
            elif opcode.name.endswith("BINGET") and memo.get(argument) is not None:
                strings.append(memo[argument])
            elif opcode.name == "STACK_GLOBAL" and len(strings) > 1:
                named = sys.modules.get(strings[-2])
                for part in strings[-1].split("."):
                    named = getattr(named, part, None)
                if isinstance(named, type) and issubclass(named, BaseException) and named.__module__ != "builtins":
                    found = named
    except Exception:
        return found
    return found


def watch(process):
    """Tells of an exception that ends a child. The wrapper is gone when the user's `run` looks at itself."""
    run = process.run

    def watched():
        process.__dict__.pop("run", None)
        try:
            return run()
        except Exception as error:
            record.safely(raised)(error)
            raise

    if "run" not in process.__dict__:
        process.__dict__["run"] = watched


def raised(error):
    """A worker raised: names that only the parent has are of interest, and primitives that are gone."""
    found = places.of_traceback(error)
    name = None
    if isinstance(error, NameError):
        match = re.search(r"'([^']+)'", str(error))
        name = match.group(1) if match else None
        kind, rule = "name", "SP401"
    elif isinstance(error, FileNotFoundError) and any_frame(error, "multiprocessing"):
        kind, rule = "gone", "SP206"
    else:
        return
    at = found[0] if found else None
    if record.is_new(("raised", kind, name, str(at))):
        record.write({"event": "child", "where": "child", "kind": kind, "rule": rule, "name": name, "at": at,
                      "stack": found, "error": dispatches.error_text(error)})


def any_frame(error, module):
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_globals.get("__name__", "").startswith(module + ".synchronize"):
            return True
        step = step.tb_next
    return False


def took(obj):
    """A worker has a task in hand."""
    if not record.state.spawned:
        return
    kind = type(obj)
    if kind.__name__ == "_CallItem":
        function = obj.fn
        if getattr(getattr(function, "func", None), "__name__", "") == "_process_chunk":
            function = function.args[0]
        compare_globals(function)
    elif kind is tuple and len(obj) == 5 and callable(obj[2]) and isinstance(obj[3], tuple):
        function = obj[2]
        if getattr(function, "__module__", "") == "multiprocessing.pool" and obj[3]:
            function = obj[3][0][0] if isinstance(obj[3][0], tuple) else function
        compare_globals(function)


def compare_globals(function):
    """Notes the globals that a worker's function reads, for the parent's to be compared with."""
    observed.note(function, "child")
