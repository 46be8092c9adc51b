"""Of the run on the student's own functions and the run on stubs, the better one counts, and the message names it."""

from dataclasses import replace

import pytest

from grader.judging.verdict import choose
from grader.messages.of_check import message_of
from grader.records import FAILED, PARTIAL, PASSED, SKIPPED, CheckResult, Comparison, as_written


def saying(text):
    return (as_written(text),)


LAYER = CheckResult("layers.double.two", "layers.double", "layers.py", "Two.", "visible", 0.0, 2.0, FAILED)
NET = CheckResult(
    "nets.Net.loss", "nets.Net", "nets.py", "Loss.", "visible", 0.0, 4.0, FAILED, saying("Net: loss is off.")
)
STUBBED = replace(NET, stubs=("layers.double",))
STUBS = {"nets.Net": ("layers.double", "layers.half")}


def chosen(own, on_stubs, layer=LAYER):
    return choose([layer, own], [layer, on_stubs], {NET.id}, STUBS)[1]


def test_a_run_on_stubs_that_earns_more_counts_and_says_why():
    result = chosen(NET, replace(STUBBED, points=4.0, status=PASSED, reasons=()))
    assert (result.points, result.status, result.stubs) == (4.0, PASSED, ("layers.double",))
    assert message_of(result) == (
        "This check counts with our double in place of yours, which already lost marks. Fix it first. "
        "With yours: Net: loss is off."
    )


def test_functions_that_pass_are_not_blamed():
    result = chosen(NET, replace(STUBBED, points=4.0, status=PASSED, reasons=()), replace(LAYER, status=PASSED))
    assert message_of(result) == (
        "This check counts with our functions in place of those that Net calls. With yours: Net: loss is off."
    )


def test_if_both_runs_earn_the_same_the_message_is_that_of_the_run_on_stubs():
    own = replace(NET, status=SKIPPED, reasons=saying("Net could not be run: double raised KeyError."))
    result = chosen(own, replace(STUBBED, reasons=saying("Net: w is zero everywhere.")))
    assert result.status == FAILED
    assert message_of(result) == (
        "Net: w is zero everywhere. It also fails with our double in place of yours, so the mistake is in "
        "this function."
    )


@pytest.mark.parametrize("points", [0.0, 1.0])
def test_the_students_own_run_counts_unless_the_run_on_stubs_is_better(points):
    own = replace(NET, points=1.0, status=PARTIAL)
    assert chosen(own, replace(STUBBED, points=points), replace(LAYER, status=PASSED)) == own


def test_a_check_that_was_not_run_again_stays_as_it_is():
    assert choose([LAYER, NET], [LAYER, STUBBED], set(), STUBS) == [LAYER, NET]


@pytest.mark.parametrize(("points", "status"), [(0.0, FAILED), (1.0, PARTIAL), (4.0, PASSED)])
def test_measured_values_on_stubs_count_more_than_a_shared_result(points, status):
    share = replace(NET, points=3.0, status=PARTIAL, follow_through=True, reasons=saying("Net could not be run."))
    measured = replace(
        STUBBED, points=points, status=status, comparisons=(Comparison("loss", status, None, None, 1e-5),)
    )
    assert chosen(share, measured).points == points
    assert chosen(share, replace(STUBBED, points=0.0)).points == 3.0  # nothing was measured there either
