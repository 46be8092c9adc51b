"""A hidden check leaks nothing to the student: all non-public fields are sentinels, searched in the page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sample import result_of, saying, typical
from sayings import chosen_by_code, values_for

from grader.messages.say import CATALOGUE
from grader.records import (
    EARNED_LESS,
    EARNED_THE_SAME,
    VISIBILITIES,
    CheckResult,
    Comparison,
    Frame,
    OwnRun,
    Reason,
    Result,
    as_written,
)
from grader.report.disclosure import for_student
from grader.report.pages import feedback_page, staff_page


def sentinel_check(visibility: str, status: str = "failed") -> CheckResult:
    return CheckResult(
        id="layers.affine_forward.SENTINELid",
        function="layers.affine_forward",
        file="layers.py",
        title="Public title.",
        visibility=visibility,
        points=1.0,
        max_points=3.0,
        status=status,
        reasons=saying("SENTINELmessage"),
        hints=saying("Public hint."),
        follow_through=True,
        comparisons=(Comparison("SENTINELname", "failed", as_written("SENTINELreason"), 0.8765, 0.4321, 77.0, True),),
        remarks=saying("SENTINELremark"),
        frames=(Frame("SENTINELfile", 98765, "SENTINELfunction", "SENTINELtext"),),
        output="SENTINELoutput",
        duration_s=123.0,
    )


LEAKS = ("SENTINEL", "0.876", "0.432", "98765", "123 s", "follow-through")


def result_with(check: CheckResult) -> Result:
    base = result_of("ada", duration_s=124.5)
    functions = tuple(
        replace(item, points=1.0, status="partial") if item.function == check.function else item
        for item in base.functions
    )
    return replace(base, checks=(check, *base.checks[2:]), functions=functions)


@pytest.mark.parametrize("visibility", [word for word in VISIBILITIES if word != "visible"])
@pytest.mark.parametrize("status", ["failed", "partial", "error", "timeout", "crashed", "missing", "skipped", "passed"])
def test_of_a_hidden_check_the_student_sees_title_status_points_and_hint(visibility: str, status: str) -> None:
    page = feedback_page(result_with(sentinel_check(visibility, status)))
    assert [leak for leak in LEAKS if leak in page] == []
    assert "Public title." in page
    # Advice depends on the exception's text, which the code may choose by its hidden input.
    assert ("Public hint." in page) == (status in ("failed", "partial"))
    assert "<b>1</b>" in page


def test_staff_see_all_of_a_hidden_check_and_students_all_of_a_visible_one() -> None:
    for page in (
        staff_page(result_with(sentinel_check("hidden"))),
        feedback_page(result_with(sentinel_check("visible"))),
    ):
        assert [leak for leak in LEAKS if leak not in page] == []
        for field in ("message", "name", "reason", "remark", "file", "function", "text", "output", "id"):
            assert f"SENTINEL{field}" in page


def test_the_total_duration_is_not_shown_because_it_reveals_that_of_hidden_checks() -> None:
    result = result_with(sentinel_check("hidden"))
    assert "124 s" in staff_page(result)
    assert "124 s" not in feedback_page(result)
    assert for_student(result).duration_s == 0.0


def test_the_student_sees_neither_our_paths_nor_our_errors() -> None:
    submission = {**typical().submission, "source": "/srv/course/SENTINEL.zip"}
    broken = replace(
        typical(), submission=submission, status="grader_error", reason=as_written("SENTINEL: no fixture.")
    )
    page = feedback_page(broken)
    assert "SENTINEL" not in page
    assert "not your fault" in page
    assert staff_page(broken).count("SENTINEL") == 2


def test_a_hidden_check_without_comparisons_shows_no_advice() -> None:
    """A failed check without comparisons: its value could not be used, and the code chose the text of the exception."""
    check = replace(sentinel_check("hidden", "failed"), comparisons=())
    assert "Public hint." not in feedback_page(result_with(check))


RELU = "layers.relu_forward"


def on_stubs(outcome: str) -> dict[str, object]:
    return {"stubs": (RELU,), "own_run": OwnRun(outcome, (RELU,), saying("Told."))}


@pytest.mark.parametrize("why", [on_stubs(EARNED_THE_SAME), on_stubs(EARNED_LESS), {"after_hidden": True}])
@pytest.mark.parametrize("status", ["failed", "partial", "error", "timeout", "crashed", "passed"])
def test_a_visible_check_that_may_contain_a_secret_shows_the_student_no_text(why, status) -> None:
    """On stubs, the code knows the reference's answers; after a hidden check, it may know the hidden input."""
    page = feedback_page(result_with(replace(sentinel_check("visible", status), **why)))
    left = [leak for leak in LEAKS if leak in page]
    assert left in ([], ["SENTINEL"])
    own = page.count("SENTINELid") + page.count("Still wrong: SENTINELname.")  # the assignment's own words
    assert page.count("SENTINEL") == own
    assert "Public title." in page
    assert ("Public hint." in page) == (status in ("failed", "partial"))
    assert ("Told." in page) == ("own_run" in why)
    assert ("ran after hidden checks" in page) == ("after_hidden" in why and status != "passed")


def test_staff_read_all_of_such_a_check() -> None:
    check = replace(sentinel_check("visible"), after_hidden=True, **on_stubs(EARNED_LESS))
    page = staff_page(result_with(check))
    assert [leak for leak in LEAKS if leak not in page] == []


@pytest.mark.parametrize("why", [{"visibility": "hidden"}, {"after_hidden": True}, on_stubs(EARNED_LESS)], ids=str)
def test_no_message_shows_text_chosen_by_the_code_if_it_may_be_a_secret(why: dict[str, object]) -> None:
    """Every reason, at every place in a check; the catalogue marks the values that the code chose."""
    reasons = tuple(Reason(id, values_for(text, "CANARY")) for id, text in CATALOGUE.items() if chosen_by_code(text))
    assert len(reasons) > 10
    parts = tuple(Comparison("out", "failed", reason, 0.5, 1e-5) for reason in reasons)
    check = replace(sentinel_check("visible"), comparisons=parts, reasons=reasons, remarks=reasons)
    assert "CANARY" in feedback_page(result_with(check))
    page = feedback_page(result_with(replace(check, **why)))  # type: ignore[arg-type]
    assert "CANARY" not in page


def test_a_check_that_has_been_opened_is_shown_in_full_and_a_hidden_one_is_not():
    opened = replace(sentinel_check("after_published"), stubs=(), after_hidden=False, hints=())
    hidden = replace(sentinel_check("hidden"), id="layers.b.c", hints=())
    alone = for_student(replace(result_of("x"), checks=(opened,)), ["after_published"]).checks
    assert alone == (replace(opened, visibility="visible"),)
    beside = for_student(replace(result_of("x"), checks=(opened, hidden)), ["after_published"]).checks
    assert [one.visibility for one in beside] == ["visible", "hidden"]
    assert "SENTINEL" not in repr(beside).replace(
        "SENTINELid", ""
    )  # what the code chose to say may be the hidden check's input
    assert for_student(replace(result_of("x"), checks=(opened,)), ["after_due_date"]).checks[0].reasons == ()
