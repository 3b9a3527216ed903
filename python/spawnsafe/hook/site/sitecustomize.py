"""Loads the hook into each interpreter of a traced run, then the sitecustomize that it hides.

This folder stands first on PYTHONPATH for that one run. Written for any Python: one that is older
than the hook runs untraced.
"""

import os
import sys


def _chain(folder):
    """Runs the sitecustomize that would have been found without this one."""
    import importlib.machinery
    import importlib.util

    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


def _install(folder):
    import importlib.util

    path = os.path.join(os.path.dirname(folder), "__init__.py")
    spec = importlib.util.spec_from_file_location(
        "_spawnsafe_hook", path, submodule_search_locations=[os.path.dirname(path)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["_spawnsafe_hook"] = module
    spec.loader.exec_module(module)
    from _spawnsafe_hook import importing

    importing.install()


_folder = os.path.dirname(os.path.abspath(__file__))
# The program shall see the path that it sees without the hook; children find it in the environment.
sys.path[:] = [_entry for _entry in sys.path if os.path.abspath(_entry or ".") != _folder or not _entry]
if sys.version_info >= (3, 8) and os.environ.get("SPAWNSAFE_TRACE", "") + os.environ.get("SPAWNSAFE_START_METHOD", ""):
    try:
        _install(_folder)
    except Exception:
        sys.stderr.write("spawnsafe: the hook could not be loaded: %s\n" % (sys.exc_info()[1],))
if sys.version_info >= (3, 4):
    _chain(_folder)
