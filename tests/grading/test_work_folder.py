"""The folder for temporary files is found without writing to it, and every process that works in one is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from grader.grading import work_folder
from grader.grading.work_folder import temporary_folder


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch, tmp_path):  # pytest chooses a folder when it makes its first one
    monkeypatch.setattr(tempfile, "tempdir", None)
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)


def test_the_temporary_folder_is_found_without_writing_a_file(tmp_path, monkeypatch):
    made = []
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "_io", None)  # tempfile tests a folder with it
    monkeypatch.setattr(os, "unlink", made.append)
    assert temporary_folder() == tmp_path
    assert tempfile.gettempdir() == str(tmp_path)
    assert not made


def test_a_temporary_folder_that_does_not_exist_is_skipped(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("TEMP", str(tmp_path))
    assert temporary_folder() == tmp_path


def test_without_a_variable_the_temporary_folder_is_the_usual_one():
    assert temporary_folder() in (Path("/tmp"), Path("/var/tmp"))


@pytest.mark.process
def test_a_process_that_forks_while_it_is_killed_leaves_none(tmp_path, monkeypatch):
    """As bwrap may do: its child does not exist yet when the processes are listed."""
    command = [sys.executable, "-c", "import time; time.sleep(60)", f"{tmp_path}/work", "worker.py"]
    started = [subprocess.Popen(command)]
    kill = os.kill

    def start_another_first(pid, number):
        if len(started) == 1:
            started.append(subprocess.Popen(command))
        kill(pid, number)

    monkeypatch.setattr(work_folder.os, "kill", start_another_first)
    work_folder.end_processes(tmp_path)
    assert [process.wait(timeout=10) for process in started] == [-signal.SIGKILL, -signal.SIGKILL]


@pytest.mark.process
def test_a_zombie_with_any_name_does_not_stop_the_sweep(tmp_path):
    """A process can give itself any name, and has no command line when it is dead."""
    name = "import ctypes; ctypes.CDLL(None).prctl(15, b'\\xff) Z (', 0, 0, 0)"
    with subprocess.Popen([sys.executable, "-c", name]) as child:
        stat = Path(f"/proc/{child.pid}/stat")
        until = time.monotonic() + 30
        while b"(\xff) Z () Z " not in stat.read_bytes():
            assert time.monotonic() < until
            time.sleep(0.01)
        work_folder.end_processes(tmp_path)
    assert child.returncode == 0
