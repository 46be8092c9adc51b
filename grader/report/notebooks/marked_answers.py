"""Answers in notebooks, as pages show them: each with its question and the points that staff gave; and their sum."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from grader.intake.names import Ids
from grader.records import Answer, Mark, NotebookResult, Result

NOTEBOOKS: Final = "notebooks"  # a folder of OUT, with a folder for each submission and a page for each notebook
GOES_ON: Final = re.compile(r"(?<!\n)\n(?=[^\s*#>|`+0-9-])")
Marks = Mapping[tuple[str, str], Mark]  # of one submission: for notebook and question, the mark


@dataclass(frozen=True)
class MarkedAnswer:
    """An answer and the points and comment that staff gave for it."""

    answer: Answer
    mark: Mark

    @property
    def asks(self) -> str:
        return flowing(self.answer.asks).replace("**", "")

    @property
    def text(self) -> str:
        return self.answer.text if self.answer.kind == "code" else flowing(self.answer.text)

    @property
    def is_marked(self) -> bool:
        return self.mark != Mark()


@dataclass(frozen=True)
class ShownNotebook:
    """One notebook with its answers.

    page: the name of the notebook's page in OUT/notebooks/<submission>; "" if the student did not hand it in.
    """

    notebook: NotebookResult
    page: str
    answers: tuple[MarkedAnswer, ...]


@dataclass(frozen=True)
class AnswerSum:
    """The sum over the answers of a submission that carry points.

    marked: how many answers have points from staff. to_mark: how many answers there are.
    """

    points: float
    max_points: float
    marked: int
    to_mark: int


def flowing(markdown: str) -> str:
    """Join the lines of each paragraph of Markdown. A line that begins a paragraph or a list item stays separate."""
    return GOES_ON.sub(" ", markdown)


def page_names(notebooks: Sequence[str]) -> dict[str, str]:
    """Return a page name for each notebook of a submission: unique, and safe as a file name and in a URL."""
    ids = Ids()
    return {name: f"{ids.give(name.rpartition('.')[0] or name)}.html" for name in notebooks}


def shown_notebooks(result: Result, marks: Marks) -> list[ShownNotebook]:
    pages = page_names([notebook.name for notebook in result.notebooks if notebook.sha256])
    shown = []
    for one in result.notebooks:
        given = (marks.get((one.handed_out, answer.question), Mark()) for answer in one.answers)
        answers = tuple(map(MarkedAnswer, one.answers, given))
        shown.append(ShownNotebook(one, pages[one.name] if one.sha256 else "", answers))
    return shown


def sum_answers(notebooks: Sequence[ShownNotebook]) -> AnswerSum | None:
    """Return the sum of a submission's answers, or None if no answer carries points."""
    to_mark = [item for shown in notebooks for item in shown.answers if item.answer.max_points]
    return sum_points([(item.mark.points, item.answer.max_points) for item in to_mark]) if to_mark else None


def sum_points(answers: Collection[tuple[float | None, float]]) -> AnswerSum:
    """Sum up answers. answers: for each answer, its points (None if staff gave none) and its maximum."""
    given = [points for points, _ in answers if points is not None]
    return AnswerSum(round(sum(given), 2), sum(most for _, most in answers), len(given), len(answers))
