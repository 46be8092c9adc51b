"""Where temporary files lie: found without a trace; and what is at work in them, ended to the last."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from grader import scratch
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


def test_what_starts_another_while_it_is_ended_leaves_none(tmp_path, monkeypatch):
    """As bwrap may: its child is not there yet when the processes are listed."""
    command = [sys.executable, "-c", "import time; time.sleep(60)", f"{tmp_path}/work", "worker.py"]
    started = [subprocess.Popen(command)]
    kill = os.kill

    def start_another_first(pid, number):
        if len(started) == 1:
            started.append(subprocess.Popen(command))
        kill(pid, number)

    monkeypatch.setattr(scratch.os, "kill", start_another_first)
    scratch.end_processes(tmp_path)
    assert [process.wait(timeout=10) for process in started] == [-signal.SIGKILL, -signal.SIGKILL]
