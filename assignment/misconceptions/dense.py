"""Mistakes in the affine layer, ReLU and the losses, as wrong variants of the reference, each with its hint.

Each variant receives the reference before its own arguments. A hint says what the mistake is and where to look, not
the solution.
"""

import math

import numpy as np

from grader.checks import misconception


@misconception(
    "layers.affine_forward",
    "Your output equals x times w without the bias. What does the layer add last?",
)
def no_bias(reference, x, w, b):
    out, cache = reference.layers.affine_forward(x, w, np.zeros_like(b))
    return out, cache


@misconception(
    "layers.affine_forward",
    "The numbers of each example are in another order than w expects, as if columns came before rows. Flatten in "
    "NumPy's default order.",
)
def flattened_in_fortran_order(reference, x, w, b):
    return x.reshape(x.shape[0], -1, order="F") @ w + b, (x, w, b)


@misconception(
    "layers.affine_backward",
    "db looks like a mean over the examples. b is added to the output of every example: how do the N gradients that "
    "reach it combine?",
    beside=True,
)
def mean_for_db(reference, dout, cache):
    dx, dw, db = reference.layers.affine_backward(dout, cache)
    return dx, dw, db / dout.shape[0]


@misconception(
    "layers.affine_backward",
    "All three gradients are divided by the number of examples. The loss has already done that. A layer only applies "
    "the chain rule to the dout that it receives.",
)
def divided_by_n(reference, dout, cache):
    dx, dw, db = reference.layers.affine_backward(dout, cache)
    return dx / dout.shape[0], dw / dout.shape[0], db / dout.shape[0]


@misconception(
    "layers.relu_forward",
    "Your output equals the absolute value of x. Look at what happens to negative numbers.",
)
def absolute_value(reference, x):
    return np.abs(x), x


@misconception(
    "layers.relu_backward",
    "dx equals dout: the gradient also passes where the input was negative. Which inputs reached the output at all?",
)
def no_mask(reference, dout, cache):
    return dout.copy()


@misconception(
    "layers.relu_backward",
    "The gradient is set to zero where dout is negative. The sign of the forward's input decides that, not the sign "
    "of dout. The cache holds that input.",
)
def masked_by_dout(reference, dout, cache):
    return np.maximum(dout, 0)


@misconception(
    "layers.relu_backward",
    "The gradient passes where the input was negative and stops where the input was positive: the mask is inverted.",
)
def mask_inverted(reference, dout, cache):
    return dout - reference.layers.relu_backward(dout, cache)


@misconception(
    "layers.relu_backward",
    "dx contains only 0 and 1: that is the local derivative. Apply the chain rule: use dout.",
)
def forgets_dout(reference, dout, cache):
    return (reference.layers.relu_forward(cache)[0] > 0).astype(float)


@misconception(
    "layers.svm_loss",
    "The loss is too large by exactly 1. The margin of the right class is always 1: should the sum include it?",
)
def counts_right_class(reference, x, y):
    value, dx = reference.layers.svm_loss(x, y)
    return value + 1, dx


@misconception(
    "layers.svm_loss",
    "Loss and gradient are sums over the examples. They should be averages over the batch, so that they do not grow "
    "with N.",
)
def svm_not_averaged(reference, x, y):
    value, dx = reference.layers.svm_loss(x, y)
    return value * len(y), dx * len(y)


@misconception(
    "layers.svm_loss",
    "The loss is right, but the gradient is N times too large. Whatever you do to the loss at the end, do it to the "
    "gradient, too.",
)
def svm_gradient_not_averaged(reference, x, y):
    value, dx = reference.layers.svm_loss(x, y)
    return value, dx * len(y)


@misconception(
    "layers.svm_loss",
    "The gradient of the wrong classes is right, but the gradient of the right class is missing. The score of the "
    "right class is part of every margin.",
)
def svm_right_class_without_gradient(reference, x, y):
    value, dx = reference.layers.svm_loss(x, y)
    dx[np.arange(len(y)), y] = 0
    return value, dx


@misconception(
    "layers.svm_loss",
    "The loss matches margins without the 1 that is added to each difference of scores.",
)
def no_margin(reference, x, y):
    ahead = np.zeros_like(x)
    ahead[np.arange(len(y)), y] = 1
    return reference.layers.svm_loss(x + ahead, y)


@misconception(
    "layers.svm_loss",
    "The loss matches margins without the maximum with 0: scores far below the right one lower the loss. What is the "
    "smallest amount that one class may add?",
)
def no_hinge(reference, x, y):
    N, C = x.shape
    right = np.arange(N), y
    dx = np.ones_like(x) / N
    dx[right] = -(C - 1) / N
    return ((x - x[right][:, np.newaxis] + 1).sum() - N) / N, dx


NO_MAX_SHIFT = (
    "Large scores give NaN or inf, because exp(1000) overflows. Which number can you subtract from all scores of an "
    "example without changing its probabilities?"
)


@misconception(
    "layers.softmax_loss",
    "The largest score of the whole batch is subtracted from all scores. In an example whose scores are far lower, "
    "all probabilities become 0. Subtract the largest score of each example instead.",
)
def one_max_for_all(reference, x, y):
    rows, powers = np.arange(len(y)), np.exp(x - x.max())
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    value = -np.log(probabilities[rows, y]).mean()
    probabilities[rows, y] -= 1
    return value, probabilities / len(y)


@misconception("layers.softmax_loss", NO_MAX_SHIFT, by_outcome=True)
def no_max_shift_in_logarithm(reference, x, y):
    rows, powers = np.arange(len(y)), np.exp(x)
    sums = powers.sum(axis=1, keepdims=True)
    dx = np.exp(x - np.log(sums))
    dx[rows, y] -= 1
    return (np.log(sums).ravel() - x[rows, y]).mean(), dx / len(y)


@misconception("layers.softmax_loss", NO_MAX_SHIFT, by_outcome=True)
def no_max_shift_in_log_of_sums(reference, x, y):
    rows, powers = np.arange(len(y)), np.exp(x)
    sums = powers.sum(axis=1, keepdims=True)
    dx = powers / sums
    dx[rows, y] -= 1
    return (np.log(sums).sum() - x[rows, y].sum()) / len(y), dx / len(y)


@misconception("layers.softmax_loss", NO_MAX_SHIFT, by_outcome=True)
def no_max_shift_by_math(reference, x, y):
    powers = np.array([[math.exp(score) for score in row] for row in x])
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    dx = probabilities - np.eye(x.shape[1])[y]
    return -sum(math.log(probabilities[n, label]) for n, label in enumerate(y)) / len(y), dx / len(y)


@misconception(
    "layers.softmax_loss",
    "The probabilities sum to 1 over the examples. They should sum to 1 over the classes, for each example: look at "
    "the axis.",
)
def normalised_over_examples(reference, x, y):
    rows, powers = np.arange(len(y)), np.exp(x - x.max(axis=0))
    probabilities = powers / powers.sum(axis=0)
    value = -np.log(probabilities[rows, y]).mean()
    probabilities[rows, y] -= 1
    return value, probabilities / len(y)


@misconception("layers.softmax_loss", NO_MAX_SHIFT, by_outcome=True)
def no_max_shift(reference, x, y):
    rows, powers = np.arange(len(y)), np.exp(x)
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    value = -np.log(probabilities[rows, y]).mean()
    probabilities[rows, y] -= 1
    return value, probabilities / len(y)


@misconception(
    "layers.softmax_loss",
    "Loss and gradient are sums over the examples. They should be averages over the batch, so that they do not grow "
    "with N.",
)
def softmax_not_averaged(reference, x, y):
    value, dx = reference.layers.softmax_loss(x, y)
    return value * len(y), dx * len(y)


@misconception(
    "layers.softmax_loss",
    "The loss is right, but the gradient is N times too large. Whatever you do to the loss at the end, do it to the "
    "gradient, too.",
)
def softmax_gradient_not_averaged(reference, x, y):
    value, dx = reference.layers.softmax_loss(x, y)
    return value, dx * len(y)


@misconception(
    "layers.softmax_loss",
    "The gradient equals the probabilities (divided by N). For the right class you still have to subtract something.",
)
def softmax_right_class_not_subtracted(reference, x, y):
    value, dx = reference.layers.softmax_loss(x, y)
    dx[np.arange(len(y)), y] += 1 / len(y)
    return value, dx
