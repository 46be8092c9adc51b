"""Does a file tell students what they must not see: a line of a solution, of a hidden check, of a misconception, or the
name of a hidden check?

Lines of 20 characters and more are looked for, wherever they stand: in the middle of another line, or escaped in a
notebook's JSON. A line that students see anyway, in the reference outside of its solutions or in a public check, tells
nothing.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from grader.assignment.load import Assignment
from grader.assignment.solution_regions import find_regions, read_text
from grader.records import VISIBLE

SHORTEST: Final = 20
TEXT: Final = (".py", ".pyx", ".pxi", ".h")


def find_disclosed(assignment: Assignment, files: Mapping[str, bytes]) -> list[str]:
    """What each file tells, a line each; none if all are fit to be handed out."""
    secrets = dict(secret_lines(assignment))
    escaped = {secret: json.dumps(secret, ensure_ascii=False)[1:-1] for secret in secrets}
    found = []
    for name, content in files.items():
        text = content.decode("utf-8", "replace")
        for secret, place in secrets.items():
            if secret in text or escaped[secret] in text:
                found.append(f"{name} holds {secret!r}, which is of {place}")
    return found


def secret_lines(assignment: Assignment) -> Iterator[tuple[str, str]]:
    """Every line or name that students must not see, and where it is from."""
    # Fixtures name their arrays by the ids of checks. One that is part of another's visible id tells nothing.
    visible = " ".join(check.id for check in assignment.checks if check.visibility == VISIBLE)
    ids = [check.id for check in assignment.checks if check.visibility != VISIBLE]
    yield from ((name, "a hidden check") for name in ids if name not in visible)
    folder, students = assignment.folder, [assignment.reference / name for name in assignment.student_files]
    shown = [line for path in source_files(assignment.reference) for line in source_lines(path, solved=False)]
    shown += [line for path in source_files(folder / "checks/public") for line in source_lines(path, solved=False)]
    hidden = {path: source_lines(path, solved=True) for path in students}
    hidden |= {path: source_lines(path, solved=False) for path in source_files(folder / "checks/hidden")}
    hidden |= {path: code_of(read_text(path)) for path in source_files(folder / "misconceptions")}
    yield from lines_apart_from(shown, hidden)
    # What a notebook shows excuses lines of its own solutions alone: it must not show the reference's.
    notebooks = source_files(folder / "notebooks")
    shown += [line for path in notebooks for line in source_lines(path, solved=False, behind="# ")]
    yield from lines_apart_from(shown, {path: source_lines(path, solved=True, behind="# ") for path in notebooks})


def lines_apart_from(shown: Iterable[str], hidden: Mapping[Path, list[str]]) -> Iterator[tuple[str, str]]:
    open_text = "\n".join(shown)
    for path, lines in hidden.items():
        for line in map(str.strip, lines):
            if len(line) >= SHORTEST and line not in open_text:
                yield line, f"{path.parent.name}/{path.name}"


def source_lines(path: Path, *, solved: bool, behind: str = "") -> list[str]:
    """Of a source the lines inside of solutions, or those outside. behind: what a notebook's text stands behind."""
    lines = [line.strip().removeprefix(behind) for line in read_text(path).split("\n")]
    regions = find_regions(str(path), "\n".join(lines))
    marks = {number for one in regions for number in (one.begin, one.end)}
    return [
        line
        for number, line in enumerate(lines, start=1)
        if number not in marks and any(one.holds(number) for one in regions) == solved
    ]


def code_of(text: str) -> list[str]:
    """The lines of misconceptions but imports, which tell nothing, and hints, which students are given: decorators hold
    them, or strings that decorators share."""
    lines = text.split("\n")
    for node in ast.walk(ast.parse(text)):
        told: Sequence[ast.stmt | ast.expr] = ()
        match node:
            case ast.FunctionDef():
                told = node.decorator_list
            case ast.Import() | ast.ImportFrom() | ast.Assign(value=ast.Constant(value=str())):
                told = [node]
        for one in told:
            for number in range(one.lineno, (one.end_lineno or one.lineno) + 1):
                lines[number - 1] = ""
    return lines


def source_files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.suffix in TEXT]
