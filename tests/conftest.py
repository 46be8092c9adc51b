"""Fixtures for many tests: the project's folders, its assignment (loaded once), and a way to grade a few files.

A test that starts a process (a sandbox, a browser, a command) has the mark `process`, set by hand or through a fixture
of STARTING. Starting a process without this mark fails, so `make quick` needs no list of tests.

At the end of a run, this prints one line for each reason to skip tests; --list-skipped FILE writes their names to a
file.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cases import with_few_checks
from hypothesis import settings
from programs import need_programs
from readable_python import NEEDED, build_readable_python

from grader.grading.context import Context, Settings, prepare
from grader.grading.submission import grade_submission
from grader.records import Result, Submission
from tests.attacks.command import closed_above

os.environ.pop("PYTEST_ADDOPTS", None)  # it is read by now; some tests run pytest themselves, on other tests

ROOT = Path(__file__).resolve().parents[1]
# No deadline for a test: the machine may be busy.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
# Fixtures that start a process, at least at their first use.
STARTING = {"context", "readable_python", "browser"}
STARTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn"}
# The running test, if it lacks the mark.
unmarked = pytest.StashKey[str]()

BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--list-skipped", metavar="FILE", help="write the names of skipped tests, which pytest @FILE runs")


def pytest_configure(config: pytest.Config) -> None:
    os.umask(0o022)  # many tests write work trees as root, which workers under another uid read

    def refuse(event: str, args: tuple[object, ...]) -> None:
        if event in STARTS and (test := config.stash.get(unmarked, "")):
            # Failed is a BaseException, so no `except Exception` of the code under test catches it.
            pytest.fail(f"{test}: starts {args[0] if args else event} without the mark. Add pytest.mark.process.")

    sys.addaudithook(refuse)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if STARTING & {*getattr(item, "fixturenames", ())} or item.get_closest_marker("browser"):
            item.add_marker("process")
    # Files with processes come first, since they take long: else one worker would run the last of them while others
    # idle.
    first = {item.path for item in items if item.get_closest_marker("process")}
    items.sort(key=lambda item: item.path not in first)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One worker more than cores: for two fifths of the time, a test waits for a limit, a browser or a process."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    item.config.stash[unmarked] = "" if item.get_closest_marker("process") else item.nodeid
    try:
        return (yield)
    finally:
        item.config.stash[unmarked] = ""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    for reason, count in reasons.items():
        terminalreporter.write_line(f"{count} not run: {reason}")
    if config.option.list_skipped:
        Path(config.option.list_skipped).write_text("".join(f"{report.nodeid}\n" for report in skipped))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A real Chromium, one for all tests of a process: Playwright can start only once in a thread."""
    need_programs("chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed; pip install -e .[dev]")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=list(BROWSER_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A temporary folder that every user may enter and run programs in; pytest's own folders are for one user."""
    for place in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        if closed_above(Path(place).resolve()) is None and not os.statvfs(place).f_flag & os.ST_NOEXEC:
            with tempfile.TemporaryDirectory(prefix="grader-tests-", dir=place) as folder:
                os.chmod(folder, 0o755)
                yield Path(folder)
            return
    pytest.skip("no temporary folder that every user may enter and run programs in; set TMPDIR to one")


@pytest.fixture(scope="session")
def readable_python(open_folder) -> str:
    """A Python with NumPy that every user can run."""
    python = build_readable_python(open_folder)
    if python is None:
        pytest.skip(f"no {NEEDED} (Debian: apt install python3 python3-numpy)")
    return str(python)


@pytest.fixture(scope="session")
def context() -> Context:
    """The project's own assignment, this Python, the real sandbox."""
    return prepare(Settings(str(ROOT / "assignment"), sys.executable, "auto"))


@pytest.fixture(scope="session")
def reference_source() -> str:
    return (ROOT / "reference" / "layers.py").read_text()


@pytest.fixture(scope="session")
def layers_context(context) -> Context:
    """The same assignment with only layers.py, for 100 points: enough for most tests of grading."""
    assignment = context.assignment
    points = {name: points for name, points in assignment.functions.items() if name.startswith("layers.")}
    scale = 100 / sum(points.values())
    functions = {name: scale * points[name] for name in points}
    cut = replace(
        assignment,
        student_files=("layers.py",),
        functions=functions,
        checks=tuple(
            replace(check, max_points=scale * check.max_points)
            for check in assignment.checks
            if check.function in functions
        ),
        sets=(replace(assignment.sets[0], files=("layers.py",)),),
        classes={},
        stubs={name: called for name, called in assignment.stubs.items() if name in functions},
    )
    return replace(context, assignment=cut)


@pytest.fixture
def grade_layers(layers_context, reference_source):
    """Grade the reference's layers.py with these lines added at its end, where they replace earlier definitions.

    functions: grade only these; possible if no other function calls the added ones.
    """

    def grade(added: str = "", *functions: str, source: str | None = None) -> Result:
        text = (reference_source if source is None else source) + "\n\n" + added
        submission = Submission("case", "case", {"layers.py": text.encode()})
        return grade_submission(submission, with_few_checks(layers_context, *functions))

    return grade
