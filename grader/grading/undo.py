"""What replies wrote into a check's own dicts, undone before the same code is asked for its gradient. Pure.

A dict that is passed to the code under test comes back as that code left it: bn_param with its running averages. Such a
dict is a memory, too: a forward could keep the check's inputs in conv_param, be given them back with every question of
the numerical gradient, and answer each as suits it. So whoever asks again begins with what the check itself had said.
"""

from __future__ import annotations

import copy
from typing import Any

from grader.calls import Call, same

ABSENT = object()


class Undoable:
    """Calls of the code under test, whose writes into dicts can be undone; after that, dicts go as copies."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._written: list[tuple[dict[Any, Any], Any, Any]] = []
        self._is_over = False

    def call(self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._is_over:
            return self._call(function, tuple(copy.deepcopy(a) if isinstance(a, dict) else a for a in args), kwargs)
        before = [dict(arg) if isinstance(arg, dict) else None for arg in args]
        value = self._call(function, args, kwargs)
        for arg, old in zip(args, before, strict=True):
            if old is not None:  # a reply replaces what a dict holds and writes into none of it
                for key in {**old, **arg}:
                    if not same(old.get(key, ABSENT), arg.get(key, ABSENT)):
                        self._written.append((arg, key, old.get(key, ABSENT)))
        return value

    def undo(self) -> None:
        """Every dict as the check itself left it, now and from now on."""
        for target, key, old in reversed(self._written):
            if old is ABSENT:
                target.pop(key, None)
            else:
                target[key] = old
        self._written, self._is_over = [], True
