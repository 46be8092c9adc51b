"""All trials of one submission: each module set in a sandbox of its own, then failed checks again on stubs.

    sets ──► every check on the student's own code ──► passed: done
                                                   └─► failed, and it may call siblings: rerun with stubs of those

All of this happens twice: first for the visible checks of all sets, on stubs too, then for the hidden ones. A sandbox
stays open from the first pass to the second. So when a visible check prints, raises or returns what a student reads, no
sandbox of the submission has had a hidden input, nor one from a secret seed: follow-through waits until all visible
checks have run. A visible check that has to run later is marked, and its text is not shown.

A sandbox that was granted stubs of some functions never runs a check of those functions. There the student's code could
return what it learned from the stubs.
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
from grader.grading.check_run import follow_up, run_check, setup_for
from grader.grading.import_notes import import_notes, note_other_python
from grader.grading.reference_oracle import Oracle
from grader.grading.sandboxes import Sandboxes, group_apart
from grader.grading.time_limits import TimeLimits, is_timeout
from grader.judging.verdict import Trial
from grader.records import MISSING, SKIPPED, TIMEOUT, VISIBLE, Check, Reason
from grader.sandbox.host.check_process import CheckProcess
from grader.sandbox.host.check_setup import Setup
from grader.sandbox.host.failures import submission_timeout
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.plan import LeftOut

# The share of a submission's time after which postponed visible checks wait until the hidden ones are done.
VISIBLE_SHARE: Final = 0.5


@dataclass
class Sandbox:
    """A process and what it serves, in both passes: files, or functions on stubs.

    timeouts: by function, how many times its checks ran out of time here.
    """

    process: CheckProcess
    serves: list[str]
    timeouts: Counter[str] = field(default_factory=Counter)


@dataclass
class SubmissionRun:
    """The run of one submission. own: by check, its trial on the student's own code; on_stubs: its rerun with stubs."""

    sandboxes: Sandboxes
    oracle: Oracle = field(init=False)
    time_limits: TimeLimits = field(init=False)
    own: dict[str, Trial] = field(default_factory=dict)
    on_stubs: dict[str, Trial] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)  # of all files; some statements are for another Python
    # Functions that failed with these stubs, by themselves and not because another function failed.
    wrong: set[tuple[str, frozenset[str]]] = field(default_factory=set)
    postponed: list[Check] = field(default_factory=list)  # because their functions ran out of time before
    on_own_code: dict[ModuleSet, list[Sandbox]] = field(default_factory=dict)
    with_stubs: dict[ModuleSet, list[Sandbox]] = field(default_factory=dict)
    replaced: dict[str, Set[str]] = field(default_factory=dict)  # by check, its wrong functions when it was last rerun
    had_hidden: bool = False  # a sandbox has had a hidden check's input, or one from a secret seed

    def run(self) -> None:
        """Fill `own`, `on_stubs` and the notes. Raises GraderError only for a mistake of the grader or assignment."""
        sets = self.sandboxes.context.assignment.sets
        with self.sandboxes.open() as self.oracle:
            self.time_limits = TimeLimits(self.sandboxes.context.limits, self.oracle)
            self.sandboxes.start_for(sets, self.oracle)
            # Set by set within each step: a set's stubs depend on which functions of other sets are wrong.
            for visible in (True, False):
                for run in (self.run_set, self.run_again, self.run_postponed):
                    for one in sets:
                        run(one, visible)
                if visible:
                    self.follow_up()
        # First: it explains the other notes on what was left out.
        self.sandboxes.notes[:0] = note_other_python(self.left_out, self.sandboxes.context.interpreter.python)

    def trial_of(self, check: Check) -> Trial:
        """Return a check's trial on the student's own code; a timeout if the submission's time ended before it ran."""
        return self.own.get(check.id) or Trial(check, submission_timeout(self.sandboxes.context.limits))

    def run_set(self, one: ModuleSet, visible: bool) -> None:
        """Run a set's checks on the student's own code. The visible pass also opens the set's sandboxes."""
        if visible:
            self.open_set(one)
            self.load_next(one)
        for sandbox in self.on_own_code.get(one, ()):
            checks = self.sandboxes.checks_of(sandbox.serves)
            checks = [check for check in checks if (check.visibility == VISIBLE) == visible]
            if checks or visible:
                self.run_checks(sandbox, checks)
            # Not in the hidden pass: a sandbox that is opened then may import what a hidden check left somewhere.
            if visible:
                imported = sandbox.process.session.imported
                self.sandboxes.note(import_notes(imported, sandbox.serves))
                self.left_out += imported.left_out

    def load_next(self, one: ModuleSet) -> None:
        """Let the next set's modules be imported while this set's checks run, if its files can be used."""
        sets = self.sandboxes.context.assignment.sets
        for after in sets[sets.index(one) + 1 :][:1]:
            if after in self.sandboxes.started and self.sandboxes.unusable.isdisjoint(after.on):
                self.sandboxes.load(after)

    def open_set(self, one: ModuleSet) -> None:
        """Open the sandboxes of a set. Checks that cannot run get their trials here."""
        self.sandboxes.unusable |= set(one.files) - self.sandboxes.submission.files.keys()
        # A set built on a file that cannot be used is skipped: its checks would only repeat that failure.
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
        """Open a sandbox for the files of `one`, a part of the set `of`; or one per file, if importing all fails."""
        process = self.sandboxes.open_process(one)
        files = [file for file in one.files if file in self.sandboxes.submission.files]
        if process.session.open().broken is None or len(files) <= 1:
            self.on_own_code.setdefault(of, []).append(Sandbox(process, files))
            return
        process.kill()  # one of the files ends the process or hangs, and no other may lose marks for that
        without = (*one.without, "__init__.py")  # the student's own may import all of them
        for single in ModuleSet(tuple(files), one.on, without).alone():
            self.open_files(of, single)

    def run_checks(self, sandbox: Sandbox, checks: Sequence[Check]) -> None:
        """Run checks on the student's own code. Postpone those of a function that has run out of time too often."""
        process, spent = sandbox.process, sandbox.timeouts
        for position, check in enumerate(checks):
            if spent[check.function] < self.time_limits.tries:
                self.own[check.id] = self.run_check(process, check, following=checks[position + 1 :])
                # A check that ran out of time in two processes has cost twice as much.
                spent[check.function] += is_timeout(self.own[check.id]) * self.own[check.id].processes
            else:
                # This trial stands only if no time is left for the check at the end (run_postponed).
                self.own[check.id] = Trial(check, not_run(check))
                self.postponed.append(check)
        # Only now: a box that was replaced meanwhile imported its modules again.
        failure_of = process.session.imported.failure_of
        self.sandboxes.unusable.update(file for file in sandbox.serves if failure_of(module_of_file(file)) is not None)

    def run_again(self, one: ModuleSet, visible: bool) -> None:
        """Rerun failed checks with stubs of the functions that they call, so that a mistake costs only once."""
        # Students who run their own code have no reference, and so no stubs.
        if self.sandboxes.context.reference_files is None:
            return
        wrong = self.wrong_functions()
        again: dict[str, list[Check]] = {}
        for check in self.sandboxes.checks_of(one.files):
            trial = self.own.get(check.id)
            is_due = (check.visibility == VISIBLE) == visible or (not visible and self.has_more_to_try(check, wrong))
            if trial is None or trial.passed or not is_due or check.file in self.sandboxes.unusable:
                continue
            # A check that calls no other function, or whose own function is not written, would fail again.
            if self.sandboxes.context.assignment.stubs_of(check) and not is_missing(trial):
                again.setdefault(check.function, []).append(check)
        for sandbox in self.open_for(one, again):
            spent = sandbox.timeouts
            checks = [check for function in sandbox.serves for check in again.get(function, ())]
            # No hidden input may be in this sandbox before a visible check runs there, or its text is not shown.
            for check in visible_first(checks):
                if self.sandboxes.account.is_over:
                    return
                if spent[check.function] < self.time_limits.tries:
                    trial = self.run_on_stubs(sandbox.process, check, wrong)
                    spent[check.function] += is_timeout(trial) * trial.processes
                    # In the hidden pass a visible check may run again: it can gain by that, but not lose.
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
                # What needs to be apart: a stub of a function, and the function's own checks (group_apart).
                called[check.function] |= {*self.sandboxes.context.assignment.stubs_of(check), check.needs or ""}
        # New groups come behind the existing ones, whose sandboxes are open already.
        for group in group_apart(called, served)[len(there) :]:
            there.append(Sandbox(self.sandboxes.open_process(one, exchange=True), group))
        return there

    def run_on_stubs(self, process: CheckProcess, check: Check, wrong: Set[str], *, usual: bool = False) -> Trial:
        """Run a check with stubs of its wrong functions, which takes the fewest messages; if it fails, with all stubs.

        usual: with the assignment's limits, even if other functions ran out of time.
        """
        stubs = self.sandboxes.context.assignment.stubs_of(check)
        is_more = check.id in self.replaced
        self.replaced[check.id] = stubs & wrong
        # Skipped if the function is known to fail even with all stubs: then fewer stubs do not help.
        if stubs & wrong not in (frozenset(), stubs) and ((check.function, stubs) not in self.wrong or is_more):
            trial = self.run_check(process, check, stubs & wrong, usual=usual)
            if trial.passed or is_more:
                return trial
        return self.run_check(process, check, stubs, usual=usual)

    def has_more_to_try(self, check: Check, wrong: Set[str]) -> bool:
        """Whether a visible check failed on stubs before hidden checks found more of its functions wrong."""
        stubs, before = self.sandboxes.context.assignment.stubs_of(check), self.replaced.get(check.id)
        is_new = before is not None and stubs & wrong not in (before, frozenset(), stubs)
        return is_new and check.id in self.on_stubs and not self.on_stubs[check.id].passed

    def wrong_functions(self) -> Set[str]:
        """Return the functions that fail on the student's own code, and the partners with which they share a cache."""
        wrong = {trial.check.function for trial in self.own.values() if not trial.passed}
        pairs = {(trial.check.function, trial.check.needs) for trial in self.own.values() if trial.check.needs}
        # A cache that the reference's forward made fits only the reference's backward, and the other way round.
        while more := {name for pair in pairs if not wrong.isdisjoint(pair) for name in pair} - wrong:
            wrong |= more
        return wrong

    def run_postponed(self, one: ModuleSet, visible: bool) -> None:
        """Run postponed checks, and rerun those that had a shortened time, unless they passed on stubs.

        visible: until the visible checks' share of the time ends; the rest of them then run with the hidden ones.
        """
        wall_s = self.sandboxes.context.limits.submission_wall_s
        until = self.sandboxes.account.until - (1 - VISIBLE_SHARE) * wall_s * visible
        done = {name for name, trial in self.on_stubs.items() if trial.passed}
        for sandbox in self.on_own_code.get(one, ()):
            unsettled = self.own.keys() - done
            checks = visible_first(check for check in self.sandboxes.checks_of(sandbox.serves) if check.id in unsettled)
            # Once per function that ended in no check: it may be slow, and not endless (time_limits.py).
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
        """Find out whether wrong gradients follow from the student's own forward. Runs after the last visible check."""
        # Set before the first call: the secret inputs of follow-through are in a sandbox from then on.
        self.had_hidden = True
        for trials in (self.own, self.on_stubs):
            for name, trial in trials.items():
                trials[name] = follow_up(trial, self.oracle)

    def setup_for(self, process: CheckProcess, check: Check) -> Setup:
        """Return the setup with which a check will probably run, so that its program can be sent ahead."""
        limits = self.time_limits.limits_for(check)
        return setup_for(
            process, check, self.sandboxes.context.fixtures, self.sandboxes.handout, limits, self.why(limits)
        )

    def why(self, limits: Limits) -> Reason | None:
        """Return why a check has less time than usual, or None."""
        return None if limits == self.sandboxes.context.limits else self.time_limits.reason

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

        stubs: functions that the reference replaces. usual: with the assignment's limits, even if other functions ran
        out of time. following: the checks that come next in the same process. Their visibility is the same: they are
        sent ahead, and no hidden input may enter before the last visible check has run.
        """
        limits = self.sandboxes.context.limits if usual else self.time_limits.limits_for(check)
        # Before the call: a hidden input counts as seen even if the call then fails.
        self.had_hidden = self.had_hidden or check.visibility != VISIBLE
        trial = run_check(
            process,
            check,
            self.sandboxes.context.assignment,
            self.sandboxes.context.fixtures,
            self.oracle,
            stubs=stubs,
            handout=self.sandboxes.handout,
            is_wrong=(check.function, stubs) in self.wrong,
            limits=limits,
            why=self.why(limits),
            upcoming=lambda number: self.setup_for(process, following[number]) if number < len(following) else None,
        )
        self.time_limits.add(trial, limits)
        failure = trial.failure
        # Wrong values, or a failure of the function itself; not that of a function that it calls.
        fails_by_itself = failure is None or (failure.function == check.function and failure.status != MISSING)
        if fails_by_itself and not trial.passed:
            self.wrong.add((check.function, stubs))
        # A text of this trial could contain a hidden input, so reports for the student leave it out.
        if self.had_hidden:
            trial = replace(follow_up(trial, self.oracle), after_hidden=check.visibility == VISIBLE)
        return trial


def visible_first(checks: Iterable[Check]) -> list[Check]:
    return sorted(checks, key=lambda check: check.visibility != VISIBLE)


def not_run(check: Check) -> Failure:
    return Failure(TIMEOUT, check.function, Reason.of("not_run", name=short_name(check.function)))


def is_missing(trial: Trial) -> bool:
    """Whether the function under test is not written, so that a stub of another function would not help."""
    failure = trial.failure
    return failure is not None and failure.status == MISSING and failure.function in (trial.check.function, "")
