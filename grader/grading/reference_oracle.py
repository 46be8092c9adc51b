"""Oracle: runs the reference in a separate sandbox. The oracle replies to stubs, and helps checks to measure values.

    student's child ──ask──► judge ──call──► reference's child      (isolated like any other: the arguments come from
                    ◄answer─       ◄─reply──                         student code, and may be huge or endless)

The judge only forwards messages. The judge sends the reference's caches as handles, which only the same check may use.
The oracle's sandbox starts when a check first needs the reference, and then serves other submissions, too
(reference_pool.py). A child of it serves further checks of one submission until a call fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from grader.calls import CallFailed, Failure, display_name, owner_of
from grader.errors import SandboxError
from grader.judging.adapt import Handout, adapt_back
from grader.judging.student_proxy import Student
from grader.messages.say import fault, say
from grader.records import FAILED, Reason
from grader.sandbox.host.check_lifecycle import LOST
from grader.sandbox.host.check_process import CheckProcess
from grader.sandbox.host.check_setup import Setup
from grader.sandbox.inside.protocol import Handle

# Five times the CPU time of a check, because a check may need a numerical gradient through stubs.
SETUP: Final = Setup(0, times=5)


@dataclass
class Oracle:
    """Calls the reference for the checks of one submission.

    process: runs the reference's code; the caller ends it. handout: stubs use its names. documented: function →
    computes the cache that the function's docstring defines, which student code may use. makers: backward → the
    forward that makes its cache. is_there: False if students run their own code, without a reference.
    """

    process: CheckProcess
    handout: Handout
    documented: Mapping[str, Callable[..., Any]]
    makers: Mapping[str, str]
    is_there: bool
    is_running: bool = False
    is_sound: bool = False
    # Handles that the running check received. Student code may send other numbers, made up or from earlier checks.
    given: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        # Stubs use names and forms of the submission's handout, and the reference uses its own.
        self.call_in_their_words = adapt_back(self.call, self.handout)

    @property
    def student(self) -> Student:
        return Student(self.measure, self.process.session.plan.functions, self.process.session.plan.classes)

    def end(self) -> None:
        """End the current check, and with it the handles of the reference."""
        if self.is_running:
            # The oracle refuses the handles of this check in later checks.
            self.process.end(stay=self.is_sound)
        self.is_running, self.given = False, set()

    def leave(self) -> None:
        """End the child process, so that it serves no other submission."""
        self.end()
        self.process.dismiss()

    def answer(self, function: str, args: tuple[Any, ...]) -> Mapping[str, Any]:
        """Return the reply to a stub: the reference's value and the changed dicts, or the text of its exception.

        Outcome `own`: the worker must call the student's own backward, because the student's own forward made the
        cache.
        """
        handles = list(handles_in(args))
        # Student code can guess handles, which are small numbers, so accept only handles that this check received.
        if any(handle.number not in self.given for handle in handles):
            return {"outcome": "error", "text": "the cache does not belong to this check"}
        # A backward without a handle got a plain cache: from the student's forward, or the documented cache.
        is_foreign = function in self.makers and not handles
        if is_foreign and self.makers[function] not in self.documented:
            return {"outcome": "own", "text": "the cache is not from the grader's own forward"}
        try:
            value = self.call_in_their_words(function, args, {})
        except CallFailed as failed:
            # Retry with flat rows and columns, and with lists as arrays: the reference does not accept those forms.
            flat = tuple(as_strict(arg) if position else arg for position, arg in enumerate(args))
            try:
                value = self.call(function, flat, {})
            except CallFailed:
                # Only the call shows that a plain cache was not the documented one.
                return {"outcome": "own" if is_foreign else "error", "text": say(failed.failure.reason)}
            args = flat
        if function in self.documented and isinstance(value, tuple) and len(value) == 2:
            # Send the documented cache, not a handle, because student code may use the content of such a cache.
            value = (value[0], self.documented[function](*args))
        self.given |= {handle.number for handle in handles_in(value)}
        return {"outcome": "value", "value": value, "dicts": {str(i): a for i, a in enumerate(args) if type(a) is dict}}

    def measure(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the reference for the check's function. Raises CallFailed if the reference cannot use the arguments."""
        try:
            return self.call(name, args, kwargs)
        except CallFailed as failed:
            classes = self.process.session.plan.classes
            reason = Reason.of("reference_cannot_use", name=display_name(name, classes), why=failed.failure.reason)
            raise CallFailed(Failure(FAILED, owner_of(name, classes), reason)) from None

    def call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not self.is_running:
            # Start only here, because most submissions need no reference, and its import takes as long as theirs.
            self.process.begin(SETUP, fresh=False)
            self.is_running = self.is_sound = True
            for broken in filter(None, self.process.session.imported.failures.values()):
                # This is the grader's fault, so it must not cost marks.
                raise fault(Reason.of("reference_not_imported", why=broken.reason), SandboxError)
        # The child was killed during this check. A retry could take as long, so only the next check gets a new one.
        if self.process.state == LOST:
            raise CallFailed(Failure(FAILED, name, Reason.of("reference_stopped")))
        try:
            return self.process.call(name, args, kwargs)
        except CallFailed:
            self.is_sound = False  # the failed call may have left a trace, so the child serves no further check
            raise


def as_strict(value: Any) -> Any:
    """Return a row or column of D values in shape (D,), and a list of numbers as an array, also inside dicts.

    Students may use these forms, but the reference does not accept them.
    """
    if isinstance(value, np.ndarray) and value.ndim > 1 and value.size == max(value.shape):
        return value.reshape(-1)
    if isinstance(value, list) and all(isinstance(item, bool | int | float | np.generic) for item in value):
        return np.asarray(value)
    return {key: as_strict(item) for key, item in value.items()} if type(value) is dict else value


def handles_in(value: Any) -> Iterator[Handle]:
    if isinstance(value, Handle):
        yield value
    elif isinstance(value, dict | tuple | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from handles_in(item)
