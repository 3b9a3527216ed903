"""The default start method: what it is, who chose it, and another one where the run asks for that."""

import os
import sys

from . import record


def install(context):
    wanted = os.environ.get("SPAWNSAFE_START_METHOD")
    if wanted in getattr(context, "_concrete_contexts", {}):
        # As if CPython had this default: a program that chooses for itself still does.
        context._default_context._default_context = context._concrete_contexts[wanted]
    if record.is_on():
        record.wrap(context.DefaultContext, "set_start_method", before=chosen)


def chosen(args, kwargs):
    record.state.chosen = True


def default():
    """The start method in force, without fixing it."""
    context = sys.modules["multiprocessing.context"]._default_context
    actual = context._actual_context or context._default_context
    return actual.get_start_method()


def of_process(process):
    """Start method of a Process, and whether the program asked for it by name."""
    method = getattr(type(process), "_start_method", None)
    if method is None:
        return default(), record.state.chosen
    making = getattr(record.local, "making", None)
    return method, making.explicit if making is not None else True


def of_context(context, frame):
    """The same for a context that a pool, an executor or a manager was given.

    `multiprocessing.Pool()` hands its pool the same context as `get_context("fork").Pool()`; who
    called the factory tells them apart.
    """
    chosen = record.state.chosen
    if context is None:
        return default(), chosen
    module = sys.modules["multiprocessing.context"]
    while frame is not None and frame.f_globals.get("__name__", "").startswith(("multiprocessing", "_spawnsafe")):
        owner = frame.f_locals.get("self")
        if isinstance(owner, module.DefaultContext):
            return context.get_start_method(), chosen
        frame = frame.f_back
    return context.get_start_method(), True
