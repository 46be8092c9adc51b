"""The reference's code in a sandbox of its own: it replies to stubs, and measures what a submission's code made.

    student's child ──ask──► judge ──call──► reference's child      (isolated like any other: the arguments come from
                    ◄answer─       ◄─reply──                         student code, and may be huge or endless)

The judge only forwards messages. What the reference keeps (a cache) is a handle, valid only in the check that received
it. The oracle starts when a check first needs it, and then serves other submissions too (reference_pool.py). A child
without a failure serves a submission's next check, but no other submission.
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

# Five times the CPU time of a check: a check of one submission may need a numerical gradient through stubs.
SETUP: Final = Setup(0, times=5)


@dataclass
class Oracle:
    """The reference, callable in one check after another.

    process: runs the reference's code; its maker ends it. handout: stubs use its names. documented: by function, the
    cache that its docstring fixes, computed from its arguments, since student code may look into it. makers: by
    backward, the forward whose cache it takes. is_there: False where students run their own code and have no reference;
    then nothing calls it.
    """

    process: CheckProcess
    handout: Handout
    documented: Mapping[str, Callable[..., Any]]
    makers: Mapping[str, str]
    is_there: bool
    is_running: bool = False
    is_sound: bool = False
    # Handles of the reference that the running check received. Any other number is made up, or is of an earlier check.
    given: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        # Stubs use the names and forms of the handout's year; the reference knows only its own.
        self.call_in_their_words = adapt_back(self.call, self.handout)

    @property
    def student(self) -> Student:
        return Student(self.measure, self.process.session.plan.functions, self.process.session.plan.classes)

    def end(self) -> None:
        """Forget what the reference kept for the check that is over."""
        if self.is_running:
            # Handles end with their check: a cache that one check received is refused in another.
            self.process.end(stay=self.is_sound)
        self.is_running, self.given = False, set()

    def leave(self) -> None:
        """End the child, so that it serves no other submission."""
        self.end()
        self.process.dismiss()

    def answer(self, function: str, args: tuple[Any, ...]) -> Mapping[str, Any]:
        """Reply to a stub: the reference's value and changed dicts, or the text of what it raised.

        Outcome `own`: the worker must call the student's own backward, since the student's own forward made the cache.
        """
        handles = list(handles_in(args))
        # Handles are small numbers, which student code can guess. So only those that this check received count.
        if any(handle.number not in self.given for handle in handles):
            return {"outcome": "error", "text": "the cache does not belong to this check"}
        # A backward without any handle of ours: plain data, made by the student's forward or as the docstring says.
        is_foreign = function in self.makers and not handles
        if is_foreign and self.makers[function] not in self.documented:
            return {"outcome": "own", "text": "the cache is not from the grader's own forward"}
        try:
            value = self.call_in_their_words(function, args, {})
        except CallFailed as failed:
            # Once more with rows and columns flattened, and lists as arrays: students may use both, the reference not.
            flat = tuple(as_strict(arg) if position else arg for position, arg in enumerate(args))
            try:
                value = self.call(function, flat, {})
            except CallFailed:
                # A documented cache is plain data. Only when it is used does it show that it is not the expected one.
                return {"outcome": "own" if is_foreign else "error", "text": say(failed.failure.reason)}
            args = flat
        if function in self.documented and isinstance(value, tuple) and len(value) == 2:
            # The documented cache instead of a handle: code that looks into its cache finds what the course describes.
            value = (value[0], self.documented[function](*args))
        self.given |= {handle.number for handle in handles_in(value)}
        return {"outcome": "value", "value": value, "dicts": {str(i): a for i, a in enumerate(args) if type(a) is dict}}

    def measure(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the reference for the check itself. Raises CallFailed where the reference cannot use the arguments."""
        try:
            return self.call(name, args, kwargs)
        except CallFailed as failed:
            classes = self.process.session.plan.classes
            reason = Reason.of("reference_cannot_use", name=display_name(name, classes), why=failed.failure.reason)
            raise CallFailed(Failure(FAILED, owner_of(name, classes), reason)) from None

    def call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not self.is_running:
            # Do this late and not at construction: most submissions need no reference, and its import takes as long as
            # theirs.
            self.process.begin(SETUP, fresh=False)
            self.is_running = self.is_sound = True
            for broken in filter(None, self.process.session.imported.failures.values()):
                # Not the student's fault, so no mark may depend on it.
                raise fault(Reason.of("reference_not_imported", why=broken.reason), SandboxError)
        # Its child was killed in this check. Only the next check gets a new one, since a retry would cost as much time.
        if self.process.state == LOST:
            raise CallFailed(Failure(FAILED, name, Reason.of("reference_stopped")))
        try:
            return self.process.call(name, args, kwargs)
        except CallFailed:
            self.is_sound = False  # what raised may have left something behind, so the child serves no other check
            raise


def as_strict(value: Any) -> Any:
    """Turn a row or column of D values into shape (D,), in a dict too, and a list of numbers into an array.

    These forms are right as well, but the reference is strict.
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
