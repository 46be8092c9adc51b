"""The grid of images, compared with values worked out by hand."""

from types import SimpleNamespace

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from reference.vis_utils import plot_histories, visualize_grid


def test_two_by_two_images_by_hand():
    Xs = np.array([[0, 1, 2, 4], [-1, -1, 1, 1], [10, 20, 20, 30], [4, 3, 2, 0]], dtype=float).reshape(4, 2, 2, 1)
    grid = visualize_grid(Xs, ubound=8)
    assert grid.shape == (5, 5, 1)
    assert grid[:, :, 0].tolist() == [
        [0, 2, 0, 0, 0],
        [4, 8, 0, 8, 8],
        [0, 0, 0, 0, 0],
        [0, 4, 0, 8, 6],
        [4, 8, 0, 4, 0],
    ]


def test_padding_and_height_and_width_apart():
    grid = visualize_grid(np.array([[[[1.0], [2.0], [3.0]]], [[[3.0], [1.0], [1.0]]]]), padding=2)
    assert grid.shape == (4, 8, 1)
    assert grid[0, :, 0].tolist() == [0, 127.5, 255, 0, 0, 255, 0, 0]
    assert not grid[1:].any()


def test_colours_of_an_image_are_stretched_together():
    grid = visualize_grid(np.array([[[[1.0, 2.0, 5.0]]]]), ubound=4, padding=0)
    assert grid.tolist() == [[[0, 1, 4]]]


@pytest.mark.parametrize(("N", "A"), [(1, 1), (2, 2), (4, 2), (5, 3), (9, 3), (10, 4), (32, 6)])
def test_the_grid_is_the_smallest_square_and_the_rest_is_blank(N, A):
    Xs = np.zeros((N, 2, 1, 3))
    Xs[:, 1] = 7
    grid = visualize_grid(Xs)
    assert grid.shape == (3 * A - 1, 2 * A - 1, 3)
    lit = np.argwhere(grid[:, :, 0] == 255)
    assert lit.tolist() == [[n // A * 3 + 1, n % A * 2] for n in range(N)]
    assert np.count_nonzero(grid) == 3 * N


def test_a_constant_image_is_blank_beside_one_that_is_not():
    Xs = np.stack([np.full((2, 2, 3), 5.0), np.arange(12.0).reshape(2, 2, 3)])
    grid = visualize_grid(Xs, padding=0)
    assert not grid[:2, :2].any()
    assert grid[:2, 2:].max() == 255


def test_bytes_do_not_wrap():
    assert visualize_grid(np.array([[[[200], [10]]]], dtype=np.uint8), ubound=19).ravel().tolist() == [19, 0]
    assert visualize_grid(np.array([[[[-128], [127]]]], dtype=np.int8), ubound=1).ravel().tolist() == [0, 1]


@settings(deadline=None)
@example(np.array([-1.7e308, 1.7e308, 0, 0, *[1e-323, 0, 0, 0], *[5e-324, 0, 0, 0]]).reshape(3, 2, 2, 1))
@given(arrays(float, (3, 2, 2, 1), elements=st.floats(allow_nan=False, allow_infinity=False)))
def test_every_image_fills_its_range_and_is_not_modified(Xs):
    before = Xs.copy()
    grid = visualize_grid(Xs, ubound=10.0, padding=0)
    np.testing.assert_array_equal(Xs, before)
    for n, (top, left) in enumerate([(0, 0), (0, 2), (2, 0)]):
        part, halves = grid[top : top + 2, left : left + 2], Xs[n] / 2
        expected = (0, 10) if halves.max() > halves.min() else (0, 0)
        assert (part.min(), part.max()) == expected


@pytest.mark.parametrize(
    ("Xs", "padding", "message"),
    [
        (
            np.zeros((2, 3, 4)),
            1,
            "visualize_grid: Xs has shape (2, 3, 4), expected (N, H, W, C), at least one pixel. "
            "Transpose filters (N, C, H, W) with w.transpose(0, 2, 3, 1).",
        ),
        (
            np.zeros((0, 2, 2, 3)),
            1,
            "visualize_grid: Xs has shape (0, 2, 2, 3), expected (N, H, W, C), at least one pixel. "
            "Transpose filters (N, C, H, W) with w.transpose(0, 2, 3, 1).",
        ),
        (
            np.array([[[[1.0, np.nan]]]]),
            1,
            "visualize_grid: Xs contains inf or NaN, expected finite numbers. Look where the training diverged.",
        ),
        (
            np.array([[[[1.0, -np.inf]]]]),
            1,
            "visualize_grid: Xs contains inf or NaN, expected finite numbers. Look where the training diverged.",
        ),
        (np.ones((1, 1, 1, 1)), -1, "visualize_grid: padding is -1, expected at least 0. Pass 0 for none."),
    ],
)
def test_images_that_cannot_be_laid_out_are_refused(Xs, padding, message):
    with pytest.raises(ValueError) as caught:
        visualize_grid(Xs, padding=padding)
    assert str(caught.value) == message


def test_histories_are_drawn_as_one_line_for_each_training():
    matplotlib.use("Agg")
    solver = SimpleNamespace(loss_history=[3, 2, 1], train_acc_history=[0.1, 0.5], val_acc_history=[0.2, 0.4])
    figure = plot_histories({"sgd": solver, "adam": solver})
    drawn = [[line.get_ydata().tolist() for line in axis.lines] for axis in figure.axes]
    assert drawn == [[[3, 2, 1]] * 2, [[0.1, 0.5]] * 2, [[0.2, 0.4]] * 2]
    assert [text.get_text() for text in figure.axes[2].get_legend().get_texts()] == ["sgd", "adam"]
    plt.close(figure)


def test_an_empty_dict_of_histories_is_refused():
    with pytest.raises(ValueError, match="solvers is empty"):
        plot_histories({})
