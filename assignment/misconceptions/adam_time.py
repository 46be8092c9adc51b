"""Mistakes with Adam's t and with the correction by it, as wrong variants, each with its hint.

A variant gets the reference before its own arguments. Where t is 0, the correction divides by zero: arrays become NaN,
Python's own numbers raise.
"""

import numpy as np

from grader.checks import misconception

LATE = "t is raised after its use. In the first step it is 0 then, and the correction divides by zero."
NEVER = (
    "t is never raised, so that the correction is that of t = 0, where it divides by zero. Which number has the first "
    "step, and what counts the steps?"
)


def adam(w, dw, config, *, used, kept, in_floats=False, first_t=0):
    """Adam with a t of its own. used: from t the one of the correction, None without one; kept: from t the next one.

    in_floats: the correction is part of the learning rate, in Python's numbers. first_t: t where config has none.
    """
    config = {} if config is None else config
    defaults = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": first_t}
    for key, value in {**defaults, "m": np.zeros_like(w), "v": np.zeros_like(w)}.items():
        config.setdefault(key, value)
    beta1, beta2, t = config["beta1"], config["beta2"], used(config["t"])
    m = beta1 * config["m"] + (1 - beta1) * dw
    v = beta2 * config["v"] + (1 - beta2) * dw**2
    config["m"], config["v"], config["t"] = m, v, kept(config["t"])
    first, second = (1.0, 1.0) if t is None else (1 - beta1**t, 1 - beta2**t)
    if in_floats:
        m, v = m * (1 / first), v * (1 / second)
    else:
        with np.errstate(all="ignore"):
            m, v = m / np.float64(first), v / np.float64(second)
    with np.errstate(all="ignore"):
        return w - config["learning_rate"] * m / (np.sqrt(v) + config["epsilon"]), config


def nothing(t):
    return None


def same(t):
    return t


def next_one(t):
    return t + 1


@misconception("optim.adam", LATE, by_outcome=True)
def t_raised_after_its_use(reference, w, dw, config=None):
    return adam(w, dw, config, used=same, kept=next_one)


@misconception("optim.adam", LATE, by_outcome=True)
def t_raised_after_its_use_in_floats(reference, w, dw, config=None):
    return adam(w, dw, config, used=same, kept=next_one, in_floats=True)


@misconception("optim.adam", NEVER, by_outcome=True)
def t_never_raised(reference, w, dw, config=None):
    return adam(w, dw, config, used=same, kept=same)


@misconception("optim.adam", NEVER, by_outcome=True)
def t_never_raised_in_floats(reference, w, dw, config=None):
    return adam(w, dw, config, used=same, kept=same, in_floats=True)


@misconception(
    "optim.adam",
    "The step uses m and v as they are, and t stays what it was. m and v began with zeros: what makes up for that in "
    "the first steps, and what has t to do with it?",
)
def neither_corrected_nor_counted(reference, w, dw, config=None):
    return adam(w, dw, config, used=nothing, kept=same)


@misconception(
    "optim.adam",
    "Without a t in config, t starts at 1 and is raised before its use: the first step is corrected as if it were the "
    "second. How many steps were taken before the first one?",
)
def t_starts_at_1(reference, w, dw, config=None):
    return adam(w, dw, config, used=next_one, kept=next_one, first_t=1)


@misconception(
    "optim.adam",
    "The correction has the t from before this step. The step after t others is number t + 1, and is to be corrected "
    "so.",
)
def t_starts_at_1_and_is_raised_after_its_use(reference, w, dw, config=None):
    return adam(w, dw, config, used=same, kept=next_one, first_t=1)
