"""A graded class with its gradebook and its output folder, and a real server that works on them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from grader.decisions import LatePolicy, Person, Rules
from grader.gradebook.book import open_gradebook
from grader.gradebook.place import beside
from grader.gradebook.runs import record_run
from grader.gradebook.students import import_roster, link_members
from grader.graded_runs import GradedAssignment, HandIn, PointLayout
from grader.records import Answer, CheckResult, FunctionResult, NotebookResult, Result, as_written
from grader.running.output_folder import store

TITLE = "Nets & <layers>"
RELU, CONV = "layers.relu_forward", "layers.conv_forward_naive"
DUE = datetime(2026, 5, 1, 12, tzinfo=UTC)
NETS = GradedAssignment(TITLE, Rules("latest", LatePolicy(DUE, 10.0)), {RELU: 40.0, CONV: 60.0}, {"why": 5.0})
HINT = "The padding is added on both sides."
ATTACK = "</textarea></script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
HOSTILE = "mallory'\"><script>alert(5)<img src=x onerror=alert(6)>&amp; ..%2f#?\u202e"
ANSWER = "A **large** step of $\\frac{h^2}{2}$ leaves the line.\n\n- it *jumps*\n- <script>alert(1)</script>"


def checked(function: str, points: float, most: float, text: str = "") -> CheckResult:
    status = "passed" if points == most else "failed"
    return CheckResult(
        id=f"{function}.a",
        function=function,
        file="layers.py",
        title="Images with padding.",
        visibility="visible",
        points=points,
        max_points=most,
        status=status,
        reasons=() if status == "passed" else (as_written(text or "out differs from the expected values."),),
        hints=() if status == "passed" else (as_written(text or HINT),),
        duration_s=0.01,
    )


def result_of(name: str, relu: float, conv: float, answer: str = ANSWER, text: str = "") -> Result:
    checks = checked(RELU, relu, 40.0, text), checked(CONV, conv, 60.0, text)
    functions = tuple(FunctionResult(one.function, one.points, one.max_points, one.status) for one in checks)
    written = Answer("why", "Why is a large step wrong?", "markdown", "answered", answer, 5.0)
    return Result(
        submission={"id": name, "source": f"class/{name}", "sha256": "ab" * 32, "files": {"layers.py": "cd" * 32}},
        assignment={"title": TITLE, "sha256": "ef" * 32},
        environment={"sandbox": "bwrap", "python": "3.11", "numpy": "1.26", "grader": "0.6"},
        status="graded",
        score=relu + conv,
        max_score=100.0,
        duration_s=1.0,
        checks=checks,
        functions=functions,
        notebooks=(NotebookResult("Nets.ipynb", "Nets", "ab" * 32, None, (written,)),),
    )


CLASS = (
    result_of("ann", 40.0, 60.0),
    result_of("ben", 40.0, 0.0),
    result_of("cem", 0.0, 30.0, "```python\nprint(1)\n```"),
    result_of("dia", 40.0, 30.0),
    result_of(HOSTILE, 0.0, 60.0, ATTACK + ANSWER, ATTACK),
)


def hand_in_of(result: Result) -> HandIn:
    points = tuple(one.points for one in result.functions)
    most = tuple((one.function, one.max_points) for one in result.functions)
    checks = tuple((one.id, one.max_points) for one in result.checks)
    name = result.id
    facts = {"submission": name, "person": name, "source": name, "sha256": "ab" * 32}
    layout = PointLayout(most, checks)
    answers = {"why": (None, 5.0)}
    more = {"layout": layout, "functions": points, "checks": points, "answers": answers, "submitted_at": DUE}
    return HandIn(**facts, status=result.status, score=result.score, max_score=result.max_score, **more)


def enter_class(out: Path, results: Iterable[Result] = CLASS, nets: GradedAssignment = NETS) -> Path:
    """What a run of grader grade leaves: results in the output folder, and an entry in the gradebook beside it."""
    (out / "results").mkdir(parents=True, exist_ok=True)
    found = list(results)
    for result in found:
        store(out, result)
    facts = {"output": str(out), "who": "instructor", "began": DUE, "hashes": {"assignment": "a1"}, "counts": {}}
    with open_gradebook(beside(out)) as book:
        record_run(book, nets, [hand_in_of(one) for one in found], **facts)
    return beside(out)


def enter_roster(out: Path) -> None:
    people = [Person("s1", "Ann Ashe", "ann@uni.example", "A"), Person("s9", "Zoe Zick", "", "B")]
    with open_gradebook(beside(out)) as book:
        import_roster(book, [*people, Person("s8", f"<b>{ATTACK}")], "ada")
        link_members(book, TITLE, "ann", ["s1"], "ada")


def start_server(
    out: Path, persons: Sequence[str] = ("ada", "bob"), stderr: int | None = None
) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """A real server, and the link of each person."""
    words = [word for person in persons for word in ("--person", person)]
    command = [sys.executable, "-m", "grader.cli.main", "serve", str(out), "--port", "0", *words]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment)
    assert process.stdout is not None
    process.stdout.readline()
    links = {}
    for _ in persons:
        line = process.stdout.readline()
        person, _, link = line.strip().partition(": ")
        assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+/enter\?token=[\w-]{32}", link), line
        links[person] = link
    return process, links


def stop_server(process: subprocess.Popen[str], number: signal.Signals) -> None:
    process.send_signal(number)
    process.wait(20)
    assert process.stdout is not None
    process.stdout.close()


@contextmanager
def serving(out: Path, persons: Sequence[str] = ("ada", "bob")) -> Iterator[dict[str, str]]:
    process, links = start_server(out, persons)
    try:
        yield links
    finally:
        stop_server(process, signal.SIGINT)


def with_points(result: Result, function: str, points: float) -> Result:
    """The result as a changed check would give it."""
    checks = tuple(replace(one, points=points) if one.function == function else one for one in result.checks)
    functions = tuple(replace(one, points=points) if one.function == function else one for one in result.functions)
    score = sum(one.points for one in functions)
    return replace(result, checks=checks, functions=functions, score=score)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    enter_class(folder)
    enter_roster(folder)
    print(json.dumps({"out": str(folder)}))
