"""Every notebook runs from top to bottom with the reference behind cs231n, and prints the figures of the documents.

The instructor's versions, in a real kernel, on the generated data set. The kernel's process is nbclient's.
"""

from __future__ import annotations

import re
import shutil
from functools import cache
from pathlib import Path

import nbformat
import pytest
from cases import ROOT
from nbclient import NotebookClient

from grader.assignment import load_assignment
from grader.authoring.notebooks import instructor_notebooks

NAMES = sorted(path.stem for path in (ROOT / "assignment" / "notebooks").glob("*.py"))
TIMEOUT_S = 240


@cache
def notebooks() -> dict[str, bytes]:
    return instructor_notebooks(load_assignment(ROOT / "assignment"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """What a student has: notebooks beside the package."""
    folder = tmp_path_factory.mktemp("student")
    shutil.copytree(ROOT / "reference", folder / "cs231n", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def printed(folder):
    """What a notebook's check cells print, by the cell's name; each notebook runs once."""
    runs: dict[str, dict[str, str]] = {}

    def run(name: str) -> dict[str, str]:
        if name not in runs:
            with pytest.MonkeyPatch.context() as patch:
                patch.delenv("CIFAR10_DIR", raising=False)
                patch.setenv("OMP_NUM_THREADS", "2")
                patch.setenv("JUPYTER_PLATFORM_DIRS", "1")
                runs[name] = execute(notebooks()[f"{name}.ipynb"], folder)
        return runs[name]

    return run


def execute(content: bytes, folder: Path) -> dict[str, str]:
    whole = nbformat.reads(content.decode(), as_version=4)
    NotebookClient(whole, timeout=TIMEOUT_S, resources={"metadata": {"path": str(folder)}}).execute()
    found = {}
    for cell in whole.cells:
        if cell.metadata.get("grader", {}).get("role") == "check":
            outputs = [output.text for output in cell.outputs if output.output_type == "stream"]
            found[cell.metadata.grader.name] = "".join(outputs)
    return found


def figure(text: str, label: str) -> float:
    """The number that a cell prints behind `label: `."""
    match = re.search(rf"^ *{re.escape(label)}: *([-+.e0-9]+)", text, re.MULTILINE)
    assert match, f"no {label!r} in: {text}"
    return float(match[1])


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_and_its_figures_stay_below_their_bounds(name, printed):
    """Each line of a check that says `label: number (expected: below bound)` keeps its word."""
    lines = "\n".join(printed(name).values())
    found = re.findall(r"^ *(.*): *([-+.e0-9]+) +\(expected: below ([-+.e0-9]+)\)$", lines, re.MULTILINE)
    assert len(found) == lines.count("expected: below")
    assert len(found) >= 5
    assert not [(label, value, bound) for label, value, bound in found if not float(value) < float(bound)]


@pytest.mark.parametrize(
    ("check", "label", "expected"),
    [
        ("affine-forward", "affine_forward difference", 9.7698477e-10),
        ("relu-forward", "relu_forward difference", 4.9999998e-08),
        ("conv-forward", "conv_forward_naive difference", 2.2121476e-08),
        ("max-pool-forward", "max_pool_forward_naive difference", 4.1666665e-08),
        ("losses", "svm_loss loss", 8.999602749096233),
        ("losses", "softmax_loss loss", 2.302545844500738),
    ],
)
def test_modular_nets(check, label, expected, printed):
    tolerance = 1e-15 if check == "losses" else 5e-6  # a figure is exact, a difference holds to 5 digits
    assert figure(printed("ModularNets")[check], label) == pytest.approx(expected, rel=tolerance, abs=0)
