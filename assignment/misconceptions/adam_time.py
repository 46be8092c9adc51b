"""Mistakes with Adam's t and with the bias correction that uses it, each with its hint.

Each variant receives the reference before its own arguments. If t is 0, the correction divides by zero: arrays become
NaN, and Python's own numbers raise.
"""

import numpy as np

from grader.checks import misconception

LATE = "t is raised only after it is used. So it is 0 in the first step, and the correction divides by zero."
NEVER = (
    "t is never raised, so the correction always uses t = 0 and divides by zero. Which number has the first step, and "
    "which line counts the steps?"
)


def adam(w, dw, config, *, correction_t, stored_t, in_floats=False, first_t=0):
    """Run Adam with a wrong t.

    correction_t: t → the t in the correction (None: no correction). stored_t: t → the t that is stored in config.
    in_floats: apply the correction to the learning rate, as Python's own numbers. first_t: the t to use if config has
    none.
    """
    config = {} if config is None else config
    defaults = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": first_t}
    for key, value in {**defaults, "m": np.zeros_like(w), "v": np.zeros_like(w)}.items():
        config.setdefault(key, value)
    beta1, beta2, t = config["beta1"], config["beta2"], correction_t(config["t"])
    m = beta1 * config["m"] + (1 - beta1) * dw
    v = beta2 * config["v"] + (1 - beta2) * dw**2
    config["m"], config["v"], config["t"] = m, v, stored_t(config["t"])
    first, second = (1.0, 1.0) if t is None else (1 - beta1**t, 1 - beta2**t)
    if in_floats:
        m, v = m * (1 / first), v * (1 / second)
    else:
        with np.errstate(all="ignore"):
            m, v = m / np.float64(first), v / np.float64(second)
    with np.errstate(all="ignore"):
        return w - config["learning_rate"] * m / (np.sqrt(v) + config["epsilon"]), config


def no_t(t):
    return None


def same_t(t):
    return t


def next_t(t):
    return t + 1


@misconception("optim.adam", LATE, by_outcome=True)
def t_raised_after_its_use(reference, w, dw, config=None):
    return adam(w, dw, config, correction_t=same_t, stored_t=next_t)


@misconception("optim.adam", LATE, by_outcome=True)
def t_raised_after_its_use_in_floats(reference, w, dw, config=None):
    return adam(w, dw, config, correction_t=same_t, stored_t=next_t, in_floats=True)


@misconception("optim.adam", NEVER, by_outcome=True)
def t_never_raised(reference, w, dw, config=None):
    return adam(w, dw, config, correction_t=same_t, stored_t=same_t)


@misconception("optim.adam", NEVER, by_outcome=True)
def t_never_raised_in_floats(reference, w, dw, config=None):
    return adam(w, dw, config, correction_t=same_t, stored_t=same_t, in_floats=True)


@misconception(
    "optim.adam",
    "The step uses m and v without the correction, and t never changes. m and v started at zero, so they are too "
    "small in the first steps. What corrects that, and what is t for?",
)
def neither_corrected_nor_counted(reference, w, dw, config=None):
    return adam(w, dw, config, correction_t=no_t, stored_t=same_t)


@misconception(
    "optim.adam",
    "If config has no t, your t starts at 1 and is raised before it is used. So the first step is corrected as if it "
    "were the second. How many steps were taken before the first one?",
)
def t_starts_at_1(reference, w, dw, config=None):
    return adam(w, dw, config, correction_t=next_t, stored_t=next_t, first_t=1)


@misconception(
    "optim.adam",
    "The correction uses the t from before this step. After t steps, the next one is step t + 1, and the correction "
    "must use that number.",
)
def t_starts_at_1_and_is_raised_after_its_use(reference, w, dw, config=None):
    return adam(w, dw, config, correction_t=same_t, stored_t=next_t, first_t=1)
