"""Checks of optim.py that students see: the worked examples of the course's notebooks."""

import numpy as np

from grader.checks import check


def example(*ends):
    """Return arrays of shape (4, 5) whose entries are evenly spaced: w, dw, and the rule's stored averages."""
    pairs = [(-0.4, 0.6), (-0.6, 0.4), *ends]
    return [np.linspace(first, last, num=20).reshape(4, 5) for first, last in pairs]


@check("optim.sgd_momentum", name="worked_example", parts={"next_w": 2})
def sgd_momentum_worked_example(student, rng):
    """The notebook's worked example: one step from a given velocity."""
    w, dw, velocity = example((0.6, 0.9))
    config = {"learning_rate": 1e-3, "velocity": velocity}
    next_w, _ = student.optim.sgd_momentum(w, dw, config)
    return {"next_w": next_w, "velocity": config.get("velocity")}


@check("optim.rmsprop", name="worked_example", parts={"next_w": 2})
def rmsprop_worked_example(student, rng):
    """The notebook's worked example: one step from a given cache."""
    w, dw, cache = example((0.6, 0.9))
    config = {"learning_rate": 1e-2, "cache": cache}
    next_w, _ = student.optim.rmsprop(w, dw, config)
    return {"next_w": next_w, "cache": config.get("cache")}


@check("optim.adam", name="worked_example", parts={"next_w": 3})
def adam_worked_example(student, rng):
    """The notebook's worked example: the sixth step, from given averages."""
    w, dw, m, v = example((0.6, 0.9), (0.7, 0.5))
    config = {"learning_rate": 1e-2, "m": m, "v": v, "t": 5}
    next_w, _ = student.optim.adam(w, dw, config)
    return {"next_w": next_w, "m": config.get("m"), "v": config.get("v"), "t": config.get("t")}
