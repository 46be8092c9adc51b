"""Shown only once: what the checks of a function have in common; and the rest of each message."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sample import saying

from grader.judging.verdict import choose
from grader.messages.of_check import message_of, placed
from grader.records import CheckResult, Comparison, Frame, FunctionResult, Reason, as_written
from grader.report.fix_first import Common, in_common, own_message, own_run_message, stubs_note, summary

NET, LAYER = "nets.Net", "layers.affine"


def off(name: str) -> Reason:
    return placed(NET, as_written(f"{name} is off."))


def check(*reasons: Reason | str, **changes: object) -> CheckResult:
    base = CheckResult("nets.Net.a", NET, "nets.py", "A title.", "visible", 0.0, 2.0, "failed")
    said = tuple(as_written(one) if isinstance(one, str) else one for one in reasons)
    return replace(base, reasons=said, **changes)  # type: ignore[arg-type]


def test_a_message_of_all_failing_checks_is_common() -> None:
    frames = (Frame("nets.py", 3, "f", "x"),)
    checks = [check("nets.py cannot be imported.", hints=saying("h"), frames=frames) for _ in range(3)]
    assert in_common(checks) == Common("nets.py cannot be imported.", "h", frames)


@pytest.mark.parametrize(
    "checks",
    [
        [check("Net: a.", hints=saying("h"))],
        [check("Net: a.", hints=saying("h")), check("Net: b.", hints=saying("i"))],
        [check("Net: a.", hints=saying("h")), check("Net: a.", hints=saying("h"), status="passed")],
    ],
    ids=["one check", "two that differ", "one that passed"],
)
def test_a_message_of_one_check_is_not_common(checks: list[CheckResult]) -> None:
    assert in_common(checks) == Common()


def test_a_check_without_a_message_does_not_stop_a_common_message() -> None:
    assert in_common([check(hints=saying("h")), check("Net: a.", hints=saying("h")), check("Net: a.")]) == Common(
        "Net: a.", "h"
    )


def test_a_message_does_not_repeat_the_reasons_of_its_comparisons_nor_what_is_common() -> None:
    wrong = tuple(Comparison(name, "failed", as_written(f"{name} is off."), 1.0, 0.1) for name in ("W1", "W2"))
    assert message_of(check(comparisons=wrong)) == "Net: W1 is off. Net: W2 is off."
    assert own_message(check(comparisons=wrong), Common()) == ""
    again = check(placed(NET, as_written("Look again.")), comparisons=wrong)
    assert own_message(again, Common()) == "Net: Look again."
    assert own_message(check(off("W1")), Common()) == "Net: W1 is off."
    assert own_message(check(off("W1")), Common("Net: W1 is off.")) == ""


def test_a_value_that_follows_from_the_own_forward_is_not_in_the_message() -> None:
    follows = Comparison("dx", "failed", as_written("dx is off."), 1.0, 0.1, follow_through=True)
    assert message_of(check(comparisons=(follows,))) == ""


def test_a_message_without_its_place_is_left_as_it_is() -> None:
    assert own_message(check("Net raised ValueError: Net: x"), Common()) == "Net raised ValueError: Net: x"
    assert summary(check("IndexError: 7")) == "IndexError: 7"


def test_a_summary_names_the_place_once_and_counts_what_it_leaves_out() -> None:
    assert summary(check(off("a"), off("b"))) == "Net: a is off. b is off."
    assert summary(check(off("a"), off("b"), off("c"), off("d"))) == "Net: a is off. b is off. And 2 more."
    assert summary(check(off("a"), "f raised E: x", "It was fed.")) == "Net: a is off. f raised E: x. It was fed."


def on_stubs(own: CheckResult, other: CheckResult, *, layer: str = "failed") -> CheckResult:
    """The judge's result for two runs of one check."""
    wrong = check(id="layers.affine.a", function=LAYER, status=layer)
    other = replace(other, stubs=(LAYER, "layers.relu"))
    return choose([wrong, own], [wrong, other], {own.id}, {NET: [LAYER]})[1]


@pytest.mark.parametrize("layer", ["failed", "passed"])
def test_messages_of_the_run_on_stubs_and_of_the_own_run_are_separate(layer: str) -> None:
    own = check(off("a"), off("b"), off("c"))
    chosen = on_stubs(own, check(off("a"), points=1.0, status="partial"), layer=layer)
    assert "With yours" in message_of(chosen)
    assert own_message(chosen, Common()) == summary(chosen) == "Net: a is off."
    assert own_run_message(chosen) == "Net: a is off. b is off. And 1 more."


def test_a_check_that_is_equally_wrong_on_stubs_reports_only_what_is_wrong() -> None:
    chosen = on_stubs(check(off("a")), check(off("a")))
    assert "in place of yours" in message_of(chosen)
    assert (own_message(chosen, Common()), own_run_message(chosen)) == ("Net: a is off.", "")


def test_a_students_exception_text_that_imitates_the_judge_stays_as_it_is() -> None:
    message = "Net raised E: This check counts with our x in place of yours. With yours: y"
    assert (own_message(check(message), Common()), own_run_message(check(message))) == (message, "")


def test_the_stubs_of_a_function_are_named_once_and_only_those_that_lost_marks() -> None:
    functions = {
        LAYER: FunctionResult(LAYER, 0.0, 2.0, "failed"),
        "layers.relu": FunctionResult("layers.relu", 2.0, 2.0, "passed"),
        "layers.other": FunctionResult("layers.other", 0.0, 2.0, "failed"),
    }
    note = stubs_note([check(stubs=(LAYER, "layers.relu")), check()], functions)
    assert note.startswith("1 of 2 checks counts with our affine in place of yours")
    assert stubs_note([check(), check()], functions) == ""
    assert "in place of those that yours calls" in stubs_note([check(stubs=("layers.relu",))], functions)
