"""The pages as text: escaped, complete, deterministic, with the words of the design."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html import escape
from html.parser import HTMLParser

import pytest
from sample import (
    HOSTILE_ID,
    TITLE,
    good,
    grader_failure,
    hostile,
    result_of,
    roster_of,
    saying,
    typical,
    unreadable,
    whole_class,
)

from grader.records import Frame, Result, as_written
from grader.report.pages import class_page, feedback_page, staff_page
from grader.report.words import CHECK_WORDS

VOID = {"meta", "link", "br", "wbr", "input", "img", "hr"}


class Elements(HTMLParser):
    """All elements with their attributes; also checks that each is closed in the right place."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def all_pages(result: Result) -> list[str]:
    return [class_page(roster_of([result]), title=TITLE), staff_page(result), feedback_page(result)]


@pytest.mark.parametrize(
    "result", [good(), typical(), unreadable(), grader_failure(), hostile()], ids=lambda r: r.id[:8]
)
def test_every_element_is_closed_and_ids_are_unique(result: Result) -> None:
    for page in all_pages(result):
        ids = [attributes["id"] for _, attributes in Elements(page).found if "id" in attributes]
        assert len(ids) == len(set(ids))


def test_a_hostile_submission_adds_no_element_no_handler_and_no_address() -> None:
    tame, wild = all_pages(typical()), all_pages(hostile())
    for calm, page in zip(tame, wild, strict=True):
        allowed = {tag for tag, _ in Elements(calm).found} | {
            "ol",
            "ul",
            "li",
            "details",
            "summary",
            "pre",
            "bdi",
            "strong",
        }
        for tag, attributes in Elements(page).found:
            assert tag in allowed
            assert not [name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset")]
            for name in ("href", "xlink:href"):
                address = attributes.get(name) or ""
                assert not re.match(r"\s*[a-z]+:(?!,$)", address, re.IGNORECASE)
                assert not address.startswith("//")


def test_no_raw_control_character_or_change_of_direction_reaches_a_page() -> None:
    for page in all_pages(hostile()):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", page)
        page.encode("utf-8")
    assert "\\x1b[31mred" in staff_page(hostile())
    assert "\\u202egnp.exe" in staff_page(hostile())


def test_template_syntax_in_a_submission_is_text() -> None:
    assert "1337" not in staff_page(hostile())
    assert "{{ 7*191 }}" in staff_page(hostile())


def test_links_to_pages_are_quoted() -> None:
    page = class_page(roster_of([replace(good(), submission={**good().submission, "id": "a/b?c#d e"})]), title=TITLE)
    assert 'href="a%2Fb%3Fc%23d%20e.html"' in page
    assert 'href="feedback/a%2Fb%3Fc%23d%20e.html"' in page


def test_the_title_is_escaped() -> None:
    assert "<title>&lt;b&gt;A2&lt;/b&gt;</title>" in class_page(roster_of([good()]), title="<b>A2</b>")


def test_the_policy_names_style_and_script_by_their_hashes_and_nothing_else() -> None:
    for page, scripted in zip(all_pages(typical()), (True, False, False), strict=True):
        (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
        policy = policy.replace("&#39;", "'")
        (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
        scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
        assert f"style-src {sha256(style)};" in policy
        assert f"script-src {sha256(scripts[0])};" in policy if scripted else scripts == []
        assert scripted or "script-src 'none';" in policy
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert '<link rel="icon" href="data:,">' in page


def sha256(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_same_results_give_the_same_pages_in_whatever_order_they_come() -> None:
    results = whole_class()
    assert class_page(roster_of(results), title=TITLE) == class_page(roster_of(list(reversed(results))), title=TITLE)
    assert [all_pages(result) for result in results[:2]] == [all_pages(result) for result in whole_class()[:2]]


def test_a_result_read_back_from_its_file_gives_the_same_page() -> None:
    assert staff_page(Result.from_json(typical().to_json())) == staff_page(typical())


def test_rows_are_in_natural_order_of_ids() -> None:
    page = class_page(roster_of([result_of("s10"), result_of("s9"), result_of("a")]), title=TITLE)
    assert re.findall(r'<th scope="row"[^>]*><a href="([^"]*)"', page) == ["a.html", "s9.html", "s10.html"]


def test_mean_and_median_include_only_graded_submissions() -> None:
    results = [replace(good(), score=score, max_score=10.0) for score in (1.0, 2.0, 9.0)] + [unreadable()]
    page = class_page(roster_of(results), title=TITLE)
    assert re.search(r"Mean</dt><dd>4<", page)
    assert re.search(r"Median</dt><dd>2<", page)


def test_scores_out_of_different_sums_are_summed_up_in_percent() -> None:
    page = class_page(
        roster_of([replace(good(), score=5, max_score=10), replace(good(), score=20, max_score=20)]), title=TITLE
    )
    assert re.search(r'Mean</dt><dd>75<span class="of"> %', page)


def test_an_empty_class_has_a_page() -> None:
    assert "no results yet" in class_page(roster_of([]), title=TITLE)


def test_most_often_failed_checks_are_counted() -> None:
    wrong = {"optim.adam.late": {"status": "failed", "points": 0.0}}
    page = class_page(roster_of([result_of("a", wrong), result_of("b", wrong), result_of("c")]), title=TITLE)
    assert re.search(r"One step from t = 100\..*?<b class=\"count\">2<span class=\"of\"> of 3<", page, re.DOTALL)


def test_an_ungraded_submission_is_shown_with_its_message() -> None:
    page = class_page(roster_of([good(), unreadable(), grader_failure()]), title=TITLE)
    assert page.count("the archive ends in the middle of layers.py") == 2
    assert page.count("Run grader fixtures.") == 2
    assert "the archive ends in the middle" in feedback_page(unreadable())


@pytest.mark.parametrize("kind", ["none", "uid"])
def test_results_without_isolation_carry_a_banner_on_every_page(kind) -> None:
    result = replace(good(), environment={**good().environment, "sandbox": kind})
    for page in (staff_page(result), class_page(roster_of([result]), title=TITLE)):
        assert ("--sandbox uid" in page) == (kind == "uid")
        assert ("without any protection" in page) == (kind == "none")
    assert ("provisional" in feedback_page(result)) == (kind == "none")
    assert [page.lower().count("graded without isolation") for page in all_pages(result)] == [1, 1, 1]
    assert not any("graded without isolation" in page.lower() for page in all_pages(good()))


def test_the_student_reads_all_public_checks_passed_and_never_all_tests() -> None:
    hidden = {"optim.adam.late": {"status": "failed", "points": 0.0}}
    assert "All public checks passed." in feedback_page(good())
    almost = feedback_page(result_of("a", hidden))
    assert "All public checks passed." in almost
    assert "9 of 10 hidden checks passed." in almost
    assert "All public checks passed." not in feedback_page(typical())
    for page in all_pages(good()) + all_pages(typical()):
        assert "all tests" not in page.lower()


def test_a_consequence_names_its_probable_cause_and_a_missing_function_what_it_builds_on() -> None:
    page = " ".join(re.sub("<[^>]*>", "", feedback_page(typical())).split())
    assert "probably follows from layers.conv_forward_naive" in page
    assert "builds on layers.batchnorm_forward" in page


def test_every_status_is_a_word_with_an_explanation_and_a_shape() -> None:
    page = staff_page(typical())
    for word, sentence in CHECK_WORDS.items():
        assert f'title="{escape(sentence)}"' in page
        assert f'<symbol id="i-{word}"' in page


def test_failing_checks_are_open_and_passing_ones_folded() -> None:
    page = staff_page(typical())
    assert re.search(r'<details class="check s-error" open>', page)
    assert not re.search(r'<details class="check s-passed" open>', page)
    assert re.search(r'<details class="function-block s-partial" id="f\d+" open>', page)
    assert not re.search(r'<details class="function-block s-passed" id="f\d+" open>', page)


def test_the_line_of_a_traceback_is_coloured_and_escaped() -> None:
    frames = (Frame("layers.py", 5, "f", '    if x < "</code>": return 1'),)
    page = staff_page(result_of("a", {"optim.adam.late": {"status": "error", "frames": frames}}))
    assert '<span class="py-k">return</span>' in page
    assert "&lt;/code&gt;" in page


def test_a_traceback_of_endless_recursion_shows_its_ends() -> None:
    frames = tuple(Frame("layers.py", line, "f", f"f({line})") for line in range(1, 1001))
    page = staff_page(result_of("a", {"optim.adam.late": {"status": "error", "frames": frames}}))
    assert "… 988 more calls …" in page
    assert page.count('class="place"') == 12


def test_a_flood_of_prints_is_cut_with_a_note() -> None:
    page = staff_page(result_of("a", {"optim.adam.three_steps": {"output": "x" * 1_000_000}}))
    assert len(page) < 300_000
    assert "980,000 more characters were printed" in page


def test_a_result_contains_only_words_that_pages_explain() -> None:
    result = result_of("ada", {"optim.adam.late": {"status": "brilliant"}})
    with pytest.raises(ValueError, match="Invalid enum value 'brilliant'"):
        Result.from_json(result.to_json())


def test_the_id_of_the_hostile_sample_is_shown_as_text() -> None:
    assert "&lt;script&gt;alert(5)" in class_page(roster_of([hostile()]), title=TITLE)
    assert HOSTILE_ID not in class_page(roster_of([hostile()]), title=TITLE)


def taken_for(result: Result, handout: str, grounds: str = "") -> Result:
    assignment = {**result.assignment, "handout": handout}
    return replace(result, assignment=assignment, grounds=as_written(grounds) if grounds else None)


def test_the_assignments_own_handout_is_not_mentioned() -> None:
    result = taken_for(good(), "default")
    assert "Handouts</h2>" not in class_page(roster_of([result]), title=TITLE)
    assert "Graded for handout" not in staff_page(result) + feedback_page(result)


def test_another_handout_is_named_on_every_page() -> None:
    result = taken_for(good(), "2016")
    assert "<b>2016</b>: 1 of 1." in class_page(roster_of([result]), title=TITLE)
    for page in (staff_page(result), feedback_page(result)):
        assert "Graded for handout <b>2016</b>" in page


def test_a_class_page_lists_guessed_handouts_rarest_first() -> None:
    many = [taken_for(result_of(f"s{index}"), "default", "auto: taken for default <b>") for index in range(7)]
    odd = taken_for(result_of("odd"), "2016", "auto: graded as handout 2016")
    page = class_page(roster_of([*many, odd]), title=TITLE)
    assert '<th scope="col">Handout</th>' in page
    assert page.count("<td>default</td>") == 7
    assert page.count("<td>2016</td>") == 1
    section = page[page.index("Handouts</h2>") :]
    assert section.index("<b>2016</b>: 1 of 8.") < section.index("<b>default</b>: 7 of 8.")
    assert "auto: taken for default &lt;b&gt;" in section
    assert '<a href="odd.html">' in section
    assert '<a href="s1.html">' not in section  # nobody reads a long list


def test_a_class_of_one_handout_has_no_column_for_it() -> None:
    page = class_page(roster_of([taken_for(result_of(f"s{index}"), "2018") for index in range(3)]), title=TITLE)
    assert '<th scope="col">Handout</th>' not in page
    assert "<b>2018</b>: 3 of 3." in page


def unwritten() -> Result:
    """A result with only stubs."""
    message = "it is not written yet."
    stub = {"status": "missing", "points": 0.0, "reasons": saying(message)}
    return result_of("stubs", {check.id: stub for check in good().checks if check.max_points})


def test_unwritten_functions_are_one_entry_of_the_list_and_folded_below() -> None:
    for page in (staff_page(unwritten()), feedback_page(unwritten())):
        (entry,) = re.findall(r'<li class="fix">(.*?)</li>', page, re.DOTALL)
        assert "18 functions are not written yet" in entry
        for name in ("affine_forward", "adam", "ThreeLayerConvNet"):
            assert re.search(rf'<a href="#f\d+"><code>{name}</code></a>', entry)
        assert "MultiLayerConvNet" not in entry  # carries no points here
        assert 'class="function-block s-missing"' in page
        assert not re.search(r'<details class="function-block[^>]* open>', page)
    assert "nothing else lost points" in feedback_page(unwritten())


def test_a_message_that_all_checks_of_a_function_share_is_shown_once() -> None:
    several = [item.function for item in good().functions].index("layers.batchnorm_forward")
    (block,) = re.findall(
        rf'<details class="function-block [^>]*id="f{several}".*?</ul>', staff_page(unwritten()), re.S
    )
    assert block.count('class="check s-missing"') == 3
    assert block.count("it is not written yet.") == 1


def test_a_hint_that_all_checks_of_a_function_share_is_shown_once_in_its_block_and_once_in_the_list() -> None:
    wrong = {f"layers.conv_backward_naive.{name}": {"status": "failed", "points": 0.0, "hints": saying("Pad first.")}
             for name in ("strided", "no_pad", "odd")}  # fmt: skip
    for page in (staff_page(result_of("x", wrong)), feedback_page(result_of("x", wrong))):
        assert page.count("Pad first.") == 2


def test_a_check_on_stubs_has_a_badge_and_its_function_names_the_replaced_ones() -> None:
    stubs = ("layers.conv_forward_naive", "layers.conv_backward_naive")
    result = result_of(
        "x",
        {
            "layers.conv_forward_naive.padded": {"status": "failed", "points": 0.0},
            "classifiers.cnn.ThreeLayerConvNet.loss": {"stubs": stubs},
            "classifiers.cnn.ThreeLayerConvNet.gradients": {"stubs": stubs},
        },
    )
    for page in (staff_page(result), feedback_page(result)):
        assert page.count(">stubs</span>") == 2
        assert page.count("2 of 2 checks count with our conv_forward_naive in place of yours") == 1


def test_the_points_of_a_file_are_beside_its_name() -> None:
    wrong = {"optim.adam.late": {"status": "failed", "points": 0.0}}
    page = re.sub("<[^>]*>", "", staff_page(result_of("x", wrong)))
    assert re.search(r"optim\.py\s*6\s*/\s*8\s", page)


def test_the_strips_keep_the_functions_of_a_module_together() -> None:
    first = replace(good(), functions=(good().functions[0], good().functions[-1], good().functions[1]))
    page = class_page(roster_of([first]), title=TITLE)
    listed = re.findall(r"<li><code class=\"function\">(.*?)</code></li>", page)
    names = [re.sub("<[^>]*>", "", name) for name in listed]
    assert names == ["layers.affine_forward", "layers.affine_backward", "classifiers.cnn.MultiLayerConvNet"]
    assert '<span class="modules">layers · cnn</span>' in page


def test_beside_the_scores_is_one_check_for_each_function() -> None:
    hurt = ("layers.conv_forward_naive.padded", "layers.conv_forward_naive.no_pad", "optim.adam.late")
    page = class_page(
        roster_of([result_of("a", {name: {"status": "failed", "points": 0.0} for name in hurt})]), title=TITLE
    )
    top, _, folded = page.partition('<details class="more">')
    assert (top.count('class="missed-head"'), folded.count('class="missed-head"')) == (2, 1)
    assert "Stride 3 without padding." in folded
