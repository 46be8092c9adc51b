"""MESSAGES.md, which students get: what it shows was printed, and nothing that the code can say is missing in it."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest
from cases import ROOT
from every_message import STATES
from own_folder import make_package, release_assignment

from grader.judging.diagnose import ADVICE
from grader.report import standing
from grader.report.standing import standing_of
from grader.report.words import CHECK_WORDS
from grader.student.own_run import find_place, run_own

PAGE = (ROOT / "assignment/template/MESSAGES.md").read_text(encoding="utf-8")
# What the sentences of messages are made of. Of submission_run.py and student.py, what students read.
JUDGING = ("diagnose", "compare", "patterns", "student", "verdict")
SPEAKERS = tuple(f"judging/{name}.py" for name in JUDGING)
SPEAKERS += ("sandbox/host/session.py", "report/standing.py", "grading/check_run.py", "grading/submission_run.py")
CPU_S = 0.25  # a fifth of it is enough for any right function
WALL_S = 6.0
# To instructors, about the assignment, the fixtures or the sandbox; parts of a page or a log; parts of ADVICE.
TO_OTHERS = (
    "Check the spelling",
    "Run make fixtures",
    "none of its methods and attributes",
    "the worker did not start",
    "asked for what was not granted",
    "more bytes were printed",
    "the import raised",
    "--html shows them",
    "--python",
    "it earns less",
    "Wrong all the same",
    "ran out of time in others",
    "or took long",
    "which it is built on",
    "prints while it is imported",
    "in place of those that",
    "calls. With yours",
)


def spoken(text):
    return " ".join(text.split())


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """All that `grader check` shows of every state of a folder, as one text."""
    top = tmp_path_factory.mktemp("messages")
    release_assignment(top / "assignment")
    texts = []
    for name, added in STATES.items():
        folder = top / name.replace(" ", "_")
        make_package(folder / "cs231n", written=None)
        for file, text in added.items():
            path = folder / "cs231n" / file
            path.write_text(path.read_text() + text)
        place = find_place(folder)
        if name == "no values":  # it has a loop without an end and a sleep, and nobody waits here as students must
            limits = replace(place.context.limits, cpu_s=CPU_S, wall_s=WALL_S)
            place = replace(place, context=replace(place.context, limits=limits))
        result = run_own(place, place.functions)
        shown = standing_of(result)
        texts += [*result.notes, f"next: {shown.next}", shown.ending, *(check.message for check in result.checks)]
        texts += [text for row in shown.rows for text in (*row.messages, *row.hints)]
    usual = find_place(folder).context.limits
    said = spoken("\n".join(texts)).replace(f"{CPU_S} s of CPU time", f"{usual.cpu_s} s of CPU time")
    return said.replace(f"stopped after {WALL_S:g} s", f"stopped after {usual.wall_s:g} s")


def quoted():
    """What stands in the first column of the page's tables as code."""
    return re.findall(r"^\| `(.*?)` \|", PAGE, re.MULTILINE)


def test_every_message_on_the_page_was_printed(printed):
    assert len(quoted()) > 60
    elsewhere = ("next: write", "next: mend softmax_loss", standing.PASSED_ALL, "of the largest entry of W1")
    missing = [text for text in quoted() if text not in printed and not any(words in text for words in elsewhere)]
    assert missing == []


def test_every_status_and_standing_is_explained_in_the_words_of_the_code():
    for status, words in CHECK_WORDS.items():
        assert f"| {status} | {words} |" in PAGE
    for word in (standing.RIGHT, standing.WRONG, standing.ABSENT, standing.WAITS):
        assert f"\n| {word} | " in PAGE
    assert f"`{standing.PASSED_ALL}`" in PAGE


def phrases(path):
    """Runs of three words and more in the strings of a module, docstrings aside."""
    tree = ast.parse(path.read_text())
    owners = (ast.Module, ast.FunctionDef, ast.ClassDef)
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, owners)]
    docs = {id(body[0].value) for body in bodies if body and isinstance(body[0], ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            text = spoken(node.value).strip(" .,;:()")
            if len(re.findall(r"[A-Za-z']+", text)) >= 3:
                yield text


@pytest.mark.parametrize("name", SPEAKERS)
def test_nothing_that_the_code_can_say_is_missing_on_the_page(name):
    page, advice = spoken(PAGE), spoken(" ".join([*ADVICE, *ADVICE.values()]))
    found = [text for text in phrases(Path(ROOT / "grader" / name)) if text not in advice]
    missing = [text for text in found if text not in page and not any(other in text for other in TO_OTHERS)]
    assert missing == []
