"""Repeats the trainings whose results the course documents print, on CIFAR-10, and compares the results.

Each run begins with np.random.seed(231), and makes its nets and draws its batches in the order of the document's cell.
reference/data_utils.py finds the data set: in CIFAR10_DIR, or by a download. Exits with 1 if a run does not reproduce
its figures.

python bench/train_figures.py --only overfit        # one run; --help lists the names
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from reference.classifiers.cnn import MultiLayerConvNet, ThreeLayerConvNet
from reference.classifiers.fc_net import FullyConnectedNet, TwoLayerNet
from reference.data_utils import get_CIFAR10_data
from reference.solver import Solver

SEED = 231
Data = dict[str, np.ndarray]
Figures = dict[str, float]


@dataclass(frozen=True)
class Run:
    """One training: what it runs, what the document prints, the bar for "reproduced", and a note for the reader."""

    name: str
    what: str
    document: str
    printed: str
    bar: str
    train: Callable[[Data], Figures]
    holds: Callable[[Figures], bool]
    note: str = ""


def solve(model: object, data: Data, images: int | None = None, **options: object) -> Solver:
    """Train on the first `images` of the training half (None: all) and return the solver."""
    part = {**data, "X_train": data["X_train"][:images], "y_train": data["y_train"][:images]}
    solver = Solver(model, part, verbose=False, **options)
    solver.train()
    return solver


def adam(learning_rate: float) -> dict[str, object]:
    return {"update_rule": "adam", "optim_config": {"learning_rate": learning_rate}}


def last(solver: Solver) -> Figures:
    return {"train": solver.train_acc_history[-1], "val": solver.val_acc_history[-1]}


def overfit(data: Data) -> Figures:
    model = ThreeLayerConvNet(weight_scale=1e-2)
    solver = solve(model, data, 100, num_epochs=15, batch_size=50, **adam(1e-3))
    return {"iteration 1 loss": solver.loss_history[0], "epoch 0 train": solver.train_acc_history[0], **last(solver)}


def batchnorm(data: Data) -> Figures:
    models = [FullyConnectedNet([100] * 5, weight_scale=2e-2, use_batchnorm=use) for use in (True, False)]
    solvers = [solve(model, data, 1000, num_epochs=10, batch_size=50, **adam(1e-3)) for model in models]
    return side_by_side(("with", "without"), solvers)


def dropout(data: Data) -> Figures:
    solvers = []
    for p in (0, 0.75):
        model = FullyConnectedNet([500], dropout=p)
        solvers.append(solve(model, data, 500, num_epochs=25, batch_size=100, **adam(5e-4)))
    return side_by_side(("without", "with"), solvers)


def momentum(data: Data) -> Figures:
    rules = ("sgd", "sgd_momentum")

    def solvers(hidden_dims: list[int]) -> list[Solver]:
        done = []
        for rule in rules:
            model = FullyConnectedNet(hidden_dims, weight_scale=5e-2)
            options = {"update_rule": rule, "optim_config": {"learning_rate": 1e-2}}
            done.append(solve(model, data, 4000, num_epochs=5, batch_size=100, **options))
        return done

    figures = side_by_side(rules, solvers([100] * 5))
    as_shown = side_by_side(rules, solvers([100] * 4))
    return figures | {f"{name} of [100] * 4": as_shown[name] for name in ("train sgd", "train sgd_momentum")}


def side_by_side(names: tuple[str, str], solvers: list[Solver]) -> Figures:
    figures = {}
    for figure in ("first loss", "train", "val"):
        for name, solver in zip(names, solvers, strict=True):
            figures[f"{figure} {name}"] = {"first loss": solver.loss_history[0], **last(solver)}[figure]
    return figures


def two_layers(data: Data) -> Figures:
    options = {"update_rule": "sgd", "optim_config": {"learning_rate": 1e-3}, "lr_decay": 0.95}
    return last(solve(TwoLayerNet(), data, num_epochs=10, batch_size=100, **options))


def three_layers(data: Data) -> Figures:
    model = ThreeLayerConvNet(weight_scale=0.001, hidden_dim=500, reg=0.001)
    return last(solve(model, data, num_epochs=1, batch_size=50, **adam(1e-3)))


def multi_layers(data: Data) -> Figures:
    model = MultiLayerConvNet(weight_scale=2e-2)
    return last(solve(model, data, num_epochs=1, batch_size=50, **adam(1e-3)))


# Sorted by cost.
RUNS = (
    Run(
        "overfit",
        "ThreeLayerConvNet(weight_scale=1e-2), 100 images, 15 epochs, batch 50, adam 1e-3",
        "004",
        "iteration 1 loss 2.414060, epoch 0 train 0.20, train 0.99, val 0.22",
        "iteration 1 loss 2.4140 ± 0.0005, epoch 0 train 0.20, train ≥ 0.95, val 0.15 to 0.27",
        overfit,
        lambda got: (
            abs(got["iteration 1 loss"] - 2.4140) <= 0.0005
            and got["epoch 0 train"] == 0.20
            and got["train"] >= 0.95
            and 0.15 <= got["val"] <= 0.27
        ),
    ),
    Run(
        "batchnorm",
        "FullyConnectedNet([100] * 5, weight_scale=2e-2), 1,000 images, 10 epochs, batch 50, adam 1e-3, "
        "with batchnorm and without",
        "003",
        "first loss with 2.340974, without 2.302332; train with 0.765, without 0.655; val with 0.313, without 0.298",
        "with batchnorm ahead",
        batchnorm,
        lambda got: got["train with"] > got["train without"],
    ),
    Run(
        "dropout",
        "FullyConnectedNet([500]), 500 images, 25 epochs, batch 100, adam 5e-4, without dropout and with 0.75",
        "003",
        "first loss without 7.856643, with 17.318480; a smaller gap from train to val with dropout (plotted)",
        "the gap from train to val smaller with dropout",
        dropout,
        lambda got: got["train with"] - got["val with"] < got["train without"] - got["val without"],
    ),
    Run(
        "momentum",
        "FullyConnectedNet([100] * 5, weight_scale=5e-2), 4,000 images, 5 epochs, batch 100, learning rate 1e-2, "
        "sgd and sgd_momentum",
        "003",
        "first loss sgd 2.598676, sgd_momentum 2.401017; train sgd 0.396, sgd_momentum 0.522; val sgd 0.319, "
        "sgd_momentum 0.336",
        "momentum ahead by ≥ 0.05",
        momentum,
        lambda got: got["train sgd_momentum"] - got["train sgd"] >= 0.05,
        "The cell shows [100] * 4, which begins at losses of 4 to 6 and leaves sgd ahead; what is printed below it is "
        "of [100] * 5, as in the next cells.",
    ),
    Run(
        "two-layers",
        "TwoLayerNet(), 10 epochs, batch 100, sgd 1e-3, lr_decay 0.95",
        "003",
        "train 0.611, val 0.512",
        "val ≥ 0.48",
        two_layers,
        lambda got: got["val"] >= 0.48,
    ),
    Run(
        "three-layers",
        "ThreeLayerConvNet(weight_scale=0.001, hidden_dim=500, reg=0.001), 1 epoch, batch 50, adam 1e-3",
        "003 004",
        "train 0.484 and 0.452, val 0.485 and 0.453",
        "train > 0.40",
        three_layers,
        lambda got: got["train"] > 0.40,
    ),
    Run(
        "multi-layers",
        "MultiLayerConvNet(weight_scale=2e-2), 1 epoch, batch 50, adam 1e-3",
        "000",
        "greater than 40% on the training set",
        "train > 0.40",
        multi_layers,
        lambda got: got["train"] > 0.40,
        "Weight scale, batch and learning rate are ours, since 000 prints none. At the net's own scale, 1e-3, scores "
        "hardly depend on the image at first.",
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train what the course documents print the results of, and compare.")
    parser.add_argument("--only", metavar="NAME", choices=[run.name for run in RUNS], help="%(choices)s")
    only = parser.parse_args().only
    try:
        data = get_CIFAR10_data()
    except (OSError, ValueError, ImportError) as error:
        sys.exit(f"train_figures: {error}")
    runs = [run for run in RUNS if only in (None, run.name)]
    reproduced = [show(run, data) for run in runs]
    print(f"{sum(reproduced)} of {len(runs)} reproduced, on Python {platform.python_version()}, NumPy {np.__version__}")
    sys.exit(0 if all(reproduced) else 1)


def show(run: Run, data: Data) -> bool:
    """Train, print the row, and return whether the figures are reproduced."""
    print(f"{run.name}: {run.what}", flush=True)
    started = time.perf_counter()
    np.random.seed(SEED)
    figures = run.train(data)
    holds = bool(run.holds(figures))
    obtained = ", ".join(
        f"{name} {value:.6f}" if "loss" in name else f"{name} {value:.3f}" for name, value in figures.items()
    )
    print(f"    printed     {run.printed} ({run.document})")
    print(f"    obtained    {obtained}, in {time.perf_counter() - started:.0f} s")
    if run.note:
        print(f"    note        {run.note}")
    print(f"    reproduced  {'yes' if holds else 'NO'}: {run.bar}", flush=True)
    return holds


if __name__ == "__main__":
    main()
