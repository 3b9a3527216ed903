"""Loaded by every interpreter that the behaviour test starts, children included.

HARNESS_START_METHOD changes the start method that a program gets when it asks for none, which is
what a new Python or another system does to it. A program that picks its own keeps it.

HARNESS_BY_VALUE=1 turns the program into its own oracle: every start method is fork, and callables
and classes that cannot be found by name travel by value, as they are at the moment of the call.

HARNESS_LATE=parent|odd|even lets one side print late: the first process, or the children with an odd
or even process id. A fixture whose output then differs races, and will fail on a busy machine some day.
"""

import io
import os
import sys
import time

# One write for each line: `print` writes text and line end apart, so lines of two processes could mix.
sys.stdout.reconfigure(line_buffering=True, write_through=False)

LATE_SECONDS = 0.25


class _Late(io.TextIOWrapper):
    """Standard output of a process that is slow to say anything."""

    def write(self, text):
        if _is_late(os.environ["HARNESS_LATE"]):
            time.sleep(LATE_SECONDS)
        return super().write(text)


def _is_late(who):
    from multiprocessing import parent_process  # only now: importing it first would change what fixtures show

    if parent_process() is None:
        return who == "parent"
    return who == ("odd" if os.getpid() % 2 else "even")


if os.environ.get("HARNESS_LATE"):
    sys.stdout = _Late(sys.stdout.detach(), encoding="utf-8", line_buffering=True)

if os.environ.get("HARNESS_BY_VALUE"):
    import by_value

    by_value.install()
elif os.environ.get("HARNESS_START_METHOD"):
    import multiprocessing

    _wanted = multiprocessing.get_context(os.environ["HARNESS_START_METHOD"])
    multiprocessing.context._default_context._default_context = _wanted
