"""Checks of classifiers/cnn.py that students do not see: other sizes and seeds than in the notebooks.

Filter sizes are odd, which keeps the image size, and the pooling windows tile the images: the course leaves open what
happens to a remainder. Biases are not zero, so that no ReLU sits on its kink.
"""

from functools import partial

import numpy as np

from grader.checks import check as any_check
from grader.checks import initial_parameters

# Many students store biases and statistics as rows or columns. That is as good as vectors.
check = partial(any_check, squeeze=True)

# The gradients of what lies further back are harder to come by.
PARTS = {"W1": 2, "b1": 2, "W2": 2, "b2": 2}


def loss_and_gradients(net, params, X, y, names=None):
    """Return the loss and the gradients at these parameters, by name."""
    net.params = params
    loss, grads = net.loss(X, y)
    return {"loss": loss} | {name: grads.get(name) for name in names or params}


def draw_params(rng, input_dim, filters, filter_size, affine_dims):
    """Draw parameters for convolutions with these numbers of filters, a 2 x 2 pooling, and affine layers with these
    outputs.
    """
    params, layer = {}, 0
    C, H, W = input_dim
    for F in filters:
        layer += 1
        params[f"W{layer}"] = 1.5 / np.sqrt(C * filter_size**2) * rng.randn(F, C, filter_size, filter_size)
        params[f"b{layer}"] = 0.5 * rng.randn(F)
        C = F
    D = C * (H // 2) * (W // 2)
    for M in affine_dims:
        layer += 1
        params[f"W{layer}"] = 1.5 / np.sqrt(D) * rng.randn(D, M)
        params[f"b{layer}"] = 0.5 * rng.randn(M)
        D = M
    return params


def three_layer(student, rng, N, input_dim, num_filters, filter_size, hidden_dim, num_classes, reg):
    """Return scores, loss and gradients of a net of three layers for random images, at random parameters."""
    params = draw_params(rng, input_dim, [num_filters], filter_size, [hidden_dim, num_classes])
    X, y = rng.randn(N, *input_dim), rng.randint(num_classes, size=N)
    net = student.classifiers.cnn.ThreeLayerConvNet(
        input_dim=input_dim,
        num_filters=num_filters,
        filter_size=filter_size,
        hidden_dim=hidden_dim,
        num_classes=num_classes,
        reg=reg,
        dtype=np.float64,
    )
    net.params = params
    return {"scores": net.loss(X)} | loss_and_gradients(net, params, X, y)


def multi_layer(student, rng, N, input_dim, nums_filters, filter_size, hidden_dims, num_classes, reg):
    """Return scores, loss and gradients of a net with these convolutions and hidden layers, at random parameters."""
    params = draw_params(rng, input_dim, nums_filters, filter_size, [*hidden_dims, num_classes])
    X, y = rng.randn(N, *input_dim), rng.randint(num_classes, size=N)
    net = student.classifiers.cnn.MultiLayerConvNet(
        input_dim=input_dim,
        nums_filters=nums_filters,
        filter_size=filter_size,
        hidden_dims=hidden_dims,
        num_classes=num_classes,
        reg=reg,
        dtype=np.float64,
    )
    net.params = params
    return {"scores": net.loss(X)} | loss_and_gradients(net, params, X, y)


@check("classifiers.cnn.ThreeLayerConvNet", name="wide_initialization", seed=121, weight=0.5)
def three_layer_wide_initialization(student, rng):
    """Initial parameters for images that are wider than high, with another weight_scale."""
    net = student.classifiers.cnn.ThreeLayerConvNet(
        input_dim=(3, 10, 16), num_filters=10, filter_size=5, hidden_dim=9, num_classes=40, weight_scale=0.1
    )
    return initial_parameters("classifiers.cnn.ThreeLayerConvNet", net, 0.1, ("W1", "W2", "W3"), ("b1", "b2", "b3"))


@check("classifiers.cnn.ThreeLayerConvNet", name="square", seed=122, parts=PARTS)
def three_layer_square(student, rng):
    """Scores, loss and gradients for square images of one channel and filters of 7 x 7."""
    return three_layer(student, rng, 3, (1, 8, 8), 2, 7, 6, 3, reg=0.0)


@check("classifiers.cnn.ThreeLayerConvNet", name="wide", seed=123, weight=1.5, parts=PARTS)
def three_layer_wide(student, rng):
    """Scores, loss and gradients for images that are wider than high, and filters of 5 x 5."""
    return three_layer(student, rng, 4, (2, 4, 10), 3, 5, 7, 5, reg=0.0)


@check("classifiers.cnn.ThreeLayerConvNet", name="regularization", seed=124, weight=1.5)
def three_layer_regularization(student, rng):
    """Loss and gradients with regularization; the biases are not zero."""
    return three_layer(student, rng, 3, (2, 6, 6), 4, 3, 5, 4, reg=0.2)


@check("classifiers.cnn.MultiLayerConvNet", name="wide_initialization", seed=131, weight=0.5)
def multi_layer_wide_initialization(student, rng):
    """Initial parameters for images that are wider than high: three convolutions, three affine layers."""
    net = student.classifiers.cnn.MultiLayerConvNet(
        input_dim=(2, 8, 20),
        nums_filters=[16, 8, 8],
        filter_size=3,
        hidden_dims=[15, 20],
        num_classes=15,
        weight_scale=0.1,
    )
    weights = [f"W{layer}" for layer in range(1, 7)]
    return initial_parameters(
        "classifiers.cnn.MultiLayerConvNet", net, 0.1, weights, [name.replace("W", "b") for name in weights]
    )


@check("classifiers.cnn.MultiLayerConvNet", name="two_convolutions", seed=132, weight=1.5, parts=PARTS)
def multi_layer_two_convolutions(student, rng):
    """Scores, loss and gradients with two convolutions of 5 x 5 and one hidden affine layer, on square images."""
    return multi_layer(student, rng, 3, (2, 8, 8), [3, 4], 5, [6], 3, reg=0.0)


@check("classifiers.cnn.MultiLayerConvNet", name="three_convolutions", seed=133, weight=2, parts=PARTS)
def multi_layer_three_convolutions(student, rng):
    """Scores, loss and gradients with three convolutions and two hidden affine layers, on images wider than high."""
    return multi_layer(student, rng, 3, (2, 8, 16), [3, 2, 4], 3, [7, 6], 5, reg=0.0)


@check("classifiers.cnn.MultiLayerConvNet", name="regularization", seed=134, weight=1.5)
def multi_layer_regularization(student, rng):
    """Loss and gradients with regularization; the biases are not zero; two convolutions."""
    return multi_layer(student, rng, 3, (1, 8, 8), [2, 3], 3, [5], 4, reg=0.2)
