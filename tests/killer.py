"""Runs `grader grade` again and again on one class and kills it by SIGKILL at random moments.

    python tests/killer.py FOLDER SEED ROUNDS      FOLDER holds assignment/ and class/

Every run is a fork of this process, which has imported everything, so that a round starts no interpreter. Orphans of
killed runs become children of this process; none may be left after the last run. Prints one JSON object with the
observations after each kill, for the test to judge.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

import grader.cli.grade
import grader.cli.grade_class
from grader.cli.main import main as grader

PR_SET_CHILD_SUBREAPER = 36
PATIENCE_S = 15  # for orphans to notice; on a busy machine, too
JOBS_2_EVERY = 10  # longest part of a round: starting two interpreters for the jobs


def start(folder: Path, out: Path, jobs: int) -> int:
    pid = os.fork()
    if pid == 0:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        os.chdir(folder)
        sys.argv = ["grader", "grade", "class", "--assignment", "assignment", "--out", out.name, "--jobs", str(jobs)]
        grader()
    return pid


def left_after(patience_s: float) -> list[str]:
    """The commands of all processes that are still below this one after they had time to end."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.005)
        except ChildProcessError:
            return []
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in children]


def results(out: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in out.glob("results/*.json")}


def main() -> None:
    folder, seed, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    rng, out, seen = random.Random(seed), folder / "killed", []
    began = time.monotonic()
    os.waitpid(start(folder, folder / "timed", 1), 0)
    whole_s = time.monotonic() - began
    for number in range(rounds):
        pid = start(folder, out, 2 if number % JOBS_2_EVERY == JOBS_2_EVERY - 1 else 1)
        time.sleep(rng.uniform(0, whole_s))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        moment = {"killed": os.WIFSIGNALED(status), "results": results(out)}
        for name in ("grades.csv", "index.html"):
            moment[name] = (out / name).read_text() if (out / name).exists() else None
        seen.append(moment)
        left_after(0.1)
        if not moment["killed"]:
            shutil.rmtree(out)  # the run ended before the kill: start from the beginning
    _, status = os.waitpid(start(folder, out, 1), 0)
    exit_code = os.waitstatus_to_exitcode(status)
    print(json.dumps({"whole_s": whole_s, "seen": seen, "last_exit": exit_code, "left": left_after(PATIENCE_S)}))


if __name__ == "__main__":
    main()
