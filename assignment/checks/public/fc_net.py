"""Checks of classifiers/fc_net.py that students see: what the course's notebooks check.

For initial weights and dropout, checks compare properties that hold for all random numbers. Everything else is checked
on nets whose parameters are set to chosen values.
"""

from functools import partial

import numpy as np

from grader.checks import check as any_check
from grader.checks import expect_shapes, fail, initial_parameters, type_of

# Many students store biases and statistics as rows or columns. That is as good as vectors.
check = partial(any_check, squeeze=True)

# Added to a gradient's length before dividing by it: it matters only if the whole gradient is zero.
TINY = 1e-300


def loss_and_gradients(net, params, X, y, names=None):
    """Return the loss and the gradients at these parameters, by name."""
    net.params = params
    loss, grads = net.loss(X, y)
    return {"loss": loss} | {name: grads.get(name) for name in names or params}


def training_loss(net, params, X, y):
    """Return the loss in train mode at these parameters, unchecked: number() checks it."""
    net.params = params
    return net.loss(X, y)[0]


def number(loss):
    """Return a loss as a float. Raises CallFailed unless it is a single number: student code may return huge arrays."""
    if isinstance(loss, int | float | np.generic) or (isinstance(loss, np.ndarray) and loss.size == 1):
        return float(np.reshape(loss, ()))
    found = f"has shape {loss.shape}" if isinstance(loss, np.ndarray) else f"is of type {type_of(loss)}"
    text = f"FullyConnectedNet: the loss {found}, expected a single number."
    fail("classifiers.fc_net.FullyConnectedNet", text)


def slopes_agree(net, params, X, y, names):
    """Return 1 for each parameter whose gradient is the slope of the net's own loss, else 0.

    The slope is measured along one direction, which leans towards the student's gradient, so that it is not near 0.
    Raises CallFailed if gradients have other shapes than their parameters.
    """
    net.params = params
    _, grads = net.loss(X, y)
    expect_shapes(grads, {name: params[name] for name in names}, "classifiers.fc_net.FullyConnectedNet", "grads")
    agree, probes, step = {}, [], 1e-4
    for name in names:
        claimed = np.reshape(grads[name], params[name].shape).astype(np.float64)
        direction = np.random.RandomState(0).randn(*params[name].shape)
        direction = direction / np.linalg.norm(direction) + claimed / (np.linalg.norm(claimed) + TINY)
        for sign in (1, -1):
            net.params = {name: params[name] + sign * step * direction}
            probes.append((name, claimed, direction, net.loss(X, y)[0]))
        net.params = {name: params[name]}
    for (name, claimed, direction, above), (_, _, _, below) in zip(probes[::2], probes[1::2], strict=True):
        slope = (number(above) - number(below)) / (2 * step)
        agree[f"{name}_is_slope"] = float(abs(slope - np.sum(claimed * direction)) < 0.01 * abs(slope))
    return agree


def zero_unless_dropped(drops, agree):
    """Return what slopes_agree returned, or 0 for all if nothing is dropped: then the slopes show nothing about
    dropout.
    """
    return {name: value if drops else 0.0 for name, value in agree.items()}


def two_layers():
    """Return the notebook's parameters, inputs and labels for the net of two layers."""
    N, D, H, C = 3, 5, 50, 7
    params = {
        "W1": np.linspace(-0.7, 0.3, num=D * H).reshape(D, H),
        "b1": np.linspace(-0.1, 0.9, num=H),
        "W2": np.linspace(-0.3, 0.4, num=H * C).reshape(H, C),
        "b2": np.linspace(-0.9, 0.1, num=C),
    }
    return {"input_dim": D, "hidden_dim": H, "num_classes": C}, params, np.linspace(-5.5, 4.5, N * D).reshape(D, N).T


@check("classifiers.fc_net.TwoLayerNet", name="notebook_initialization", weight=0.5)
def two_layer_initialization(student, rng):
    """The notebook's check of the initial parameters: weights spread by weight_scale, 0.001, around 0; biases zero."""
    sizes, _, _ = two_layers()
    net = student.classifiers.fc_net.TwoLayerNet(weight_scale=1e-3, **sizes)
    return initial_parameters("classifiers.fc_net.TwoLayerNet", net, 1e-3, ("W1", "W2"), ("b1", "b2"))


@check("classifiers.fc_net.TwoLayerNet", name="notebook_scores")
def two_layer_scores(student, rng):
    """The notebook's check of the scores: three examples of five numbers, 50 hidden units, seven classes."""
    sizes, params, X = two_layers()
    net = student.classifiers.fc_net.TwoLayerNet(**sizes)
    net.params = params
    return {"scores": net.loss(X)}


@check("classifiers.fc_net.TwoLayerNet", name="notebook_loss")
def two_layer_loss(student, rng):
    """The notebook's check of the loss: 3.47 without regularization, 26.59 with reg=1."""
    sizes, params, X = two_layers()
    y, losses = np.array([0, 5, 1]), {}
    for name, reg in (("loss", 0.0), ("loss_with_reg", 1.0)):
        net = student.classifiers.fc_net.TwoLayerNet(reg=reg, **sizes)
        net.params = params
        losses[name] = net.loss(X, y)[0]
    return losses


# The gradient of b1 is the small rest of larger numbers that cancel: computed in float32, it is off by 5e-6.
@check(
    "classifiers.fc_net.TwoLayerNet", name="notebook_gradients", weight=1.5, tolerance=1e-4, parts={"W1": 2, "b1": 2}
)
def two_layer_gradients(student, rng):
    """The notebook's gradient check with reg=0.7."""
    sizes, params, X = two_layers()
    net = student.classifiers.fc_net.TwoLayerNet(reg=0.7, **sizes)
    values = loss_and_gradients(net, params, X, np.array([0, 5, 1]))
    return {name: values[name] for name in params}


def three_layers(rng, times=1):
    """Return the notebook's inputs, labels and initial weights for a net with two hidden layers. The biases are zero.

    times: how often the weights are drawn, because the notebook creates a new net for each reg.
    """
    N, D, H1, H2, C = 2, 15, 20, 30, 10
    X, y = rng.randn(N, D), rng.randint(C, size=N)
    for _ in range(times):
        params = {
            "W1": 0.05 * rng.randn(D, H1),
            "W2": 0.05 * rng.randn(H1, H2),
            "W3": 0.05 * rng.randn(H2, C),
        }
    params |= {"b1": np.zeros(H1), "b2": np.zeros(H2), "b3": np.zeros(C)}
    return {"hidden_dims": [H1, H2], "input_dim": D, "num_classes": C, "dtype": np.float64}, params, X, y


@check("classifiers.fc_net.FullyConnectedNet", name="notebook_initialization", weight=0.5)
def fully_connected_initialization(student, rng):
    """The notebook's net with two hidden layers: weights spread by weight_scale, 0.05, around 0; biases zero."""
    net = student.classifiers.fc_net.FullyConnectedNet([20, 30], input_dim=15, num_classes=10, weight_scale=5e-2)
    return initial_parameters("classifiers.fc_net.FullyConnectedNet", net, 5e-2, ("W1", "W2", "W3"), ("b1", "b2", "b3"))


@check("classifiers.fc_net.FullyConnectedNet", name="notebook_gradients", weight=1.5, parts={"W1": 2, "W2": 2})
def fully_connected_gradients(student, rng):
    """The notebook's check with reg=0: the initial loss, 2.30, and the gradients."""
    sizes, params, X, y = three_layers(rng)
    return loss_and_gradients(student.classifiers.fc_net.FullyConnectedNet(reg=0.0, **sizes), params, X, y)


@check("classifiers.fc_net.FullyConnectedNet", name="notebook_regularization")
def fully_connected_regularization(student, rng):
    """The notebook's check with reg=3.14: the initial loss, 7.05, and the gradients of the weights."""
    sizes, params, X, y = three_layers(rng, times=2)
    net = student.classifiers.fc_net.FullyConnectedNet(reg=3.14, **sizes)
    return loss_and_gradients(net, params, X, y, ("W1", "W2", "W3"))


@check("classifiers.fc_net.FullyConnectedNet", name="notebook_batchnorm", weight=0.5)
def fully_connected_batchnorm(student, rng):
    """The notebook's check with batch normalization: the initial loss is 2.26, and 7.00 with reg=3.14."""
    losses = {}
    for name, reg, times in (("loss", 0.0, 1), ("loss_with_reg", 3.14, 2)):
        sizes, params, X, y = three_layers(np.random.RandomState(231), times)
        net = student.classifiers.fc_net.FullyConnectedNet(reg=reg, use_batchnorm=True, **sizes)
        net.params = params
        losses[name] = net.loss(X, y)[0]
    return losses


@check("classifiers.fc_net.FullyConnectedNet", name="dropout_gradients", parts={"other_seed_other_loss": 3})
def fully_connected_dropout(student, rng):
    """Dropout with a seed: two calls give the same loss, another seed gives another one, and the gradients are the
    slopes
    of the net's own loss. Without dropout, the loss is that of a plain net.
    """
    sizes, params, X, y = three_layers(rng)
    # Whatever is dropped, no hidden value is near 0, where ReLU has no derivative.
    params["W1"], params["b1"] = 4 * params["W1"], np.where(rng.rand(20) < 0.5, -3.0, 3.0)
    sign = np.where(rng.rand(30) < 0.5, -1.0, 1.0)
    params["W2"], params["b2"] = 2 * abs(params["W2"]) * sign, 0.5 * sign
    params["W3"] = 4 * params["W3"]
    Net = student.classifiers.fc_net.FullyConnectedNet
    net = Net(dropout=0.25, seed=123, **sizes)
    losses = [training_loss(net, params, X, y) for _ in range(2)]
    losses += [training_loss(Net(**kind, **sizes), params, X, y) for kind in ({"dropout": 0.25, "seed": 321}, {})]
    agree = slopes_agree(net, params, X, y, ("W1", "W2", "b2", "W3"))
    first, second, other, without = map(number, losses)
    return {
        "same_loss": float(first == second),
        "other_seed_other_loss": float(first != other),
        "loss_without_dropout": without,
    } | zero_unless_dropped(first != other, agree)


@check("classifiers.fc_net.FullyConnectedNet", name="overfits")
def fully_connected_overfits(student, rng, reference):
    """Gradient steps with momentum learn 20 examples by heart, from the net's own initial parameters."""
    sizes = {"hidden_dims": [20, 20], "input_dim": 30, "num_classes": 3}
    X, y = rng.randn(20, 30), rng.randint(3, size=20)
    net = student.classifiers.fc_net.FullyConnectedNet(weight_scale=0.2, dtype=np.float64, **sizes)
    measure = reference.classifiers.fc_net.FullyConnectedNet(dtype=np.float64, **sizes)
    return learn(net, measure, "classifiers.fc_net.FullyConnectedNet", X, y, steps=30, learning_rate=0.15, layers=3)


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
