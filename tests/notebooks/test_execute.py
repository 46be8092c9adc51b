"""Every notebook runs from top to bottom with the reference as cs231n, and prints the figures of the documents.

The tests run the instructor's versions in a real kernel on the generated data set; `make notebooks` runs them on
CIFAR-10. nbclient starts the kernel.
"""

from __future__ import annotations

import json
import re

import pytest
from cases import ROOT
from nbclient.exceptions import CellExecutionError

from bench import notebooks as command
from bench.notebook_figures import TRAININGS, compare
from bench.notebooks import Run, failed_calls, make_folder, run, show
from grader.assignment.load import load_assignment
from grader.assignment.notebook_sources import cells_of, instructor_notebooks, notebook

pytestmark = pytest.mark.process

ASSIGNMENT = load_assignment(ROOT / "assignment")
NAMES = sorted(path.stem for path in (ROOT / "assignment" / "notebooks").glob("*.py"))
FEWEST = {
    "BatchNormalizationAndDropout": 60,
    "ConvolutionalNetworks": 50,
    "FullyConnectedNets": 35,
    "ModularNets": 35,
    "TrainConvNet": 30,
}
# Trainings whose figures count only on CIFAR-10, if at all; shortened here, while `make notebooks` runs them in full.
SHORTER = {
    "BatchNormalizationAndDropout": {
        '**{**options, "num_epochs": 4})': '**{**options, "num_epochs": 1})',
        '"num_epochs": 4, "batch_size": batch_size}': '"num_epochs": 1, "batch_size": batch_size}',
        '"num_epochs": 25,': '"num_epochs": 3,',
    }
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A student's folder: notebooks beside the package and the assignment."""
    return make_folder(ASSIGNMENT, tmp_path_factory.mktemp("student"))


@pytest.fixture(scope="module")
def ran(folder):
    """The run of a notebook; each notebook runs only once."""
    runs: dict[str, Run] = {}
    contents = instructor_notebooks(ASSIGNMENT)

    def of(name: str) -> Run:
        if name not in runs:
            with pytest.MonkeyPatch.context() as patch:
                patch.delenv("CIFAR10_DIR", raising=False)
                # With more threads than free cores, threads would wait for each other.
                runs[name] = run(shortened(name, contents[f"{name}.ipynb"]), folder, OMP_NUM_THREADS="1")
        return runs[name]

    return of


def shortened(name: str, content: bytes) -> bytes:
    """The notebook with its SHORTER trainings."""
    text = content.decode()
    for old, new in SHORTER.get(name, {}).items():
        escaped, shorter = (json.dumps(words)[1:-1] for words in (old, new))
        assert text.count(escaped) == 1, old
        text = text.replace(escaped, shorter)
    return text.encode()


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_and_its_figures_are_the_documents(name, ran):
    """The figures of FIGURES.md, and the bounds that cells print: `label: number (expected: below bound)`."""
    done = ran(name)
    assert not done.is_cifar10
    rows = compare(name, done.checks, is_cifar10=False)
    assert [row for row in rows if not row.agrees] == []
    assert len(rows) >= FEWEST[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_calls_the_public_checks_of_its_functions_and_they_pass(name, ran):
    done = ran(name)
    assert failed_calls(done) == []
    sources = [cell.lines for cell in cells_of((ROOT / f"assignment/notebooks/{name}.py").read_text(), ROOT)]
    assert len(done.tables) == len({lines for lines in sources if lines[0].startswith("check(")}) > 0


def test_every_function_is_checked_in_a_notebook_by_its_whole_name():
    asked = set()
    for name in NAMES:
        text = (ROOT / f"assignment/notebooks/{name}.py").read_text()
        asked |= {word for call in re.findall(r"^check\((.*)\)$", text, re.MULTILINE) for word in call.split(", ")}
    assert asked == {f'"{function.rpartition(".")[2]}"' for function in ASSIGNMENT.functions}


def test_the_photographs_come_from_a_package(ran):
    assert "pictures: scikit-learn\n" in ran("ConvolutionalNetworks").checks["image-filters"]


def test_a_wrong_or_missing_figure_is_reported(ran, capsys):
    name = "ModularNets"
    done = ran(name)
    checks = {**done.checks, "losses": done.checks["losses"].replace("8.99960", "8.99970"), "relu-forward": ""}
    told = {row.figure for row in compare(name, checks, is_cifar10=False) if not row.agrees}
    assert told == {"svm_loss loss", "relu_forward difference"}
    assert show(name, done)
    assert not show(name, Run(checks, done.tables, False, 1.0, 1.0))
    assert "NO  losses: svm_loss loss: printed 8.9996027491, obtained 8.9997027491" in capsys.readouterr().out
    assert not show(name, Run(done.checks, {'check("x")': "x  wrong"}, False, 1.0, 1.0))


def test_an_array_of_wrong_length_or_digits_is_reported(ran):
    name, check = "BatchNormalizationAndDropout", "batchnorm-train"
    checks = dict(ran(name).checks)
    for text in (checks[check].replace("-2.3814598 ", ""), checks[check].replace("-2.38145980", "-2.38145990")):
        changed = text if text != checks[check] else checks[check].replace("-2.3814598", "-2.3814599")
        rows = compare(name, {**checks, check: changed}, is_cifar10=False)
        assert [row.figure for row in rows if not row.agrees] == ["array 1"]


@pytest.mark.parametrize(
    ("printed", "agrees"),
    [({"first loss": 2.4143, "training accuracy at epoch 0": 0.2, "training accuracy": 0.99}, True), ({}, False)],
)
def test_figures_of_trainings_count_only_on_cifar10(printed, agrees):
    text = "".join(f"{label}: {value}\n" for label, value in printed.items()) + "validation accuracy: 0.22\n"
    name = "ConvolutionalNetworks"
    rows = compare(name, {"by-heart": text}, is_cifar10=True)
    mine = {label for one in TRAININGS if one.check == "by-heart" for label in one.labels}
    told = {row.figure: row.agrees for row in rows if row.check == "by-heart"}
    assert told == {label: agrees or label == "validation accuracy" for label in mine}
    assert not [row for row in compare(name, {"by-heart": text}, is_cifar10=False) if row.check == "by-heart"]


def test_a_cell_that_raises_ends_the_run_and_the_command_says_so(folder, monkeypatch, capsys):
    content = notebook(cells_of("# %%\n1 / 0\n", ROOT), ROOT, solved=True)
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        run(content, folder)
    monkeypatch.setattr(command, "instructor_notebooks", lambda assignment: {"N.ipynb": content})
    monkeypatch.setattr(command, "make_folder", lambda assignment, path: folder)
    monkeypatch.setattr("sys.argv", ["notebooks"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 1
    assert "N: a cell does not run" in capsys.readouterr().out
