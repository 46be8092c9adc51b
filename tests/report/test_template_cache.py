"""Compiled templates are reused, unless another user could have written them or they are incomplete."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from grader.report import template_cache
from grader.report.pages import environment
from grader.report.template_cache import Compiled


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "page.html").write_text("one {{ 1 + 1 }}")
    return tmp_path


def rendered(folder: Path, name: str = "page.html") -> tuple[str, int]:
    """The rendered template in a new environment, and how many templates were compiled for it."""
    count = 0

    class Counting(Environment):
        def _generate(self, *args: object, **kwargs: object) -> str:
            nonlocal count
            count += 1
            return super()._generate(*args, **kwargs)  # type: ignore[arg-type]

    loader = FileSystemLoader(folder)
    made = Counting(loader=loader, bytecode_cache=Compiled(folder), autoescape=True)
    return made.get_template(name).render(), count


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "__pycache__").glob("*"))


def test_the_second_time_nothing_is_compiled(folder: Path) -> None:
    assert rendered(folder) == ("one 2", 1)
    (path,) = kept(folder)
    assert path.name == f"page.{sys.implementation.cache_tag}.pyc"
    assert rendered(folder) == ("one 2", 0)


def test_a_changed_template_is_compiled_again(folder: Path) -> None:
    rendered(folder)
    (folder / "page.html").write_text("two {{ 1 + 1 }}")
    assert rendered(folder) == ("two 2", 1)
    assert rendered(folder) == ("two 2", 0)


@pytest.mark.parametrize("what", ["report", "jinja"])
def test_another_version_of_jinja_or_of_our_code_compiles_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    rendered(folder)
    if what == "report":
        monkeypatch.setattr(template_cache, "pages_version", lambda: "another")
    else:
        monkeypatch.setattr(template_cache.jinja2, "__version__", "0.0")
    assert rendered(folder) == ("one 2", 1)


@pytest.mark.parametrize("cut", [0, 10, 40, -1])
def test_an_incomplete_file_is_replaced(folder: Path, cut: int) -> None:
    rendered(folder)
    (path,) = kept(folder)
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    assert rendered(folder) == ("one 2", 1)
    assert path.read_bytes() == whole


def test_a_file_in_which_one_byte_differs_is_replaced(folder: Path) -> None:
    rendered(folder)
    (path,) = kept(folder)
    whole = path.read_bytes()
    path.write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    assert rendered(folder) == ("one 2", 1)


def test_a_file_that_everybody_may_write_is_not_run(folder: Path) -> None:
    rendered(folder)
    (path,) = kept(folder)
    for mode, compilations in ((0o666, 1), (0o644, 0)):
        path.chmod(mode)
        assert rendered(folder) == ("one 2", compilations)
        path.chmod(0o644)


@pytest.mark.parametrize(
    ("file", "folder_of", "mine", "trusted"),
    [
        (1000, 1000, 1000, True),  # my own file in my own clone
        (0, 0, 1000, True),  # an installation that root made
        (1000, 1000, 0, True),  # root in somebody's clone runs that user's code anyway
        (1001, 1000, 1000, False),
        (1001, 0, 1000, False),
        (1001, 1000, 0, False),
    ],
)
def test_a_file_that_another_user_wrote_is_not_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: int, folder_of: int, mine: int, trusted: bool
) -> None:
    def status(uid: int, mode: int = 0o100644) -> os.stat_result:
        return os.stat_result((mode, 1, 1, 1, uid, uid, 0, 0, 0, 0))

    monkeypatch.setattr(os, "geteuid", lambda: mine)
    assert template_cache.is_trusted(status(file), status(folder_of)) is trusted
    assert not template_cache.is_trusted(status(file, 0o100664), status(folder_of))


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(folder: Path) -> None:
    (folder / "__pycache__").write_text("in the way")
    assert rendered(folder) == ("one 2", 1)
    assert rendered(folder) == ("one 2", 1)


def test_a_full_disk_leaves_no_half_of_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("grader.atomic_files.os.replace", full)
    assert rendered(folder) == ("one 2", 1)
    assert kept(folder) == []


def test_without_bytecode_writing_existing_files_are_still_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert rendered(folder) == ("one 2", 1)
    assert not (folder / "__pycache__").exists()
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    rendered(folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert rendered(folder) == ("one 2", 0)


def test_the_cache_follows_pythons_setting_for_bytecode(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(folder / "all"))
    assert rendered(folder) == ("one 2", 1)
    assert rendered(folder) == ("one 2", 0)
    assert not (folder / "__pycache__").exists()
    assert len(list((folder / "all").rglob("*.pyc"))) == 1


def test_the_pages_are_kept() -> None:
    assert isinstance(environment().bytecode_cache, Compiled)
