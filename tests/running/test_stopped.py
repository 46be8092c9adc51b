"""A run that is stopped, locked out or out of disk space says what to do, leaves nothing behind, and can continue."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cases import ROOT
from one_check import RIGHT, SLEEPING, WRONG, write_assignment, write_class

from grader.running.output_folder import locked
from grader.sandbox.host.isolation import find_bwrap

pytestmark = pytest.mark.process

PATIENCE_S = 60  # for a busy machine; nothing here takes a second of work


@pytest.fixture(scope="module")
def assignment(tmp_path_factory) -> Path:
    return write_assignment(tmp_path_factory.mktemp("one"))


@pytest.fixture
def run(assignment, tmp_path):
    """Start the command on tmp_path/class in its own session, with its own folder for temporary files."""
    (tmp_path / "temporary").mkdir()

    def start(*options: object, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "grader.cli.main", "grade", tmp_path / "class", "--assignment", assignment]
        env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "temporary")}
        return subprocess.Popen(
            [*before, *map(str, [*command, "--out", tmp_path / "out", *options])],
            cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    return start


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


def wait_for(condition) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(marker: Path) -> list[str]:
    """The processes whose command line or environment contains the path of this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            said = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if str(marker).encode() in said and int(process.name) != os.getpid():
            found.append(said.replace(b"\0", b" ").decode("utf-8", "replace")[:200])
    return found


@pytest.mark.parametrize(
    ("number", "code", "jobs"), [(signal.SIGINT, 130, 1), (signal.SIGINT, 130, 2), (signal.SIGTERM, 143, 2)]
)
def test_a_stopped_run_ends_at_once_and_says_how_to_continue(run, tmp_path, number, code, jobs):
    write_class(tmp_path / "class", {"ada": RIGHT, "bela": SLEEPING, "cleo": SLEEPING, "dora": SLEEPING})
    process = run("--jobs", jobs)
    wait_for(lambda: (tmp_path / "out/results/ada.json").exists())
    wait_for(lambda: any((tmp_path / "temporary").glob("grader-work-*")))
    began = time.monotonic()
    os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
    returned, _, err = ended(process)
    assert returned == code, err
    last = err.splitlines()[-1]
    assert re.match(r"stopped: .+ holds the results of \d of 4 submissions\. ", last)
    assert last.endswith("To continue, run the same command.")
    assert "Traceback" not in err
    assert time.monotonic() - began < 20  # far less than the time limits of the three submissions that sleep
    wait_for(lambda: not alive(tmp_path))
    assert list((tmp_path / "temporary").iterdir()) == []
    assert not list((tmp_path / "out").rglob("*.tmp"))


def test_a_killed_job_ends_the_run_and_loses_nothing(run, tmp_path):
    write_class(tmp_path / "class", {"ada": RIGHT, "bela": SLEEPING, "cleo": SLEEPING})
    process = run("--jobs", 2)
    wait_for(lambda: (tmp_path / "out/results/ada.json").exists())
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    ours = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    forked = [pid for pid in children if Path(f"/proc/{pid}/cmdline").read_bytes() == ours]
    jobs = forked[-2:]  # the process for the gradebook was forked before them
    assert len(jobs) == 2
    os.kill(int(jobs[0]), signal.SIGKILL)
    returned, _, err = ended(process)
    assert returned == 3, err
    assert "a grading process was killed" in err
    assert "Run the same command to continue" in err
    assert json.loads((tmp_path / "out/results/ada.json").read_text())["score"] == 10
    wait_for(lambda: not alive(tmp_path))


def test_two_graders_cannot_lock_one_folder_and_a_dead_one_holds_no_lock(run, tmp_path):
    write_class(tmp_path / "class", {"ada": RIGHT})
    program = "import sys, pathlib, grader.running.output_folder as l\n"
    program += "with l.locked(pathlib.Path(sys.argv[1])):\n print(1, flush=True)\n"
    command = [sys.executable, "-c", program + " input()\n", str(tmp_path / "out")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"1\n"
        returned, _, err = ended(run())
        assert returned == 2, err
        assert f"/out: another grader (process {holder.pid} on " in err
        assert "is writing there. Wait until it ends, or name another folder with --out." in err
        assert not (tmp_path / "out/results").exists()
        holder.kill()
    assert ended(run())[0] == 0
    assert (tmp_path / "out/.grader.lock").read_text() == ""


def test_a_file_system_without_locks_gives_a_warning(tmp_path, monkeypatch):
    import fcntl

    def none(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with locked(tmp_path) as warning:
        assert warning == f"{tmp_path}: the file system has no locks. Make sure that no other grader writes there."


def test_a_full_disk_loses_nothing_and_is_reported(run, tmp_path):
    """A file system of 160 KiB, in the test's own mount namespace, has room for some of eight submissions."""
    write_class(tmp_path / "class", {f"s{number}": RIGHT for number in range(8)})
    (tmp_path / "out").mkdir()
    inside = '"$@"; echo $? > small; cp -r out kept'
    mount = ("--dev-bind", "/", "/", "--size", str(160 << 10), "--tmpfs", str(tmp_path / "out"))
    returned, _, err = ended(
        run("--jobs", 1, "--sandbox", "none", before=(find_bwrap(), *mount, "--", "sh", "-c", inside, "sh"))
    )
    assert returned == 0, err
    assert (tmp_path / "small").read_text() == "3\n", err
    assert "cannot be written (No space left on device). Earlier files are complete." in err
    kept = {path.stem: json.loads(path.read_text())["score"] for path in (tmp_path / "kept/results").glob("*.json")}
    assert 0 < len(kept) < 8
    assert set(kept.values()) == {10.0}
    assert not list((tmp_path / "kept").rglob("*.tmp"))
    shutil.copytree(tmp_path / "kept", tmp_path / "out", dirs_exist_ok=True)
    returned, _, err = ended(run("--jobs", 1, "--sandbox", "none"))
    assert returned == 0, err
    assert f"{8 - len(kept)} graded in " in err
    assert f"; {len(kept)} reused from an earlier run" in err
    assert len(list((tmp_path / "out").glob("s*.html"))) == 8


def test_a_read_only_folder_stops_the_run_before_grading(run, tmp_path):
    write_class(tmp_path / "class", {"ada": RIGHT})
    (tmp_path / "out/results").mkdir(parents=True)
    (tmp_path / "out/results/ada.json").write_text("of an earlier run")
    mount = ("--dev-bind", "/", "/", "--ro-bind", str(tmp_path / "out"), str(tmp_path / "out"))
    returned, out, err = ended(run("--sandbox", "none", before=(find_bwrap(), *mount, "--")))
    assert returned == 3
    assert "/out: cannot be written (Read-only file system). Name another folder with --out." in err
    assert "ada" not in out
    assert (tmp_path / "out/results/ada.json").read_text() == "of an earlier run"


def test_leftovers_of_a_killed_run_are_removed_but_nothing_in_use(run, tmp_path):
    from grader.grading.work_folder import PREFIX, work_folder

    write_class(tmp_path / "class", {"ada": WRONG})
    for name in ("out/.grader-x.tmp", "out/results/.grader-y.tmp", "out/feedback/.grader-z.tmp", "out/tmp_of_mine"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("half of a pa")
    dead = tmp_path / "temporary" / f"{PREFIX}dead"
    (dead / "work").mkdir(parents=True)
    (dead / "work" / "one.py").write_text(RIGHT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
        with work_folder() as mine:
            assert ended(run("--jobs", 1))[0] == 0
            assert list((tmp_path / "temporary").iterdir()) == [mine]
    assert list((tmp_path / "temporary").iterdir()) == []
    assert not list((tmp_path / "out").rglob("*.tmp"))
    assert (tmp_path / "out/tmp_of_mine").exists()
