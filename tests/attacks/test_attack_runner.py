"""The runner detects every success of an attack: too many marks, a harmed function, a read token, a running script."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from programs import need_programs

from tests.attacks.attack import (
    Attack,
    Must,
    build,
    complaints,
    load_attack,
    load_attacks,
    text_without_code,
    without_code,
)
from tests.attacks.canaries import laid_out
from tests.attacks.command import ROOT, closed_above

ATTACK = Attack("family/name", Path("."), "tries", "expected", functions={"layers.f": ("failed", "partial")})


def result(f=("failed", 0.0), g=("passed", 2.0), status="graded", **more):
    functions = [
        {"function": name, "status": said, "points": points, "max_points": 2.0}
        for name, (said, points) in (("layers.f", f), ("layers.g", g))
    ]
    return {"status": status, "reason": None, "duration_s": 1.0, "functions": functions, **more}


INNOCENT = result(f=("passed", 2.0))


def test_a_failed_attack_gives_no_complaint():
    assert complaints(ATTACK, result(), INNOCENT, "") == []
    assert complaints(ATTACK, result(f=("partial", 1.0)), INNOCENT, "") == []


@pytest.mark.parametrize(
    ("attack", "happened", "complaint"),
    [
        (ATTACK, result(f=("passed", 2.0)), "f is passed, expected failed or partial"),
        (ATTACK, result(g=("crashed", 0.0)), "g is crashed, 0 of 2: it must not change"),
        (ATTACK, result(g=("passed", 1.9)), "g is passed, 1.9 of 2: it must not change"),
        (replace(ATTACK, points={"layers.f": 0.5}), result(f=("partial", 1.0)), "f earned 1, expected at most 0.5"),
        (ATTACK, result(status="grader_error"), "the submission is grader_error: "),
        (ATTACK, result(functions=[]), "f is not in the result"),
        (ATTACK, result(duration_s=61.0), "took 61 s, expected at most 60 s"),
        (replace(ATTACK, functions={"layers.h": ("failed",)}), result(), "layers.h is no function of the assignment"),
        (replace(ATTACK, must=Must(present=("said",))), result(), "'said' is not said"),
        (replace(ATTACK, must=Must(absent_in_feedback=("told",))), result(), "'told' is told to the student"),
    ],
)
def test_each_success_of_an_attack_is_reported(attack, happened, complaint):
    assert complaint in complaints(attack, happened, INNOCENT, "what the student is told")


def test_every_attack_has_a_note_a_mark_and_a_submission_that_can_be_built(tmp_path):
    attacks = load_attacks()
    assert len({attack.submission for attack in attacks}) == len(attacks)
    for attack in attacks:
        assert attack.tries.endswith(".") and attack.expected.endswith("."), attack.name
        build(attack, tmp_path / attack.submission, {})
        assert any((tmp_path / attack.submission).rglob("*")), attack.name


def test_a_file_name_may_be_escaped_for_other_systems(tmp_path):
    folder = tmp_path / "attack"
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "%3Cimg%20src=x%3E.py").write_text("x = 1\n")
    build(replace(ATTACK, folder=folder, hands_in="nothing"), tmp_path / "built", {})
    assert (tmp_path / "built" / "<img src=x>.py").is_file()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('tries = "a"\nexpected = "b"\nfunction = 1\n', "function is no key of attack.toml"),
        ('tries = "a"\nexpected = "b"\n[functions]\nf = "wrong"\n', r"f may be \('wrong',\)"),
        ('tries = "a"\nexpected = "b"\nhands_in = "some"\n', "hands_in is 'some'"),
    ],
)
def test_a_bad_note_is_rejected_by_name(tmp_path, text, complaint):
    (tmp_path / "attack.toml").write_text(text)
    with pytest.raises(ValueError, match=f"{tmp_path.name}: {complaint}"):
        load_attack(tmp_path / "attack.toml")


def test_an_unknown_attack_is_rejected():
    with pytest.raises(ValueError, match="forging/none: no such attack"):
        load_attacks(["forging/none"])


def test_a_canary_counts_connections_and_sends_its_token(tmp_path):
    import socket
    import time

    (tmp_path / "out").mkdir()
    (tmp_path / "victim.py").write_text("")
    with laid_out(tmp_path, tmp_path / "out", tmp_path / "victim.py") as canaries:
        with socket.create_connection(("127.0.0.1", int(canaries.words["TCP_PORT"]))) as connection:
            told = connection.recv(100).decode()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect("\0" + canaries.words["ABSTRACT"])
            told += connection.recv(100).decode()
        told += Path(canaries.words["HOME_FILE"]).read_text() + Path(canaries.words["OTHER"]).read_text()
        time.sleep(0.01)
    assert canaries.read_in(told) == ["home", "another submission", "TCP", "abstract"]
    assert sorted(canaries.reached) == ["TCP", "abstract"]


SURVIVE = """
import os, sys
from tests.attacks.survivors import left_since, look
from pathlib import Path
before = look(set())
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv("/bin/sleep", ["sleep", "30"])
    os._exit(0)
os.wait()
Path(sys.argv[1], "left.txt").write_text("")
print(*left_since(before, set(), Path(sys.argv[1])), sep="\\n")
"""


@pytest.mark.process
def test_an_escaped_process_and_a_left_file_are_found(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SURVIVE, str(tmp_path)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    process, file = done.stdout.splitlines()
    assert process.startswith("process: ") and process.endswith("sleep 30 ")
    assert file == f"temporary file: {tmp_path / 'left.txt'}"


# In its own process: a process can have only one Playwright, and other tests use it.
OPEN = """
import json, sys
from pathlib import Path
from tests.attacks.browser import open_pages
print(json.dumps({path.stem: found for path, found in open_pages(sorted(Path(sys.argv[1]).glob("*.html"))).items()}))
"""


@pytest.mark.process
def test_without_chromium_the_runner_says_so_before_it_grades():
    command = [sys.executable, "-m", "tests.attacks.runner", "forging"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env={"PATH": "/nonexistent"}, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr.endswith("error: chromium: not found. Install it: apt-get install chromium.\n")
    assert done.stdout == ""


@pytest.mark.browser
def test_a_page_with_scripts_requests_or_links_is_found(tmp_path):
    need_programs("chromium")
    pages = {
        "quiet": "<title>a</title><p>text",
        "script": "<title>a</title><script>document.title = 'owned'; alert('hello')</script>",
        "request": "<title>a</title><img src='http://192.0.2.1/x.png'>",
        "late": "<title>a</title><details ontoggle=\"document.title = 'owned'\">x</details>",
    }
    for name, text in pages.items():
        (tmp_path / f"{name}.html").write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(tmp_path)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    events = json.loads(done.stdout)
    assert events["quiet"] == []
    assert events["script"] == ["dialog: hello"]
    assert events["request"][0] == "request: http://192.0.2.1/x.png"
    assert events["late"] == ["title: owned"]


def test_a_folder_that_only_root_may_enter_is_found(open_folder):
    closed = open_folder / "closed"
    (closed / "below").mkdir(parents=True)
    closed.chmod(0o700)
    assert closed_above(closed / "below") == closed
    assert closed_above(Path("/usr/bin")) is None


def test_a_word_in_the_code_that_was_handed_in_shows_nothing() -> None:
    page = '<p>told</p><details class="code" open><li>LEAKED</li></details><p>after</p>'
    assert text_without_code(page) == "<p>told</p><p>after</p>"
    stored = '{"function": "f", "code": "x = \\"LEAKED\\"", "reason": "told"}'
    assert text_without_code(stored) == '{"function": "f", "code":"", "reason": "told"}'
    assert without_code({"functions": [{"code": "LEAKED", "status": "failed"}]}) == {
        "functions": [{"code": "", "status": "failed"}]
    }
