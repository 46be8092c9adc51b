"""Mistakes in the update rules, as wrong variants of the reference, each with its hint.

Each variant receives the reference before its own arguments. A hint says what the mistake is and where to look, not
the solution.
"""

import numpy as np

from grader.checks import misconception


def settings(w, config, **defaults):
    """Fill in what config lacks: numbers as given, None as an array of zeros."""
    config = {} if config is None else config
    for key, value in defaults.items():
        config.setdefault(key, np.zeros_like(w) if value is None else value)
    return config


def momentum(w, dw, config, step):
    """Run momentum with another step: (w, dw, velocity, rate, momentum) → (next_w, velocity)."""
    config = settings(w, config, learning_rate=1e-2, momentum=0.9, velocity=None)
    next_w, config["velocity"] = step(w, dw, config["velocity"], config["learning_rate"], config["momentum"])
    return next_w, config


@misconception(
    "optim.sgd_momentum",
    "The gradient is added to the velocity, so the step goes uphill.",
)
def goes_uphill(reference, w, dw, config=None):
    def step(w, dw, v, rate, mu):
        v = mu * v + rate * dw
        return w + v, v

    return momentum(w, dw, config, step)


@misconception(
    "optim.sgd_momentum",
    "The velocity is subtracted from w, but the gradient in it already has a minus: together they go uphill.",
)
def velocity_subtracted(reference, w, dw, config=None):
    def step(w, dw, v, rate, mu):
        v = mu * v - rate * dw
        return w - v, v

    return momentum(w, dw, config, step)


@misconception(
    "optim.sgd_momentum",
    "The velocity has the opposite sign: it points uphill and is subtracted from w. In the course, the velocity "
    "points where w goes, and config may already contain one.",
)
def velocity_points_uphill(reference, w, dw, config=None):
    def step(w, dw, v, rate, mu):
        v = mu * v + rate * dw
        return w - v, v

    return momentum(w, dw, config, step)


@misconception(
    "optim.sgd_momentum",
    "next_w is right in the first step, but config still holds the velocity from before it. What must the next step "
    "remember?",
)
def velocity_not_stored(reference, w, dw, config=None):
    return momentum(w, dw, config, lambda w, dw, v, rate, mu: (w + mu * v - rate * dw, v))


@misconception(
    "optim.sgd_momentum",
    "The velocity is right, but the step does not use it: w moves by the gradient alone.",
)
def velocity_not_used(reference, w, dw, config=None):
    return momentum(w, dw, config, lambda w, dw, v, rate, mu: (w - rate * dw, mu * v - rate * dw))


@misconception(
    "optim.sgd_momentum",
    "The velocity is right, but w moves by the old velocity, from before this step. Which of the two must you update "
    "first?",
)
def old_velocity_used(reference, w, dw, config=None):
    return momentum(w, dw, config, lambda w, dw, v, rate, mu: (w + v, mu * v - rate * dw))


@misconception(
    "optim.sgd_momentum",
    "next_w matches Nesterov's momentum, which looks one step ahead. This function should use plain momentum.",
)
def nesterov(reference, w, dw, config=None):
    def step(w, dw, v, rate, mu):
        after = mu * v - rate * dw
        return w + mu * after - rate * dw, after

    return momentum(w, dw, config, step)


@misconception(
    "optim.sgd_momentum",
    "The learning rate multiplies the whole velocity, also the part from earlier steps. It should multiply the "
    "gradient alone.",
)
def learning_rate_on_velocity(reference, w, dw, config=None):
    def step(w, dw, v, rate, mu):
        v = mu * v - dw
        return w + rate * v, v

    return momentum(w, dw, config, step)


@misconception(
    "optim.sgd_momentum",
    "The velocity matches an average in which the gradient has the weight 1 - momentum. Momentum adds the whole "
    "gradient.",
)
def velocity_as_average(reference, w, dw, config=None):
    def step(w, dw, v, rate, mu):
        v = mu * v - (1 - mu) * rate * dw
        return w + v, v

    return momentum(w, dw, config, step)


def rmsprop(w, dw, config, learn=None, divisor=None, *, stores=True):
    """Run RMSProp in which one part may differ. learn: returns the new cache. divisor: returns the array by which the
    step is divided.
    """
    config = settings(w, config, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8, cache=None)
    before, decay, eps = config["cache"], config["decay_rate"], config["epsilon"]
    cache = learn(before, dw, decay) if learn else decay * before + (1 - decay) * dw**2
    next_w = w - config["learning_rate"] * dw / (divisor(cache, eps, before) if divisor else np.sqrt(cache) + eps)
    config["cache"] = cache if stores else before
    return next_w, config


@misconception(
    "optim.rmsprop",
    "The step is divided by the cache itself, which holds squares of gradients. Which quantity has the unit of a "
    "gradient?",
)
def rmsprop_without_root(reference, w, dw, config=None):
    return rmsprop(w, dw, config, divisor=lambda cache, eps, before: cache + eps)


@misconception(
    "optim.rmsprop",
    "decay_rate and 1 - decay_rate are swapped: the cache forgets almost everything in each step. Which should weigh "
    "more, the old cache or the new squares?",
)
def rmsprop_decay_swapped(reference, w, dw, config=None):
    return rmsprop(w, dw, config, learn=lambda cache, dw, decay: (1 - decay) * cache + decay * dw**2)


@misconception(
    "optim.rmsprop",
    "The cache is an average of the gradients, but it should be an average of their squares.",
)
def rmsprop_without_square(reference, w, dw, config=None):
    return rmsprop(w, dw, config, learn=lambda cache, dw, decay: decay * cache + (1 - decay) * dw)


@misconception(
    "optim.rmsprop",
    "The cache only grows, as in AdaGrad: it sums the squares. In RMSProp, old gradients lose weight over time.",
)
def adagrad(reference, w, dw, config=None):
    return rmsprop(w, dw, config, learn=lambda cache, dw, decay: cache + dw**2)


@misconception(
    "optim.rmsprop",
    "The new squares enter the cache with the weight 1; only the old ones have a smaller weight. So it is not an "
    "average: what should the two weights sum to?",
)
def rmsprop_squares_in_full(reference, w, dw, config=None):
    return rmsprop(w, dw, config, learn=lambda cache, dw, decay: decay * cache + dw**2)


@misconception(
    "optim.rmsprop",
    "next_w is right in the first step, but config still holds the cache from before it. What must the next step "
    "remember?",
)
def rmsprop_cache_not_stored(reference, w, dw, config=None):
    return rmsprop(w, dw, config, stores=False)


@misconception(
    "optim.rmsprop",
    "The cache is right, but the step is divided by the old cache, from before this step. Which of the two must you "
    "update first?",
)
def rmsprop_old_cache_used(reference, w, dw, config=None):
    return rmsprop(w, dw, config, divisor=lambda cache, eps, before: np.sqrt(before) + eps)


@misconception(
    "optim.rmsprop",
    "epsilon is added inside the square root, but it belongs after the root. The difference shows where gradients are "
    "small.",
)
def rmsprop_epsilon_below_root(reference, w, dw, config=None):
    return rmsprop(w, dw, config, divisor=lambda cache, eps, before: np.sqrt(cache + eps))


@misconception(
    "optim.rmsprop",
    "The step is too large where gradients are small, as if nothing were added to the root. What is epsilon for?",
)
def rmsprop_epsilon_forgotten(reference, w, dw, config=None):
    return rmsprop(w, dw, config, divisor=lambda cache, eps, before: np.sqrt(cache))


@misconception(
    "optim.rmsprop",
    "The step goes along the gradient, which is uphill. The loss should fall.",
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
    """Run Adam in which one part may differ. betas: the weights of m and v."""
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
    "The step uses m and v without the correction. They started at zero, so they are too small in the first steps: "
    "what corrects that?",
    beside=True,
)
def not_corrected(reference, w, dw, config=None):
    return adam(w, dw, config, corrected=(uncorrected, uncorrected))


@misconception(
    "optim.adam",
    "m is corrected for its start at zero, but v is not.",
    beside=True,
)
def v_not_corrected(reference, w, dw, config=None):
    return adam(w, dw, config, corrected=(plain, uncorrected))


@misconception(
    "optim.adam",
    "v is corrected for its start at zero, but m is not.",
    beside=True,
)
def m_not_corrected(reference, w, dw, config=None):
    return adam(w, dw, config, corrected=(uncorrected, plain))


@misconception(
    "optim.adam",
    "The correction matches a division by 1 - beta, which is the same in every step. Where is t used?",
    beside=True,
)
def corrected_without_t(reference, w, dw, config=None):
    def correct(average, beta, t):
        return average / (1 - beta)

    return adam(w, dw, config, corrected=(correct, correct))


@misconception(
    "optim.adam",
    "The correction matches 1 - beta * t, but beta should be raised to the power of t.",
    beside=True,
)
def t_not_a_power(reference, w, dw, config=None):
    def correct(average, beta, t):
        return average / (1 - beta * t)

    return adam(w, dw, config, corrected=(correct, correct))


@misconception(
    "optim.adam",
    "config stores the corrected m and v. Store them uncorrected: the correction is for this step only.",
)
def corrected_averages_stored(reference, w, dw, config=None):
    next_w, config = adam(w, dw, config)
    config["m"] = plain(config["m"], config["beta1"], config["t"])
    config["v"] = plain(config["v"], config["beta2"], config["t"])
    return next_w, config


@misconception(
    "optim.adam",
    "beta1 and beta2 are swapped. Which of the two averages should remember longer?",
)
def betas_swapped(reference, w, dw, config=None):
    return adam(w, dw, config, betas=lambda config: (config["beta2"], config["beta1"]))


@misconception(
    "optim.adam",
    "The weights of the averages are swapped: beta multiplies the new value, 1 - beta the old one.",
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
    "v is an average of the gradients, but it should be an average of their squares.",
)
def v_without_square(reference, w, dw, config=None):
    return adam(w, dw, config, square=np.asarray)


@misconception(
    "optim.adam",
    "epsilon is added inside the square root, but it belongs after the root. The difference shows where gradients are "
    "small.",
)
def adam_epsilon_below_root(reference, w, dw, config=None):
    return adam(w, dw, config, divisor=lambda v_hat, eps: np.sqrt(v_hat + eps))


@misconception(
    "optim.adam",
    "The step is too large where gradients are small, as if nothing were added to the root. What is epsilon for?",
)
def adam_epsilon_forgotten(reference, w, dw, config=None):
    return adam(w, dw, config, divisor=lambda v_hat, eps: np.sqrt(v_hat))


@misconception(
    "optim.adam",
    "The step is divided by v itself, which holds squares of gradients. Which quantity has the unit of a gradient?",
)
def adam_without_root(reference, w, dw, config=None):
    return adam(w, dw, config, divisor=lambda v_hat, eps: v_hat + eps)


@misconception(
    "optim.adam",
    "The step uses the gradient instead of m: that is the step of RMSProp.",
)
def step_without_m(reference, w, dw, config=None):
    return adam(w, dw, config, corrected=(lambda m, beta, t: dw, plain))


@misconception(
    "optim.adam",
    "t does not change, so the next step is corrected as if it were the same step.",
)
def t_not_stored(reference, w, dw, config=None):
    t = (config or {}).get("t", 0)
    next_w, config = adam(w, dw, config)
    config["t"] = t
    return next_w, config


@misconception(
    "optim.adam",
    "The step goes along the gradient, which is uphill. The loss should fall.",
    beside=True,
)
def adam_goes_uphill(reference, w, dw, config=None):
    after, config = adam(w, dw, config)
    return 2 * w - after, config
