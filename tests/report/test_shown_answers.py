"""Answers on the pages: staff see all answers; students see points and comments, once staff gave them."""

from __future__ import annotations

from dataclasses import replace

from sample import MARKS, good, typical

from grader.records import ANSWERED, Answer, Mark, NotebookResult
from grader.report.notebooks.marked_answers import AnswerSum, flowing, shown_notebooks, sum_answers
from grader.report.pages import feedback_page, staff_page

MINE = MARKS["grace_hopper"]


def test_staff_see_every_answer_its_question_and_what_it_has() -> None:
    page = staff_page(typical(), MINE)
    for part in ("What goes wrong with a much larger step?", "The neighbourhood is no longer straight:", "<b>1.5</b>"):
        assert part in page
    assert "softmax_loss(scores, y)  # and more" in page
    assert page.count("<article") == 4
    assert ">unanswered</span>" in page and ">the cell is missing</span>" in page
    assert "it is damaged or cut off" in page and "not one of the assignment" in page
    assert (
        '<a href="#answers">Answers</a> <b>1.5</b><span class="of"> / 6</span> <span class="of">(2 of 3 marked)' in page
    )


def test_a_student_sees_points_and_comment() -> None:
    page = feedback_page(typical(), MINE)
    assert page.count("<article") == 2
    assert "The rounding errors are missing.\nSee the lecture on them." in page
    assert "answers.csv" not in page and "notebooks/" not in page and "Mine.ipynb" not in page


def test_a_student_sees_a_comment_without_points() -> None:
    page = feedback_page(typical(), {("Nets", "vanishing"): Mark(None, "Ask me.")})
    assert "Ask me." in page
    assert '<b>–</b><span class="of"> / 2</span>' in page
    assert 'href="#answers"' not in page


def test_before_marks_are_given_a_student_sees_no_answers() -> None:
    assert "answers" not in feedback_page(typical()).partition("<body")[2]


def test_without_notebooks_pages_do_not_mention_them() -> None:
    for page in (staff_page(good()), feedback_page(good())):
        assert 'id="answers"' not in page


def test_sums_include_only_answers_with_points() -> None:
    assert sum_answers(shown_notebooks(typical(), MINE)) == AnswerSum(1.5, 6.0, 2, 3)
    free = NotebookResult("N.ipynb", "N", "", answers=(Answer("a", "", "markdown", ANSWERED, "x", 0.0),))
    assert sum_answers(shown_notebooks(replace(good(), notebooks=(free,)), {})) is None


def test_lines_of_a_paragraph_are_joined_and_lists_tables_and_formulas_stay() -> None:
    text = "One\ntwo\n\nthree\n- a\n- b\n1. c\n| d |\n$$e$$"
    assert flowing(text) == "One two\n\nthree\n- a\n- b\n1. c\n| d | $$e$$"
