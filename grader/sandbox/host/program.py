"""A check as a program: recorded once, sent to every submission, and compared with the calls that the check makes.

    a check's function on placeholders ──► Recorder: steps ──► Program: encoded once
    the same function on real values: each call ──► is it the program's next one? ──► its result, as it comes in
                                                └─► no: Diverged, and the check is rerun call by call

A program contains no value of a submission, because the check's function was run on placeholders. The program ends
where the function first looks at a value. The worker runs the program ahead of the check's function, which takes each
call's result from the program as long as it makes the same calls. So a failure is reported for the call that the
function makes at that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from grader.calls import Call, same
from grader.judging.placeholder import Look, Placeholder
from grader.sandbox.host.conversations import Conversations
from grader.sandbox.inside.operations import OPERATIONS
from grader.sandbox.inside.protocol import Handle, ProtocolError, encode_part

CALL: Final = "call"
AFTER: Final = "after"  # a dict argument of an earlier call, as that call left the dict

LARGE: Final = 2000  # bytes; a program sends an array of this size once, and refers to it

# (operation, operands…), for a call: (CALL, function, args, kwargs, arity)
Step = tuple[Any, ...]


class Diverged(BaseException):
    """A check made another call than its program, so the program's results do not count.

    A BaseException, so that no `except Exception` in a check catches it.
    """


@dataclass(eq=False)
class Program:
    """The recorded steps. part: the encoded steps up to the last call. calls: the numbers of the steps that are calls.

    has_all_calls: whether `work` is assumed to make no further calls; if it looked at a value, the first run of the
    check shows this. A wrong assumption costs a rerun. known: right conversations that began with the program.
    """

    steps: tuple[Step, ...]
    calls: tuple[int, ...]
    part: tuple[bytes, bytes]
    has_all_calls: bool = False
    known: Conversations = field(default_factory=Conversations)


def record(work: Callable[[Call], Any], arities: Sequence[tuple[str, int]]) -> Program | None:
    """Record the calls of `work` before its first look at a value. Returns None if it makes no such call."""
    recorder, has_all_calls = Recorder(arities), False
    with suppress(Look, Exception):  # a mistake in the check will show on real values
        work(recorder.call)
        has_all_calls = True
    if not recorder.calls:
        return None
    try:
        part = encode_part(recorder.steps[: recorder.calls[-1] + 1])
        return Program(tuple(recorder.steps), tuple(recorder.calls), part, has_all_calls)
    except ProtocolError:  # too long for one message, so calls are sent one by one
        return None


class Recorder:
    """Records calls instead of making them. Copies the arguments, because a check may change its arrays later."""

    def __init__(self, arities: Sequence[tuple[str, int]]) -> None:
        self.arities = iter(arities)
        self.steps: list[Step] = []
        self.calls: list[int] = []
        self.numbers: dict[int, tuple[Placeholder, int]] = {}
        self.dicts: dict[int, tuple[dict[Any, Any], dict[Any, Any], int, int]] = {}
        self.constants: dict[tuple[str, tuple[int, ...], bytes], Handle] = {}

    def call(self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Placeholder:
        sent = tuple(self.changed_dict(arg) if id(arg) in self.dicts else self.as_sent(arg) for arg in args)
        named = {name: self.as_sent(arg) for name, arg in kwargs.items()}
        arity = take_arity(self.arities, function)
        number = self.add((CALL, function, sent, named, arity))
        self.calls.append(number)
        for position, arg in enumerate(args):
            # issubclass, because isinstance() reads __class__, which counts as a look at a placeholder.
            if issubclass(type(arg), dict):
                self.dicts[id(arg)] = (arg, self.as_sent(arg), number, position)
        return Placeholder(CALL, (number,), arity)

    def add(self, step: Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1

    def changed_dict(self, arg: dict[Any, Any]) -> Handle:
        """Record a dict that an earlier call got, too: as that call left it, with the check's later entries."""
        _, before, number, position = self.dicts[id(arg)]
        # No operation can remove a key, so the program ends here.
        if before.keys() - arg.keys():
            raise Look
        now = self.as_sent(arg)
        changes = {key: now[key] for key in now if key not in before or not same(now[key], before[key])}
        left = Handle(self.add((AFTER, Handle(number, ""), position)), "")
        return Handle(self.add(("changed", left, changes)), "") if changes else left

    def as_sent(self, value: Any) -> Any:
        """Return an argument as it is sent: in place of a placeholder, a reference to the step that computes it."""
        if type(value) is Placeholder:
            return Handle(self.number_of(value), "")
        if isinstance(value, np.ndarray):
            # Copy an array of objects: its tobytes() returns addresses, which cannot be compared.
            return value.copy() if value.nbytes < LARGE or value.dtype.hasobject else self.constant(value)
        if type(value) in (tuple, list):
            return type(value)(map(self.as_sent, value))
        return {key: self.as_sent(item) for key, item in value.items()} if isinstance(value, dict) else value

    def constant(self, array: np.ndarray) -> Handle:
        """Record a large array as one step for many calls: training a net passes the same examples in every call."""
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.constants:
            self.constants[key] = Handle(self.add(("constant", array.copy())), "")
        return self.constants[key]

    def number_of(self, one: Placeholder) -> int:
        if one.operation == CALL:
            return int(one.operands[0])
        if one.operation not in OPERATIONS:
            raise Look
        if id(one) not in self.numbers:
            step = (one.operation, *map(self.as_sent, one.operands))
            # Keep the placeholder too: otherwise a later object could get the same id.
            self.numbers[id(one)] = (one, self.add(step))
        return self.numbers[id(one)][1]


class Replay:
    """Compares a running check with its program: knows the next expected call, and the values of steps so far."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.served = 0
        self.values: dict[int, Any] = {}
        self.left: dict[tuple[int, int], dict[Any, Any]] = {}

    def expect(self, function: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Raise Diverged unless this call and its arguments are the same as the program's next call."""
        _, name, sent, named, *_ = self.program.steps[self.program.calls[self.served]]
        try:
            is_next = (
                name == function and same(self.with_values(sent), args) and same(self.with_values(named), dict(kwargs))
            )
        except Exception:  # e.g. the program uses an entry that a returned dict lacks
            is_next = False
        if not is_next:
            raise Diverged

    def add(self, value: Any, args: tuple[Any, ...]) -> None:
        """Record the value that the next call returned, and its dict arguments after the call."""
        number = self.program.calls[self.served]
        self.values[number] = value
        # Copy the dict, because the check may write into it after this call.
        self.left.update({(number, at): dict(arg) for at, arg in enumerate(args) if isinstance(arg, dict)})
        self.served += 1

    def with_values(self, written: Any) -> Any:
        """Return a recorded value with its references replaced by values."""
        if type(written) is Handle:
            return self.value(written.number)
        if type(written) in (tuple, list):
            return type(written)(map(self.with_values, written))
        return {key: self.with_values(item) for key, item in written.items()} if type(written) is dict else written

    def value(self, number: int) -> Any:
        if number not in self.values:
            operation, *operands = self.program.steps[number]
            if operation == AFTER:
                return self.left[operands[0].number, operands[1]]
            self.values[number] = OPERATIONS[operation](*map(self.with_values, operands))
        return self.values[number]


def take_arity(arities: Iterator[tuple[str, int]], function: str) -> int | None:
    """Return the arity of this function's next call in the list, or None. Removes the calls before it from the list."""
    # Drops calls because a check may take another branch than with the reference, and skip calls.
    return next((arity for name, arity in arities if name == function), None)
