"""What a program does with earlier results, besides calling functions: one table for judge and worker. Pure.

The worker applies it to what its functions returned, before the judge has seen those values. The judge applies it
again afterwards, to verify that its check passes what the program passed. Only these operations ever touch a value.
"""

from __future__ import annotations

import operator
from typing import Any, Callable, Dict

import numpy as np

# Handles below this number are results of a running program's steps; from it on, the objects that a worker holds.
FIRST_HANDLE = 1 << 32


def item(value: Any, key: Any) -> Any:
    """Return an item of a returned tuple, or an entry of a returned dict; None where the dict has no such entry."""
    # Exact types: a class of the student's would run its own code here, and give judge and worker different items.
    if type(value) is dict:
        return value.get(key)
    if type(value) in (tuple, list) and type(key) is int:
        return value[key]
    raise TypeError("no items")


OPERATIONS: Dict[str, Callable[..., Any]] = {
    "constant": lambda value: value,
    "item": item,
    # A dict as a call left it, with what the check wrote into it since.
    "changed": lambda value, changes: {**value, **changes},
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
