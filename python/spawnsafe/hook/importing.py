"""Puts the hook's wrappers into modules when, and only when, the program imports them."""

import os
import sys

#: Modules to change, and the modules of the hook that do it.
TARGETS = {
    "multiprocessing.context": ("start_method",),
    "multiprocessing.process": ("processes",),
    "multiprocessing.reduction": ("transport",),
    "multiprocessing.spawn": ("children",),
    "multiprocessing.pool": ("pools",),
    "multiprocessing.queues": ("queues",),
    "multiprocessing.connection": ("queues",),
    "multiprocessing.managers": ("managers",),
    "concurrent.futures.process": ("executors",),
}


#: The folder that the program was started in; the script is named from there.
start = []


class Finder:
    """Stands first among the finders, and finds only what is to be changed after it was loaded."""

    def __init__(self):
        self.busy = set()

    def find_spec(self, name, path=None, target=None):
        if name not in TARGETS or name in self.busy:
            return None
        self.busy.add(name)
        try:
            spec = next(filter(None, (finder.find_spec(name, path, target) for finder in others(self))), None)
        except Exception:
            return None
        finally:
            self.busy.discard(name)
        if spec is None or spec.loader is None or not hasattr(spec.loader, "exec_module"):
            return None
        change_after(spec.loader, name)
        return spec


def others(own):
    """The finders that can say where a module is."""
    return [finder for finder in sys.meta_path if finder is not own and hasattr(finder, "find_spec")]


def change_after(loader, name):
    """Makes `loader` change the module that it runs. The loader serves this one module only."""
    run = loader.exec_module

    def exec_module(module):
        loader.__dict__.pop("exec_module", None)
        run(module)
        change(name, module)

    loader.exec_module = exec_module


def change(name, module):
    try:
        from . import record
    except ImportError:
        # The run is over and the hook's folder gone: this process outlives it.
        return
    record.begin(os.environ, start[0])
    if name != "multiprocessing.context" and not record.is_on():
        return
    for part in TARGETS[name]:
        try:
            wrapper = __import__(__package__ + "." + part, fromlist=["install"])
            wrapper.install(module)
        except Exception:
            record.fault()


def install():
    """Starts the hook in this interpreter."""
    try:
        start.append(os.getcwd())
    except OSError:
        start.append("")
    for name in TARGETS:
        # What is imported so early was imported by a .pth file.
        if name in sys.modules:
            change(name, sys.modules[name])
    sys.meta_path.insert(0, Finder())
