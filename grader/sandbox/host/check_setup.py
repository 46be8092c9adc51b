"""The input and the result of one check in a process (check_process.py): Setup and Outcome. Frozen data, no state."""

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
    """What a check needs from its process.

    arities: for each call in order, (function, length of the tuple that the reference returns, or 0). granted: the
    functions that are stubs; `answer` answers their calls, on the pipe of this check and no other. program: the calls
    that `work` will probably make; the worker makes them ahead of it. lean: the judge looks only at the results of the
    program, so the worker leaves out values that only the program's own calls need.
    """

    seed: int
    limits: Limits | None = None  # None: the assignment's
    why: Reason | None = None  # why the check has less time than usual, for its report
    times: int = 1  # how many times the CPU time of a check: a numerical gradient makes many calls
    arities: Sequence[tuple[str, int]] = ()
    granted: frozenset[str] = frozenset()
    answer: Answer | None = None
    program: Program | None = None
    may_run_ahead: bool = True
    lean: bool = False

    def is_for(self, other: Setup) -> bool:
        """Whether a check that began with the other setup can serve this one."""
        # By identity: a program is recorded once per process, and a comparison of its arrays would take long.
        is_its_program = self.program is other.program
        return is_its_program and replace(self, program=None) == replace(other, program=None)


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """The result of a check: the value that `work` returned, or a failure.

    printed: the number of printed bytes; prints has the first of them. mutations: function, position of an argument
    that it changed in place, and whether it returned that same array. is_reused: the process had served another check.
    processes: two if the check was rerun. results: the program's, in place of a value; `work` did not run then.
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
        """Return the value of `work`. Raises CallFailed if it failed."""
        if self.failure is not None:
            raise CallFailed(self.failure)
        return cast(T, self.value)  # T itself may be None
