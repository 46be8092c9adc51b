"""Reads grades from an output folder without a gradebook for an export: scores, and staff's points for answers.

    OUT/results/<id>.json   status, score, points by function      (stored_grades.py)
    OUT/answers.csv         points for answers in notebooks, added
    OUT/ids.json            the owner of each id; for a download, with the platform's number
    OUT/feedback/<id>.html  the page

With a gradebook, from_gradebook.py also reads names, decisions and late days.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from grader.delivery.hand_back import GradePart, HandBack
from grader.delivery.stored_grades import read_grade
from grader.errors import UsageError
from grader.records import GRADED, Result
from grader.running.answers_csv import Marking
from grader.running.identities import read_ids
from grader.running.output_folder import stored_ids

# The form of an owner in downloads of Canvas and Moodle. matching.py compares the names, so a false match does no harm.
OWNER: Final = re.compile(r"(?P<name>.*)_(?P<number>[0-9]+)", re.DOTALL)
UNMARKED: Final = "answers are not marked yet"


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
        grade = read_grade(out, name, with_parts=with_parts)
        results[name], parts[name] = grade.result, grade.parts
        marking.add(grade.result)
    answers = marking.points() if with_answers else {}
    return [hand_back(results[name], persons.get(name, name), answers.get(name, {}), out, parts[name]) for name in ids]


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
