"""Checks of classifiers/fc_net.py that students do not see: other sizes, modes and seeds than in the notebooks.

Where a net draws random numbers, the checks compare only what is equal for every right net. No ReLU sits on its kink:
biases are not zero where everything else is. The gradient of a bias before batch normalization is only rounding noise,
so no check compares it.
"""

from functools import partial
from itertools import pairwise

import numpy as np

from grader.checks import check as any_check
from grader.checks import expect_shapes, fail, initial_parameters, roughly, type_of

# Many students store biases and statistics as rows or columns. That is as good as vectors.
check = partial(any_check, squeeze=True)

# Dropout masks must lie within this many standard deviations of what is expected.
PLAUSIBLE = 6

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


def draw_params(rng, sizes, norms=False):
    """Draw parameters for affine layers of these sizes; norms: with gamma and beta for all but the last."""
    params = {}
    for layer, (D, M) in enumerate(pairwise(sizes), start=1):
        params[f"W{layer}"] = 1.5 / np.sqrt(D) * rng.randn(D, M)
        params[f"b{layer}"] = 0.5 * rng.randn(M)
        if norms and layer < len(sizes) - 1:
            params[f"gamma{layer}"] = rng.uniform(0.5, 1.5, M)
            params[f"beta{layer}"] = 0.5 * rng.randn(M)
    return params


@check("classifiers.fc_net.TwoLayerNet", name="initialization", seed=101)
def two_layer_initialization(student, rng):
    """Initial weights spread by weight_scale around 0, biases zero; other sizes than in the notebook."""
    net = student.classifiers.fc_net.TwoLayerNet(input_dim=60, hidden_dim=40, num_classes=12, weight_scale=0.1)
    return initial_parameters("classifiers.fc_net.TwoLayerNet", net, 0.1, ("W1", "W2"), ("b1", "b2"))


@check("classifiers.fc_net.TwoLayerNet", name="images", seed=102, weight=2, parts={"W1": 2, "b1": 2})
def two_layer_images(student, rng):
    """Scores, loss and gradients for images of shape (2, 3, 4), without regularization."""
    params, X, y = draw_params(rng, (24, 9, 5)), rng.randn(6, 2, 3, 4), rng.randint(5, size=6)
    net = student.classifiers.fc_net.TwoLayerNet(input_dim=24, hidden_dim=9, num_classes=5)
    net.params = params
    return {"scores": net.loss(X)} | loss_and_gradients(net, params, X, y)


@check("classifiers.fc_net.TwoLayerNet", name="regularization", seed=103, weight=1.5)
def two_layer_regularization(student, rng):
    """Loss and gradients with regularization; the biases are not zero."""
    params, X, y = draw_params(rng, (6, 8, 3)), rng.randn(5, 6), rng.randint(3, size=5)
    net = student.classifiers.fc_net.TwoLayerNet(input_dim=6, hidden_dim=8, num_classes=3, reg=0.3)
    return loss_and_gradients(net, params, X, y)


@check("classifiers.fc_net.TwoLayerNet", name="loss_at_start", seed=104, weight=0.5)
def two_layer_loss_at_start(student, rng):
    """With weights near zero, the loss is about log C, and regularization adds a little."""
    params = {
        "W1": 1e-4 * rng.randn(10, 30),
        "b1": np.zeros(30),
        "W2": 1e-4 * rng.randn(30, 6),
        "b2": np.zeros(6),
    }
    X, y, losses = rng.randn(12, 10), rng.randint(6, size=12), {}
    for name, reg in (("loss", 0.0), ("loss_with_reg", 5e4)):
        net = student.classifiers.fc_net.TwoLayerNet(input_dim=10, hidden_dim=30, num_classes=6, reg=reg)
        net.params = params
        losses[name] = net.loss(X, y)[0]
    return losses


@check("classifiers.fc_net.FullyConnectedNet", name="initialization", seed=111, weight=0.5)
def fully_connected_initialization(student, rng):
    """Initial weights spread by weight_scale around 0, biases and betas zero, gammas one."""
    net = student.classifiers.fc_net.FullyConnectedNet(
        [40, 50], input_dim=60, num_classes=10, weight_scale=0.2, dtype=np.float64, normalization="layernorm"
    )
    gammas = ("gamma1", "gamma2")
    return initial_parameters(
        "classifiers.fc_net.FullyConnectedNet",
        net,
        0.2,
        ("W1", "W2", "W3"),
        ("b1", "b2", "b3", "beta1", "beta2", *gammas),
    )


@check("classifiers.fc_net.FullyConnectedNet", name="one_hidden_layer", seed=112)
def fully_connected_one_hidden_layer(student, rng):
    """Scores, loss and gradients of a net with one hidden layer, for images of shape (3, 2, 2)."""
    params, X, y = draw_params(rng, (12, 7, 4)), rng.randn(5, 3, 2, 2), rng.randint(4, size=5)
    net = student.classifiers.fc_net.FullyConnectedNet([7], input_dim=12, num_classes=4, dtype=np.float64)
    net.params = params
    return {"scores": net.loss(X)} | loss_and_gradients(net, params, X, y)


@check("classifiers.fc_net.FullyConnectedNet", name="four_hidden_layers", seed=113, weight=2)
def fully_connected_four_hidden_layers(student, rng):
    """Loss and gradients of a net with four hidden layers of different sizes, with regularization."""
    params, X, y = draw_params(rng, (6, 8, 5, 7, 9, 3)), rng.randn(5, 6), rng.randint(3, size=5)
    net = student.classifiers.fc_net.FullyConnectedNet(
        [8, 5, 7, 9], input_dim=6, num_classes=3, reg=0.1, dtype=np.float64
    )
    return loss_and_gradients(net, params, X, y)


# The gradient of a bias before a batch normalization is only rounding noise, so it is compared relative to the weights'
# gradient.
@check("classifiers.fc_net.FullyConnectedNet", name="batchnorm", seed=114, weight=2, together=("W1", "b1", "b2"))
def fully_connected_batchnorm(student, rng):
    """Loss and gradients with batch normalization and regularization, two hidden layers of different sizes."""
    params, X, y = draw_params(rng, (5, 7, 6, 4), norms=True), rng.randn(9, 5), rng.randint(4, size=9)
    net = student.classifiers.fc_net.FullyConnectedNet(
        [7, 6], input_dim=5, num_classes=4, reg=0.2, dtype=np.float64, use_batchnorm=True
    )
    return loss_and_gradients(net, params, X, y)


@check("classifiers.fc_net.FullyConnectedNet", name="batchnorm_test_time", seed=115, weight=1.5)
def fully_connected_batchnorm_test_time(student, rng):
    """Scores with batch normalization after five training batches: each layer uses its own running averages."""
    params = draw_params(rng, (5, 6, 6, 4), norms=True)
    # The normalized values spread so widely that eps does not matter: batchnorm_forward's own checks test eps.
    params |= {name: 40 * params[name] for name in ("W1", "b1", "W2", "b2")}
    net = student.classifiers.fc_net.FullyConnectedNet(
        [6, 6], input_dim=5, num_classes=4, dtype=np.float64, use_batchnorm=True
    )
    net.params = params
    for _ in range(5):
        net.loss(1.0 + 2.0 * rng.randn(8, 5), rng.randint(4, size=8))
    X = 1.0 + 2.0 * rng.randn(3, 5)
    return {"scores": net.loss(X), "scores_again": net.loss(X)}


@check("classifiers.fc_net.FullyConnectedNet", name="layernorm", seed=116, weight=1.5)
def fully_connected_layernorm(student, rng):
    """Scores, loss and gradients with layer normalization, two hidden layers of different sizes."""
    params, X, y = draw_params(rng, (5, 8, 9, 4), norms=True), rng.randn(6, 5), rng.randint(4, size=6)
    net = student.classifiers.fc_net.FullyConnectedNet(
        [8, 9], input_dim=5, num_classes=4, dtype=np.float64, normalization="layernorm"
    )
    net.params = params
    return {"scores": net.loss(X)} | loss_and_gradients(net, params, X, y)


@check("classifiers.fc_net.FullyConnectedNet", name="dropout_test_time", seed=117)
def fully_connected_dropout_test_time(student, rng):
    """Scores of a net with dropout: nothing is dropped, before and after a training step that drops some values."""
    params, X, y = draw_params(rng, (6, 12, 9, 4)), rng.randn(5, 6), rng.randint(4, size=5)
    net, other = (
        student.classifiers.fc_net.FullyConnectedNet(
            [12, 9], input_dim=6, num_classes=4, dropout=0.5, seed=seed, dtype=np.float64
        )
        for seed in (7, 8)
    )
    net.params = params
    before, losses = net.loss(X), [training_loss(one, params, X, y) for one in (net, other)]
    after = net.loss(X)
    if number(losses[0]) == number(losses[1]):
        text = "FullyConnectedNet: nothing is dropped in training, so the scores show nothing about dropout."
        fail("classifiers.fc_net.FullyConnectedNet", text)
    return {"scores": before, "scores_after_training": after}


@check(
    "classifiers.fc_net.FullyConnectedNet",
    name="dropout_training",
    seed=118,
    weight=2,
    parts={"loss_of_what_is_left": 3},
)
def fully_connected_dropout_training(student, rng):
    """Dropout in training: each hidden layer drops about p, scales the rest, and drops the same in the gradients; the
    loss is that of the hidden values that are left.

    All numbers are positive and there is one example, so that the gradients show what the hidden values were.
    """
    p, D, H1, H2, C = 0.3, 4, 120, 100, 3
    X, y = rng.uniform(0.5, 1.5, (1, D)), np.array([1])
    params = {
        "W1": rng.uniform(0.5, 1.5, (D, H1)),
        "b1": rng.uniform(0.1, 0.5, H1),
        "W2": rng.uniform(0.5, 1.5, (H1, H2)) / H1,
        "b2": rng.uniform(0.1, 0.5, H2),
        "W3": rng.uniform(0.1, 0.3, (H2, C)) * np.array([-1.0, 1.0, -1.0]) / H2,
        "b3": np.zeros(C),
    }
    net = student.classifiers.fc_net.FullyConnectedNet(
        [H1, H2], input_dim=D, num_classes=C, dropout=p, dtype=np.float64
    )
    net.params = params
    loss, grads = net.loss(X, y)
    expect_shapes(grads, params, "classifiers.fc_net.FullyConnectedNet", "grads")  # ends the check if the shapes differ
    with np.errstate(all="ignore"):
        da1, da2, dscores = (np.ravel(grads[name]).astype(np.float64) for name in ("b1", "b2", "b3"))
        hidden1, hidden2 = (
            grads[name].reshape(params[name].shape) @ d / (d @ d) for name, d in (("W2", da2), ("W3", dscores))
        )
        scores = hidden2 @ params["W3"] + params["b3"]
        of_what_is_left = np.log(np.sum(np.exp(scores))) - scores[y[0]]
        loss_fits, dropped, values = abs(number(loss) - of_what_is_left) < 1e-3 * of_what_is_left, 0, {}
        for layer, factors, gradient_factors in (
            (1, hidden1 / (X @ params["W1"] + params["b1"])[0], da1 / (params["W2"] @ da2)),
            (2, hidden2 / (hidden1 @ params["W2"] + params["b2"]), da2 / (params["W3"] @ dscores)),
        ):
            kept = np.abs(factors) > 1e-3
            dropped += np.sum(~kept)
            values[f"kept{layer}"] = plausible_share(kept, 1 - p)
            values[f"hidden{layer}"] = bounds(factors[kept])
            values[f"gradient{layer}"] = bounds(gradient_factors[kept])
            # Infinite if nothing is dropped, as in bounds.
            values[f"gradient_of_dropped{layer}"] = np.max(np.abs(gradient_factors[~kept]), initial=-np.inf)
    return values | {"loss_of_what_is_left": float(loss_fits and dropped > 0)}


def bounds(factors):
    """Return the smallest and the largest; both are infinite if there are none."""
    return np.array([np.min(factors, initial=np.inf), np.max(factors, initial=-np.inf)])


def plausible_share(kept, expected):
    """Return the expected share of kept values if the share found is plausible, else the rounded share found."""
    share, sigma = float(np.mean(kept)), np.sqrt(expected * (1 - expected) / kept.size)
    return expected if abs(share - expected) < PLAUSIBLE * sigma else roughly(share)


@check(
    "classifiers.fc_net.FullyConnectedNet",
    name="dropout_and_batchnorm",
    seed=119,
    parts={"other_seed_other_loss": 3, "kept": 2, "hidden": 3},
)
def fully_connected_dropout_and_batchnorm(student, rng):
    """Dropout after batch normalization: another seed gives another loss, the gradients are the slopes of the net's own
    loss, and the normalized values are dropped or scaled.

    For a single example, batch normalization returns beta; the gradient of W2 shows what became of it.
    """
    params, X, y = draw_params(rng, (5, 8, 4), norms=True), rng.randn(6, 5), rng.randint(4, size=6)
    sizes = {"hidden_dims": [8], "input_dim": 5, "num_classes": 4, "dtype": np.float64, "use_batchnorm": True}
    Net = student.classifiers.fc_net.FullyConnectedNet
    net, other = (Net(dropout=0.4, seed=seed, **sizes) for seed in (11, 12))
    losses = [training_loss(one, params, X, y) for one in (net, other)]
    H, p, function = 150, 0.4, "classifiers.fc_net.FullyConnectedNet"
    wide = draw_params(rng, (5, H, 4), norms=True) | {"beta1": rng.uniform(0.5, 1.5, H)}
    net_of_one = Net(dropout=p, **sizes | {"hidden_dims": [H]})
    net_of_one.params = wide
    _, grads = net_of_one.loss(X[:1], y[:1])
    expect_shapes(grads, {name: wide[name] for name in ("W2", "b2")}, function, "grads")
    losses.append(training_loss(Net(**sizes), params, X, y))
    agree = slopes_agree(net, params, X, y, ("W1", "gamma1", "beta1", "W2"))
    with np.errstate(all="ignore"):
        dscores = np.ravel(grads["b2"]).astype(np.float64)
        factors = grads["W2"].reshape(H, 4) @ dscores / (dscores @ dscores) / wide["beta1"]
        kept = np.abs(factors) > 1e-3
    first, other_first, without = map(number, losses)
    return {
        "kept": plausible_share(kept, 1 - p),
        "hidden": bounds(factors[kept]),
        "other_seed_other_loss": float(first != other_first),
        "loss_without_dropout": without,
    } | zero_unless_dropped(first != other_first, agree)
