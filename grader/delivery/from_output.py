"""Reads grades from an output folder without a gradebook for an export: scores, and staff's points for answers.

    OUT/results/<id>.json   status, score, points by function      (only the lines that are needed are read)
    OUT/answers.csv         points for answers in notebooks, added
    OUT/ids.json            the owner of each id; for a download, with the platform's number
    OUT/feedback/<id>.html  the page

With a gradebook, from_gradebook.py also reads names, decisions and late days.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from grader.delivery.hand_back import GradePart, HandBack
from grader.errors import GraderError, UsageError
from grader.function_ids import short_name
from grader.records import GRADED, NOT_APPLICABLE, PASSED, Result
from grader.running.answers_csv import Marking
from grader.running.identities import read_ids
from grader.running.output_folder import result_path, stored, stored_ids

# The form of an owner in downloads of Canvas and Moodle. matching.py compares the names, so a false match does no harm.
OWNER: Final = re.compile(r"(?P<name>.*)_(?P<number>[0-9]+)", re.DOTALL)
FIELD: Final = b'\n "'  # a result file has one field on each line; nested lines begin with two spaces
UNMARKED: Final = "answers are not marked yet"
WANTED: Final = ("submission", "assignment", "environment", "status", "score", "max_score", "functions", "notebooks")


class CheckLine(msgspec.Struct):
    """The data of a check that its student may see."""

    function: str
    title: str
    status: str


def hand_backs(
    out: Path, questions: Mapping[str, float], *, with_answers: bool = True, with_parts: bool = False
) -> list[HandBack]:
    """Return a record for each submission in the folder. questions: name → maximum points of its answer.

    with_answers: the grade includes the points for answers, so there is no grade before all are marked.
    with_parts: also what each function earned, and which of its checks did not pass. Raises UsageError if there
    are no results, or if answers.csv or ids.json is damaged.
    """
    ids = stored_ids(out)
    if not ids:
        raise UsageError(f"{out}: no results found. Run grader grade first, or name its output folder with --out.")
    persons = {known.id: known.person for known in read_ids(out)}
    marking = Marking(out, ids, questions, persons)
    results = {}
    parts: dict[str, tuple[GradePart, ...]] = {}
    for name in ids:
        fields = read_fields(result_path(out, name))
        results[name] = result = result_from(out, name, fields)
        marking.add(result)
        if with_parts:
            parts[name] = parts_of(result, fields.get("checks", b"[]"))
    answers = marking.points() if with_answers else {}
    return [
        hand_back(results[name], persons.get(name, name), answers.get(name, {}), out, parts.get(name, ()))
        for name in ids
    ]


def read_fields(path: Path) -> dict[str, bytes]:
    """Return the fields of a result file by name, as JSON. This saves decoding the checks, most of the file."""
    try:
        content = path.read_bytes().rstrip().removesuffix(b"}")
    except OSError as error:
        raise GraderError(f"{path}: cannot be read ({error.strerror}). Grade this submission again.") from error
    fields = {}
    start = content.find(FIELD)
    while start >= 0:
        end = content.find(FIELD, start + 1)
        name, _, value = content[start : end if end >= 0 else None].partition(b": ")
        fields[name.removeprefix(FIELD).strip(b'"').decode()] = value.rstrip().removesuffix(b",")
        start = end
    return fields


def result_from(out: Path, name: str, fields: Mapping[str, bytes]) -> Result:
    """Return the result without its checks. For an older schema, decode the whole file."""
    try:
        if fields["schema"] != b"2":
            raise ValueError("an older schema")
        data: dict[str, Any] = {key: msgspec.json.decode(fields[key]) for key in WANTED if key in fields}
        return msgspec.convert({**data, "duration_s": 0.0}, Result)
    except (KeyError, ValueError, msgspec.ValidationError):
        result = stored(out, name)
        if result is None:
            path = result_path(out, name)
            raise GraderError(f"{path}: is not a result file. Grade this submission again.") from None
        return result


def parts_of(result: Result, checks: bytes) -> tuple[GradePart, ...]:
    texts: dict[str, list[str]] = {}
    for line in msgspec.json.decode(checks, type=list[CheckLine]):
        if line.status not in (PASSED, NOT_APPLICABLE):
            texts.setdefault(line.function, []).append(f"{line.status}: {line.title}")
    asked = [function for function in result.functions if function.status != NOT_APPLICABLE]
    return tuple(
        GradePart(short_name(one.function), one.points, one.max_points, "\n".join(texts.get(one.function, ())))
        for one in asked
    )


def owner_of(person: str) -> tuple[str, str, str, str]:
    """Return the name, platform's number, login and addresses that the name in a download or folder contains."""
    if owner := OWNER.fullmatch(person):
        return owner["name"], owner["number"], "", ""
    emails = " ".join(word for word in person.split() if "@" in word)
    return person, "", "" if emails else person, emails


def hand_back(
    result: Result,
    person: str,
    answers: Mapping[str, tuple[float | None, float]],
    out: Path,
    parts: Sequence[GradePart],
) -> HandBack:
    name, lms_id, login, email = owner_of(person)
    why = "" if result.status == GRADED else result.status
    if not why and any(points is None for points, _ in answers.values()):
        why = UNMARKED
    given = [GradePart(name, points or 0.0, most) for name, (points, most) in answers.items()]
    page = out / "feedback" / f"{result.id}.html"
    return HandBack(
        submission=result.id,
        name=name,
        grade=None if why else result.score + sum(one.points for one in given),
        max_grade=result.max_score + sum(one.max_points for one in given),
        lms_id=lms_id,
        login=login,
        email=email,
        page=page if page.is_file() else None,
        parts=(*parts, *given) if parts else (),
        no_grade=why,
    )
