"""The code beside the failures: which functions show it, which lines are marked and linked, and how it prints."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from sample import as_written, result_of

from grader.records import Frame, Result
from grader.report.pages import feedback_page, staff_page

FUNCTION = "layers.max_pool_backward_naive"
CODE = "def max_pool_backward_naive(dout, cache):\n    x = '<b>' + cache\n    return x"


def result_with_code(code: str = CODE, **changes: object) -> Result:
    """The sample, with a function that raised in its second line in both of its checks."""
    frames = (Frame("cs231n/other.py", 21, "f", "x"), Frame("layers.py", 21, "max_pool_backward_naive", "x = 1"))
    verdict: dict[str, object] = {"status": "error", "points": 0.0, "frames": frames, **changes}
    result = result_of("ada", {f"{FUNCTION}.square": verdict, f"{FUNCTION}.overlapping": {**verdict, "frames": ()}})
    functions = (replace(item, line=20, code=code) if item.function == FUNCTION else item for item in result.functions)
    return replace(result, functions=tuple(functions))


def code_of(page: str) -> list[str]:
    [block] = re.findall(r'<details class="code".*?</details>', page, re.DOTALL)
    return re.findall(r"<li .*?</li>", block)


def test_the_line_where_a_check_ended_is_marked_and_linked_in_both_directions() -> None:
    page = staff_page(result_with_code())
    first, marked, last = code_of(page)
    assert ' class="here"' in marked
    assert ' class="here"' not in first + last
    [line] = re.findall(r'id="(f\d+-l21)"', marked)
    [check] = re.findall(r'href="#(f\d+-c\d+)"', marked)
    assert f'<li id="{check}">' in page
    assert page.count(f'href="#{line}"') >= 2  # in the traceback, and in the list of what to fix first


def test_code_is_escaped_and_a_right_function_shows_none() -> None:
    page = staff_page(result_with_code())
    assert "<b>'" not in page
    assert "&lt;b&gt;" in "".join(code_of(page))
    assert page.count('<details class="code"') == 1


def test_a_docstring_keeps_its_colour_over_its_lines_and_indents_stay() -> None:
    code = 'def max_pool_backward_naive(x):\n    """One\n\n    two = 1\n    """\n    return x'
    lines = code_of(staff_page(result_with_code(code)))
    assert '    <span class="py-sd">two = 1</span>' in lines[3]
    assert '    <span class="py-k">return</span> x' in lines[5]


def test_a_long_definition_is_folded_unless_a_line_is_marked() -> None:
    long = CODE + "\n    pass" * 70
    assert '<details class="code" open>' in feedback_page(result_with_code(long))
    assert '<details class="code">' in feedback_page(result_with_code(long, frames=()))
    assert '<details class="code" open>' in feedback_page(result_with_code(frames=()))


def test_a_function_says_how_its_points_are_shared() -> None:
    page = feedback_page(result_with_code())
    assert "The 5 points are shared among 2 checks by their weights" in page
    assert "One check decides on all 4 points." in page


@pytest.mark.browser
def test_a_submission_with_three_mistakes_prints_on_two_pages(browser: Any, tmp_path: Any) -> None:
    verdict: dict[str, object] = {"status": "failed", "points": 0.0}
    wrong = ("layers.max_pool_backward_naive.square", "optim.adam.late", "optim.rmsprop.three_steps")
    for name, page_of in (("feedback", feedback_page), ("staff", staff_page)):
        (tmp_path / f"{name}.html").write_text(page_of(result_of("ada", dict.fromkeys(wrong, verdict))), "utf-8")
        context = browser.new_context()
        page = context.new_page()
        page.goto((tmp_path / f"{name}.html").as_uri())
        pdf = page.pdf(format="A4")
        context.close()
        assert 1 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 2


def test_code_in_a_hint_is_shown_as_code_and_nothing_else_of_it_is_markup() -> None:
    hints = (as_written("In Python 3 `/` returns a <b>float</b>. Use `a // b`."),)
    page = feedback_page(result_with_code(hints=hints))
    assert "In Python 3 <code>/</code> returns a &lt;b&gt;float&lt;/b&gt;. Use <code>a // b</code>." in page
