"""spawnsafe makes Python code safe for the spawn and forkserver start methods.

The tool is a program, not a library: run ``spawnsafe`` or ``python -m spawnsafe``.
"""
