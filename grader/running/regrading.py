"""For each regraded submission: which checks run, which verdicts of the earlier result still hold, and what changed.

    begin ─► checks to run (partial_regrade.py) ─► graded ─► complete ─► Result, and its change ─► report/regraded.py
                                                                 └─► None: grade it once more, on all checks

Memory holds the earlier results of the submissions that are being graded.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from grader.assignment.check_parts import hash_checks, hash_rest
from grader.grading.context import Context
from grader.records import GRADED, GRADER_ERROR, Result
from grader.report.regraded import Regraded
from grader.running.partial_regrade import PARTS, REST, merge, what_to_run


@dataclass
class Regrading:
    """The regraded submissions of one run.

    checks: for submissions that do not run all checks, the checks to run. again: ids of submissions to grade once more,
    on all checks. partly: ids of submissions that reuse verdicts of the earlier result. moved: the changes from the
    earlier results.
    """

    context: Context
    checks: dict[str, Collection[str]] = field(default_factory=dict)
    again: list[str] = field(default_factory=list)
    partly: list[str] = field(default_factory=list)
    moved: Regraded = field(default_factory=Regraded)
    _earlier: dict[str, Result] = field(default_factory=dict)
    _fresh: dict[str, Result] = field(default_factory=dict)

    @cached_property
    def parts(self) -> Mapping[str, object]:
        """The hashes of the assignment's parts; empty if the assignment has no reference."""
        context = self.context
        if context.reference_files is None:
            return {}
        rest = hash_rest(context.assignment, context.handed_out, context.reference_files)
        return {REST: rest, "checks": hash_checks(context.assignment, context.fixtures)}

    def begin(self, earlier: Result, fresh: Result, *, whole: bool) -> None:
        """Choose the checks to run before a submission is graded again.

        fresh: a result for today's files, without verdicts. whole: run all checks, even if earlier verdicts still hold.
        """
        self._earlier[earlier.id] = earlier
        checks = None if whole else what_to_run(earlier, self.with_parts(fresh), self.context.assignment)
        if checks is not None:
            self.checks[earlier.id], self._fresh[earlier.id] = checks, self.with_parts(fresh)

    def complete(self, result: Result) -> Result | None:
        """Return the result to store, with all checks and with the hashes of the assignment's parts.

        If only some checks ran and their outcome may affect the others, add the submission to `again` and return None.
        """
        ran, fresh = self.checks.pop(result.id, None), self._fresh.pop(result.id, None)
        if ran is not None and fresh is not None and result.status == GRADED:
            merged = merge(self._earlier[result.id], result, fresh, self.context.assignment, ran)
            if merged is None:
                self.again.append(result.id)
                return None
            self.partly.append(result.id)
            result = merged
        earlier = self._earlier.pop(result.id, None)
        if earlier is not None and result.status != GRADER_ERROR:
            self.moved.add(earlier, result := self.with_parts(result))
        return self.with_parts(result)

    def with_parts(self, result: Result) -> Result:
        return replace(result, assignment={**result.assignment, PARTS: self.parts}) if self.parts else result
