"""spawnsafe makes Python code safe for the spawn and forkserver start methods.

The tool is a program: run ``spawnsafe`` or ``python -m spawnsafe``. Tests and the prompt may ask
``find_unpicklable(obj)``, ``is_picklable(obj)`` and ``assert_picklable(obj)``.
"""

__all__ = ["Unpicklable", "assert_picklable", "find_unpicklable", "is_picklable"]


def __getattr__(name):
    # Running the program shall not wait for what it does not need.
    if name in __all__:
        from . import picklable

        return getattr(picklable, name)
    raise AttributeError("module %r has no attribute %r" % (__name__, name))
