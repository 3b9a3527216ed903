"""Process.start: what travels with a process, and what happens in the child."""

import collections
import sys

from . import children, dispatches, observed, pickling, places, record, start_method

#: Processes that are made and not started; older ones are forgotten.
MOST_WAITING = 4096

made = collections.OrderedDict()


def install(process):
    record.wrap(process.BaseProcess, "__init__", before=making)
    record.wrap(process.BaseProcess, "start", before=starting, after=started)
    record.wrap(process.BaseProcess, "_bootstrap", before=in_child)


def making(args, kwargs):
    """Remembers where a process object is made, without putting anything into it."""
    frame, _ = places.caller(sys._getframe(2))
    while frame is not None and frame.f_code.co_name == "__init__" and frame.f_locals.get("self") is args[0]:
        # A subclass' own `__init__` is not where the object is made.
        frame, _ = places.caller(frame.f_back)
    if frame is not None:
        made[id(args[0])] = places.place(frame), (id(frame.f_code), frame.f_lasti), frame.f_code
        if len(made) > MOST_WAITING:
            made.popitem(last=False)


def starting(args, kwargs):
    process = args[0]
    method, explicit = start_method.of_process(process)
    owner, slots, parts = payload(process)
    making = getattr(record.local, "making", None)
    if owner != "Process":
        # A worker of a pool, an executor or a manager, seen where its owner was made. Those that
        # replace it are the same once more.
        site = making
        if site is None or not record.is_new(("worker", id(site)), site):
            return
    else:
        name = "multiprocessing.Process" if is_plain(type(process)) else "Process subclass"
        place, key, _ = made.pop(id(process), (None, None, None))
        site = dispatches.seen(name, "start", slots, method, explicit, pickling.PROCESS, made=place, more=key)
    record.local.starting = (site, parts)
    if method != "fork":
        for _, function in slots:
            observed.note(function, "parent")
    if method == "fork" and not explicit and record.state.as_method != "fork":
        dispatches.try_parts(site, parts)


def started(args, kwargs):
    record.local.starting = None


def is_plain(cls):
    return cls.__module__.startswith("multiprocessing.")


def payload(process):
    """Who starts the process, the callables that it carries, and all that would be pickled."""
    target = getattr(process, "_target", None)
    args = getattr(process, "_args", ())
    module = getattr(target, "__module__", None)
    name = getattr(target, "__name__", None)
    if (module, name) in (("multiprocessing.pool", "worker"), ("concurrent.futures.process", "_process_worker")):
        return "pool", [("initializer", args[2])], [("initializer", args[2]), ("initargs", args[3])]
    if module == "multiprocessing.managers" and name == "_run_server":
        return "manager", [], [("registry", args[0]), ("initializer", args[5]), ("initargs", args[6])]
    if is_plain(type(process)):
        parts = [("target", target), ("args", args), ("kwargs", getattr(process, "_kwargs", {}))]
        return "Process", [("target", target)], parts
    run = type(process).run
    if target is not None and getattr(run, "__module__", "") == "multiprocessing.process":
        return "Process", [("target", target)], [("self", process)]
    return "Process", [("run", run)], [("self", process)]


def in_child(args, kwargs):
    """Runs in the new process, ahead of what the user wrote."""
    children.watch(args[0])
    # What the parent had in hand when it forked is not this process' own.
    record.local.starting = record.local.making = None
    if record.state.spawned:
        children.compare_globals(getattr(args[0], "_target", None) or type(args[0]).run)

