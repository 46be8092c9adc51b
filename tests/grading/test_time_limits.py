"""Less time after three functions ran out of it: functions that hang cost little, and right ones lose nothing."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from cases import lost, with_few_checks, with_half_the_time

from grader.calls import Failure
from grader.grading import time_limits
from grader.grading.submission import grade_submission
from grader.grading.time_limits import AGAIN_S, SHORT_S, TimeLimits
from grader.judging.verdict import Trial
from grader.messages.of_check import message_of
from grader.records import TIMEOUT, Submission

THREE = (
    "svm_loss",
    "softmax_loss",
    "dropout_forward",
)  # none of their results feeds its backward, or the backward is lost with it
LOST = {"svm_loss", "softmax_loss", "dropout_forward"}
ENDLESS = "def {0}(*args, **kwargs):\n    while True:\n        pass\n"
BUSY = """
import time
def busy(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass
"""
# A right function that takes this many seconds of CPU time in every call, or in some.
SLOW = """
def {0}(*args, right={0}, **kwargs):
    busy({1})
    return right(*args, **kwargs)
"""


def hang(*names):
    return "\n".join(ENDLESS.format(name) for name in names)


@pytest.fixture
def limits(context):
    return context.limits


def check_named(context, ending):
    return next(check for check in context.assignment.checks if check.id.endswith(ending))


def used(monkeypatch, seconds):
    monkeypatch.setattr(time_limits, "measure_reference", lambda check, oracle: seconds)


@pytest.mark.parametrize(
    ("reference_s", "cpu_s"),
    [(0.0, SHORT_S), (0.02, SHORT_S), (0.05, 1.0), (0.5, 2), (None, 2)],
)
def test_a_check_gets_twenty_times_what_the_reference_needs_and_half_a_second_at_least(
    monkeypatch, context, limits, reference_s, cpu_s
):
    used(monkeypatch, reference_s)
    one = TimeLimits(limits, SimpleNamespace())
    check = check_named(context, "relu_forward.images")
    assert one.limits_for(check) == limits
    one.timed_out |= {"a", "b"}
    assert one.limits_for(check) == limits
    one.timed_out.add("c")
    assert one.limits_for(check).cpu_s == pytest.approx(cpu_s)
    assert one.limits_for(check).wall_s == pytest.approx(cpu_s / limits.cpu_s * limits.wall_s)


def timeout(check, function=None):
    return Trial(check, Failure(TIMEOUT, check.function if function is None else function, "too long"))


def test_the_time_of_the_whole_submission_is_charged_to_no_function(context, limits):
    one = TimeLimits(limits, SimpleNamespace())
    for check in context.assignment.checks[:20]:
        one.add(timeout(check, ""), limits)
    assert not one.is_short


def test_a_check_that_ran_out_of_less_time_is_due_again_once_its_function_ended(context, limits):
    one = TimeLimits(limits, SimpleNamespace())
    first, second = check_named(context, "relu_forward.worked_example"), check_named(context, "relu_forward.images")
    one.timed_out |= {"a", "b", "c"}
    one.add(timeout(first), replace(limits, cpu_s=SHORT_S))
    assert one.is_hopeless(second) and not one.is_due_again(first, on_stubs=False)
    one.add(Trial(second, None), limits)
    assert not one.is_hopeless(second) and one.is_due_again(first, on_stubs=False)
    one.add(timeout(first), limits)  # this time it had the usual limits
    assert not one.is_due_again(first, on_stubs=False)


def test_a_first_check_of_each_function_is_rerun_while_there_is_time(monkeypatch, context, limits):
    now = [0.0]
    monkeypatch.setattr(time_limits.time, "monotonic", lambda: now[0])
    one = TimeLimits(limits, SimpleNamespace())
    checks = context.assignment.checks
    for check in checks:
        one.add(timeout(check), replace(limits, cpu_s=SHORT_S))
    taken = []
    for check in one.take_retries(checks):
        taken.append(check.function)
        now[0] += 2
    assert len(taken) == AGAIN_S / 2 == len(set(taken))


@pytest.fixture
def grade_few(layers_context, reference_source):
    """Grade by a few checks of each function, or of these, with half the time: a function that hangs uses all of it."""

    def grade(added, *functions, each):
        submission = Submission("case", "case", {"layers.py": f"{reference_source}\n\n{added}".encode()})
        context = with_few_checks(with_half_the_time(layers_context), *functions, each=each)
        return grade_submission(submission, context)

    return grade


def test_right_functions_keep_their_points_when_three_others_hang(grade_few):
    result = grade_few(hang(*THREE), each=2)
    assert lost(result).keys() - {"dropout_backward"} == LOST


def test_right_and_slow_functions_keep_their_points_when_three_others_hang(grade_few):
    """Far slower than 20 times the reference, as loops may be; then so slow that the short time is too short."""
    slow = {"max_pool_backward_naive": 0.2, "spatial_groupnorm_forward": 1.3 * SHORT_S}
    added = BUSY + "".join(SLOW.format(*one) for one in slow.items()) + hang(*THREE)
    result = grade_few(added, each=2)
    assert lost(result).keys() - {"dropout_backward"} == LOST


def test_the_fourth_function_that_hangs_has_less_time_and_says_so(grade_few):
    late = ("conv_forward_naive", "max_pool_forward_naive")
    result = grade_few(hang(*THREE, *late), *THREE, *late, "conv_backward_naive", each=3)
    first = [message_of(check) for check in result.checks if check.function.endswith("svm_loss")]
    assert any("still running after 1 s of CPU time" in message for message in first)
    assert any("was not run, because svm_loss ran out of time in other checks" in message for message in first)
    cut = [message_of(check) for check in result.checks if "0.5 s of CPU time" in message_of(check)]
    cut += [message_of(check) for check in result.checks if "after 2.5 s" in message_of(check)]  # on a busy machine
    again = [check for check in result.checks if check.function.endswith("conv_forward_naive")]
    assert cut and all("It had less time than usual, because" in message for message in cut)
    assert {check.status for check in again} == {"timeout"}


def test_no_time_is_shortened_without_a_reference(monkeypatch, layers_context, reference_source):
    oracle = SimpleNamespace(is_there=False)
    assert time_limits.measure_reference(layers_context.assignment.checks[0], oracle) is None
