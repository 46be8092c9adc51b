"""Checks of classifiers/cnn.py that students see: what the course's notebooks check.

For initial weights, checks compare properties that hold for all random numbers. Everything else is checked on nets
whose parameters are set to chosen values; these nets are smaller than the notebooks' where those take long.
"""

from functools import partial

import numpy as np

from grader.checks import check as any_check
from grader.checks import expect_shapes, fail, initial_parameters

# Many students store biases and statistics as rows or columns. That is as good as vectors.
check = partial(any_check, squeeze=True)


def loss_and_gradients(net, params, X, y, names=None):
    """Return the loss and the gradients at these parameters, by name."""
    net.params = params
    loss, grads = net.loss(X, y)
    return {"loss": loss} | {name: grads.get(name) for name in names or params}


def notebook_net(rng, scale, bias_scale):
    """Return the net of the notebook's gradient check: two images of (3, 16, 16), three filters, seven hidden units."""
    X, y = rng.randn(2, 3, 16, 16), rng.randint(10, size=2)
    params = {
        "W1": scale * rng.randn(3, 3, 3, 3),
        "W2": scale * rng.randn(3 * 8 * 8, 7),
        "W3": scale * rng.randn(7, 10),
        "b1": bias_scale * rng.randn(3),
        "b2": bias_scale * rng.randn(7),
        "b3": bias_scale * rng.randn(10),
    }
    return params, X, y


@check("classifiers.cnn.ThreeLayerConvNet", name="initialization", weight=0.5)
def three_layer_initialization(student, rng):
    """Initial weights spread by weight_scale, 0.001, around 0; biases zero."""
    net = student.classifiers.cnn.ThreeLayerConvNet(input_dim=(3, 16, 16), num_filters=8, hidden_dim=30)
    return initial_parameters("classifiers.cnn.ThreeLayerConvNet", net, 1e-3, ("W1", "W2", "W3"), ("b1", "b2", "b3"))


@check("classifiers.cnn.ThreeLayerConvNet", name="notebook_loss")
def three_layer_loss(student, rng):
    """The notebook's sanity check: small weights give a loss of about log 10, and regularization adds a little."""
    params, X, y = notebook_net(rng, 1e-3, 0.0)
    losses = {}
    for name, reg in (("loss", 0.0), ("loss_with_reg", 300.0)):
        net = student.classifiers.cnn.ThreeLayerConvNet(
            input_dim=(3, 16, 16), num_filters=3, filter_size=3, hidden_dim=7, reg=reg, dtype=np.float64
        )
        net.params = params
        losses[name] = net.loss(X, y)[0]
    return losses


@check(
    "classifiers.cnn.ThreeLayerConvNet", name="notebook_gradients", weight=2, parts={"W1": 2, "b1": 2, "W2": 2, "b2": 2}
)
def three_layer_gradients(student, rng):
    """The notebook's gradient check: two images of shape (3, 16, 16), three filters of 3 x 3, no regularization."""
    params, X, y = notebook_net(rng, 0.1, 0.1)
    net = student.classifiers.cnn.ThreeLayerConvNet(
        input_dim=(3, 16, 16), num_filters=3, filter_size=3, hidden_dim=7, dtype=np.float64
    )
    values = loss_and_gradients(net, params, X, y)
    return {name: values[name] for name in params}


@check("classifiers.cnn.ThreeLayerConvNet", name="overfits")
def three_layer_overfits(student, rng, reference):
    """Gradient steps with momentum learn nine images by heart, from the net's own initial parameters."""
    sizes = {"input_dim": (2, 4, 4), "num_filters": 8, "filter_size": 3, "hidden_dim": 40, "num_classes": 3}
    X, y = rng.randn(9, 2, 4, 4), rng.randint(3, size=9)
    net = student.classifiers.cnn.ThreeLayerConvNet(weight_scale=0.2, dtype=np.float64, **sizes)
    measure = reference.classifiers.cnn.ThreeLayerConvNet(dtype=np.float64, **sizes)
    return learn(net, measure, "classifiers.cnn.ThreeLayerConvNet", X, y, steps=14, learning_rate=0.15, layers=3)


@check("classifiers.cnn.MultiLayerConvNet", name="initialization", weight=0.5)
def multi_layer_initialization(student, rng):
    """Initial weights of two convolutions and two affine layers spread by weight_scale, 0.01, around 0; biases zero."""
    net = student.classifiers.cnn.MultiLayerConvNet(
        input_dim=(3, 16, 16), nums_filters=[8, 6], filter_size=5, hidden_dims=[30], weight_scale=0.01
    )
    return initial_parameters(
        "classifiers.cnn.MultiLayerConvNet", net, 0.01, ("W1", "W2", "W3", "W4"), ("b1", "b2", "b3", "b4")
    )


@check("classifiers.cnn.MultiLayerConvNet", name="notebook_loss")
def multi_layer_loss(student, rng):
    """The notebook's sanity check: small weights give a loss of about log 10, and regularization adds a little."""
    params, X, y = notebook_net(rng, 1e-3, 0.0)
    losses = {}
    for name, reg in (("loss", 0.0), ("loss_with_reg", 300.0)):
        net = student.classifiers.cnn.MultiLayerConvNet(
            input_dim=(3, 16, 16), nums_filters=[3], filter_size=3, hidden_dims=[7], reg=reg, dtype=np.float64
        )
        net.params = params
        losses[name] = net.loss(X, y)[0]
    return losses


@check(
    "classifiers.cnn.MultiLayerConvNet", name="notebook_gradients", weight=2, parts={"W1": 2, "b1": 2, "W2": 2, "b2": 2}
)
def multi_layer_gradients(student, rng):
    """The notebook's gradient check: two images of shape (3, 16, 16), one convolution with three filters of 3 x 3."""
    params, X, y = notebook_net(rng, 0.1, 0.1)
    net = student.classifiers.cnn.MultiLayerConvNet(
        input_dim=(3, 16, 16), nums_filters=[3], filter_size=3, hidden_dims=[7], dtype=np.float64
    )
    values = loss_and_gradients(net, params, X, y)
    return {name: values[name] for name in params}


@check("classifiers.cnn.MultiLayerConvNet", name="overfits")
def multi_layer_overfits(student, rng, reference):
    """Gradient steps with momentum learn seven images by heart, from the net's own initial parameters."""
    sizes = {"input_dim": (2, 4, 6), "nums_filters": [8, 8], "filter_size": 3, "hidden_dims": [40], "num_classes": 3}
    X, y = rng.randn(7, 2, 4, 6), rng.randint(3, size=7)
    net = student.classifiers.cnn.MultiLayerConvNet(weight_scale=0.2, dtype=np.float64, **sizes)
    measure = reference.classifiers.cnn.MultiLayerConvNet(dtype=np.float64, **sizes)
    return learn(net, measure, "classifiers.cnn.MultiLayerConvNet", X, y, steps=16, learning_rate=0.15, layers=4)


def learn(net, measure, function, X, y, steps, learning_rate, layers):
    """Train the net along its own gradients, with momentum, and evaluate its parameters in another net.

    Raises CallFailed unless they are right about nearly all examples. How far a wrong net gets depends on its random
    numbers, so no value could identify a mistake.
    """
    start, names = net.params, [f"{kind}{layer}" for layer in range(1, layers + 1) for kind in "Wb"]
    expect_shapes(start, measure.params, function, "params")  # ends the check if the shapes differ, as below
    params = {name: start[name].astype(np.float64) for name in names}
    speed = dict.fromkeys(names, 0.0)
    with np.errstate(all="ignore"):
        for _ in range(steps):
            _, grads = net.loss(X, y)
            expect_shapes(grads, params, function, "grads")
            for name in names:
                speed[name] = 0.9 * speed[name] - learning_rate * np.reshape(grads[name], params[name].shape)
                params[name] = params[name] + speed[name]
            net.params = params
        measure.params = params
        right = int(np.sum(np.argmax(measure.loss(X), axis=1) == y))
    if right < 0.85 * len(y):
        found = f"trained on {len(y)} examples, it is right about {right} of them, expected nearly all"
        text = f"{function.rpartition('.')[2]}: {found}. Mend what the other checks say of loss and gradients first."
        fail(function, text)
    return {"learned": 1.0}
