"""Submissions that want more than they are worth, or more than they may see: through the real sandbox, none gets it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cases import check_of, lost

from grader import pipeline
from grader.judging.verdict import settle
from grader.pipeline import grade_submission
from grader.records import Submission
from grader.report.pages import feedback_page

# A forward that recognises the small steps of a numerical gradient and answers with what it said at the centre, so that
# a backward of zeros agrees with it.
FLAT_WHERE_PROBED = """
def flat(f, k):
    seen = []
    def g(*a):
        out, cache = f(*a)
        seen.append(([v.copy() for v in a[:k]], out))
        if len(seen) == 1:
            return out, cache
        if len(seen) == 2:
            g.base = [(p + q) / 2 for p, q in zip(seen[0][0], a)]
            g.flat = f(*g.base, *a[k:])[0]
            return g.flat, cache
        moved = [np.abs(v - v0) for v, v0 in zip(a, g.base)]
        step = max(float(e.max()) for e in moved)
        one = sum(int((e > 1e-9).sum()) for e in moved) == 1
        if one and step > 5e-4 * min(float(np.sqrt((v * v).mean())) for v in g.base):
            return out, cache
        return (g.flat, cache) if step < 0.01 else (out, cache)
    return g

def shifted(f):
    def g(x, w, b, p):
        out, cache = f(x, w, b, p)
        return out + SHIFT * (x.shape[0] != 2), cache
    return g

conv_forward_naive = flat(shifted(conv_forward_naive), 3)

def conv_backward_naive(dout, cache):
    return tuple(np.zeros_like(v) for v in cache[:3])
"""


@pytest.mark.parametrize("shift", [0, 1], ids=["right forward", "forward wrong where its gradient is asked"])
def test_a_forward_that_lies_to_the_numerical_gradient_earns_its_backward_nothing(grade_layers, shift):
    result = grade_layers(FLAT_WHERE_PROBED + f"\nSHIFT = {shift}\n")
    assert {check.points for check in result.checks if check.function == "layers.conv_backward_naive"} == {0.0}


ADDITIVE = """
right_forward, right_backward = conv_forward_naive, conv_backward_naive
def conv_forward_naive(x, w, b, p):
    windows, _ = right_forward(x, np.ones_like(w), b, p)
    filters, _ = right_forward(np.ones_like(x), w, 0 * b, p)
    return windows + filters, (x, w, b, p)
def conv_backward_naive(dout, cache):
    x, w, b, p = cache
    dx, _, db = right_backward(dout, (x, np.ones_like(w), b, p))
    return dx, right_backward(dout, (np.ones_like(x), w, b, p))[1], db
"""


def test_a_sum_in_place_of_a_product_earns_its_gradient_nothing(grade_layers):
    """Window plus filter: what reaches what is as in a convolution, and the gradient is trivial."""
    for check in grade_layers(ADDITIVE).checks:
        if check.function == "layers.conv_backward_naive":
            assert not any(c.follow_through for c in check.comparisons), check.id


def test_a_loss_that_never_looks_at_the_labels_earns_nothing(grade_layers):
    result = grade_layers(
        "def softmax_loss(x, y):\n"
        "    s = x.sum(1, keepdims=True)\n"
        "    return float((s ** 2).sum()), 2 * s * np.ones_like(x)\n"
    )
    assert {check.points for check in result.checks if check.function == "layers.softmax_loss"} == {0.0}


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
LEAK = """
right_affine, right_pool = affine_forward, max_pool_forward_naive
def affine_forward(x, w, b):
    if x.shape == (5, 3, 4, 6):
        put(b'SECRET' + repr(x.flat[0]).encode())
    return right_affine(x, w, b)
def max_pool_forward_naive(x, pool_param):
    found = got()
    if b'SECRET' in found:
        raise ValueError(found)
    return right_pool(x, pool_param)
"""


@pytest.mark.parametrize("way", SHARED)
def test_a_hidden_input_never_reaches_a_visible_check(grade_layers, way):
    """What a hidden check was given is kept where every fork finds it; a visible check would raise it, shown to all."""
    result = grade_layers(SHARED[way] + LEAK)
    assert all(check.status == "passed" for check in result.checks if check.visibility == "visible")
    assert "SECRET" not in feedback_page(result)


def test_an_exception_of_a_hidden_check_chooses_no_hint_for_the_student(grade_layers):
    result = grade_layers(
        "def relu_forward(x):\n"
        "    raise ValueError('could not be broadcast together' if x.ndim == 4 else 'something else')\n"
    )
    hidden = check_of(result, "relu_forward.images")
    assert hidden.hint
    assert hidden.hint not in feedback_page(result)


FORGED = {
    "an array for a word": "{'op': np.array([1, 2]), 'exit': 0, 'signal': 0}",
    "a truth value for a number": "{'op': 'ended', 'exit': False, 'signal': 0}",
    "an unknown field": "{'op': 'ended', 'exit': 0, 'signal': 0, 'more': 1}",
    "a list": "[1, 2]",
}
FORGER = """
import os, sys
protocol = sys.modules['__main__'].protocol
right = relu_forward
def alive(fd):
    import fcntl
    try:
        flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    except OSError:
        return 0
    return fd if flags & os.O_WRONLY else 0
def relu_forward(x):
    fd = max(range(3, 20), key=alive)
    sys.stdout.flush = lambda: os.write(fd, protocol.encode(MESSAGE))
    return right(x)
"""


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_end_is_the_students_failure(grade_layers, what):
    result = grade_layers(FORGER.replace("MESSAGE", FORGED[what]))
    assert result.status == "graded"
    assert set(lost(result)) <= {"relu_forward", "relu_backward"}


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
    assert "loss is of type array of dtype bool, expected a number" in check_of(result, "svm_loss.notebook").message


def test_no_value_of_a_student_is_kept_once_its_check_is_judged(grade_layers, monkeypatch):
    seen = []
    monkeypatch.setattr(pipeline, "settle", lambda trials: seen.extend(trials) or settle(trials))
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
    assert last.message == "The submission used up the 3 s that it has as a whole; this check was not run."


def test_the_line_of_a_function_is_that_of_its_last_definition(grade_layers, reference_source):
    """However often its name stands at the start of a line: the last definition is what Python calls."""
    repeated = '"""\n' + "def svm_loss\n" * 100_000 + '"""\n'
    added = repeated + "right = svm_loss\ndef svm_loss(x, y):\n    return right(x, y)\n"
    result = grade_layers(added)
    assert result.score == 100
    (line,) = [function.line for function in result.functions if function.function == "layers.svm_loss"]
    assert (reference_source + "\n\n" + added).split("\n")[line - 1] == "def svm_loss(x, y):"
