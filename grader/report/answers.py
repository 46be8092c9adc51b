"""Answers in notebooks as the pages show them: each with its question, the points that staff gave, and their sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.records import Answer, Mark, NotebookResult, Result
from grader.report.notebook_names import page_names

Marks = Mapping[tuple[str, str], Mark]  # of one submission, by notebook and question


@dataclass(frozen=True)
class MarkedAnswer:
    """An answer and what staff gave for it."""

    answer: Answer
    mark: Mark

    @property
    def is_marked(self) -> bool:
        return self.mark != Mark()


@dataclass(frozen=True)
class ShownNotebook:
    """page: name of its page in the submission's folder of OUT/notebooks."""

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


def shown_notebooks(result: Result, marks: Marks) -> list[ShownNotebook]:
    pages = page_names([notebook.name for notebook in result.notebooks])
    return [
        ShownNotebook(
            notebook,
            pages[notebook.name],
            tuple(
                MarkedAnswer(answer, marks.get((notebook.handed_out, answer.question), Mark()))
                for answer in notebook.answers
            ),
        )
        for notebook in result.notebooks
    ]


def sum_answers(notebooks: Sequence[ShownNotebook]) -> AnswerSum | None:
    """None where there is nothing to mark."""
    asked = [item for shown in notebooks for item in shown.answers if item.answer.max_points]
    given = [item.mark.points for item in asked if item.mark.points is not None]
    most = sum(item.answer.max_points for item in asked)
    return AnswerSum(round(sum(given), 2), most, len(given), len(asked)) if asked else None
