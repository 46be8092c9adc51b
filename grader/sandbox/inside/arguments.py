"""What of a call's values travels, and what the call did to its arguments."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import numpy as np
import protocol  # type: ignore[import-not-found]
from channel import interned  # type: ignore[import-not-found]

SAME = frozenset([bool, float, np.float64, np.float32, protocol.Handle])  # types that arrive as they were sent
MAX_ARRAY = 4 << 20  # bytes of an array that travels: right replies are below 1 MiB, a cache may be large and stays


def is_plain(value: Any) -> bool:
    if value is None or isinstance(value, (bool, int, float, str, bytes, np.generic, protocol.Handle)):
        return True
    if isinstance(value, np.ndarray):
        is_sent = value.dtype in protocol.NAMES or value.dtype.name in protocol.DTYPES
        return is_sent and value.nbytes <= MAX_ARRAY
    return type(value) is dict and all(isinstance(key, str) and is_plain(item) for key, item in value.items())


def copy_as_sent(value: Any) -> Any:
    """What would come back if the value went to the judge and from there into the next call: arrays are copied.

    Raises ProtocolError for what cannot be sent.
    """
    kind = type(value)
    if value is None or kind in SAME:
        return value
    if kind is np.ndarray and value.dtype in protocol.NAMES and value.dtype.kind != "b":
        return value.copy()
    if kind is tuple or kind is list:
        return kind(map(copy_as_sent, value))
    if kind is dict and all(type(key) is str for key in value):
        return {interned(key): copy_as_sent(item) for key, item in value.items()}
    return next(protocol.Decoder(text=interned).feed(protocol.encode(value)))


def snapshot(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict):
        return {key: snapshot(item) for key, item in value.items()}
    return value


def changes(before: List[Any], args: Tuple[Any, ...], sent: Tuple[Any, ...]) -> Tuple[Dict[str, Any], List[int]]:
    """What the call did to the arguments that were sent: dicts that changed, whole; positions of arrays that did."""
    dicts: Dict[str, Any] = {}
    arrays: List[int] = []
    for position, (old, new) in enumerate(zip(before, args)):
        if isinstance(sent[position], protocol.Handle):
            continue  # the caller has no copy of it
        if isinstance(old, np.ndarray) and not same(old, new):
            arrays.append(position)
        elif isinstance(old, dict) and not same(old, new):
            dicts[str(position)] = new
    return dicts, arrays


def aliases(value: Any, args: Tuple[Any, ...], changed: List[int]) -> List[int]:
    """Which of the changed arrays the call has returned as well, or a view of them."""
    items = value if isinstance(value, (tuple, list)) else [value]
    arrays = [item for item in items if isinstance(item, np.ndarray)]
    return [position for position in changed if any(np.may_share_memory(item, args[position]) for item in arrays)]


def same(old: Any, new: Any) -> bool:
    if isinstance(old, np.ndarray):
        return isinstance(new, np.ndarray) and old.dtype == new.dtype and old.tobytes() == new.tobytes()
    if isinstance(old, dict):
        return isinstance(new, dict) and old.keys() == new.keys() and all(same(old[key], new[key]) for key in old)
    return old is new or (type(old) is type(new) and bool(old == new))
