"""Runs all checks of one submission: each module set in a separate sandbox, then failed checks again with stubs.

    sets ──► every check on the student's own code ──► passed: done
                                                   └─► failed, and it may call other functions: rerun with stubs

All of this happens in two passes: first for the visible checks of all sets, including reruns with stubs, then for the
hidden checks. A sandbox stays open for both passes. Students read what visible checks print, raise and return, so no
sandbox may receive a hidden or secret input before the last visible check. Therefore follow-through waits for the end
of the first pass. A visible check that has to run later is marked, and its text is not shown to students.

If stubs of some functions were granted in a sandbox, no check of these functions runs there, because student code
could return results that it learned from the stubs.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

from grader.assignment.sections import ModuleSet
from grader.calls import Failure
from grader.function_ids import module_of_file, short_name
from grader.grading.check_run import follow_up, program_of, run_check
from grader.grading.import_notes import import_notes, note_other_python
from grader.grading.reference_oracle import Oracle
from grader.grading.sandboxes import Sandboxes, group_apart
from grader.grading.time_limits import TimeLimits, is_timeout
from grader.judging.verdict import Trial
from grader.records import MISSING, SKIPPED, TIMEOUT, VISIBLE, Check, Reason
from grader.sandbox.host.check_process import CheckProcess
from grader.sandbox.host.check_setup import Setup
from grader.sandbox.host.failures import submission_timeout
from grader.sandbox.host.plan import LeftOut

# After this share of a submission's time, postponed visible checks wait until the hidden checks are done.
VISIBLE_SHARE: Final = 0.5


@dataclass
class Sandbox:
    """A process, and the files or (with stubs) functions whose checks it runs, in both passes.

    timeouts: for each function, how many times its checks ran out of time here.
    """

    process: CheckProcess
    serves: list[str]
    timeouts: Counter[str] = field(default_factory=Counter)


@dataclass
class SubmissionRun:
    """Runs one submission. own: check's id → trial on own code. on_stubs: check's id → trial with stubs."""

    sandboxes: Sandboxes
    oracle: Oracle = field(init=False)
    time_limits: TimeLimits = field(init=False)
    own: dict[str, Trial] = field(default_factory=dict)
    on_stubs: dict[str, Trial] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)  # of all files
    # (function, stubs): the function failed with these stubs, and no other function caused the failure.
    wrong: set[tuple[str, frozenset[str]]] = field(default_factory=set)
    postponed: list[Check] = field(default_factory=list)  # checks of functions that ran out of time
    on_own_code: dict[ModuleSet, list[Sandbox]] = field(default_factory=dict)
    with_stubs: dict[ModuleSet, list[Sandbox]] = field(default_factory=dict)
    replaced: dict[str, Set[str]] = field(default_factory=dict)  # check's id → stubs of its last rerun
    had_hidden: bool = False  # whether any sandbox has received a hidden or secret input

    def run(self) -> None:
        """Fill `own`, `on_stubs` and the notes. Raises GraderError only for a mistake of the grader or assignment."""
        sets = self.sandboxes.context.assignment.sets
        with self.sandboxes.open() as self.oracle:
            self.time_limits = TimeLimits(self.sandboxes.context.limits, self.oracle)
            self.sandboxes.start_for(sets, self.oracle)
            # Each step runs for all sets, because a set's stubs depend on wrong functions of other sets.
            for visible in (True, False):
                for run in (self.run_set, self.run_again, self.run_postponed):
                    for one in sets:
                        run(one, visible)
                if visible:
                    self.follow_up()
        # First, because this note explains others about left-out statements.
        self.sandboxes.notes[:0] = note_other_python(self.left_out, self.sandboxes.context.interpreter.python)

    def trial_of(self, check: Check) -> Trial:
        """Return a check's trial on the student's own code, or a timeout if the check did not run in time."""
        return self.own.get(check.id) or Trial(check, submission_timeout(self.sandboxes.context.limits))

    def run_set(self, one: ModuleSet, visible: bool) -> None:
        """Run a set's checks on the student's own code. The visible pass also opens the set's sandboxes."""
        if visible:
            self.open_set(one)
        for sandbox in self.on_own_code.get(one, ()):
            checks = self.sandboxes.checks_of(sandbox.serves)
            checks = [check for check in checks if (check.visibility == VISIBLE) == visible]
            if checks or visible:
                self.run_checks(sandbox, checks)
            # No notes in the hidden pass: a new sandbox's import may print what a hidden check left somewhere.
            if visible:
                imported = sandbox.process.session.imported
                self.sandboxes.note(import_notes(imported, sandbox.serves))
                self.left_out += imported.left_out

    def open_set(self, one: ModuleSet) -> None:
        """Open the sandboxes of a set. Checks that cannot run get a failed trial here."""
        self.sandboxes.unusable |= set(one.files) - self.sandboxes.submission.files.keys()
        # If a set imports a file that cannot be used, skip its checks, which would repeat that failure.
        below = [file for file in one.on if file in self.sandboxes.unusable]
        checks = self.sandboxes.checks_of(one.files)
        for check in checks:
            if check.file not in self.sandboxes.submission.files:
                self.own[check.id] = Trial(check, Failure(MISSING, "", Reason.of("not_handed_in", file=check.file)))
            elif below:
                self.own[check.id] = Trial(check, Failure(SKIPPED, "", Reason.of("built_on", file=below[0])))
        if any(check.id not in self.own for check in checks):
            self.open_files(one, one)

    def open_files(self, of: ModuleSet, one: ModuleSet) -> None:
        """Open a sandbox for the files of `one`, a part of the set `of`. If the import fails, open one per file."""
        process = self.sandboxes.open_process(one)
        files = [file for file in one.files if file in self.sandboxes.submission.files]
        if process.session.open().broken is None or len(files) <= 1:
            self.on_own_code.setdefault(of, []).append(Sandbox(process, files))
            return
        process.kill()  # one file exits or hangs, which must not cost the other files marks
        without = (*one.without, "__init__.py")  # a student's __init__.py may import all files
        for single in ModuleSet(tuple(files), one.on, without).alone():
            self.open_files(of, single)

    def run_checks(self, sandbox: Sandbox, checks: Sequence[Check]) -> None:
        """Run checks on the student's own code. Postpone checks of a function that ran out of time too often."""
        process, spent = sandbox.process, sandbox.timeouts
        for position, check in enumerate(checks):
            if spent[check.function] < self.time_limits.tries:
                self.own[check.id] = self.run_check(process, check, following=checks[position + 1 :])
                # A timeout in two processes counts twice.
                spent[check.function] += is_timeout(self.own[check.id]) * self.own[check.id].processes
            else:
                # This trial remains only if run_postponed() has no time for the check.
                self.own[check.id] = Trial(check, not_run(check))
                self.postponed.append(check)
        # After the checks, because a box that was replaced meanwhile imported the modules again.
        failure_of = process.session.imported.failure_of
        self.sandboxes.unusable.update(file for file in sandbox.serves if failure_of(module_of_file(file)) is not None)

    def run_again(self, one: ModuleSet, visible: bool) -> None:
        """Rerun failed checks with stubs of the functions that they call, so that a mistake costs only once."""
        # Without a reference (a student's own run) there are no stubs.
        if self.sandboxes.context.reference_files is None:
            return
        wrong = self.wrong_functions()
        again: dict[str, list[Check]] = {}
        for check in self.sandboxes.checks_of(one.files):
            trial = self.own.get(check.id)
            is_due = (check.visibility == VISIBLE) == visible or (not visible and self.has_more_to_try(check, wrong))
            if trial is None or trial.passed or not is_due or check.file in self.sandboxes.unusable:
                continue
            # Without stubs to grant, or with an unwritten function, the check would fail again.
            if self.sandboxes.context.assignment.stubs_of(check) and not is_missing(trial):
                again.setdefault(check.function, []).append(check)
        for sandbox in self.open_for(one, again):
            spent = sandbox.timeouts
            checks = [check for function in sandbox.serves for check in again.get(function, ())]
            # Visible checks first: after a hidden input in this sandbox, their texts could not be shown.
            for check in visible_first(checks):
                if self.sandboxes.account.is_over:
                    return
                if spent[check.function] < self.time_limits.tries:
                    trial = self.run_on_stubs(sandbox.process, check, wrong)
                    spent[check.function] += is_timeout(trial) * trial.processes
                    # A visible check may run again in the hidden pass, but only to its advantage.
                    if check.id not in self.on_stubs or trial.passed:
                        self.on_stubs[check.id] = trial
            for check in checks:
                if self.time_limits.is_due_again(check, on_stubs=True):
                    self.on_stubs[check.id] = self.run_on_stubs(sandbox.process, check, wrong, usual=True)

    def open_for(self, one: ModuleSet, functions: Iterable[str]) -> list[Sandbox]:
        """Return the set's sandboxes with stubs. Opens more if these functions need them."""
        there = self.with_stubs.setdefault(one, [])
        served = [sandbox.serves for sandbox in there]
        called: dict[str, set[str]] = {function: set() for function in [*chain(*served), *functions]}
        for check in self.sandboxes.checks_of(one.files):
            if check.function in called:
                # A function's checks and a stub of it need different sandboxes (group_apart).
                called[check.function] |= {*self.sandboxes.context.assignment.stubs_of(check), check.needs or ""}
        # The first groups already have open sandboxes.
        for group in group_apart(called, served)[len(there) :]:
            there.append(Sandbox(self.sandboxes.open_process(one, exchange=True), group))
        return there

    def run_on_stubs(self, process: CheckProcess, check: Check, wrong: Set[str], *, usual: bool = False) -> Trial:
        """Run a check with stubs of wrong functions only, which takes fewer messages; if it fails, with all stubs.

        usual: use the assignment's limits, even if other functions ran out of time.
        """
        stubs = self.sandboxes.context.assignment.stubs_of(check)
        is_more = check.id in self.replaced
        self.replaced[check.id] = stubs & wrong
        # Skip this if the function is known to fail even with all stubs.
        if stubs & wrong not in (frozenset(), stubs) and ((check.function, stubs) not in self.wrong or is_more):
            trial = self.run_check(process, check, stubs & wrong, usual=usual)
            if trial.passed or is_more:
                return trial
        return self.run_check(process, check, stubs, usual=usual)

    def has_more_to_try(self, check: Check, wrong: Set[str]) -> bool:
        """Whether hidden checks found more wrong functions after a visible check had failed with stubs."""
        stubs, before = self.sandboxes.context.assignment.stubs_of(check), self.replaced.get(check.id)
        is_new = before is not None and stubs & wrong not in (before, frozenset(), stubs)
        return is_new and check.id in self.on_stubs and not self.on_stubs[check.id].passed

    def wrong_functions(self) -> Set[str]:
        """Return the functions that fail on the student's own code, and the functions that share a cache with them."""
        wrong = {trial.check.function for trial in self.own.values() if not trial.passed}
        pairs = {(trial.check.function, trial.check.needs) for trial in self.own.values() if trial.check.needs}
        # Replace forward and backward together, because the reference and the student may use different caches.
        while more := {name for pair in pairs if not wrong.isdisjoint(pair) for name in pair} - wrong:
            wrong |= more
        return wrong

    def run_postponed(self, one: ModuleSet, visible: bool) -> None:
        """Run postponed checks, and rerun checks that had shortened limits, unless they passed with stubs.

        visible: run only until VISIBLE_SHARE of the time; the rest then runs with the hidden checks.
        """
        wall_s = self.sandboxes.context.limits.submission_wall_s
        until = self.sandboxes.account.until - (1 - VISIBLE_SHARE) * wall_s * visible
        done = {name for name, trial in self.on_stubs.items() if trial.passed}
        for sandbox in self.on_own_code.get(one, ()):
            unsettled = self.own.keys() - done
            checks = visible_first(check for check in self.sandboxes.checks_of(sandbox.serves) if check.id in unsettled)
            # Try each function that never returned once more: it may be slow, not endless (time_limits.py).
            for check in self.time_limits.take_retries(checks):
                self.run_at_last(sandbox.process, check, until)
            for check in checks:
                is_postponed = check in self.postponed and not self.time_limits.is_hopeless(check)
                if is_postponed or self.time_limits.is_due_again(check, on_stubs=False):
                    self.run_at_last(sandbox.process, check, until)

    def run_at_last(self, process: CheckProcess, check: Check, until: float) -> None:
        """Run a check with the assignment's limits, if there is time."""
        if time.monotonic() < until:
            self.postponed = [one for one in self.postponed if one != check]
            self.own[check.id] = self.run_check(process, check, usual=True)

    def follow_up(self) -> None:
        """Find out whether wrong gradients are right for the student's own forward, after the last visible check."""
        # Before the first call, which sends secret inputs to a sandbox.
        self.had_hidden = True
        for trials in (self.own, self.on_stubs):
            for name, trial in trials.items():
                trials[name] = follow_up(trial, self.oracle)

    def setup_for(self, process: CheckProcess, check: Check, *, usual: bool = False) -> Setup:
        """Return the setup of a check without stubs, which is known before it runs, so that it can be queued."""
        context, plan = self.sandboxes.context, process.session.plan
        limits = context.limits if usual else self.time_limits.limits_for(check)
        why = None if limits == context.limits else self.time_limits.reason
        program = program_of(check, context.fixtures, self.sandboxes.handout, plan.functions, plan.classes)
        arities = context.fixtures.checks[check.id].arities
        return Setup(check.seed, limits, why, arities=arities, program=program, may_recall=self.may_recall(check))

    def may_recall(self, check: Check) -> bool:
        """Whether known replies count for a check, and its own become known.

        Not for a visible check after a hidden input: its replies could contain the input, and another submission could
        find out in a visible check, from the time that the judge needs, whether such replies are known.
        """
        return not self.had_hidden or check.visibility != VISIBLE

    def run_check(
        self,
        process: CheckProcess,
        check: Check,
        stubs: frozenset[str] = frozenset(),
        *,
        usual: bool = False,
        following: Sequence[Check] = (),
    ) -> Trial:
        """Run a check and update what later checks depend on: the time limits, and which functions are wrong.

        stubs: functions that the reference replaces. usual: use the assignment's limits, even if other functions ran
        out of time. following: the next checks in the same process, which may be queued. These next checks must be all
        visible or all hidden, because no hidden input may be sent before the last visible check has run.
        """
        # Before the call, because the sandbox receives the hidden input even if the call fails.
        self.had_hidden = self.had_hidden or check.visibility != VISIBLE
        setup = self.setup_for(process, check, usual=usual)
        trial = run_check(
            process,
            check,
            self.sandboxes.context.assignment,
            self.sandboxes.context.fixtures,
            self.oracle,
            setup,
            stubs=stubs,
            handout=self.sandboxes.handout,
            is_wrong=(check.function, stubs) in self.wrong,
            upcoming=lambda number: self.setup_for(process, following[number]) if number < len(following) else None,
        )
        self.time_limits.add(trial, setup.limits or self.sandboxes.context.limits)
        failure = trial.failure
        # Whether the function itself returned wrong values or failed, and not a function that it calls.
        fails_by_itself = failure is None or (failure.function == check.function and failure.status != MISSING)
        if fails_by_itself and not trial.passed:
            self.wrong.add((check.function, stubs))
        # Reports for students leave out texts of trials with after_hidden, which may contain a hidden input.
        if self.had_hidden:
            trial = replace(follow_up(trial, self.oracle), after_hidden=check.visibility == VISIBLE)
        return trial


def visible_first(checks: Iterable[Check]) -> list[Check]:
    return sorted(checks, key=lambda check: check.visibility != VISIBLE)


def not_run(check: Check) -> Failure:
    return Failure(TIMEOUT, check.function, Reason.of("not_run", name=short_name(check.function)))


def is_missing(trial: Trial) -> bool:
    """Whether the function under test is not written, so that a rerun with stubs is useless."""
    failure = trial.failure
    return failure is not None and failure.status == MISSING and failure.function in (trial.check.function, "")
