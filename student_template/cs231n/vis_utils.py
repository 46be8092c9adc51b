"""Pictures of what a network has learned."""

import math

import numpy as np


def visualize_grid(Xs, ubound=255.0, padding=1):
    """Lay images out in a square grid; each is stretched on its own to run from 0 to ubound.

    Xs: (N, H, W, C) numbers, the images (or filters), not modified. padding: pixels of 0 between neighbours. The grid
    has as many rows as columns, the fewest that hold N images; they fill it row by row, and the rest stays 0. An image
    whose values are all equal becomes 0. Returns the grid, float64 (A * H + (A - 1) * padding, A * W + (A - 1) *
    padding, C), A = ceil(sqrt(N)). Raises ValueError if Xs has other axes or no image, contains inf or NaN, or padding
    is negative.
    """
    Xs = np.asarray(Xs)
    if Xs.ndim != 4 or Xs.size == 0:
        raise ValueError(
            f"visualize_grid: Xs has shape {Xs.shape}, expected (N, H, W, C), at least one pixel. "
            "Transpose filters (N, C, H, W) with w.transpose(0, 2, 3, 1)."
        )
    if not np.isfinite(Xs).all():
        raise ValueError(
            "visualize_grid: Xs contains inf or NaN, expected finite numbers. Look where the training diverged."
        )
    if padding < 0:
        raise ValueError(f"visualize_grid: padding is {padding}, expected at least 0. Pass 0 for none.")
    N, H, W, C = Xs.shape
    A = math.isqrt(N - 1) + 1
    grid = np.zeros((A * H + (A - 1) * padding, A * W + (A - 1) * padding, C))
    for n in range(N):
        top, left = n // A * (H + padding), n % A * (W + padding)
        # Computed from halves, because the difference of two floats can overflow.
        image = Xs[n].astype(np.float64) / 2
        low, high = image.min(), image.max()
        if high > low:
            grid[top : top + H, left : left + W] = ubound * ((image - low) / (high - low))
    return grid


def plot_histories(solvers):
    """Plot trainings side by side: the loss of each iteration, and the accuracies after each epoch.

    solvers: dict from labels to Solvers that have trained; each gets a colour.
    Returns the figure with three axes: losses, accuracies on training images, accuracies on validation images.
    Raises ValueError if solvers is empty.
    """
    import matplotlib.pyplot as plt  # imported here, because nothing else in the package draws

    if not solvers:
        raise ValueError("plot_histories: solvers is empty, expected at least one. Pass {'sgd': solver}.")
    figure, axes = plt.subplots(1, 3, figsize=(13, 3.5), layout="constrained")
    titles = ("training loss", "training accuracy", "validation accuracy")
    for axis, title, xlabel in zip(axes, titles, ("iteration", "epoch", "epoch")):
        axis.set(title=title, xlabel=xlabel)
    for label, solver in solvers.items():
        axes[0].plot(solver.loss_history, ".", alpha=0.6, label=label)
        axes[1].plot(solver.train_acc_history, "-o", label=label)
        axes[2].plot(solver.val_acc_history, "-o", label=label)
    for axis in axes[1:]:
        axis.set_ylim(0, 1)
    axes[2].legend()
    return figure
