"""A check as a program: recorded once, sent to every submission, and held against what the check then really does.

    a check's function on placeholders ──► Recorder: steps ──► Program: encoded once
    the replies alone: is all right that the function would return? ──► yes: it is not run
    no: the same function on real values: each call ──► is it the program's next one? ──► its result, as it comes in
                                                    └─► no: Diverged, and the check is rerun call by call

A program holds nothing that a submission returned: placeholders have no values. It ends where the function first looks
at one. The worker runs it ahead of the check. Where something is wrong, what the worker did counts only as far as the
check does the same: the values that it judges are those of its own calls, in its own order, and what went wrong is said
of the call that it makes at that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from grader.calls import Call, same
from grader.judging.placeholder import Look, Placeholder
from grader.sandbox.inside.operations import OPERATIONS
from grader.sandbox.inside.protocol import Handle, ProtocolError, encode_part

CALL: Final = "call"
AFTER: Final = "after"  # a dict argument of an earlier call, as that call left it

LARGE: Final = 2000  # bytes of an array that is sent once, however often the program uses it

Step = tuple[
    Any, ...
]  # operation, operands; of a call: function, args, kwargs, arity, whether the judge needs the value


class Diverged(BaseException):
    """A check does something else than its program: whatever the program did does not count.

    No Exception, so that no check takes it for one of its own.
    """


@dataclass(eq=False)
class Program:
    """Steps, and those up to the last call as they travel. calls: the numbers of the calls, each of which has a reply.

    result: what `work` returns, with references; None where it looked at a value. has_all_calls: whether it is expected
    that `work` makes no call after these. Where there is no result, a run shows it; a wrong guess costs a rerun.
    is_lean: whether results are enough that `work` returns; then the worker may leave out what only other calls need.
    """

    steps: tuple[Step, ...]
    calls: tuple[int, ...]
    part: tuple[bytes, bytes]
    result: Any = None
    has_all_calls: bool = False
    is_lean: bool = False


def record(work: Callable[[Call], Any], arities: Sequence[tuple[str, int]]) -> Program | None:
    """The program of what `work` does with a caller, up to the first look. None where it makes no call before that."""
    recorder, result = Recorder(arities), None
    with suppress(Look, Exception):  # a fault of the check's shows when it runs on values
        result = recorder.written(work(recorder.call))
    if not recorder.calls:
        return None
    steps = recorder.steps
    needed = needed_for(result, steps)
    for number in recorder.calls:
        steps[number] = (*steps[number], result is None or number in needed)
    is_lean = result is not None and not needed.issuperset(recorder.calls)
    try:
        part = encode_part(steps[: recorder.calls[-1] + 1])
        return Program(tuple(steps), tuple(recorder.calls), part, result, result is not None, is_lean)
    except ProtocolError:  # longer than a message may be
        return None


def needed_for(written: Any, steps: Sequence[Step]) -> set[int]:
    """The numbers of the calls whose values a recorded value is made of."""
    if type(written) is Handle:
        operation, *operands = steps[written.number]
        return {written.number} if operation == CALL else needed_for(operands, steps)
    if type(written) is dict:
        written = tuple(written.values())
    return set().union(*(needed_for(one, steps) for one in written)) if type(written) in (tuple, list) else set()


class Recorder:
    """A caller that writes calls down. Arguments are copied: a check may go on to change its arrays."""

    def __init__(self, arities: Sequence[tuple[str, int]]) -> None:
        self.arities = iter(arities)
        self.steps: list[Step] = []
        self.calls: list[int] = []
        self.numbers: dict[int, tuple[Placeholder, int]] = {}
        self.dicts: dict[int, tuple[dict[Any, Any], dict[Any, Any], int, int]] = {}
        self.constants: dict[tuple[str, tuple[int, ...], bytes], Handle] = {}

    def call(self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Placeholder:
        sent = tuple(self.again(arg) if id(arg) in self.dicts else self.written(arg) for arg in args)
        named = {name: self.written(arg) for name, arg in kwargs.items()}
        arity = take_arity(self.arities, function)
        number = self.add((CALL, function, sent, named, arity))
        self.calls.append(number)
        for position, arg in enumerate(args):
            if issubclass(type(arg), dict):  # isinstance() would look at a placeholder
                self.dicts[id(arg)] = (arg, self.written(arg), number, position)
        return Placeholder(CALL, (number,), arity)

    def add(self, step: Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1

    def again(self, arg: dict[Any, Any]) -> Handle:
        """A dict that an earlier call had, too: as that call left it, with what the check wrote into it since."""
        _, before, number, position = self.dicts[id(arg)]
        if before.keys() - arg.keys():
            raise Look
        now = self.written(arg)
        changes = {key: now[key] for key in now if key not in before or not same(now[key], before[key])}
        left = Handle(self.add((AFTER, Handle(number, ""), position)), "")
        return Handle(self.add(("changed", left, changes)), "") if changes else left

    def written(self, value: Any) -> Any:
        """An argument as it travels: a placeholder as a reference to the step that its value comes from."""
        if type(value) is Placeholder:
            return Handle(self.number_of(value), "")
        if isinstance(value, np.ndarray):
            return value.copy() if value.nbytes < LARGE or value.dtype.hasobject else self.constant(value)
        if type(value) in (tuple, list):
            return type(value)(map(self.written, value))
        return {key: self.written(item) for key, item in value.items()} if isinstance(value, dict) else value

    def constant(self, array: np.ndarray) -> Handle:
        """A large array as a step of its own: a net in training is given the same examples again and again."""
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
            step = (one.operation, *map(self.written, one.operands))
            self.numbers[id(one)] = (one, self.add(step))  # with it, so that its id stays its own
        return self.numbers[id(one)][1]


class Replay:
    """A program beside the check that it was recorded from: which call is next, and what the results came to."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.served = 0
        self.values: dict[int, Any] = {}
        self.left: dict[tuple[int, int], dict[Any, Any]] = {}

    def expect(self, function: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Raise Diverged if this is not the program's next call, with the very arguments that the worker has."""
        _, name, sent, named, *_ = self.program.steps[self.program.calls[self.served]]
        try:
            is_next = name == function and same(self.filled(sent), args) and same(self.filled(named), dict(kwargs))
        except Exception:  # what was returned does not have what the program makes of it
            is_next = False
        if not is_next:
            raise Diverged

    def add(self, value: Any, args: tuple[Any, ...]) -> None:
        """What the next call returned, and its arguments as it left them."""
        number = self.program.calls[self.served]
        self.values[number] = value
        self.left.update({(number, at): dict(arg) for at, arg in enumerate(args) if isinstance(arg, dict)})
        self.served += 1

    def filled(self, written: Any) -> Any:
        """What was recorded with values in the place of references."""
        if type(written) is Handle:
            return self.value(written.number)
        if type(written) in (tuple, list):
            return type(written)(map(self.filled, written))
        return {key: self.filled(item) for key, item in written.items()} if type(written) is dict else written

    def value(self, number: int) -> Any:
        if number not in self.values:
            operation, *operands = self.program.steps[number]
            if operation == AFTER:
                return self.left[operands[0].number, operands[1]]
            self.values[number] = OPERATIONS[operation](*map(self.filled, operands))
        return self.values[number]


def take_arity(arities: Iterator[tuple[str, int]], function: str) -> int | None:
    """The next arity that is this function's; those before it are gone. None where there is none."""
    return next((arity for name, arity in arities if name == function), None)
