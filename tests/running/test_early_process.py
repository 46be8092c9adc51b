"""A process that imports early: it calls functions, reports their errors, and ends with the command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from grader.errors import GraderError, UsageError
from grader.running.early_process import EarlyProcess

pytestmark = pytest.mark.process


def load() -> None:
    os.environ["LOADED"] = "yes"


def load_what_is_not_installed() -> None:
    raise ModuleNotFoundError("no module", name="absent")


def loaded() -> tuple[int, str | None]:
    return os.getpid(), os.environ.get("LOADED")


def refuse(place: str) -> None:
    raise UsageError(f"{place}: there is none.")


@pytest.fixture
def early() -> Iterator[EarlyProcess]:
    process = EarlyProcess(load)
    process.start()
    yield process
    process.end()


def test_functions_run_in_one_other_process_that_has_imported_before(early: EarlyProcess) -> None:
    (pid, said), again = early.call(loaded), early.call(loaded)
    assert said == "yes" and pid != os.getpid() and again == (pid, said)
    assert "LOADED" not in os.environ


def test_an_error_is_raised_here_with_the_traceback_from_there(early: EarlyProcess) -> None:
    with pytest.raises(UsageError, match=r"book: there is none\.") as caught:
        early.call(refuse, "book")
    assert "in refuse" in "".join(caught.value.__notes__)
    assert early.call(loaded)[1] == "yes"


def test_calls_end_in_the_order_in_which_they_began(early: EarlyProcess) -> None:
    waits = [early.begin(divmod, number, 2) for number in range(3)]
    assert [wait() for wait in waits] == [(0, 0), (0, 1), (1, 0)]


def test_a_killed_process_is_an_error_of_ours_and_not_a_wait(early: EarlyProcess) -> None:
    pid, _ = early.call(loaded)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(GraderError, match="Run the same command again"):
        early.call(loaded)


def test_what_cannot_be_imported_is_reported_by_the_function_that_needs_it() -> None:
    process = EarlyProcess(load_what_is_not_installed)
    process.start()
    try:
        assert process.call(loaded)[1] is None
        with pytest.raises(ModuleNotFoundError) as caught:
            process.call(load_what_is_not_installed)
        assert caught.value.name == "absent"
    finally:
        process.end()


def test_a_process_that_was_not_started_calls_here_and_not_before_it_must() -> None:
    process = EarlyProcess(load)
    wait = process.begin(refuse, "book")
    with pytest.raises(UsageError):
        wait()
    assert process.call(loaded) == (os.getpid(), None)
    process.end()


PARENT = """
import os, signal
from grader.running.early_process import EarlyProcess
process = EarlyProcess(int)
process.start()
print(process.call(abs, -1), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is spawned")
def test_it_ends_with_its_parent_however_that_ends() -> None:
    # Both share one output, and run() waits for its end, so it waits for the other process, too.
    done = subprocess.run([sys.executable, "-c", PARENT], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "1\n")
