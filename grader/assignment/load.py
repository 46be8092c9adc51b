"""An assignment folder, loaded and validated: what is graded, for how many points, against which fixtures.

    assignment.toml ─┐
    checks/…         ├─► Assignment (checks with files, visibility and points; misconceptions; limits)
    misconceptions/… ┘
    fixtures/manifest.json + *.npz ─► Fixtures (expected arrays by check), verified against their hashes

The folder's Python is trusted: it is the instructor's. Its modules are loaded by path, under names of their own.
"""

from __future__ import annotations

import hashlib
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from grader.assignment.python_loader import load_module
from grader.assignment.rules import rules_from, without_rules
from grader.assignment.sections import ModuleSet, classes_from, sets_from, stubs_from
from grader.checks import DEFINED, CheckDefinition, MisconceptionDefinition
from grader.decisions import Rules
from grader.errors import AssignmentError
from grader.function_ids import file_of, module_of_file
from grader.records import HIDDEN, VISIBLE, Check, Members

FOLDERS = {"public": VISIBLE, "hidden": HIDDEN}
Definition = TypeVar("Definition", CheckDefinition, MisconceptionDefinition)
FOR_STUDENTS = ("notebooks", "template")  # folders that decide over no mark


@dataclass(frozen=True)
class Assignment:
    """What an assignment folder says. Of sets, classes and stubs: see sections.py."""

    folder: Path
    title: str
    package: str
    reference: Path
    student_files: tuple[str, ...]  # these and the next three: paths below the package
    handed_out: tuple[str, ...]
    extended: tuple[str, ...]  # handed-out files of which a student's own definitions are used
    kernels: tuple[str, ...]  # what handed-out files are compiled from, for who can
    sets: tuple[ModuleSet, ...]
    classes: Mapping[str, Members]
    stubs: Mapping[str, tuple[str, ...]]
    functions: Mapping[str, float]  # points by id, in the order that students meet them; 0 for those of `called`
    questions: Mapping[str, float]  # points by the name of an answer cell, which people mark, beside the score
    checks: tuple[Check, ...]
    definitions: Mapping[str, CheckDefinition]
    misconceptions: tuple[MisconceptionDefinition, ...]
    limits: Mapping[str, float]  # as [limits] has them
    expected_warnings: tuple[str, ...]  # beginnings of warnings of handed-out files that mean nothing in the sandbox
    right_solutions: tuple[Path, ...]  # folders of right student files, for authoring
    rules: Rules  # which attempt counts and what late days cost (rules.py)
    sha256: str  # of everything that decides over marks

    def stubs_of(self, check: Check) -> frozenset[str]:
        """The functions that a check's code under test may call: its function's, and those of the one that it needs."""
        needed = self.stubs.get(check.needs, ()) if check.needs else ()
        return frozenset(self.stubs.get(check.function, ())) | frozenset(needed)

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules below the package that are graded, in the order of the student files."""
        return tuple(module_of_file(file) for file in self.student_files)

    def misconceptions_of(self, function: str) -> list[MisconceptionDefinition]:
        return [item for item in self.misconceptions if item.function == function]


def load_assignment(folder: Path) -> Assignment:
    """Read and validate an assignment folder. Raises AssignmentError, naming the file and what to do."""
    toml = folder / "assignment.toml"
    try:
        data = tomllib.loads(toml.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AssignmentError(f"{toml}: not found. Name an assignment folder with --assignment.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise AssignmentError(f"{toml}: cannot be read ({error}).") from error
    title, package = entry(toml, data, "title", str), entry(toml, data, "package", str)
    files, handed_out = (tuple(names_in(toml, data, name)) for name in ("student_files", "handed_out"))
    for function in entry(toml, data, "points", dict):
        if file_of(function) not in files:
            raise AssignmentError(f"{toml}: points for {function}, but {file_of(function)} is no student file.")
    functions = {**numbers_from(toml, data, "points", "{} has {!r} points")}
    for function in names_in(toml, data, "called", []):
        if file_of(function) not in files or function in functions:
            expected = "expected a student file's function without points"
            raise AssignmentError(f"{toml}: called holds {function}, {expected}.")
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
            raise AssignmentError(f"{toml}: called holds {definition.function}, which has a check. Give it points.")
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
    extended = tuple(names_in(toml, data, "extended", []))
    if not set(extended) <= set(handed_out):
        raise AssignmentError(f"{toml}: extended holds {', '.join(extended)}, expected files that handed_out has.")
    variants = list(defined_in(folder / "misconceptions", MisconceptionDefinition))
    for path, variant in variants:
        if variant.function not in functions:
            raise AssignmentError(f"{path}: {variant.name} is a variant of {variant.function}, which has no points.")
    classes = classes_from(toml, data, functions)
    return Assignment(
        folder=folder,
        title=title,
        package=package,
        reference=(folder / entry(toml, data, "reference", str)).resolve(),
        student_files=files,
        handed_out=handed_out,
        extended=extended,
        kernels=tuple(names_in(toml, data, "kernels", [])),
        sets=tuple(sets_from(toml, data, files, handed_out)),
        classes=classes,
        stubs=stubs_from(toml, data, functions, classes),
        functions=functions,
        # That each is asked in one notebook is seen when notebooks are read (intake/notebooks/answers.py).
        questions=numbers_from(toml, data, "questions", "question {} has {!r} points", {}),
        checks=tuple(checks),
        definitions=definitions,
        misconceptions=tuple(variant for _, variant in variants),
        limits=numbers_from(toml, data, "limits", "limit {} is {!r}"),
        expected_warnings=tuple(names_in(toml, data, "expected_warnings", [])),
        right_solutions=tuple((folder / path).resolve() for path in names_in(toml, data, "right_solutions", [])),
        rules=rules_from(toml, data),
        sha256=hash_of(folder),
    )


def numbers_from(toml: Path, data: Mapping[str, Any], table: str, said: str, default: Any = None) -> dict[str, float]:
    """A table of numbers above 0 by name. said: how an error names an entry, from its name and value."""
    numbers: dict[str, float] = entry(toml, data, table, dict, default)
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise AssignmentError(f"{toml}: {said.format(name, value)}, expected a number above 0.")
    return numbers


def words_from(toml: Path, data: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """[words]: by the name of a compared value what students read: "words", or ["words", "what a no means."]."""
    found = {}
    for name, words in entry(toml, data, "words", dict, {}).items():
        both = [words, ""] if isinstance(words, str) else words
        if not isinstance(both, list) or len(both) != 2 or not all(isinstance(part, str) for part in both):
            raise AssignmentError(f"{toml}: the words for {name} are {words!r}, expected a text or a list of two.")
        found[name] = (both[0], both[1])
    return found


def defined_in(folder: Path, kind: type[Definition]) -> Iterator[tuple[Path, Definition]]:
    for path in sorted(folder.glob("*.py")):
        for value in vars(load_module(path)).get(DEFINED, ()):
            if isinstance(value, kind):
                yield path, value


def hash_of(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        counts = path.is_file() and path.suffix in {".toml", ".py", ".json", ".npz"}
        if counts and inside.parts[0] not in FOR_STUDENTS and "__pycache__" not in inside.parts:
            digest.update(f"{inside.as_posix()}\0".encode())
            content = path.read_bytes()
            content = without_rules(content) if inside.as_posix() == "assignment.toml" else content
            digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def entry(toml: Path, data: Mapping[str, Any], name: str, kind: type, default: Any = None) -> Any:
    value = data.get(name, default)
    if not isinstance(value, kind):
        found = "nothing" if value is None else type(value).__name__
        raise AssignmentError(f"{toml}: {name} is {found}, expected {kind.__name__}.")
    return value


def names_in(toml: Path, data: Mapping[str, Any], name: str, default: list[str] | None = None) -> list[str]:
    names: list[str] = entry(toml, data, name, list, default)
    if not all(isinstance(item, str) for item in names):
        raise AssignmentError(f"{toml}: {name} holds what is no path, expected strings.")
    return names
