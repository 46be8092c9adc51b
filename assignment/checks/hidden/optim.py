"""Checks of optim.py that students do not see: several steps without a config, other hyperparameters, other shapes.

Steps are large. Where a check tests epsilon, epsilon is large compared with the gradients. Where a check tests Adam's
epsilon, beta2 ** t is so small that the paper's two forms, with epsilon before or after the correction of v, agree.
"""

from grader.checks import check


def steps(rule, rng, shape, config, keys, count=3):
    """Return the result of the last of several successive steps, and the values that the rule stored in config.

    config: None to pass none in the first step, so that the rule's own defaults count.
    """
    w = rng.randn(*shape)
    for _ in range(count):
        w, config = rule(w, rng.randn(*shape), *([] if config is None else [config]))
    return {"next_w": w, **{key: config.get(key) for key in keys}}


@check("optim.sgd_momentum", name="from_nothing", seed=301, parts={"next_w": 2})
def sgd_momentum_from_nothing(student, rng):
    """Three steps that start without a config."""
    return steps(student.optim.sgd_momentum, rng, (3, 4), None, ["velocity"])


@check("optim.sgd_momentum", name="other_momentum", seed=302, parts={"next_w": 2})
def sgd_momentum_other_momentum(student, rng):
    """Three steps with momentum 0.5 and a learning rate of 0.3, weights of shape (2, 3, 2, 2)."""
    config = {"learning_rate": 0.3, "momentum": 0.5}
    return steps(student.optim.sgd_momentum, rng, (2, 3, 2, 2), config, ["velocity"])


@check("optim.rmsprop", name="from_nothing", seed=311, parts={"next_w": 2})
def rmsprop_from_nothing(student, rng):
    """Three steps that start without a config."""
    return steps(student.optim.rmsprop, rng, (3, 4), None, ["cache"])


@check("optim.rmsprop", name="other_decay_rate", seed=312, parts={"next_w": 2})
def rmsprop_other_decay_rate(student, rng):
    """Three steps with a decay rate of 0.7 and a learning rate of 0.2, weights of shape (2, 3, 2, 2)."""
    config = {"learning_rate": 0.2, "decay_rate": 0.7}
    return steps(student.optim.rmsprop, rng, (2, 3, 2, 2), config, ["cache"])


@check("optim.rmsprop", name="large_epsilon", seed=313, parts={"next_w": 2})
def rmsprop_large_epsilon(student, rng):
    """Two steps with an epsilon that is not small compared with the gradients."""
    config = {"learning_rate": 0.5, "epsilon": 0.1}
    return steps(student.optim.rmsprop, rng, (7,), config, ["cache"], count=2)


@check("optim.adam", name="from_nothing", seed=321, parts={"next_w": 3})
def adam_from_nothing(student, rng):
    """Three steps that start without a config."""
    w, given = 0.01 * rng.randn(3, 4), []
    for _ in range(3):
        w, config = student.optim.adam(w, rng.randn(3, 4), *given)
        given = [config]
    return {"next_w": w, "m": config.get("m"), "v": config.get("v"), "t": config.get("t")}


@check("optim.adam", name="other_betas", seed=324, parts={"next_w": 3})
def adam_other_betas(student, rng):
    """Three steps with beta1 0.6, beta2 0.8 and a learning rate of 0.2, weights of shape (2, 3, 2, 2)."""
    config = {"learning_rate": 0.2, "beta1": 0.6, "beta2": 0.8}
    return steps(student.optim.adam, rng, (2, 3, 2, 2), config, ["m", "v", "t"])


@check("optim.adam", name="large_epsilon", seed=323, parts={"next_w": 3})
def adam_large_epsilon(student, rng):
    """A step far into training, with an epsilon that is not small compared with the gradients."""
    w, dw, m, v = (rng.randn(7) for _ in range(4))
    config = {"learning_rate": 0.5, "beta1": 0.7, "beta2": 0.5, "epsilon": 0.5, "m": m, "v": v * v, "t": 60}
    next_w, _ = student.optim.adam(w, dw, config)
    return {"next_w": next_w, "m": config.get("m"), "v": config.get("v"), "t": config.get("t")}
