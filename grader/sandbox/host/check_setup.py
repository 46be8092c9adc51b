"""Setup and Outcome: what check_process.py needs to run one check, and what it returns. Frozen records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
    functions that are stubs during this check; `answer` returns the replies to their calls. program: the calls that
    `work` will probably make, which the worker runs ahead. may_recall: whether known conversations of the program
    count, and this one becomes known.
    """

    seed: int
    limits: Limits | None = None  # None: the assignment's
    why: Reason | None = None  # for the report: why the check has less time than usual
    times: int = 1  # multiplies the CPU limit: a numerical gradient makes many calls
    arities: Sequence[tuple[str, int]] = ()
    granted: frozenset[str] = frozenset()
    answer: Answer | None = None
    program: Program | None = None
    may_run_ahead: bool = True
    may_recall: bool = False


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """The result of a check: the value that `work` returned, or a failure.

    prints: the first printed bytes, as text. printed: the number of all printed bytes. mutations: function, position
    of an argument that it changed in place, whether it returned that array. is_reused: the process had served another
    check. processes: two if the check was rerun.
    """

    value: T | None
    failure: Failure | None
    prints: str = ""
    printed: int = 0
    mutations: tuple[tuple[str, int, bool], ...] = ()
    is_reused: bool = False
    processes: int = 1

    def returned(self) -> T:
        """Return the value of `work`, or raise its CallFailed."""
        if self.failure is not None:
            raise CallFailed(self.failure)
        return cast(T, self.value)  # not an assertion, since None may be a valid value
