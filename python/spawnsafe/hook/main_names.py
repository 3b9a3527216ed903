"""Which names of the main module its children have, too: those bound outside the entry-point guard."""

import sys

_names = {}


def is_main_only(qualname):
    """Whether a worker that spawn starts would not find this name of the main module."""
    names = bound()
    return names is not None and qualname.split(".")[0] not in names


def bound():
    """The names that running the main module under another name binds; None if that is not known."""
    main = sys.modules.get("__main__")
    file = getattr(main, "__file__", None)
    if file in _names:
        return _names[file]
    spec = getattr(main, "__spec__", None)
    if file is None:
        # `python -c` and standard input: children have no such text.
        names = frozenset()
    elif (spec is not None and spec.name.rpartition(".")[2] == "__main__") or file.endswith("__main__.py"):
        names = frozenset()
    else:
        names = read(file)
    _names[file] = names
    return names


def read(file):
    import ast

    try:
        with open(file, "rb") as source:
            tree = ast.parse(source.read())
    except (OSError, SyntaxError, ValueError):
        return None
    names = set()
    if not gather(ast, tree.body, names):
        return None
    return frozenset(names)


def gather(ast, statements, names):
    """Adds what the statements bind; False if that cannot be told."""
    for statement in statements:
        if isinstance(statement, ast.If) and is_guard(ast, statement.test):
            if not gather(ast, statement.orelse, names):
                return False
            continue
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(statement.name)
            if any(isinstance(inner, ast.Global) for inner in ast.walk(statement)):
                for inner in ast.walk(statement):
                    if isinstance(inner, ast.Global):
                        names.update(inner.names)
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                names.add(node.name)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                for alias in node.names:
                    if alias.name == "*":
                        return False
                    names.add(alias.asname or alias.name.split(".")[0])
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("exec", "globals", "vars", "setattr"):
                return False
    return True


def is_guard(ast, test):
    """`__name__ == "__main__"`, either way round."""
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return False
    sides = [test.left, test.comparators[0]]
    has_name = any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
    return has_name and any(getattr(side, "value", getattr(side, "s", None)) == "__main__" for side in sides)
