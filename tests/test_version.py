"""The versions of results and of pages change with the code that makes them, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import VERSION, version


@pytest.fixture
def package(tmp_path, monkeypatch) -> Path:
    for name in ("judging/compare.py", "report/pages.py", "report/templates/a.css", "records.py", "cli/grade.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one\n")
    monkeypatch.setattr(version, "PACKAGE", tmp_path)
    return tmp_path


def versions() -> tuple[str, str]:
    return version.grader_version.__wrapped__(), version.pages_version.__wrapped__()


@pytest.mark.parametrize(
    ("name", "grader", "pages"),
    [
        ("judging/compare.py", True, False),
        ("judging/another.py", True, False),
        ("records.py", True, True),
        ("report/pages.py", False, True),
        ("report/templates/a.css", False, True),
        ("cli/grade.py", False, False),
        ("gradebook/runs.py", False, False),
        ("web/app.py", False, False),
        ("report/__pycache__/pages.pyc", False, False),
    ],
)
def test_a_changed_file_changes_the_hash_that_covers_it(package, name, grader, pages):
    before = versions()
    (package / name).parent.mkdir(exist_ok=True)
    (package / name).write_text("two\n")
    assert [now != then for now, then in zip(versions(), before, strict=True)] == [grader, pages]


def test_line_endings_change_nothing(package):
    before = versions()
    (package / "records.py").write_bytes(b"one\r\n")
    assert versions() == before


def test_another_numpy_changes_the_grader_version(package, monkeypatch):
    before = versions()
    monkeypatch.setattr("numpy.__version__", "0.1")
    assert versions()[0] != before[0]
    assert before[0].startswith(f"{VERSION}+")
