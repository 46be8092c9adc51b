"""Submissions that try to see or use more than they may, and what the pages and the judge make of them.

Those that try to gain marks are in tests/attacks/.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from cases import check_of, lost

from grader.grading import submission
from grader.grading.submission import grade_submission
from grader.judging.verdict import settle
from grader.messages.of_check import message_of
from grader.messages.say import say_all
from grader.records import Submission
from grader.report.pages import feedback_page

SHARED = {
    "memory": """
import mmap
shared = mmap.mmap(-1, 1 << 16)
def put(text):
    shared[:len(text)] = text
def got():
    return bytes(shared[:]).rstrip(b'\\0')
""",
    "pipe": """
import os
reading, writing = os.pipe()
os.set_blocking(reading, False)
def put(text):
    os.write(writing, text)
def got():
    try:
        return os.read(reading, 1000)
    except OSError:
        return b''
""",
}
# The page shows the code of a function that failed, so the code must not contain the word in one piece.
LEAK = """
right_affine, right_pool = affine_forward, max_pool_forward_naive
def affine_forward(x, w, b):
    if x.shape == (5, 3, 4, 6):
        put(b'SEC' b'RET' + repr(x.flat[0]).encode())
    return right_affine(x, w, b)
def max_pool_forward_naive(x, pool_param):
    found = got()
    if b'SEC' b'RET' in found:
        raise ValueError(found)
    return right_pool(x, pool_param)
"""


@pytest.mark.parametrize("way", SHARED)
def test_a_hidden_input_never_reaches_a_visible_check(grade_layers, way):
    """Code keeps a hidden check's input where every fork finds it. A visible check would raise it, for all to read."""
    result = grade_layers(SHARED[way] + LEAK)
    assert all(check.status == "passed" for check in result.checks if check.visibility == "visible")
    assert "SECRET" not in feedback_page(result)


def test_an_exception_of_a_hidden_check_chooses_no_hint_for_the_student(grade_layers):
    result = grade_layers(
        "def relu_forward(x):\n"
        "    raise ValueError('could not be broadcast together' if x.ndim == 4 else 'something else')\n"
    )
    hidden = check_of(result, "relu_forward.images")
    assert say_all(hidden.hints)
    assert say_all(hidden.hints) not in feedback_page(result)


FLOOD = """
import os, threading
started = []
def flood():
    while True:
        os.write(2, b'x' * 65536)
def go():
    if not started:
        started.append(1)
        for _ in range(2):
            threading.Thread(target=flood, daemon=True).start()
os.register_at_fork(after_in_parent=go)
"""


def test_a_flood_at_the_end_of_a_check_ends_with_it(grade_layers):
    assert grade_layers(FLOOD).status == "graded"


def test_a_giant_value_stays_with_the_worker_and_fails(grade_layers):
    result = grade_layers("def svm_loss(x, y):\n    return np.zeros(63 << 20, dtype=bool), x\n")
    assert set(lost(result)) == {"svm_loss"}
    assert "loss is of type array of dtype bool, expected a number" in message_of(check_of(result, "svm_loss.notebook"))


def test_no_value_of_a_student_is_kept_once_its_check_is_judged(grade_layers, monkeypatch):
    seen = []
    monkeypatch.setattr(submission, "settle", lambda trials: seen.extend(trials) or settle(trials))
    grade_layers("def svm_loss(x, y):\n    return np.zeros(1000), x\n")
    judgements = [judgement for trial in seen for judgement in trial.judgements]
    assert len(judgements) > 30
    assert all(judgement.actual is None for judgement in judgements)


def test_a_submission_has_no_more_time_than_it_has(context, reference_source):
    short = replace(context, limits=replace(context.limits, submission_wall_s=3.0))
    source = reference_source + "\nimport time\ndef affine_forward(x, w, b):\n    time.sleep(1)\n    return x, x\n"
    result = grade_submission(Submission("slow", "slow", {"layers.py": source.encode()}), short)
    last = result.checks[-1]
    assert last.status == "timeout"
    assert message_of(last) == (
        "The submission used up its total time of 3 s; this check was not run. Look at the functions that ran out of "
        "time or took long."
    )


WAITS = {
    "a sleep": "import time\ndef wait():\n    time.sleep(0.25)\n",
    "a lock": "import threading\ndef wait():\n    threading.Lock().acquire() and threading.Event().wait(0.25)\n",
    "a queue": "import queue\ndef wait():\n    try: queue.Queue().get(timeout=0.25)\n    except queue.Empty: pass\n",
}
ALL_WAIT = """
def waiting(function):
    def waits(*args, **kwargs):
        wait()
        return function(*args, **kwargs)
    return waits
for _name in [name for name in globals() if name.endswith(("forward", "backward", "naive", "loss", "alt"))]:
    globals()[_name] = waiting(globals()[_name])
"""


@pytest.mark.parametrize("way", WAITS)
def test_time_that_ends_between_two_checks_of_one_process_ends_the_submission(layers_context, reference_source, way):
    """A child waits for the next check when the time ends: the judge must not send that check again and again."""
    short = replace(layers_context, limits=replace(layers_context.limits, submission_wall_s=3.0))
    source = reference_source + WAITS[way] + ALL_WAIT
    result = grade_submission(Submission("slow", "slow", {"layers.py": source.encode()}), short)
    assert result.status == "graded" and result.duration_s < 4.5
    assert {check.status for check in result.checks} == {"passed", "timeout"}
    assert {message_of(check)[:36] for check in result.checks if message_of(check)} == {
        "The submission used up its total tim"
    }


def test_the_line_of_a_function_is_that_of_its_last_definition(grade_layers, reference_source):
    """Its name may start several lines: Python calls the last definition."""
    repeated = '"""\n' + "def svm_loss\n" * 100_000 + '"""\n'
    added = repeated + "right = svm_loss\ndef svm_loss(x, y):\n    return right(x, y)\n"
    result = grade_layers(added)
    assert result.score == 100
    (line,) = [function.line for function in result.functions if function.function == "layers.svm_loss"]
    assert (reference_source + "\n\n" + added).split("\n")[line - 1] == "def svm_loss(x, y):"
