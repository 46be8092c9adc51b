"""What a check's hash covers: all that its code may use, and of the other checks nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from one_check import TOML

from grader.assignment.check_parts import hash_codes, hash_rest
from grader.assignment.load import load_assignment

HEAD = """
from functools import partial
import numpy as np
from grader.checks import check
SIZE = 5
def helper(rng):
    return rng.randn(SIZE)
"""
FIRST = '''
@check("one.double", name="first")
def first(student, rng):
    """First."""
    return {"out": student.one.double(helper(rng))}
'''
SECOND = '''
@check("one.double", name="second", seed=4)
def second(student, rng):
    """Second."""
    return {"out": student.one.double(rng.randn(3))}
'''
OTHER = '''
from grader.checks import check
@check("one.double", name="other")
def other(student, rng):
    """Other."""
    return {"out": student.one.double(rng.randn(4))}
'''


def codes(folder: Path, text: str = HEAD + FIRST + SECOND, other: str = OTHER) -> dict[str, str]:
    for name, content in (("public/one.py", text), ("hidden/more.py", other)):
        path = folder / "checks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (folder / "assignment.toml").write_text(TOML)
    hashes = hash_codes(load_assignment(folder))
    return {name.removeprefix("one.double."): value for name, value in hashes.items()}


def changed(folder: Path, before: tuple[str, str], after: tuple[str, str]) -> set[str]:
    """The checks that get another hash. Texts of the two modules, before and after."""
    old, new = codes(folder, *before), codes(folder, *after)
    return {name for name in old if old[name] != new[name]}


def swapped(old: str, new: str, text: str = HEAD + FIRST + SECOND) -> tuple[tuple[str, str], tuple[str, str]]:
    assert old in text
    return (text, OTHER), (text.replace(old, new), OTHER)


@pytest.mark.parametrize(
    ("old", "new"),
    [("rng.randn(3)", "rng.randn(4)"), ("seed=4", "seed=5"), ("Second.", "Another title."), ("seed=4", "weight=2")],
)
def test_a_changed_check_changes_its_own_hash_alone(tmp_path, old, new):
    assert changed(tmp_path, *swapped(old, new)) == {"second"}


@pytest.mark.parametrize(
    ("old", "new"),
    [("SIZE = 5", "SIZE = 6"), ("rng.randn(SIZE)", "rng.rand(SIZE)"), ("import numpy as np", "import numpy")],
)
def test_what_the_checks_of_a_module_share_changes_all_of_them_and_no_others(tmp_path, old, new):
    assert changed(tmp_path, *swapped(old, new)) == {"first", "second"}


def test_a_check_that_uses_another_changes_with_it(tmp_path):
    uses = FIRST.replace("helper(rng)", "second.run(student, rng)['out']")
    assert changed(tmp_path, *swapped("seed=4", "seed=5", HEAD + SECOND + uses)) == {"first", "second"}


def test_a_helper_that_uses_a_check_makes_all_change_with_it(tmp_path):
    late = "\ndef late(student, rng):\n    return second.run(student, rng)\n"
    assert changed(tmp_path, *swapped("seed=4", "seed=5", HEAD + FIRST + SECOND + late)) == {"first", "second"}


@pytest.mark.parametrize(
    "reaching",
    [
        "import sys\nOTHERS = sys.modules\n",
        "from importlib import import_module\n",
        "def look():\n    return globals()['second']\n",
        "def look(module):\n    return module.__dict__\n",
        "def look(module):\n    return getattr(module, '__dict__')\n",
    ],
)
def test_code_that_may_reach_other_modules_changes_with_every_check(tmp_path, reaching):
    text = HEAD + reaching + FIRST + SECOND
    after = OTHER.replace("rng.randn(4)", "rng.randn(6)")
    assert changed(tmp_path, (text, OTHER), (text, after)) == {"first", "second", "other"}


def test_a_check_that_is_made_in_a_loop_has_the_hash_of_all(tmp_path):
    made = '\nfor n in (1, 2):\n    check("one.double", name=f"made{n}")(partial(second.run))\n'
    looped = (
        HEAD
        + FIRST
        + SECOND
        + made.replace("(partial(second.run))", "(make(n))").replace(
            "\nfor",
            '\ndef make(n):\n    def run(student, rng):\n        """Made."""\n        return {}\n    return run\nfor',
        )
    )
    after = (looped, OTHER.replace("rng.randn(4)", "rng.randn(6)"))
    assert changed(tmp_path, (looped, OTHER), after) == {"made1", "made2", "other"}


@pytest.mark.parametrize(
    ("name", "is_rest"),
    [
        ("assignment.toml", True),
        ("handouts/old.toml", True),
        ("checks/common.py", True),
        ("checks/public/one.py", False),
        ("misconceptions/one.py", False),
        ("fixtures/manifest.json", False),
        ("template/one.py", False),
    ],
)
def test_the_rest_is_all_that_is_neither_check_nor_fixture(tmp_path, name, is_rest):
    codes(tmp_path)
    assignment = load_assignment(tmp_path)
    before = hash_rest(assignment, {"given.py": b"1"})
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + "\n# changed\n")
    assert (hash_rest(assignment, {"given.py": b"1"}) != before) is is_rest


def test_files_outside_of_the_folder_are_of_the_rest(tmp_path):
    codes(tmp_path)
    assignment = load_assignment(tmp_path)
    assert hash_rest(assignment, {"given.py": b"1"}) != hash_rest(assignment, {"given.py": b"2"})
