"""Tolerances must leave room for right solutions in other styles; otherwise no fixtures are made."""

import json
import sys

import pytest

from grader.assignment.load import load_assignment
from grader.authoring.make_fixtures import drift, make_fixtures, write_fixtures
from grader.cli.commands import cli
from grader.errors import AssignmentError

TOML = """
title = "Small"
package = "small"
reference = "../reference"
student_files = ["layers.py", "nets/net.py"]
handed_out = ["given.py"]
right_solutions = ["../right"]
[points]
"layers.root" = 4
"nets.net.Net" = 6
[classes]
"nets.net.Net" = { methods = ["loss"] }
[limits]
cpu_s = 2
"""
LAYERS = "import numpy as np\nfrom .given import ONE\n\ndef root(x):\n    return np.sqrt(x)\n"
NET = "from small.layers import root\n\nclass Net:\n    def loss(self, x):\n        return root(x).sum()\n"
CHECKS = '''
from grader.checks import check

@check("layers.root")
def four(student, rng):
    """Four roots."""
    return {"out": student.layers.root(rng.rand(4))}

@check("nets.net.Net")
def loss(student, rng, reference):
    """A loss."""
    x = rng.rand(4)
    return {"loss": student.nets.net.Net().loss(x), "off": reference.nets.net.Net().loss(x) - 1}
'''


@pytest.fixture
def folder(tmp_path):
    files = {
        "assignment/assignment.toml": TOML,
        "assignment/checks/public/all.py": CHECKS,
        "reference/__init__.py": "",
        "reference/given.py": "ONE = 1\n",
        "reference/layers.py": LAYERS,
        "reference/nets/__init__.py": "",
        "reference/nets/net.py": NET.replace("small.layers", "..layers"),
        "right/layers.py": LAYERS.replace("np.sqrt(x)", "np.sqrt(x.astype(np.float32)).astype(x.dtype)"),
        "right/nets/net.py": NET,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_the_errors_of_right_solutions_are_recorded(folder):
    assignment = load_assignment(folder / "assignment")
    made = make_fixtures(assignment)
    assert set(made.manifest["spread"]) == {"layers.root.four", "nets.net.Net.loss"}
    assert all(1e-9 < error < 1e-6 for error in made.manifest["spread"].values())
    write_fixtures(assignment, made)
    assert json.loads((folder / "assignment/fixtures/manifest.json").read_text())["spread"] == made.manifest["spread"]


def test_rounding_noise_of_another_machine_is_no_drift(folder):
    assignment = load_assignment(folder / "assignment")
    made = make_fixtures(assignment)
    write_fixtures(assignment, made)
    made.manifest["spread"]["layers.root.four"] *= 1.5
    assert drift(assignment, made) == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("np.sqrt(x) * (1 + 6e-6)", "the right solution right differs by 6.0e-06, expected at most a third of"),
        ("np.sqrt(x) * 2", "the right solution right fails: out is 2 times what it should be"),
        ("x.missing", "the right solution right fails (AttributeError"),
    ],
)
def test_a_tolerance_too_close_to_a_right_solution_is_rejected(folder, body, text):
    (folder / "right/layers.py").write_text(LAYERS.replace("np.sqrt(x)", body))
    with pytest.raises(AssignmentError) as raised:
        make_fixtures(load_assignment(folder / "assignment"))
    assert "check layers.root.four: " in str(raised.value)
    assert text in str(raised.value)


def test_a_missing_or_invalid_right_solution_is_reported(folder):
    (folder / "right/layers.py").write_text("def root(x)\n")
    with pytest.raises(AssignmentError, match="right solution right: cannot be imported"):
        make_fixtures(load_assignment(folder / "assignment"))
    (folder / "right").rename(folder / "gone")
    with pytest.raises(AssignmentError, match="right, which is not a folder"):
        make_fixtures(load_assignment(folder / "assignment"))


def test_a_function_that_a_right_solution_lacks_is_the_references_and_the_command_says_so(folder, capsys):
    (folder / "right/layers.py").write_text("def other(x):\n    return x\n")
    (folder / "right/nets/net.py").write_text(NET.replace("small.layers import root", "numpy import sqrt as root"))
    made = make_fixtures(load_assignment(folder / "assignment"))
    assert made.lacking == {"../right": ("layers.root",)}
    assert made.manifest["spread"]["layers.root.four"] == 0
    options = ["fixtures", "--assignment", str(folder / "assignment")]
    assert cli.main(options, standalone_mode=False) == 0
    assert "right solution ../right: has no layers.root; used the reference's instead." in capsys.readouterr().err


def test_a_right_solution_without_any_function_is_refused(folder):
    for path in (folder / "right").rglob("*.py"):
        path.write_text("")
    with pytest.raises(AssignmentError, match=r"right: has no graded function\. Name another folder"):
        make_fixtures(load_assignment(folder / "assignment"))


def test_what_was_imported_before_is_there_afterwards(folder):
    path = list(sys.path)
    before = {name for name in sys.modules if name.split(".")[0] == "small"}
    make_fixtures(load_assignment(folder / "assignment"))
    assert {name for name in sys.modules if name.split(".")[0] == "small"} == before
    assert sys.path == path
