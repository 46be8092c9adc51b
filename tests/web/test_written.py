"""What students write is drawn, and can do nothing."""

from __future__ import annotations

import pytest

pytest.importorskip("mistune", reason="no mistune (pip install -e '.[serve]')")

from grader.records import Answer
from grader.web.written import html_of_answer, html_of_markdown


@pytest.mark.parametrize(
    ("source", "drawn"),
    [
        ("so $x^2$ is", '<math display="inline"><mrow><msup><mi>x</mi><mn>2</mn></msup></mrow></math>'),
        (
            "$$\\frac{a}{b}$$",
            '<math display="block"><mrow><mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac>',
        ),
        ("\\\\(a\\\\)", '<math display="inline"><mrow><mi>a</mi></mrow></math>'),
        ("\\begin{align}a&=b\\end{align}", '<math display="block"><mrow><mtable>'),
        ("**so**", "<strong>so</strong>"),
        ("costs 5$ or 6", "costs 5$ or 6"),
    ],
)
def test_markdown_and_formulas_are_drawn(source: str, drawn: str) -> None:
    assert drawn in html_of_markdown(source)


@pytest.mark.parametrize(
    "source", ["$\\frac{$", "$" + "{" * 1500 + "$", "$\\begin{matrix} a \\\\ c$", "$" + "x" * 5000 + "$"]
)
def test_a_formula_that_cannot_be_drawn_stands_as_it_was_written(source: str) -> None:
    made = html_of_markdown(source)
    assert "<math" not in made and made.startswith("<p><code>$")


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[so](javascript:alert(1))",
        "$\\href{javascript:alert(1)}{x}$",
        "$\\style{background:url(//evil.example)}{x}$",
        "<math><mtext><img src=x onerror=alert(1)></mtext></math>",
        "<math href=javascript:alert(1)><mi>x</mi></math>",
        "Zm9ybXVsYS0" + b"<img src=x onerror=alert(1)>".hex() + "Z",
        "Zm9ybXVsYS0" + b"$<script>alert(1)</script>$".hex() + "Z",
        "Zm9ybXVsYS0ffZ Zm9ybXVsYS0Z",
        "```html\n<script>alert(1)</script>\n```",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe><form action=//evil.example><input></form>",
    ],
)
def test_nothing_in_it_runs_loads_or_leads_anywhere(source: str) -> None:
    made = html_of_markdown(source)
    for tag in ("<script", "<iframe", "<form", "<input", "<style"):
        assert tag not in made
    outside = [part.partition(">")[0] for part in made.split("<")[1:]]  # the tags, without the text between them
    assert not any(word in tag for tag in outside for word in ("onerror", "javascript", "href", "style", "//evil"))


def test_a_formula_in_an_attribute_stands_as_it_was_written() -> None:
    picture = "data:image/png;base64,AAAA"
    assert 'alt="$x^2$ a"> <math' in html_of_markdown(f"![$x^2$ a]({picture}) $y$")
    token = "Zm9ybXVsYS0" + b'$"><b x=$'.hex() + "Z"
    assert html_of_markdown(f'<img alt="{token}">').strip() == '<img alt="$&#34;&gt;&lt;b x=$">'


def test_an_answer_cannot_look_or_act_like_a_part_of_the_page() -> None:
    made = html_of_markdown('<div class="banner problem">So</div><b class="points-in card k">x</b>')
    assert 'class="k"' in made and made.count("class=") == 1
    assert 'class="highlight"' in html_of_markdown("```python\ndef f(): pass\n```")


def test_many_formulas_and_long_answers_are_bounded() -> None:
    assert html_of_markdown("$x$ " * 300).count("<math") == 200
    made = html_of_answer(Answer("why", "", "code", "answered", "x = 1\n" * 20_000, 5.0))
    assert len(made) < 1_000_000
    assert "<script" not in html_of_answer(Answer("why", "", "code", "answered", "'<script>'", 5.0))
