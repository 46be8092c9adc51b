"""A judge that never ends by itself: whatever it does, its submission ends, and the next one is graded."""

from __future__ import annotations

import _thread
import os
import threading
import time
from contextlib import suppress
from dataclasses import replace

import pytest
from cases import with_few_checks

from grader.errors import GraderError
from grader.grading import attempt, check_run, sandboxes, submission, submission_run
from grader.grading.check_run import PROGRAMS
from grader.grading.reference_pool import keeping
from grader.grading.submission import LATE_S, WATCH_S, grade_submission
from grader.grading.watchdog import JudgeThread, Overdue
from grader.messages.say import said
from grader.records import Reason, Submission
from grader.running import job_pool
from grader.running.job_pool import grade_safely
from grader.sandbox.host.proc import list_children

WALL_S = 2.0  # for a submission: these functions of a right layers.py take 0.3 s, or one second on a busy machine
FEW = ("affine_forward", "affine_backward", "relu_forward", "spatial_batchnorm_forward")
GOOD = 5  # checks that are judged before the judge starts to hang


@pytest.fixture
def few(layers_context):
    return with_few_checks(layers_context, *FEW)


@pytest.fixture
def short(few):
    return replace(few, limits=replace(few.limits, submission_wall_s=WALL_S))


@pytest.fixture
def right(reference_source):
    return Submission("case", "case", {"layers.py": reference_source.encode()})


@pytest.fixture
def over():
    """Set at the end, so that no thread of a test continues."""
    event = threading.Event()
    yield event
    event.set()


def count_sandboxes() -> int:
    """Launchers of sandboxes below this process."""
    found = 0
    for pid in list_children(os.getpid()):
        with suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
            found += b"bwrap" in file.read()
    return found


def spin(over):
    while not over.is_set():
        pass


def spin_slowly(over):
    """For tests of when the judge hangs, and not of how: sleeping leaves the processor to the sandboxes."""
    while not over.is_set():
        time.sleep(0.001)


def spin_and_swallow(over):
    while not over.is_set():
        with suppress(BaseException):
            spin(over)


def block_in_a_read(over):
    reading, writing = os.pipe()
    threading.Thread(target=lambda: (over.wait(), os.close(writing)), daemon=True).start()
    os.read(reading, 1)


def wait_for_a_lock(over):
    over.wait()


ASTRAY = [spin, spin_and_swallow, block_in_a_read, wait_for_a_lock]


def lead_astray(monkeypatch, module, name, how, over, *, after=0):
    """Make a function of the judge do `how` at its n-th call."""
    PROGRAMS.clear()  # otherwise the judge knows the replies of earlier tests, and does not call the function at all
    calls, original = [], getattr(module, name)

    def wrapped(*args, **kwargs):
        calls.append(name)
        if len(calls) > after:
            how(over)
        return original(*args, **kwargs)

    monkeypatch.setattr(module, name, wrapped)


@pytest.mark.parametrize("how", ASTRAY)
def test_a_judge_that_does_not_end_is_left_and_its_known_results_are_kept(monkeypatch, short, right, over, how):
    lead_astray(monkeypatch, attempt, "judged", how, over, after=GOOD)
    before, started = count_sandboxes(), time.monotonic()
    result = grade_submission(right, short)
    assert WALL_S < time.monotonic() - started < WALL_S + WATCH_S
    assert count_sandboxes() == before
    assert [check.status for check in result.checks].count("passed") == GOOD
    assert {check.status for check in result.checks} == {"passed", "timeout"}
    # The submission used none of the time: the fault is ours, and costs no mark.
    assert result.status == "grader_error"
    assert "was still running 1.5 s after the 2 s" in said(result.reason)
    assert "test_watchdog.py, line" in said(result.reason) or "threading.py, line" in said(result.reason)


@pytest.mark.parametrize(
    ("module", "name"),
    [(sandboxes, "stage"), (submission_run, "import_notes"), (check_run, "follow_through"), (sandboxes, "note_copies")],
)
def test_the_watchdog_stops_every_kind_of_work(monkeypatch, short, reference_source, over, module, name):
    lead_astray(monkeypatch, module, name, spin_slowly, over)
    wrong = "\ndef affine_backward(dout, cache):\n    x, w, b = cache\n    return 0 * x, 0 * w, 0 * b\n"
    started = time.monotonic()
    result = grade_submission(Submission("case", "case", {"layers.py": (reference_source + wrong).encode()}), short)
    assert time.monotonic() - started < WALL_S + WATCH_S
    assert result.status == "grader_error"


def test_known_results_that_cannot_be_settled_are_a_fault_of_ours(monkeypatch, short, right, over):
    lead_astray(monkeypatch, submission, "settle", spin_slowly, over)
    started = time.monotonic()
    with pytest.raises(GraderError, match=r"was still running .* This costs no marks"):
        grade_submission(right, short)
    assert time.monotonic() - started < WALL_S + WATCH_S


def test_time_used_by_the_submissions_own_code_counts_as_its_own(monkeypatch, short, reference_source, over):
    """Its functions slept for most of the time, and the judge was late: the other checks count as out of time."""
    slow = "\nimport time\ndef relu_forward(x):\n    time.sleep(1.5)\n    return np.maximum(0, x), x\n"
    lead_astray(monkeypatch, attempt, "judged", lambda over: time.sleep(0.3), over, after=GOOD)
    lead_astray(monkeypatch, submission_run, "is_missing", spin_slowly, over)
    source = reference_source + slow
    result = grade_submission(Submission("case", "case", {"layers.py": source.encode()}), short)
    assert result.status == "graded"
    assert Reason.of("too_late") in result.notes
    assert 0 < [check.status for check in result.checks].count("timeout") < len(result.checks)
    assert 0 < result.score < 100


def test_the_watchdog_needs_neither_signals_nor_the_main_thread(monkeypatch, short, right, over):
    """As in a Dask worker."""
    lead_astray(monkeypatch, attempt, "judged", spin_slowly, over, after=GOOD)
    results = []
    thread = threading.Thread(target=lambda: results.append(grade_submission(right, short)), daemon=True)
    thread.start()
    thread.join(WALL_S + WATCH_S)
    assert [result.status for result in results] == ["grader_error"]


def test_the_next_submission_is_graded_as_if_nothing_had_been(monkeypatch, short, layers_context, right, over):
    with keeping():
        with monkeypatch.context() as patched:
            lead_astray(patched, attempt, "judged", spin_and_swallow, over, after=GOOD)
            assert grade_submission(right, short).status == "grader_error"
        result = grade_submission(right, layers_context)
        assert result.score == 100, result.message


def test_ctrl_c_does_not_wait_for_the_judge(monkeypatch, few, right, over):
    lead_astray(monkeypatch, attempt, "judged", spin, over, after=GOOD)
    before, started = count_sandboxes(), time.monotonic()
    timer = threading.Timer(WALL_S, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        grade_submission(right, few)
    assert time.monotonic() - started < WALL_S + 5
    assert count_sandboxes() == before


def test_a_judge_thread_does_one_piece_of_work_after_another_and_passes_on_exceptions():
    thread = JudgeThread()
    until = time.monotonic() + 60
    names = [thread.run(lambda: threading.current_thread().name, until, list) for _ in range(2)]
    assert names == ["judge", "judge"]
    with pytest.raises(ZeroDivisionError):
        thread.run(lambda: 1 / 0, until, list)
    assert not thread.is_left
    with pytest.raises(Overdue):
        thread.run(lambda: time.sleep(1), time.monotonic() + 0.1, list)
    assert thread.is_left


def test_a_fault_of_ours_is_a_result_and_not_the_end_of_the_class(monkeypatch, short, right):
    def fail(*args, **kwargs):
        raise RuntimeError("no")

    monkeypatch.setattr(job_pool, "prepare", lambda settings: short)
    monkeypatch.setattr(sandboxes, "stage", fail)
    result = grade_safely(right, None)
    assert result.status == "grader_error" and "RuntimeError: no" in said(result.reason)
    assert LATE_S < WATCH_S
