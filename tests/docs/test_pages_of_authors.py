"""The pages for whoever writes an assignment: their blocks, carried out as they stand, do what the pages say."""

from __future__ import annotations

import json

import pytest
from cases import ROOT
from pages import carry_out

pytestmark = [pytest.mark.process, pytest.mark.slow]


def carried_out(name, folder):
    done = carry_out(ROOT / "docs" / name, folder)
    assert not done.wrong, "\n".join(done.wrong)
    return done


def test_a_new_assignment_comes_from_nothing_to_its_zip(tmp_path):
    done = carried_out("new-assignment.md", tmp_path)
    assert done.commands[-1] == "grader check"
    result = json.loads((tmp_path / "hw1/reports/results/scales-columns.json").read_text())
    assert {one["function"]: one["points"] for one in result["functions"]} == {
        "layers.normalize_rows": 0,
        "layers.cosine_similarity": 5,
    }
