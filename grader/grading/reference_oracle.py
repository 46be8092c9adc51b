"""The reference's code in a sandbox of its own: it answers stubs, and measures what a submission's code has made.

    student's child ──ask──► judge ──call──► reference's child      (shut in like any other: the arguments are a
                    ◄answer─       ◄─reply──                         stranger's, and may be huge or endless)

The judge only carries messages. What the reference keeps (a cache) is a handle, good for the check that it was given
to. Started when it is first needed, and then kept for other submissions (reference_pool.py); a child that nothing went
wrong in serves a submission's next check, too, and no other submission's.
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
from grader.sandbox.host.check_process import LOST, CheckProcess
from grader.sandbox.host.check_setup import Setup
from grader.sandbox.inside.protocol import Handle

# Five times the CPU time of a check: one submission's check may ask for a numerical gradient through stubs.
SETUP: Final = Setup(0, times=5)


@dataclass
class Oracle:
    """The reference, callable during one check after the other.

    process: with the reference's code; whoever made it ends it. handout: the one in whose words stubs are asked.
    documented: by function, the cache that its docstring fixes, from its arguments: a student's code may look into
    that. makers: by backward, the forward whose cache it takes. is_there: False where students run their own code
    and have no reference; it is never asked then.
    """

    process: CheckProcess
    handout: Handout
    documented: Mapping[str, Callable[..., Any]]
    makers: Mapping[str, str]
    is_there: bool
    is_running: bool = False
    is_sound: bool = False
    given: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.call_in_their_words = adapt_back(self.call, self.handout)

    @property
    def student(self) -> Student:
        return Student(self.measure, self.process.session.plan.functions, self.process.session.plan.classes)

    def end(self) -> None:
        """Forget what was kept for the check that is over."""
        if self.is_running:
            self.process.end(stay=self.is_sound)
        self.is_running, self.given = False, set()

    def leave(self) -> None:
        """Let no child be there for another submission."""
        self.end()
        self.process.dismiss()

    def answer(self, function: str, args: tuple[Any, ...]) -> Mapping[str, Any]:
        """What a stub is told: the reference's value and changed dicts, or the text of what it raised.

        Outcome `own`: the student's own backward is to be called, since a forward of the student's own made the cache.
        """
        handles = list(handles_in(args))
        if any(handle.number not in self.given for handle in handles):
            return {"outcome": "error", "text": "a cache that is none of this check's"}
        is_foreign = function in self.makers and not handles
        if is_foreign and self.makers[function] not in self.documented:
            return {"outcome": "own", "text": "the cache is not from the grader's own forward"}
        try:
            value = self.call_in_their_words(function, args, {})
        except CallFailed as failed:
            flat = tuple(as_strict(arg) if position else arg for position, arg in enumerate(args))
            try:
                value = self.call(function, flat, {})
            except CallFailed:
                # A documented cache comes as plain data, so only its use shows that it is another one.
                return {"outcome": "own" if is_foreign else "error", "text": say(failed.failure.reason)}
            args = flat
        if function in self.documented and isinstance(value, tuple) and len(value) == 2:
            value = (value[0], self.documented[function](*args))
        self.given |= {handle.number for handle in handles_in(value)}
        return {"outcome": "value", "value": value, "dicts": {str(i): a for i, a in enumerate(args) if type(a) is dict}}

    def measure(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call by a check itself. Raises CallFailed where the reference cannot use what it is given."""
        try:
            return self.call(name, args, kwargs)
        except CallFailed as failed:
            classes = self.process.session.plan.classes
            reason = Reason.of("reference_cannot_use", name=display_name(name, classes), why=failed.failure.reason)
            raise CallFailed(Failure(FAILED, owner_of(name, classes), reason)) from None

    def call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not self.is_running:
            self.process.begin(SETUP, fresh=False)
            self.is_running = self.is_sound = True
            for broken in filter(None, self.process.session.imported.failures.values()):
                raise fault(Reason.of("reference_not_imported", why=broken.reason), SandboxError)
        if self.process.state == LOST:
            raise CallFailed(Failure(FAILED, name, Reason.of("reference_stopped")))
        try:
            return self.process.call(name, args, kwargs)
        except CallFailed:
            self.is_sound = False
            raise


def as_strict(value: Any) -> Any:
    """A row or column of D values as (D,), in a dict too, and a list of numbers as an array.

    They are right as well, but the reference is strict.
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
