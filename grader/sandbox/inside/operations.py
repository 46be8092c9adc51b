"""The operations that a program applies to earlier results, besides calls: one table for judge and worker. Pure.

The worker applies an operation to values that functions returned, before the judge receives these values. The judge
applies it again later, to verify that the check passes the same arguments as the program.
"""

from __future__ import annotations

import operator
from typing import Any, Callable, Dict

import numpy as np

# A handle below this number means the result of a step of the running program; others mean objects in the worker.
FIRST_HANDLE = 1 << 32


def item(value: Any, key: Any) -> Any:
    """Return an item of a returned tuple, or an entry of a returned dict; None where the dict has no such entry."""
    # Exact types, because a student's subclass could run its own code here and give judge and worker different items.
    if type(value) is dict:
        return value.get(key)
    if type(value) in (tuple, list) and type(key) is int:
        return value[key]
    raise TypeError("no items")


OPERATIONS: Dict[str, Callable[..., Any]] = {
    "constant": lambda value: value,
    "item": item,
    # A dict as a call left it, with the entries that the check wrote later.
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
