"""Notebooks from sources: cells, roles, ids, removed solutions, and refusals with file and line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import nbformat
import pytest
from cases import ROOT

from grader.assignment.load import load_assignment
from grader.assignment.notebook_sources import cells_of, instructor_notebooks, notebook, student_notebooks
from grader.errors import AssignmentError, GraderError

PLACE = Path("N.py")
SOURCE = """\
# %% [markdown]
# # Title
#
# Some *text*.

# %%
# %matplotlib inline
# %of course a remark%
import numpy as np

# %% check sum
print("sum:", np.sum([1, 2]))


# %% answer double
def double(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


# %% [markdown] answer why
# Why?
#
# ### BEGIN SOLUTION
# Because.
# ### END SOLUTION
"""


def made(source: str, *, solved: bool) -> nbformat.NotebookNode:
    return nbformat.reads(notebook(cells_of(source, PLACE), PLACE, solved=solved).decode(), as_version=4)


def test_cells_have_their_kind_text_role_and_id():
    cells = made(SOURCE, solved=True).cells
    assert [cell.cell_type for cell in cells] == ["markdown", "code", "code", "code", "markdown"]
    assert cells[0].source == "# Title\n\nSome *text*."
    assert cells[1].source.splitlines()[:1] == ["%matplotlib inline"]
    assert [cell.id for cell in cells[2:]] == ["check-sum", "answer-double", "answer-why"]
    roles = [cell.metadata.get("grader", {}) for cell in cells]
    assert roles == [
        {},
        {},
        *({"role": r, "name": n} for r, n in (("check", "sum"), ("answer", "double"), ("answer", "why"))),
    ]


def test_the_instructors_version_has_the_solutions_without_their_markers():
    cells = made(SOURCE, solved=True).cells
    assert cells[3].source == "def double(x):\n    return 2 * x"
    assert cells[4].source == "Why?\n\nBecause."


def test_the_students_version_has_instructions_instead_of_solutions():
    cells = made(SOURCE, solved=False).cells
    assert "return 2" not in cells[3].source
    with pytest.raises(NotImplementedError, match="not written yet"):
        exec(cells[3].source + "\ndouble(1)", {})
    assert cells[4].source == "Why?\n\n*Write your answer here.*"


def test_nothing_but_solutions_differs_between_the_versions():
    ours, theirs = made(SOURCE, solved=True).cells, made(SOURCE, solved=False).cells
    assert [cell.id for cell in ours] == [cell.id for cell in theirs]
    assert [k for k in range(5) if ours[k] != theirs[k]] == [3, 4]


def test_ids_stay_when_cells_are_inserted_and_differ_for_equal_texts():
    before = [cell.id for cell in made(SOURCE, solved=True).cells]
    after = [cell.id for cell in made("# %%\nx = 1\n\n# %%\nx = 1\n" + SOURCE, solved=True).cells]
    assert after[2:] == before
    assert len(set(after)) == len(after)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "N.py:1: no cell begins here"),
        ("import os\n# %%\nx = 1\n", "N.py:1: no cell begins here"),
        ("# %%\nx = 1\n# %% test a\nx = 1\n", "N.py:3: '# %% test a' is not a cell marker"),
        ("# %% check\nx = 1\n", "N.py:1: '# %% check' is not a cell marker"),
        ("# %% check A_b\nx = 1\n", "N.py:1: .* is not a cell marker"),
        ("# %% [markdown] check a\n# x\n", "N.py:1: .* is not a cell marker"),
        ("# %% check a\nx = 1\n# %% check a\nx = 2\n", "N.py:3: a second check has the name a"),
        ("# %%\n\n# %%\nx = 1\n", "N.py:1: the cell is empty"),
        ("# %% [markdown]\n# x\ny\n", "N.py:3: 'y' is in a cell of text"),
        ("# %%\n### BEGIN SOLUTION\n### END SOLUTION\n", "N.py:2: a solution is in a cell that is not an answer"),
        ("# %% answer a\n### BEGIN SOLUTION\nx = 1\n", "N.py:2: the solution that begins here has no end"),
        ("# %% answer a\nx = 1\n### END SOLUTION\n", "N.py:3: a solution ends here but begins nowhere"),
        (
            "# %% answer a\n### BEGIN SOLUTION\n### BEGIN SOLUTION\n",
            "N.py:3: a solution begins inside the one that begins in line 2",
        ),
    ],
)
@pytest.mark.parametrize("solved", [True, False])
def test_an_invalid_source_is_refused_with_file_and_line(source, message, solved):
    with pytest.raises(AssignmentError, match=message):
        made(source, solved=solved)


def test_without_nbformat_the_error_names_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "nbformat", None)
    with pytest.raises(GraderError, match="pip install nbformat"):
        notebook(cells_of(SOURCE, PLACE), PLACE, solved=True)


def test_the_assignments_notebooks_hold_no_solution_and_no_output():
    assignment = load_assignment(ROOT / "assignment")
    ours, theirs = instructor_notebooks(assignment), student_notebooks(assignment)
    assert theirs == student_notebooks(assignment)  # the same bytes every time
    assert (
        list(ours)
        == list(theirs)
        == sorted(f"{path.stem}.ipynb" for path in (ROOT / "assignment/notebooks").glob("*.py"))
    )
    for name, content in theirs.items():
        whole, solved = json.loads(content), json.loads(ours[name])
        assert whole["nbformat"] == 4 and whole["nbformat_minor"] == 5
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in whole["cells"])
        for cell, other in zip(whole["cells"], solved["cells"], strict=True):
            answer = cell["metadata"].get("grader", {}).get("role") == "answer"
            assert (cell["source"] != other["source"]) is answer, f"{name}: {cell['id']}"
            assert not any("SOLUTION" in line for line in cell["source"])
