"""Managers: what their server process is started with."""

import sys

from . import dispatches, pickling, record, start_method


def install(managers):
    record.wrap(managers.BaseManager, "__init__", before=making)
    record.wrap(managers.BaseManager, "start", before=starting, after=started)


def making(args, kwargs):
    context = kwargs.get("ctx", args[4] if len(args) > 4 else None)
    # Later the manager has a context either way.
    args[0]._spawnsafe_explicit = start_method.of_context(context, sys._getframe(2))[1]


def starting(args, kwargs):
    self = args[0]
    initializer = kwargs.get("initializer", args[1] if len(args) > 1 else None)
    method, explicit = self._ctx.get_start_method(), getattr(self, "_spawnsafe_explicit", True)
    sent = [("initializer", initializer)] if initializer is not None else []
    sent += [("callable", entry[0]) for entry in self._registry.values() if is_own(entry[0])]
    record.local.making = dispatches.seen("multiprocessing.Manager", "start", sent, method, explicit, pickling.PROCESS)


def is_own(registered):
    """Whether the program registered this, and not the standard library."""
    module = str(getattr(registered, "__module__", "") or "")
    return registered is not None and module.split(".")[0] not in ("multiprocessing", "threading", "_thread", "queue", "_queue", "builtins")


def started(args, kwargs):
    record.local.making = None
