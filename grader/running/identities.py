"""OUT/ids.json: the id that each submission got when it was first graded there. Nobody's id ever changes after that.

    {"schema": 1, "ids": [{"id": "a_b-2", "person": "a b", "source": "class/a b"}, …]}

An id names files, stands in answers.csv and goes to the learning platform, so it must not depend on who else hands in:
`a b` and `a_b` would both be a_b, and only one can be. person: the name of the folder or archive, or whom the platform
names. source: where it last lay; it tells two of one name apart. Where names do not tell whose an id is, the run stops.
An output folder without the file (of version 0.1) has its ids from its results. Written whole, by whoever holds the
folder (output_folder.py), before anything is graded.
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
    """One who was graded in this folder. names: what an entry without the list may be meant by, besides the person."""

    id: str
    person: str
    source: str
    names: tuple[str, ...] = ()


def settle_ids(found: Sequence[Found], out: Path) -> tuple[list[Found], dict[str, str]]:
    """The submissions with the ids that they have in this folder, and the person of every id that is known there.

    Nothing is written. Raises UsageError if the list is damaged, or if it cannot be told whose an id is.
    """
    known = read_ids(out)
    settled = recognise(found, known)
    ids = Ids([*(one.id for one in known), *stored_ids(out)])
    given = [
        replace(one, id=was.id if was else ids.give(one.called or one.person))
        for one, was in zip(found, settled, strict=True)
    ]
    return given, {**{one.id: one.person for one in known}, **{one.id: one.person for one in given}}


def keep_ids(found: Sequence[Found], out: Path) -> None:
    """Write the list with all of these in it. Raises GraderError if that fails."""
    entries = {one.id: one for one in read_ids(out)}
    entries |= {one.id: Known(one.id, one.person, one.source) for one in found}
    listed = ({"id": one.id, "person": one.person, "source": one.source} for one in entries.values())
    lines = ",\n".join(f"  {json.dumps(one)}" for one in listed)
    text = f'{{"schema": {SCHEMA}, "ids": [\n{lines}\n]}}\n'
    if not (out / NAME).exists() or (out / NAME).read_text(encoding="utf-8") != text:
        write_text(out / NAME, text)


def read_ids(out: Path) -> list[Known]:
    """Who is known in this folder. Raises UsageError if the list cannot be understood."""
    path = out / NAME
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA:
            raise ValueError("another schema")
        known = [Known(one["id"], same_name(one["person"]), one["source"]) for one in data["ids"]]
        if not all(is_id(one.id) for one in known) or len({fold(one.id) for one in known}) < len(known):
            raise ValueError("an id is not safe as the name of a file, or stands there twice")
        return known
    except FileNotFoundError:
        return from_results(out)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(
            f"{path}: cannot be read ({error}), expected the ids of this folder's submissions. Put back an older "
            "copy, or grade into another folder with --out."
        ) from error


def is_id(text: str) -> bool:
    """Whether Ids may have given it: a name made safe, maybe with `_` behind a reserved one, maybe with a number."""
    plain = re.sub(r"-[0-9]{1,9}$", "", text)
    return any(make_id(name) == one for one in (text, plain) for name in (one, one.removesuffix("_")))


def from_results(out: Path) -> list[Known]:
    """Who was graded by a version that kept no list: from where each result says that its submission lay."""
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


def recognise(found: Sequence[Found], known: Sequence[Known]) -> list[Known | None]:
    """Who each submission is: the one of the same name, by the place where there are several; None for newcomers.

    Raises UsageError where two could be one, or one could be two.
    """
    named: dict[str, list[Known]] = defaultdict(list)
    for one in known:
        for name in {one.person, *one.names}:
            named[name].append(one)
    candidates = []
    for new in found:  # those of the same name, else those whom only a result tells, by an entry of the download
        same = list(named.get(new.person, ()))
        for name in () if same else map(same_name, new.entries):
            same += [was for was in named.get(name, ()) if was.names and was not in same]
        candidates.append(same)
    settled: dict[int, Known] = {}
    for part in (
        slice(0),
        slice(None),
        slice(-2, None),
    ):  # of the place: none of it, the whole path, its last two names
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
        f"{show(one.source)}: this may be {places}, or somebody new, so marks could go to the wrong one. Take away "
        f"results/ID.json, and its line in {NAME}, of every one that is not meant; or grade into another folder with "
        "--out."
    )
