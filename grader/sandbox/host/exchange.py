"""The calls of one check as messages, and the replies as values. Without IO: `post` carries a message and a reply.

    call ──► a message: with what begins the check, and what is to be written first ──► post ──► reply ──► a value
    write into an object ──► waits for the next message                          (True, until that shows otherwise)
    read an object's dict ──► the value that came with the object, if nothing was called since

The wire carries one message a call. What a check's calls are to the worker is decided here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from grader.calls import CallFailed, Classes, update_dict
from grader.function_ids import module_of, short_name
from grader.sandbox.host.failures import Circumstances, failure_from, malformed, not_written, wrong_arity
from grader.sandbox.inside.protocol import Handle

Post = Callable[[dict[str, Any], str], dict[str, Any]]


class Malformed(CallFailed):
    """A reply of the right form says neither a value nor a failure: whoever sent it is in doubt."""


class Exchange:
    """One check's calls, from the first to settle()."""

    def __init__(
        self,
        opening: dict[str, Any],
        arities: Sequence[tuple[str, int]],
        classes: Classes,
        at: Callable[[str], Circumstances],
    ) -> None:
        """opening: what the first message says of the check. arities: for each call in order, (function, length of the
        tuple that the reference returns, or 0). at: how a failure of a function is described."""
        self.opening: dict[str, Any] | None = opening
        self.arities = list(arities)
        self.classes = classes
        self.at = at
        self.unsent: list[tuple[str, tuple[Any, ...]]] = []
        self.told: dict[tuple[str, Handle], dict[str, Any]] = {}
        self.mutations: list[tuple[str, int, bool]] = []

    def call(self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any], post: Post) -> Any:
        """One call of the code under test. Raises CallFailed for whatever is not a value."""
        if is_attribute(function, self.classes):
            told, self.told = self.told, {}
            if len(args) > 1:
                self.unsent.append((function, tuple(map(copied, args))))
                return True
            if isinstance(args[0], Handle) and (function, args[0]) in told:
                return self.value_of(function, {"outcome": "value", "value": told[function, args[0]]})
        reply = self.send({"op": "call", "function": function, "args": args, "kwargs": kwargs}, function, post)
        for name, content in reply.get("attributes", {}).items():
            if isinstance(reply["value"], Handle) and type(content) is dict:
                self.told[f"{function}.{name}", reply["value"]] = content
        value = self.value_of(function, reply)
        for key, after in reply["dicts"].items():
            if int(key) < len(args) and isinstance(args[int(key)], dict):
                update_dict(args[int(key)], after)
        returned = reply.get("aliases", [])
        self.mutations += [(function, p, p in returned) for p in reply["arrays"] if p < len(args)]
        return value

    def settle(self, post: Post) -> None:
        """See to it that all was sent. Raises CallFailed if something could not be written."""
        if self.opening is not None or self.unsent:
            self.send({"op": "settle"}, "", post)

    def send(self, message: dict[str, Any], function: str, post: Post) -> dict[str, Any]:
        """One message, with what is to be done before it, and its reply. Raises CallFailed if that failed."""
        self.told = {}
        writes, self.unsent = self.unsent, []
        if self.opening is not None:
            message["begin"], self.opening = self.opening, None
        if writes:
            message["writes"] = writes
        reply = post(message, function)
        for position, (attribute, _) in enumerate(writes):
            failed = position == reply.get("failed")
            self.value_of(attribute, reply if failed else {"outcome": "value", "value": True})
        return reply

    def value_of(self, function: str, reply: dict[str, Any]) -> Any:
        """The returned value, of the arity that the reference has here. Raises CallFailed."""
        if reply.get("outcome") != "value":
            failure = failure_from(reply, self.at(function))
            if failure is None:
                raise Malformed(malformed(self.at(function)))
            raise CallFailed(failure)
        if reply.get("stub") is True:
            raise CallFailed(not_written(self.at(function)))
        value = reply["value"]
        while self.arities:
            expected_function, arity = self.arities.pop(0)
            if expected_function != function:
                continue
            if (failure := wrong_arity(arity, value, self.at(function))) is not None:
                raise CallFailed(failure)
            break
        return value


def is_attribute(function: str, classes: Classes) -> bool:
    """Whether it is an attribute of a class: read with the object alone, written with what it is to hold besides."""
    owner = module_of(function)
    return owner in classes and short_name(function) in classes[owner].attributes


def copied(value: Any) -> Any:
    """As it is now, whatever becomes of its arrays until it is sent."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return value.copy() if isinstance(value, np.ndarray) else value
