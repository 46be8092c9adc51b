"""Calls of the code under test: what a call is, how it fails, and how to make a call in this process.

A check calls `student.layers.f(...)` and cannot find out whether a sandbox, the reference or a misconception runs the
call. All three follow the same contract: arguments are passed as copies; if the call changes a dict, the caller's dict
changes, too; arrays, numbers, strings and dicts of these are returned as they are, any other value as a handle.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from grader.function_ids import module_of
from grader.records import Frame, Members, Reason, as_written

Call = Callable[[str, tuple[Any, ...], dict[str, Any]], Any]
Functions = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True)
class Failure:
    """Why a call returned no value."""

    status: str  # a status of records.py
    function: str
    explanation: Reason | str  # for the student; a str is a sentence that the author of the check wrote
    frames: tuple[Frame, ...] = ()
    raised: str = ""  # type of the exception

    @property
    def reason(self) -> Reason:
        return self.explanation if isinstance(self.explanation, Reason) else as_written(self.explanation)


class CallFailed(Exception):
    """A call of the code under test returned no value. The exception ends the check; whoever runs checks catches it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.explanation)
        self.failure = failure


Classes = Mapping[str, Members]
NO_CLASSES: Final[Classes] = {}


def owner_of(name: str, classes: Classes) -> str:
    """Return the function of the assignment that a call runs; for a method or attribute, its class."""
    owner = module_of(name)
    return owner if owner in classes else name


def display_name(name: str, classes: Classes) -> str:
    """Return the short name that messages use: `affine_forward`, `TwoLayerNet.loss`."""
    return ".".join(name.split(".")[-2 if owner_of(name, classes) != name else -1 :])


@dataclass(frozen=True)
class LocalHandle:
    """A handle for calls in this process: it holds a value for which a worker would send a handle."""

    value: Any
    type_name: str


def local_call(
    functions: Functions, arities: list[tuple[str, int]] | None = None, classes: Classes = NO_CLASSES
) -> Call:
    """Return a Call that runs functions in this process.

    arities: a list to which each call appends (function, length of the returned tuple or 0 for another value).
    """

    def call(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = [arg.value if isinstance(arg, LocalHandle) else copy.deepcopy(arg) for arg in args]
        named = {key: arg.value if isinstance(arg, LocalHandle) else copy.deepcopy(arg) for key, arg in kwargs.items()}
        owner = owner_of(name, classes)
        value = functions[name](*given, **named) if owner == name else use_member(name, *given, **named)
        for arg, after in zip(args, given, strict=True):
            if isinstance(arg, dict):
                update_dict(arg, after)
        if arities is not None:
            arities.append((name, len(value) if isinstance(value, tuple) else 0))
        pack = plain_or_handle if owner == name else plain_or_handle_per_key
        return type(value)(map(pack, value)) if type(value) in (tuple, list) else pack(value)

    def use_member(name: str, owner: Any, *args: Any, **kwargs: Any) -> Any:
        path, _, member = name.rpartition(".")
        if member in classes[path].methods:
            return getattr(owner, member)(*args, **kwargs)
        if args:
            own = getattr(owner, member)
            own.update({key: np.reshape(item, own[key].shape) for key, item in args[0].items()})
            return True
        return copy.deepcopy(getattr(owner, member))

    return call


def plain_or_handle(value: Any) -> Any:
    return value if is_plain(value) else LocalHandle(value, type(value).__name__)


def plain_or_handle_per_key(value: Any) -> Any:
    """Replace values by handles where needed. A dict stays a dict, because the check reads its entries by key."""
    if not isinstance(value, dict):
        return plain_or_handle(value)
    return {key: plain_or_handle_per_key(item) for key, item in value.items()}


def is_plain(value: Any) -> bool:
    """Return whether a worker would send the value itself and not a handle. For a dict, all values must be plain."""
    if value is None or isinstance(value, bool | int | float | str | bytes | np.generic | np.ndarray | LocalHandle):
        return True
    return type(value) is dict and all(isinstance(key, str) and is_plain(item) for key, item in value.items())


def update_dict(target: dict[Any, Any], source: Mapping[Any, Any]) -> None:
    target.clear()
    target.update(source)


def same(one: Any, other: Any) -> bool:
    """Return whether two arguments or results are equal bit by bit."""
    if one is other:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray | np.generic):
        return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def type_of(value: Any) -> str:
    """Return the name of a value's type for a message: "ndarray". For a handle, the type of the value in the worker."""
    return str(getattr(value, "type_name", type(value).__name__))
