"""Requests that no page of ours sends, and texts that would run if they were not shown as texts."""

from __future__ import annotations

import html
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from site_sample import HOSTILE, TITLE, start_server, stop_server
from visitor import FORM, Visitor

from grader.decisions import Person
from grader.gradebook.book import open_gradebook
from grader.gradebook.changes import changes
from grader.gradebook.grades import grade_of, grades_of
from grader.gradebook.place import beside
from grader.gradebook.students import import_roster

pytestmark = pytest.mark.process
ADJUST = {"submission": "ben", "part": "whole:", "mode": "add", "points": "50", "reason": "mine", "seen": "0"}


@contextmanager
def unchanged(out: Path) -> Iterator[None]:
    with open_gradebook(beside(out)) as book:
        before = changes(book)
        yield
        assert changes(book) == before


def test_who_has_no_token_sees_nothing(links: dict[str, str], out: Path) -> None:
    stranger = Visitor(links["ada"], inside=False)
    for path in ("/", "/submission?submission=ben", "/report?submission=ben", "/grades.csv", "/history", "/nowhere"):
        answer = stranger.get(path)
        assert answer.status == 403 and "ben" not in answer.text
    assert stranger.get("/enter?token=").status == 403
    assert stranger.get("/enter?token=" + "x" * 32).status == 403
    assert stranger.get("/enter?token=%C3%A9").status == 403
    assert stranger.get("/", Cookie=f"grader-{stranger.parts.port}=guessed").status == 403
    assert stranger.get("/", Cookie=f"grader-{stranger.parts.port}=\x00;=;").status in (400, 403)
    with unchanged(out):
        assert stranger.post("/decide/adjust", ADJUST).status == 403


def test_the_session_is_kept_from_scripts_and_from_other_sites(links: dict[str, str]) -> None:
    visitor = Visitor(links["ada"], inside=False)
    cookie = visitor.get(f"/enter?{visitor.parts.query}").headers["Set-Cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    policy = Visitor(links["ada"]).get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy


def test_a_request_from_another_site_changes_nothing(links: dict[str, str], out: Path) -> None:
    visitor = Visitor(links["ada"])
    own = {**ADJUST, "csrf": visitor.csrf()}
    port = visitor.parts.port
    with unchanged(out):
        for origin in ("http://evil.example", "null", "", f"http://127.0.0.1:{(port or 0) + 1}", "https://127.0.0.1"):
            assert visitor.post("/decide/adjust", own, Origin=origin).status == 403
        assert visitor.post("/decide/adjust", ADJUST).status == 403
        assert visitor.post("/decide/adjust", {**ADJUST, "csrf": "x"}).status == 403
        assert visitor.post("/decide/adjust", {**ADJUST, "csrf": Visitor(links["bob"]).csrf()}).status == 403
        assert visitor.post("/decide/adjust", own, Content_Type="text/plain").status == 415
        assert visitor.get("/decide/adjust?" + urlencode(own)).status == 405
        assert visitor.send("PUT", "/decide/adjust").status == 405
    assert visitor.post("/decide/adjust", own).status == 303


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", ""])
def test_a_name_that_was_made_to_point_here_is_refused(links: dict[str, str], host: str) -> None:
    visitor = Visitor(links["ada"])
    assert visitor.get("/", Host=host.format(port=visitor.parts.port)).status in (400, 421)
    assert visitor.get("/", Host=f"localhost:{visitor.parts.port}").status == 200


def test_other_peoples_names_and_numbers_end_in_words(links: dict[str, str], out: Path) -> None:
    visitor = Visitor(links["ada"])
    csrf = {"csrf": visitor.csrf()}
    for name in ("nobody", "../gradebook", "ben/../ann", "/etc/passwd", "ben\x00", "b" * 5000, ""):
        about = quote(name)
        for path in ("/submission?submission=", "/report?submission=", "/notebook?name=Nets.ipynb&submission="):
            assert visitor.get(path + about).status == 404
    assert visitor.get("/notebook?submission=ben&name=../../results/ben.json").status == 404
    assert visitor.get("/submission?student=nobody").status == 404
    assert visitor.get("/question?name=nothing").status == 404
    assert visitor.get("/static/../app.py").status == 404
    assert visitor.get("/static/%2e%2e%2fapp.py").status == 404
    with unchanged(out):
        for changes, status in (
            ({"submission": "nobody"}, 404),
            ({"student": "nobody"}, 404),
            ({"part": "function:layers.nothing"}, 404),
            ({"part": "everything:"}, 422),
            ({"points": "nan"}, 422),
            ({"points": "1e999"}, 422),
            ({"points": "2 points"}, 422),
            ({"mode": "multiply"}, 422),
            ({"reason": " "}, 422),
            ({"seen": "-1"}, 422),
            ({"seen": "9" * 9}, 409),
        ):
            answer = visitor.post("/decide/adjust", {**ADJUST, **csrf, **changes})
            assert answer.status == status, changes
        assert visitor.post("/decide/drop-tables", {**ADJUST, **csrf}).status == 404
        assert visitor.post("/decide/answer", {**csrf, "submission": "ben", "number": "7", "text": "x"}).status == 422
        assert visitor.post("/decide/adjust", {**ADJUST, **csrf, "reason": "x" * 70_000}).status == 413


def test_the_history_has_the_name_of_the_session_whatever_the_form_says(links: dict[str, str], out: Path) -> None:
    visitor = Visitor(links["bob"])
    visitor.post("/decide/adjust", {**ADJUST, "csrf": visitor.csrf(), "who": "ada", "person": "ada"})
    with open_gradebook(beside(out)) as book:
        assert grade_of(book, TITLE, "ben").adjusted[0].adjustment.who == "bob"


def test_who_has_left_is_out(links: dict[str, str]) -> None:
    visitor = Visitor(links["ada"])
    assert visitor.post("/leave", {"csrf": "x"}).status == 403
    assert visitor.post("/leave", {"csrf": visitor.csrf()}).status == 200
    assert visitor.get("/").status == 403


def test_a_filter_may_hold_anything(links: dict[str, str]) -> None:
    visitor = Visitor(links["ada"])
    odd = ("nan", "-1", "1e400", "<script>", "%00", "9" * 300, "'; drop table students; --", "\ud7ff")
    for name in ("text", "status", "below", "lost", "show", "sort", "page"):
        for value in odd:
            answer = visitor.get(f"/?{urlencode({name: value})}")
            assert answer.status == 200 and "<script>" not in answer.text


def test_the_token_is_in_no_log_and_no_referrer(out: Path) -> None:
    process, links = start_server(out, ["ada"], stderr=subprocess.PIPE)
    visitor = Visitor(links["ada"])
    answer = visitor.get(f"/enter?{visitor.parts.query}")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert visitor.get("/").headers["Referrer-Policy"] == "same-origin"
    for path in ("/enter?token=wrong", "/nowhere", "/submission?submission=nobody"):
        visitor.get(path)
    with socket.create_connection((visitor.parts.hostname, visitor.parts.port)) as raw:
        raw.sendall(f"GET /enter?{visitor.parts.query} HTTP/9\r\n\x00\r\n\r\n".encode())
        raw.recv(1000)
    stop_server(process, signal.SIGINT)
    assert process.stderr is not None
    with process.stderr as said:
        assert "token" not in said.read()


def test_slow_clients_keep_nobody_waiting(links: dict[str, str]) -> None:
    visitor = Visitor(links["ada"])
    head = f"POST /decide/adjust HTTP/1.1\r\nHost: {visitor.host}\r\n"
    rest = f"Origin: http://{visitor.host}\r\nCookie: {visitor.cookie}\r\nContent-Type: {FORM}\r\n"
    with ExitStack() as open_ones:
        for sent in (head, head + rest + "Content-Length: 60000\r\n\r\ncsrf=") * 60:
            raw = socket.create_connection((visitor.parts.hostname, visitor.parts.port))
            open_ones.enter_context(raw).sendall(sent.encode())
        began = time.monotonic()
        assert visitor.get("/").status == 200
        assert time.monotonic() - began < 5


def test_a_form_has_a_bounded_size_however_it_is_sent(links: dict[str, str], out: Path) -> None:
    visitor = Visitor(links["ada"])
    fields = urlencode({**ADJUST, "csrf": visitor.csrf()})
    given = {"Origin": f"http://{visitor.host}", "Content_Type": FORM}
    with unchanged(out):
        for body in (fields + "&a=b" * 20_000, fields + "&" * 65_000, "%" * 60_000, "=" * 65_000, "\x00"):
            assert visitor.send("POST", "/decide/adjust", body.encode(), **given).status in (400, 403, 413)
        chunks = b"".join(b"fff\r\n" + b"a" * 0xFFF + b"\r\n" for _ in range(40))
        parts = (f"POST /decide/adjust HTTP/1.1\r\nHost: {visitor.host}\r\nOrigin: http://{visitor.host}",)
        more = (f"Cookie: {visitor.cookie}", f"Content-Type: {FORM}", "Transfer-Encoding: chunked\r\n\r\n")
        with socket.create_connection((visitor.parts.hostname, visitor.parts.port)) as raw:
            raw.sendall("\r\n".join((*parts, *more)).encode() + chunks)
            assert b" 413 " in raw.recv(100)
    assert "a" * 300 not in visitor.get("/?text=" + "a" * 60_000).text
    assert visitor.get("/" + "a" * 60_000).status == 404
    assert visitor.get("http://evil.example/").status == 404
    assert visitor.get("//evil.example/").status == 404


KEYS = ("a/b", "../s1", "q\"x'y", "<b>k</b>", "a&b=c#d?e", "\u202etxt.exe", "%2e%2e", "a b", "é")


def test_a_student_of_any_name_is_shown_and_decided_about(links: dict[str, str], out: Path) -> None:
    with open_gradebook(beside(out)) as book:
        people = [Person(key, f"{key}\n</a><script>\u202e=1+1", section=key) for key in KEYS]
        import_roster(book, people, "ada")
        keys = [grade.student.key for grade in grades_of(book, TITLE) if grade.student and not grade.submission]
        visitor = Visitor(links["ada"])
        page = visitor.get("/").text
        assert "<script>\u202e" not in page and "\u202e" not in page and "</a><script>" not in page
        strange = [key for key in keys if key not in ("s1", "s8", "s9")]
        assert len(strange) == len(KEYS)
        for number, key in enumerate(strange):
            shown = visitor.get(f"/submission?{urlencode({'student': key})}")
            assert shown.status == 200 and "<script>\u202e" not in shown.text
            assert f"/submission?{urlencode({'student': key})}".replace("&", "&amp;") in page
            (sent_back,) = {*re.findall(r'name="student" value="([^"]*)"', shown.text)}
            form = {"student": html.unescape(sent_back), "part": "whole:", "points": str(number + 1), "mode": "set"}
            answer = visitor.post("/decide/adjust", {**form, "reason": "so", "seen": "0", "csrf": visitor.csrf()})
            assert answer.status == 303
            assert visitor.get(answer.headers["Location"]).status == 200
        totals = {grade.student.key: grade.total for grade in grades_of(book, TITLE) if grade.student}
        assert [totals[key] for key in strange] == [number + 1 for number in range(len(KEYS))]


@pytest.mark.browser
def test_nothing_of_a_submission_runs(browser: Any, links: dict[str, str]) -> None:
    from test_path import entered

    with entered(browser, links["ada"]) as page:
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        about = urlencode({"submission": HOSTILE})
        for path in (
            "/",
            f"/submission?{about}",
            f"/report?{about}",
            "/question?name=why",
            "/history",
            "/?text=mallory",
        ):
            page.goto(page.home + path)
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(100)
            assert page.title() != "owned"
            assert page.locator("[onerror], [onload]").count() == 0
        assert [url for url in asked if not url.startswith((page.home, "data:"))] == []
        assert page.events == []
        page.goto(page.home + f"/submission?{about}")
        assert page.frame_locator("iframe").locator("h1").inner_text().startswith("mallory")


@pytest.mark.browser
def test_a_report_in_its_frame_could_not_run_a_script_if_it_held_one(browser: Any, links: dict[str, str]) -> None:
    from test_path import entered

    with entered(browser, links["ada"]) as page:
        headers = page.request.get(page.home + "/report?submission=ben").headers
        policy = headers["content-security-policy"]
        assert policy.startswith("sandbox; default-src 'none'; style-src 'sha256-") and "unsafe" not in policy
        page.goto(page.home + "/submission?submission=ben")
        assert page.locator("iframe").get_attribute("sandbox") == ""
        hole = "const s = document.createElement('script'); s.textContent = 'window.owned = 1'; document.body.append(s)"
        page.evaluate(hole)
        assert page.evaluate("window.owned") is None
