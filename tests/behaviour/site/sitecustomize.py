"""Loaded by every interpreter that the behaviour test starts, children included.

HARNESS_START_METHOD changes the start method that a program gets when it asks for none, which is
what a new Python or another system does to it. A program that picks its own keeps it.

HARNESS_BY_VALUE=1 turns the program into its own oracle: every start method is fork, and callables
and classes that cannot be found by name travel by value, as they are at the moment of the call.
"""

import os

if os.environ.get("HARNESS_BY_VALUE"):
    import by_value

    by_value.install()
elif os.environ.get("HARNESS_START_METHOD"):
    import multiprocessing

    _wanted = multiprocessing.get_context(os.environ["HARNESS_START_METHOD"])
    multiprocessing.context._default_context._default_context = _wanted
