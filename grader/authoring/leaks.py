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
    hidden = [check.id for check in assignment.checks if check.visibility != VISIBLE]
    yield from ((name, "a hidden check") for name in hidden if name not in visible)
    open_text = "\n".join(open_texts(assignment))
    yield from lines_apart_from(open_text, hidden_texts(assignment))
    # What a notebook shows excuses lines of its own solutions alone: it must not show the reference's.
    paths = source_files([assignment.folder / "notebooks"])
    shown = [line for path in paths for line in notebook_lines(str(path), read_text(path), solved=False)]
    answers = ((path, notebook_lines(str(path), read_text(path), solved=True)) for path in paths)
    yield from lines_apart_from("\n".join([open_text, *shown]), answers)


def lines_apart_from(open_text: str, texts: Iterable[tuple[Path, list[str]]]) -> Iterator[tuple[str, str]]:
    for path, lines in texts:
        for line in map(str.strip, lines):
            if len(line) >= SHORTEST and line not in open_text:
                yield line, f"{path.parent.name}/{path.name}"


def hidden_texts(assignment: Assignment) -> Iterator[tuple[Path, list[str]]]:
    for name in assignment.student_files:
        path = assignment.reference / name
        text = read_text(path)
        lines = text.split("\n")
        yield path, [line for one in find_regions(str(path), text) for line in lines[one.begin : one.end - 1]]
    for path in source_files([assignment.folder / "checks/hidden"]):
        yield path, read_text(path).split("\n")
    for path in source_files([assignment.folder / "misconceptions"]):
        yield path, code_of(read_text(path))


def notebook_lines(place: str, text: str, *, solved: bool) -> list[str]:
    """Of a notebook's source the lines inside of solutions, or those outside. Its text stands behind "# "."""
    lines = [line.strip().removeprefix("# ") for line in text.split("\n")]
    regions = find_regions(place, "\n".join(lines))
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


def open_texts(assignment: Assignment) -> Iterator[str]:
    student_files = {assignment.reference / name for name in assignment.student_files}
    for path in source_files([assignment.reference, assignment.folder / "checks/public"]):
        text = read_text(path)
        if path in student_files:
            regions = find_regions(str(path), text)
            numbered = enumerate(text.split("\n"), start=1)
            text = "\n".join(line for number, line in numbered if not any(one.holds(number) for one in regions))
        yield text


def source_files(folders: Iterable[Path]) -> list[Path]:
    return [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in TEXT]
