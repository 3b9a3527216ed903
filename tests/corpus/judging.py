"""What may not happen to one file that was rewritten: it compiles, its names are bound, its bytes outside the edits stay."""

import builtins
import codecs
import io
import re
import symtable
import tokenize
import warnings

NEWLINE = re.compile(rb"\r\n|\r|\n")
# Bound by Python itself in every module.
GIVEN = {"__file__", "__name__", "__doc__", "__builtins__", "__path__", "__spec__", "__loader__", "__package__", "__annotations__"}
GIVEN |= {"__class__", "__dict__", "__module__", "__qualname__", "__debug__", "__cached__", "__conditional_annotations__"}


def compiles(data, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(data, path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
            return f"{type(error).__name__}: {error}"
    return ""


def text_of(data):
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding)


def unbound(data, path):
    """Global names that are read and bound nowhere in the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        top = symtable.symtable(text_of(data), path, "exec")
    bound = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    read, tables = set(), [top]
    while tables:
        table = tables.pop()
        tables.extend(table.get_children())
        for symbol in table.get_symbols():
            if symbol.is_global() or table is top:
                if symbol.is_assigned() or symbol.is_imported():
                    bound.add(symbol.get_name())
                if symbol.is_referenced():
                    read.add(symbol.get_name())
    return read - bound - set(dir(builtins)) - GIVEN


def edited(text, edits):
    """The text after the edits; None if they meet, as those of several passes may."""
    starts = [0]
    # Lines end where Python ends them: not at form feeds and other separators.
    for found in re.finditer(r"\r\n|\r|\n", text):
        starts.append(found.end())
    placed = []
    for (line, column, end_line, end_column), content in edits:
        if max(line, end_line) > len(starts):
            return None
        placed.append((starts[line - 1] + column - 1, starts[end_line - 1] + end_column - 1, content))
    parts, last = [], 0
    for start, end, content in sorted(placed):
        if start < last:
            return None
        parts += [text[last:start], content]
        last = end
    return "".join([*parts, text[last:]])


def faults_of_file(path, before, after, edits):
    """What is wrong with a rewritten file, and whether it is exactly the original with the reported edits."""
    faults = []
    was, now = compiles(before, path), compiles(after, path)
    if not was and now:
        faults.append(["compiles", path, now])
    if not was and not now:
        lost = unbound(after, path) - unbound(before, path)
        if lost:
            faults.append(["names", path, f"not bound any more: {', '.join(sorted(lost))}"])
    if before.startswith(codecs.BOM_UTF8) != after.startswith(codecs.BOM_UTF8):
        faults.append(["outside", path, "the byte order mark"])
    new_kinds = set(NEWLINE.findall(after)) - set(NEWLINE.findall(before))
    if new_kinds and NEWLINE.search(before):
        faults.append(["outside", path, f"newlines of another kind: {sorted(new_kinds)}"])
    if before.endswith((b"\n", b"\r")) != after.endswith((b"\n", b"\r")):
        faults.append(["outside", path, "the last newline"])
    try:
        old, new = text_of(before), text_of(after)
    except (SyntaxError, UnicodeError, LookupError) as error:
        faults.append(["outside", path, f"the encoding: {error}"])
        return faults, False
    return faults, edited(old, edits) == new
