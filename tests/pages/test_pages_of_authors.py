"""The pages for whoever writes an assignment: their blocks, carried out as they stand, do what the pages say."""

from __future__ import annotations

import inspect
import json
import shutil

import pytest
from carry_out import carry_out
from cases import ROOT

from grader import checks

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


def test_the_checks_of_a_layer_come_from_nothing_to_marks(tmp_path):
    carried_out("writing-checks.md", tmp_path)
    result = json.loads((tmp_path / "hw1/reports/results/mean-is-constant.json").read_text())
    lost = {check["id"] for check in result["checks"] if check["points"] < check["max_points"]}
    assert lost == {"layers.centered_affine_backward.small", "layers.centered_affine_backward.wide"}
    page = (tmp_path / "hw1/reports/feedback/mean-is-constant.html").read_text()
    assert "carry dout back through it" in page


def test_a_page_explains_every_public_word():
    page = (ROOT / "docs/writing-checks.md").read_text()
    assert [name for name in checks.__all__ if name not in page and name != "type_of"] == []
    assert [name for name in inspect.signature(checks.check).parameters if f"`{name}" not in page] == ["function"]


@pytest.fixture
def checkout(tmp_path):
    """A copy of this project, for the recipe to change."""
    ignored = shutil.ignore_patterns(".*", "__pycache__", "reports", "dist", "build")
    return shutil.copytree(ROOT, tmp_path / "checkout", ignore=ignored)


def test_the_recipe_for_a_layer_works_as_it_stands(checkout, tmp_path):
    recipe = (ROOT / "CONTRIBUTING.md").read_text().partition("## Add a layer\n")[2].partition("\n## ")[0]
    (tmp_path / "recipe.md").write_text(recipe)
    done = carry_out(tmp_path / "recipe.md", checkout)
    assert not done.wrong, "\n".join(done.wrong)
    assert "grader fixtures" in done.commands
    result = json.loads((checkout / "reports/results/complete.json").read_text())
    lost = {one["function"]: one["status"] for one in result["functions"] if one["points"] < one["max_points"]}
    assert lost == dict.fromkeys(("layers.leaky_relu_forward", "layers.leaky_relu_backward"), "missing")
    assert "def leaky_relu_forward" in (checkout / "student_template/cs231n/layers.py").read_text()
