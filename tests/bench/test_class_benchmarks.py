"""The rows that jobs, overhead, cluster and peers compute from runs over a class."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from bench import cluster, isolation_cost, jobs, overhead
from bench.peers.__main__ import ratios
from bench.run_class import AGAINST_LIMITS, Run, command_for, differing, examples, run_of, write_class
from grader.intake.collect import find, read
from grader.sandbox.host.box import Box


def run(wall_s=10.0, grading_s=9.0, results=None, log=()):
    return Run(wall_s, grading_s, tuple({"id": name} for name in log), results or {})


def test_a_class_repeats_the_examples_and_all_submissions_differ(tmp_path):
    folder, known = write_class(tmp_path, 30), examples()
    assert (
        not AGAINST_LIMITS & known.keys()
        and {"complete", "three-mistakes", "softmax-without-max-shift"} <= known.keys()
    )
    given = SimpleNamespace(student_files=("layers.py", "optim.py"), handed_out=(), package="cs231n")
    handed_in = [read(one, given) for one in find([folder], given)]
    assert len({one.sha256 for one in handed_in}) == len(handed_in) == 30
    assert [one.problem for one in handed_in] == [None] * 30
    for one, example in zip(handed_in, [*known.values(), *known.values()], strict=False):
        assert one.files["layers.py"].startswith(example["layers.py"])


def test_an_existing_output_folder_is_rejected(tmp_path):
    assert "--force" in command_for(tmp_path, tmp_path / "out")
    with pytest.raises(ValueError, match="already exists"):
        command_for(tmp_path, tmp_path)


def test_a_failed_command_or_an_ungraded_submission_ends_the_benchmark(tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results/s000.json").write_text('{"status": "unreadable"}')
    with pytest.raises(SystemExit, match="ended with 3, expected 0: no sandbox"):
        run_of(tmp_path, 1.0, 3, "", "no sandbox")
    with pytest.raises(SystemExit, match="s000 could not be graded"):
        run_of(tmp_path, 1.0, 0, '{"event": "end", "elapsed_s": 1}', "")


def test_times_do_not_make_results_differ():
    one = {"s0": {"score": 1.0, "duration_s": 1, "spent_s": {"judge": 1}, "checks": [{"id": "a", "duration_s": 2}]}}
    later = {"s0": {"score": 1.0, "duration_s": 3, "checks": [{"id": "a", "duration_s": 4}]}}
    other = {"s0": {"score": 1.0, "duration_s": 1, "checks": [{"id": "b", "duration_s": 2}]}}
    assert differing(one, later) == []
    assert differing(one, other) == ["s0"]
    assert differing(one, {}) == differing({}, one) == ["s0"]


def test_jobs_are_compared_with_one_job_of_the_same_round(monkeypatch):
    monkeypatch.setattr(jobs.machine, "cores", lambda: 2)
    rounds = [
        {1: run(42, 40), 2: run(23, 20), 4: run(22, 16)},
        {1: run(82, 80), 2: run(52, 50), 4: run(51, 40)},
        {1: run(43, 40), 2: run(26, 24), 4: run(23, 20)},
    ]
    one, two, four = jobs.rates(rounds, [1, 2, 4], 40)
    assert (one.value, one.unit, one.bar) == (1.0, "", None)
    assert (two.value, two.bar, two.at_most) == (pytest.approx(40 / 24), 1.7, False)
    assert two.missed and "1.67 per second; 1.65x with the start" in two.of
    assert (four.value, four.bar) == (2.0, None)
    monkeypatch.setattr(jobs.machine, "cores", lambda: 1)
    assert [row.bar for row in jobs.rates(rounds, [1, 2, 4], 40)] == [None] * 3


def test_results_that_depend_on_jobs_end_the_benchmark(tmp_path, monkeypatch):
    def graded(submissions, out, *words):
        return run(results={"s0": {"score": float(words[-1] == "2")}})

    monkeypatch.setattr(jobs, "grade_class", graded)
    with pytest.raises(SystemExit, match="s0 got another result with 2 jobs than with 1"):
        jobs.run_round(tmp_path, tmp_path, [1, 2])


def test_wall_time_is_divided_among_its_parts():
    spent_s = {"functions": 1.0, "start": 0.1, "protocol": 0.2, "judge": 0.3}
    class_run = run(wall_s=3.6, results={"s0": {"spent_s": spent_s}, "s1": {"spent_s": spent_s}})
    one = overhead.spent(class_run, 1)
    assert (one.wall, one.functions) == (1800, 1000)
    assert one.parts == pytest.approx({"start": 100, "protocol": 200, "judge": 300})
    assert one.rest == pytest.approx(200) and one.beyond == pytest.approx(650)
    two = overhead.spent(class_run, 2)
    assert (two.wall, two.functions) == (1800, 500) and two.rest == pytest.approx(1000)


@pytest.mark.parametrize(("wall_s", "verdict"), [(2.7, "met"), (2.9, "MISSED")])
def test_the_bar_holds_for_the_ratio_of_overhead_to_one_submission_in_process(wall_s, verdict, tmp_path, monkeypatch):
    results = {f"s{k}": {"spent_s": {"functions": 1.0}} for k in range(2)}
    monkeypatch.setattr(overhead, "grade_class", lambda *words: run(wall_s=wall_s, results=results))
    monkeypatch.setattr(overhead.machine, "cores", lambda: 1)
    ratio, beyond, *parts = overhead.rows_of("complete", tmp_path / "class", 3, lambda: 0.4)
    assert (ratio.bar, ratio.verdict) == (0.6, verdict)
    assert ratio.value == pytest.approx((500 * wall_s - 1150) / 400)
    assert beyond.value == pytest.approx(500 * wall_s - 1150)
    assert [row.bar for row in (beyond, *parts)] == [None] * 5
    assert beyond.of == f"{500 * wall_s:.0f} ms of wall time, 1000 ms of student time"


def test_the_overhead_is_compared_with_the_calls_of_its_own_round(tmp_path, monkeypatch):
    walls, calls = iter([1.5, 1.8, 1.5]), iter([0.1] * 5 + [0.2] * 5 + [1.0] * 5)
    results = {"s0": {"spent_s": {"functions": 1.0}}}
    monkeypatch.setattr(overhead, "grade_class", lambda *words: run(wall_s=next(walls), results=results))
    monkeypatch.setattr(overhead.machine, "cores", lambda: 1)
    ratio, *_ = overhead.rows_of("complete", tmp_path / "class", 3, lambda: next(calls))
    assert ratio.value == pytest.approx(3.25)  # of 3.5, 3.25 and 0.35


@pytest.mark.parametrize(("title", "bar"), [("complete", 0.6), ("examples", 1.0), ("seven loops", None)])
def test_the_bar_is_for_as_many_jobs_as_there_are_cores(title, bar, tmp_path, monkeypatch):
    results = {"s0": {"spent_s": {"functions": 1.0}}}
    monkeypatch.setattr(overhead, "grade_class", lambda *words: run(wall_s=1.5, results=results))
    monkeypatch.setattr(overhead.machine, "cores", lambda: 2)
    rows = [row for row in overhead.rows_of(title, tmp_path / "class", 1, lambda: 0.1) if "in process" in row.figure]
    assert [(row.figure, row.bar) for row in rows] == [
        (f"{title}, 1 job: grader overhead per submission, to one submission in process", None),
        (f"{title}, 2 jobs: grader overhead per submission, to one submission in process", bar),
    ]


def test_every_message_to_a_worker_is_counted():
    sent_before = Box.send
    with isolation_cost.counting_messages() as sent:
        reading, writing = os.pipe()
        box = Box.__new__(Box)
        box.requests, box.prints = writing, reading
        box.send(b"one", float("inf"))
        box.send(b"two", float("inf"))
    assert len(sent) == 2 and Box.send is sent_before
    assert os.read(reading, 9) == b"onetwo"
    os.close(reading)
    os.close(writing)


def test_a_cluster_with_another_result_misses_its_bar():
    options = cluster.PART.options(["--submissions", "2", "--rounds", "1"])
    here = run(10, results={"s0": {"score": 1.0, "duration_s": 1}, "s1": {"score": 0.0}})
    for score, differ in ((1.0, 0), (0.5, 1)):
        there = run(15, results={"s0": {"score": score, "duration_s": 2}, "s1": {"score": 0.0}})
        ratio, same = cluster.compare_runs([(here, there)], options)
        assert ratio.value == 1.5 and ratio.bar is None
        assert (same.value, same.missed) == (differ, bool(differ))
    assert cluster.stored_twice(run(log=["s0", "s1", "s0"])) == ["s0"]


def test_ratios_to_peers_have_lower_bars_and_one_upper_bar():
    seconds = {"grader grade": [1.0, 2.0, 1.0], "otter run": [30.0, 30.0, 24.0], "gradescope-utils": [1.0, 1.0, 1.0]}
    otter, gradescope = ratios("a class", seconds, {"otter run": 25.0}, {"gradescope-utils": 1.3})
    assert (otter.figure, otter.value, otter.verdict) == ("a class: otter run to grader grade", 24.0, "MISSED")
    assert (gradescope.figure, gradescope.value) == ("a class: grader grade to gradescope-utils", 1.0)
    assert gradescope.asked == "at most 1.3x" and gradescope.verdict == "met" and gradescope.of == "1.00 s / 1.00 s"
