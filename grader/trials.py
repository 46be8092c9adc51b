"""All trials of one submission: each module set in a sandbox of its own, then on stubs what did not pass.

    sets ──► every check on the student's own code ──► passed: done
                                                   └─► not, and it may call siblings: once more, on stubs of those

Visible checks come first in a sandbox: no hidden input has been in it when what they print and raise is shown. A
sandbox in which stubs were granted serves none of the functions that were: what a student's code learned there reaches
no check of those.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from grader.assignment import Assignment, module_of
from grader.context import Context
from grader.intake.copies import tell_copies
from grader.intake.stage import stage
from grader.judging.adapt import Handout
from grader.judging.diagnose import advice_on
from grader.judging.student import Failure
from grader.judging.verdict import Trial, short
from grader.kept import give_back, lend
from grader.module_sets import ModuleSet
from grader.oracle import Oracle
from grader.other_pythons import is_of_another_python, tell_dialect
from grader.patience import Patience, is_timeout
from grader.records import MISSING, SKIPPED, SPENT, TIMEOUT, VISIBLE, Check, Submission
from grader.sandbox.box import Launch
from grader.sandbox.isolation import PLAIN
from grader.sandbox.plan import LeftOut, Plan, Spent
from grader.sandbox.session import Session, used_up
from grader.trial import run_check

MOST_LEFT_OUT: Final = 8  # statements of a file that a report lists


@dataclass
class Trials:
    """One submission at work. own: by check; on_stubs: of checks that were run again. folder: for work trees.

    handout: the one that it was written for; only what that has is run.
    """

    submission: Submission
    context: Context
    handout: Handout
    folder: Path
    until: float
    own: dict[str, Trial] = field(default_factory=dict)
    on_stubs: dict[str, Trial] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    foreign: list[LeftOut] = field(default_factory=list)  # statements that were written for another Python
    # Functions that were so on these stubs, by themselves and not by another's failure.
    wrong: set[tuple[str, frozenset[str]]] = field(default_factory=set)
    unusable: set[str] = field(default_factory=set)  # student files that are absent or cannot be imported
    put_off: list[Check] = field(default_factory=list)  # of functions that ran out of time before
    trees: dict[tuple[str, ...], Path] = field(default_factory=dict)
    spent: list[Spent] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    patience: Patience = field(init=False)

    def run(self) -> None:
        """Fill `own`, `on_stubs` and `notes`. Raises GraderError for a fault of ours only."""
        with self.open_oracle() as oracle:
            self.patience = Patience(self.context.limits, oracle)
            for one in self.context.assignment.sets:
                self.run_set(one, oracle)
            for one in self.context.assignment.sets:
                self.run_again(one, oracle)
            for one in self.context.assignment.sets:
                self.run_put_off(one, oracle)
        self.notes[:0] = tell_dialect(self.foreign, self.context.interpreter.python)

    def stop(self) -> None:
        """From another thread: no check begins any more, and every sandbox of this submission ends."""
        self.until = 0.0
        for session in list(self.sessions):
            session.stop()

    def known(self, check: Check) -> Trial:
        """What came of a check on the student's own code, or that the submission's time was over before it ran."""
        return self.own.get(check.id) or Trial(check, used_up(self.context.limits))

    @property
    def sandboxes_s(self) -> float:
        """Seconds in which the submission's own code was at work, was imported, or was asked something."""
        return sum(one.functions + one.start + one.protocol for one in list(self.spent))

    def spent_s(self, duration_s: float) -> dict[str, float]:
        """What of a duration was spent on each of SPENT; what nothing else had is the judge's."""
        parts = {name: sum(getattr(one, name) for one in self.spent) for name in SPENT[:-1]}
        parts[SPENT[-1]] = max(0.0, duration_s - sum(parts.values()))
        return {name: round(seconds, 4) for name, seconds in parts.items()}

    def run_set(self, one: ModuleSet, oracle: Oracle) -> None:
        checks = self.checks_of(one.files)
        absent = [file for file in one.files if file not in self.submission.files]
        self.unusable.update(absent)
        for check in checks:
            if check.file in absent:
                self.own[check.id] = Trial(check, Failure(MISSING, "", f"{check.file} was not handed in."))
        below = [file for file in one.on if file in self.unusable]
        present = [check for check in checks if check.file not in absent]
        if below:
            text = f"{below[0]}, which it is built on, was not handed in or cannot be imported."
            self.own |= {check.id: Trial(check, Failure(SKIPPED, "", text)) for check in present}
        elif present:
            self.run_checks(one, present, oracle)

    def run_checks(self, one: ModuleSet, checks: list[Check], oracle: Oracle) -> None:
        """The checks on the student's own code, visible ones first."""
        with self.open_session(one) as session:
            session.open()
            files = [file for file in one.files if file in self.submission.files]
            if session.broken is not None and len(files) > 1:  # one of them ends or stops the import of all
                session.kill()
                without = (*one.without, "__init__.py")  # which may import them all
                for single in ModuleSet(tuple(files), one.on, without).alone():
                    self.run_checks(single, [check for check in checks if check.file in single.files], oracle)
                return
            spent: Counter[str] = Counter()
            for check in visible_first(checks):
                if spent[check.function] < self.patience.tries:
                    self.own[check.id] = self.run_check(session, check, oracle)
                    spent[check.function] += is_timeout(self.own[check.id]) * self.own[check.id].asked
                else:
                    self.own[check.id] = Trial(check, not_run(check))
                    self.put_off.append(check)
            self.unusable |= {
                file for file in files if session.broken or session.failures.get(module_of(file)) is not None
            }
            self.notes += [note for note in import_notes(session, files) if note not in self.notes]
            self.foreign += [one for one in session.left_out if is_of_another_python(one) and one not in self.foreign]

    def run_again(self, one: ModuleSet, oracle: Oracle) -> None:
        """On stubs: what did not pass and is written at all."""
        assignment = self.context.assignment
        if self.context.reference_files is None:
            return
        again: dict[str, list[Check]] = {}
        for check in self.checks_of(one.files):
            trial = self.own[check.id]
            if not trial.passed and assignment.stubs_of(check) and not is_missing(trial) and not self.is_broken(check):
                again.setdefault(check.function, []).append(check)
        called = {
            function: frozenset().union(*({*assignment.stubs_of(check), check.needs or ""} for check in checks))
            for function, checks in again.items()
        }
        wrong = self.wrong_functions()
        for group in strangers(called):
            if time.monotonic() > self.until:
                return
            spent: Counter[str] = Counter()
            with self.open_session(one, exchange=True) as session:
                for check in visible_first(check for function in group for check in again[function]):
                    if spent[check.function] < self.patience.tries:
                        trial = self.run_on_stubs(session, check, oracle, wrong)
                        self.on_stubs[check.id] = trial
                        spent[check.function] += is_timeout(trial) * trial.asked
                for check in [one for function in group for one in again[function]]:
                    if self.patience.is_due_again(check, on_stubs=True):
                        self.on_stubs[check.id] = self.run_on_stubs(session, check, oracle, wrong)

    def run_on_stubs(self, session: Session, check: Check, oracle: Oracle, wrong: Set[str]) -> Trial:
        """With stubs for those of its functions that are wrong, which takes the fewest messages; then for all."""
        stubs = self.context.assignment.stubs_of(check)
        if stubs & wrong not in (frozenset(), stubs) and (check.function, stubs) not in self.wrong:
            trial = self.run_check(session, check, oracle, stubs & wrong)
            if trial.passed:
                return trial
        return self.run_check(session, check, oracle, stubs)

    def wrong_functions(self) -> Set[str]:
        """Those that did not pass by themselves, and what takes their caches or makes them."""
        wrong = {trial.check.function for trial in self.own.values() if not trial.passed}
        pairs = {(trial.check.function, trial.check.needs) for trial in self.own.values() if trial.check.needs}
        while more := {name for pair in pairs if not wrong.isdisjoint(pair) for name in pair} - wrong:
            wrong |= more
        return wrong

    def run_put_off(self, one: ModuleSet, oracle: Oracle) -> None:
        """What was put off or cut short and has not passed on stubs, with the time that is left."""
        checks = [check for check in self.checks_of(one.files) if not self.passed_on_stubs(check)]
        if not any(check in self.put_off or self.patience.is_cut(check) for check in checks):
            return
        with self.open_session(one) as session:

            def run(check: Check) -> None:
                if time.monotonic() < self.until:
                    self.own[check.id] = self.run_check(session, check, oracle, usual=True)

            for check in self.patience.take_again(visible_first(checks)):
                run(check)
            for check in visible_first(checks):
                is_put_off = check in self.put_off and not self.patience.is_hopeless(check)
                if is_put_off or self.patience.is_due_again(check, on_stubs=False):
                    run(check)

    def passed_on_stubs(self, check: Check) -> bool:
        return check.id in self.on_stubs and self.on_stubs[check.id].passed

    def run_check(
        self,
        session: Session,
        check: Check,
        oracle: Oracle,
        stubs: frozenset[str] = frozenset(),
        *,
        usual: bool = False,
    ) -> Trial:
        """stubs: functions that the reference stands in for. usual: with the usual limits, whatever ran out of time."""
        assignment, fixtures = self.context.assignment, self.context.fixtures
        limits = self.context.limits if usual else self.patience.limits_for(check)
        session.allow(limits, "" if limits == self.context.limits else self.patience.reason)
        before = (check.function, stubs) in self.wrong
        trial = run_check(
            session, check, assignment, fixtures, oracle, stubs=stubs, handout=self.handout, is_wrong=before
        )
        self.patience.add(trial, limits)
        failure = trial.failure
        is_told = failure is None or (failure.function == check.function and failure.status != MISSING)
        if is_told and not trial.passed:
            self.wrong.add((check.function, stubs))
        return trial

    def is_broken(self, check: Check) -> bool:
        return check.file in self.unusable

    def checks_of(self, files: Iterable[str]) -> list[Check]:
        checks = self.context.assignment.checks
        return [check for check in checks if check.file in files and self.handout.has(check)]

    def open_session(self, one: ModuleSet, *, exchange: bool = False) -> Session:
        """A sandbox with the set's modules. exchange: with functions that may be exchanged for stubs."""
        context, assignment = self.context, self.context.assignment
        work = self.staged(one)
        usable = [file for file in one.files if file in self.submission.files]
        called = functions_of(assignment, one.on)
        called.update(*(assignment.stubs_of(check) for check in self.checks_of(one.files)))
        plan = Plan(
            modules=tuple(map(module_of, [*one.on, *usable])),
            functions=frozenset(assignment.functions),
            sources=self.submission.files,
            classes=assignment.classes,
            switches={name: context.fixtures.arguments[name] for name in sorted(called)},
            hollow=tuple(module_of(file) for file in one.on if file in self.unusable),
            exchange=exchange,
            tolerant=context.isolation.kind != PLAIN,  # who can mend the file is told to
            expected_warnings=assignment.expected_warnings,
        )
        session = Session(lambda: context.launch(work), plan, context.limits, until=self.until)
        self.spent.append(session.spent)
        self.sessions.append(session)
        return session

    @contextmanager
    def open_oracle(self) -> Iterator[Oracle]:
        """The reference's code in a sandbox that other submissions may have used, and may use after this one."""
        context, assignment = self.context, self.context.assignment
        files = context.reference_files or {}
        plan = Plan(
            modules=assignment.modules,
            functions=frozenset(assignment.functions),
            sources={},
            classes=assignment.classes,
            expected_warnings=assignment.expected_warnings,
        )

        def launch() -> Launch:
            work = self.folder / "reference"
            if not work.exists():
                stage(files, context.handed_out, work, package=assignment.package)
            return context.launch(work)

        documented = {
            check.needs: definition.cache
            for check in assignment.checks
            if check.needs and (definition := assignment.definitions[check.id]).cache is not None
        }
        key, is_sound = context.reference_files, False
        session = lend(key, lambda: Session(launch, plan, context.limits))
        session.launch, session.until, session.spent = launch, self.until, Spent()
        self.sessions.append(session)
        try:
            oracle = Oracle(
                session,
                handout=self.handout,
                documented=documented,
                is_there=context.reference_files is not None,
            )
            yield oracle
            oracle.leave()
            is_sound = True
        finally:
            give_back(key, session, is_sound=is_sound)
            self.spent.append(Spent(start=session.spent.start))  # what it does besides is the judge's work

    def staged(self, one: ModuleSet) -> Path:
        """The set's work tree, made when it is first asked for."""
        if one.without not in self.trees:
            work = self.folder / f"work{len(self.trees)}"
            context, assignment = self.context, self.context.assignment
            kept = {name: content for name, content in self.submission.files.items() if name not in one.without}
            handed_out = {name: content for name, content in context.handed_out.items() if name not in one.without}
            said = stage(kept, handed_out, work, package=assignment.package, extended=assignment.extended)
            said += tell_copies(kept, {name: context.handed_out.get(name, b"") for name in one.without})
            self.notes += [note for note in said if note not in self.notes]
            self.trees[one.without] = work
        return self.trees[one.without]


def visible_first(checks: Iterable[Check]) -> list[Check]:
    return sorted(checks, key=lambda check: check.visibility != VISIBLE)


def strangers(called: Mapping[str, Set[str]]) -> list[list[str]]:
    """Functions in groups, a sandbox each: none is in one with another that it calls, or whose stub it asks.

    So no function finds there what the reference says of it, nor does what it leaves behind stand in another's way.
    called: by function, those that its checks call, on stubs or not.
    """
    groups: list[list[str]] = []
    for function in called:
        for group in groups:
            if not any(function in called[other] or other in called[function] for other in group):
                group.append(function)
                break
        else:
            groups.append([function])
    return groups


def not_run(check: Check) -> Failure:
    name = short(check.function)
    text = f"This check was not run, since {name} ran out of time in others. Find out first why it does not end there."
    return Failure(TIMEOUT, check.function, text)


def functions_of(assignment: Assignment, files: Iterable[str]) -> set[str]:
    return {name for name in assignment.functions if any(name.startswith(module_of(file) + ".") for file in files)}


def is_missing(trial: Trial) -> bool:
    """Whether the function under test is not written, so that nothing in another's place would help."""
    failure = trial.failure
    return failure is not None and failure.status == MISSING and failure.function in (trial.check.function, "")


def import_notes(session: Session, files: Iterable[str]) -> list[str]:
    notes = []
    file = " or ".join(files)
    if session.absent:
        names = ", ".join(session.absent)
        notes.append(f"{file} imports what is not in the sandbox: {names}. Only its use raises.")
    notes += [
        f"{name} is not in UTF-8, which Python expects; it was read as far as that goes. Save it as UTF-8."
        for name in session.recoded
    ]
    left_out = [one for one in session.left_out if not is_of_another_python(one)]
    for one in left_out[:MOST_LEFT_OUT]:
        what = one.function or "The statement"
        error = one.error.rstrip(".")
        told = f"{one.file}, line {one.line}: {error}. {what} was left out and the rest was graded."
        note = " ".join(filter(None, [told, advice_on(one.error)]))
        notes += [note] if note not in notes else []  # two statements of one line
    if len(left_out) > MOST_LEFT_OUT:
        notes.append(f"{file}: {len(left_out) - MOST_LEFT_OUT} more statements or functions were left out.")
    if session.import_prints:
        first, *more = session.import_prints.strip().splitlines() or [""]
        notes.append(f"{file} prints while it is imported: {first[:100]}{' …' if more else ''}")
    return notes
