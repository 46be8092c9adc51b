"""The server is killed at random moments while three people decide: what it confirmed stays, and nothing counts twice.

Each person posts one decision after the other, about submissions of their own. A decision is confirmed once its whole
answer has come. After each kill, the last forms of each person are sent again as they were, as a browser does when
somebody loads the page again: the confirmed one may change nothing, the one under way may be missing or there.
"""

from __future__ import annotations

import http.client
import random
import signal
import time
from collections import Counter
from pathlib import Path
from threading import Event, Thread

import pytest
from site_sample import CONV, RELU, TITLE, enter_class, result_of, start_server, stop_server
from visitor import Visitor

from grader.decisions import FUNCTION, Part
from grader.gradebook.adjusting import adjustment_of
from grader.gradebook.book import Gradebook, open_gradebook
from grader.gradebook.changes import changes
from grader.gradebook.place import beside

pytestmark = [pytest.mark.process, pytest.mark.slow]
KILLS = 20
PEOPLE = ("ada", "bob", "cleo")
EACH = 3  # submissions of a person
Form = tuple[str, dict[str, str]]


class Worker:
    """One person. confirmed: numbers of decisions whose answer came. last: the forms that were sent last."""

    def __init__(self, person: str, book: Gradebook) -> None:
        self.person, self._book = person, book
        self.confirmed: list[int] = []
        self.sent: list[int] = []
        self.last: list[Form] = []
        self.at_work = Event()  # a new decision was confirmed since the start of the server

    def text(self, number: int) -> str:
        return f"{self.person} {number}."

    def form(self, number: int) -> Form:
        about = {"submission": f"{self.person}_{number % EACH}", "part": f"function:{RELU if number % 2 else CONV}"}
        if number % 3 == 0:
            return "/decide/comment", {**about, "text": self.text(number)}
        part = Part(FUNCTION, about["part"].partition(":")[2])
        there = adjustment_of(self._book, TITLE, part, submission=about["submission"])
        seen = str(there.revision if there else 0)
        points = {"points": str(number % 30), "mode": "add", "reason": self.text(number), "seen": seen}
        return "/decide/adjust", {**about, **points}

    def post(self, visitor: Visitor, csrf: str, form: Form) -> None:
        path, fields = form
        answer = visitor.post(path, {**fields, "csrf": csrf})
        assert answer.status == 303, (answer.status, answer.text)

    def work(self, link: str) -> None:
        """Send the last forms again, then decide until the server is gone."""
        try:
            visitor = Visitor(link)
            csrf = visitor.csrf()
            for form in self.last:
                self.post(visitor, csrf, form)
            self.confirmed = [*self.sent]
            while True:
                number = len(self.sent) + 1
                form = self.form(number)
                self.last = [*self.last[-1:], form]
                self.sent.append(number)
                self.post(visitor, csrf, form)
                self.confirmed.append(number)
                self.at_work.set()
        except (OSError, http.client.HTTPException):
            return


def see_kept(book: Gradebook, workers: list[Worker]) -> None:
    """Each confirmed decision is in the history once; none is there that nobody sent."""
    lines = [one for one in changes(book) if one.what in ("adjustment", "comment")]
    said = Counter(one.after.get("reason") or one.after.get("body") for one in lines)
    assert set(said.values()) <= {1}
    for worker in workers:
        assert {worker.text(number) for number in worker.confirmed} <= {*said}
    assert {*said} <= {worker.text(number) for worker in workers for number in worker.sent}


def test_no_decision_is_lost_or_applied_twice_over_twenty_kills_of_the_server(tmp_path: Path) -> None:
    out = tmp_path / "reports"
    enter_class(out, [result_of(f"{person}_{number}", 0.0, 0.0) for person in PEOPLE for number in range(EACH)])
    rng = random.Random(18)
    with open_gradebook(beside(out)) as book:
        workers = [Worker(person, book) for person in PEOPLE]
        for _ in range(KILLS):
            process, links = start_server(out, PEOPLE)
            threads = [Thread(target=worker.work, args=(links[worker.person],)) for worker in workers]
            for worker, thread in zip(workers, threads, strict=True):
                worker.at_work.clear()
                thread.start()
            assert all(worker.at_work.wait(60) for worker in workers)
            time.sleep(rng.random() * 0.3)
            assert process.poll() is None
            stop_server(process, signal.SIGKILL)
            for thread in threads:
                thread.join()
            see_kept(book, workers)
        assert any(len(worker.sent) > len(worker.confirmed) for worker in workers)  # some were under way
        assert min(len(worker.confirmed) for worker in workers) > KILLS
