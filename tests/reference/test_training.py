"""Real trainings: a convolutional net learns 100 images by heart, generated ones and those of CIFAR-10.

The second is a row of FIGURES.md (seed 004). For all other rows, run make train-figures.
"""

import os
import subprocess
import sys

import numpy as np
import pytest
from cases import ROOT
from threadpoolctl import threadpool_limits

from bench import train_figures
from bench.train_figures import RUNS, SEED, Run
from reference.classifiers.cnn import ThreeLayerConvNet
from reference.data_utils import get_CIFAR10_data
from reference.small_data import generate_CIFAR10
from reference.solver import Solver

pytestmark = [pytest.mark.slow, pytest.mark.process]

# It stands beside the project where that is developed, and writes CIFAR-10 in its official format.
RESTORE = ROOT.parent / "shared" / "data" / "restore_cifar10.py"


@pytest.fixture(autouse=True)
def alone():
    """Restore the global generator, and use one thread, which is enough for nets of this size.

    If there are more threads than free processors, they wait for each other, and the test takes several times as long.
    """
    before = np.random.get_state()
    with threadpool_limits(limits=1):
        yield
    np.random.set_state(before)


@pytest.fixture
def generated(tmp_path, monkeypatch):
    monkeypatch.setenv("CIFAR10_DIR", str(generate_CIFAR10(tmp_path / "data", images_per_batch=100)))
    return get_CIFAR10_data(num_training=400, num_validation=100, num_test=100)


@pytest.fixture
def cifar10_folder(pytestconfig):
    """Return CIFAR-10's folder: the one that CIFAR10_DIR names, else one that is created once in pytest's cache."""
    if os.environ.get("CIFAR10_DIR"):
        return os.environ["CIFAR10_DIR"]
    if not RESTORE.exists():
        pytest.skip("needs CIFAR-10 (set CIFAR10_DIR to its folder cifar-10-batches-py)")
    pytest.importorskip("PIL", reason=f"{RESTORE} needs Pillow")
    folder = pytestconfig.cache.mkdir("cifar10")
    subprocess.run([sys.executable, str(RESTORE), str(folder)], check=True, stdout=subprocess.DEVNULL)
    return str(folder)


def test_generated_images_are_learned_by_heart_and_their_classes_too(generated):
    small = {**generated, "X_train": generated["X_train"][:100], "y_train": generated["y_train"][:100]}
    np.random.seed(SEED)
    options = {"update_rule": "adam", "optim_config": {"learning_rate": 1e-3}, "num_epochs": 10, "batch_size": 50}
    solver = Solver(ThreeLayerConvNet(weight_scale=1e-2), small, verbose=False, **options)
    solver.train()
    assert solver.loss_history[-1] < solver.loss_history[0] / 10
    assert solver.train_acc_history[-1] >= 0.95
    # The generated classes are patterns, so the net recognises other images as well.
    assert solver.check_accuracy(generated["X_test"], generated["y_test"]) >= 0.8


def test_100_images_of_cifar10_are_learned_by_heart_as_printed(cifar10_folder, monkeypatch):
    monkeypatch.setenv("CIFAR10_DIR", cifar10_folder)
    (run,) = (run for run in RUNS if run.name == "overfit")
    np.random.seed(SEED)
    figures = run.train(get_CIFAR10_data())
    assert figures["iteration 1 loss"] == pytest.approx(2.4140, abs=0.0005)
    assert figures["epoch 0 train"] == 0.20
    assert figures["train"] >= 0.95
    assert 0.15 <= figures["val"] <= 0.27
    assert run.holds(figures)


def draw(data):
    return {"loss": np.random.rand(), "images": len(data["X_train"])}


@pytest.mark.parametrize(("least", "word", "status"), [(0.7, "yes", 0), (0.8, "NO", 1)])
def test_the_table_lists_the_reproduced_figures_and_their_status(generated, monkeypatch, capsys, least, word, status):
    run = Run("draw", "a draw", "000", "0.7", f"loss > {least}", draw, lambda got: got["loss"] > least, "only a draw")
    monkeypatch.setattr(train_figures, "RUNS", (run, run))
    monkeypatch.setattr(train_figures, "get_CIFAR10_data", lambda: generated)
    monkeypatch.setattr(sys, "argv", ["train_figures.py"])
    with pytest.raises(SystemExit) as ended:
        train_figures.main()
    assert ended.value.code == status
    out = capsys.readouterr().out
    # Each is the first draw after np.random.seed(231).
    row = (
        "draw: a draw\n"
        "    printed     0.7 (000)\n"
        f"    obtained    loss {np.random.RandomState(231).rand():.6f}, images 400.000, in 0 s\n"
        "    note        only a draw\n"
        f"    reproduced  {word}: loss > {least}\n"
    )
    assert out.startswith(row + row + f"{2 - 2 * status} of 2 reproduced, on Python ")
