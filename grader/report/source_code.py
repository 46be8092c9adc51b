"""The student's own code on the pages: the definition of each function that lost points, with its lines marked.

Result ─► functions with `code` ─► Source, one for each: highlighted lines, each with an id that links lead to
                                    └─► a line is marked if an exception or a loop of a failed check ended there
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup

from grader.records import CheckResult
from grader.report.fix_first import Group, is_failing
from grader.report.text import colour, visible

# Names, operators and brackets keep the colour of the text, so their elements would only make the page larger.
PLAIN: Final = re.compile(r'<span class="py-(?:n|o|p|w)">([^<]*)</span>')


@dataclass(frozen=True)
class SourceLine:
    """One line. anchor: its id on the page. checks: positions of the failed checks of the function that ended here."""

    number: int
    anchor: str
    html: Markup
    checks: tuple[int, ...]


@dataclass(frozen=True)
class Source:
    """The definition of one function."""

    file: str
    lines: tuple[SourceLine, ...]

    @property
    def is_marked(self) -> bool:
        return any(line.checks for line in self.lines)


@dataclass(frozen=True)
class Sources:
    """The definitions on one page, by function. Finds the line that a place such as "layers.py:12" means."""

    of: Mapping[str, Source]
    anchors: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        lines = {f"{one.file}:{line.number}": line.anchor for one in self.of.values() for line in one.lines}
        object.__setattr__(self, "anchors", lines)

    def anchor_at(self, place: str) -> str:
        """Return the id on the page of the line that "layers.py:12" names, or "" if the page does not show it."""
        return self.anchors.get(place, "")


def sources_of(groups: Iterable[Group], anchors: Mapping[str, str]) -> Sources:
    """Return the definitions of all functions that have code in the result. anchors: of the functions, on the page."""
    coded = [group for group in groups if group.function.code]
    return Sources({group.function.function: source_of(group, anchors[group.function.function]) for group in coded})


def source_of(group: Group, anchor: str) -> Source:
    first = group.function.line
    html = highlight(group.function.code)
    last = first + len(html) - 1
    ends = [end_of(check, group.file, first, last) for check in group.checks]
    lines = (
        SourceLine(
            number, f"{anchor}-l{number}", line, tuple(index for index, end in enumerate(ends, 1) if end == number)
        )
        for number, line in enumerate(html, first)
    )
    return Source(group.file, tuple(lines))


def end_of(check: CheckResult, file: str, first: int, last: int) -> int:
    """Return the line from `first` to `last` where a failed check ended, the innermost of its traceback, or 0."""
    frames = check.frames if is_failing(check) else ()
    return next((one.line for one in reversed(frames) if one.file == file and first <= one.line <= last), 0)


def highlight(code: str) -> Sequence[Markup]:
    """The lines of a definition, escaped and coloured."""
    html: str = PLAIN.sub(r"\1", colour()(visible(code)))
    return [Markup(line) for line in html.split("\n")]
