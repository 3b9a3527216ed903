"""Prints what the symtable module says about Python files, one JSON document a line.

The first line describes the interpreter. Files come from its standard library, and from the folders that are
named as arguments. A scope is [type, name, line, {symbol: bits}, children]; bits number FLAGS. Works with Python 3.8 and newer.
"""

import json
import os
import re
import sys
import symtable
import sysconfig
import warnings

import _symtable

FLAGS = (
    "parameter", "local", "free", "cell", "global", "declared_global", "nonlocal", "imported", "assigned",
    "annotated", "referenced",
)
# What Python 3.12 called them.
TYPES = {"TypeVar bound": "type variable", "type parameter": "type parameters"}
known = {}


def bits(table, name):
    raw = table._table.symbols[name]
    key = (raw, table.get_name() == "top")
    if key not in known:
        symbol = table.lookup(name)
        is_cell = (raw >> getattr(_symtable, "SCOPE_OFF")) & _symtable.SCOPE_MASK == _symtable.CELL
        known[key] = sum(1 << n for n, flag in enumerate(FLAGS) if (is_cell if flag == "cell" else getattr(symbol, "is_" + flag)()))
    return known[key]


def describe(table):
    kind = str(table.get_type())
    symbols = {name: bits(table, name) for name in table.get_identifiers()}
    return [TYPES.get(kind, kind), table.get_name(), table.get_lineno(), symbols, [describe(child) for child in table.get_children()]]


def files(folder):
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in ("site-packages", "__pycache__"))
        for name in sorted(names):
            # A system may carry links to files that are not installed.
            if name.endswith(".py") and os.path.isfile(os.path.join(where, name)):
                yield os.path.join(where, name)


def report(path, root):
    line = {"path": path, "name": os.path.relpath(path, root)}
    try:
        with open(path, "rb") as file:
            source = file.read()
        line["scope"] = describe(symtable.symtable(source, path, "exec"))
    except (SyntaxError, ValueError, RecursionError, OverflowError, MemoryError) as error:
        line["refused"] = "%s: %s" % (type(error).__name__, error)
    print(json.dumps(line))


def main():
    warnings.simplefilter("ignore")
    # Some files of the test suites nest deeply.
    sys.setrecursionlimit(10000)
    sys.stdout.reconfigure(encoding="utf-8")
    print(json.dumps({"version": list(sys.version_info[:2])}))
    for root in [sysconfig.get_path("stdlib"), *sys.argv[1:]]:
        for path in files(root):
            # The number at the end of a case's name is the release from which on it holds.
            since = re.search(r"cases.*_(\d+)\.py$", path)
            if not since or sys.version_info >= (3, int(since.group(1))):
                report(path, root)


main()
