"""`grader check --watch`: after every save, what the saved file touches is run again.

Polls times and sizes: a package has two dozen files, any file system will do, and nothing needs to be installed.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from rich.console import Console

from grader.cli.screen.progress import literal
from grader.cli.screen.standing import show_rows, show_summary
from grader.errors import UsageError
from grader.function_ids import file_of
from grader.records import Result, Submission
from grader.report.standing import standing_of
from grader.student.changed_functions import Unfinished
from grader.student.own_run import Place, read_own, run_own, touched_by, with_news

POLL_S: Final = 0.1
SETTLE_S: Final = 0.03  # an editor that writes a file in parts is done by then, or a later save is seen

Stamps = dict[Path, tuple[int, int]]


def saves(folder: Path, *, poll_s: float = POLL_S) -> Iterator[None]:
    """Yields after each change of a Python file below the folder since this call, once it has settled. Never ends."""
    return follow(folder, stamps(folder), poll_s)


def follow(folder: Path, known: Stamps, poll_s: float) -> Iterator[None]:
    while True:
        time.sleep(poll_s)
        now = stamps(folder)
        if now != known:
            while True:
                time.sleep(SETTLE_S)
                known, now = now, stamps(folder)
                if now == known:
                    break
            yield


def stamps(folder: Path) -> Stamps:
    found: Stamps = {}
    for path in folder.rglob("*.py"):
        with contextlib.suppress(OSError):  # taken away between the listing and the look, as editors do
            stat = path.stat()
            found[path] = (stat.st_mtime_ns, stat.st_size)
    return found


def own_first(functions: tuple[str, ...], before: Submission, after: Submission) -> list[tuple[str, ...]]:
    """The functions of the files that were saved, then all others: the answer is there before the nets have trained."""
    saved = {name for name in {*before.files, *after.files} if before.files.get(name) != after.files.get(name)}
    own = tuple(function for function in functions if file_of(function) in saved)
    others = tuple(function for function in functions if function not in own)
    return [some for some in (own, others) if some]


def watch(
    place: Place,
    functions: tuple[str, ...],
    result: Result,
    submission: Submission,
    console: Console,
    changes: Iterable[None],
) -> Result:
    """Run again what each change touches. Returns the last result, when there are no more changes or on Ctrl-C.

    submission: the files that `result` is about.
    """
    console.print(f"Watching {literal(str(place.package))}; Ctrl-C ends.", highlight=False, soft_wrap=True)
    try:
        for _ in changes:
            try:
                now = read_own(place)
                touched = tuple(f for f in touched_by(place, submission.files, now.files) if f in functions)
            except Unfinished as error:
                text = f"{literal(error.place)}: {literal(error.what)}. Waiting for the next save."
                console.print(text, highlight=False, soft_wrap=True)
                continue
            except UsageError as error:
                console.print(f"{literal(str(error))} Waiting for the next save.", highlight=False, soft_wrap=True)
                continue
            if not touched:
                console.print("Saved; nothing that is checked has changed.", highlight=False)
            for some in own_first(touched, submission, now):
                result = with_news(result, run_own(place, some, now))
                show_rows(console, standing_of(result).only(some))
            submission = now
            if touched:
                show_summary(console, standing_of(result))
    except KeyboardInterrupt:
        console.print()
    return result
