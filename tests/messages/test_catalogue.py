"""Every reason in the code has a sentence with exactly its values, and the code uses every sentence."""

import ast
import re
from collections import Counter

import pytest
from cases import ROOT
from sayings import chosen_by_code, values_for

from grader.messages.english import FORMS
from grader.messages.say import CATALOGUE, TABLES, fields_of, said, say, say_all
from grader.records import Reason


def given():
    """(file and line, id, names of values) of each `Reason.of` in the code."""
    for path in sorted((ROOT / "grader").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Reason.of":
                where = f"{path.relative_to(ROOT)}:{node.lineno}"
                yield where, ast.literal_eval(node.args[0]), {keyword.arg for keyword in node.keywords}


GIVEN = list(given())


def test_every_reason_of_the_code_is_in_the_catalogue_with_exactly_its_values():
    assert len(GIVEN) > 100
    assert [(where, id) for where, id, _ in GIVEN if id not in CATALOGUE] == []
    wrong = [(where, id, names ^ fields_of(CATALOGUE[id])) for where, id, names in GIVEN]
    assert [one for one in wrong if one[2]] == []


def test_every_sentence_of_the_catalogue_is_given_by_the_code():
    assert sorted(CATALOGUE.keys() - {id for _, id, _ in GIVEN}) == []


def test_no_two_sentences_have_one_id():
    ids = Counter(id for table in TABLES for id in table)
    assert [id for id, count in ids.items() if count > 1] == []


@pytest.mark.parametrize("id", CATALOGUE)
def test_every_sentence_can_be_formatted(id):
    text = say(Reason(id, values_for(CATALOGUE[id])))
    assert text and not re.search(r"[{}]", text)


@pytest.mark.parametrize("id", CATALOGUE)
def test_every_form_in_a_template_exists(id):
    specs = re.findall(r"\{\w+(?:!\w)?:([a-z_]+)\}", CATALOGUE[id])
    assert [spec for spec in specs if spec not in FORMS and spec != "g"] == []


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason.of("shape_along", name="dw", found=(6, 4), expected=(6, 5), axes=[1]), "along axis 1."),
        (Reason.of("shape_along", name="dw", found=(6, 4), expected=(7, 5), axes=[0, 1]), "along axes 0 and 1."),
        (Reason.of("shape_of_a_number", name="db", found=(), expected=(2,)), "db has shape (), expected (2,)."),
        (Reason.of("is_none", name="db", expected=()), "expected a number."),
        (Reason.of("factor", name="dx", ratio=[-1, 3]), "dx is -1/3 times"),
        (Reason.of("factor", name="dx", ratio=0.12345), "dx is 0.1235 times"),
        (Reason.of("factor", name="dx", ratio=50), "dx is 50 times"),
        (Reason.of("only_at", at=[1], axis=0), "only at index 1 of axis 0"),
        (Reason.of("only_at", at=[1, 2, 3, 4, 9], axis=0), "only at indices 1, 2, 3, 4 … of axis 0"),
        (Reason.of("first_at", at=[3]), "first at 3"),
        (Reason.of("first_at", at=[3, 0]), "first at (3, 0)"),
        (Reason.of("number_off", name="loss", amount=0.05), "by 5%."),
        (Reason.of("number_slightly_off", name="loss", amount=0.00512), "error of 0.0051."),
        (Reason.of("shares_part", own="f", name="g", share=0.25), "counts for 25 %, based"),
        (Reason.of("was_given_cache", why=Reason.of("raised", name="f", raised="E", text="x"), name="g"), "x. The"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.id,
)  # fmt: skip
def test_numbers_shapes_and_lists_are_formatted_as_people_write_them(reason, text):
    assert text in say(reason)


def test_several_reasons_are_sentences_of_one_text():
    raised = Reason.of("raised", name="f", raised="E", text="x")
    assert say_all([raised, raised]) == "f raised E: x. f raised E: x"
    assert (say_all([]), said(None)) == ("", "")


def test_values_with_braces_are_inserted_unchanged():
    assert say(Reason.of("raised", name="f", raised="E", text="{name} {0} {")) == "f raised E: {name} {0} {"


def test_the_catalogue_knows_what_the_code_chose():
    assert chosen_by_code(CATALOGUE["raised"]) == {"raised", "text"}
    assert chosen_by_code(CATALOGUE["off"]) == frozenset()
