"""Mistakes in the update rules, as wrong variants of the reference, each with its hint.

A variant gets the reference before its own arguments. A hint says what was seen and where to look, not the solution.
"""

import numpy as np

from grader.checks import misconception


def settings(w, config, **defaults):
    """config with what is missing filled in: numbers as given, arrays (None) of zeros."""
    config = {} if config is None else config
    for key, value in defaults.items():
        config.setdefault(key, np.zeros_like(w) if value is None else value)
    return config


def momentum(w, dw, config, step):
    """Momentum's frame. step: (w, dw, velocity, rate, momentum) → (next_w, velocity)."""
    config = settings(w, config, learning_rate=1e-2, momentum=0.9, velocity=None)
    next_w, config["velocity"] = step(w, dw, config["velocity"], config["learning_rate"], config["momentum"])
    return next_w, config


@misconception(
    "optim.sgd_momentum",
    "The gradient enters the velocity with a plus: the step goes uphill.",
)
def goes_uphill(reference, w, dw, config=None):
    def step(w, dw, v, rate, mu):
        v = mu * v + rate * dw
        return w + v, v

    return momentum(w, dw, config, step)


@misconception(
    "optim.sgd_momentum",
    "The velocity is subtracted from w, but its gradient has a minus already: two of them go uphill.",
)
def velocity_subtracted(reference, w, dw, config=None):
    def step(w, dw, v, rate, mu):
        v = mu * v - rate * dw
        return w - v, v

    return momentum(w, dw, config, step)


@misconception(
    "optim.sgd_momentum",
    "The signs of the velocity are turned round: it is kept as the way uphill and subtracted from w. The course's "
    "velocity points where w goes, and config may bring one.",
)
def velocity_points_uphill(reference, w, dw, config=None):
    def step(w, dw, v, rate, mu):
        v = mu * v + rate * dw
        return w - v, v

    return momentum(w, dw, config, step)


@misconception(
    "optim.sgd_momentum",
    "next_w is right in a first step, but config keeps the velocity from before it. What is the next step to remember?",
)
def velocity_not_stored(reference, w, dw, config=None):
    return momentum(w, dw, config, lambda w, dw, v, rate, mu: (w + mu * v - rate * dw, v))


@misconception(
    "optim.sgd_momentum",
    "The velocity is right, the step does not use it: w moves by the gradient alone.",
)
def velocity_not_used(reference, w, dw, config=None):
    return momentum(w, dw, config, lambda w, dw, v, rate, mu: (w - rate * dw, mu * v - rate * dw))


@misconception(
    "optim.sgd_momentum",
    "The velocity is right, w moves by the one from before this step. Which of the two is updated first?",
)
def old_velocity_used(reference, w, dw, config=None):
    return momentum(w, dw, config, lambda w, dw, v, rate, mu: (w + v, mu * v - rate * dw))


@misconception(
    "optim.sgd_momentum",
    "next_w fits Nesterov's momentum, which looks one step ahead. The plain one is asked for.",
)
def nesterov(reference, w, dw, config=None):
    def step(w, dw, v, rate, mu):
        after = mu * v - rate * dw
        return w + mu * after - rate * dw, after

    return momentum(w, dw, config, step)


@misconception(
    "optim.sgd_momentum",
    "The learning rate is applied to all of the velocity, also to what is remembered. It belongs to the gradient "
    "alone.",
)
def learning_rate_on_velocity(reference, w, dw, config=None):
    def step(w, dw, v, rate, mu):
        v = mu * v - dw
        return w + rate * v, v

    return momentum(w, dw, config, step)


@misconception(
    "optim.sgd_momentum",
    "The velocity fits an average: the gradient is weighed by 1 - momentum. Momentum adds the gradient in full.",
)
def velocity_as_average(reference, w, dw, config=None):
    def step(w, dw, v, rate, mu):
        v = mu * v - (1 - mu) * rate * dw
        return w + v, v

    return momentum(w, dw, config, step)


def rmsprop(w, dw, config, learn=None, divisor=None, *, stores=True):
    """RMSProp of which one part may be another. learn: the new cache; divisor: what the step is divided by."""
    config = settings(w, config, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8, cache=None)
    before, decay, eps = config["cache"], config["decay_rate"], config["epsilon"]
    cache = learn(before, dw, decay) if learn else decay * before + (1 - decay) * dw**2
    next_w = w - config["learning_rate"] * dw / (divisor(cache, eps, before) if divisor else np.sqrt(cache) + eps)
    config["cache"] = cache if stores else before
    return next_w, config


@misconception(
    "optim.rmsprop",
    "The step is divided by the cache itself. It holds squares of gradients: what has the gradient's own unit?",
)
def rmsprop_without_root(reference, w, dw, config=None):
    return rmsprop(w, dw, config, divisor=lambda cache, eps, before: cache + eps)


@misconception(
    "optim.rmsprop",
    "decay_rate and 1 - decay_rate have changed places: the cache forgets almost all in each step. Which should weigh "
    "more, what was or what comes?",
)
def rmsprop_decay_swapped(reference, w, dw, config=None):
    return rmsprop(w, dw, config, learn=lambda cache, dw, decay: (1 - decay) * cache + decay * dw**2)


@misconception(
    "optim.rmsprop",
    "The cache is an average of the gradients, not of their squares.",
)
def rmsprop_without_square(reference, w, dw, config=None):
    return rmsprop(w, dw, config, learn=lambda cache, dw, decay: decay * cache + (1 - decay) * dw)


@misconception(
    "optim.rmsprop",
    "The cache only grows, as in AdaGrad: the squares are added up. RMSProp lets old gradients fade.",
)
def adagrad(reference, w, dw, config=None):
    return rmsprop(w, dw, config, learn=lambda cache, dw, decay: cache + dw**2)


@misconception(
    "optim.rmsprop",
    "The new squares enter the cache in full; only the old ones are weighed. Then it is no average: what do the two "
    "weights sum to?",
)
def rmsprop_squares_in_full(reference, w, dw, config=None):
    return rmsprop(w, dw, config, learn=lambda cache, dw, decay: decay * cache + dw**2)


@misconception(
    "optim.rmsprop",
    "next_w is right in a first step, but config keeps the cache from before it. What is the next step to remember?",
)
def rmsprop_cache_not_stored(reference, w, dw, config=None):
    return rmsprop(w, dw, config, stores=False)


@misconception(
    "optim.rmsprop",
    "The cache is right, the step is divided by the one from before this step. Which of the two is updated first?",
)
def rmsprop_old_cache_used(reference, w, dw, config=None):
    return rmsprop(w, dw, config, divisor=lambda cache, eps, before: np.sqrt(before) + eps)


@misconception(
    "optim.rmsprop",
    "epsilon is added below the root, not to the root itself: it shows where gradients are small.",
)
def rmsprop_epsilon_below_root(reference, w, dw, config=None):
    return rmsprop(w, dw, config, divisor=lambda cache, eps, before: np.sqrt(cache + eps))


@misconception(
    "optim.rmsprop",
    "Where gradients are small the step is too large, as if nothing were added to the root. What is epsilon for?",
)
def rmsprop_epsilon_forgotten(reference, w, dw, config=None):
    return rmsprop(w, dw, config, divisor=lambda cache, eps, before: np.sqrt(cache))


@misconception(
    "optim.rmsprop",
    "The step goes along the gradient, uphill. The loss is to fall.",
    beside=True,
)
def rmsprop_goes_uphill(reference, w, dw, config=None):
    after, config = rmsprop(w, dw, config)
    return 2 * w - after, config


def right_divisor(v_hat, eps):
    return np.sqrt(v_hat) + eps


def plain(average, beta, t):
    return average / (1 - beta**t)


def adam(w, dw, config, *, betas=None, square=np.square, corrected=(plain, plain), divisor=right_divisor):
    """Adam of which one part may be another. betas: weights of (m, v)."""
    defaults = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "m": None, "v": None, "t": 0}
    config = settings(w, config, **defaults)
    beta1, beta2 = betas(config) if betas else (config["beta1"], config["beta2"])
    t = config["t"] + 1
    m = beta1 * config["m"] + (1 - beta1) * dw
    v = beta2 * config["v"] + (1 - beta2) * square(dw)
    with np.errstate(all="ignore"):
        m_hat, v_hat = (correct(*item) for correct, item in zip(corrected, ((m, beta1, t), (v, beta2, t)), strict=True))
        next_w = w - config["learning_rate"] * m_hat / divisor(v_hat, config["epsilon"])
    config["m"], config["v"], config["t"] = m, v, config["t"] + 1
    return next_w, config


def uncorrected(average, beta, t):
    return average


@misconception(
    "optim.adam",
    "The step uses m and v as they are. They began with zeros: what makes up for that in the first steps?",
    beside=True,
)
def not_corrected(reference, w, dw, config=None):
    return adam(w, dw, config, corrected=(uncorrected, uncorrected))


@misconception(
    "optim.adam",
    "m is corrected for the zeros that it began with, v is not.",
    beside=True,
)
def v_not_corrected(reference, w, dw, config=None):
    return adam(w, dw, config, corrected=(plain, uncorrected))


@misconception(
    "optim.adam",
    "v is corrected for the zeros that it began with, m is not.",
    beside=True,
)
def m_not_corrected(reference, w, dw, config=None):
    return adam(w, dw, config, corrected=(uncorrected, plain))


@misconception(
    "optim.adam",
    "The correction fits a division by 1 - beta, the same in every step. Where does t come in?",
    beside=True,
)
def corrected_without_t(reference, w, dw, config=None):
    def correct(average, beta, t):
        return average / (1 - beta)

    return adam(w, dw, config, corrected=(correct, correct))


@misconception(
    "optim.adam",
    "The correction fits 1 - beta * t: beta is to be raised to the power of t.",
    beside=True,
)
def t_not_a_power(reference, w, dw, config=None):
    def correct(average, beta, t):
        return average / (1 - beta * t)

    return adam(w, dw, config, corrected=(correct, correct))


@misconception(
    "optim.adam",
    "config keeps the corrected m and v. The averages go on uncorrected; the correction is for the step alone.",
)
def corrected_averages_stored(reference, w, dw, config=None):
    next_w, config = adam(w, dw, config)
    config["m"] = plain(config["m"], config["beta1"], config["t"])
    config["v"] = plain(config["v"], config["beta2"], config["t"])
    return next_w, config


@misconception(
    "optim.adam",
    "beta1 and beta2 have changed places. Which of the two averages is to remember longer?",
)
def betas_swapped(reference, w, dw, config=None):
    return adam(w, dw, config, betas=lambda config: (config["beta2"], config["beta1"]))


@misconception(
    "optim.adam",
    "The weights of the averages have changed places: beta weighs what comes, 1 - beta what was.",
)
def weights_of_averages_swapped(reference, w, dw, config=None):
    def swapped(average, beta, t):
        return average / (1 - (1 - beta) ** t)

    return adam(
        w,
        dw,
        config,
        betas=lambda config: (1 - config["beta1"], 1 - config["beta2"]),
        corrected=(swapped, swapped),
    )


@misconception(
    "optim.adam",
    "v is an average of the gradients, not of their squares.",
)
def v_without_square(reference, w, dw, config=None):
    return adam(w, dw, config, square=np.asarray)


@misconception(
    "optim.adam",
    "epsilon is added below the root, not to the root itself: it shows where gradients are small.",
)
def adam_epsilon_below_root(reference, w, dw, config=None):
    return adam(w, dw, config, divisor=lambda v_hat, eps: np.sqrt(v_hat + eps))


@misconception(
    "optim.adam",
    "Where gradients are small the step is too large, as if nothing were added to the root. What is epsilon for?",
)
def adam_epsilon_forgotten(reference, w, dw, config=None):
    return adam(w, dw, config, divisor=lambda v_hat, eps: np.sqrt(v_hat))


@misconception(
    "optim.adam",
    "The step is divided by v itself. It holds squares of gradients: what has the gradient's own unit?",
)
def adam_without_root(reference, w, dw, config=None):
    return adam(w, dw, config, divisor=lambda v_hat, eps: v_hat + eps)


@misconception(
    "optim.adam",
    "The step uses the gradient where m belongs: that is RMSProp's step.",
)
def step_without_m(reference, w, dw, config=None):
    return adam(w, dw, config, corrected=(lambda m, beta, t: dw, plain))


@misconception(
    "optim.adam",
    "t stays what it was: the next step is corrected as if it were the same one.",
)
def t_not_stored(reference, w, dw, config=None):
    t = (config or {}).get("t", 0)
    next_w, config = adam(w, dw, config)
    config["t"] = t
    return next_w, config


@misconception(
    "optim.adam",
    "The step goes along the gradient, uphill. The loss is to fall.",
    beside=True,
)
def adam_goes_uphill(reference, w, dw, config=None):
    after, config = adam(w, dw, config)
    return 2 * w - after, config
