"""The class table on a terminal: short even if much was lost, and no name is broken in the middle."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from grader.cli.screen.progress import MESSAGE_CHARS, class_table, losses
from grader.records import FunctionResult, Result, as_written

NAMES = (
    "spatial_batchnorm_backward",
    "spatial_groupnorm_backward",
    "max_pool_backward_naive",
    "adam",
    "rmsprop",
    "sgd",
)


def result(statuses: dict[str, str], name: str = "a-submission-with-quite-a-long-name-of-its-own") -> Result:
    functions = tuple(
        FunctionResult(f"layers.{name}", 0.0, 2.0, statuses.get(name, "passed")) for name in (*NAMES, "affine_forward")
    )
    return Result(
        submission={"id": name, "source": name, "sha256": "", "files": {}},
        assignment={},
        environment={},
        status="graded",
        score=92.96,
        max_score=100.0,
        duration_s=1.0,
        checks=(),
        functions=functions,
    )


def printed(*results: Result, width: int = 80) -> str:
    stream = io.StringIO()
    class_table(Console(file=stream, width=width), results)
    return stream.getvalue()


def test_few_losses_are_named() -> None:
    assert losses(result({"adam": "partial", "sgd": "failed"})) == "adam (partial), sgd (failed)"


def test_many_losses_are_counted_by_status_and_single_ones_are_named() -> None:
    many = {**dict.fromkeys(NAMES, "missing"), "adam": "error"}
    assert losses(result(many)) == "5 functions missing, adam (error)"


def test_one_status_for_everything_is_shown_once() -> None:
    everything = result(dict.fromkeys((*NAMES, "affine_forward"), "missing"))
    assert losses(everything) == "everything: missing"


def test_eighty_columns_break_no_name_in_the_middle() -> None:
    text = printed(result(dict.fromkeys(NAMES[:3], "partial")))
    for name in NAMES[:3]:
        assert f"{name} (partial)" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_long_word_is_folded_and_does_not_squeeze_the_submission_column() -> None:
    broken = replace(result({}, "amelia"), status="unreadable", reason=as_written("x" * 200))
    text = printed(broken)
    assert "amelia" in text
    assert text.count("x") == 200
    assert max(map(len, text.splitlines())) <= 80


def test_a_long_message_is_cut_to_what_a_list_shows() -> None:
    broken = replace(result({}), status="unreadable", reason=as_written("x" * (MESSAGE_CHARS + 7)))
    assert losses(broken) == "x" * MESSAGE_CHARS + " … (7 more characters)"


def test_an_empty_class_has_a_table() -> None:
    assert "0 submissions, 0 graded." in printed()
