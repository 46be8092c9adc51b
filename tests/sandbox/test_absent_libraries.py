"""Absent modules of well-known packages: the import never finds the submission's own files of the same names."""

from __future__ import annotations

import pytest

from grader.sandbox.inside.absent_modules import AbsentFinder


@pytest.fixture
def finder(tmp_path):
    for name in ("layers", "optim"):
        (tmp_path / f"{name}.py").write_text("")
    return AbsentFinder(str(tmp_path), "cs231n")


@pytest.mark.parametrize("name", ["keras.layers", "tensorflow.keras.layers", "torch.optim", "lasagne.layers"])
def test_a_module_of_a_library_is_not_a_file_of_the_submission(finder, name):
    assert finder.find_here(name) == ""


@pytest.mark.parametrize("name", ["nn.layers", "assignment2.cs231n.layers"])
def test_the_package_by_another_name_is_the_submission_s_own(finder, name):
    assert finder.find_here(name) == "cs231n.layers"
