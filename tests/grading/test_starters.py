"""The course's untouched starter files of each year: no points and no false note, with the year named or guessed."""

import sys
from functools import cache

import pytest
from cases import ROOT
from sayings import notes_of
from starters import YEARS, starter, write_starter

from grader.assignment.load import load_assignment
from grader.grading.context import Settings, prepare
from grader.grading.submission import grade_submission
from grader.intake.collect import find, read
from grader.intake.notebooks.answers import handed_out
from grader.messages.of_check import message_of
from grader.messages.say import said, say
from grader.records import MISSING, NOT_APPLICABLE, Submission

pytestmark = pytest.mark.process

HANDOUT = dict.fromkeys(YEARS, "2021") | {"2016": "2016", "2017": "2017", "2025": "2025"}
HANDOUT |= dict.fromkeys(("2018", "2019", "2020"), "2018")
GUESSED = HANDOUT | {"2025": "2021"}  # no mark distinguishes these two

# The maximum of each handout: what it leaves to be written.
MAXIMUM = {"2016": 72.22, "2017": 72.22, "2018": 87, "2021": 88, "2025": 81}


@cache
def settings(handout):
    return Settings(str(ROOT / "assignment"), sys.executable, "auto", handout)


@cache
def assignment():
    return load_assignment(ROOT / "assignment")


def collected(folder):
    (found,) = find([folder], assignment())
    return read(found, assignment(), notebooks=lambda: handed_out(assignment()))


@pytest.mark.parametrize("year", YEARS)
def test_an_untouched_starter_gets_no_points_and_no_note(year, tmp_path):
    write_starter(year, tmp_path)
    submission = collected(tmp_path)
    assert submission.answers, "the notebooks were not read"
    result = grade_submission(submission, prepare(settings(HANDOUT[year])))
    assert (result.score, result.max_score) == (0, MAXIMUM[HANDOUT[year]])
    assert {check.status for check in result.checks} <= {MISSING, NOT_APPLICABLE, "skipped"}
    assert notes_of(result) == ()
    assert {notebook.handed_out for notebook in result.notebooks} == {""}
    assert not [answer for notebook in result.notebooks for answer in notebook.answers]


@pytest.mark.parametrize("year", YEARS)
def test_a_starter_is_recognised(year, tmp_path):
    write_starter(year, tmp_path)
    result = grade_submission(collected(tmp_path), prepare(settings("auto")))
    assert result.assignment["handout"] == GUESSED[year], said(result.grounds)
    if year != "2025":
        assert result.score == 0
    assert list(notes_of(result)) == [said(result.grounds)]


def test_only_the_guess_says_that_2025_looks_the_same():
    files = {name: text.encode() for name, text in starter("2025").items()}
    handouts = prepare(settings("auto")).handouts
    handout, grounds = handouts.of(Submission("case", "case", files))
    assert handout.name == "2021"
    assert say(grounds).endswith("2025 has the same clues: name it with --handout if the submission was made from it.")


def test_by_the_assignments_own_handout_the_same_files_get_a_note(tmp_path):
    """This shows that the tests above would notice a note."""
    write_starter("2016", tmp_path)
    result = grade_submission(collected(tmp_path), prepare(settings("default")))
    said = " ".join(notes_of(result))
    for words in ("data_utils.py differs", "Not handed in:", "ModularNets.ipynb"):
        assert words in said
    assert any(notebook.handed_out for notebook in result.notebooks)


def test_a_function_that_the_handout_gives_solved_is_not_applicable_and_says_so():
    files = {name: text.encode() for name, text in starter("2018").items()}
    result = grade_submission(Submission("case", "case", files), prepare(settings("2018")))
    (losses,) = {
        (check.status, check.max_points, message_of(check))
        for check in result.checks
        if check.function in ("layers.svm_loss", "layers.softmax_loss")
    }
    assert losses == (
        NOT_APPLICABLE,
        0.0,
        "Handout 2018 (2018 to 2020) contains the solution of this function, so it carries no points.",
    )
