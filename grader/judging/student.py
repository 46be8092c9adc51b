"""The code under test as a check sees it: `student.layers.conv_forward_naive(...)`.

Behind the name stands a caller: a session with a sandbox, or here, in process, the reference or a misconception. Both
keep the same contract, so that a check cannot tell them apart: arguments are handed over as copies; dicts that the call
changed come back changed; arrays, numbers, strings and dicts of them are returned, anything else only as a handle.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.errors import AssignmentError
from grader.records import Frame

Call = Callable[[str, tuple[Any, ...], dict[str, Any]], Any]


@dataclass(frozen=True)
class Failure:
    """Why a call gave no value: status as in records.py, text for the student, what was raised, and where."""

    status: str
    function: str
    text: str
    frames: tuple[Frame, ...] = ()


class CallFailed(Exception):
    """A call of the code under test gave no value. Passes through a check up to whoever runs it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


class Student:
    """Names below the package, resolved to calls. Only functions of the assignment exist."""

    def __init__(self, call: Call, functions: frozenset[str], prefix: str = "") -> None:
        self._call = call
        self._functions = functions
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        path = f"{self._prefix}{name}"
        if path in self._functions:
            return lambda *args, **kwargs: self._call(path, args, kwargs)
        if any(function.startswith(path + ".") for function in self._functions):
            return Student(self._call, self._functions, path + ".")
        raise AssignmentError(f"check: {path} is no function of the assignment. Check the spelling.")


@dataclass(frozen=True)
class Kept:
    """The in-process twin of a handle: what does not travel."""

    value: Any
    type_name: str


def local_call(functions: Mapping[str, Callable[..., Any]], arities: list[tuple[str, int]] | None = None) -> Call:
    """A caller that runs functions in this process. arities: filled with (function, length of its tuple or 0)."""

    def call(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = [arg.value if isinstance(arg, Kept) else copy.deepcopy(arg) for arg in args]
        named = {key: arg.value if isinstance(arg, Kept) else copy.deepcopy(arg) for key, arg in kwargs.items()}
        value = functions[name](*given, **named)
        for arg, after in zip(args, given, strict=True):
            if isinstance(arg, dict):
                update_dict(arg, after)
        if arities is not None:
            arities.append((name, len(value) if isinstance(value, tuple) else 0))
        return type(value)(map(keep, value)) if type(value) in (tuple, list) else keep(value)

    return call


def keep(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str | bytes | np.generic | np.ndarray | Kept):
        return value
    if isinstance(value, dict):
        return {key: keep(item) for key, item in value.items()}
    return Kept(value, type(value).__name__)


def update_dict(target: dict[Any, Any], source: Mapping[Any, Any]) -> None:
    target.clear()
    target.update(source)


def type_of(value: Any) -> str:
    """The name of a value's type for messages; of a kept one, the type that it has where it is kept."""
    return str(getattr(value, "type_name", type(value).__name__))
