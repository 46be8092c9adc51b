"""What goes in at the door to a process that serves checks (check_process.py), and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, cast

from grader.calls import CallFailed, Failure
from grader.records import Reason
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.program import Program

T = TypeVar("T")
Answer = Callable[[str, tuple[Any, ...]], Mapping[str, Any]]


@dataclass(frozen=True)
class Setup:
    """What a check needs of its process. limits: None for the usual ones; why: it has less time than usual, as its
    report says; times: how many times the CPU time of a check.

    arities: for each call in order, (function, length of the tuple that the reference returns, or 0). granted:
    functions that are stubs, which `answer` answers for, on the pipe of this check and no other. program: what `work`
    is expected to call, which the worker does ahead of it. lean: where the results of the program are all that is
    looked at, the worker leaves out what only its own calls need.
    """

    seed: int
    limits: Limits | None = None
    why: Reason | None = None
    times: int = 1
    arities: Sequence[tuple[str, int]] = ()
    granted: frozenset[str] = frozenset()
    answer: Answer | None = None
    program: Program | None = None
    may_run_ahead: bool = True
    lean: bool = False

    def is_for(self, other: Setup) -> bool:
        """Whether a check that was begun with the other one is the one that this is for. A program is made once."""
        is_its_program = self.program is other.program
        return is_its_program and replace(self, program=None) == replace(other, program=None)


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What came of a check: what `work` returned, or a failure. printed: bytes, of which prints is the beginning.

    mutations: function, position of an argument that it changed in place, and whether it returned that very array.
    is_reused: its process had served another check. processes: two, if it was rerun. results: what its program
    returned, in the place of a value; `work` was not asked then.
    """

    value: T | None
    failure: Failure | None
    prints: str = ""
    printed: int = 0
    mutations: tuple[tuple[str, int, bool], ...] = ()
    is_reused: bool = False
    processes: int = 1
    results: Any = None

    def returned(self) -> T:
        """What `work` returned. Raises CallFailed where nothing was."""
        if self.failure is not None:
            raise CallFailed(self.failure)
        return cast(T, self.value)
