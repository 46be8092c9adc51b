"""Grading on a Dask cluster gives the same results as local grading, even if a worker dies."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from cases import ROOT
from distributed import LocalCluster
from durations import without_durations
from one_check import RAISING, RIGHT, WRONG, write_assignment, write_class

from grader.grading.context import Settings, prepare
from grader.intake.collect import find, read
from grader.running.dask_cluster import ClusterExecutor, make_bundle, unpack
from grader.running.job_pool import grade_all

pytestmark = pytest.mark.process

SLOW = "import time\n\n\ndef double(x):\n    time.sleep(0.4)\n    return 2 * x\n"
CLASS = {
    **{f"right{i}": RIGHT for i in range(4)},
    **{f"slow{i}": SLOW for i in range(8)},
    "wrong": WRONG,
    "raising": RAISING,
}
PATIENCE_S = 60


class Cluster:
    """A scheduler and workers, each in its own process with its own scratch folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.workers = folder, []
        self.file = folder / "scheduler.json"
        self.env = {**os.environ, "PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__WORKER__DAEMON": "False"}
        options = ("--host", "127.0.0.1", "--port", "0", "--dashboard-address", ":0", "--scheduler-file", self.file)
        self.scheduler = self.start("scheduler", "scheduler", *options)
        self.await_(self.file.exists)

    def start(self, log: str, *command: object) -> subprocess.Popen:
        with (self.folder / f"{log}.log").open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *map(str, command)], env=self.env, stdout=output, stderr=output
            )

    def add_worker(self, **env: str) -> subprocess.Popen:
        scratch = self.folder / f"scratch{len(self.workers)}"
        scratch.mkdir()
        self.env |= env
        options = ("--scheduler-file", self.file, "--nthreads", 1, "--no-nanny", "--no-dashboard")
        self.workers.append(self.start(f"worker{len(self.workers)}", "worker", *options, "--local-directory", scratch))
        return self.workers[-1]

    def await_(self, happened) -> None:
        until = time.monotonic() + PATIENCE_S
        while not happened():
            assert time.monotonic() < until, self.logs()
            time.sleep(0.05)

    def logs(self) -> str:
        return "\n".join(path.read_text()[-1000:] for path in self.folder.glob("*.log"))

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


def command(folder: Path, out: str, *more: object) -> list[str]:
    return [sys.executable, "-m", "grader.cli.main", "grade", "class", "--assignment", "assignment", "--out", out] + [
        str(word) for word in more
    ]


def results(out: Path) -> dict[str, str]:
    return {path.name: without_durations(path.read_text()) for path in out.glob("results/*.json")}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The class graded locally, and on two workers, one of which is killed while it grades (it has a work tree)."""
    folder = tmp_path_factory.mktemp("cluster")
    write_assignment(folder)
    write_class(folder / "class", CLASS)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command(folder, "here"), cwd=folder, env=env, check=True, capture_output=True)
    cluster = Cluster(folder)
    try:
        first, _ = cluster.add_worker(), cluster.add_worker()
        run = subprocess.Popen(
            command(folder, "there", "--scheduler", cluster.file, "--log-format", "json"),
            cwd=folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        at_work = (folder / "scratch0").rglob
        cluster.await_(lambda: len(results(folder / "there")) >= 3 and list(at_work("grader-work-*")))
        first.send_signal(signal.SIGKILL)
        printed, said = run.communicate(timeout=PATIENCE_S)
        yield folder, cluster, run.returncode, printed, said
    finally:
        cluster.stop()


def test_a_killed_worker_costs_no_result_and_no_mark(graded):
    folder, cluster, code, _, said = graded
    assert code == 0, said + cluster.logs()
    assert results(folder / "there") == results(folder / "here")
    assert (folder / "there/grades.csv").read_text() == (folder / "here/grades.csv").read_text()


def test_no_result_is_reported_twice(graded):
    events = [json.loads(line) for line in graded[3].splitlines()]
    told = [event["id"] for event in events if event["event"] == "result"]
    assert sorted(told) == sorted(CLASS)


def test_workers_keep_to_their_own_scratch_folder(graded):
    folder = graded[0]
    for number in (0, 1):
        assert list((folder / f"scratch{number}").rglob("grader-*/assignment/assignment.toml"))
    assert not list((folder / "scratch1").rglob("grader-work-*"))  # the surviving worker removed its folders


def test_a_run_on_the_cluster_reuses_local_results(graded):
    folder, cluster, *_ = graded
    done = subprocess.run(
        command(folder, "here", "--scheduler", cluster.file, "--log-format", "json"),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["reused"] == len(CLASS)


def test_a_worker_with_another_grader_is_rejected_by_name(graded):
    folder, cluster, *_ = graded
    stranger = folder / "stranger"
    stranger.mkdir()
    (stranger / "sitecustomize.py").write_text("import grader\ngrader.VERSION = '0.0.0'\n")
    for worker in cluster.workers:
        worker.kill()
        worker.wait()
    cluster.add_worker(PYTHONPATH=f"{stranger}{os.pathsep}{ROOT}")
    done = subprocess.run(
        command(folder, "refused", "--scheduler", cluster.file),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert re.search(r"worker tcp://127\.0\.0\.1:\d+: grader 0\.0\.0\S* found, expected", done.stderr)
    assert not results(folder / "refused")


def test_no_scheduler_is_a_clear_error(tmp_path):
    write_assignment(tmp_path)
    write_class(tmp_path / "class", {"ada": RIGHT})
    short = "from grader.running import dask_cluster as it; it.CONNECT_S = 1; from grader.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", short, *command(tmp_path, "out", "--scheduler", "tcp://127.0.0.1:1")[3:]],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--scheduler tcp://127.0.0.1:1: no Dask scheduler answers there" in done.stderr


def test_a_local_cluster_with_nannies_grades_too(graded):
    """Dask itself starts and restarts these workers. Each has two threads, so one process has two sandboxes at once."""
    folder = graded[0]
    settings = Settings(str(folder / "assignment"), sys.executable, "auto")
    context = prepare(settings)
    names = SimpleNamespace(student_files=("one.py",), handed_out=("given.py",), package="one")
    found = find([folder / "class"], names)
    submissions = [read(one, names) for one in found]
    with (
        LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=":0", local_directory=folder) as cluster,
        ClusterExecutor(cluster.scheduler_address, settings, context) as executor,
    ):
        assert executor.window() == 4
        done = list(grade_all(submissions, settings, executor, window=executor.window))
    here = {name.removesuffix(".json"): json.loads(text) for name, text in results(folder / "here").items()}
    assert {result.id: result.score for result in done} == {name: result["score"] for name, result in here.items()}


def test_the_same_assignment_is_the_same_bundle(graded):
    folder = graded[0]
    settings = Settings(str(folder / "assignment"), sys.executable, "auto")
    first, second = (make_bundle(settings, prepare(settings), None) for _ in range(2))
    assert first.name == second.name
    unpack(first, folder)
    unpack(second, folder)
    assert prepare(first.settings_in(folder)).assignment_sha256 == prepare(settings).assignment_sha256
