"""The keys of assignment.toml, and how the loader reads them.

The error for a key that is missing, unknown or of the wrong kind shows an example of what to write. Pure. Every error
is an AssignmentError that names the file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from grader.assignment.entries import (
    FITS,
    LIST,
    LISTS,
    NUMBERS,
    PHRASES,
    ROWS,
    TABLES,
    TEXT,
    VALUES,
    Entry,
    advice,
    found,
    is_list,
)
from grader.errors import AssignmentError

ASSIGNMENT: Final[Mapping[str, Entry]] = {
    "title": Entry(TEXT, "The assignment's title, on every page.", 'title = "Layers in NumPy"', True),
    "package": Entry(
        TEXT, "Name of the Python package that students write in, and of its folder.", 'package = "course"', True
    ),
    "reference": Entry(
        TEXT,
        "Folder of the reference, relative to this file: a package with the right solutions.",
        'reference = "../reference"',
        True,
    ),
    "student_files": Entry(
        LIST,
        "Files that students write and that carry the points. Paths below the package.",
        'student_files = ["layers.py"]',
        True,
    ),
    "handed_out": Entry(
        LIST,
        "Files of the reference that students get as they are. Grading uses the handed-out version, whatever a "
        "submission has. Empty if there are none.",
        "handed_out = []",
        True,
    ),
    "extended": Entry(
        LIST,
        "Handed-out files to which students may add definitions: their definitions count, and missing ones are added.",
        'extended = ["layer_utils.py"]',
    ),
    "kernels": Entry(
        LIST,
        "Sources that students may compile, handed out as they are. The sandbox does not have them.",
        'kernels = ["kernels.pyx"]',
    ),
    "called": Entry(
        LIST,
        "Ids of functions in student files that checks call and that carry no points.",
        'called = ["layers.square_forward"]',
    ),
    "right_solutions": Entry(
        LIST,
        "Folders of right solutions in other styles, relative to this file. `grader fixtures` refuses a check that one "
        "of them fails, or that leaves it too little room below the tolerance. A function that a folder does not have "
        "is taken from the reference.",
        'right_solutions = ["../right/in_loops"]',
    ),
    "expected_warnings": Entry(
        LIST,
        "Beginnings of warnings of handed-out files that mean nothing in the sandbox.",
        'expected_warnings = ["fast_layers: the compiled kernels are not there"]',
    ),
    "attempts": Entry(
        TEXT,
        "Which attempt of a student counts: latest, best or first. The latest, if not given.",
        'attempts = "latest"',
    ),
    "sets": Entry(
        ROWS,
        "Student files that are checked in one sandbox. `files`: the student files; `on`: student files that they "
        "import; `without`: handed-out files that would do their work, which this sandbox does not have. Each student "
        "file stands in one set. Without any, each student file is a set.",
        '[[sets]]\nfiles = ["nets.py"]\non = ["layers.py"]',
    ),
    "points": Entry(
        NUMBERS,
        "Points by the id of a function or class, in the order in which students write them. The checks of a function "
        "share its points by their weights.",
        '[points]\n"layers.square_forward" = 2',
        True,
    ),
    "questions": Entry(
        NUMBERS,
        "Points by the name of an answer cell of the notebooks. Staff give them in answers.csv; they are not part of "
        "the score.",
        "[questions]\nstep-size = 2",
    ),
    "classes": Entry(
        TABLES,
        "What checks use of a class's objects: `methods`, and `attributes` that are dicts of arrays.",
        '[classes]\n"nets.Net" = { methods = ["loss"], attributes = ["params"] }',
    ),
    "words": Entry(
        PHRASES,
        "By the name of a compared value, what students read instead of the name. If the value means yes or no, also "
        "the sentence that they read if it should be yes and is no.",
        '[words]\nkept = "the share of numbers that are kept"\nsame = ["second loss", "The two losses differ."]',
    ),
    "stubs": Entry(
        LISTS,
        "By the id of a function or class, the functions that it may call. If the student's versions of these are "
        "wrong, it is graded again with the reference's in their place.",
        '[stubs]\n"nets.Net" = ["layers.square_forward", "layers.square_backward"]',
    ),
    "late": Entry(
        VALUES,
        "What a late day costs. `due`: a time with its zone; `percent_per_day`: for each started day; `of`: of the "
        'points that can be reached ("max_score") or were earned ("score"); `grace_hours`: late by no more than this '
        "is on time; `free_days`: for each student; `cap_percent`: the most that lateness costs. A change regrades "
        "nothing.",
        "[late]\ndue = 2030-05-01T23:59:00-07:00\npercent_per_day = 10",
    ),
    "limits": Entry(
        NUMBERS,
        "What a submission may use. All nine are needed; see the next table.",
        "[limits]\ncpu_s = 2\nwall_s = 10\nimport_cpu_s = 10\nimport_wall_s = 30\nsubmission_wall_s = 120\n"
        "memory_mib = 1024\nprocesses = 8\nopen_files = 64\nreply_mib = 16",
        True,
    ),
}


def read_entry(toml: Path, data: Mapping[str, Any], name: str) -> Any:
    """Return the value of a key of ASSIGNMENT; an empty value if the key is missing and not needed."""
    entry = ASSIGNMENT[name]
    if name not in data:
        if entry.is_needed:
            raise AssignmentError(f"{toml}: no {shown(name)} found, expected {entry.kind}. {advice(entry)}")
        return {TEXT: "", LIST: [], ROWS: []}.get(entry.kind, {})
    if not FITS[entry.kind](data[name]):
        raise AssignmentError(f"{toml}: {shown(name)} is {found(data[name], entry)}. {advice(entry)}")
    return data[name]


def refuse_unknown(toml: Path, data: Mapping[str, Any]) -> None:
    """Raise AssignmentError for an unknown key. Otherwise the loader would ignore a misspelt key."""
    for name in data:
        if name not in ASSIGNMENT:
            raise AssignmentError(
                f"{toml}: {name} is not a key of assignment.toml. Write one of: {', '.join(ASSIGNMENT)}."
            )


def shown(name: str) -> str:
    """A key as it is written in the file: [points], [[sets]], title."""
    return {"[": f"[{name}]", "[[": f"[[{name}]]"}.get(ASSIGNMENT[name].example.partition(name)[0], name)


def numbers_from(toml: Path, data: Mapping[str, Any], table: str, words: str) -> dict[str, float]:
    """A table of numbers above 0 by name. words: a format for an entry's name and value in an error."""
    numbers: dict[str, float] = read_entry(toml, data, table)
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise AssignmentError(f"{toml}: {words.format(name, value)}, expected a number above 0.")
    return numbers


def words_from(toml: Path, data: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """[words]: for a compared value, by name, what students read: "words", or ["words", "the message for a no."]."""
    phrases = {}
    for name, words in read_entry(toml, data, "words").items():
        both = [words, ""] if isinstance(words, str) else words
        if not is_list(both) or len(both) != 2:
            raise AssignmentError(f"{toml}: the words for {name} are {words!r}, expected a text or a list of two.")
        phrases[name] = (both[0], both[1])
    return phrases
