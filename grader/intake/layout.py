"""Decide whether a folder or an archive is a class and not one submission, by the paths in it. Pure.

    HW 2/Doe, Jane(jdoe)/Submission attachment(s)/layers.py        Sakai
    export/section 1/alice/cs231n/layers.py, …/bob/layers.py       folders in folders
    batch/doejane_1234_55501_layers.py, …                          a platform's download in a folder of its own

If several folders side by side contain the same student file, they belong to several students, or they are versions of
one student's work (`old`, `hw2_v3`). The folders' names usually show which of the two; if not, the layout is not
`sure`, and the caller reports the doubt.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from grader.intake.downloads.recognise import METADATA, recognise
from grader.intake.names import base_of, has_archive_suffix, is_ignored
from grader.intake.near_names import meant_name

SAKAI: Final = "Submission attachment(s)"
ARCHIVE: Final = "an archive"
DEEPEST: Final = 12
MANY: Final = 3  # this many folders whose names are not those of versions are surely students
# A folder is a version of a student's work if its name has only these words, with or without numbers.
VERSION_WORDS: Final = frozenset(
    re.findall(
        r"\w+",
        """
        a assignment assignments hw homework exercise ex lab project ps pset week part q question problem task step
        v ver version versions old new newest latest last final finished done backup bak copy draft attempt try retry
        orig original starter template solution solutions sol source src code my mine work working files handout given
        release test tests testing tmp temp early late first second numpy vectorized vectorised naive fast slow colab
        local of and the in for with download downloads submission python py
        """,
    )
)


@dataclass(frozen=True)
class Layout:
    prefix: str  # the folders above the students, such as "HW 2/"
    holders: tuple[str, ...]  # the names of the students' folders or archives
    shared: str  # the student file that all holders contain, or ARCHIVE, or SAKAI; "" for a platform's download
    sure: bool  # whether the holders cannot be versions of one student's work


def find_class(paths: Collection[str], student_files: Sequence[str], package: str) -> Layout | None:
    """Return the layout of a class with these paths (folders end with "/"), or None if they are not a class."""
    prefix = ""
    for _ in range(DEEPEST):
        below = [path.removeprefix(prefix) for path in paths if path.startswith(prefix) and path != prefix]
        below = [path for path in below if not is_ignored(path.rstrip("/"))]
        folders = {path.partition("/")[0]: None for path in below if "/" in path}
        files = [path for path in dict.fromkeys(below) if "/" not in path and path not in folders]
        modules = [path for path in below if path.rpartition("/")[0] == package and path.endswith(".py")]
        if modules or SAKAI in folders or {*student_files, *map(base_of, student_files)} & {*files}:
            return None
        entries = {**dict.fromkeys(files, False), **dict.fromkeys(folders, True)}
        download = recognise(entries)
        if METADATA in files or (download and len(download.others) <= len(download.handed_in)):
            names = tuple(one.label for one in download.handed_in) if download else tuple(folders)
            return Layout(prefix, names, "", len(names) > 1)
        sakai = tuple(name for name in folders if any(path.startswith(f"{name}/{SAKAI}/") for path in below))
        if sakai:
            return Layout(prefix, sakai, SAKAI, True)
        archives = [name for name in files if has_archive_suffix(name)]
        if len(folders) != 1 or archives:
            return settle(prefix, below, list(folders), archives, student_files, package)
        prefix += f"{next(iter(folders))}/"
    return None


def settle(
    prefix: str, below: list[str], folders: list[str], archives: list[str], student_files: Sequence[str], package: str
) -> Layout | None:
    held = {name: held_in(name, below, student_files) for name in folders}
    found = [name for names in held.values() for name in names]
    twice = {name for name in found if found.count(name) > 1}
    holders = [name for name in folders if held[name] & twice or (archives and held[name])] + archives
    if len(holders) < 2 or all(is_version(name, package) for name in holders):
        return None
    shared = min(twice, key=lambda name: (-found.count(name), name), default=ARCHIVE)
    people = [name for name in holders if not is_version(name, package)]
    return Layout(prefix, tuple(holders), shared, len(people) >= MANY)


def held_in(folder: str, below: Collection[str], student_files: Sequence[str]) -> set[str]:
    """Return the names of the student files in a folder; or ARCHIVE if it has an archive and no student file."""
    names = {base_of(path) for path in below if path.startswith(f"{folder}/")}
    meant = {base_of(meant_name(name, student_files) or "") for name in names} - {""}
    found = names & {*map(base_of, student_files)} | meant
    return found or ({ARCHIVE} if any(has_archive_suffix(name) for name in names) else set())


def is_version(name: str, package: str) -> bool:
    """Return whether a folder has the name of a version, and not of a person or a team."""
    words = re.findall(r"[^\W\d_]+", name.casefold().replace(package.casefold(), " ").partition(".")[0])
    is_number = re.search(r"[0-9]{4}", name)  # 1001234 is a student's number, 2 an attempt's
    return all(word in VERSION_WORDS for word in words) if words else not is_number
