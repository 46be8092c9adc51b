"""The code under test as a check sees it: `student.layers.conv_forward_naive(...)`, `student.nets.Net(...).loss(X, y)`.

Behind the name stands a caller: a session with a sandbox, or here, in process, the reference or a misconception. Both
keep the same contract, so that a check cannot tell them apart: arguments are handed over as copies; dicts that the call
changed come back changed; arrays, numbers, strings and dicts of them are returned, anything else only as a handle.

What a class makes is a handle with members: `Net.loss` is called with it and the arguments, `Net.params` with it alone
to read, with it and a dict to write entries.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.errors import AssignmentError
from grader.records import FAILED, MISSING, Frame, Members

Call = Callable[[str, tuple[Any, ...], dict[str, Any]], Any]


@dataclass(frozen=True)
class Failure:
    """Why a call gave no value: status as in records.py, text for the student, where, and the raised type's name."""

    status: str
    function: str
    text: str
    frames: tuple[Frame, ...] = ()
    raised: str = ""


class CallFailed(Exception):
    """A call of the code under test gave no value. Passes through a check up to whoever runs it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


Classes = Mapping[str, Members]


class Student:
    """Names below the package, resolved to calls. Only functions and classes of the assignment exist."""

    def __init__(self, call: Call, functions: frozenset[str], classes: Classes | None = None, prefix: str = "") -> None:
        self._call = call
        self._functions = functions
        self._classes = classes or {}
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        path = f"{self._prefix}{name}"
        if path in self._classes:
            return lambda *args, **kwargs: Instance(
                self._call, path, self._classes[path], self._call(path, args, kwargs)
            )
        if path in self._functions:
            return lambda *args, **kwargs: self._call(path, args, kwargs)
        if any(function.startswith(path + ".") for function in self._functions):
            return Student(self._call, self._functions, self._classes, path + ".")
        raise AssignmentError(f"check: {path} is no function of the assignment. Check the spelling.")


class Instance:
    """An object of the code under test. Its methods are called and its dicts of arrays read by their names.

    Setting a dict replaces the entries that are given and leaves the others: a net may keep parameters of its own. Each
    array takes the shape that the entry has there, if they differ by axes of length 1 only; raises CallFailed if they
    differ otherwise or there is no such entry. The shapes are those of the last time that the dict was read.
    """

    def __init__(self, call: Call, function: str, members: Members, kept: Any) -> None:
        vars(self).update(_call=call, _function=function, _members=members, _kept=kept, _read={})
        vars(self).update(type_name=type_of(kept))

    def __getattr__(self, name: str) -> Any:
        member = f"{self._function}.{name}"
        if name in self._members.methods:
            return lambda *args, **kwargs: self._call(member, (self._kept, *args), kwargs)
        if name in self._members.attributes:
            value = self._call(member, (self._kept,), {})
            if value == {}:
                text = f"{self._function.rpartition('.')[2]}: {name} is empty: the constructor is not written yet."
                raise CallFailed(Failure(MISSING, self._function, text))
            self._read[name] = value
            return dict(value) if isinstance(value, dict) else value
        raise AssignmentError(f"check: {member} is none of its methods and attributes in the assignment.")

    def __setattr__(self, name: str, values: Mapping[str, Any]) -> None:
        own = self._read[name] if name in self._read else getattr(self, name)
        shaped = in_shapes_of(own, values, self._function, name)
        self._call(f"{self._function}.{name}", (self._kept, shaped), {})


def in_shapes_of(own: Any, values: Mapping[str, Any], function: str, attribute: str) -> dict[str, Any]:
    """The arrays of `values`, each in the shape that it has in the object's own dict."""

    def failed(text: str) -> CallFailed:
        return CallFailed(Failure(FAILED, function, f"{function.rpartition('.')[2]}: {text}"))

    if not isinstance(own, dict):
        raise failed(f"{attribute} is of type {type_of(own)}, expected a dict of arrays.")
    shaped = {}
    for key, value in values.items():
        if not isinstance(own.get(key), np.ndarray):
            found = f"is of type {type_of(own[key])}" if key in own else "is not there"
            names = ", ".join(map(str, list(own)[:20]))
            raise failed(f"{attribute}[{key!r}] {found}, expected an array. It holds {names}.")
        value, shape = np.asarray(value), own[key].shape
        if value.shape != shape:
            if [length for length in shape if length != 1] != [length for length in value.shape if length != 1]:
                raise failed(f"{attribute}[{key!r}] has shape {shape}, expected {value.shape}.")
            value = value.reshape(shape)
        shaped[key] = value
    return shaped


def owner_of(name: str, classes: Classes) -> str:
    """The function or class of the assignment that a call is one of: of a member, its class."""
    owner = name.rpartition(".")[0]
    return owner if owner in classes else name


def spoken(name: str, classes: Classes) -> str:
    """How a message names what was called: `affine_forward`, `TwoLayerNet.loss`."""
    return ".".join(name.split(".")[-2 if owner_of(name, classes) != name else -1 :])


@dataclass(frozen=True)
class Kept:
    """The in-process twin of a handle: what does not travel."""

    value: Any
    type_name: str


def local_call(
    functions: Mapping[str, Callable[..., Any]],
    arities: list[tuple[str, int]] | None = None,
    classes: Classes | None = None,
) -> Call:
    """A caller that runs functions in this process. arities: filled with (function, length of its tuple or 0)."""

    def call(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = [arg.value if isinstance(arg, Kept) else copy.deepcopy(arg) for arg in args]
        named = {key: arg.value if isinstance(arg, Kept) else copy.deepcopy(arg) for key, arg in kwargs.items()}
        owner = owner_of(name, classes or {})
        value = functions[name](*given, **named) if owner == name else use_member(name, *given, **named)
        for arg, after in zip(args, given, strict=True):
            if isinstance(arg, dict):
                update_dict(arg, after)
        if arities is not None:
            arities.append((name, len(value) if isinstance(value, tuple) else 0))
        pack = keep if owner == name else keep_opened
        return type(value)(map(pack, value)) if type(value) in (tuple, list) else pack(value)

    def use_member(name: str, owner: Any, *args: Any, **kwargs: Any) -> Any:
        path, _, member = name.rpartition(".")
        if member in (classes or {})[path].methods:
            return getattr(owner, member)(*args, **kwargs)
        if args:
            getattr(owner, member).update(*args)
            return True
        return copy.deepcopy(getattr(owner, member))

    return call


def keep(value: Any) -> Any:
    return value if is_plain(value) else Kept(value, type(value).__name__)


def keep_opened(value: Any) -> Any:
    """A dict that a check reads by names travels, whatever it holds besides."""
    return {key: keep_opened(item) for key, item in value.items()} if isinstance(value, dict) else keep(value)


def is_plain(value: Any) -> bool:
    """What a worker would send as it is: a dict only if all of it is."""
    if value is None or isinstance(value, bool | int | float | str | bytes | np.generic | np.ndarray | Kept):
        return True
    return type(value) is dict and all(isinstance(key, str) and is_plain(item) for key, item in value.items())


def update_dict(target: dict[Any, Any], source: Mapping[Any, Any]) -> None:
    target.clear()
    target.update(source)


def type_of(value: Any) -> str:
    """The name of a value's type for messages; of a kept one, the type that it has where it is kept."""
    return str(getattr(value, "type_name", type(value).__name__))
