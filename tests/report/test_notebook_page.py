"""A notebook's page: what it shows, what it leaves out, and its three walls, each of which alone is enough."""

from __future__ import annotations

import html
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hostile_notebook import HOST, HTML, PIXEL, hostile_notebook
from test_browser import CONTRASTS, DESK, PHONE, opened_file

from grader.report.notebooks import cell_html
from grader.report.notebooks.cell_html import OUTPUT_CHARS, OUTPUTS
from grader.report.notebooks.marked_answers import page_names
from grader.report.notebooks.notebook_page import clean, framed, notebook_page

PNG = f"data:image/png;base64,{PIXEL}"


def page_of(*cells: dict[str, Any]) -> str:
    content = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
    return notebook_page(content, name="Nets.ipynb", submission="ada")


def inside(page: str) -> str:
    """The document in the frame."""
    (document,) = re.findall(r'srcdoc="([^"]*)"', page)
    return html.unescape(document).partition("<body")[2]


def markdown(source: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source, **more}


def code(*outputs: Any, source: str = "x = 1") -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": list(outputs), "execution_count": 1}


def shown(**data: Any) -> dict[str, Any]:
    kinds = {name.replace("_", "/", 1).replace("_", "+"): content for name, content in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": kinds}


def test_text_code_tables_and_pictures_are_shown() -> None:
    body = inside(
        page_of(
            markdown("## Why\n\nIt *is*:\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n$x_1^2$"),
            code(
                {"output_type": "stream", "name": "stdout", "text": ["one\n", "\x1b[31mtwo\x1b[0m"]},
                shown(text_html="<table><tr><td>7</td></tr></table>", text_plain="7"),
                shown(image_png=PIXEL + "\n", text_plain="<Figure>"),
                shown(text_plain=["a < b"]),
                {"output_type": "error", "ename": "E", "evalue": "e", "traceback": ["\x1b[31mValueError\x1b[0m: no"]},
                source="x = 'text'",
            ),
        )
    )
    for part in ("<h2>Why</h2>", "<em>is</em>", "<td>2</td>", "$x_1^2$", "<td>7</td>", f'<img src="{PNG}"', "a &lt; b"):
        assert part in body
    assert '<span class="ansi-red-fg">two</span>' in body
    assert '<span class="ansi-red-fg">ValueError</span>: no' in body
    assert "<span class=\"s1\">'text'</span>" in body
    assert "&lt;Figure&gt;" not in body


def test_pictures_that_were_pasted_or_attached_are_shown_and_missing_ones_cost_nothing() -> None:
    attached = {"own picture.png": {"image/png": PIXEL}, "bad.png": {"image/png": 'x" onload="'}}
    source = f"![a](attachment:own%20picture.png) ![b]({PNG}) ![c](attachment:lost.png) ![d](attachment:bad.png) after"
    body = inside(page_of(markdown(source, attachments=attached)))
    assert body.count(f'<img src="{PNG}"') == 2
    assert '<img alt="c">' in body and "after" in body


def test_a_picture_of_mebibytes_costs_no_time_and_tokens_written_by_a_student_are_harmless() -> None:
    large = "QUJD" * 500_000
    body = inside(page_of(code(shown(image_png=large)), markdown("cGljdHVyZS0999999 cGljdHVyZS0x")))
    assert f'src="data:image/png;base64,{large}"' in body
    assert "cGljdHVyZS0x" in body and "cGljdHVyZS0999999" not in body


def test_a_vector_drawing_is_a_picture_in_which_nothing_runs() -> None:
    body = inside(page_of(code(shown(image_svg_xml="<svg onload='alert(1)'/>"))))
    assert re.search(r'<img src="data:image/svg\+xml;base64,[A-Za-z0-9+/=]+"', body)
    assert "<svg" not in body


def test_active_content_is_replaced_by_a_note() -> None:
    javascript = {"output_type": "display_data", "data": {"application/javascript": "alert(1)"}, "metadata": {}}
    body = inside(page_of(code(javascript, shown(text_html="<script>alert(2)</script><b>kept</b>"))))
    assert "an output of a kind that is not shown" in body
    assert "alert" not in body
    assert "<b>kept</b>" in body


def test_floods_are_shortened_with_a_note() -> None:
    flood = {"output_type": "stream", "name": "stdout", "text": "x" * (OUTPUT_CHARS + 7)}
    body = inside(page_of(code(flood, *[shown(text_plain=str(n)) for n in range(OUTPUTS + 3)]), markdown("y" * 40_000)))
    assert "… (7 more characters)" in body
    assert "… (4 more outputs)" in body
    assert "… (10,000 more characters)" in body


def test_unseen_characters_are_shown_as_codes_wherever_they_come_from() -> None:
    body = inside(page_of(markdown("a\u202eb&#x202e;c \ud800 d\x07"), code(source="x = '\u2066'")))
    assert body.count("\\u202e") == 2
    assert "\\ud800" in body and "\\x07" in body and "\\u2066" in body
    assert not {"\u202e", "\u2066", "\x07"} & set(body)


def test_a_raw_cell_is_text_whatever_its_type() -> None:
    raw = {"cell_type": "raw", "metadata": {"raw_mimetype": "text/html"}, "source": "<b>bold</b>\n\n</pre><i>x</i>"}
    assert "&lt;b&gt;bold&lt;/b&gt;\n\n&lt;/pre&gt;&lt;i&gt;x" in inside(page_of(raw))


def test_markdown_that_the_converter_fails_over_is_shown_as_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> str:
        raise RecursionError("too deep")

    monkeypatch.setattr(cell_html, "markdown", lambda: fail)
    assert "<pre>**why** &lt;b&gt;</pre>" in inside(page_of(markdown("**why** <b>")))


def test_a_notebook_that_cannot_be_read_says_so() -> None:
    page = notebook_page(b"{", name="Nets.ipynb", submission="ada")
    assert "It cannot be shown: it is damaged or cut off: it is not valid JSON. Save it again." in page
    assert "<iframe" not in page


def test_a_notebook_without_cells_says_so() -> None:
    assert "It has no cells." in inside(page_of())


@pytest.mark.parametrize(
    "hole",
    [
        HTML,
        "<a href='http://attacker.example' style='x' id=a onclick=b>t</a>",
        "<img src=//a><img src=data:text/html,x>",
    ],
)
def test_no_attribute_contains_a_link(hole: str) -> None:
    cleaned = clean(hole)
    assert re.findall(r"<[^>]*?\s(?!class=|alt=|width=|height=|start=|colspan=|rowspan=)[\w-]+=", cleaned) == []
    assert not re.search(r"(?i)<(script|style|iframe|svg|form|input|meta|link|base|object|embed|video)", cleaned)


def test_markup_cannot_close_its_cell() -> None:
    body = inside(page_of(code(shown(text_html="</div></div></div></pre></body><b>out</b>")), markdown("the next")))
    before = body[: body.index("<b>out</b>")]
    assert before.count("<div") - before.count("</div") >= 3


def test_pages_of_one_submission_have_unique_safe_names() -> None:
    names = page_names(["Nets.ipynb", "nets.ipynb", "../x.ipynb", "<b>?.ipynb", "CON.ipynb"])
    assert list(names.values()) == ["Nets.html", "nets-2.html", "_x.html", "_b__.html", "CON_.html"]


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("notebooks") / "evil.html"
    path.write_text(notebook_page(hostile_notebook(), name="<script>alert(70)</script>.ipynb", submission="mallory"))
    return path


@pytest.fixture
def attacker() -> Iterator[tuple[str, list[str]]]:
    """A server that records requested paths; yields its address and the paths."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


@pytest.mark.browser
def test_nothing_of_a_hostile_notebook_runs_or_loads(browser: Any, hostile_page: Path) -> None:
    with opened_file(browser, hostile_page) as page:
        page.wait_for_timeout(300)
        assert page.events == [("request", page.url)]
        frame = page.frames[1]
        assert frame.url == "about:srcdoc"
        assert "the last cell" in frame.content()
        assert frame.locator("img[src]").count() == 3  # a drawing, a pixel, and something with the type of a GIF
        assert page.title() == "<script>alert(70)</script>.ipynb · mallory"


@pytest.mark.browser
def test_a_click_on_anything_opens_nothing(browser: Any, hostile_page: Path) -> None:
    with opened_file(browser, hostile_page) as page:
        for link in page.frames[1].locator("a").all():
            link.click(force=True, timeout=2000)
        page.wait_for_timeout(100)
        assert page.events == [("request", page.url)]
        assert page.frames[1].url == "about:srcdoc"


@pytest.mark.browser
def test_if_the_sanitiser_had_let_everything_through_nothing_would_run_or_load(
    browser: Any, tmp_path: Path, attacker: tuple[str, list[str]]
) -> None:
    """The browser also reports requests that the policy then blocks, so a server counts those that arrive."""
    host, asked = attacker
    path = tmp_path / "open.html"
    path.write_text(framed(HTML.replace(HOST, host), "", name="Open.ipynb", submission="mallory"))
    with opened_file(browser, path) as page:
        page.wait_for_timeout(500)
        assert asked == []
        assert [event for event in page.events if event[0] not in ("console", "request")] == []
        assert page.title() == "Open.ipynb · mallory"
        refused = " ".join(text for kind, text in page.events if kind == "console")
        assert "sandbox" in refused.lower() and "Content Security Policy" in refused


@pytest.mark.browser
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_and_can_be_read(browser: Any, tmp_path: Path, viewport: dict[str, int], scheme: str) -> None:
    source = "import numpy as np  # " + "long " * 60 + "\nclass A:\n    x = f'{1:.2f}' + str(2) if None else 'b'"
    wide = "<table><tr>" + "<td>column</td>" * 40 + "</tr></table>"
    path = tmp_path / "wide.html"
    path.write_text(page_of(markdown("# Title\n\nText `code`\n\n> quote"), code(shown(text_html=wide), source=source)))
    with opened_file(browser, path, viewport, color_scheme=scheme) as page:
        for frame in page.frames:
            assert frame.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
            assert frame.evaluate(CONTRASTS) == []


def test_a_page_names_no_address() -> None:
    page = page_of(markdown("x"), code())
    assert "http" not in page.replace("http-equiv", "")


IN_A_LINE = [
    "$a_1 * b_1 * c_1$",
    "$$a_1 * b * c_1$$",
    r"\\(a_1 * b * c_1\\)",
    r"\begin{array} a_1 * b * c_1 \end{array}",
]
ALONE = [
    "$$\na_1 * b\n\n- c_1 * d\n$$",
    "\\begin{x*}\na_1 * b * c_1\n\n# d\n\\end{x*}",
    "\\\\[\n* a\n* b\n\\\\]",
]


@pytest.mark.parametrize(
    ("formula", "source"),
    [
        *((formula, f"before {formula} after *it*") for formula in IN_A_LINE),
        *((formula, f"before\n\n{formula}\n\nafter *it*") for formula in [*IN_A_LINE, *ALONE]),
    ],
)
def test_formulas_are_not_read_as_markdown(formula: str, source: str) -> None:
    body = inside(page_of(markdown(source)))
    assert formula in body
    assert body.count("<em>") == 1 and "<li>" not in body and "<h1>" not in body


def test_a_price_is_not_a_formula() -> None:
    assert "It costs $5 and <em>not</em> more." in inside(page_of(markdown("It costs $5 and *not* more.")))


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("\x1b[31mred\x1b[39m plain", '<span class="ansi-red-fg">red</span> plain'),
        ("\x1b[1;32mgood\x1b[0m plain", '<span class="ansi-green-intense-fg ansi-bold">good</span> plain'),
        ("\x1b[94mlight\x1b[m plain", '<span class="ansi-blue-intense-fg">light</span> plain'),
        ("\x1b[38;5;196;1mown\x1b[22m plain", '<span class="ansi-bold">own</span> plain'),
        ("\x1b[31m\x1b[38;2;1;31;3mmixed", "mixed"),
        ("\x1b[2Kline\x1b[1A", "line"),
        ("<b>\x1b[33m&", '&lt;b&gt;<span class="ansi-yellow-fg">&amp;</span>'),
    ],
)
def test_colours_of_a_terminal_become_classes(text: str, made: str) -> None:
    assert cell_html.coloured_text(text) == made


def test_code_in_markdown_is_coloured_by_its_language_or_left_alone() -> None:
    body = inside(page_of(markdown("```python\ndef f(): pass\n```\n\n```nonesuch\na < b\n```")))
    assert '<span class="k">def</span>' in body and "a &lt; b" in body
