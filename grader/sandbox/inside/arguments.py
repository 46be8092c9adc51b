"""Decides which values of a call are sent to the judge, and finds how the call changed its arguments. Pure."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import numpy as np
import protocol  # type: ignore[import-not-found]
from channel import interned  # type: ignore[import-not-found]

SAME = frozenset([bool, float, np.float64, np.float32, protocol.Handle])  # sent unchanged
# Largest array that is sent, in bytes. Right replies are below 1 MiB; a larger cache stays here as a handle.
MAX_ARRAY = 4 << 20


def is_plain(value: Any) -> bool:
    if value is None or isinstance(value, (bool, int, float, str, bytes, np.generic, protocol.Handle)):
        return True
    if isinstance(value, np.ndarray):
        is_sent = value.dtype in protocol.NAMES or value.dtype.name in protocol.DTYPES
        return is_sent and value.nbytes <= MAX_ARRAY
    # Any other value stays in the worker, which sends a handle for it.
    return type(value) is dict and all(isinstance(key, str) and is_plain(item) for key, item in value.items())


def copy_as_sent(value: Any) -> Any:
    """Return the value that the next call would get if the judge had received it and sent it back: arrays are copied.

    Raises ProtocolError for a value that cannot be sent.
    """
    # The common types first, without the slower codec, because this function runs for each argument and result.
    kind = type(value)
    if value is None or kind in SAME:
        return value
    if kind is np.ndarray and value.dtype in protocol.NAMES and value.dtype.kind != "b":
        return value.copy()
    if kind is tuple or kind is list:
        return kind(map(copy_as_sent, value))
    if kind is dict and all(type(key) is str for key in value):
        return {interned(key): copy_as_sent(item) for key, item in value.items()}
    return protocol.decode(*protocol.encode_part(value), interned)


def snapshot(value: Any) -> Any:
    # The course's functions change only arrays and dicts of arrays in place.
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict):
        return {key: snapshot(item) for key, item in value.items()}
    return value


def changes(before: List[Any], args: Tuple[Any, ...], sent: Tuple[Any, ...]) -> Tuple[Dict[str, Any], List[int]]:
    """Return which arguments the call changed: each changed dict as a whole, and the positions of changed arrays."""
    dicts: Dict[str, Any] = {}
    arrays: List[int] = []
    for position, (old, new) in enumerate(zip(before, args)):
        if isinstance(sent[position], protocol.Handle):
            continue  # the judge has only the handle, so no copy of it is out of date
        if isinstance(old, np.ndarray) and not same(old, new):
            arrays.append(position)
        elif isinstance(old, dict) and not same(old, new):
            dicts[str(position)] = new
    return dicts, arrays


def aliases(value: Any, args: Tuple[Any, ...], changed: List[int]) -> List[int]:
    """Return the positions of changed arrays that the call also returned, whole or as a view, for a remark."""
    items = value if isinstance(value, (tuple, list)) else [value]
    arrays = [item for item in items if isinstance(item, np.ndarray)]
    return [position for position in changed if any(np.may_share_memory(item, args[position]) for item in arrays)]


def same(old: Any, new: Any) -> bool:
    if isinstance(old, np.ndarray):
        # Compare bytes, because == finds NaN different from itself, and -0.0 equal to 0.0.
        return isinstance(new, np.ndarray) and old.dtype == new.dtype and old.tobytes() == new.tobytes()
    if isinstance(old, dict):
        return isinstance(new, dict) and old.keys() == new.keys() and all(same(old[key], new[key]) for key in old)
    return old is new or (type(old) is type(new) and bool(old == new))
