"""Which folders are classes: students side by side, and folders that only look like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.intake.layout import find_class

STUDENT = ("layers.py", "optim.py", "classifiers/fc_net.py")


def class_of(*paths):
    return find_class(paths, STUDENT, "cs231n")


@pytest.mark.parametrize(
    ("paths", "prefix", "holders"),
    [
        (["alice/layers.py", "bob/cs231n/layers.py"], "", ("alice", "bob")),
        (["HW 2/alice/layers.py", "HW 2/bob/layers.py", "HW 2/grades.csv"], "HW 2/", ("alice", "bob")),
        (["a/b/c/ann/optim.py", "a/b/c/ben/x/optim.py", "a/b/c/readme/x.pdf"], "a/b/c/", ("ann", "ben")),
        (["HW/1001234/layers.py", "HW/1001235/layers.py"], "HW/", ("1001234", "1001235")),
        (["submitted/ann/hw2/layers.py", "submitted/ben/hw2/layers.py"], "submitted/", ("ann", "ben")),
        (["HW/张伟/layers.py", "HW/राज/layers.py"], "HW/", ("张伟", "राज")),
        (["HW/ann.zip", "HW/ben.tar.gz"], "HW/", ("ann.zip", "ben.tar.gz")),
        (["HW/ann/hw.zip", "HW/ben/hw.zip"], "HW/", ("ann", "ben")),
        (["__MACOSX/x/layers.py", "HW/ann/layers.py", "HW/ben/layers (1).py"], "HW/", ("ann", "ben")),
        (["HW 2/Doe, J(jd)/Submission attachment(s)/", "HW 2/Roe(r)/Submission attachment(s)/x.pdf"], "HW 2/",
         ("Doe, J(jd)", "Roe(r)")),
        (["in/doe_12_55501_layers.py", "in/roe_13_55502_layers.py"], "in/", ("doe_12", "roe_13")),
    ],
)  # fmt: skip
def test_students_side_by_side_are_a_class(paths, prefix, holders):
    found = class_of(*paths)
    assert (found.prefix, found.holders) == (prefix, holders)


@pytest.mark.parametrize(
    "paths",
    [
        ["cs231n/layers.py", "other/layers.py"],
        ["hw2/cs231n/layers.py", "hw2/report/x.pdf"],
        ["layers.py", "ann/layers.py", "ben/layers.py"],
        ["old/layers.py", "new/layers.py"],
        ["assignment2/cs231n/layers.py", "assignment3/cs231n/layers.py", "hw1_final/layers.py"],
        ["v9/layers.py", "v10/layers.py"],
        ["code/layers.py", "notes/optim.py"],
        ["part 1.zip", "part 2.zip"],
        ["ann/layers.py"],
        ["build/ann/layers.py", ".git/ben/layers.py"],
        [],
    ],
)
def test_one_submission_is_not_a_class(paths):
    assert class_of(*paths) is None


def test_two_folders_of_unknown_names_are_not_sure_and_three_are():
    assert not class_of("ann/layers.py", "ben/layers.py").sure
    assert class_of("ann/layers.py", "ben/layers.py", "cem/layers.py").sure
    assert class_of("ann(a)/Submission attachment(s)/layers.py", "b/x").sure


def test_a_name_that_is_a_file_and_a_folder_is_counted_once():
    found = class_of("a.zip", "ann/layers.py", "a.zip/layers.py")
    assert found is not None and sorted(found.holders) == ["a.zip", "ann"]


PIECES = st.lists(
    st.sampled_from(["ann", "HW", "layers.py", "cs231n", "a.zip", "Submission attachment(s)", "é", ""]), max_size=5
)


@given(st.lists(PIECES.map("/".join), max_size=8))
def test_any_paths_are_judged(paths):
    found = class_of(*paths)
    if found:
        assert all(any(path.startswith(found.prefix) for path in paths) for _ in found.holders)
        assert len(set(found.holders)) == len(found.holders) > 0
