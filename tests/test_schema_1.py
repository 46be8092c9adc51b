"""A stored result of schema 1 keeps its sentences in schema 2, and its pages can be rebuilt."""

import json
import shutil

import jsonschema
import pytest
from cases import ROOT

from docs.make_result_schema import result_schema
from grader.messages.of_check import message_of
from grader.messages.say import said, say, say_all
from grader.records import Result
from grader.report.disclosure import for_student
from grader.report.pages import feedback_page, staff_page
from grader.running.output_folder import stored

FILE = ROOT / "tests/schema_1/three-mistakes.json"
OLD = json.loads(FILE.read_text(encoding="utf-8"))
NEW = Result.from_json(FILE.read_text(encoding="utf-8"))


def test_a_result_of_schema_1_keeps_its_sentences():
    assert OLD["schema"] == 1
    assert (NEW.score, NEW.max_score, len(NEW.checks)) == (OLD["score"], OLD["max_score"], len(OLD["checks"]))
    assert [say(note) for note in NEW.notes] == OLD["notes"]
    for old, new in zip(OLD["checks"], NEW.checks, strict=True):
        assert message_of(new) == old["message"]
        assert say_all(new.hints) == old["hint"]
        assert [say(remark) for remark in new.remarks] == old["remarks"]
        assert [said(part.reason) for part in new.comparisons] == [part["reason"] for part in old["comparisons"]]


def test_told_of_schema_1_becomes_the_reasons_of_own_run():
    on_stubs = [old for old in OLD["checks"] if old["told"] and old["visibility"] == "visible"]
    assert len(on_stubs) > 1
    shown = {check.id: check for check in for_student(NEW).checks}
    assert {message_of(shown[old["id"]]) for old in on_stubs} == {old["told"] for old in on_stubs}


def test_an_upgraded_result_is_written_in_schema_2():
    text = NEW.to_json()
    assert json.loads(text)["schema"] == 2
    assert Result.from_json(text) == NEW


def test_its_pages_can_be_made_again():
    assert OLD["checks"][1]["title"] in staff_page(NEW)
    assert OLD["checks"][1]["title"] in feedback_page(NEW)


@pytest.mark.parametrize("damage", [{"checks": [1]}, {"notes": None}, {"checks": [{}]}, {"status": "fine"}], ids=str)
def test_a_damaged_result_of_schema_1_is_rejected(damage):
    with pytest.raises(ValueError, match="result"):
        Result.from_json(json.dumps({**OLD, **damage}))


def test_an_output_folder_with_schema_1_results_is_read(tmp_path):
    (tmp_path / "results").mkdir()
    shutil.copy(FILE, tmp_path / "results")
    assert stored(tmp_path, "three-mistakes") == NEW


SCHEMA = json.loads((ROOT / "docs/result.schema.json").read_text(encoding="utf-8"))


def test_the_published_schema_fits_real_results_and_no_others():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    data = json.loads(NEW.to_json())
    jsonschema.validate(data, SCHEMA)
    checks = [{**data["checks"][0], "reasons": [{"id": 1}]}]
    for damage in ({"schema": 1}, {"score": "many"}, {"status": "fine"}, {"checks": checks}, {"extra": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**data, **damage}, SCHEMA)


def test_the_published_schema_is_up_to_date():
    assert json.loads(json.dumps(result_schema())) == SCHEMA


def test_grounds_and_notebook_problems_of_schema_1_keep_their_sentences():
    notebooks = [
        {"name": name, "handed_out": "", "sha256": "", "problem": text} for name, text in (("a", "No."), ("b", ""))
    ]
    old = {**OLD, "assignment": {**OLD["assignment"], "grounds": "auto: taken for it."}, "notebooks": notebooks}
    new = Result.from_json(json.dumps(old))
    assert (said(new.grounds), "grounds" in new.assignment) == ("auto: taken for it.", False)
    assert [said(notebook.problem) for notebook in new.notebooks] == ["No.", ""]
    assert NEW.grounds is None
