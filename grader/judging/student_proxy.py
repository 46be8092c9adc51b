"""The code under test as a check sees it: `student.layers.conv_forward_naive(...)`, `student.nets.Net(...).loss(X, y)`.

The proxy calls either a session with a sandbox or, in this process, the reference or a misconception. A check cannot
distinguish the two: both pass copies of arguments, update dicts that the call changed, return arrays, numbers, strings
and dicts of these as values, and return handles for other objects.

An object of a class is a handle with members: `Net.loss` is called with the handle and the arguments, `Net.params` with
the handle alone to read the dict, or with the handle and a dict to write entries.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from grader.calls import Call, CallFailed, Classes, Failure, type_of
from grader.errors import AssignmentError
from grader.judging.compare import squeezed
from grader.judging.placeholder import Placeholder
from grader.messages.of_check import placed
from grader.messages.say import fault
from grader.records import FAILED, MISSING, Members, Reason


class Student:
    """Calls functions by attributes: `student.layers.f(x)`. Only the assignment's functions and classes exist."""

    def __init__(self, call: Call, functions: frozenset[str], classes: Classes | None = None, prefix: str = "") -> None:
        self._call = call
        self._functions = functions
        self._classes = classes or {}
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        path = f"{self._prefix}{name}"
        if path in self._classes:
            members = self._classes[path]
            return lambda *args, **kwargs: Instance(self._call, path, members, self._call(path, args, kwargs))
        if path in self._functions:
            return lambda *args, **kwargs: self._call(path, args, kwargs)
        if any(function.startswith(path + ".") for function in self._functions):
            return Student(self._call, self._functions, self._classes, path + ".")
        raise fault(Reason.of("no_such_function", function=path), AssignmentError)


class Instance:
    """An object of the code under test, with its methods and its dicts of arrays.

    Setting a dict replaces the given entries and keeps the others, because a net may have additional parameters. Each
    array gets the shape of the existing entry if only axes of length 1 differ. Raises CallFailed if other axes differ,
    or if there is no such entry. The existing shapes are those of the last read of the dict.
    """

    def __init__(self, call: Call, function: str, members: Members, handle: Any) -> None:
        vars(self).update(_call=call, _function=function, _members=members, _handle=handle, _read={})

    def __getattr__(self, name: str) -> Any:
        member = f"{self._function}.{name}"
        if name in self._members.methods:
            return lambda *args, **kwargs: self._call(member, (self._handle, *args), kwargs)
        if name in self._members.attributes:
            value = self._call(member, (self._handle,), {})
            if type(value) is dict and not value:
                reason = placed(self._function, Reason.of("attribute_is_empty", attribute=name))
                raise CallFailed(Failure(MISSING, self._function, reason))
            self._read[name] = value
            return dict(value) if type(value) is dict else value
        if name == "type_name":
            return type_of(self._handle)
        raise fault(Reason.of("no_such_member", member=member), AssignmentError)

    def __setattr__(self, name: str, values: Mapping[str, Any]) -> None:
        own = self._read[name] if name in self._read else getattr(self, name)
        in_shapes_of(own, values, self._function, name)  # raises if shapes differ
        given = {key: value if type(value) is Placeholder else np.asarray(value) for key, value in values.items()}
        self._call(f"{self._function}.{name}", (self._handle, given), {})


def in_shapes_of(own: Any, values: Mapping[str, Any], function: str, attribute: str) -> dict[str, Any]:
    """Return the arrays of `values`, each in its shape in the object's own dict; {} during a recording."""
    if type(own) is Placeholder:
        return {}

    def failed(reason: Reason) -> CallFailed:
        return CallFailed(Failure(FAILED, function, placed(function, reason)))

    if not isinstance(own, dict):
        raise failed(Reason.of("attribute_of_type", attribute=attribute, type=type_of(own)))
    shaped = {}
    for key, value in values.items():
        if not isinstance(own.get(key), np.ndarray):
            names = list(map(str, list(own)[:20]))
            if key not in own:
                raise failed(Reason.of("no_such_entry", attribute=attribute, key=key, names=names))
            kind = type_of(own[key])
            raise failed(Reason.of("entry_of_type", attribute=attribute, key=key, type=kind, names=names))
        found, due = own[key].shape, np.shape(value)
        if squeezed(found) != squeezed(due):
            raise failed(Reason.of("entry_has_shape", attribute=attribute, key=key, found=found, expected=due))
        shaped[key] = np.reshape(value, own[key].shape)
    return shaped
