"""Loads the hook into each interpreter of a traced run, then the sitecustomize that it hides.

This folder stands first on PYTHONPATH for that one run. Written for any Python: one that is older
than the hook runs untraced.
"""

import os
import sys


def _chain():
    """Runs the sitecustomize that would have been found without this one."""
    from importlib._bootstrap import module_from_spec

    found = (finder.find_spec("sitecustomize", None) for finder in sys.meta_path if hasattr(finder, "find_spec"))
    spec = next((spec for spec in found if spec is not None and spec.loader is not None), None)
    if spec is None:
        return
    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


def _keep_bytecode(folder):
    """Keeps the hook's own bytecode in its folder for the other interpreters of the run, also where Python is told to
    keep none: compiling the hook in each child takes a third of the time that starting a child does."""
    from importlib._bootstrap_external import FileFinder, SourceFileLoader

    class Loader(SourceFileLoader):
        def get_code(self, name):
            told, sys.dont_write_bytecode = sys.dont_write_bytecode, False
            try:
                return super().get_code(name)
            finally:
                sys.dont_write_bytecode = told

    sys.path_importer_cache[folder] = FileFinder(folder, (Loader, [".py"]))


def _install(folder):
    # Made by hand, so that neither the folder nor the package of that name is on the path.
    package = type(sys)("_spawnsafe_hook")
    package.__path__ = [os.path.dirname(folder)]
    if sys.dont_write_bytecode and sys.pycache_prefix is None:
        _keep_bytecode(os.path.dirname(folder))
    sys.modules["_spawnsafe_hook"] = package
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
    _chain()
