"""Sets, classes and stubs of an assignment are loaded completely, or refused with what is wrong in them."""

from pathlib import Path

import pytest

from grader.assignment.sections import ModuleSet, classes_from, sets_from, stubs_from
from grader.errors import AssignmentError
from grader.records import Members

TOML = Path("assignment.toml")
FILES = ("layers.py", "nets.py")
POINTS = {"layers.double": 1.0, "layers.half": 1.0, "nets.Net": 2.0}
CLASSES = {"nets.Net": Members(("loss",), ("params",))}


def test_without_sets_each_student_file_is_one_of_its_own():
    assert sets_from(TOML, {}, FILES, ()) == [ModuleSet(("layers.py",)), ModuleSet(("nets.py",))]


def test_a_set_of_several_files_can_be_split():
    both = ModuleSet(FILES, ("base.py",), ("fast.py",))
    assert both.alone() == [
        ModuleSet(("layers.py",), ("base.py",), ("fast.py",)),
        ModuleSet(("nets.py",), ("base.py",), ("fast.py",)),
    ]


@pytest.mark.parametrize(
    ("sets", "text"),
    [
        ([{"files": ["layers.py"]}], "[[sets]] list layers.py, expected each student file once."),
        (
            [{"files": [*FILES, "nets.py"]}],
            "[[sets]] list layers.py, nets.py, nets.py, expected each student file once.",
        ),
        ([{"files": [*FILES], "off": []}], "[[sets]] has off, expected files, on, without."),
        ([{"on": [*FILES]}], "expected lists of files. Write, for example:\n    [[sets]]"),
        ([{"files": "layers.py"}], "expected lists of files. Write, for example:\n    [[sets]]"),
        (
            [{"files": [*FILES], "on": ["other.py"]}],
            "[[sets]] name other.py, which is not a student file or handed-out",
        ),
        (
            [{"files": [*FILES], "without": ["nets.py"]}],
            "[[sets]] name nets.py, which is not a student file or handed-out",
        ),
    ],
)
def test_sets_that_are_not_right_are_refused(sets, text):
    with pytest.raises(AssignmentError) as raised:
        sets_from(TOML, {"sets": sets}, FILES, ("fast.py",))
    assert text in str(raised.value)


def test_classes_and_stubs():
    data = {
        "classes": {"nets.Net": {"methods": ["loss"], "attributes": ["params"]}},
        "stubs": {"nets.Net": ["layers.double"]},
    }
    assert classes_from(TOML, data, POINTS) == CLASSES
    assert stubs_from(TOML, data, POINTS, CLASSES) == {"nets.Net": ("layers.double",)}


@pytest.mark.parametrize(
    ("classes", "text"),
    [
        ({"nets.Other": {}}, "[classes] name nets.Other, which has no points."),
        ({"nets.Net": {"fields": []}}, "nets.Net under [classes] is wrong"),
    ],
)
def test_classes_that_are_not_right_are_refused(classes, text):
    with pytest.raises(AssignmentError) as raised:
        classes_from(TOML, {"classes": classes}, POINTS)
    assert text in str(raised.value)


@pytest.mark.parametrize(
    ("stubs", "text"),
    [
        ({"nets.Other": []}, "[stubs] name nets.Other, which has no points."),
        ({"nets.Net": ["layers.third"]}, "[stubs] name layers.third, which has no points."),
        ({"layers.double": ["layers.double"]}, "[stubs] of layers.double contain itself or a class"),
        ({"layers.double": ["nets.Net"]}, "[stubs] of layers.double contain itself or a class"),
    ],
)
def test_stubs_that_are_not_right_are_refused(stubs, text):
    with pytest.raises(AssignmentError) as raised:
        stubs_from(TOML, {"stubs": stubs}, POINTS, CLASSES)
    assert text in str(raised.value)
