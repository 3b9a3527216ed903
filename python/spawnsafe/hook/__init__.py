"""The hook of ``spawnsafe trace``: records what a program sends to processes and what fails.

It stands alone, on the standard library only: a traced run loads this folder under a name of its
own from ``site/sitecustomize.py``. Nothing here may change what the program does, and a fault of
the hook's own is told once on standard error and never raised.
"""
