"""`python -m bench.results`: only a complete run writes the page, and the page does not reveal who ran it."""

from __future__ import annotations

import getpass
import socket

import pytest

from bench import machine, results
from bench.page import Section, page_of
from bench.row import Row

pytestmark = pytest.mark.process

PART = """
import sys
from bench.row import Part, Row
def rows(options):
    yield Row("speed|fast", {value}, "x", 2.0, of="of this")
    {then}
PART = Part({name!r}, "The {name} part", "Measured so.", rows, lacks=lambda options: {lack!r},
            versions=lambda options: {{"peer of {name}": "1.2"}})
"""


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """A function that runs two parts, with the given values, as the only ones; returns the exit code. bench.page: the
    page."""
    page = tmp_path / "RESULTS.md"
    page.write_text("earlier\n")
    monkeypatch.setattr(results, "PAGE", page)
    monkeypatch.syspath_prepend(tmp_path)

    def run(first, second, *words, then="", lack=""):
        modules = {}
        for number, (name, value) in enumerate((("first", first), ("second", second))):
            module = f"part_{tmp_path.name.replace('-', '_')}_{name}"
            late = {"then": then, "lack": lack} if number else {"then": "", "lack": ""}
            (tmp_path / f"{module}.py").write_text(PART.format(name=name, value=value, **late))
            modules[name] = module
        monkeypatch.setattr(results, "MODULES", modules)
        return results.main(list(words))

    run.page = page
    return run


def test_a_complete_run_replaces_the_page(bench, capsys):
    assert bench(3.0, 2.5) == 0
    page = bench.page.read_text()
    assert page.startswith("# Benchmarks\n") and "2 of 2 bars are met.\n" in page
    assert "## The first part" in page and "## The second part" in page
    assert "| speed\\|fast | 2.5x | at least 2x | met | of this |" in page
    assert "| peer of second | 1.2 |" in page
    assert [path.name for path in bench.page.parent.glob("*.tmp")] == []


def test_a_missed_bar_is_on_the_page_and_fails_the_run(bench, capsys):
    assert bench(3.0, 1.5) == 1
    page = bench.page.read_text()
    assert "1 of 2 bars are met. MISSED: speed|fast (The second part).\n" in page
    assert "| speed\\|fast | 1.5x | at least 2x | MISSED | of this |" in page
    assert "1 bars missed\n    speed|fast: 1.5x, at least 2x" in capsys.readouterr().out


@pytest.mark.parametrize("then", ["sys.exit('bench: marks differ')", "raise OSError('gone')"], ids=["exits", "raises"])
def test_a_failed_part_leaves_the_page_unchanged(bench, then):
    with pytest.raises((SystemExit, OSError), match=r"marks differ|gone"):
        bench(3.0, 2.5, then=then)
    assert bench.page.read_text() == "earlier\n"


def test_missing_requirements_are_reported_before_anything_runs(bench, capsys):
    assert bench(3.0, 2.5, lack="no peer. Run make bench-peers.") == 2
    printed = capsys.readouterr()
    assert printed.err == "bench: no peer. Run make bench-peers.\n" and "speed" not in printed.out
    assert bench.page.read_text() == "earlier\n"


def test_selected_parts_are_printed_and_the_page_stays_unchanged(bench, capsys):
    assert bench(3.0, 1.5, "--only", "first") == 0
    printed = capsys.readouterr().out
    assert "## The first part" in printed and "second" not in printed
    assert bench.page.read_text() == "earlier\n"


def test_every_part_has_all_fields_that_the_page_needs():
    for name, module in results.MODULES.items():
        part = results.part_of(module)
        assert part.name == name and part.title and part.how.endswith(".")
        part.options([])


def test_the_page_says_what_it_ran_on_and_names_no_machine_no_user_and_no_path():
    known = machine.facts()
    section = Section("one", "One", "Measured so.", (Row("speed", 2.0, "x"),), {"peer": "1.2"}, 90.0)
    page = page_of(known, [section])
    for name in (
        "processor",
        "cores",
        "memory",
        "kernel",
        "Python",
        "NumPy",
        "date",
        "load before the start",
        "commit",
    ):
        assert f"| {name} | {known[name]} |" in page and known[name]
    assert "| the run took | 2 minutes |" in page and "0 of 0 bars are met." in page
    ran_on = "\n".join(known.values())
    assert not [value for name, value in known.items() if name != "processor" and "/" in value]  # "w/ Graphics"
    assert str(machine.ROOT) not in ran_on and socket.gethostname() not in ran_on
    assert f" {getpass.getuser()} " not in f" {ran_on} "
