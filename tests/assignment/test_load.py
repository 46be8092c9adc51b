"""An assignment folder is loaded completely, or refused with the file's name and what is wrong in it."""

import json
import os
import re
import shutil
import tomllib
from pathlib import Path

import pytest

from grader.assignment.assignment_keys import ASSIGNMENT
from grader.assignment.entries import FITS, LIST, LISTS, NUMBERS, PHRASES, ROWS, TABLES, TEXT, VALUES
from grader.assignment.load import load_assignment
from grader.assignment.python_loader import load_module
from grader.assignment.reference import load_reference
from grader.errors import AssignmentError
from grader.records import HIDDEN, VISIBLE

ROOT = Path(__file__).resolve().parents[2]
CHECK = '''
from grader.checks import check, gradients, misconception

@check("layers.double", name="twos", weight=3)
def twos(student, rng):
    """Two numbers."""
    return {{"out": student.layers.double(rng.randn(2))}}
{more}
'''
TOML = """
title = "Small"
package = "small"
reference = "../reference"
student_files = ["layers.py"]
handed_out = []
[points]
"layers.double" = 8
[limits]
cpu_s = 2
"""
ONE_MORE = '''
@check("layers.double", name="{name}", weight=1)
def {name}_check(student, rng):
    """One number."""
    return {{"out": student.layers.double(rng.randn(1))}}
'''


@pytest.fixture
def folder(tmp_path):
    """A small assignment: one function, eight points, one public and one hidden check."""
    small = tmp_path / "assignment"
    for part in ("checks/public", "checks/hidden", "misconceptions"):
        (small / part).mkdir(parents=True)
    (small / "assignment.toml").write_text(TOML)
    (small / "checks/public/layers.py").write_text(CHECK.format(more=""))
    (small / "checks/hidden/layers.py").write_text("from grader.checks import check\n" + ONE_MORE.format(name="one"))
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference/__init__.py").write_text("")
    (tmp_path / "reference/layers.py").write_text("def double(x):\n    return 2 * x\n")
    return small


def edit(path, old, new, count=1):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, count))


def refused(folder, *words):
    with pytest.raises(AssignmentError) as caught:
        load_reference(load_assignment(folder))
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_points_of_a_function_are_shared_out_by_the_weights_of_its_checks(folder):
    assignment = load_assignment(folder)
    assert {check.id: (check.max_points, check.visibility) for check in assignment.checks} == {
        "layers.double.twos": (6.0, VISIBLE),
        "layers.double.one": (2.0, HIDDEN),
    }
    assert (assignment.title, assignment.package, assignment.modules) == ("Small", "small", ("layers",))
    assert assignment.reference == (folder.parent / "reference").resolve()
    assert load_reference(assignment)["layers.double"](4) == 8


def test_the_real_assignment_loads_and_its_checks_add_up_to_its_points():
    assignment = load_assignment(ROOT / "assignment")
    for function, points in assignment.functions.items():
        shares = [check.max_points for check in assignment.checks if check.function == function]
        assert sum(shares) == pytest.approx(points, abs=1e-4)
        assert min(shares) > 0
    assert [check.function for check in assignment.checks] == sorted(
        (check.function for check in assignment.checks), key=list(assignment.functions).index
    )


def test_a_folder_without_toml_is_refused(tmp_path):
    refused(tmp_path, str(tmp_path / "assignment.toml"), "not found", "--assignment")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('title = "Small"', "title = Small", ["assignment.toml", "cannot be read"]),
        ('title = "Small"', "", ['no title found, expected a text. Write, for example: title = "Layers in NumPy"']),
        ('title = "Small"', "title = 3", ["title is a number, expected a text. Write, for example: title ="]),
        ('package = "small"', "", ["no package found"]),
        ('reference = "../reference"', "", ["no reference found"]),
        ('student_files = ["layers.py"]', "", ["no student_files found"]),
        ('student_files = ["layers.py"]', 'student_files = "layers.py"', ["is a text, expected a list of texts"]),
        ('student_files = ["layers.py"]', 'student_files = ["optim.py"]', ["layers.py is not in student_files"]),
        ("handed_out = []", "", ["no handed_out found, expected a list of texts. Write, for example: handed_out = []"]),
        ("[limits]\ncpu_s = 2", "", ["no [limits] found", "memory_mib = 1024"]),
        ('[points]\n"layers.double" = 8', "", ["no [points] found, expected a table of numbers"]),
        ('"layers.double" = 8', '"layers.double" = -8', ["layers.double has -8 points"]),
        ('"layers.double" = 8', '"layers.double" = 0', ["layers.double has 0 points"]),
        ('"layers.double" = 8', '"layers.double" = true', ["layers.double has True points"]),
        ('"layers.double" = 8', '"layers.double" = "8"', ["layers.double has '8' points"]),
        ('"layers.double" = 8', '"layers.double" = nan', ["layers.double has nan points"]),
        ('"layers.double" = 8', '"layers.double" = inf', ["layers.double has inf points"]),
        ('"layers.double" = 8', '"layers.triple" = 8', ["no points for layers.double"]),
        ("title =", 'called = ["layers.double"]\ntitle =', ["called contains layers.double"]),
        ("title =", 'called = ["other.half"]\ntitle =', ["called contains other.half"]),
        ('"layers.double" = 8', '"layers.double" = 8\n"layers.triple" = 1', ["layers.triple has points but no check"]),
        ('"layers.double" = 8', '"double" = 8', ["points for double"]),
        ('"layers.double" = 8', '"layers.double" = 8\n"layers.double" = 9', ["cannot be read"]),
        ("[limits]", '[questions]\nwhy = 0\n[limits]', ["question why has 0 points, expected a number above 0"]),
        ("[limits]", '[questions]\nwhy = "2"\n[limits]', ["question why has '2' points"]),
        ("[points]", "questions = 3\n[points]", ["[questions] is a number, expected a table of numbers above 0"]),
        ("cpu_s = 2", "cpu_s = 0", ["limit cpu_s is 0"]),
        ("cpu_s = 2", "cpu_s = nan", ["limit cpu_s is nan"]),
        ("cpu_s = 2", 'cpu_s = "2"', ["limit cpu_s is '2'"]),
        ('reference = "../reference"', 'reference = "../nowhere"', ["nowhere: not a package"]),
        ('student_files = ["layers.py"]', 'student_files = ["layers.py", 3]', ["is a list of other values"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_damaged_toml_is_refused_with_what_is_wrong(folder, old, new, words):
    edit(folder / "assignment.toml", old, new)
    refused(folder, *words)


# By kind of a key, a value that does not fit it.
MISFITS = {
    TEXT: "3",
    LIST: "[3]",
    NUMBERS: "[1]",
    PHRASES: '"one"',
    LISTS: "{ a = 3 }",
    TABLES: '{ a = ["loss"] }',
    ROWS: '["layers.py"]',
    VALUES: "3",
}


def with_key(folder, name, value):
    """Write assignment.toml with another value for one key; None leaves the key out."""
    data = tomllib.loads((folder / "assignment.toml").read_text())
    data.pop(name, None)
    lines = [f"{name} = {value}"] if value else []
    lines += [f"{key} = {json.dumps(held)}" for key, held in data.items() if not isinstance(held, dict)]
    for key, held in data.items():
        if isinstance(held, dict):
            lines += [f"[{key}]", *(f"{json.dumps(one)} = {number}" for one, number in held.items())]
    (folder / "assignment.toml").write_text("\n".join(lines))


@pytest.mark.parametrize("name", ASSIGNMENT)
def test_a_key_of_the_wrong_kind_is_refused_with_an_example(folder, name):
    entry = ASSIGNMENT[name]
    with_key(folder, name, MISFITS[entry.kind])
    refused(folder, "assignment.toml: ", f"{name}", f"expected {entry.kind}", entry.example.split("\n")[-1])


@pytest.mark.parametrize("name", ASSIGNMENT)
def test_a_missing_key_is_refused_with_an_example_if_it_is_needed(folder, name):
    entry = ASSIGNMENT[name]
    with_key(folder, name, None)
    if entry.is_needed:
        refused(folder, f"{name}", "found, expected", entry.example.split("\n")[-1])
    else:
        assert load_assignment(folder).title == "Small"


@pytest.mark.parametrize("name", ASSIGNMENT)
def test_the_example_of_a_key_is_toml_that_fits(name):
    entry = ASSIGNMENT[name]
    data = tomllib.loads(entry.example)
    assert list(data) == [name]
    assert FITS[entry.kind](data[name])


def test_a_misspelt_key_is_refused(folder):
    edit(folder / "assignment.toml", "[limits]", "[stub]\n[limits]")
    refused(folder, "stub is not a key of assignment.toml. Write one of: title, package,", "stubs", "limits")


def test_a_toml_that_is_not_utf_8_is_refused(folder):
    (folder / "assignment.toml").write_bytes(b'title = "\xff"\n')
    refused(folder, "assignment.toml", "cannot be read")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('@check("layers.double"', '@check("layers.doubel"', ["no points for layers.doubel"]),
        ("weight=3", 'weight=3, needs="layers.other"', ["no points for layers.other"]),
        ("weight=3", "weight=-3", ["weight -3"]),
        ("weight=3", "wait=3", ["layers.py: cannot be imported (TypeError"]),
        ('    """Two numbers."""\n', "", ["layers.double.twos: no docstring"]),
        ('name="twos"', 'name="one"', ["two checks are named layers.double.one"]),
        ("def twos(", "def twos((", ["layers.py: cannot be imported (SyntaxError"]),
        ("from grader", "import nothing_of_that_name\nfrom grader", ["cannot be imported (ModuleNotFoundError"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_damaged_check_is_refused_with_what_is_wrong(folder, old, new, words):
    edit(folder / "checks/public/layers.py", old, new)
    refused(folder, *words)


def test_two_checks_of_one_name_in_one_module_are_refused(folder):
    (folder / "checks/public/layers.py").write_text(CHECK.format(more=ONE_MORE.format(name="one")))
    refused(folder, "two checks are named layers.double.one")


def test_a_check_hidden_by_another_function_of_its_name_still_counts(folder):
    twice = ONE_MORE.format(name="three").replace("three_check", "twos")
    (folder / "checks/public/layers.py").write_text(CHECK.format(more=twice))
    try:
        assignment = load_assignment(folder)
    except AssignmentError:
        return
    assert len(assignment.checks) == 3


def test_a_function_without_checks_is_refused(folder):
    (folder / "checks/public/layers.py").write_text("")
    (folder / "checks/hidden/layers.py").write_text("")
    refused(folder, "layers.double has points but no check")


def test_a_misconception_of_an_unknown_function_is_refused(folder):
    (folder / "misconceptions/dense.py").write_text(
        "from grader.checks import misconception\n"
        '@misconception("layers.half", "A hint.")\ndef thrice(reference, x):\n    return 3 * x\n'
    )
    refused(folder, "thrice is a variant of layers.half, which has no points")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", ["layers.double is missing"]),
        ("def double(x):\n    return (2 * x\n", ["reference"]),
        ("raise ValueError('no')\n", ["reference"]),
        ("import nothing_of_that_name\n", ["layers.double is missing"]),
    ],
)
def test_a_reference_that_lacks_a_graded_function_is_refused(folder, source, words):
    (folder.parent / "reference/layers.py").write_text(source)
    refused(folder, *words)


def test_a_reference_that_cannot_be_imported_is_refused(folder):
    (folder.parent / "reference/__init__.py").write_text("import nothing_of_that_name\n")
    refused(folder, "reference")


def test_only_files_that_affect_marks_change_the_hash(folder):
    before = load_assignment(folder).sha256
    assert re.fullmatch("[0-9a-f]{64}", before)
    (folder / "notes.md").write_text("not graded")
    shutil.rmtree(folder / "checks/public/__pycache__", ignore_errors=True)
    assert load_assignment(folder).sha256 == before
    edit(folder / "checks/hidden/layers.py", "weight=1", "weight=2")
    after = load_assignment(folder).sha256
    assert after != before
    edit(folder / "assignment.toml", "cpu_s = 2", "cpu_s = 3")
    assert load_assignment(folder).sha256 not in (before, after)


def test_an_assignment_copied_elsewhere_has_the_same_hash(folder, tmp_path):
    copied = shutil.copytree(folder, tmp_path / "elsewhere")
    assert load_assignment(copied).sha256 == load_assignment(folder).sha256


def test_two_assignments_of_the_same_file_names_do_not_share_modules(folder, tmp_path):
    first = load_assignment(folder)
    other = shutil.copytree(folder, tmp_path / "b" / "assignment")
    shutil.copytree(folder.parent / "reference", tmp_path / "b" / "reference")
    edit(tmp_path / "b/reference/layers.py", "2 * x", "3 * x")
    second = load_assignment(other)
    assert load_reference(first)["layers.double"](1) == 2
    assert load_reference(second)["layers.double"](1) == 3


def test_a_changed_file_counts_even_with_the_same_size_and_time(folder):
    """Same length and same second: Python would accept the old bytecode for the new file."""
    path = folder / "once.py"
    for value in (1, 2):
        path.write_text(f"NUMBER = {value}\n")
        os.utime(path, (1_000_000_000, 1_000_000_000))
        found = load_module(path).NUMBER
        assert found == value
    assert not (folder / "__pycache__").exists()
