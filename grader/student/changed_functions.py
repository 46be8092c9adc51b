"""Find the functions that a save may have changed: those whose code differs, and all that use them, even indirectly.

    files before, files after ─► names of top-level definitions that differ ─► add all definitions that use such a name

Functions are compared by name, across all files. If two helpers have the same name, the result may contain a function
that did not change. The result misses no changed function, unless the code looks names up by strings. A change outside
of definitions (imports, constants) may change all functions of the file.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Unfinished(Exception):
    """The student saved a file that is not valid Python. The text has the file, the line and the parser's message."""


def changed_names(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> frozenset[str]:
    """Return the names of top-level definitions that a change may affect.

    before, after: files by path below the package. Raises Unfinished if a changed file is not valid Python.
    """
    changed: set[str] = set()
    mentions: dict[str, set[str]] = {}
    for file in sorted({*before, *after}):
        if not file.endswith(".py"):
            continue
        differs = before.get(file) != after.get(file)
        new = parse(file, after.get(file, b""), strict=differs)
        for node in new.body:
            if isinstance(node, Definition):
                mentions.setdefault(node.name, set()).update(names_in(node))
        if differs:
            changed |= difference(parse(file, before.get(file, b""), strict=False), new)
    while more := {name for name, used in mentions.items() if name not in changed and used & changed}:
        changed |= more
    return frozenset(changed)


def difference(old: ast.Module, new: ast.Module) -> set[str]:
    """Return the names of definitions that differ; all names of the file if a statement outside of them differs."""
    (old_text, old_defined), (new_text, new_defined) = parts_of(old), parts_of(new)
    names = old_defined.keys() | new_defined.keys()
    if old_text != new_text:
        return names
    return {name for name in names if old_defined.get(name) != new_defined.get(name)}


def parts_of(tree: ast.Module) -> tuple[list[str], dict[str, list[str]]]:
    """Return the statements outside of definitions, and the definitions by name, without comments and line numbers."""
    outside: list[str] = []
    defined: dict[str, list[str]] = {}
    for node in tree.body:
        if isinstance(node, Definition):
            defined.setdefault(node.name, []).append(ast.dump(node))
        else:
            outside.append(ast.dump(node))
    return outside, defined


def names_in(node: ast.AST) -> set[str]:
    parts = [part for part in ast.walk(node) if isinstance(part, ast.Name | ast.Attribute)]
    return {part.id if isinstance(part, ast.Name) else part.attr for part in parts}


def parse(file: str, content: bytes, *, strict: bool) -> ast.Module:
    try:
        return ast.parse(content)
    except SyntaxError as error:
        what, line = error.msg, error.lineno or 1
    except (ValueError, RecursionError, MemoryError) as error:
        what, line = str(error), 1
    if strict:
        raise Unfinished(f"{file}:{line}: {what}.")
    return ast.Module(body=[], type_ignores=[])
