"""What goes through the pipes: pickling that fails in the parent, unpickling that fails anywhere."""

import pickle

from . import children, dispatches, pickling, record


def install(reduction):
    record.wrap(reduction, "dump", failed=not_dumped)
    forking = reduction.ForkingPickler
    original = forking.loads

    def loads(data, *args, **kwargs):
        try:
            obj = original(data, *args, **kwargs)
        except Exception as error:
            record.safely(children.not_loaded)(bytes(data), error)
            raise
        if children.is_worker():
            record.safely(children.took)(obj)
        return obj

    loads.__doc__ = pickle.loads.__doc__
    forking.loads = staticmethod(loads)


def not_dumped(args, kwargs, error):
    """A process could not be started."""
    starting = getattr(record.local, "starting", None)
    if starting is not None:
        site, parts = starting
        dispatches.failed(site, parts, error, pickling.PROCESS)
