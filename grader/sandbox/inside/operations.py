"""What a program does with earlier results besides calling functions: the same table for judge and worker. Pure.

The worker applies it to what its functions returned, before the judge has seen that. The judge applies it afterwards,
to see that its check passes on what the program passed on. A value is never asked for anything but what stands here.
"""

from __future__ import annotations

import operator
from typing import Any, Callable, Dict

import numpy as np

# Handles below are the results of a running program's steps, by number; from here on, what a worker keeps.
FIRST_KEPT = 1 << 32


def item(value: Any, key: Any) -> Any:
    """An item of a returned tuple, an entry of a returned dict, or None where it has no such entry."""
    if type(value) is dict:
        return value.get(key)
    if type(value) in (tuple, list) and type(key) is int:
        return value[key]
    raise TypeError("no items")


OPERATIONS: Dict[str, Callable[..., Any]] = {
    "constant": lambda value: value,
    "item": item,
    "changed": lambda value, changes: {**value, **changes},  # as a call left it, and what the check wrote since
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "neg": operator.neg,
    "norm": np.linalg.norm,
    "shape": np.shape,
    "reshape": np.reshape,
    "astype": lambda value, dtype: np.asarray(value).astype(dtype),
}
