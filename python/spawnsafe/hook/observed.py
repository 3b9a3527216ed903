"""The globals that a worker's function reads, as the parent and the child have them.

Both write what they see; whoever reads the trace compares. Only plain values are compared: of other
objects nothing but the type is told.
"""

import sys
import types

from . import reasons, record

PLAIN = (type(None), bool, int, float, complex, str, bytes)
#: Functions that a function calls are followed so far.
DEPTH = 4
MOST_NAMES = 64
MOST_ITEMS = 1000


def note(function, side):
    """Writes what `function` would read."""
    code = reasons.code_of(function)
    if code is None or not record.is_new(("globals", side, id(code)), code):
        return
    found = {}
    gather(reasons.definition(function), found, DEPTH, set())
    if found:
        record.write({"event": "globals", "where": side, "sent": [told(function)],
                      "values": {"%s:%s" % key: value for key, value in found.items()}})


def told(function):
    out = reasons.describe(function)
    out["file"] = record.absolute(out["file"])
    if out["module"] == "__mp_main__":
        out["module"] = "__main__"
    return out


def gather(function, found, depth, known):
    code = reasons.code_of(function)
    if code is None or id(code) in known or len(found) >= MOST_NAMES:
        return
    known.add(id(code))
    module = function.__module__
    module = "__main__" if module == "__mp_main__" else module
    for name in sorted(names_of(code)):
        if name not in function.__globals__:
            continue
        value = function.__globals__[name]
        if isinstance(value, types.FunctionType):
            if depth:
                gather(value, found, depth - 1, known)
        elif not isinstance(value, (types.ModuleType, type, types.BuiltinFunctionType)):
            found[module, name] = fingerprint(value)


def names_of(code):
    names = set(code.co_names)
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            names |= names_of(inner)
    return names


def fingerprint(value, depth=3):
    """A text that is the same for equal plain values; None where that cannot be told."""
    kind = type(value)
    if kind in PLAIN:
        text = repr(value)
        return text if len(text) < 200 else "%s of %d, %s" % (kind.__name__, len(text), digest(text))
    if depth and kind in (list, tuple, set, frozenset, dict) and len(value) <= MOST_ITEMS:
        items = value.items() if kind is dict else value
        parts = [fingerprint(item, depth - 1) for item in items]
        if None in parts:
            return "%s of %d" % (kind.__name__, len(value))
        if kind in (set, frozenset, dict):
            parts.sort()
        text = "%s(%s)" % (kind.__name__, ", ".join(parts))
        return text if len(text) < 200 else "%s of %d, %s" % (kind.__name__, len(value), digest(text))
    return None if depth < 3 else "object of %s" % kind.__qualname__


def digest(text):
    import hashlib

    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
