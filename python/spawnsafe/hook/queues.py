"""Queues and connections: where something was put, and why it or a worker's result did not cross."""

import collections
import sys

from . import dispatches, pickling, places, record

#: Items that wait for their feeder; older ones are forgotten.
MOST_WAITING = 4096


def install(module):
    if module.__name__ == "multiprocessing.queues":
        record.wrap(module.Queue, "put", before=putting)
        record.wrap(module.Queue, "_on_queue_feeder_error", before=not_fed)
        record.wrap(module.SimpleQueue, "put", failed=not_put)
    else:
        record.wrap(module._ConnectionBase, "send", failed=not_sent)


waiting = collections.OrderedDict()


def putting(args, kwargs):
    """Where an item was put: the feeder that fails to pickle it has no caller."""
    obj = kwargs.get("obj", args[1] if len(args) > 1 else None)
    frame, entry = places.caller(sys._getframe(2))
    if frame is None or entry not in (None, "put", "put_nowait"):
        return
    waiting[id(obj)] = (frame.f_code, frame.f_lasti, frame.f_lineno)
    if len(waiting) > MOST_WAITING:
        waiting.popitem(last=False)


def not_fed(args, kwargs):
    error, obj = args[-2:]
    code, _, line = waiting.pop(id(obj), (None, None, None))
    site = None
    if code is not None:
        at = {"file": record.absolute(code.co_filename), "line": line,
              "function": getattr(code, "co_qualname", code.co_name)}
        site = dispatches.Site(None, at, "multiprocessing.Queue.put", False)
    dispatches.failed(site, [("obj", obj)], error, pickling.TASK)


def not_put(args, kwargs, error):
    """A SimpleQueue: the user's own, or the one by which a worker answers."""
    obj = args[1] if len(args) > 1 else kwargs.get("obj")
    frame = sys._getframe(3)
    while frame is not None and frame.f_code.co_filename.startswith(places.HOOK):
        frame = frame.f_back
    name = frame.f_code.co_name if frame is not None else ""
    if name in ("worker", "_sendback_result", "_process_worker"):
        return no_answer(frame, obj, error)
    user, _ = places.caller(frame)
    if user is not None:
        sent(user, "multiprocessing.SimpleQueue.put", obj, error)


def no_answer(frame, obj, error):
    """What a worker returned or raised cannot go back."""
    function = None
    while frame is not None:
        if frame.f_code.co_name == "worker":
            function = frame.f_locals.get("func")
            task = frame.f_locals.get("args")
            if getattr(function, "__module__", "") == "multiprocessing.pool" and task:
                function = task[0][0]
            break
        if frame.f_code.co_name == "_process_worker":
            function = frame.f_locals["call_item"].fn
            if hasattr(function, "func") and getattr(function.func, "__name__", "") == "_process_chunk":
                function = function.args[0]
            break
        frame = frame.f_back
    worker = dispatches.told("worker", function)
    at = {"file": worker["file"], "line": worker["line"], "function": worker["qualname"]}
    site = dispatches.Site(None, at, "result", False)
    if isinstance(obj, tuple):
        ok, value = obj[2]
    else:
        ok, value = getattr(obj, "exception", None) is None, getattr(obj, "result", None)
        value = value if ok else obj.exception
    if not ok:
        value = getattr(value, "exc", value)
    dispatches.failed(site, [("result" if ok else "exception", value)], error, pickling.TASK, where="child")


def not_sent(args, kwargs, error):
    if isinstance(error, OSError):
        return
    obj = args[1] if len(args) > 1 else kwargs.get("obj")
    user, entry = places.caller(sys._getframe(3))
    if user is None or entry in ("_handle_tasks",):
        return
    frame = sys._getframe(3)
    while frame is not user:
        if frame.f_code.co_name == "_callmethod":
            return sent(user, "multiprocessing.managers.BaseProxy", obj, error)
        frame = frame.f_back
    sent(user, "multiprocessing.Connection." + (entry or "send"), obj, error)


def sent(user, api, obj, error):
    site = dispatches.Site(None, places.place(user), api, False)
    dispatches.failed(site, [("obj", obj)], error, pickling.TASK)
