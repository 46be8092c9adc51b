"""What is read from a student's notebooks, compared with the handed-out ones."""

from __future__ import annotations

import json

import pytest
from sayings import problem_of

from grader.errors import AssignmentError
from grader.intake.notebooks.answers import MOST_CHARS, handed_out_from, read_notebooks
from grader.messages.say import say
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
    return found, list(map(say, notes))


def answers(notebooks, name="Nets.ipynb"):
    found, _ = read(notebooks)
    return {answer.question: answer for one in found if one.name == name for answer in one.answers}


def written(text="Because.", **more):
    cells = handed()
    cells[2] = {**cells[2], "source": text, **more}
    return cells


def test_an_answer_has_its_question_and_points():
    why = answers({"Nets.ipynb": written()})["why"]
    assert (why.status, why.text, why.asks, why.kind, why.max_points) == (
        ANSWERED, "Because.", "**Question.** Why?", "markdown", 2.0,
    )  # fmt: skip
    assert answers({"Other.ipynb": OTHER}, "Other.ipynb")["how"].max_points == 0


def test_the_handed_out_text_is_not_an_answer_whatever_its_white_space():
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


def test_a_cell_without_both_is_read_from_below_its_question():
    found, notes = read({"Nets.ipynb": written(metadata={}, id="other"), "Other.ipynb": OTHER})
    assert (found[0].answers[0].status, found[0].answers[0].text) == (ANSWERED, "Because.")
    assert notes == [
        "Nets.ipynb: some cells lost the metadata of the handed-out notebook. why: the answers were read from "
        "the cells below the questions."
    ]


def test_without_the_cell_and_without_the_question_it_is_missing():
    cells = [cell for cell in written() if cell["source"] not in ("# Nets", "**Question.** Why?", "Because.")]
    assert answers({"Nets.ipynb": cells})["why"].status == ABSENT


def bare(cells):
    return [{name: value for name, value in one.items() if name != "id"} | {"metadata": {}} for one in cells]


@pytest.mark.parametrize(
    ("source", "status"), [(TODO, UNANSWERED), ("", UNANSWERED), ("Because.", ANSWERED)], ids=["todo", "empty", "text"]
)
def test_without_any_metadata_answers_stand_below_their_questions(source, status):
    why = answers({"Nets.ipynb": bare(written(source))})["why"]
    assert (why.status, why.text) == (status, "Because." if status == ANSWERED else "")


def test_without_any_metadata_an_answer_below_the_untouched_prompt_is_found():
    cells = bare(written(TODO))
    cells.insert(3, {"cell_type": "markdown", "metadata": {}, "source": "Because."})
    assert answers({"Nets.ipynb": cells})["why"].text == "Because."


@pytest.mark.parametrize("place", [2, 3])
def test_an_answer_continues_in_the_cells_above_and_below_it(place):
    cells = written("Because.")
    cells[place:place] = [cell("See here:"), cell("print(1)", "code")]
    why = answers({"Nets.ipynb": cells})["why"]
    parts = ["See here:", "print(1)"]
    assert why.text == "\n\n".join([*parts, "Because."] if place == 2 else ["Because.", *parts])


def test_a_cell_between_two_answers_belongs_only_to_the_first():
    original = [cell("Q"), cell(TODO, role="answer", name="a"), cell(TODO, role="answer", name="b")]
    handed_out = handed_out_from({"N.ipynb": packed(original)}, {})
    between = [original[0], {**original[1], "source": "One."}, cell("More."), original[2]]
    found, _ = read_notebooks({"N.ipynb": packed(between)}, handed_out)
    assert [(one.question, one.text) for one in found[0].answers] == [("a", "One.\n\nMore."), ("b", "")]


PNG = "data:image/png;base64," + "A" * 30_000


@pytest.mark.parametrize(
    "picture",
    [f"![plot]({PNG})", f'<img src="{PNG}" width="3">', f"![plot][1]\n\n[1]: <{PNG}>"],
    ids=["md", "html", "ref"],
)
def test_a_pasted_picture_does_not_count_towards_the_length_limit(picture):
    why = answers({"Nets.ipynb": written(f"Above.\n{picture}\nThe plot shows that it vanishes.")})["why"]
    assert why.text.startswith("Above.") and why.text.endswith("The plot shows that it vanishes.")
    assert "data:image/png (30,022 characters)" in why.text and len(why.text) < 300


@pytest.mark.parametrize("name", ["Copy of Nets.ipynb", "Nets (1).ipynb", "ada_Nets_final.ipynb", "hw2.ipynb"])
def test_a_notebook_with_another_name_is_recognised_by_its_cells(name):
    assert answers({name: written()}, name)["why"].text == "Because."
    assert answers({name: bare(written())}, name)["why"].text == "Because."


def test_notes_with_the_name_of_a_notebook_are_not_a_copy_of_it():
    found, notes = read({"Nets notes.ipynb": [cell("My notes")], "Other.ipynb": OTHER})
    assert found[0].handed_out == ""
    assert "Nets notes.ipynb: not made from a handed-out notebook." in notes


def test_the_copy_that_has_answers_is_read():
    found, notes = read({"Nets.ipynb": handed(), "Nets (1).ipynb": written(), "Other.ipynb": OTHER})
    assert [(one.name, one.handed_out) for one in found][:2] == [("Nets.ipynb", ""), ("Nets (1).ipynb", "Nets")]
    assert notes == ["Nets.ipynb and Nets (1).ipynb are copies of one notebook; answers were read from Nets (1).ipynb."]


def test_copies_fill_each_others_gaps_and_differences_are_noted():
    first, second = written("Mine."), written("Other words.")
    second[5]["source"] = "def net(): return 1"
    first[5]["source"] = handed()[5]["source"]
    found, notes = read({"Nets.ipynb": first, "Nets (1).ipynb": second, "Other.ipynb": OTHER})
    assert {answer.question: answer.text for answer in found[1].answers} == {
        "why": "Other words.",
        "net": "def net(): return 1",
    }
    assert notes == [
        "Nets.ipynb and Nets (1).ipynb are copies of one notebook; answers were read from Nets (1).ipynb. "
        "why: the two copies have different answers. Read both."
    ]
    third = written(TODO)
    third[5]["source"] = "def net(): return 2"
    found, notes = read({"Nets.ipynb": first, "Nets (1).ipynb": third, "Other.ipynb": OTHER})
    assert {answer.question: answer.text for answer in found[0].answers} == {
        "why": "Mine.",
        "net": "def net(): return 2",
    }
    assert notes == [
        "Nets (1).ipynb and Nets.ipynb are copies of one notebook; answers were read from Nets.ipynb, "
        "and net from Nets (1).ipynb."
    ]


def test_a_notebook_that_was_left_out_was_handed_in():
    found, notes = read_notebooks({"Nets.ipynb": packed(handed())}, HANDED_OUT, left_out=["Other.ipynb"])
    assert notes == ()
    assert problem_of(found[1]) == "It was left out, because it exceeds a limit."


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
    assert tuple(map(say, notes)) == ("N: the check cells c0, c1, c2, c3, c4, c5, c6, c7 and 4 more were changed.",)


def test_a_renamed_notebook_is_recognised_by_its_cells():
    found, notes = read({"nets (final).ipynb": written(), "Other.ipynb": OTHER})
    assert [(one.name, one.handed_out) for one in found] == [("nets (final).ipynb", "Nets"), ("Other.ipynb", "Other")]
    assert found[0].answers[0].text == "Because."
    assert notes == []


def test_a_copy_beside_it_is_not_read_and_is_noted():
    found, notes = read({"Nets-Copy1.ipynb": written("Old."), "Nets.ipynb": written("New."), "Other.ipynb": OTHER})
    assert [(one.handed_out, len(one.answers)) for one in found] == [("", 0), ("Nets", 2), ("Other", 1)]
    assert notes == [
        "Nets-Copy1.ipynb and Nets.ipynb are copies of one notebook; answers were read from Nets.ipynb. "
        "why: the two copies have different answers. Read both."
    ]


def test_a_students_own_notebook_has_no_answers_and_is_noted_if_one_is_missing():
    found, notes = read({"Mine.ipynb": [cell("# Mine")]})
    assert [(one.name, one.handed_out, one.answers) for one in found] == [("Mine.ipynb", "", ())]
    assert notes == ["Mine.ipynb: not made from a handed-out notebook."]
    _, notes = read({"Mine.ipynb": [cell("# Mine")], "Nets.ipynb": handed(), "Other.ipynb": OTHER})
    assert notes == []


def test_a_damaged_notebook_is_noted_and_its_answers_are_missing():
    found, notes = read({"Nets.ipynb": packed(handed())[:-20], "Other.ipynb": OTHER})
    assert "not valid JSON" in problem_of(found[0])
    assert [one.status for one in found[0].answers] == [ABSENT, ABSENT]
    assert notes == [f"Nets.ipynb: {problem_of(found[0])}"]


def test_a_readable_copy_stands_in_for_a_damaged_notebook():
    found, _ = read({"Nets.ipynb": b"{", "Nets (1).ipynb": written()})
    assert [(one.name, one.handed_out) for one in found][:2] == [("Nets.ipynb", ""), ("Nets (1).ipynb", "Nets")]


def test_notebooks_that_were_not_handed_in_are_named():
    found, notes = read({"Nets.ipynb": handed()})
    assert notes == ["Not handed in: Other.ipynb."]
    assert (found[1].name, found[1].sha256, problem_of(found[1])) == ("Other.ipynb", "", "It was not handed in.")
    assert [(one.question, one.status) for one in found[1].answers] == [("how", ABSENT)]


@pytest.mark.parametrize(
    ("points", "message"),
    [({"where": 1.0}, "no answer cell of this name"), ({"how": 1.0}, "2 answer cells of this name, expected one")],
)
def test_points_for_a_question_without_exactly_one_cell_are_refused(points, message):
    with pytest.raises(AssignmentError, match=message):
        handed_out_from({"A.ipynb": packed(OTHER), "B.ipynb": packed(OTHER)}, points)
