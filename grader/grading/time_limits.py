"""How long a check of one submission may run, given what ran out of time before it.

    fewer than ENOUGH functions ran out of time ──► the limits of assignment.toml
    as many, or more                            ──► less: SHORT_S, or SHORT_TIMES what the reference needs here and now
        and the check runs out of it            ──► at last once more with the usual limits, if its function ended in
                                                    another check; if it ended in none, as long as AGAIN_S lasts

Otherwise a submission in which every function hangs would use all of submission_wall_s, and a class of a hundred such
submissions would take hours. Right code must not pay for that. So the reference runs the same check first, in the same
kind of sandbox, with the same Python and NumPy, on the machine as busy as it is then: the limit grows with all of
these. A stored number could not. Where there is no reference, no limit is shortened.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from grader.errors import GraderError
from grader.grading.attempt import inputs_from
from grader.grading.reference_oracle import Oracle
from grader.judging.run_check_function import perform
from grader.judging.verdict import Trial
from grader.records import TIMEOUT, Check, Reason
from grader.sandbox.host.limits import Limits

ENOUGH: Final = 3  # functions that ran out of time; a right submission has none, and one with a mistake rarely two
SHORT_TIMES: Final = 20  # of the reference's wall time
# CPU time that any check gets. The slowest right solution seen (seven nested loops) needs 0.05 s, a tenth of it.
SHORT_S: Final = 0.5
# Checks of one function that may run out of time before its other checks are put off. Otherwise an endless loop in one
# layer would take all time from the nets that are graded on stubs. A check that runs out of time in a shared process,
# and again in a fresh one, counts twice.
TRIES: Final = 2
TRIES_IF_SHORT: Final = 1
# Enough for a few slow functions among some that hang. A submission in which all functions hang costs this once.
AGAIN_S: Final = 6.0


@dataclass
class TimeLimits:
    """The time limits of one submission. timed_out: functions that ran out of time; ended: functions that returned
    values in a check; cut: by a check's id and whether it ran on stubs, the function that ran out of a short time."""

    limits: Limits
    oracle: Oracle
    timed_out: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    cut: dict[tuple[str, bool], str] = field(default_factory=dict)
    needs_s: dict[str, float | None] = field(default_factory=dict)
    again: set[str] = field(default_factory=set)
    again_s: float = AGAIN_S

    @property
    def is_short(self) -> bool:
        return len(self.timed_out) >= ENOUGH

    @property
    def tries(self) -> int:
        return TRIES_IF_SHORT if self.is_short else TRIES

    def limits_for(self, check: Check) -> Limits:
        """Return what the check may use now. Never more than assignment.toml allows."""
        if not self.is_short:
            return self.limits
        if check.id not in self.needs_s:
            self.needs_s[check.id] = measure_reference(check, self.oracle)
        needs_s = self.needs_s[check.id]
        if needs_s is None:
            return self.limits
        cpu_s = min(self.limits.cpu_s, max(SHORT_S, SHORT_TIMES * needs_s))
        # Wall time stays as far above CPU time as it is in assignment.toml: the machine may be busy.
        return replace(self.limits, cpu_s=cpu_s, wall_s=cpu_s / self.limits.cpu_s * self.limits.wall_s)

    def add(self, trial: Trial, limits: Limits) -> None:
        """Record the result of a check that ran under these limits."""
        run = (trial.check.id, bool(trial.stubs))
        self.cut.pop(run, None)
        if trial.failure is None:
            self.ended.add(trial.check.function)
        if is_timeout(trial) and trial.failure is not None:
            self.timed_out.add(trial.failure.function)
            if limits != self.limits:
                self.cut[run] = trial.failure.function

    def is_hopeless(self, check: Check) -> bool:
        """Whether a function's other checks are not worth their time: the function has ended in none."""
        return self.is_short and check.function not in self.ended

    def is_due_again(self, check: Check, *, on_stubs: bool) -> bool:
        """Whether a check gets the usual time: it ran out of a shortened one, and that function ended in another."""
        return self.cut.get((check.id, on_stubs)) in self.ended

    def take_retries(self, checks: Iterable[Check]) -> Iterator[Check]:
        """Yield the first check of each function that ended in none, but ran only with a shortened time."""
        for check in checks:
            is_cut = (check.id, False) in self.cut  # on the student's own code, and it has not run again since
            if self.again_s > 0 and is_cut and check.function not in self.again | self.ended:
                self.again.add(check.function)
                began = time.monotonic()
                yield check
                self.again_s -= time.monotonic() - began

    @property
    def reason(self) -> Reason:
        return Reason.of("had_less_time", functions=len(self.timed_out))


def is_timeout(trial: Trial) -> bool:
    """Whether a function ran out of time. If the whole submission did, no function is named."""
    return trial.failure is not None and trial.failure.status == TIMEOUT and trial.failure.function != ""


def measure_reference(check: Check, oracle: Oracle) -> float | None:
    """Measure the seconds that the reference needs for a check, with all messages to and from its sandbox.

    None where there is no reference, or no time is left to run it. Raises GraderError if its sandbox fails.
    """
    if not oracle.is_there:
        return None
    oracle.process.session.open()  # before the clock starts: a start is not part of the check
    began = time.monotonic()
    try:
        perform(check.run, oracle.student, inputs_from(check.seed), oracle.student)
        oracle.process.settle()
    except GraderError:
        raise
    except Exception:  # the submission's time is over
        return None
    finally:
        oracle.end()
    return time.monotonic() - began
