"""The figures of thousands of submissions come from one run of the command that grades each of them once."""

from __future__ import annotations

import pytest

from bench import many


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A class of eight, graded by two jobs, and the facts of a second run of the same command."""
    folder = tmp_path_factory.mktemp("many")
    many.write(folder, 8)
    words = ["grade", "class", "--assignment", "assignment", "--out", "out", "--jobs", "2"]
    return folder, many.run(folder, words), many.run(folder, words)


@pytest.mark.process
def test_each_submission_is_timed_and_the_facts_are_written(graded):
    _, (took_s, facts), _ = graded
    assert len(facts["done_s"]) == len(facts["parent_s"]) == 8
    assert facts["done_s"] == sorted(facts["done_s"]) and facts["done_s"][-1] - facts["done_s"][0] < took_s
    assert 0 < facts["parent_s"][0] <= facts["parent_s"][-1] < took_s
    assert 0 < facts["finish_s"] < took_s
    assert 10 * 1024 < facts["peak_kib"] < 500 * 1024


@pytest.mark.process
def test_a_second_run_grades_nothing(graded):
    folder, _, (_, again) = graded
    assert again["done_s"] == [] and again["finish_s"] > 0
    assert (folder / "out/index.html").read_text().count("<tr") > 8


@pytest.mark.process
def test_no_two_submissions_of_a_class_are_the_same(graded):
    sources = [path.read_text() for path in graded[0].glob("class/*/one.py")]
    assert len(set(sources)) == len(sources) == 8
    assert len({source.partition("#")[0] for source in sources}) == len(many.SOURCES)


@pytest.mark.parametrize("size", [100, 400, 10_000])
def test_drift_compares_the_last_submissions_with_the_first(size):
    steady, start_s = [0.01 * k for k in range(size)], 3.0
    assert many.drift(steady) == pytest.approx(1)
    assert many.drift([start_s + t for t in steady[:4]] + [t + 2 * start_s for t in steady[4:]]) == pytest.approx(1)
    growing = [1e-6 * k * k for k in range(size)]
    assert many.drift(growing) > 3
    last = min(1000, size // 4)
    slower = steady[:-last] + [steady[-last] + 0.013 * k for k in range(last)]
    assert many.drift(slower) == pytest.approx(1.3, rel=0.02)


def test_bars_hold_for_ten_thousand_and_not_below():
    usual = {"run_s": 600, "again_s": 60, "drift": 1.0, "parent_drift": 1.0, "parent_ms": 9, "page_s": 3}
    usual |= {"peak_mib": 200, "again_mib": 210, "output_mib": 500, "page_mib": 8, "open_s": 1}

    def cost(size, **other):
        return many.Cost(size=size, **{**usual, **other})

    small, large = cost(100), cost(10_000)
    assert [row.verdict for row in many.rows_of(small, small) if row.verdict] == []
    assert [row.verdict for row in many.rows_of(large, small) if row.verdict] == ["met"] * 4
    for bad in ({"drift": 1.3}, {"again_mib": 501}, {"page_s": 10.1}, {"open_s": 2.1}):
        missed = [row for row in many.rows_of(cost(10_000, **bad), small) if row.missed]
        assert [row.value for row in missed] == list(bad.values())
