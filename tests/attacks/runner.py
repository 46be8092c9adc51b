"""Grades all attacks of tests/attacks/ as one class, with the real command in the real sandbox.

    attack.toml ──► submissions ──► grader grade ──► results, pages, output on the terminal
                       with canaries around it           ├─► compare each result with its attack.toml
                                                         ├─► no canary was read or reached, no process survived
                                                         └─► open every page in Chromium: nothing runs

    python -m tests.attacks.runner [FAMILY | FAMILY/NAME]… [--user] [--jobs N] [--every] [--quiet]

Prints a table: attack, expected, happened. Exits with 1 if anything differs from what is expected.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from grader.intake.names import clean, show
from tests.attacks.attack import (
    HANDS_IN,
    Attack,
    build,
    complaints,
    happened,
    load_attacks,
    text_without_code,
    without_code,
)
from tests.attacks.browser import find_chromium, open_pages
from tests.attacks.canaries import Canaries, laid_out
from tests.attacks.command import ORDINARY_UID, grade
from tests.attacks.survivors import left_since, look

MANY_JOBS = 4


@dataclass(frozen=True)
class Run:
    """One way to run the command."""

    as_user: bool
    jobs: int

    def __str__(self) -> str:
        who = "an ordinary user" if self.as_user or os.geteuid() != 0 else "root"
        return f"as {who}, --jobs {self.jobs}"


@dataclass
class Outcome:
    """The findings of a run. by_attack: complaints, and what happened. others: complaints about no single attack."""

    by_attack: dict[str, tuple[list[str], str]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_as_expected(self) -> bool:
        return not self.others and not any(found for found, _ in self.by_attack.values())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.attacks.runner", description=__doc__.partition("\n")[0])
    parser.add_argument("attacks", nargs="*", help="families, or family/name; all of them if none is named")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="submissions at once")
    parser.add_argument("--user", action="store_true", help="as an ordinary user, where root starts this")
    parser.add_argument("--every", action="store_true", help="as root and as an ordinary user, and both with --jobs 4")
    parser.add_argument("--quiet", action="store_true", help="no table where all is as expected")
    asked = parser.parse_args()
    try:
        attacks = load_attacks(asked.attacks)
        find_chromium()  # needed last, some minutes from now
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))
    root = os.geteuid() == 0
    runs = [Run(asked.user and root, asked.jobs)]
    if asked.every:
        runs = [
            Run(as_user, jobs) for jobs in (asked.jobs, MANY_JOBS) for as_user in ((False, True) if root else (False,))
        ]
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    if asked.every and not root:
        console.print("Not started by root, so this user's runs are all there are.")
    outcomes = {}
    for run in dict.fromkeys(runs):
        outcomes[run] = perform(attacks, run)
        print_outcome(console, run, attacks, outcomes[run], quiet=asked.quiet or len(outcomes) > 1)
    return 0 if all(outcome.is_as_expected for outcome in outcomes.values()) else 1


def perform(attacks: Sequence[Attack], run: Run) -> Outcome:
    """Grade all attacks, with right submissions before and after them, once; then inspect everything."""
    outcome, started = Outcome(), time.monotonic()
    uids = {ORDINARY_UID} if run.as_user else set()
    with tempfile.TemporaryDirectory(prefix="attacks-") as folder:
        scratch = Path(folder)
        submissions, out, temporary = scratch / "submissions", scratch / "out", scratch / "tmp"
        for path in (submissions, out, temporary):
            path.mkdir()
        innocents = {kind: innocent(kind) for kind in HANDS_IN}
        victim = submissions / innocents["all"].submission / "layers.py"
        for one in innocents.values():
            if one.hands_in != "nothing":
                build(one, submissions / one.submission, {})
        with laid_out(scratch, out, victim) as canaries:
            for attack in attacks:
                build(attack, submissions / attack.submission, canaries.words)
            if run.as_user:
                give_to_user(scratch, (out, temporary, scratch / "home"))
            before = look(uids)
            environment = {**canaries.environment, "TMPDIR": str(temporary)}
            code, shown = grade(submissions, out, jobs=run.jobs, as_user=run.as_user, environment=environment)
            outcome.others += left_since(before, uids, temporary)
            outcome.others += [f"canary: {name} was reached" for name in canaries.reached]
        if code != 0:
            outcome.others.append(f"grader grade ended with exit code {code}: {shown[-1500:]}")
        hold(attacks, innocents, submissions, out, shown, canaries, outcome)
    outcome.seconds = time.monotonic() - started
    return outcome


def innocent(kind: str) -> Attack:
    """A right submission with these files."""
    return Attack(f"innocent/{kind}", Path(os.devnull), "", "", hands_in=kind, submission=f"innocent_{kind}")


def give_to_user(scratch: Path, folders: Sequence[Path]) -> None:
    scratch.chmod(0o755)
    for folder in folders:
        for path in (folder, *folder.iterdir()):
            os.chown(path, ORDINARY_UID, ORDINARY_UID)


def hold(
    attacks: Sequence[Attack],
    innocents: Mapping[str, Attack],
    submissions: Path,
    out: Path,
    shown: str,
    canaries: Canaries,
    outcome: Outcome,
) -> None:
    """Compare everything that was written and shown with the expectations."""
    results = {}
    for path in sorted((out / "results").glob("*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        results[result["submission"]["source"]] = result
    written = [path for path in sorted(out.rglob("*")) if path.is_file() and path != out / "notes.txt"]
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in written}
    everything = {**texts, Path("the terminal"): shown}
    for path, text in everything.items():
        outcome.others += [f"canary: that of the {name} stands in {path.name}" for name in canaries.read_in(text)]
    # Pages and results show the code that was handed in, so a word there shows nothing. A canary is in nobody's code.
    results = {source: without_code(result) for source, result in results.items()}
    everything = {path: text_without_code(text) for path, text in everything.items()}
    pages = [path for path in written if path.suffix == ".html"]
    events = open_pages(pages)
    by_id: dict[str, str] = {}
    right: dict[str, Mapping[str, Any]] = {}
    for kind, one in innocents.items():
        result = results.get(clean(str(submissions / one.submission)))
        if result is not None:
            right[kind] = result
            wrong = [f["function"] for f in result["functions"] if f["status"] not in ("passed", "missing")]
            outcome.others += [f"{one.name}: {name} did not pass" for name in wrong]
        elif one.hands_in != "nothing":
            outcome.others.append(f"{one.name}: no result")
    right["nothing"] = right.get("all", {"functions": []})
    for attack in attacks:
        result = results.get(clean(str(submissions / attack.submission)))
        if result is None:
            outcome.by_attack[attack.name] = ["no result"], "nothing"
            continue
        identifier = result["submission"]["id"]
        by_id[identifier] = attack.name
        feedback = everything.get(out / "feedback" / f"{identifier}.html", "")
        found = complaints(attack, result, right.get(attack.hands_in, {"functions": []}), feedback)
        found += [
            f"{word!r} stands in {path.name}"
            for word in attack.must.absent
            for path, text in everything.items()
            if word in text
        ]
        outcome.by_attack[attack.name] = found, happened(attack, result)
    for path, what in events.items():
        name = by_id.get(path.stem)
        told = [f"{path.relative_to(out)} in the browser: {event}" for event in what]
        outcome.by_attack[name][0].extend(told) if name else outcome.others.extend(told)


def print_outcome(console: Console, run: Run, attacks: Sequence[Attack], outcome: Outcome, *, quiet: bool) -> None:
    console.print(f"\n{len(attacks)} attacks {run}: {outcome.seconds:.0f} s")
    table = Table("attack", "expected", "happened", show_lines=False)
    for attack in attacks:
        found, what = outcome.by_attack[attack.name]
        if quiet and not found:
            continue
        told = "".join(f"\n[red]not so: {escape(show(complaint))}[/]" for complaint in found)
        table.add_row(escape(attack.name), escape(attack.expected), escape(show(what)) + told)
    if table.row_count:
        console.print(table)
    for complaint in outcome.others:
        console.print(f"[red]not so: {escape(clean(complaint))}[/]")
    unexpected = [name for name, (found, _) in outcome.by_attack.items() if found]
    verdict = f"{len(attacks) - len(unexpected)} of {len(attacks)} as expected"
    rest = f", and {len(outcome.others)} things besides" if outcome.others else ""
    console.print(f"{verdict}{rest}" if unexpected or rest else "all as expected: nothing gained, read, left or run")


if __name__ == "__main__":
    sys.exit(main())
