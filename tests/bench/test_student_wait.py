"""The wait of a student is measured against a bar, and too long a wait fails."""

import io
import re

import pytest

from bench import student_wait
from bench.row import run_alone


@pytest.mark.process
@pytest.mark.parametrize(
    ("first_s", "save_s", "code"), [(2.9, 0.9, 0), (3.1, 0.1, 1), (0.1, 1.1, 1)], ids=["in time", "first", "save"]
)
def test_a_wait_above_the_bar_fails(first_s, save_s, code, monkeypatch, capsys):
    monkeypatch.setattr(student_wait, "unpack", lambda folder: None)
    monkeypatch.setattr(student_wait, "first_check", lambda folder: first_s)
    monkeypatch.setattr(student_wait, "saves", lambda folder: [("affine_forward", 0.2), ("relu_forward", save_s)])
    assert run_alone(student_wait.PART, []) == code
    shown = capsys.readouterr().out
    assert re.search(
        rf"first grader check on the empty template +{first_s} s  at most 3 s +{'met' if first_s < 3 else 'MISSED'}",
        shown,
    )
    assert re.search(
        rf"--watch: wait after a save of relu_forward +{save_s} s  at most 1 s +{'met' if save_s < 1 else 'MISSED'}",
        shown,
    )


def test_wait_for_reads_up_to_the_expected_line():
    lines = io.StringIO("function  is\nconv  wrong\nconv  right\n1 right, 27 not there yet\nmore\n")
    student_wait.wait_for(lines, "conv ", "right")
    student_wait.wait_for(lines, student_wait.SUMMARY)
    assert lines.read() == "more\n"
    with pytest.raises(SystemExit, match="ended before it printed"):
        student_wait.wait_for(lines, "conv ")


def test_a_student_file_has_the_chosen_solutions_and_stubs_for_the_rest():
    text = student_wait.student_file("optim.py", ["rmsprop"])
    whole = student_wait.student_file("optim.py", ["sgd_momentum", "rmsprop", "adam"])
    assert text.count("raise NotImplementedError") == 2
    assert "NotImplementedError" not in text[text.index("def rmsprop") : text.index("def adam")]
    assert "raise NotImplementedError" not in whole
