"""Where in the user's code something happens: frames outside the standard library."""

import itertools
import os
import sys

from . import record

LIBRARY = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
HOOK = os.path.dirname(os.path.abspath(__file__)) + os.sep

#: More callers than this are not told.
MOST_FRAMES = 8

_known = {}


def is_library(file):
    """Whether a file belongs to the standard library or to the hook."""
    known = _known.get(file)
    if known is None:
        inside = file[len(LIBRARY):] if file.startswith(LIBRARY) else None
        user = ("site-packages" + os.sep, "dist-packages" + os.sep, "test" + os.sep)
        known = file.startswith(("<frozen", HOOK)) or (inside is not None and not inside.startswith(user))
        known = known or file.endswith(os.path.join("multiprocessing", "spawn.py"))
        _known[file] = known
    return known


def is_generated(frame):
    """Whether a frame runs text that belongs to no module, such as a manager's proxy."""
    return frame.f_code.co_filename == "<string>" and "__name__" not in frame.f_globals


def caller(frame):
    """The nearest frame outside the library, and the name of the library's function that it calls."""
    entry = None
    while frame is not None:
        code = frame.f_code
        if not is_library(code.co_filename) and not is_generated(frame):
            return frame, entry
        if not code.co_filename.startswith(HOOK):
            entry = code.co_name
        frame = frame.f_back
    return None, entry


def place(frame):
    """File, line and function of a frame; columns where Python knows them."""
    code = frame.f_code
    out = {
        "file": record.absolute(code.co_filename),
        "line": frame.f_lineno,
        "function": getattr(code, "co_qualname", code.co_name),
    }
    if sys.version_info >= (3, 11):
        instruction = frame.f_lasti // 2
        for line, end_line, column, end_column in itertools.islice(code.co_positions(), instruction, instruction + 1):
            if line is not None:
                out.update(line=line, end_line=end_line, column=column, end_column=end_column)
    return out


def stack(frame):
    """The user's frames, innermost first."""
    found = []
    while frame is not None and len(found) < MOST_FRAMES:
        if not is_library(frame.f_code.co_filename) and not is_generated(frame):
            found.append(place(frame))
        frame = frame.f_back
    return found


def of_traceback(error):
    """The places of the user's code in a traceback, innermost first."""
    found = []
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        if not is_library(code.co_filename):
            found.append({"file": record.absolute(code.co_filename), "line": step.tb_lineno,
                          "function": getattr(code, "co_qualname", code.co_name)})
        step = step.tb_next
    found.reverse()
    return found[:MOST_FRAMES]
