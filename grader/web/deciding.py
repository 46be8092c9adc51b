"""The decisions that forms can send. Each kind writes to the gradebook, and can describe the stored record.

    POST /decide/KIND ─► apply ─► done: back to the page
                           └─► StaleEdit: nothing was written; the page shows the stored record and the sent form

A form contains the revision that its page showed (`seen`), so that nobody overwrites a newer change of others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from grader.decisions import KINDS, WHOLE, WHOLE_KIND, Part
from grader.errors import UsageError
from grader.gradebook import adjusting, commenting, lateness, publishing, requests
from grader.report.text import number, signed
from grader.web.site import Site

Form = Mapping[str, str]
Now = tuple[int, str]  # the stored record's revision (0 without a record), and its text


@dataclass(frozen=True)
class Kind:
    """apply: writes the decision of a person's form. now: describes the stored record after a stale edit."""

    apply: Callable[[Site, str, Form], object]
    now: Callable[[Site, Form], Now] = lambda site, form: (0, "")


def adjust(site: Site, who: str, form: Form) -> object:
    points, reason = number_from(form, "points"), form.get("reason", "")
    more: dict[str, Any] = {"mode": form.get("mode", ""), "comment": form.get("comment", ""), "seen": seen_in(form)}
    about: dict[str, Any] = {**subject_of(form), "part": part_from(form)}
    return adjusting.adjust(site.book, site.title, points, reason, who=who, **more, **about)


def withdraw(site: Site, who: str, form: Form) -> object:
    about: dict[str, Any] = {**subject_of(form), "part": part_from(form)}
    return adjusting.withdraw_adjustment(site.book, site.title, who=who, seen=seen_in(form), **about)


def adjustment_now(site: Site, form: Form) -> Now:
    one = adjusting.adjustment_of(site.book, site.title, part_from(form), **subject_of(form))
    if one is None:
        return 0, "There is no adjustment now."
    points = f"{signed(one.points)} points" if one.mode == "add" else f"{number(one.points)} points instead"
    return one.revision, f"{points}. {one.reason} {one.comment} ({one.who})"


def mark(site: Site, who: str, form: Form) -> object:
    """Set the points of an answer. An empty field deletes the adjustment."""
    if not form.get("points", "").strip():
        return withdraw(site, who, form)
    reason = form.get("reason", "").strip() or "Read and marked by staff."
    return adjust(site, who, {**form, "mode": "set", "reason": reason})


def comment(site: Site, who: str, form: Form) -> object:
    text = form.get("text", "")
    if form.get("save"):
        commenting.save_comment(site.book, site.title, text, who=who)
    about = form.get("submission", "")
    return commenting.add_comment(site.book, site.title, about, text, who=who, part=part_from(form))


def change_comment(site: Site, who: str, form: Form) -> object:
    number, text = own_number(site, form, commenting.comments_of), form.get("text", "")
    if not text.strip():
        commenting.withdraw_comment(site.book, number, who=who, seen=seen_in(form))
        return None
    return commenting.change_comment(site.book, number, text, who=who, seen=seen_in(form))


def comment_now(site: Site, form: Form) -> Now:
    for one in commenting.comments_of(site.book, site.title, form.get("submission", "")):
        if str(one.number) == form.get("number"):
            return one.revision, f"{one.text} ({one.who})"
    return 0, "The comment is not there any more."


def forget(site: Site, who: str, form: Form) -> object:
    return commenting.forget_comment(site.book, site.title, whole_from(form, "number"), who=who)


def late(site: Site, who: str, form: Form) -> object:
    about, attempt = form.get("submission", ""), whole_from(form, "attempt")
    if not form.get("days", "").strip():
        return lateness.withdraw_late_days(site.book, site.title, about, who=who, attempt=attempt, seen=seen_in(form))
    days, reason = whole_from(form, "days"), form.get("reason", "")
    more: dict[str, Any] = {"who": who, "attempt": attempt, "seen": seen_in(form)}
    return lateness.enter_late_days(site.book, site.title, about, days, reason, **more)


def late_now(site: Site, form: Form) -> Now:
    days = lateness.late_days_of(site.book, site.title).get(form.get("submission", ""), {})
    one = days.get(whole_from(form, "attempt"))
    return (one.revision, f"{one.days} days. {one.reason} ({one.who})") if one else (0, "No days are entered now.")


def extend(site: Site, who: str, form: Form) -> object:
    days, reason = number_from(form, "days"), form.get("reason", "")
    return lateness.extend(site.book, site.title, days, reason, who=who, seen=seen_in(form), **subject_of(form))


def extension_now(site: Site, form: Form) -> Now:
    subject = subject_of(form)
    for one in lateness.extensions_of(site.book, site.title):
        if (one.submission, one.student) == (subject.get("submission", ""), subject.get("student", "")):
            return one.revision, f"{number(one.days)} days. {one.reason} ({one.who})"
    return 0, "There is no extension now."


def ask(site: Site, who: str, form: Form) -> object:
    about, question = form.get("submission", ""), form.get("text", "")
    return requests.ask(site.book, site.title, about, question, who=who, part=part_from(form))


def answer(site: Site, who: str, form: Form) -> object:
    number = own_number(site, form, requests.requests_of)
    return requests.answer(site.book, number, form.get("text", ""), who=who, seen=seen_in(form))


def answer_now(site: Site, form: Form) -> Now:
    for one in requests.requests_of(site.book, site.title, form.get("submission", "")):
        if str(one.number) == form.get("number"):
            return one.revision, f"{one.answer or 'Not answered yet.'} ({one.who})"
    return 0, ""


def publish(site: Site, who: str, form: Form) -> object:
    written = form.get("at", "").strip()
    if not written:
        return publishing.withdraw_publishing(site.book, site.title, who=who, seen=seen_in(form))
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise UsageError(f"{written!r}: is no time, expected YYYY-MM-DDTHH:MM. Correct it.") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return publishing.publish(site.book, site.title, at, who=who, seen=seen_in(form))


def publishing_now(site: Site, form: Form) -> Now:
    one = publishing.publishing_of(site.book, site.title)
    return (one.revision, f"{one.at:%Y-%m-%d %H:%M} UTC ({one.who})") if one else (0, "Not published.")


DECISIONS: Final[Mapping[str, Kind]] = {
    "adjust": Kind(adjust, adjustment_now),
    "withdraw": Kind(withdraw, adjustment_now),
    "mark": Kind(mark, adjustment_now),
    "comment": Kind(comment),
    "change-comment": Kind(change_comment, comment_now),
    "forget": Kind(forget),
    "late": Kind(late, late_now),
    "extend": Kind(extend, extension_now),
    "ask": Kind(ask),
    "answer": Kind(answer, answer_now),
    "publish": Kind(publish, publishing_now),
}


def subject_of(form: Form) -> dict[str, str]:
    """Return the subject of a form: a student without a submission, or a submission."""
    if form.get("student"):
        return {"student": form["student"]}
    return {"submission": form.get("submission", "")}


def part_from(form: Form) -> Part:
    """Return the part that a form names, as kind:name."""
    kind, _, name = form.get("part", "").partition(":")
    if kind in ("", WHOLE_KIND):
        return WHOLE
    if kind not in KINDS:
        raise UsageError(f"{kind!r}: is no kind of part, expected {', '.join(KINDS)}.")
    return Part(kind, name)


def seen_in(form: Form) -> int:
    """Return the revision that the page showed; 0 without one, so that the form cannot replace a record."""
    return whole_from(form, "seen") if form.get("seen") else 0


def whole_from(form: Form, name: str) -> int:
    written = form.get(name, "").strip()
    if not (written.isascii() and written.isdigit() and len(written) < 10):
        raise UsageError(f"{name}: {written[:40]!r}, expected a whole number. Correct it.")
    return int(written)


def number_from(form: Form, name: str) -> float:
    written = form.get(name, "").strip().replace("−", "-").replace(",", ".")
    try:
        return float(written)
    except ValueError:
        raise UsageError(f"{name}: {written[:40]!r}, expected a number. Correct it.") from None


def own_number(site: Site, form: Form, read: Callable[..., Any]) -> int:
    """Return the number of a comment or a request. Raises UsageError if it belongs to another submission."""
    number, submission = whole_from(form, "number"), form.get("submission", "")
    if number not in {one.number for one in read(site.book, site.title, submission)}:
        raise UsageError(f"{submission}: has no {number}. Read the page again.")
    return number
