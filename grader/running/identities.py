"""OUT/ids.json: the id that each submission got when it was first graded into this folder. An id never changes later.

    {"schema": 1, "ids": [{"id": "a_b-2", "person": "a b", "source": "class/a b"}, …]}

An id is part of file names and of answers.csv, and is exported to the learning platform. So an id must not depend on
which other submissions are in a run: `a b` and `a_b` would both get the id a_b, but only one of them can have this id.
person: the name of the folder or archive, or the person that the platform names. source: the submission's last path,
which distinguishes two persons of the same name. If neither shows who has an id, the run stops.
Version 0.1 did not write this file; in its output folders, the ids are those of the results. The process that holds the
lock of the folder (output_folder.py) writes the file atomically, before it grades.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from grader.atomic_files import write_text
from grader.errors import UsageError
from grader.intake.collect import Found
from grader.intake.downloads.recognise import person_of
from grader.intake.names import Ids, fold, make_id, same_name, show, strip_suffix
from grader.running.output_folder import stored, stored_ids

NAME: Final = "ids.json"
SCHEMA: Final = 1


@dataclass(frozen=True)
class Known:
    """A person who was graded into this folder. names: further names for this person, only if read from results."""

    id: str
    person: str
    source: str
    names: tuple[str, ...] = ()


def assign_ids(found: Sequence[Found], out: Path) -> tuple[list[Found], dict[str, str]]:
    """Return the submissions with their ids in this folder, and the person of every id that the folder knows.

    Writes nothing. Raises UsageError if the list is damaged, or if it is unclear which person has an id.
    """
    known = read_ids(out)
    settled = match_known(found, known)
    ids = Ids([*(one.id for one in known), *stored_ids(out)])
    given = [
        replace(one, id=was.id if was else ids.give(one.called or one.person))
        for one, was in zip(found, settled, strict=True)
    ]
    return given, {**{one.id: one.person for one in known}, **{one.id: one.person for one in given}}


def save_ids(found: Sequence[Found], out: Path) -> None:
    """Add these submissions to the list and write the list. Raises GraderError if it cannot be written."""
    entries = {one.id: one for one in read_ids(out)}
    entries |= {one.id: Known(one.id, one.person, one.source) for one in found}
    listed = ({"id": one.id, "person": one.person, "source": one.source} for one in entries.values())
    lines = ",\n".join(f"  {json.dumps(one)}" for one in listed)
    text = f'{{"schema": {SCHEMA}, "ids": [\n{lines}\n]}}\n'
    if not (out / NAME).exists() or (out / NAME).read_text(encoding="utf-8") != text:
        write_text(out / NAME, text)


def read_ids(out: Path) -> list[Known]:
    """Return the persons who were graded into this folder. Raises UsageError if the list is damaged."""
    path = out / NAME
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA:
            raise ValueError(f"schema {data['schema']!r} found, {SCHEMA} expected")
        known = [Known(one["id"], same_name(one["person"]), one["source"]) for one in data["ids"]]
        if not all(is_id(one.id) for one in known) or len({fold(one.id) for one in known}) < len(known):
            raise ValueError("an id is not safe as a file name, or occurs twice")
        return known
    except FileNotFoundError:
        return from_results(out)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(
            f"{path}: cannot be read ({error}), expected the ids of this folder's submissions. Put back an older "
            "copy, or grade into another folder with --out."
        ) from error


def is_id(text: str) -> bool:
    """Return whether `Ids` can make this id: a safe name, possibly with a number, or with `_` after a reserved name."""
    plain = re.sub(r"-[0-9]{1,9}$", "", text)
    return any(make_id(name) == one for one in (text, plain) for name in (one, one.removesuffix("_")))


def from_results(out: Path) -> list[Known]:
    """Return the persons that version 0.1 graded, read from the path in each result: version 0.1 wrote no list."""
    known = []
    for name in stored_ids(out):
        result = stored(out, name)
        source = str(result.submission.get("source", "")) if result else ""
        if result and source:
            base = os.path.basename(source)
            person = person_of(base)
            names = (base, strip_suffix(base), strip_suffix(base) if person == base else person)
            known.append(Known(name, same_name(names[-1]), source, tuple(map(same_name, names))))
    return known


def match_known(found: Sequence[Found], known: Sequence[Known]) -> list[Known | None]:
    """Match each submission with a known person: by name, and by path if several have that name; None for a new person.

    Raises UsageError if two submissions could be the same person, or one submission could be either of two persons.
    """
    named: dict[str, list[Known]] = defaultdict(list)
    for one in known:
        for name in {one.person, *one.names}:
            named[name].append(one)
    candidates = []
    # Candidates are the persons of the same name. If no person has this name, the candidates are persons that were read
    # from results and have the name of one of the download's entries.
    for new in found:
        same = list(named.get(new.person, ()))
        for name in () if same else map(same_name, new.entries):
            same += [was for was in named.get(name, ()) if was.names and was not in same]
        candidates.append(same)
    settled: dict[int, Known] = {}
    # First accept pairs that are unique by name alone; then pairs that are unique by name and whole path; then pairs
    # that are unique by name and the last two parts of the path.
    for part in (slice(0), slice(None), slice(-2, None)):
        taken = {was.id for was in settled.values()}
        pairs = [
            (number, was)
            for number, one in enumerate(found)
            if number not in settled
            for was in candidates[number]
            if was.id not in taken and was.source.split("/")[part] == one.source.split("/")[part]
        ]
        numbers, ids = Counter(number for number, _ in pairs), Counter(was.id for _, was in pairs)
        settled |= {number: only for number, only in pairs if numbers[number] == ids[only.id] == 1}
    taken = {was.id for was in settled.values()}
    for number, (new, before) in enumerate(zip(found, candidates, strict=True)):
        left = [other for other in before if other.id not in taken]
        if number not in settled and left:
            raise UsageError(describe_doubt(new, left))
    return [settled.get(number) for number in range(len(found))]


def describe_doubt(one: Found, left: Sequence[Known]) -> str:
    places = " or ".join(f"{was.id} (from {show(was.source)})" for was in left[:5])
    return (
        f"{show(one.source)}: this may be {places}, or a new person, so marks could go to the wrong person. For each "
        f"id that does not belong to it, remove results/ID.json and its line in {NAME}; or grade into another folder "
        "with --out."
    )
