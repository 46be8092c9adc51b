"""Update rules: each computes new weights from weights and the gradient of the loss.

A rule is a function f(w, dw, config=None) that returns (next_w, config). `config` is a dict of the hyperparameters and
of what the rule remembers from step to step. The rule fills in what is missing and returns the dict that was passed. No
rule writes into w, dw, or an array that it finds in config: it stores new arrays instead.

Hyperparameters become Python's own numbers, which leave float32 arrays in float32; NumPy's numbers would make them
float64.
"""

import numpy as np

from .expect import expect_update


def sgd(w, dw, config=None):
    """Take a step against the gradient: next_w = w - learning_rate * dw.

    w, dw: arrays of one shape, not modified. config: {'learning_rate': 1e-2 unless given}.
    Returns next_w (the shape of w), and config.
    Raises ValueError if dw does not have the shape of w.
    Source: CS231n notes, neural networks part 3 (vanilla update).
    """
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    expect_update("sgd", w, dw, config)
    learning_rate = float(config["learning_rate"])
    return w - learning_rate * dw, config


def sgd_momentum(w, dw, config=None):
    """Take a step along a velocity that remembers earlier gradients:

    velocity = momentum * velocity - learning_rate * dw        next_w = w + velocity

    w, dw: arrays of one shape, not modified.
    config: {'learning_rate': 1e-2 unless given, 'momentum': 0.9 unless given, 'velocity': the shape of w, zeros at
    first}.
    Returns next_w (the shape of w), and config with the new velocity.
    Raises ValueError if dw or velocity does not have the shape of w.
    Source: CS231n notes, neural networks part 3 (momentum update).
    """
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    expect_update("sgd_momentum", w, dw, config, "velocity")
    learning_rate, momentum = float(config["learning_rate"]), float(config["momentum"])
    velocity = config["velocity"] if "velocity" in config else np.zeros_like(w)
    ###########################################################################
    # TODO: Write sgd_momentum as its docstring says. The code below needs    #
    # velocity and next_w.                                                    #
    ###########################################################################
    raise NotImplementedError
    ###########################################################################
    #                            END OF YOUR CODE                             #
    ###########################################################################
    config["velocity"] = velocity
    return next_w, config


def rmsprop(w, dw, config=None):
    """Divide each step by a running root mean square of the gradient, so that all weights move at about the same rate:

    cache = decay_rate * cache + (1 - decay_rate) * dw ** 2
    next_w = w - learning_rate * dw / (sqrt(cache) + epsilon)

    w, dw: arrays of one shape, not modified.
    config: {'learning_rate': 1e-2 unless given, 'decay_rate': 0.99 unless given, 'epsilon': 1e-8 unless given,
    'cache': the shape of w, zeros at first}.
    Returns next_w (the shape of w), and config with the new cache.
    Raises ValueError if dw or cache does not have the shape of w.
    Source: Tieleman and Hinton, 2012, lecture 6e; CS231n notes, neural networks part 3 (RMSprop).
    """
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("decay_rate", 0.99)
    config.setdefault("epsilon", 1e-8)
    expect_update("rmsprop", w, dw, config, "cache")
    learning_rate, decay_rate = float(config["learning_rate"]), float(config["decay_rate"])
    epsilon = float(config["epsilon"])
    cache = config["cache"] if "cache" in config else np.zeros_like(w)
    ###########################################################################
    # TODO: Write rmsprop as its docstring says. The code below needs cache   #
    # and next_w.                                                             #
    ###########################################################################
    raise NotImplementedError
    ###########################################################################
    #                            END OF YOUR CODE                             #
    ###########################################################################
    config["cache"] = cache
    return next_w, config


def adam(w, dw, config=None):
    """Combine momentum and RMSprop, and correct both averages for their start at zero:

    t = t + 1
    m = beta1 * m + (1 - beta1) * dw                m_hat = m / (1 - beta1 ** t)
    v = beta2 * v + (1 - beta2) * dw ** 2           v_hat = v / (1 - beta2 ** t)
    next_w = w - learning_rate * m_hat / (sqrt(v_hat) + epsilon)

    w, dw: arrays of one shape, not modified.
    config: {'learning_rate': 1e-3 unless given, 'beta1': 0.9 unless given, 'beta2': 0.999 unless given, 'epsilon': 1e-8
    unless given, 'm' and 'v': the shape of w, zeros at first, 't': the steps taken, 0 at first}.
    Returns next_w (the shape of w), and config with the new m, v and t.
    Raises ValueError if dw, m or v does not have the shape of w.
    Source: Kingma and Ba, Adam, 2015, algorithm 1.
    """
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-3)
    config.setdefault("beta1", 0.9)
    config.setdefault("beta2", 0.999)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("t", 0)
    expect_update("adam", w, dw, config, "m", "v")
    learning_rate, epsilon = float(config["learning_rate"]), float(config["epsilon"])
    beta1, beta2, t = float(config["beta1"]), float(config["beta2"]), int(config["t"])
    m = config["m"] if "m" in config else np.zeros_like(w)
    v = config["v"] if "v" in config else np.zeros_like(w)
    ###########################################################################
    # TODO: Write adam as its docstring says. The code below needs m, v, t    #
    # and next_w.                                                             #
    ###########################################################################
    raise NotImplementedError
    ###########################################################################
    #                            END OF YOUR CODE                             #
    ###########################################################################
    config["m"], config["v"], config["t"] = m, v, t
    return next_w, config
