"""Decides how long a check may run, by how many functions of the submission ran out of time before.

    fewer than ENOUGH functions ran out of time ──► the limits of assignment.toml
    as many, or more                            ──► SHORT_S, or SHORT_TIMES the reference's time for the same check
        and the check runs out of it            ──► at last once more with the usual limits, if its function returned
                                                    in another check; if it never returned, as long as AGAIN_S lasts

With the full limits, a submission in which every function hangs would use all of submission_wall_s, and a hundred such
submissions would take hours. But short limits must not cost right code marks. So the reference first runs the same
check, in the same kind of sandbox, with the same Python and NumPy, on the equally busy machine, and the limit is a
multiple of its time. A stored number could not follow the machine's load. Without a reference, no limit is shortened.
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

ENOUGH: Final = 3  # functions that ran out of time; usual submissions have 0 or 1, rarely 2
SHORT_TIMES: Final = 20  # a short limit is this many times the reference's wall time
# The least CPU time of a check. The slowest known right solution (seven nested loops) needs a tenth of it.
SHORT_S: Final = 0.5
# After so many timeouts, a function's other checks are postponed. Otherwise an endless loop in one layer would leave
# no time for nets, which stubs can rescue. A timeout in a shared process and again in a fresh one counts twice.
TRIES: Final = 2
TRIES_IF_SHORT: Final = 1
# For all reruns of functions that never returned: enough for a few slow functions among some that hang.
AGAIN_S: Final = 6.0


@dataclass
class TimeLimits:
    """The time limits of one submission. timed_out: functions that ran out of time. ended: functions that returned
    values in some check. cut: (check's id, whether with stubs) → the function that ran out of shortened time."""

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
        """Return the check's current limits, which are never above those of assignment.toml."""
        if not self.is_short:
            return self.limits
        if check.id not in self.needs_s:
            self.needs_s[check.id] = measure_reference(check, self.oracle)
        needs_s = self.needs_s[check.id]
        if needs_s is None:
            return self.limits
        cpu_s = min(self.limits.cpu_s, max(SHORT_S, SHORT_TIMES * needs_s))
        # Keep assignment.toml's ratio of wall time to CPU time, because the machine may be busy.
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
        """Whether to postpone a function's other checks: limits are short, and the function never returned."""
        return self.is_short and check.function not in self.ended

    def is_due_again(self, check: Check, *, on_stubs: bool) -> bool:
        """Whether to rerun a check that ran out of shortened time: its function returned in another check."""
        return self.cut.get((check.id, on_stubs)) in self.ended

    def take_retries(self, checks: Iterable[Check]) -> Iterator[Check]:
        """Yield the first check of each function that never returned and ran only with shortened time."""
        for check in checks:
            is_cut = (check.id, False) in self.cut  # False: on the student's own code
            if self.again_s > 0 and is_cut and check.function not in self.again | self.ended:
                self.again.add(check.function)
                began = time.monotonic()
                yield check
                self.again_s -= time.monotonic() - began

    @property
    def reason(self) -> Reason:
        return Reason.of("had_less_time", functions=len(self.timed_out))


def is_timeout(trial: Trial) -> bool:
    """Whether a function ran out of time. If the submission's time ended, the failure names no function."""
    return trial.failure is not None and trial.failure.status == TIMEOUT and trial.failure.function != ""


def measure_reference(check: Check, oracle: Oracle) -> float | None:
    """Return the seconds that the reference needs for a check, including messages.

    None without a reference, or if no time is left. Raises GraderError if the reference's sandbox fails.
    """
    if not oracle.is_there:
        return None
    oracle.process.session.open()  # before the measurement, so that the start does not count
    began = time.monotonic()
    try:
        perform(check.run, oracle.student, inputs_from(check.seed), oracle.student)
        oracle.process.settle()
    except GraderError:
        raise
    except Exception:  # the submission's time has ended
        return None
    finally:
        oracle.end()
    return time.monotonic() - began
