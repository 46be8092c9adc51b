"""The sandboxes of one submission: its work trees, the processes opened on them, and the oracle beside them.

    files ──stage──► a work tree for each selection of files ──open_process──► CheckProcess, which runs checks
    reference ──────► a work tree of its own ──open──► Oracle, which answers stubs (borrowed: reference_pool.py)

All of them draw on the time of the submission, and end with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from grader.assignment.sections import ModuleSet
from grader.function_ids import file_of, module_of_file
from grader.grading.context import Context
from grader.grading.reference_oracle import Oracle
from grader.grading.reference_pool import borrow
from grader.grading.stage import stage, tell_copies
from grader.judging.adapt import Handout
from grader.judging.run_check_function import takes_reference
from grader.records import SPENT, Check, Reason, Submission
from grader.sandbox.host.box import Box, Launch
from grader.sandbox.host.check_process import CheckProcess
from grader.sandbox.host.isolation import PLAIN
from grader.sandbox.host.plan import Plan
from grader.sandbox.host.session import Session
from grader.sandbox.host.start_worker import start_worker
from grader.sandbox.host.time_account import TimeAccount


@dataclass
class Sandboxes:
    """They end when `open()` is left. folder: for work trees. account: the time that the submission has.

    handout: the one that it was written for; only what that has is run. unusable: its files that are absent or cannot
    be imported, as they become known. notes: on what was staged and imported.
    """

    submission: Submission
    context: Context
    handout: Handout
    folder: Path
    account: TimeAccount
    unusable: set[str] = field(default_factory=set)
    notes: list[Reason] = field(default_factory=list)
    trees: dict[tuple[str, ...], Path] = field(default_factory=dict)
    started: dict[ModuleSet, Box] = field(default_factory=dict)
    loading: dict[ModuleSet, CheckProcess] = field(default_factory=dict)
    processes: list[CheckProcess] = field(default_factory=list)
    exits: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.of_reference = TimeAccount(self.account.until)

    def start_for(self, sets: Sequence[ModuleSet], oracle: Oracle) -> None:
        """Start what these and the oracle will need: one worker gets ready while the judge starts the next."""
        present = [one for one in sets if any(file in self.submission.files for file in one.files)]
        checks = [check for one in present for check in self.checks_of(one.files)]
        launches = {one: self.context.launch(self.staged(one)) for one in present}
        with self.account.starting():
            for one, launch in launches.items():
                self.started[one] = start_worker(launch)
            if oracle.is_there and any(takes_reference(check.run) for check in checks):
                oracle.process.session.warm()

    def stop(self) -> None:
        """From another thread: no check begins any more, and every sandbox of this submission ends."""
        self.account.close()
        self.of_reference.close()
        for process in list(self.processes):
            process.session.stop()

    def note(self, said: Sequence[Reason]) -> None:
        self.notes += [note for note in said if note not in self.notes]

    @property
    def used_s(self) -> float:
        """Seconds in which the submission's own code was at work, was imported, or was asked something."""
        return self.account.functions + self.account.start + self.account.protocol

    def spent_s(self, duration_s: float) -> dict[str, float]:
        """What of a duration was spent on each of SPENT; what nothing else had is the judge's."""
        parts = {name: getattr(self.account, name) for name in SPENT[:-1]}
        parts["start"] += self.of_reference.start  # what the reference does besides is the judge's work
        parts[SPENT[-1]] = max(0.0, duration_s - sum(parts.values()))
        return {name: round(seconds, 4) for name, seconds in parts.items()}

    def checks_of(self, files: Iterable[str]) -> list[Check]:
        checks = self.context.assignment.checks
        return [check for check in checks if check.file in files and self.handout.has(check)]

    def load(self, one: ModuleSet) -> None:
        """Let a sandbox import the set's modules, in which the checks run that come after those of another."""
        self.loading[one] = self.open_process(one)
        self.loading[one].session.load()

    def open_process(self, one: ModuleSet, *, exchange: bool = False) -> CheckProcess:
        """A sandbox with the set's modules. exchange: with functions that may be exchanged for stubs."""
        if not exchange and one in self.loading:
            return self.loading.pop(one)
        context, assignment = self.context, self.context.assignment
        work = self.staged(one)
        usable = [file for file in one.files if file in self.submission.files]
        called = {name for name in assignment.functions if file_of(name) in one.on}
        called.update(*(assignment.stubs_of(check) for check in self.checks_of(one.files)))
        plan = Plan(
            modules=tuple(map(module_of_file, [*one.on, *usable])),
            functions=frozenset(assignment.functions),
            sources=self.submission.files,
            classes=assignment.classes,
            switches={name: context.fixtures.arguments[name] for name in sorted(called)},
            hollow=tuple(module_of_file(file) for file in one.on if file in self.unusable),
            exchange=exchange,
            tolerant=context.isolation.kind != PLAIN,  # who can mend the file is told to
            expected_warnings=assignment.expected_warnings,
        )
        box = None if exchange else self.started.pop(one, None)
        session = Session(lambda: context.launch(work), plan, context.limits, self.account, box)
        process = self.exits.enter_context(CheckProcess(session))
        self.processes.append(process)
        return process

    @contextmanager
    def open(self) -> Iterator[Oracle]:
        """The reference's code in a sandbox that other submissions may have used, and may use after this one.

        All sandboxes of the submission end with it.
        """
        context, assignment = self.context, self.context.assignment
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
                stage(context.reference_files or {}, context.handed_out, work, package=assignment.package)
            return context.launch(work)

        documented = {
            check.needs: definition.cache
            for check in assignment.checks
            if check.needs and (definition := assignment.definitions[check.id]).cache is not None
        }
        makers = {check.function: check.needs for check in assignment.checks if check.needs}
        with borrow(context.reference_files, lambda: CheckProcess(Session(launch, plan, context.limits))) as process:
            process.session.lend(launch, self.of_reference)
            self.processes.append(process)
            oracle = Oracle(process, self.handout, documented, makers, context.reference_files is not None)
            try:
                yield oracle
            finally:
                for one in self.processes[1:]:  # all at once: the kernel takes some time for each
                    one.session.interrupt()
                self.exits.close()
                for box in self.started.values():
                    box.kill()
            oracle.leave()

    def staged(self, one: ModuleSet) -> Path:
        """The set's work tree, made when it is first asked for."""
        if one.without not in self.trees:
            work = self.folder / f"work{len(self.trees)}"
            package, extended = self.context.assignment.package, self.context.assignment.extended
            kept, handed_out = dict(self.submission.files), dict(self.context.handed_out)
            withheld = {}
            for name in one.without:
                kept.pop(name, None)
                pristine = handed_out.pop(name, b"")
                if self.handout.has_file(name):
                    withheld[name] = pristine
            told = self.handout.has_file
            said = stage(kept, handed_out, work, package=package, extended=extended, is_told=told)
            self.note(said + tell_copies(kept, withheld))
            self.trees[one.without] = work
        return self.trees[one.without]


def group_apart(called: Mapping[str, Set[str]], there: Iterable[list[str]] = ()) -> list[list[str]]:
    """Functions in groups, a sandbox each: none is in one with another that it calls, or whose stub it asks.

    So no function finds there what the reference says of it, nor does what it leaves behind stand in another's way.
    called: by function, those that its checks call, on stubs or not. there: groups that others may join.
    """
    groups = list(there)
    for function in [name for name in called if not any(name in group for group in groups)]:
        for group in groups:
            if not any(function in called[other] or other in called[function] for other in group):
                group.append(function)
                break
        else:
            groups.append([function])
    return groups
