"""Load and validate an assignment folder: what is graded, and for how many points.

    assignment.toml ─┐
    checks/…         ├─► Assignment (checks with files, visibility and points; misconceptions; limits)
    misconceptions/… ┘

The folder's Python files are trusted, because the instructor wrote them. Python files are loaded by path, under module
names that no other module has. fixtures.py loads the fixtures.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from grader.assignment.assignment_keys import ASSIGNMENT, numbers_from, read_entry, refuse_unknown, words_from
from grader.assignment.python_loader import load_module
from grader.assignment.rules import rules_from, without_rules
from grader.assignment.sections import ModuleSet, classes_from, sets_from, stubs_from
from grader.decisions import Rules
from grader.definitions import DEFINED, CheckDefinition, MisconceptionDefinition
from grader.errors import AssignmentError
from grader.function_ids import file_of, module_of_file
from grader.records import HIDDEN, VISIBLE, Check, Members

FOLDERS = {"public": VISIBLE, "hidden": HIDDEN}
Definition = TypeVar("Definition", CheckDefinition, MisconceptionDefinition)
FOR_STUDENTS = ("notebooks", "template")  # folders of the assignment that do not affect marks


@dataclass(frozen=True)
class Assignment:
    """The content of an assignment folder. For sets, classes and stubs see sections.py."""

    folder: Path
    title: str
    package: str
    reference: Path
    student_files: tuple[str, ...]  # paths below the package, as in the next three fields
    handed_out: tuple[str, ...]
    extended: tuple[str, ...]  # handed-out files whose definitions students may replace
    kernels: tuple[str, ...]  # sources from which handed-out files can be compiled
    sets: tuple[ModuleSet, ...]
    classes: Mapping[str, Members]
    stubs: Mapping[str, tuple[str, ...]]
    functions: Mapping[str, float]  # for the id of each function, its points (0 for `called`), in the order of the file
    questions: Mapping[str, float]  # for the name of each answer cell that staff mark, its maximum of points
    checks: tuple[Check, ...]
    definitions: Mapping[str, CheckDefinition]
    misconceptions: tuple[MisconceptionDefinition, ...]
    limits: Mapping[str, float]  # the table [limits]
    expected_warnings: tuple[str, ...]  # the beginnings of warnings that handed-out files give only in a sandbox
    right_solutions: tuple[Path, ...]  # folders of right student files in other styles (authoring/tolerances.py)
    rules: Rules  # which attempt counts and what late days cost (rules.py)
    sha256: str  # the hash of all files that affect marks

    def stubs_of(self, check: Check) -> frozenset[str]:
        """Return the functions that stubs may replace in a check.

        Stubs may replace the functions that the check's function may call, and those that the function in `needs` may
        call.
        """
        needed = self.stubs.get(check.needs, ()) if check.needs else ()
        return frozenset(self.stubs.get(check.function, ())) | frozenset(needed)

    @property
    def modules(self) -> tuple[str, ...]:
        """The graded modules below the package, in the order of the student files."""
        return tuple(module_of_file(file) for file in self.student_files)

    def misconceptions_of(self, function: str) -> list[MisconceptionDefinition]:
        return [item for item in self.misconceptions if item.function == function]


def load_assignment(folder: Path) -> Assignment:
    """Read and validate an assignment folder. Raises AssignmentError, which names the file and what to do."""
    toml = folder / "assignment.toml"
    try:
        data = tomllib.loads(toml.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AssignmentError(f"{toml}: not found. Name an assignment folder with --assignment.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise AssignmentError(f"{toml}: cannot be read ({error}).") from error
    refuse_unknown(toml, data)
    read: dict[str, Any] = {name: read_entry(toml, data, name) for name in ASSIGNMENT}
    files, handed_out, extended = (tuple(read[name]) for name in ("student_files", "handed_out", "extended"))
    for function in read["points"]:
        if file_of(function) not in files:
            raise AssignmentError(f"{toml}: points for {function}, but {file_of(function)} is not in student_files.")
    functions = {**numbers_from(toml, data, "points", "{} has {!r} points")}
    for function in read["called"]:
        if file_of(function) not in files or function in functions:
            expected = "expected a student file's function without points"
            raise AssignmentError(f"{toml}: called contains {function}, {expected}.")
        functions[function] = 0.0
    defined = [
        (definition, visibility)
        for name, visibility in FOLDERS.items()
        for _, definition in defined_in(folder / "checks" / name, CheckDefinition)
    ]
    weights: dict[str, float] = {}
    for definition, _ in defined:
        for needed in filter(None, (definition.function, definition.needs)):
            if needed not in functions:
                raise AssignmentError(f"{toml}: no points for {needed}, which a check names. Add it under [points].")
        weights[definition.function] = weights.get(definition.function, 0.0) + definition.weight
        if not functions[definition.function]:
            raise AssignmentError(f"{toml}: called contains {definition.function}, which has a check. Give it points.")
    for function, points in functions.items():
        if points and function not in weights:
            raise AssignmentError(f"{toml}: {function} has points but no check. Write one in {folder / 'checks'}.")
    words = words_from(toml, data)
    order = list(functions)
    defined.sort(key=lambda item: order.index(item[0].function))
    checks = [
        Check(
            **{name: value for name, value in vars(definition).items() if name in Check.__dataclass_fields__},
            id=f"{definition.function}.{definition.name}",
            file=file_of(definition.function),
            visibility=visibility,
            max_points=round(functions[definition.function] * definition.weight / weights[definition.function], 6),
            words=words,
        )
        for definition, visibility in defined
    ]
    definitions = {f"{definition.function}.{definition.name}": definition for definition, _ in defined}
    if len(definitions) != len(checks):
        twice = {check.id for check in checks if sum(other.id == check.id for other in checks) > 1}
        raise AssignmentError(f"{folder / 'checks'}: two checks are named {', '.join(sorted(twice))}. Rename one.")
    if not set(extended) <= set(handed_out):
        raise AssignmentError(f"{toml}: extended contains {', '.join(extended)}, expected files of handed_out.")
    variants = list(defined_in(folder / "misconceptions", MisconceptionDefinition))
    for path, variant in variants:
        if variant.function not in functions:
            raise AssignmentError(f"{path}: {variant.name} is a variant of {variant.function}, which has no points.")
    classes = classes_from(toml, data, functions)
    return Assignment(
        folder=folder,
        title=read["title"],
        package=read["package"],
        reference=(folder / read["reference"]).resolve(),
        student_files=files,
        handed_out=handed_out,
        extended=extended,
        kernels=tuple(read["kernels"]),
        sets=tuple(sets_from(toml, data, files, handed_out)),
        classes=classes,
        stubs=stubs_from(toml, data, functions, classes),
        functions=functions,
        # intake/notebooks/answers.py checks that each question is in exactly one notebook.
        questions=numbers_from(toml, data, "questions", "question {} has {!r} points"),
        checks=tuple(checks),
        definitions=definitions,
        misconceptions=tuple(variant for _, variant in variants),
        limits=numbers_from(toml, data, "limits", "limit {} is {!r}"),
        expected_warnings=tuple(read["expected_warnings"]),
        right_solutions=tuple((folder / path).resolve() for path in read["right_solutions"]),
        rules=rules_from(toml, data),
        sha256=hash_of(folder),
    )


def defined_in(folder: Path, kind: type[Definition]) -> Iterator[tuple[Path, Definition]]:
    for path in sorted(folder.glob("*.py")):
        for value in vars(load_module(path)).get(DEFINED, ()):
            if isinstance(value, kind):
                yield path, value


def hash_of(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in files_that_count(folder):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(hashlib.sha256(counted_content(folder, path)).digest())
    return digest.hexdigest()


def files_that_count(folder: Path) -> Iterator[Path]:
    """Yield the files of an assignment folder that decide marks, in a fixed order."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        counts = path.is_file() and path.suffix in {".toml", ".py", ".json", ".npz"}
        if counts and inside.parts[0] not in FOR_STUDENTS and "__pycache__" not in inside.parts:
            yield path


def counted_content(folder: Path, path: Path) -> bytes:
    """Return the part of a file's content that decides marks: of assignment.toml, all but the rules for grades."""
    content = path.read_bytes()
    return without_rules(content) if path == folder / "assignment.toml" else content
