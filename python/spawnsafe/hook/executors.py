"""ProcessPoolExecutor: where tasks are submitted, and why the feeder could not send one."""

import sys

from . import children, dispatches, observed, pickling, record, start_method


def install(process):
    executor = process.ProcessPoolExecutor
    record.wrap(executor, "__init__", after=made)
    record.wrap(executor, "submit", before=submitting, after=submitted)
    record.wrap(process._WorkItem, "__init__", after=remember)
    record.wrap(process._SafeQueue, "_on_queue_feeder_error", before=not_fed)
    record.wrap(process._ExceptionWithTraceback, "__init__", before=raised)


def made(args, kwargs):
    """What will start the workers is known here, although the first task starts them."""
    self = args[0]
    context = kwargs.get("mp_context", args[2] if len(args) > 2 else None)
    initializer = getattr(self, "_initializer", None)
    method, explicit = start_method.of_context(getattr(self, "_mp_context", None) if context is not None else None, None)
    method = self._mp_context.get_start_method() if hasattr(self, "_mp_context") else method
    sent = [("initializer", initializer)] if initializer is not None else []
    self._spawnsafe_made = dispatches.seen(
        "concurrent.futures.ProcessPoolExecutor", "ProcessPoolExecutor", sent, method, explicit, pickling.PROCESS)


def submitting(args, kwargs):
    self = args[0]
    function = args[1] if len(args) > 1 else kwargs.get("fn")
    mapped = unwrapped(function)
    method = self._mp_context.get_start_method()
    made = self._spawnsafe_made
    name = "submit" if mapped is function else "map"
    site = dispatches.seen("concurrent.futures.ProcessPoolExecutor", name, [("fn", mapped)], method, made.explicit,
                           pickling.TASK, made=made.at)
    record.local.site = site
    # The first task starts the workers.
    record.local.making = made
    if method == "fork" and not made.explicit:
        dispatches.try_name(site, "fn", mapped)
    elif method != "fork":
        observed.note(mapped, "parent")


def submitted(args, kwargs):
    record.local.site = record.local.making = None


def unwrapped(function):
    """The function of `executor.map`, which is sent as a partial of the library's."""
    inner = getattr(function, "func", None)
    if getattr(inner, "__name__", "") == "_process_chunk" and inner.__module__ == "concurrent.futures.process":
        return function.args[0]
    return function


def remember(args, kwargs):
    site = getattr(record.local, "site", None)
    if site is not None:
        args[0]._spawnsafe_site = site


def not_fed(args, kwargs):
    queue, error, item = args[:3]
    if not hasattr(item, "work_id"):
        return
    work = queue.pending_work_items.get(item.work_id)
    site = getattr(work, "_spawnsafe_site", None)
    if site is None:
        return
    function = unwrapped(item.fn)
    if function is item.fn:
        parts = [("fn", function), ("args", item.args), ("kwargs", item.kwargs)]
    else:
        parts = [("fn", function), ("chunk", item.args[0] if item.args else ())]
    dispatches.failed(site, parts, error, pickling.TASK)


def raised(args, kwargs):
    children.raised(args[1])
