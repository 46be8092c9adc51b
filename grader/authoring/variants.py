"""The variants that an audit grades as submissions: the reference, and wrong variants of it that must lose marks.

    reference                     unchanged
    template                      without any solution
    constant-<kind>               every function returns constants of the right type and shape (stand_ins.py)
    memorised                     returns what the reference returned in visible checks; zeros for other arguments
    <function>.<misconception>    the reference with this one mistake

The audit builds variants in memory and grades them like any other submission. A variant contains the unchanged text of
the reference, so that line numbers in messages are right. Lines that replace a function are added at the end of a file.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from grader.assignment.load import Assignment
from grader.assignment.reference import load_reference
from grader.assignment.solution_regions import student_files_of
from grader.authoring.local_run import run_locally
from grader.authoring.stand_ins import CONSTANTS, Memory, literal, record
from grader.definitions import MisconceptionDefinition
from grader.errors import AssignmentError
from grader.function_ids import file_of, short_name
from grader.records import VISIBLE, Submission

REFERENCE: Final = "reference"
TEMPLATE: Final = "template"
DECORATOR: Final = ("grader.checks", "misconception")


@dataclass(frozen=True)
class Variant:
    """A submission of the audit. changed: the functions that differ from the reference."""

    submission: Submission
    changed: frozenset[str]
    misconception: MisconceptionDefinition | None = None

    @property
    def name(self) -> str:
        return self.submission.id


def make_variants(assignment: Assignment) -> Iterator[Variant]:
    """Yield every variant, the reference first. Raises AssignmentError if the reference or a misconception fails."""
    files = {name: (assignment.reference / name).read_bytes() for name in assignment.student_files}
    everything = frozenset(assignment.functions)
    yield Variant(submission(REFERENCE, files), frozenset())
    yield Variant(submission(TEMPLATE, student_files_of(assignment)), everything)
    for kind in CONSTANTS:
        replacements = dict.fromkeys(assignment.functions, f"_stand_ins.constant({kind!r}, {{}})")
        yield Variant(submission(f"constant-{kind}", with_replacements(files, replacements, {})), everything)
    replacements = {name: f"_stand_ins.memorised({name!r}, _memory.CALLS, {{}})" for name in assignment.functions}
    written_down = memory_source(record_visible(assignment))
    yield Variant(
        submission("memorised", with_replacements(files, replacements, {"_memory.py": written_down})), everything
    )
    for item in assignment.misconceptions:
        replacements = {item.function: f"_stand_ins.variant({item.function!r}, {item.name!r}, {{}})"}
        made = with_replacements(
            files, replacements, {"_misconceptions.py": staged_source(Path(inspect.getfile(item.run)))}
        )
        yield Variant(submission(f"{item.function}.{item.name}", made), frozenset([item.function]), item)


def submission(name: str, files: Mapping[str, bytes]) -> Submission:
    return Submission(name, f"audit: {name}", files)


def with_replacements(
    files: Mapping[str, bytes], replacements: Mapping[str, str], helpers: Mapping[str, bytes]
) -> dict[str, bytes]:
    """Return the files with added lines at their ends that replace functions, and the helper files for these lines.

    replacements: for each function id, the Python expression of the replacement, with {} for the function itself.
    """
    helpers = {"_stand_ins.py": Path(__file__).with_name("stand_ins.py").read_bytes(), **helpers}
    names = ", ".join(name.removesuffix(".py") for name in helpers)
    made = dict(files)
    for file in sorted({file_of(function) for function in replacements}):
        lines = [f"from {'.' * (file.count('/') + 1)} import {names}"]
        own = [(short_name(function), made) for function, made in replacements.items() if file_of(function) == file]
        lines += [f"{name} = {expression.format(name)}" for name, expression in own]
        made[file] += ("\n\n" + "\n".join(lines) + "\n").encode()
    return {**made, **helpers}


def staged_source(path: Path) -> bytes:
    """Return the source of a misconceptions file, changed so that it can be imported without the grader.

    Lines keep their numbers. Raises AssignmentError if the file imports anything from the grader but the decorator.
    """
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    for node in [node for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom)]:
        names = (getattr(node, "module", None) or "", *(alias.name for alias in node.names))
        if any(name.split(".")[0] == "grader" for name in names):
            if names != DECORATOR:
                found = f"{ast.unparse(node)!r} found, expected only {DECORATOR[1]} from the grader"
                raise AssignmentError(f"{path}: {found}. Define the rest in this file.")
            first, end = node.lineno - 1, node.end_lineno or node.lineno
            lines[first:end] = [f"from ._stand_ins import {DECORATOR[1]}", *[""] * (end - first - 1)]
    return "\n".join(lines).encode()


def record_visible(assignment: Assignment) -> Memory:
    """Run the visible checks on the reference, and record the return value of every call."""
    memory: Memory = {}
    functions = load_reference(assignment)
    recording = {name: record(name, memory, function) for name, function in functions.items()}
    for check in assignment.checks:
        if check.visibility == VISIBLE:
            run_locally(assignment, check, recording, reference=functions)
    return memory


def memory_source(memory: Memory) -> bytes:
    lines = ["import base64", "", "import numpy as np", "", "", "def array(dtype, shape, data):"]
    lines += ["    return np.frombuffer(base64.b64decode(data), dtype).reshape(shape).copy()", "", "", "CALLS = {"]
    lines += [f"    {key!r}: {literal(call)}," for key, call in memory.items()]
    return "\n".join([*lines, "}", ""]).encode()
