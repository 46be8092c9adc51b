"""Read and validate ASSIGNMENT/handouts/NAME.toml, which describes how another handout of the assignment differs.

handout_keys.py lists the keys, judging/adapt.py defines the rules, and handout_guess.py the clues. The file of the
assignment's own handout may contain only [[marks]] and years. All names are compared with the reference, so that a
misspelt name cannot silently cost points.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from grader.assignment.entries import FITS, found
from grader.assignment.handout_guess import Clue, guess_handout
from grader.assignment.handout_keys import HANDOUT, HANDOUT_TABLES
from grader.assignment.load import Assignment
from grader.errors import AssignmentError, UsageError
from grader.judging.adapt import OWN, Argument, Handout, Keywords, Returned
from grader.records import OWN_HANDOUT, Reason, Submission

AUTO: Final = "auto"
FOLDER: Final = "handouts"


@dataclass(frozen=True)
class Handouts:
    """The handouts for which a run may grade. selected: the name that the user gave, or `auto`."""

    selected: str = OWN_HANDOUT
    known: Mapping[str, Handout] = field(default_factory=lambda: {OWN_HANDOUT: OWN})
    marks: Mapping[str, tuple[Clue, ...]] = field(default_factory=dict)

    def of(self, submission: Submission) -> tuple[Handout, Reason | None]:
        """Return the handout for which to grade a submission, and why; the reason is None if the user named it."""
        if self.selected != AUTO:
            return self.known[self.selected], None
        elders = {name: handout.like for name, handout in self.known.items() if handout.like}
        name, grounds = guess_handout(submission.files, self.marks, OWN_HANDOUT, elders)
        return self.known[name], grounds


def load_handouts(assignment: Assignment, selected: str) -> Handouts:
    """Read the handouts of a run: no file for the assignment's own, one file for a name, all files for `auto`.

    Raises UsageError for a name without a file, AssignmentError for a wrong file.
    """
    if selected == OWN_HANDOUT:
        return Handouts()
    paths = {path.stem: path for path in sorted((assignment.folder / FOLDER).glob("*.toml"))}
    if AUTO in paths:
        raise AssignmentError(f"{FOLDER}/{AUTO}.toml: {AUTO} cannot be the name of a handout. Rename the file.")
    if selected != AUTO and selected not in paths:
        there = ", ".join([OWN_HANDOUT, AUTO, *(name for name in paths if name != OWN_HANDOUT)])
        raise UsageError(f"--handout {selected}: no such handout. There are: {there}.")
    wanted = paths if selected == AUTO else {selected: paths[selected]}
    defined = definitions_in(assignment.reference)
    known, marks = {OWN_HANDOUT: OWN}, {}
    for name, path in wanted.items():
        known[name], marks[name] = load_handout(path, assignment, defined)
    return Handouts(selected, known, marks)


def load_handout(path: Path, assignment: Assignment, defined: frozenset[str]) -> tuple[Handout, tuple[Clue, ...]]:
    """Read one handout's file. defined: ids of all functions and classes of the reference. Raises AssignmentError."""
    place = f"{FOLDER}/{path.name}"
    data = completed(path)
    unknown = sorted(data.keys() - HANDOUT.keys())
    if unknown:
        raise AssignmentError(f"{place}: {unknown[0]} was found, expected {', '.join(HANDOUT)}.")
    if not isinstance(data.get("years"), str):
        raise AssignmentError(f'{place}: years is missing. Write years = "…", the years of the handout.')
    tables = {name: rows_of(place, data, name) for name in HANDOUT_TABLES}
    lacks = data.get("lacks", {})
    if not isinstance(lacks, dict) or lacks.keys() - {"functions", "checks"}:
        raise AssignmentError(f"{place}: [lacks] is wrong, expected only the lists functions and checks.")
    functions, checks = (list_of(place, lacks, name, " in [lacks]") for name in ("functions", "checks"))
    solved, accepts, files = (list_of(place, data, name) for name in ("solved", "accepts", "files"))
    misconceptions = {f"{item.function}.{item.name}" for item in assignment.misconceptions}
    for name in accepts:
        if name not in misconceptions:
            raise AssignmentError(f"{place}: {name} in accepts is not a misconception. Check the spelling.")
    rules = [row for name in HANDOUT_TABLES if name != "marks" for row in tables[name]]
    for function in (*functions, *solved, *(row["of"] for row in rules)):
        if function not in defined:
            raise AssignmentError(f"{place}: the reference does not define {function}. Check the spelling.")
    for pattern in checks:
        check_pattern(place, pattern, assignment, defined)
    if path.stem == OWN_HANDOUT and (lacks or solved or accepts or files or rules):
        raise AssignmentError(
            f"{place}: rules were found, expected only years and marks in the assignment's own handout."
        )
    hints = texts_of(place, data, "hints", misconceptions)
    handout = Handout(
        name=path.stem,
        like=data.get("like", ""),
        hints={of: {name: hints[f"{of}.{name}"] for name in names} for of, names in by_function(hints).items()},
        titles=texts_of(place, data, "titles", {check.id for check in assignment.checks}),
        years=data["years"],
        lacks=frozenset(functions),
        lacks_checks=tuple(checks),
        solved=frozenset(solved),
        accepts={function: frozenset(names) for function, names in by_function(accepts).items()},
        files=OWN.files if path.stem == OWN_HANDOUT else tuple(files),
        arguments=tuple(argument_from(place, row) for row in tables["arguments"]),
        keywords=tuple(Keywords(**row) for row in tables["keywords"]),
        returned=tuple(Returned(row["of"], row.get("position"), *shapes_of(place, row)) for row in tables["returned"]),
    )
    return handout, tuple(mark_from(place, row) for row in tables["marks"])


def read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise AssignmentError(f"{FOLDER}/{path.name}: cannot be read ({error}). Correct the file.") from error


def completed(path: Path) -> dict[str, Any]:
    """Return the data of a handout's file. If `like` names another handout, take missing keys from its file.

    The list of marks also gets the other handout's marks on topics that this file does not have.
    """
    data = read_toml(path)
    if "like" not in data:
        return data
    other = path.with_name(f"{data['like']}.toml")
    if other == path or not other.is_file():
        raise AssignmentError(f"{FOLDER}/{path.name}: like is {data['like']!r}, expected another handout's name.")
    elder = read_toml(other)
    if "like" in elder:
        text = f"like is {data['like']!r}, which itself has like = {elder['like']!r}. Name that handout."
        raise AssignmentError(f"{FOLDER}/{path.name}: {text}")
    own_marks = rows_of(f"{FOLDER}/{path.name}", data, "marks")
    topics = [mark.get("topic") for mark in own_marks]
    marks = [mark for mark in rows_of(f"{FOLDER}/{other.name}", elder, "marks") if mark["topic"] not in topics]
    return {**elder, **data, "marks": marks + own_marks}


def rows_of(place: str, data: Mapping[str, Any], table: str) -> list[dict[str, Any]]:
    rows = data.get(table, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise AssignmentError(f"{place}: {table} is not a list of tables. Begin each table with [[{table}]].")
    fields = HANDOUT_TABLES[table]
    for row in rows:
        for name, value in row.items():
            if name not in fields:
                raise AssignmentError(f"{place}: {table} has {name}, expected {', '.join(fields)}.")
            if not FITS[fields[name].kind](value):
                raise AssignmentError(f"{place}: {name} in {table} is {found(value, fields[name])}.")
        for name, entry in fields.items():
            if entry.is_needed and name not in row:
                raise AssignmentError(f"{place}: an entry of {table} has no {name}. Add it.")
        if row.get("position", 0) < 0:
            raise AssignmentError(f"{place}: position in {table} is {row['position']}, expected 0 or more.")
    return rows


def list_of(place: str, table: Mapping[str, Any], name: str, where: str = "") -> list[str]:
    found = table.get(name, [])
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise AssignmentError(f"{place}: {name}{where} is wrong, expected a list of strings.")
    return found


def by_function(ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the names of misconceptions by function, from ids such as layers.f.forgets_bias."""
    found: dict[str, list[str]] = {}
    for function, _, name in (item.rpartition(".") for item in ids):
        found.setdefault(function, []).append(name)
    return found


def check_pattern(place: str, pattern: str, assignment: Assignment, defined: frozenset[str]) -> None:
    """Raise AssignmentError unless a pattern starts with a function of the reference.

    If the function has points, the pattern must also match one of the function's checks.
    """
    functions = [name for name in defined if pattern.startswith(f"{name}.")]
    if not functions:
        raise AssignmentError(
            f"{place}: {pattern} in [lacks] does not start with a function of the reference, as it must."
        )
    fits = any(fnmatchcase(check.id, pattern) for check in assignment.checks)
    if functions[0] in assignment.functions and not fits:
        raise AssignmentError(f"{place}: {pattern} in [lacks] matches no check of {functions[0]}. Check the spelling.")


def texts_of(place: str, data: Mapping[str, Any], table: str, known: Set[str]) -> dict[str, str]:
    texts = data.get(table, {})
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise AssignmentError(f'{place}: [{table}] is wrong. Write each entry as "id" = "text".')
    for name in texts:
        if name not in known:
            raise AssignmentError(f"{place}: {name} in [{table}] does not exist. Check the spelling.")
    return {name: " ".join(text.split()) for name, text in texts.items()}


def argument_from(place: str, row: Mapping[str, Any]) -> Argument:
    if not {"their_name", "complement", "shape"} & row.keys():
        raise AssignmentError(f"{place}: {row['name']} of {row['of']} has no difference. Add it, or remove the entry.")
    if bool(row.get("shape")) != bool(row.get("their_shape")):
        raise AssignmentError(f"{place}: {row['name']} of {row['of']} has only one shape. Give shape and their_shape.")
    shape, their_shape = shapes_of(place, row)
    return Argument(**{"their_name": row["name"], **row, "shape": shape, "their_shape": their_shape})


def shapes_of(place: str, row: Mapping[str, Any]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    for name in ("shape", "their_shape"):
        lengths = row.get(name, [])
        if not all(type(length) is int and length >= -1 for length in lengths) or lengths.count(-1) > 1:
            raise AssignmentError(f"{place}: {name} is {lengths}, expected lengths, one of them -1 if it may be any.")
    return tuple(row.get("shape", ())), tuple(row.get("their_shape", ()))


def mark_from(place: str, row: Mapping[str, Any]) -> Clue:
    try:
        return Clue(row["topic"], row["file"], re.compile(row["pattern"], re.IGNORECASE))
    except re.error as error:
        text = f"pattern {row['pattern']!r} is not a regular expression ({error}). Correct it."
        raise AssignmentError(f"{place}: {text}") from error


def definitions_in(reference: Path) -> frozenset[str]:
    """Return the ids of all functions and classes that the reference's modules define. Parses the modules only."""
    found = set()
    for path in sorted(reference.rglob("*.py")):
        module = path.relative_to(reference).with_suffix("").as_posix().replace("/", ".")
        try:
            tree = ast.parse(path.read_bytes())
        except (OSError, SyntaxError, ValueError) as error:
            raise AssignmentError(f"{path}: cannot be read ({error}). Correct the reference.") from error
        found |= {f"{module}.{node.name}" for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return frozenset(found)
