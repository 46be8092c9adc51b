"""Of a run on the student's own functions and one on stubs, the better one counts, and the report says which it was."""

from dataclasses import replace

import pytest

from grader.judging.verdict import choose
from grader.records import FAILED, PARTIAL, PASSED, SKIPPED, CheckResult, Comparison

LAYER = CheckResult("layers.double.two", "layers.double", "layers.py", "Two.", "visible", 0.0, 2.0, FAILED)
NET = CheckResult("nets.Net.loss", "nets.Net", "nets.py", "Loss.", "visible", 0.0, 4.0, FAILED, "Net: loss is off.")
STUBBED = replace(NET, stubs=("layers.double",))
STUBS = {"nets.Net": ("layers.double", "layers.half")}


def chosen(own, on_stubs, layer=LAYER):
    return choose([layer, own], [layer, on_stubs], {NET.id}, STUBS)[1]


def test_a_run_on_stubs_that_earns_more_counts_and_says_why():
    result = chosen(NET, replace(STUBBED, points=4.0, status=PASSED, message=""))
    assert (result.points, result.status, result.stubs) == (4.0, PASSED, ("layers.double",))
    assert result.message == (
        "Counted with the grader's own double in place of yours, which lost marks already. Mend it first. "
        "With yours: Net: loss is off."
    )


def test_functions_that_pass_are_not_blamed():
    result = chosen(NET, replace(STUBBED, points=4.0, status=PASSED, message=""), replace(LAYER, status=PASSED))
    assert result.message == (
        "Counted with the grader's own functions in place of those that Net calls. With yours: Net: loss is off."
    )


def test_where_both_earn_the_same_the_run_on_stubs_tells_what_is_wrong_with_the_function_itself():
    own = replace(NET, status=SKIPPED, message="Net could not be run: double raised KeyError.")
    result = chosen(own, replace(STUBBED, message="Net: w is zero everywhere."))
    assert result.status == FAILED
    assert result.message == ("Net: w is zero everywhere. So it is with the grader's own double in place of yours.")


@pytest.mark.parametrize("points", [0.0, 1.0])
def test_the_students_own_run_counts_where_nothing_speaks_for_the_other(points):
    own = replace(NET, points=1.0, status=PARTIAL)
    assert chosen(own, replace(STUBBED, points=points), replace(LAYER, status=PASSED)) == own


def test_a_check_that_was_not_run_again_stays_as_it_is():
    assert choose([LAYER, NET], [LAYER, STUBBED], set(), STUBS) == [LAYER, NET]


@pytest.mark.parametrize(("points", "status"), [(0.0, FAILED), (1.0, PARTIAL), (4.0, PASSED)])
def test_values_of_a_run_on_stubs_outweigh_a_share_that_was_not_measured(points, status):
    share = replace(NET, points=3.0, status=PARTIAL, follow_through=True, message="Net could not be run.")
    measured = replace(STUBBED, points=points, status=status, comparisons=(Comparison("loss", status, "", None, 1e-5),))
    assert chosen(share, measured).points == points
    assert chosen(share, replace(STUBBED, points=0.0)).points == 3.0  # nothing was measured there either
