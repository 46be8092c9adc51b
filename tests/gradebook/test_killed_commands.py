"""`grader grade` and `grader gradebook import` are killed before each of their writes: all of it is there, or nothing.

test_killed_writers.py kills at random moments. Here a fork runs the command and kills itself before its first write,
the next one before its second, and so on, until one ends by itself: no moment between two writes is left out.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import chdir
from itertools import count
from pathlib import Path

import pytest
from book_sample import RELU, TITLE, enter, handed_in
from click.testing import CliRunner
from one_check import RIGHT, WRONG, write_assignment, write_class
from sqlalchemy import Engine, event

from grader.cli.commands import cli
from grader.gradebook.adjusting import adjust, adjustments_of
from grader.gradebook.book import open_gradebook
from grader.gradebook.changes import changes
from grader.gradebook.run_results import results_of_run
from grader.gradebook.runs import attempts_of, runs_of

pytestmark = [pytest.mark.process, pytest.mark.slow]
READS = ("SELECT", "PRAGMA", "BEGIN", "SHOW", "SET")
CLASS = [f"student_{number}" for number in range(12)]
MOST = 200  # writes of a command


def killed_before(write: int, command: Callable[[], None]) -> bool:
    """Fork a child that runs the command, and kill it before this write or commit. False if it has fewer.

    A grading run writes in a process of its own, which is killed with the command.
    """
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            counted, child = count(1), os.getpid()

            def see(*_: object, **__: object) -> None:
                if next(counted) == write:
                    for process in dict.fromkeys((child, os.getpid())):
                        os.kill(process, signal.SIGKILL)

            def see_statement(_connection: object, _cursor: object, statement: str, *_: object) -> None:
                if not statement.lstrip().upper().startswith(READS):
                    see()

            event.listen(Engine, "before_cursor_execute", see_statement)
            event.listen(Engine, "commit", see)
            command()
            code = 0
        finally:
            os._exit(code)
    ended = os.waitpid(pid, 0)[1]
    assert ended in (0, signal.SIGKILL), "the command failed"
    return ended != 0


def call(folder: Path, *words: str) -> None:
    with chdir(folder):
        done = CliRunner().invoke(cli, words, standalone_mode=False)
    if done.exception is not None:
        raise done.exception


def test_a_run_is_in_the_gradebook_as_a_whole_or_not_at_all(url, tmp_path):
    write_assignment(tmp_path)
    write_class(tmp_path / "class", {"ada": RIGHT, "bela": WRONG, "cleo": WRONG})
    words = "grade", "class", "--out", "out", "--jobs", "1", "--sandbox", "none", "--gradebook", url
    call(tmp_path, *words)
    with open_gradebook(url) as book:
        (title,) = {one.assignment for one in runs_of(book)}
        adjust(book, title, 2, "The check was wrong.", who="Ada", submission="bela")
        before = changes(book)
    (tmp_path / "class/bela/one.py").write_text(RIGHT)

    kept = []
    for write in range(1, MOST):
        killed = killed_before(write, lambda: call(tmp_path, *words))
        with open_gradebook(url) as book:
            runs = runs_of(book)
            kept.append(len(runs))
            for run in runs:
                results = results_of_run(book, run.number)
                assert results.ids() == ["ada", "bela", "cleo"]
                assert results.read("bela").score == (0 if run is runs[0] else 10)
            attempts = attempts_of(book, title, "bela")
            assert [one.score for one in attempts] == [0, 10][: 1 if len(runs) == 1 else 2]
            assert [one.reason for one in adjustments_of(book, title)] == ["The check was wrong."]
            assert changes(book) == before
        if not killed:
            break
    assert not killed and kept.count(1) >= 5, "the kills were not within the entry of the run"
    assert kept[-1] == kept[-2] + 1


def test_a_table_of_adjustments_is_taken_in_as_a_whole_or_not_at_all(url, tmp_path):
    with open_gradebook(url) as book:
        enter(book, *map(handed_in, CLASS))
        adjust(book, TITLE, 1, "Before.", who="Ada", submission=CLASS[0], part=RELU)
        revision = changes(book)[-1].number
    rows = [f"{name},layers.relu,add,2,Now.,{revision if name == CLASS[0] else ''}" for name in CLASS]
    table = "\n".join(["submission,part,mode,points,reason,revision", *rows])
    (tmp_path / "adjustments.csv").write_text(table)

    kept = []
    for write in range(1, MOST):
        killed = killed_before(write, lambda: call(tmp_path, "gradebook", "--gradebook", url, "import"))
        with open_gradebook(url) as book:
            kept.append({one.submission: (one.points, one.reason) for one in adjustments_of(book, TITLE)})
        if not killed:
            break
    assert not killed and len(kept) > len(CLASS)
    assert all(one == {CLASS[0]: (1, "Before.")} for one in kept[:-1])
    assert kept[-1] == dict.fromkeys(CLASS, (2, "Now."))
    with open_gradebook(url) as book:
        lines = [one for one in changes(book) if one.what == "adjustment"]
        assert [one.after["reason"] for one in lines] == ["Before.", *["Now."] * len(CLASS)]
