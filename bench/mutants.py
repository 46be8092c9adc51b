"""Do the checks catch small mistakes? Runs mutants of the reference's solutions against the checks of their functions.

    make mutants        or, for some functions only: .venv/bin/python -m bench.mutants layers.adam ...

A mutated file is compiled as a module of the reference's package, so that it calls the reference's other files; its
functions replace the reference's. The mutants run in this process, as in `grader fixtures`, with limits on time and
memory; the judge compares their values as in grading. A mutant is caught if a check of its function gives less than
full marks. If only the cache of a function is wrong, checks of the functions that use the cache catch the mutant;
these are counted separately. bench/mutants.toml lists the survivors with a reason; most of them compute the same.

Exits with 1 if a mutant survives that is not in that file, if a mutant in the file does not survive, if a tolerance is
so loose that a mutant would pass (grader/authoring/tolerances.py), or if less than 95 % of all mutants are caught.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import time
import tomllib
import types
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.mutate import Mutant, mutants_of
from grader.assignment.fixtures import Fixtures, load_fixtures
from grader.assignment.load import Assignment, load_assignment
from grader.assignment.reference import load_reference
from grader.authoring.local_run import run_locally
from grader.authoring.tolerances import Difference, differences, expect_tight
from grader.definitions import TOLERANCE
from grader.errors import AssignmentError
from grader.function_ids import module_of, module_of_file, short_name
from grader.judging.compare import judge_values
from grader.records import PASSED, Check

ROOT: Final = Path(__file__).resolve().parents[1]
ACCOUNT: Final = ROOT / "bench/mutants.toml"
BAR: Final = 0.95
CPU_S: Final = 2.0  # seconds of CPU time for one mutant; right code needs a tenth for all checks of a function
MEMORY_MIB: Final = 2048  # limit, in addition to the memory before the first mutant
FIELDS: Final = ("function", "line", "becomes", "nth")

Key = tuple[str, str, str, int]


class OutOfTime(BaseException):
    """A mutant used up its processor time. A BaseException, so that no `except Exception` of a mutant catches it."""


@dataclass(frozen=True)
class Tried:
    """A mutant, the check that caught it or None, and whether that check is one of its own function."""

    mutant: Mutant
    caught_by: str | None
    by_own: bool


def main(arguments: list[str]) -> int:
    assignment = load_assignment(ROOT / "assignment")
    unknown = sorted(set(arguments) - set(assignment.functions))
    if unknown:
        sys.exit(f"mutants: {', '.join(unknown)}: no such function with points. Use names from assignment.toml.")
    wanted = frozenset(arguments or assignment.functions)
    explained = {key: why for key, why in read_account(ACCOUNT).items() if key[0] in wanted or not arguments}
    started = time.process_time()
    fixtures = load_fixtures(assignment)
    expect_right(assignment, fixtures)
    tried = list(try_all(assignment, fixtures, wanted))
    if not tried:
        sys.exit("mutants: no line is in a solution region, so there are no mutants. Choose other functions.")
    print_counts(tried, wanted)
    print(f"in {time.process_time() - started:.0f} s of one core")
    survivors = {one.mutant.key for one in tried if one.caught_by is None}
    share = 1 - len(survivors) / max(1, len(tried))
    complaints = unexplained(survivors, explained) + loose_checks(assignment, fixtures, wanted, frozenset(explained))
    if share < BAR and not arguments:
        complaints.append(f"{share:.1%} caught, expected {BAR:.0%}. Write checks that catch more.")
    print("\n\n".join(complaints or ["every survivor is explained"]))
    return 1 if complaints else 0


def try_all(assignment: Assignment, fixtures: Fixtures, wanted: frozenset[str]) -> Iterator[Tried]:
    """Return every mutant of every student file, in order."""
    reference = load_reference(assignment)
    with limited_memory():
        for file in assignment.student_files:
            source = (assignment.reference / file).read_text(encoding="utf-8")
            for mutant in mutants_of(source, module_of_file(file), wanted):
                own = [check for check in assignment.checks if check.function == mutant.function]
                users = [check for check in assignment.checks if check.needs == mutant.function and check not in own]
                caught = first_catch(mutant, own, assignment, fixtures, reference)
                yield Tried(
                    mutant, caught or first_catch(mutant, users, assignment, fixtures, reference), caught is not None
                )


def expect_right(assignment: Assignment, fixtures: Fixtures) -> None:
    """Exit if the reference itself, compiled like a mutant, does not pass: then a caught mutant would mean nothing."""
    reference = load_reference(assignment)
    for file in assignment.student_files:
        code = compile((assignment.reference / file).read_text(encoding="utf-8"), file, "exec")
        for check in assignment.checks:
            if check.file == file:
                unchanged = Mutant(check.function, "", "", 0, code)
                if first_catch(unchanged, [check], assignment, fixtures, reference):
                    sys.exit(f"mutants: the reference does not pass {check.id} within {CPU_S:g} s.")


def first_catch(
    mutant: Mutant, checks: list[Check], assignment: Assignment, fixtures: Fixtures, reference: Mapping[str, Any]
) -> str | None:
    """Return the id of the first check that does not give the mutant full marks; "import" if its file cannot be run."""
    place = "import"
    try:
        with limited_time(), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            functions = {**reference, **functions_of(mutant, reference)}
            for check in checks:
                place = check.id
                if not passes(check, functions, assignment, fixtures, reference):
                    return place
    except (Exception, OutOfTime):  # any exception of a mutant costs marks, so it is caught
        return place
    return None


def loose_checks(
    assignment: Assignment, fixtures: Fixtures, wanted: frozenset[str], explained: frozenset[Key]
) -> list[str]:
    """Return one line for each check whose wide tolerance would let a mutant pass that TOLERANCE catches. Checks that
    use TOLERANCE are not run again."""
    loose = [check for check in assignment.checks if check.function in wanted and check.tolerance > TOLERANCE]
    reference, lines = load_reference(assignment), []
    for check in loose:
        source = (assignment.reference / check.file).read_text(encoding="utf-8")
        expected, found = fixtures.checks[check.id].expected, list[Difference]()
        with limited_memory():
            for mutant in mutants_of(source, module_of_file(check.file), frozenset([check.function])):
                values = values_of(mutant, check, assignment, reference) if mutant.key not in explained else {}
                found += differences(f"the mutant {mutant.becomes!r}", expected, values, check.together)
        try:
            expect_tight(check, found)
        except AssignmentError as error:
            lines.append(str(error))
    return lines


def values_of(
    mutant: Mutant, check: Check, assignment: Assignment, reference: Mapping[str, Any]
) -> Mapping[str, np.ndarray]:
    """Return the numbers that the check gets from a mutant; empty if the mutant raises."""
    try:
        with limited_time(), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            np.random.seed(check.seed)
            functions = {**reference, **functions_of(mutant, reference)}
            values = run_locally(assignment, check, functions, reference=reference).values
            return {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}
    except (Exception, OutOfTime):
        return {}


def functions_of(mutant: Mutant, reference: Mapping[str, Any]) -> dict[str, Any]:
    """Return the functions and classes of the mutated file by id. The file imports the reference's other modules."""
    original = sys.modules[reference[mutant.function].__module__]
    module = types.ModuleType(original.__name__)
    vars(module).update(__package__=original.__package__, __file__=original.__file__)
    exec(mutant.code, vars(module))
    folder = module_of(mutant.function)
    return {name: getattr(module, short_name(name)) for name in reference if module_of(name) == folder}


def passes(
    check: Check,
    functions: Mapping[str, Any],
    assignment: Assignment,
    fixtures: Fixtures,
    reference: Mapping[str, Any],
) -> bool:
    np.random.seed(check.seed)
    answer = run_locally(assignment, check, functions, reference=reference)
    judgements = judge_values(check, fixtures.checks[check.id].expected, answer.values)
    return all(judgement.comparison.status == PASSED for judgement in judgements)


@contextmanager
def limited_time() -> Iterator[None]:
    """Raise OutOfTime after CPU_S of processor time, which does not depend on the load of the machine."""

    def stop(*_: Any) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, CPU_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def limited_memory() -> Iterator[None]:
    """Limit memory, so that a far too large array raises MemoryError."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY_MIB * 2**20, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def read_account(path: Path) -> dict[Key, str]:
    """Return the reasons of the explained survivors, by their keys: function, line, becomes, nth."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("survivor", [])
    account: dict[Key, str] = {}
    for entry in entries:
        key = (entry["function"], entry["line"], entry["becomes"], entry.get("nth", 0))
        if not entry["why"].strip() or key in account:
            sys.exit(f"{path.name}: {key} has no reason or is listed twice. Write one entry with a reason.")
        account[key] = entry["why"]
    return account


def unexplained(survivors: set[Key], explained: Mapping[Key, str]) -> list[str]:
    """Return entries that the file lacks, as text to copy into it; and entries that the file must not have."""
    new = [as_entry(key) for key in sorted(survivors - explained.keys())]
    gone = [as_entry(key) for key in sorted(explained.keys() - survivors)]
    lines = []
    if new:
        lines += [f"{len(new)} survive without a reason. Catch them with a check, or say why in {ACCOUNT.name}:", *new]
    if gone:
        lines += [f"{len(gone)} in {ACCOUNT.name} survive no more. Remove them:", *gone]
    return lines


def as_entry(key: Key) -> str:
    values = {name: value for name, value in zip(FIELDS, key, strict=True) if name != "nth" or value}
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
    return "\n".join(["[[survivor]]", *lines, 'why = ""'])


def print_counts(tried: list[Tried], wanted: frozenset[str]) -> None:
    print(f"{'':<40} mutants  caught by its own checks  by its cache's users  not caught")
    for function in [*dict.fromkeys(one.mutant.function for one in tried), ""]:
        mine = [one for one in tried if function in ("", one.mutant.function)]
        own, users, none = (sum(count) for count in zip(*map(counts_of, mine), strict=True))
        share = f"{(own + users) / len(mine):.1%}"
        print(f"{function or 'all':<40} {len(mine):>7} {own:>25} {users:>21} {none:>11}  {share:>6} caught")
    for function in sorted(wanted - {one.mutant.function for one in tried}):
        print(f"{function:<40}    none")


def counts_of(one: Tried) -> tuple[bool, bool, bool]:
    return one.by_own, one.caught_by is not None and not one.by_own, one.caught_by is None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
