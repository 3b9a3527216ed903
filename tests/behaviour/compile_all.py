"""Compiles the files named on standard input (one a line); prints those that do not compile."""

import sys
import warnings

warnings.simplefilter("ignore")
for path in sys.stdin.read().splitlines():
    try:
        with open(path, "rb") as file:
            compile(file.read(), path, "exec")
    except (SyntaxError, ValueError) as error:
        print(f"{path}: {error}")
