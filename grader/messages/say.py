"""From a reason to its sentence. Pure.

A template is what str.format takes, and these besides:

    {name!c}             the student's code chose this value: its exception's text, what it printed
    {count:# axis|# axes}  the first form for one (or a list of one), the second for more; # is the number
    {shape:shape}        (3, 4); `position` is the same, without brackets for one number
    {shape:array}        "a number" or "an array of shape (3, 4)"
    {names:list}         a, b, c; `and`, `or` with these words in between; `few`: four at most
    {error:amount}       7% or 0.002; `percent`: 7 %, `ratio`: 4/3, 50 or 0.1234
    {count:word}         two, three, … nine, then 10
    {text:sentence}      with a full stop, if it ends without

A value may be a reason of its own, which is said in its place. What these words are in another language stands beside
its catalogue (english.py).
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
    """str.format with the words above, on the catalogue of one language and its forms."""

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
    """A fault of ours that a page may show: an error whose text is a reason's."""
    error = kind(say(reason))
    error.reason = reason
    return error


def say_all(reasons: Iterable[Reason]) -> str:
    texts = [*map(say, reasons)]
    return " ".join([*map(english.sentence, texts[:-1]), *texts[-1:]])


def fields_of(template: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name)
