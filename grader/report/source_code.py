"""The student's code on pages: the definition of each function that lost points, with marked lines where checks failed.

    Result ─► functions with `code` ─► ShownDefinition, one for each ─► ShownLine: highlighted, with an id for links

A line is marked if a failed check ended there, with an exception or in a loop.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup

from grader.records import CheckResult
from grader.report.fix_first import Group, is_failing
from grader.report.text import HIGHLIGHT_CHARS, clip, highlight_line, visible

# Names, operators and brackets keep the colour of the text, so their elements would only make the page larger.
PLAIN: Final = re.compile(r'<span class="py-(?:n|o|p|w)">([^<]*)</span>')
TRIPLE_QUOTES: Final = re.compile(r"\"{3}|'{3}")


@dataclass(frozen=True)
class ShownLine:
    """One line of code. anchor: the line's id on the page. checks: the numbers of failed checks that ended here."""

    number: int
    anchor: str
    html: Markup
    checks: tuple[int, ...]


@dataclass(frozen=True)
class ShownDefinition:
    """The definition of one function."""

    file: str
    lines: tuple[ShownLine, ...]

    @property
    def is_marked(self) -> bool:
        return any(line.checks for line in self.lines)


@dataclass(frozen=True)
class ShownDefinitions:
    """The definitions on one page, by function. `anchor_at` finds the line of a place such as "layers.py:12"."""

    of: Mapping[str, ShownDefinition]
    anchors: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        lines = {f"{one.file}:{line.number}": line.anchor for one in self.of.values() for line in one.lines}
        object.__setattr__(self, "anchors", lines)

    def anchor_at(self, place: str) -> str:
        """Return the id on the page of the line that "layers.py:12" names, or "" if the page does not show it."""
        return self.anchors.get(place, "")


def sources_of(groups: Iterable[Group], anchors: Mapping[str, str]) -> ShownDefinitions:
    """Return the definitions of all functions that have code in the result. anchors: each function's id on the page."""
    coded = {group.function.function: group for group in groups if group.function.code}
    return ShownDefinitions({name: source_of(group, anchors[name]) for name, group in coded.items()})


def source_of(group: Group, anchor: str) -> ShownDefinition:
    first = group.function.line
    html = highlight(group.function.code)
    last = first + len(html) - 1
    ends = [end_of(check, group.file, first, last) for check in group.checks]
    lines = (
        ShownLine(
            number, f"{anchor}-l{number}", line, tuple(index for index, end in enumerate(ends, 1) if end == number)
        )
        for number, line in enumerate(html, first)
    )
    return ShownDefinition(group.file, tuple(lines))


def end_of(check: CheckResult, file: str, first: int, last: int) -> int:
    """Return the number of the line, from `first` to `last`, in which a failed check ended, or 0.

    This is the innermost line of the check's traceback that is in the definition.
    """
    frames = check.frames if is_failing(check) else ()
    return next((one.line for one in reversed(frames) if one.file == file and first <= one.line <= last), 0)


def highlight(code: str) -> list[Markup]:
    """Return the lines of a definition, escaped and coloured.

    Each line is coloured by itself: on a whole hostile definition, Pygments takes a second. So this function, not
    Pygments, follows texts in triple quotes over several lines.
    """
    html, quote = [], ""
    for line in visible(code).split("\n"):
        before = quote
        for mark in TRIPLE_QUOTES.findall(line):
            quote = "" if quote == mark else quote or mark
        indent = line[: len(line) - len(line.lstrip())]
        if before or quote:
            html.append(Markup('{}<span class="py-sd">{}</span>').format(indent, clip(line.strip(), HIGHLIGHT_CHARS)))
        else:
            html.append(Markup(PLAIN.sub(r"\1", indent + highlight_line(line)).rstrip("\n")))
    return html
