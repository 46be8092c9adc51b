"""Initial parameters of an object as values that a fixture can hold, although every run draws other ones. Pure.

A check cannot compare random weights with the reference's. But every right solution gives the same answer to: is the
spread plausible, is the mean, are the biases zero? chance.py then looks for patterns in weights that pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from grader.judging.chance import expect_draws

# Spread and mean of right weights lie within this many standard deviations of what is expected: one right submission in
# hundreds of millions does not.
PLAUSIBLE: Final = 6

# Arrays with more entries are returned as they are: those of a check are far smaller, and looking at them costs time.
LARGEST: Final = 10**6


def initial_parameters(
    function: str, net: Any, scale: float, weights: Sequence[str], others: Sequence[str]
) -> dict[str, Any]:
    """Return by name what must be the same for the initial parameters of every right solution, for a check to return.

    function: id of the class.
    net: an object that the check made, with an attribute `params`, a dict of arrays by name.
    scale: the standard deviation of the distribution that the weights come from.
    weights: names of arrays that come from a normal distribution around 0. For a plausible one, the value is ones in
    its shape; for any other, its rounded spread and mean in units of scale.
    others: names of arrays that depend on no random number, biases that are zero for one. The value is the array
    itself, or its rounded spread if its entries seem to be random.

    Ends the check with status failed if weights of the right spread were not drawn at random, and with status missing
    if `params` is empty.

        net = student.nets.TwoLayerNet(input_dim=5, hidden_dim=50, weight_scale=1e-3)
        return initial_parameters("nets.TwoLayerNet", net, 1e-3, ("W1", "W2"), ("b1", "b2"))
    """
    net.params = {}  # sets nothing; a constructor that is not written yet ends here
    params: Mapping[str, Any] = net.params
    with np.errstate(all="ignore"):
        spread = {name: settled(params.get(name), scale) for name in weights}
        expect_draws(function, {name: params[name] for name in weights if is_settled(spread[name])}, scale)
        return spread | {name: without_chance(params.get(name), scale) for name in others}


def settled(w: Any, scale: float) -> Any:
    """All ones in the shape of w, if its entries may be drawn from a normal distribution around 0 of this scale.

    Else the first half tells the spread in units of scale, and the second half the mean on top of it; so roughly that
    they do not depend on the random numbers.
    """
    if not isinstance(w, np.ndarray) or w.dtype.kind != "f" or not 0 < w.size <= LARGEST:
        return w
    values = w.astype(np.float64) / scale
    spread, mean, sigma = np.std(values), np.mean(values), PLAUSIBLE / np.sqrt(values.size)
    out = np.full(values.size, 1.0 if abs(spread - 1) < sigma / np.sqrt(2) else roughly(spread), dtype=w.dtype)
    out[values.size // 2 :] += 0.0 if abs(mean) <= sigma * spread else roughly(mean)
    return out.reshape(w.shape)


def roughly(number: Any) -> Any:
    """Round a number to the nearest of 1, 2 and 5 times a power of ten, with its sign; 0, inf and nan stay.

    For a wrong value that depends on random numbers: rounded, it is the same in every run and can be recognised.
    """
    if number == 0 or not np.isfinite(number):
        return number
    power = 10.0 ** np.floor(np.log10(abs(number)))
    return np.copysign(
        min((power, 2 * power, 5 * power, 10 * power), key=lambda n: abs(np.log(n / abs(number)))), number
    )


def is_settled(spread: Any) -> bool:
    return isinstance(spread, np.ndarray) and spread.size <= LARGEST and bool(np.all(spread == 1))


def without_chance(b: Any, scale: float) -> Any:
    """b itself. If its entries seem to be drawn, their spread in units of scale instead, with alternating signs."""
    if not isinstance(b, np.ndarray) or b.dtype.kind != "f" or not 2 < b.size <= LARGEST or np.unique(b).size < b.size:
        return b
    spread, sigma = np.std(b.astype(np.float64)) / scale, PLAUSIBLE / np.sqrt(2 * b.size)
    found = 1.0 if abs(spread - 1) < sigma else 10 ** np.round(np.log10(spread))
    return (found * np.where(np.arange(b.size) % 2, -1.0, 1.0)).astype(b.dtype).reshape(b.shape)
