"""multiprocessing.Pool: where tasks are given, and why the task handler could not send one."""

import sys

from . import children, dispatches, observed, pickling, record, start_method


def install(pool):
    Pool = pool.Pool
    record.wrap(Pool, "__init__", before=making, after=made)
    for name in ("apply_async", "_map_async", "imap", "imap_unordered"):
        record.wrap(Pool, name, before=given(name, pool.ThreadPool), after=forget)
    for result in (pool.ApplyResult, pool.IMapIterator):
        record.wrap(result, "__init__", after=remember)
    handle = Pool.__dict__["_handle_tasks"].__func__

    def _handle_tasks(taskqueue, put, outqueue, pool, cache, *rest):
        def watched(task):
            try:
                put(task)
            except Exception as error:
                record.safely(not_put)(task, error, cache)
                raise

        return handle(taskqueue, watched, outqueue, pool, cache, *rest)

    Pool._handle_tasks = staticmethod(_handle_tasks)
    record.wrap(pool.ExceptionWithTraceback, "__init__", before=raised)


def making(args, kwargs):
    self = args[0]
    if hasattr(type(self), "_wrap_exception") and "ThreadPool" in [base.__name__ for base in type(self).__mro__]:
        return
    context = kwargs.get("context", args[5] if len(args) > 5 else None)
    initializer = kwargs.get("initializer", args[2] if len(args) > 2 else None)
    method, explicit = start_method.of_context(context, sys._getframe(2))
    sent = [("initializer", initializer)] if initializer is not None else []
    record.local.making = dispatches.seen("multiprocessing.Pool", "Pool", sent, method, explicit, pickling.PROCESS)


def made(args, kwargs):
    record.local.making = None


def given(name, threads):
    def before(args, kwargs):
        self = args[0]
        if isinstance(self, threads):
            return
        function = kwargs.get("func", args[1] if len(args) > 1 else None)
        method = self._ctx.get_start_method()
        record.local.site = dispatches.seen("multiprocessing.Pool", name, [("func", function)], method, False, pickling.TASK)
        if method == "fork":
            dispatches.try_name(record.local.site, "func", function)
        else:
            observed.note(function, "parent")

    return before


def forget(args, kwargs):
    record.local.site = None


def remember(args, kwargs):
    """A result knows where its task was given."""
    site = getattr(record.local, "site", None)
    if site is not None:
        args[0]._spawnsafe_site = site


def not_put(task, error, cache):
    result = cache.get(task[0])
    site = getattr(result, "_spawnsafe_site", None)
    if site is None:
        return
    _, _, function, args, kwds = task
    name = getattr(function, "__name__", "")
    if getattr(function, "__module__", None) == "multiprocessing.pool" and name in ("mapstar", "starmapstar"):
        (function, chunk), = args
        parts = [("func", function), ("chunk", chunk)]
    else:
        parts = [("func", function), ("args", args), ("kwds", kwds)]
    dispatches.failed(site, parts, error, pickling.TASK)


def raised(args, kwargs):
    children.raised(args[1])
