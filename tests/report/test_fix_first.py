"""What to fix first: causes before consequences, then points lost; and nothing beyond the record."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample import good, result_of, saying, typical

from grader.records import CheckResult, Comparison, Frame, FunctionResult, Result, as_written
from grader.report.disclosure import for_student
from grader.report.fix_first import causes_first, fix_first, group_checks, split_unwritten


def fixes_of(result):
    return fix_first(group_checks(result))


def split_groups(result):
    return split_unwritten(group_checks(result))


def function(name: str, lost: float, *needs: str) -> FunctionResult:
    return FunctionResult(name, 20.0 - lost, 20.0, "failed" if lost else "passed", needs)


def names(*functions: FunctionResult) -> list[str]:
    return [fix.function for fix in fixes_of(replace(result_of("x"), checks=(), functions=functions))]


def test_a_cause_stands_before_its_consequence_even_if_it_lost_less() -> None:
    assert names(function("net", 20, "conv"), function("conv", 1), function("relu", 5)) == ["relu", "conv", "net"]


def test_a_consequence_of_a_consequence_stands_last() -> None:
    assert names(function("net", 9, "backward"), function("backward", 8, "forward"), function("forward", 1)) == [
        "forward",
        "backward",
        "net",
    ]


def test_among_causes_the_one_that_lost_most_is_first_and_ties_keep_the_assignments_order() -> None:
    assert names(function("a", 1), function("b", 3), function("c", 1)) == ["b", "a", "c"]


def test_functions_that_lost_nothing_are_neither_listed_nor_a_cause() -> None:
    assert names(function("forward", 0), function("backward", 2, "forward")) == ["backward"]
    assert fixes_of(good()) == ()


def test_a_fix_names_the_causes_that_lost_points() -> None:
    fixes = {fix.function: fix for fix in fixes_of(typical())}
    assert fixes["layers.conv_backward_naive"].follows_from == ("layers.conv_forward_naive",)
    assert fixes["layers.conv_forward_naive"].follows_from == ()


def test_a_cycle_of_needs_is_cut_at_the_function_that_lost_most() -> None:
    circle = (function("a", 1, "b"), function("b", 5, "a"), function("self", 9, "self"))
    result = replace(result_of("x"), checks=(), functions=circle)
    assert [(fix.function, fix.follows_from) for fix in fixes_of(result)] == [("self", ()), ("b", ()), ("a", ("b",))]


LETTERS = st.sampled_from("abcdef")


@given(st.dictionaries(LETTERS, st.tuples(st.integers(1, 9), st.lists(LETTERS))))
def test_every_function_is_listed_once_after_its_causes_unless_there_is_a_cycle(
    drawn: dict[str, tuple[int, list[str]]],
) -> None:
    # A function here needs only functions earlier in the alphabet, so there is no cycle.
    functions = [function(name, lost, *(n for n in needs if n < name)) for name, (lost, needs) in drawn.items()]
    ordered = [item.function for item in causes_first(functions)]
    assert sorted(ordered) == sorted(drawn)
    for item in functions:
        for need in item.needs:
            assert need not in drawn or ordered.index(need) < ordered.index(item.function)


def check(**changes: object) -> CheckResult:
    base = CheckResult("f.a", "f", "layers.py", "A title.", "visible", 0.0, 2.0, "failed")
    return replace(base, **changes)  # type: ignore[arg-type]


def only(*checks: CheckResult) -> Result:
    return replace(result_of("x"), checks=checks, functions=(FunctionResult("f", 0.0, 4.0, "failed"),))


def test_a_fix_shows_the_most_helpful_check_and_its_line() -> None:
    frames = (Frame("layers.py", 3, "outer", "inner()"), Frame("layers.py", 9, "inner", "1 / 0"))
    silent, loud = (
        check(),
        check(id="f.b", status="error", reasons=saying("f: division by zero.\nmore"), frames=frames),
    )
    (fix,) = fixes_of(only(silent, loud))
    assert (fix.what, fix.where, fix.lost) == ("f: division by zero.", "layers.py:9", 4.0)


def test_a_student_whose_only_failing_checks_are_hidden_reads_title_and_hint_and_no_more() -> None:
    hidden = check(
        visibility="hidden",
        reasons=saying("SECRET"),
        hints=saying("Look at pad."),
        frames=(Frame("layers.py", 7, "f", "x"),),
        comparisons=(Comparison("out", "failed", as_written("SECRET"), 0.5, 1e-5),),
    )
    (fix,) = fixes_of(for_student(only(hidden)))
    assert (fix.what, fix.hint, fix.where) == ("A hidden check has not passed: A title.", "Look at pad.", "layers.py")


def test_a_visible_check_is_preferred_to_a_hidden_one() -> None:
    hidden, visible = (
        check(visibility="hidden", status="error", reasons=saying("hidden")),
        check(id="f.b", reasons=saying("visible")),
    )
    assert fixes_of(only(hidden, visible))[0].what == "visible"


def test_checks_of_a_function_that_is_not_listed_are_summed_up() -> None:
    (group,) = group_checks(replace(result_of("x"), checks=(check(), check(id="f.b", points=2.0)), functions=()))
    assert (group.function.points, group.function.max_points, group.function.status) == (2.0, 4.0, "failed")


@pytest.mark.parametrize("status", ["passed", "not_applicable"])
def test_a_group_with_nothing_wrong_is_not_failing(status: str) -> None:
    result = replace(only(check(status=status)), functions=(FunctionResult("f", 4.0, 4.0, status),))
    assert not group_checks(result)[0].failing


def test_a_file_that_cannot_be_imported_is_one_thing_to_fix() -> None:
    message = "layers.py cannot be imported: SyntaxError: expected ':'"
    functions = tuple(FunctionResult(name, 0.0, 5.0, "error", line=i) for i, name in enumerate(["m.a", "m.b", "m.c"]))
    checks = tuple(
        CheckResult(f"{f.function}.one", f.function, "layers.py", "t", "visible", 0.0, 5.0, "error", saying(message))
        for f in functions
    )
    (fix,) = fixes_of(replace(result_of("x"), checks=checks, functions=functions))
    assert (fix.function, fix.others, fix.lost, fix.what) == ("m.a", ("m.b", "m.c"), 15.0, message)


def test_what_is_not_written_yet_comes_last_in_the_order_of_the_assignment() -> None:
    missing = [FunctionResult(name, 0.0, points, "missing") for name, points in (("first", 2.0), ("second", 9.0))]
    assert names(*missing, function("wrong", 1)) == ["wrong", "first", "second"]


def missing(name: str, points: float) -> FunctionResult:
    return FunctionResult(name, 0.0, points, "missing")


def test_functions_that_are_not_written_stand_together_in_the_order_of_the_result() -> None:
    functions = (missing("m.first", 2.0), function("m.wrong", 1), missing("m.second", 9.0), missing("m.nothing", 0.0))
    fixes, unwritten = split_groups(replace(result_of("x"), checks=(), functions=functions))
    assert [fix.function for fix in fixes] == ["m.wrong"]
    assert [group.function.function for group in unwritten] == ["m.first", "m.second"]


def test_a_single_function_that_is_not_written_is_a_fix_like_others() -> None:
    fixes, unwritten = split_groups(replace(result_of("x"), checks=(), functions=(missing("m.first", 2.0),)))
    assert ([fix.function for fix in fixes], unwritten) == (["m.first"], ())


def test_every_function_shows_its_full_hint() -> None:
    functions = tuple(FunctionResult(name, 0.0, 2.0, "failed") for name in ("m.a", "m.b", "m.c"))
    hints = ("Divide by N.", "Divide by N.", "Look at pad.")
    checks = tuple(
        check(
            id=f"{f.function}.x",
            function=f.function,
            hints=saying(hint),
            reasons=saying(f"{f.function[2:]}: off."),
        )
        for f, hint in zip(functions, hints, strict=True)
    )
    fixes = fixes_of(replace(result_of("x"), checks=checks, functions=functions))
    assert [(fix.function, fix.hint) for fix in fixes] == list(zip(("m.a", "m.b", "m.c"), hints, strict=True))


def test_without_points_the_first_function_of_the_assignment_comes_first() -> None:
    functions = [function("a", 1.0), function("b", 5.0), function("c", 3.0, "a")]
    assert [item.function for item in causes_first(functions)] == ["b", "a", "c"]
    assert [item.function for item in causes_first(functions, by_points=False)] == ["a", "b", "c"]
