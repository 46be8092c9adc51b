"""Checks of classifiers/cnn.py that students see: what the course's notebooks check.

Initial weights are checked by what must hold whatever the random numbers are. All else is asked of nets that are set to
chosen parameters, smaller than the notebooks' where theirs take long.
"""

import numpy as np

from grader.judging.checks import check

# Initial weights lie within so many standard deviations of what is expected.
PLAUSIBLE = 6


def settled(w, scale):
    """All ones in the shape of w, if its entries may be drawn from a normal distribution around 0 of this scale.

    Else the first half tells the spread in units of scale, and the second half the mean on top of it; to one digit, so
    that it does not depend on the random numbers.
    """
    if not isinstance(w, np.ndarray) or w.dtype.kind != "f" or w.size == 0:
        return w
    values = w.astype(np.float64) / scale
    spread, mean, sigma = np.std(values), np.mean(values), 1 / np.sqrt(values.size)
    spread = 1.0 if abs(spread - 1) < PLAUSIBLE * sigma / np.sqrt(2) else float(f"{spread:.0e}")
    mean = 0.0 if abs(mean) < PLAUSIBLE * sigma else float(f"{mean:.0e}")
    out = np.full(values.size, spread, dtype=w.dtype)
    out[values.size // 2 :] += mean
    return out.reshape(w.shape)


def initial(net, scale, weights, others):
    """What must hold for initial parameters, by name. Weights: their spread; others: themselves."""
    net.params = {}  # sets nothing; a constructor that is not written yet ends here
    params = net.params
    with np.errstate(all="ignore"):
        return {name: settled(params.get(name), scale) for name in weights} | {
            name: params.get(name) for name in others
        }


def loss_and_gradients(net, params, X, y, names=None):
    """Loss and gradients at these parameters, by name."""
    net.params = params
    loss, grads = net.loss(X, y)
    return {"loss": loss} | {name: grads.get(name) for name in names or params}


def notebook_net(rng, scale, bias_scale):
    """The notebook's net for its gradient check: two images of (3, 16, 16), three filters, seven hidden units."""
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
    net = student.classifiers.cnn.ThreeLayerConvNet(input_dim=(3, 16, 16), num_filters=8, hidden_dim=10)
    return initial(net, 1e-3, ("W1", "W2", "W3"), ("b1", "b2", "b3"))


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
    """Gradient steps with momentum learn 15 images by heart, from the net's own initial parameters."""
    sizes = {"input_dim": (2, 6, 4), "num_filters": 4, "filter_size": 3, "hidden_dim": 16, "num_classes": 3}
    X, y = rng.randn(15, 2, 6, 4), rng.randint(3, size=15)
    net = student.classifiers.cnn.ThreeLayerConvNet(weight_scale=0.2, dtype=np.float64, **sizes)
    params = trained(net, X, y, ("W1", "b1", "W2", "b2", "W3", "b3"), steps=20, learning_rate=0.2)
    measure = reference.classifiers.cnn.ThreeLayerConvNet(dtype=np.float64, **sizes)
    return {"learned": learned(measure, params, X, y)}


@check("classifiers.cnn.MultiLayerConvNet", name="initialization", weight=0.5)
def multi_layer_initialization(student, rng):
    """Initial weights of two convolutions and two affine layers spread by weight_scale, 0.01, around 0; biases zero."""
    net = student.classifiers.cnn.MultiLayerConvNet(
        input_dim=(3, 16, 16), nums_filters=[8, 6], filter_size=5, hidden_dims=[12], weight_scale=0.01
    )
    return initial(net, 0.01, ("W1", "W2", "W3", "W4"), ("b1", "b2", "b3", "b4"))


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
    """Gradient steps with momentum learn 12 images by heart, from the net's own initial parameters."""
    sizes = {"input_dim": (2, 6, 4), "nums_filters": [4, 5], "filter_size": 3, "hidden_dims": [16], "num_classes": 3}
    X, y = rng.randn(12, 2, 6, 4), rng.randint(3, size=12)
    net = student.classifiers.cnn.MultiLayerConvNet(weight_scale=0.2, dtype=np.float64, **sizes)
    names = ("W1", "b1", "W2", "b2", "W3", "b3", "W4", "b4")
    params = trained(net, X, y, names, steps=20, learning_rate=0.2)
    measure = reference.classifiers.cnn.MultiLayerConvNet(dtype=np.float64, **sizes)
    return {"learned": learned(measure, params, X, y)}


def trained(net, X, y, names, steps, learning_rate):
    """The parameters after so many steps along the net's own gradients, with momentum 0.9."""
    net.params = {}  # sets nothing; a constructor that is not written yet ends here
    start = net.params
    params = {name: start[name].astype(np.float64) for name in names}
    speed = {name: np.zeros_like(values) for name, values in params.items()}
    with np.errstate(all="ignore"):
        for _ in range(steps):
            _, grads = net.loss(X, y)
            for name in names:
                speed[name] = 0.9 * speed[name] - learning_rate * np.reshape(grads[name], params[name].shape)
                params[name] = params[name] + speed[name]
            net.params = params
    return params


def learned(net, params, X, y):
    """1 if the reference's net with these parameters is right about nine examples of ten, else 0."""
    net.params = params
    with np.errstate(all="ignore"):
        right = np.mean(np.argmax(net.loss(X), axis=1) == y)
    return float(right >= 0.9)
