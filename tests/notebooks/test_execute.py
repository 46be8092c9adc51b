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
                patch.setenv("OMP_NUM_THREADS", "1")  # more threads than free processors wait for each other
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
    """Each line of a check that says `label: number (expected: below bound)`, or above, keeps its word."""
    lines = "\n".join(printed(name).values())
    found = re.findall(r"^ *(.*): *([-+.e0-9]+) +\(expected: (below|above) ([-+.e0-9]+)\)$", lines, re.MULTILINE)
    assert len(found) == lines.count("expected: below") + lines.count("expected: above")
    assert len(found) >= 10
    kept = {"below": float.__lt__, "above": float.__gt__}
    assert not [line for line in found if not kept[line[2]](float(line[1]), float(line[3]))]


def arrays(text: str) -> list[list[float]]:
    """The arrays of one axis that a cell prints, in their order."""
    found = re.findall(r": +\[([-+.e0-9 \n]+)\]$", text, re.MULTILINE)
    return [[float(number) for number in row.split()] for row in found]


# FIGURES.md's, as notebook, check, label, figure and how many of its digits the cell can hold to.
EXACT, FIVE_DIGITS, THREE_DIGITS = 1e-12, 5e-6, 5e-4
PRINTED = [
    ("ModularNets", "affine-forward", "affine_forward difference", 9.7698477e-10, FIVE_DIGITS),
    ("ModularNets", "relu-forward", "relu_forward difference", 4.9999998e-08, FIVE_DIGITS),
    ("ModularNets", "conv-forward", "conv_forward_naive difference", 2.2121476e-08, FIVE_DIGITS),
    ("ModularNets", "max-pool-forward", "max_pool_forward_naive difference", 4.1666665e-08, FIVE_DIGITS),
    ("ModularNets", "losses", "svm_loss loss", 8.999602749096233, EXACT),
    ("ModularNets", "losses", "softmax_loss loss", 2.302545844500738, EXACT),
    ("ModularNets", "fast-pool", "out difference", 0.0, EXACT),
    ("ModularNets", "fast-pool", "dx difference", 0.0, EXACT),
    ("FullyConnectedNets", "two-layer-net", "loss without regularization", 3.4702243556, EXACT),
    ("FullyConnectedNets", "two-layer-net", "loss with reg 1.0", 26.5948426952, EXACT),
    ("FullyConnectedNets", "fully-connected-net", "initial loss with reg 0", 2.3004790897684924, EXACT),
    ("FullyConnectedNets", "fully-connected-net", "initial loss with reg 3.14", 7.052114776533016, EXACT),
    ("FullyConnectedNets", "rmsprop", "next_w error", 9.5247e-08, THREE_DIGITS),
    ("FullyConnectedNets", "adam", "next_w error", 1.1396e-07, THREE_DIGITS),
    ("BatchNormalizationAndDropout", "batchnorm-net", "initial loss with reg 0", 2.2611955101340957, EXACT),
    ("BatchNormalizationAndDropout", "batchnorm-net", "initial loss with reg 3.14", 6.996533220108303, EXACT),
    ("BatchNormalizationAndDropout", "dropout", "mean of output in training, p 0.3", 9.990848162756775, EXACT),
    ("BatchNormalizationAndDropout", "dropout", "mean of output in training, p 0.6", 9.977917658761159, EXACT),
    ("BatchNormalizationAndDropout", "dropout", "mean of output in training, p 0.75", 9.991640741515118, EXACT),
    ("BatchNormalizationAndDropout", "dropout", "fraction set to zero, p 0.3", 0.300672, EXACT),
    ("BatchNormalizationAndDropout", "dropout", "fraction set to zero, p 0.6", 0.600796, EXACT),
    ("BatchNormalizationAndDropout", "dropout", "fraction set to zero, p 0.75", 0.750232, EXACT),
    ("ConvolutionalNetworks", "conv-forward", "conv_forward_naive difference", 2.2121476e-08, FIVE_DIGITS),
    ("ConvolutionalNetworks", "max-pool-forward", "max_pool_forward_naive difference", 4.1666665e-08, FIVE_DIGITS),
    ("ConvolutionalNetworks", "fast-pool", "out difference", 0.0, EXACT),
    ("ConvolutionalNetworks", "fast-pool", "dx difference", 0.0, EXACT),
    ("ConvolutionalNetworks", "three-layer-loss", "initial loss", 2.3026, 5e-5),
    ("ConvolutionalNetworks", "three-layer-loss", "initial loss with reg 0.5", 2.5085, 2e-4),
    ("TrainConvNet", "first-loss", "initial loss", 2.3026, 5e-5),
    ("TrainConvNet", "shapes", "parameters in all", 4161658, EXACT),  # counted by hand
]
# Errors of small nets, of which the order of magnitude stands.
ORDERS = [
    (
        "ConvolutionalNetworks",
        "three-layer-gradients",
        "W1 W2 W3 b1 b2 b3",
        (1.4e-4, 1.8e-2, 3.1e-4, 3.5e-5, 2.5e-3, 7.9e-10),
    ),
    ("TrainConvNet", "gradients", "W1 W2 W3", (3.4e-4, 1.82e-2, 3.4e-4)),
]
# Means and standard deviations: the check, which of its rows, what stands printed.
ROWS = [
    ("BatchNormalizationAndDropout", "batchnorm-train", 0, [-2.3814598, -13.18038246, 1.91780462]),
    ("BatchNormalizationAndDropout", "batchnorm-train", 1, [27.18502186, 34.21455511, 37.68611762]),
    ("BatchNormalizationAndDropout", "batchnorm-test", 0, [-0.03927354, -0.04349152, -0.10452688]),
    ("BatchNormalizationAndDropout", "batchnorm-test", 1, [1.01531428, 1.01238373, 0.97819988]),
    ("ConvolutionalNetworks", "spatial-batchnorm-train", 0, [9.33463814, 8.90909116, 9.11056338]),
    ("ConvolutionalNetworks", "spatial-batchnorm-train", 1, [3.61447857, 3.19347686, 3.5168142]),
    ("ConvolutionalNetworks", "spatial-batchnorm-train", 3, [0.99999962, 0.99999951, 0.9999996]),
    ("ConvolutionalNetworks", "spatial-batchnorm-train", 5, [2.99999885, 3.99999804, 4.99999798]),
    ("ConvolutionalNetworks", "spatial-batchnorm-test", 0, [-0.08034406, 0.07562881, 0.05716371, 0.04378383]),
    ("ConvolutionalNetworks", "spatial-batchnorm-test", 1, [0.96718744, 1.0299714, 1.02887624, 1.00585577]),
    ("ConvolutionalNetworks", "groupnorm-forward", 0, [9.72505327, 8.51114185, 8.9147544, 9.43448077]),
    ("ConvolutionalNetworks", "groupnorm-forward", 1, [3.67070958, 3.09892597, 4.27043622, 3.97521327]),
    ("ConvolutionalNetworks", "groupnorm-forward", 3, [0.99999963, 0.99999948, 0.99999973, 0.99999968]),
]


@pytest.mark.parametrize(("name", "check", "label", "expected", "tolerance"), PRINTED)
def test_a_figure_is_the_documents(name, check, label, expected, tolerance, printed):
    assert figure(printed(name)[check], label) == pytest.approx(expected, rel=tolerance, abs=0)


@pytest.mark.parametrize(("name", "check", "labels", "expected"), ORDERS)
def test_an_error_has_the_documents_order_of_magnitude(name, check, labels, expected, printed):
    text = printed(name)[check]
    for label, error in zip(labels.split(), expected, strict=True):
        assert error / 10 < figure(text, f"{label} relative error") < error * 10, label


@pytest.mark.parametrize(("name", "check", "row", "expected"), ROWS)
def test_means_and_stds_are_the_documents(name, check, row, expected, printed):
    found = arrays(printed(name)[check])[row]
    assert found == pytest.approx(expected, rel=0, abs=0.5001e-8)  # both are printed with eight decimals


def test_the_scores_and_update_rules_are_the_documents(printed):
    """Their arrays stand in the cells, which print how far the results are from them."""
    checks = printed("FullyConnectedNets")
    assert figure(checks["two-layer-net"], "scores difference") < 1e-6
    assert figure(checks["sgd-momentum"], "next_w error") < 1e-8
    assert figure(checks["sgd-momentum"], "velocity error") < 1e-8
    assert figure(checks["rmsprop"], "cache error") < 1e-8
    assert max(figure(checks["adam"], label) for label in ("v error", "m error")) < 1e-8
