"""Makes values from a net's random initial parameters that are the same for every right solution. Pure.

A check cannot compare random weights with the reference's. But it can check the weights' spread and mean, and whether
the biases are zero. If these are right, chance.py searches the weights for patterns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from grader.judging.chance import expect_draws

# Spread and mean of initial weights may differ from the expected ones by this many standard deviations. One of
# hundreds of millions of right submissions differs more.
PLAUSIBLE: Final = 6

# Larger arrays are not analysed, which would take long. The nets of checks have much smaller arrays.
LARGEST: Final = 10**6


def initial_parameters(
    function: str, net: Any, scale: float, weights: Sequence[str], others: Sequence[str]
) -> dict[str, Any]:
    """Return values by which a check judges random initial parameters, by name.

    All right solutions get the same values, although they draw different numbers.

    function: id of the class.
    net: an object that the check made, with an attribute `params`, a dict of arrays by name.
    scale: the standard deviation of the distribution that the weights come from.
    weights: names of arrays from a normal distribution around 0. If an array may come from this distribution, its
    value is an array of ones in its shape. Otherwise its value is made from its rounded standard deviation and mean,
    divided by scale.
    others: names of arrays that are not random, for example biases that start at zero. The value is the array itself,
    or its rounded standard deviation if its entries seem random.

    Ends the check with status failed if weights have the right standard deviation but were not drawn at random, and
    with status missing if `params` is empty.

        net = student.nets.TwoLayerNet(input_dim=5, hidden_dim=50, weight_scale=1e-3)
        return initial_parameters("nets.TwoLayerNet", net, 1e-3, ("W1", "W2"), ("b1", "b2"))
    """
    net.params = {}  # sets no entry, but raises if the constructor is not written
    params: Mapping[str, Any] = net.params
    with np.errstate(all="ignore"):
        spread = {name: spread_or_ones(params.get(name), scale) for name in weights}
        expect_draws(function, {name: params[name] for name in weights if is_all_ones(spread[name])}, scale)
        return spread | {name: bias_or_spread(params.get(name), scale) for name in others}


def spread_or_ones(w: Any, scale: float) -> Any:
    """Return ones in the shape of w if its entries may come from a normal distribution around 0 with this scale.

    Otherwise, return the spread in units of scale in each entry, and add the mean to the second half of the entries.
    Spread and mean are rounded so coarsely that they do not depend on the random numbers.
    """
    if not isinstance(w, np.ndarray) or w.dtype.kind != "f" or not 0 < w.size <= LARGEST:
        return w
    values = w.astype(np.float64) / scale
    spread, mean, sigma = np.std(values), np.mean(values), PLAUSIBLE / np.sqrt(values.size)
    out = np.full(values.size, 1.0 if abs(spread - 1) < sigma / np.sqrt(2) else roughly(spread), dtype=w.dtype)
    out[values.size // 2 :] += 0.0 if abs(mean) <= sigma * spread else roughly(mean)
    return out.reshape(w.shape)


def roughly(number: Any) -> Any:
    """Round to the nearest of 1, 2 and 5 times a power of ten, with the sign; 0, inf and nan stay.

    For wrong values that depend on random numbers: the rounded value is the same in every run, so that it identifies a
    misconception.
    """
    if number == 0 or not np.isfinite(number):
        return number
    power = 10.0 ** np.floor(np.log10(abs(number)))
    return np.copysign(
        min((power, 2 * power, 5 * power, 10 * power), key=lambda n: abs(np.log(n / abs(number)))), number
    )


def is_all_ones(spread: Any) -> bool:
    return isinstance(spread, np.ndarray) and spread.size <= LARGEST and bool(np.all(spread == 1))


def bias_or_spread(b: Any, scale: float) -> Any:
    """Return b, or if its entries seem random, their spread in units of scale, with alternating signs."""
    if not isinstance(b, np.ndarray) or b.dtype.kind != "f" or not 2 < b.size <= LARGEST or np.unique(b).size < b.size:
        return b
    spread, sigma = np.std(b.astype(np.float64)) / scale, PLAUSIBLE / np.sqrt(2 * b.size)
    found = 1.0 if abs(spread - 1) < sigma else 10 ** np.round(np.log10(spread))
    return (found * np.where(np.arange(b.size) % 2, -1.0, 1.0)).astype(b.dtype).reshape(b.shape)
