"""Runs the spawnsafe program that was installed with this package."""

import os
import sys
import sysconfig

NAME = "spawnsafe" + (sysconfig.get_config_var("EXE") or "")


def folders():
    """The folders where an installer may have put the program, most likely first."""
    yield sysconfig.get_path("scripts")
    # pip install --user
    scheme = sysconfig.get_preferred_scheme("user") if sys.version_info >= (3, 10) else os.name + "_user"
    if scheme in sysconfig.get_scheme_names():
        yield sysconfig.get_path("scripts", scheme=scheme)
    # pip install --target, and the overlay in which pip builds other packages: the program lies
    # beside the package, in `bin` or `Scripts`.
    beside = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for folder in (beside, os.path.join(beside, os.pardir, os.pardir, os.pardir)):
        yield os.path.join(folder, "Scripts" if os.name == "nt" else "bin")


def find():
    """The path of the program."""
    tried = []
    for folder in folders():
        path = os.path.join(folder, NAME)
        if os.path.isfile(path):
            return path
        tried.append(folder)
    sys.exit("error: the program %s is in none of %s; install the package again" % (NAME, ", ".join(tried)))


def main():
    program = find()
    arguments = [program, *sys.argv[1:]]
    if os.name == "nt":
        import subprocess

        # Windows has no exec: a new process would outlive this one and lose the console.
        sys.exit(subprocess.call(arguments))
    os.execv(program, arguments)


if __name__ == "__main__":
    main()
