"""Answers in notebooks as the pages show them: each with its question, the points that staff gave, and their sum."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from grader.intake.names import Ids
from grader.records import Answer, Mark, NotebookResult, Result

NOTEBOOKS: Final = "notebooks"  # of OUT: a folder a submission in it, with a page a notebook
GOES_ON: Final = re.compile(r"(?<!\n)\n(?=[^\s*#>|`+0-9-])")
Marks = Mapping[tuple[str, str], Mark]  # of one submission, by notebook and question


@dataclass(frozen=True)
class MarkedAnswer:
    """An answer and what staff gave for it."""

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
    """page: name of its page in the submission's folder of OUT/notebooks, "" for one that was not handed in."""

    notebook: NotebookResult
    page: str
    answers: tuple[MarkedAnswer, ...]


@dataclass(frozen=True)
class AnswerSum:
    """Over the answers of a submission that are worth points. marked: how many have some."""

    points: float
    max_points: float
    marked: int
    asked: int


def flowing(markdown: str) -> str:
    """Markdown as text in paragraphs: a line that only goes on is joined to the one before it."""
    return GOES_ON.sub(" ", markdown)


def page_names(notebooks: Sequence[str]) -> dict[str, str]:
    """The page of each notebook of a submission, by its name: safe as a file name and in an address, and unique."""
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
    """None where there is nothing to mark."""
    asked = [item for shown in notebooks for item in shown.answers if item.answer.max_points]
    return sum_points([(item.mark.points, item.answer.max_points) for item in asked]) if asked else None


def sum_points(answers: Collection[tuple[float | None, float]]) -> AnswerSum:
    """answers: the points of each, None where staff gave none, and what it is worth."""
    given = [points for points, _ in answers if points is not None]
    return AnswerSum(round(sum(given), 2), sum(most for _, most in answers), len(given), len(answers))
