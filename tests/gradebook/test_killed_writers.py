"""A process that decides is killed at random moments: what it was told is kept stays, and nothing is applied twice.

The child makes one decision after the other and writes the number of each to a pipe once the gradebook has returned.
Whatever number was read before the kill must be there; of the one that was under way, all or nothing; and all are sent
again, as a browser or a person would, which may change nothing but add the missing one.
"""

from __future__ import annotations

import os
import random
import signal
import time

import pytest
from book_sample import RELU, TITLE, enter, handed_in

from grader.gradebook.adjusting import adjust, adjustments_of
from grader.gradebook.book import open_gradebook
from grader.gradebook.changes import changes
from grader.gradebook.commenting import add_comment, comments_of
from grader.gradebook.runs import attempts_of, runs_of

pytestmark = [pytest.mark.process, pytest.mark.slow]
KILLS = 20
CLASS = [f"student_{number}" for number in range(12)]


def decide(book, number: int) -> None:
    """The decision of this number; every fourth is a run over the class, every third a comment."""
    name = CLASS[number % len(CLASS)]
    if number % 4 == 0:
        enter(book, *(handed_in(one, relu=number % 60) for one in CLASS), hashes={"number": str(number)})
    elif number % 3 == 0:
        add_comment(book, TITLE, name, f"Comment {number}.", who="Ada")
    else:
        adjust(book, TITLE, number % 50, f"Decision {number}.", who="Ada", submission=name, part=RELU, seen=None)


def child(url: str, first: int, pipe: int) -> None:
    try:
        with open_gradebook(url) as book:
            for number in range(first, first + 10_000):
                decide(book, number)
                os.write(pipe, f"{number}\n".encode())
    finally:
        os._exit(1)  # only a kill ends it


def killed_while_deciding(url: str, first: int, rng: random.Random) -> int:
    """Fork a child that decides from `first` on, kill it, and return the last number that it was told is kept."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        child(url, first, writer)
    os.close(writer)
    with os.fdopen(reader) as told:
        last = int(told.readline() or first - 1)
        time.sleep(rng.random() * 0.3)
        os.kill(pid, signal.SIGKILL)
        assert os.waitpid(pid, 0)[1] == signal.SIGKILL, "the child ended by itself"
        return max([last, *map(int, told.read().split())])


def test_no_decision_is_lost_or_applied_twice_over_twenty_kills(url):
    with open_gradebook(url) as book:
        enter(book, *map(handed_in, CLASS))
    rng = random.Random(18)
    number = 1
    for _ in range(KILLS):
        told = killed_while_deciding(url, number, rng)
        with open_gradebook(url) as book:  # undoes what was half done, and sees that all tables are there
            see_kept(book, told)
        number = told + 1  # the one that was under way is sent again
    assert number > KILLS
    with open_gradebook(url) as book:
        decide(book, number)
        for again in range(max(1, number - 3), number + 1):
            if again % 4:
                decide(book, again)
        see_kept(book, number)
        made = [one for one in changes(book) if one.what == "comment"]
        assert len(made) == len({one.after["body"] for one in made}) == len(comments_of(book, TITLE))


def see_kept(book, told: int) -> None:
    """Every decision up to the last one that was told is kept is there, and none of it twice."""
    decided = [one for one in range(1, told + 1) if one % 4]
    said = {one.text for one in comments_of(book, TITLE)}
    assert {f"Comment {one}." for one in decided if one % 3 == 0} <= said
    lines = [one.after["reason"] for one in changes(book) if one.what == "adjustment"]
    assert {f"Decision {one}." for one in decided if one % 3} <= {*lines}
    assert len(lines) == len({*lines})
    assert len({one.submission for one in adjustments_of(book, TITLE)}) == len(adjustments_of(book, TITLE))
    runs = [one.hashes["number"] for one in runs_of(book) if "number" in one.hashes]
    assert {str(one) for one in range(1, told + 1) if one % 4 == 0} <= {*runs}
    assert len({one.score for one in attempts_of(book, TITLE)}) == 1  # a run is whole: everybody's score is of the last
