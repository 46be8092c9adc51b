"""Turn a reason into its sentence. Pure.

A template has the syntax of str.format and these additional forms:

    {name!c}             the student's code chose this value, such as the text of its exception or what it printed
    {count:# axis|# axes}  the first form for the number 1 or a list of one item, else the second; # is the number
    {shape:shape}        (3, 4); `position` is the same, without parentheses for one number
    {shape:array}        "a number" or "an array of shape (3, 4)"
    {names:list}         a, b, c; `and` and `or` join with that word; `few` shows four at most
    {error:amount}       7% or 0.002; `percent`: 7 %, `ratio`: 4/3, 50 or 0.1234
    {count:word}         two, three, … nine, then 10
    {text:sentence}      the text, with a full stop added if it has none

A value may itself be a reason; its sentence is inserted. Each language has its own catalogue and its own forms
(english.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Any

from grader.errors import GraderError
from grader.messages import english
from grader.messages.advice import ADVICE, NEXT
from grader.messages.endings import FOLLOWS, STOPPED, STUBS, UNANSWERED
from grader.messages.notes import FAULTS, HANDED_IN, HANDOUT, NOTES
from grader.messages.values import CHANCE, PARTS, VALUES
from grader.records import Reason

TABLES = (VALUES, CHANCE, PARTS, STOPPED, UNANSWERED, FOLLOWS, STUBS, ADVICE, NEXT, HANDED_IN, NOTES, HANDOUT, FAULTS)
CATALOGUE: Mapping[str, str] = {id: text for table in TABLES for id, text in table.items()}


class Sayer(Formatter):
    """str.format with the forms above, for the catalogue of one language."""

    def __init__(self, catalogue: Mapping[str, str], forms: Mapping[str, Any]) -> None:
        self.catalogue = catalogue
        self.forms = forms

    def say(self, reason: Reason) -> str:
        return self.vformat(self.catalogue[reason.id], (), reason.values).strip()

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        value = self.say(value) if isinstance(value, Reason) else value
        return value if conversion == "c" else super().convert_field(value, conversion)

    def format_field(self, value: Any, format_spec: str) -> str:
        if "|" in format_spec:
            count = len(value) if isinstance(value, list) else value
            one, more = format_spec.split("|")
            return (one if count == 1 else more).replace("#", str(count))
        form = self.forms.get(format_spec)
        return form(value) if form else format(value, format_spec)


ENGLISH = Sayer(CATALOGUE, english.FORMS)
say = ENGLISH.say


def said(reason: Reason | None) -> str:
    return say(reason) if reason else ""


def fault(reason: Reason, kind: type[GraderError] = GraderError) -> GraderError:
    """Build the exception for a fault of the grader or the assignment, from a reason, so that a page can show it."""
    error = kind(say(reason))
    error.reason = reason
    return error


def say_all(reasons: Iterable[Reason]) -> str:
    texts = [*map(say, reasons)]
    return " ".join([*map(english.sentence, texts[:-1]), *texts[-1:]])


def fields_of(template: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name)
