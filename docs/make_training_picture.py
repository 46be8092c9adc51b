"""Make the picture of a training: the loss, the accuracies and the first filters of a ThreeLayerConvNet on CIFAR-10.

make training-picture        # some minutes; the data set is found through CIFAR10_DIR, or downloaded

The seed is fixed, but a machine's BLAS and compiler choose the order in which sums are rounded: on another machine the
curves have the same shape, not the same points.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reference.classifiers.cnn import ThreeLayerConvNet
from reference.data_utils import get_CIFAR10_data
from reference.solver import Solver
from reference.vis_utils import visualize_grid

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs/training.png"
SEED, EPOCHS, BATCH = 231, 5, 50
SMOOTHED = 200

# The colours of the reports.
PAPER, INK, SOFT, LINE, BLUE, AMBER = "#faf9f6", "#1f252e", "#59616d", "#e2ded5", "#285a86", "#c98a1b"
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "axes.edgecolor": LINE,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.labelcolor": SOFT,
    "grid.color": LINE,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
}


def main() -> None:
    started = time.perf_counter()
    try:
        data = get_CIFAR10_data()
    except (OSError, ValueError, ImportError) as error:
        sys.exit(f"make training-picture: {error}")
    np.random.seed(SEED)
    model = ThreeLayerConvNet(weight_scale=0.001, hidden_dim=500, reg=0.001)
    adam = {"update_rule": "adam", "optim_config": {"learning_rate": 1e-3}, "lr_decay": 0.9}
    solver = Solver(model, data, num_epochs=EPOCHS, batch_size=BATCH, print_every=200, **adam)
    solver.train()
    with matplotlib.rc_context(STYLE):
        draw(solver)
    test = solver.check_accuracy(data["X_test"], data["y_test"])
    minutes = (time.perf_counter() - started) / 60
    print(f"{PICTURE.relative_to(ROOT)}: best validation accuracy {solver.best_val_acc:.3f}, ", end="")
    print(f"accuracy on {len(data['X_test'])} test images {test:.3f}, in {minutes:.0f} min")


def draw(solver: Solver) -> None:
    figure = Figure(figsize=(10.4, 3.2))
    # Each tuple is left, bottom, width, height. The space to the right of the second is for the names of its lines.
    draw_loss(figure.add_axes((0.04, 0.15, 0.32, 0.73)), solver.loss_history)
    draw_accuracies(figure.add_axes((0.42, 0.15, 0.22, 0.73)), solver.train_acc_history, solver.val_acc_history)
    draw_filters(figure.add_axes((0.77, 0.15, 0.22, 0.73)), solver.model.params["W1"])
    figure.savefig(PICTURE, dpi=160, metadata={"Software": None})


def draw_loss(axes: Axes, losses: list[float]) -> None:
    """Draw a point for the loss of each batch, and a line through the means over SMOOTHED batches."""
    axes.set_title("Loss of each batch")
    axes.plot(np.arange(1, len(losses) + 1), losses, ".", color=BLUE, alpha=0.16, markersize=3, markeredgewidth=0)
    means = np.convolve(losses, np.full(SMOOTHED, 1 / SMOOTHED), mode="valid")
    axes.plot(np.arange(len(means)) + (SMOOTHED + 1) / 2, means, color=BLUE, linewidth=1.8)
    axes.set_xlabel("iteration")
    axes.set_xlim(0, len(losses))
    axes.set_ylim(0, 1.02 * max(losses))


def draw_accuracies(axes: Axes, train: list[float], val: list[float]) -> None:
    """Draw both lines with their names at the ends. If the ends are close, move the names apart."""
    axes.set_title("Accuracy")
    middle, apart = (train[-1] + val[-1]) / 2, max(abs(train[-1] - val[-1]), 0.06) / 2
    for name, values, color in (("training", train, BLUE), ("validation", val, AMBER)):
        axes.plot(values, "o-", color=color, linewidth=1.8, markersize=4, clip_on=False)
        y = middle + apart if values[-1] == max(train[-1], val[-1]) else middle - apart
        place = {"xytext": (8, 0), "textcoords": "offset points", "va": "center", "annotation_clip": False}
        axes.annotate(f"{values[-1]:.2f} {name}", (len(values) - 1, y), color=color, fontweight="bold", **place)
    axes.set_xlabel("epoch")
    axes.set_xticks(range(len(train)))
    axes.set_xlim(-0.15, len(train) - 0.85)
    axes.set_ylim(0, 0.8)
    axes.yaxis.set_major_formatter("{x:.1f}")


def draw_filters(axes: Axes, W1: np.ndarray) -> None:
    axes.set_title("Filters of the first layer")
    grid = visualize_grid(W1.transpose(0, 2, 3, 1)) / 255
    # Only the pixels between the filters are 0 in all three colours; give them the colour of the paper.
    grid[(grid == 0).all(axis=2)] = matplotlib.colors.to_rgb(PAPER)
    axes.imshow(grid, interpolation="nearest")
    axes.set_anchor("NW")
    axes.set_axis_off()


if __name__ == "__main__":
    main()
