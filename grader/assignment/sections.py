"""Parse and validate three sections of assignment.toml: [[sets]], [classes], [stubs].

    [[sets]]    files, on, without      files: student files that one sandbox checks together. on: student files that
                                        these files import, and that are imported first. without: handed-out files that
                                        the sandbox does not have, because they would do the students' work
    [classes]   id = {methods, attributes}      the members of a class's objects that checks use
    [stubs]     id = [ids]              functions that the function `id` may call: if the student's versions of them are
                                        wrong, `id` is graded again with stubs in their place, which call the reference

All functions raise AssignmentError, which names the file and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.assignment.assignment_keys import ASSIGNMENT, read_entry
from grader.assignment.entries import advice, is_list
from grader.errors import AssignmentError
from grader.records import Members


@dataclass(frozen=True)
class ModuleSet:
    """A set of student files that one sandbox checks together. All paths are below the package."""

    files: tuple[str, ...]
    on: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def alone(self) -> list[ModuleSet]:
        """Return one set for each file of this set."""
        return [ModuleSet((file,), self.on, self.without) for file in self.files]


def sets_from(toml: Path, data: Mapping[str, Any], files: Sequence[str], handed_out: Sequence[str]) -> list[ModuleSet]:
    """Return the sets. Each student file is in exactly one set; without [[sets]], each student file has its own set."""
    sets = []
    for item in read_entry(toml, data, "sets") if "sets" in data else [{"files": [file]} for file in files]:
        unknown = set(item) - set(ModuleSet.__dataclass_fields__)
        if unknown:
            raise AssignmentError(f"{toml}: [[sets]] has {', '.join(sorted(unknown))}, expected files, on, without.")
        if "files" not in item or not all(map(is_list, item.values())):
            raise AssignmentError(f"{toml}: [[sets]] is {item}, expected lists of files. {advice(ASSIGNMENT['sets'])}")
        sets.append(ModuleSet(**{name: tuple(paths) for name, paths in item.items()}))
    listed = [file for one in sets for file in one.files]
    if sorted(listed) != sorted(files):
        raise AssignmentError(f"{toml}: [[sets]] list {', '.join(listed)}, expected each student file once.")
    for one in sets:
        wrong = [*(set(one.on) - set(files)), *(set(one.without) - set(handed_out))]
        if wrong:
            text = f"[[sets]] name {wrong[0]}, which is not a student file or handed-out file. Correct the name."
            raise AssignmentError(f"{toml}: {text}")
    return sets


def classes_from(toml: Path, data: Mapping[str, Any], functions: Mapping[str, float]) -> dict[str, Members]:
    classes = {}
    for name, item in read_entry(toml, data, "classes").items():
        if name not in functions:
            raise AssignmentError(f"{toml}: [classes] name {name}, which has no points. Add it under [points].")
        try:
            classes[name] = Members(**{key: tuple(value) for key, value in item.items()})
        except TypeError as error:
            text = f"{toml}: {name} under [classes] is wrong ({error}), expected the keys methods and attributes."
            raise AssignmentError(text) from None
    return classes


def stubs_from(
    toml: Path, data: Mapping[str, Any], functions: Mapping[str, float], classes: Mapping[str, Members]
) -> dict[str, tuple[str, ...]]:
    stubs = {}
    for name, called in read_entry(toml, data, "stubs").items():
        unknown = [one for one in (name, *called) if one not in functions]
        if unknown:
            raise AssignmentError(f"{toml}: [stubs] name {unknown[0]}, which has no points. Add it under [points].")
        if name in called or set(called) & set(classes):
            raise AssignmentError(f"{toml}: [stubs] of {name} contain itself or a class, expected other functions.")
        stubs[name] = tuple(called)
    return stubs
