"""A tolerance that would let a mistake pass is rejected, and the message names the largest one that works."""

import re

import numpy as np
import pytest

from bench import mutants
from grader.assignment.fixtures import load_fixtures
from grader.assignment.load import load_assignment
from grader.authoring.make_fixtures import make_fixtures, write_fixtures
from grader.authoring.tolerances import differences, largest_tolerance
from grader.errors import AssignmentError, GraderError

TOML = """
title = "Small"
package = "small"
reference = "../reference"
student_files = ["layers.py"]
handed_out = []
[points]
"layers.scale" = 4
"layers.mean" = 6
[limits]
cpu_s = 2
"""
REFERENCE = """
def scale(x, factor):
    return x * factor, x.sum(axis=0)

def mean(x):
    return x.mean()
"""
WRONG = """
from grader.checks import misconception

@misconception("layers.scale", "The sum leaves out the first row.")
def first_row_left_out(reference, x, factor):
    return 3 * x * factor, x[1:].sum(axis=0)

@misconception("layers.mean", "It divides by one less.")
def one_less(reference, x):
    return x.sum() / (x.size - 1)
"""
CHECKS = '''
from grader.checks import check
import numpy as np

@check("layers.{function}", name="it"{options})
def it(student, rng):
    """It works."""
    {body}
'''
OTHER = '''

@check("layers.{function}", name="other")
def other(student, rng):
    """The other one works."""
    {body}
'''
BODIES = {
    "scale": 'out, total = student.layers.scale(np.ones((10, 3)), 2.0); return {"out": out, "total": total}',
    "mean": 'return {"mean": student.layers.mean(np.arange(1.0, 6.0))}',
}


def make(folder, function, options, place="public"):
    other = next(name for name in BODIES if name != function)
    checks = CHECKS.replace("{function}", function).replace("{options}", options).replace("{body}", BODIES[function])
    files = {
        "assignment/assignment.toml": TOML,
        f"assignment/checks/{place}/it.py": checks,
        "assignment/checks/public/other.py": (CHECKS.split("@")[0] + OTHER.strip())
        .replace("{function}", other)
        .replace("{body}", BODIES[other]),
        "assignment/misconceptions/wrong.py": WRONG,
        "reference/__init__.py": "",
        "reference/layers.py": REFERENCE,
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return make_fixtures(load_assignment(folder / "assignment"))


# total has an error of 0.1, out of 2; the mean of 1 to 5 has an error of 0.25.
@pytest.mark.parametrize(
    ("function", "options", "place", "words"),
    [
        ("scale", ', tolerance=0.6, parts={"out": 3}', "public", "first_row_left_out would pass, since its total"),
        ("mean", ", tolerance=0.6", "public", "one_less would pass, since its mean"),
        ("mean", ", tolerance=0.3, weight=2", "hidden", "one_less would pass, since its mean"),
        (
            "scale",
            ', tolerance=0.04, together=("total",)',
            "hidden",
            "first_row_left_out would nearly pass, since its total",
        ),
    ],
)
def test_a_tolerance_that_lets_a_misconception_pass_is_rejected(tmp_path, function, options, place, words):
    with pytest.raises(GraderError) as caught:
        make(tmp_path, function, options, place)
    tolerance = re.search(r"tolerance=([\d.]+)", options)[1]
    assert f"check layers.{function}.it: tolerance {tolerance} is too loose: the misconception {words}" in str(
        caught.value
    )
    largest = re.search(r"Use ([\de.-]+) or less", str(caught.value))[1]
    assert make(tmp_path, function, options.replace(tolerance, largest), place)
    with pytest.raises(AssignmentError):
        make(tmp_path, function, options.replace(tolerance, str(2 * float(largest))), place)


def test_the_default_tolerance_is_never_too_loose(tmp_path):
    assert make(tmp_path, "mean", "")


@pytest.mark.parametrize(
    ("error", "largest"), [(0.31, 0.1), (0.25, 0.08), (0.1, 0.03), (3e-3, 1e-3), (4e-5, 1e-5), (1.2e-5, 1e-5)]
)
def test_the_largest_tolerance_is_a_third_of_the_error_of_a_mistake(error, largest):
    assert largest_tolerance(error) == pytest.approx(largest)


def test_values_that_do_not_depend_on_the_tolerance_are_left_out():
    expected = {"same": np.ones(3), "shape": np.ones(3), "nan": np.ones(3), "absent": np.ones(3), "off": np.ones(3)}
    values = {"same": np.ones(3), "shape": np.ones((3, 1)), "nan": np.full(3, np.nan), "off": np.array([1, 1, 1.5])}
    assert [(one.name, one.error) for one in differences("it", expected, values, False)] == [("off", 0.5)]


def test_make_mutants_reports_a_tolerance_that_lets_a_mutant_pass(monkeypatch, tmp_path):
    """mean has no misconception here, so fixtures can be made; its mutants have errors below 0.5."""
    solution = "    ### BEGIN SOLUTION\n    return (x.sum() + 0.01) / (x.size + 0.02)\n    ### END SOLUTION"
    monkeypatch.setitem(globals(), "WRONG", WRONG[: WRONG.index('@misconception("layers.mean"')])
    monkeypatch.setitem(globals(), "REFERENCE", REFERENCE.replace("    return x.mean()", solution))
    for tolerance, complaints in ((0.5, 1), (1e-5, 0)):
        made = make(tmp_path, "mean", f", tolerance={tolerance}")
        assignment = load_assignment(tmp_path / "assignment")
        write_fixtures(assignment, made)
        found = mutants.loose_checks(assignment, load_fixtures(assignment), frozenset(["layers.mean"]), frozenset())
        assert len(found) == complaints
        assert all("check layers.mean.it: tolerance 0.5 is too loose: the mutant" in line for line in found)
