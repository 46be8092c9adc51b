"""All trials of one submission: each module set in a sandbox of its own, then on stubs what did not pass.

    sets ──► every check on the student's own code ──► passed: done
                                                   └─► not, and it may call siblings: once more, on stubs of those

All of it happens twice: first for the visible checks of all sets, on stubs too, then for the hidden ones. A sandbox
stays open from the one to the other. So when a visible check prints, raises or returns what a student reads, no sandbox
of the submission has had a hidden input; nor one of a secret seed: follow-through waits until all visible checks have
run. A visible check that has to run later all the same is marked, and its text is not shown.

A sandbox in which stubs were granted serves none of the functions that were: what a student's code learned there
reaches no check of those.
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
from grader.grading.import_notes import import_notes, tell_dialect
from grader.grading.reference_oracle import Oracle
from grader.grading.sandboxes import Sandboxes, group_apart
from grader.grading.time_limits import Patience, is_timeout
from grader.judging.verdict import Trial
from grader.records import MISSING, SKIPPED, TIMEOUT, VISIBLE, Check, Reason
from grader.sandbox.host.check_process import CheckProcess
from grader.sandbox.host.check_setup import Setup
from grader.sandbox.host.failures import used_up
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.plan import LeftOut

# Of a submission's time, what may be gone before visible checks that were put off wait until the hidden ones are done.
VISIBLE_SHARE: Final = 0.5


@dataclass
class Sandbox:
    """One that serves the same from the visible checks to the hidden ones: files, or functions on stubs.

    timeouts: by function, how often its checks ran out of time here.
    """

    process: CheckProcess
    serves: list[str]
    timeouts: Counter[str] = field(default_factory=Counter)


@dataclass
class SubmissionRun:
    """One submission at work. own: by check; on_stubs: of checks that were run again."""

    sandboxes: Sandboxes
    oracle: Oracle = field(init=False)
    patience: Patience = field(init=False)
    own: dict[str, Trial] = field(default_factory=dict)
    on_stubs: dict[str, Trial] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)  # of all files, some of it written for another Python
    # Functions that were so on these stubs, by themselves and not by another's failure.
    wrong: set[tuple[str, frozenset[str]]] = field(default_factory=set)
    put_off: list[Check] = field(default_factory=list)  # of functions that ran out of time before
    of_files: dict[ModuleSet, list[Sandbox]] = field(default_factory=dict)
    of_functions: dict[ModuleSet, list[Sandbox]] = field(default_factory=dict)
    stood_in: dict[str, Set[str]] = field(default_factory=dict)  # by check, the wrong functions that it had stubs for
    had_hidden: bool = False  # a hidden check's input, or one from a secret seed, has been in a sandbox

    def run(self) -> None:
        """Fill `own`, `on_stubs` and the notes. Raises GraderError for a fault of ours only."""
        sets = self.sandboxes.context.assignment.sets
        with self.sandboxes.open() as self.oracle:
            self.patience = Patience(self.sandboxes.context.limits, self.oracle)
            self.sandboxes.start_for(sets, self.oracle)
            for visible in (True, False):
                for run in (self.run_set, self.run_again, self.run_put_off):
                    for one in sets:
                        run(one, visible)
                if visible:
                    self.follow_up()
        self.sandboxes.notes[:0] = tell_dialect(self.left_out, self.sandboxes.context.interpreter.python)

    def known(self, check: Check) -> Trial:
        """What came of a check on the student's own code, or that the submission's time was over before it ran."""
        return self.own.get(check.id) or Trial(check, used_up(self.sandboxes.context.limits))

    def run_set(self, one: ModuleSet, visible: bool) -> None:
        """The checks on the student's own code. The first time, the visible ones, with what happens without any."""
        if visible:
            self.open_set(one)
            self.load_next(one)
        for sandbox in self.of_files.get(one, ()):
            checks = self.sandboxes.checks_of(sandbox.serves)
            checks = [check for check in checks if (check.visibility == VISIBLE) == visible]
            if checks or visible:
                self.run_checks(sandbox, checks)
            if visible:  # what is said of the import of a sandbox that is opened later may come from a hidden check
                imported = sandbox.process.session.imported
                self.sandboxes.note(import_notes(imported, sandbox.serves))
                self.left_out += imported.left_out

    def load_next(self, one: ModuleSet) -> None:
        """Have the modules of the set after this one imported meanwhile, if they can be."""
        sets = self.sandboxes.context.assignment.sets
        for after in sets[sets.index(one) + 1 :][:1]:
            if after in self.sandboxes.started and self.sandboxes.unusable.isdisjoint(after.on):
                self.sandboxes.load(after)

    def open_set(self, one: ModuleSet) -> None:
        self.sandboxes.unusable |= set(one.files) - self.sandboxes.submission.files.keys()
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
        """A sandbox for the files of one, which belongs to that set; or one for each, where they do not go together."""
        process = self.sandboxes.open_process(one)
        files = [file for file in one.files if file in self.sandboxes.submission.files]
        if process.session.open().broken is None or len(files) <= 1:
            self.of_files.setdefault(of, []).append(Sandbox(process, files))
            return
        process.kill()  # one of them ends or stops the import of all
        without = (*one.without, "__init__.py")  # which may import them all
        for single in ModuleSet(tuple(files), one.on, without).alone():
            self.open_files(of, single)

    def run_checks(self, sandbox: Sandbox, checks: Sequence[Check]) -> None:
        process, spent = sandbox.process, sandbox.timeouts
        for position, check in enumerate(checks):
            if spent[check.function] < self.patience.tries:
                self.own[check.id] = self.run_check(process, check, following=checks[position + 1 :])
                spent[check.function] += is_timeout(self.own[check.id]) * self.own[check.id].processes
            else:
                self.own[check.id] = Trial(check, not_run(check))
                self.put_off.append(check)
        failure_of = process.session.imported.failure_of
        self.sandboxes.unusable.update(file for file in sandbox.serves if failure_of(module_of_file(file)) is not None)

    def run_again(self, one: ModuleSet, visible: bool) -> None:
        """On stubs: what did not pass and is written at all."""
        if self.sandboxes.context.reference_files is None:
            return
        wrong = self.wrong_functions()
        again: dict[str, list[Check]] = {}
        for check in self.sandboxes.checks_of(one.files):
            trial = self.own.get(check.id)
            is_due = (check.visibility == VISIBLE) == visible or (not visible and self.has_more_to_try(check, wrong))
            if trial is None or trial.passed or not is_due or check.file in self.sandboxes.unusable:
                continue
            if self.sandboxes.context.assignment.stubs_of(check) and not is_missing(trial):
                again.setdefault(check.function, []).append(check)
        for sandbox in self.open_for(one, again):
            spent = sandbox.timeouts
            checks = [check for function in sandbox.serves for check in again.get(function, ())]
            for check in visible_first(checks):
                if self.sandboxes.account.is_over:
                    return
                if spent[check.function] < self.patience.tries:
                    trial = self.run_on_stubs(sandbox.process, check, wrong)
                    spent[check.function] += is_timeout(trial) * trial.processes
                    if check.id not in self.on_stubs or trial.passed:
                        self.on_stubs[check.id] = trial
            for check in checks:
                if self.patience.is_due_again(check, on_stubs=True):
                    self.on_stubs[check.id] = self.run_on_stubs(sandbox.process, check, wrong, usual=True)

    def open_for(self, one: ModuleSet, functions: Iterable[str]) -> list[Sandbox]:
        """The set's sandboxes on stubs, with those that these functions need besides."""
        there = self.of_functions.setdefault(one, [])
        served = [sandbox.serves for sandbox in there]
        called: dict[str, set[str]] = {function: set() for function in [*chain(*served), *functions]}
        for check in self.sandboxes.checks_of(one.files):
            if check.function in called:
                called[check.function] |= {*self.sandboxes.context.assignment.stubs_of(check), check.needs or ""}
        for group in group_apart(called, served)[len(there) :]:
            there.append(Sandbox(self.sandboxes.open_process(one, exchange=True), group))
        return there

    def run_on_stubs(self, process: CheckProcess, check: Check, wrong: Set[str], *, usual: bool = False) -> Trial:
        """With stubs for those of its functions that are wrong, which takes the fewest messages; then for all.

        usual: with the usual limits, whatever ran out of time.
        """
        stubs = self.sandboxes.context.assignment.stubs_of(check)
        is_more = check.id in self.stood_in
        self.stood_in[check.id] = stubs & wrong
        if stubs & wrong not in (frozenset(), stubs) and ((check.function, stubs) not in self.wrong or is_more):
            trial = self.run_check(process, check, stubs & wrong, usual=usual)
            if trial.passed or is_more:
                return trial
        return self.run_check(process, check, stubs, usual=usual)

    def has_more_to_try(self, check: Check, wrong: Set[str]) -> bool:
        """Whether a visible check failed on stubs, and hidden checks then found more of its functions wrong."""
        stubs, before = self.sandboxes.context.assignment.stubs_of(check), self.stood_in.get(check.id)
        is_new = before is not None and stubs & wrong not in (before, frozenset(), stubs)
        return is_new and check.id in self.on_stubs and not self.on_stubs[check.id].passed

    def wrong_functions(self) -> Set[str]:
        """Those that did not pass by themselves, and what takes their caches or makes them."""
        wrong = {trial.check.function for trial in self.own.values() if not trial.passed}
        pairs = {(trial.check.function, trial.check.needs) for trial in self.own.values() if trial.check.needs}
        while more := {name for pair in pairs if not wrong.isdisjoint(pair) for name in pair} - wrong:
            wrong |= more
        return wrong

    def run_put_off(self, one: ModuleSet, visible: bool) -> None:
        """What was put off or cut short and has not passed on stubs, with the time that is left.

        visible: in the time that the visible checks have; what of them is left then comes with the hidden ones.
        """
        wall_s = self.sandboxes.context.limits.submission_wall_s
        until = self.sandboxes.account.until - (1 - VISIBLE_SHARE) * wall_s * visible
        done = {name for name, trial in self.on_stubs.items() if trial.passed}
        for sandbox in self.of_files.get(one, ()):
            known = self.own.keys() - done
            checks = visible_first(check for check in self.sandboxes.checks_of(sandbox.serves) if check.id in known)
            for check in self.patience.take_again(checks):
                self.run_at_last(sandbox.process, check, until)
            for check in checks:
                is_put_off = check in self.put_off and not self.patience.is_hopeless(check)
                if is_put_off or self.patience.is_due_again(check, on_stubs=False):
                    self.run_at_last(sandbox.process, check, until)

    def run_at_last(self, process: CheckProcess, check: Check, until: float) -> None:
        """With the usual limits, if there is time."""
        if time.monotonic() < until:
            self.put_off = [one for one in self.put_off if one != check]
            self.own[check.id] = self.run_check(process, check, usual=True)

    def follow_up(self) -> None:
        """What waited for the last visible check: whether wrong gradients follow from the student's own forward."""
        self.had_hidden = True
        for trials in (self.own, self.on_stubs):
            for name, trial in trials.items():
                trials[name] = follow_up(trial, self.oracle)

    def setup_for(self, process: CheckProcess, check: Check) -> Setup:
        """What it will most probably run with."""
        limits = self.patience.limits_for(check)
        return setup_for(
            process, check, self.sandboxes.context.fixtures, self.sandboxes.handout, limits, self.why(limits)
        )

    def why(self, limits: Limits) -> Reason | None:
        """Why a check has less time than usual, if it has."""
        return None if limits == self.sandboxes.context.limits else self.patience.reason

    def run_check(
        self,
        process: CheckProcess,
        check: Check,
        stubs: frozenset[str] = frozenset(),
        *,
        usual: bool = False,
        following: Sequence[Check] = (),
    ) -> Trial:
        """stubs: functions that the reference stands in for. usual: with the usual limits, whatever ran out of time.

        following: the checks that come next in the same process, of the same visibility.
        """
        limits = self.sandboxes.context.limits if usual else self.patience.limits_for(check)
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
        self.patience.add(trial, limits)
        failure = trial.failure
        is_told = failure is None or (failure.function == check.function and failure.status != MISSING)
        if is_told and not trial.passed:
            self.wrong.add((check.function, stubs))
        if self.had_hidden:
            trial = replace(follow_up(trial, self.oracle), after_hidden=check.visibility == VISIBLE)
        return trial


def visible_first(checks: Iterable[Check]) -> list[Check]:
    return sorted(checks, key=lambda check: check.visibility != VISIBLE)


def not_run(check: Check) -> Failure:
    return Failure(TIMEOUT, check.function, Reason.of("not_run", name=short_name(check.function)))


def is_missing(trial: Trial) -> bool:
    """Whether the function under test is not written, so that nothing in another's place would help."""
    failure = trial.failure
    return failure is not None and failure.status == MISSING and failure.function in (trial.check.function, "")
