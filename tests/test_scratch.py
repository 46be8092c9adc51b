"""Where temporary files lie: found without a trace."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from grader.scratch import temporary_folder


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", None)
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)


def test_it_is_found_without_a_file_to_try_it_by(tmp_path, monkeypatch):
    made = []
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "_io", None)  # what tempfile tries a folder by
    monkeypatch.setattr(os, "unlink", made.append)
    assert temporary_folder() == tmp_path
    assert tempfile.gettempdir() == str(tmp_path)
    assert not made


def test_a_folder_that_is_not_there_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("TEMP", str(tmp_path))
    assert temporary_folder() == tmp_path


def test_without_a_word_it_is_the_usual_one():
    assert temporary_folder() in (Path("/tmp"), Path("/var/tmp"))
