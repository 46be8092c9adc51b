"""Hashes of the parts of each check, so that after a change of a check, only the affected checks run again.

    code        the check's function with its decorator, and all of its module but the other checks' functions
    fixture     the outputs of the reference and of each misconception, and the hints of the check's function
    rest        everything else that decides marks: assignment.toml, handouts, the reference, helpers

A part may contain more than the check uses, but never less. If the grader cannot find out what a check's code uses (it
reads names of other modules, or is not a plain function of its module), the part `code` of the check contains the code
of all checks.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from grader.assignment.fixtures import Fixture, Fixtures
from grader.assignment.load import FOLDERS, Assignment, counted_content, files_that_count
from grader.definitions import CheckDefinition

DIGITS: Final = 12
# Code that uses one of these names can use objects whose names are not in its text.
REACHING: Final = frozenset(
    ["globals", "locals", "vars", "eval", "exec", "compile", "open", "__import__", "importlib", "inspect", "sys", "gc"]
)
KNOWN: Final = sys.stdlib_module_names | {"numpy", "grader"}


def hash_checks(assignment: Assignment, fixtures: Fixtures) -> dict[str, str]:
    """Return for the id of each check the hashes of its code and of its fixture, with a space between the two."""
    codes = hash_codes(assignment)
    return {
        name: f"{codes[name]} {hash_fixture(fixtures.checks[name], fixtures, definition.function)}"
        for name, definition in assignment.definitions.items()
    }


def hash_rest(assignment: Assignment, *files: Mapping[str, bytes]) -> str:
    """Return the hash of the part `rest`. files: names and contents of files that are outside the assignment folder."""
    own = set(check_files(assignment))
    made = assignment.folder / "fixtures", assignment.folder / "misconceptions"
    parts: list[str | bytes] = []
    for path in files_that_count(assignment.folder):
        if path not in own and not any(folder in path.parents for folder in made):
            parts += [path.relative_to(assignment.folder).as_posix(), counted_content(assignment.folder, path)]
    for group in files:
        parts += [part for name, content in sorted(group.items()) for part in (name, content)]
    return digest(parts)


def check_files(assignment: Assignment) -> list[Path]:
    return [path for name in FOLDERS for path in sorted((assignment.folder / "checks" / name).glob("*.py"))]


def hash_codes(assignment: Assignment) -> dict[str, str]:
    texts = {str(path): path.read_text(encoding="utf-8") for path in check_files(assignment)}
    every = digest(part for pair in texts.items() for part in pair)
    by_file: dict[str, dict[str, CheckDefinition]] = {}
    for name, definition in assignment.definitions.items():
        module = getattr(definition.run, "__globals__", {})
        by_file.setdefault(str(module.get("__file__", "")), {})[name] = definition
    hashes: dict[str, str] = {}
    for file, definitions in by_file.items():
        found = split_module(texts[file], definitions) if file in texts else {}
        hashes |= {name: digest([Path(file).name, *found[name]]) if name in found else every for name in definitions}
    return hashes


def split_module(text: str, definitions: Mapping[str, CheckDefinition]) -> dict[str, list[str]]:
    """Return for each check the texts of its module that the check may use. Leaves out checks that are not clear."""
    tree = ast.parse(text)
    lines = text.splitlines(keepends=True)
    codes = {name: code_of(definition) for name, definition in definitions.items()}
    starts = {code.co_firstlineno: name for name, code in codes.items() if code is not None}
    own: dict[str, ast.stmt] = {}
    shared: list[ast.stmt] = []
    for node in tree.body:
        decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
        first = min([node.lineno, *(one.lineno for one in decorators)])
        if isinstance(node, ast.FunctionDef) and decorators and first in starts:
            own[starts[first]] = node
        else:
            shared.append(node)
    names = {node.name: name for name, node in own.items() if isinstance(node, ast.FunctionDef)}
    used_by_all: set[str] = set()
    for node in shared:
        words, reaches_out = read_node(node)
        if reaches_out:
            return {}
        used_by_all |= words
    read = {name: read_node(node) for name, node in own.items()}
    found = {}
    for name in own if len(names) == len(own) else ():
        taken = {name, *(names[word] for word in used_by_all & names.keys())}
        while more := {names[word] for one in taken for word in read[one][0] & names.keys()} - taken:
            taken |= more
        if not any(read[one][1] for one in taken):
            kept = sorted([*shared, *(own[one] for one in taken)], key=lambda one: one.lineno)
            found[name] = [text_of(one, lines) for one in kept]
    return found


def text_of(node: ast.stmt, lines: list[str]) -> str:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
    first = min([node.lineno, *(one.lineno for one in decorators)])
    return "".join(lines[first - 1 : node.end_lineno])


def read_node(node: ast.AST) -> tuple[set[str], bool]:
    """Return every name, attribute and string in the code, because each may name another function of the module.

    Also returns whether the code may use more than its own module, the grader, NumPy and the standard library.
    """
    words: set[str] = set()
    imported: list[str] = []
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            words.add(one.id)
        elif isinstance(one, ast.Attribute):
            words.add(one.attr)
        elif isinstance(one, ast.Constant) and isinstance(one.value, str):
            words.add(one.value)
        elif isinstance(one, ast.ImportFrom):
            imported.append("." if one.level else str(one.module))
        elif isinstance(one, ast.Import):
            imported += [alias.name for alias in one.names]
    names = {name.partition(".")[0] for name in imported}
    dunder = any(word.startswith("__") and word.isidentifier() for word in words)
    return words, dunder or not words.isdisjoint(REACHING) or not names <= KNOWN - REACHING


def code_of(definition: CheckDefinition) -> Any:
    return getattr(definition.run, "__code__", None)


def hash_fixture(fixture: Fixture, fixtures: Fixtures, function: str) -> str:
    parts: list[str | bytes] = [repr(fixture.arities), repr(sorted(fixture.raises.items()))]
    for group in (fixture.expected, fixture.reach, {"": fixture.forward} if fixture.forward is not None else {}):
        parts += arrays_in(group)
    for name, arrays in sorted(fixture.variants.items()):
        parts += [name, *arrays_in(arrays)]
    parts.append(repr(sorted(fixtures.hints.get(function, {}).items())))
    tables = (fixtures.arguments, fixtures.by_outcome, fixtures.beside)
    return digest([*parts, *(repr(list(table.get(function, ()))) for table in tables)])


def arrays_in(arrays: Mapping[str, np.ndarray]) -> list[str | bytes]:
    return [
        part
        for name, array in sorted(arrays.items())
        for part in (f"{name} {array.dtype.str} {array.shape}", np.ascontiguousarray(array).tobytes())
    ]


def digest(parts: Iterable[str | bytes]) -> str:
    """Return a hash of the parts and their lengths, so that ("ab", "c") and ("a", "bc") have different hashes."""
    whole = hashlib.sha256()
    for part in parts:
        content = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        whole.update(len(content).to_bytes(8, "little") + content)
    return whole.hexdigest()[:DIGITS]
