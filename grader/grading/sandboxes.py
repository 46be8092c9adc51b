"""Makes the sandboxes of one submission: its work trees, the processes for them, and the oracle.

    files ──stage──► a work tree for each selection of files ──open_process──► CheckProcess, which runs checks
    reference ──────► a work tree of its own ──open──► Oracle, which answers stubs (borrowed: reference_pool.py)

All these sandboxes share the submission's time and end with the submission. The judge starts them. Student code runs
only in the first kind of sandbox, and the reference only in the second.
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
from grader.grading.stage import note_copies, stage
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
    """The sandboxes of one submission, until the block of `open()` ends.

    handout: the handout for which the submission was written; only checks of this handout run. folder: contains the
    work trees. account: the submission's time. unusable: files that are absent, or that could not be imported. notes:
    about staging and import. trees: left-out files → work tree. started: workers that have not imported modules yet.
    processes: all processes; the first is the oracle's.
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
    processes: list[CheckProcess] = field(default_factory=list)
    exits: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        # A separate account with the same end, because the reference's time counts as the judge's.
        self.of_reference = TimeAccount(self.account.until)

    def start_for(self, sets: Sequence[ModuleSet], oracle: Oracle) -> None:
        """Start the workers of these sets and of the oracle at once, so that they start at the same time."""
        present = [one for one in sets if any(file in self.submission.files for file in one.files)]
        checks = [check for one in present for check in self.checks_of(one.files)]
        launches = {one: self.context.launch(self.staged(one)) for one in present}
        with self.account.starting():
            for one, launch in launches.items():
                self.started[one] = start_worker(launch)
            # Other checks need the oracle only if they fail, for stubs or gradients.
            if oracle.is_there and any(takes_reference(check.run) for check in checks):
                oracle.process.session.warm()

    def stop(self) -> None:
        """Let no further check begin, and end all sandboxes of this submission. Called from another thread."""
        # Close the accounts first: otherwise the judge could start a new box after the old one was stopped.
        self.account.close()
        self.of_reference.close()
        for process in list(self.processes):  # a copy, because the judge's thread may add to the list meanwhile
            process.session.stop()

    def note(self, notes: Sequence[Reason]) -> None:
        # Staging the same files for several work trees gives the same notes.
        self.notes += [note for note in notes if note not in self.notes]

    @property
    def used_s(self) -> float:
        """Return the seconds that the submission's code used: in functions, imports and messages."""
        return self.account.functions + self.account.start + self.account.protocol

    def spent_s(self, duration_s: float) -> dict[str, float]:
        """Divide a duration among the parts of SPENT. The last part, the judge's, is the remainder."""
        parts = {name: getattr(self.account, name) for name in SPENT[:-1]}
        parts["start"] += self.of_reference.start  # the reference's calls count as the judge's work
        parts[SPENT[-1]] = max(0.0, duration_s - sum(parts.values()))
        return {name: round(seconds, 4) for name, seconds in parts.items()}

    def checks_of(self, files: Iterable[str]) -> list[Check]:
        checks = self.context.assignment.checks
        return [check for check in checks if check.file in files and self.handout.has(check)]

    def open_process(self, one: ModuleSet, *, exchange: bool = False) -> CheckProcess:
        """Open a sandbox with the set's modules. exchange: stubs can replace functions in it."""
        context, assignment = self.context, self.context.assignment
        work = self.staged(one)
        usable = [file for file in one.files if file in self.submission.files]
        # Functions that the set's code calls: those of the files that it imports, and those that stubs may replace.
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
            # In a student's own run, an import error ends the import, because the student can fix the file.
            tolerant=context.isolation.kind != PLAIN,
            expected_warnings=assignment.expected_warnings,
        )
        # Sandboxes for stubs are not started early, because most submissions need none.
        box = None if exchange else self.started.pop(one, None)
        session = Session(lambda: context.launch(work), plan, context.limits, self.account, box)
        process = self.exits.enter_context(CheckProcess(session))
        self.processes.append(process)
        return process

    @contextmanager
    def open(self) -> Iterator[Oracle]:
        """Yield the oracle, whose sandbox may serve several submissions.

        At the end of this context, all sandboxes of the submission end.
        """
        context, assignment = self.context, self.context.assignment
        plan = Plan(
            modules=assignment.modules,
            functions=frozenset(assignment.functions),
            sources={},
            classes=assignment.classes,
            expected_warnings=assignment.expected_warnings,
        )

        def launch() -> Launch:  # a function, because many submissions never need the oracle's work tree
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
                for one in self.processes[1:]:  # kill all before waiting for one: each needs some time to end
                    one.session.interrupt()
                self.exits.close()
                for box in self.started.values():
                    box.kill()
            oracle.leave()  # an exception skips this line, and the pool kills the process

    def staged(self, one: ModuleSet) -> Path:
        """Return the set's work tree. The first call makes the tree."""
        if one.without not in self.trees:
            work = self.folder / f"work{len(self.trees)}"
            package, extended = self.context.assignment.package, self.context.assignment.extended
            kept, handed_out = dict(self.submission.files), dict(self.context.handed_out)
            withheld = {}  # e.g. the fast layers while the naive layers are checked
            for name in one.without:
                kept.pop(name, None)
                pristine = handed_out.pop(name, b"")
                if self.handout.has_file(name):  # other handouts have other versions of this file
                    withheld[name] = pristine
            needs_note = self.handout.has_file
            notes = stage(kept, handed_out, work, package=package, extended=extended, needs_note=needs_note)
            self.note(notes + note_copies(kept, withheld))
            self.trees[one.without] = work
        return self.trees[one.without]


def group_apart(called: Mapping[str, Set[str]], there: Iterable[list[str]] = ()) -> list[list[str]]:
    """Divide functions into groups, one per sandbox.

    A function never shares a sandbox with a function that it calls, or with a stub of itself. So no function can find
    the reference's results for itself in its sandbox, and no function fails because of a trace of one that it calls.
    called: function → functions that its checks call, also as stubs. there: existing groups, which may grow.
    """
    # First fit: maybe not the fewest groups, but existing groups only grow, so no function changes its sandbox.
    groups = list(there)
    for function in [name for name in called if not any(name in group for group in groups)]:
        for group in groups:
            if not any(function in called[other] or other in called[function] for other in group):
                group.append(function)
                break
        else:
            groups.append([function])
    return groups
