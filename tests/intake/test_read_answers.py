"""What is read in a student's notebooks, against those that were handed out."""

from __future__ import annotations

import json

import pytest

from grader.errors import AssignmentError
from grader.intake.answers import MOST_CHARS, handed_out_from, read_notebooks
from grader.records import ABSENT, ANSWERED, UNANSWERED

TODO = "*Write your answer here.*"


def cell(source, kind="markdown", role="", name="", **more):
    metadata = {"grader": {"role": role, "name": name}} if role else {}
    identity = f"{role}-{name}" if role else f"d{abs(hash(source)) % 10**8}"
    return {"cell_type": kind, "id": identity, "metadata": metadata, "source": source, **more}


def packed(cells, **top):
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **top}).encode()


def handed():
    return [
        cell("# Nets"),
        cell("**Question.** Why?"),
        cell(TODO, role="answer", name="why"),
        cell("check(1)", "code", "check", "one"),
        cell("Write a net."),
        cell("def net(): ...", "code", "answer", "net"),
        cell("check(2)", "code", "check", "two"),
    ]


OTHER = [cell("# Other"), cell(TODO, role="answer", name="how"), cell("check(3)", "code", "check", "three")]
POINTS = {"why": 2.0, "net": 3.0}
HANDED_OUT = handed_out_from({"Nets.ipynb": packed(handed()), "Other.ipynb": packed(OTHER)}, POINTS)


def read(notebooks):
    found, notes = read_notebooks(
        {name: one if isinstance(one, bytes) else packed(one) for name, one in notebooks.items()}, HANDED_OUT
    )
    return found, list(notes)


def answers(notebooks, name="Nets.ipynb"):
    found, _ = read(notebooks)
    return {answer.question: answer for one in found if one.name == name for answer in one.answers}


def written(text="Because.", **more):
    cells = handed()
    cells[2] = {**cells[2], "source": text, **more}
    return cells


def test_an_answer_stands_with_its_question_and_what_it_is_worth():
    why = answers({"Nets.ipynb": written()})["why"]
    assert (why.status, why.text, why.asks, why.kind, why.max_points) == (
        ANSWERED, "Because.", "**Question.** Why?", "markdown", 2.0,
    )  # fmt: skip
    assert answers({"Other.ipynb": OTHER}, "Other.ipynb")["how"].max_points == 0


def test_what_was_handed_out_is_no_answer_whatever_its_white_space():
    found = answers({"Nets.ipynb": written(f"\n{TODO}  \r\n")})
    assert [(name, one.status, one.text) for name, one in found.items()] == [
        ("why", UNANSWERED, ""),
        ("net", UNANSWERED, ""),
    ]


def test_code_answers_are_read_as_code():
    cells = handed()
    cells[5]["source"] = "def net():\n    return 1"
    net = answers({"Nets.ipynb": cells})["net"]
    assert (net.kind, net.text, net.asks) == ("code", "def net():\n    return 1", "Write a net.")


@pytest.mark.parametrize("lost", [{"metadata": {}}, {"id": "other"}])
def test_either_metadata_or_id_is_enough(lost):
    assert answers({"Nets.ipynb": written(**lost)})["why"].text == "Because."


def test_a_cell_without_both_is_missing():
    assert answers({"Nets.ipynb": written(metadata={}, id="other")})["why"].status == ABSENT


def test_an_answer_in_new_cells_below_is_found_and_ends_at_what_was_handed_out():
    cells = handed()
    cells[3:3] = [cell("Since it is so."), cell("print('proof')", "code")]
    why = answers({"Nets.ipynb": cells})["why"]
    assert (why.status, why.text) == (ANSWERED, "Since it is so.\n\nprint('proof')")


def test_a_cell_that_was_split_is_put_together_in_order():
    cells = written("First.")
    cells.insert(3, cell("Second.", role="answer", name="why"))
    assert answers({"Nets.ipynb": cells})["why"].text == "First.\n\nSecond."


def test_an_endless_answer_is_cut_off():
    text = answers({"Nets.ipynb": written("x" * (MOST_CHARS + 5))})["why"].text
    assert text.endswith("(cut off)")
    assert len(text) < MOST_CHARS + 20


def test_changed_and_deleted_check_cells_are_noted():
    cells = handed()
    cells[3]["source"] = "check(1)  # mine"
    del cells[6]
    _, notes = read({"Nets.ipynb": cells, "Other.ipynb": OTHER})
    assert notes == ["Nets: the check cell one was changed.", "Nets: the check cell two was deleted."]


def test_white_space_and_copies_are_no_change():
    cells = handed()
    cells[3]["source"] = "check(1)   \n"
    cells.append({**cells[3], "source": "check(1, verbose=True)"})
    assert read({"Nets.ipynb": cells, "Other.ipynb": OTHER})[1] == []


def test_many_changed_cells_are_one_note():
    many = [cell(f"check({i})", "code", "check", f"c{i}") for i in range(12)]
    handed_out = handed_out_from({"N.ipynb": packed(many)}, {})
    _, notes = read_notebooks({"N.ipynb": packed([{**one, "source": "pass"} for one in many])}, handed_out)
    assert notes == ("N: the check cells c0, c1, c2, c3, c4, c5, c6, c7 and 4 more were changed.",)


def test_a_renamed_notebook_is_known_by_its_cells():
    found, notes = read({"nets (final).ipynb": written(), "Other.ipynb": OTHER})
    assert [(one.name, one.handed_out) for one in found] == [("nets (final).ipynb", "Nets"), ("Other.ipynb", "Other")]
    assert found[0].answers[0].text == "Because."
    assert notes == []


def test_a_copy_beside_it_is_not_read_and_said():
    found, notes = read({"Nets-Copy1.ipynb": written("Old."), "Nets.ipynb": written("New."), "Other.ipynb": OTHER})
    assert [(one.handed_out, len(one.answers)) for one in found] == [("", 0), ("Nets", 2), ("Other", 1)]
    assert notes == ["Nets-Copy1.ipynb is another Nets.ipynb; answers were read from Nets.ipynb."]


def test_a_notebook_of_their_own_has_no_answers_and_is_nothing_to_remark_on():
    found, notes = read({"Mine.ipynb": [cell("# Mine")]})
    assert [(one.name, one.handed_out, one.answers) for one in found] == [("Mine.ipynb", "", ())]
    assert notes == []


def test_a_damaged_notebook_is_told_and_its_answers_are_missing():
    found, notes = read({"Nets.ipynb": packed(handed())[:-20], "Other.ipynb": OTHER})
    assert "no JSON" in found[0].problem
    assert [one.status for one in found[0].answers] == [ABSENT, ABSENT]
    assert notes == [f"Nets.ipynb: {found[0].problem}"]


def test_a_readable_copy_stands_in_for_a_damaged_notebook():
    found, _ = read({"Nets.ipynb": b"{", "Nets (1).ipynb": written()})
    assert {one.name: one.handed_out for one in found} == {"Nets.ipynb": "", "Nets (1).ipynb": "Nets"}


def test_notebooks_that_were_not_handed_in_are_named():
    assert read({"Nets.ipynb": handed()})[1] == ["Not handed in: Other.ipynb."]


@pytest.mark.parametrize(
    ("points", "said"),
    [({"where": 1.0}, "no answer cell of that name"), ({"how": 1.0}, "2 answer cells of that name, expected one")],
)
def test_points_for_what_is_not_asked_once_are_refused(points, said):
    with pytest.raises(AssignmentError, match=said):
        handed_out_from({"A.ipynb": packed(OTHER), "B.ipynb": packed(OTHER)}, points)
