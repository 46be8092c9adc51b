"""A graded class, a real server that works on it, and Debian's Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="no Starlette (pip install -e '.[serve]')")
pytest.importorskip("sqlalchemy", reason="no SQLAlchemy (pip install -e '.[serve]')")
pytest.importorskip("latex2mathml", reason="no latex2mathml (pip install -e '.[serve]')")

from programs import need_programs
from site_sample import enter_class, enter_roster, serving

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "reports"
    enter_class(folder)
    enter_roster(folder)
    return folder


@pytest.fixture
def links(out: Path) -> Iterator[dict[str, str]]:
    with serving(out) as links:
        yield links


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    need_programs("chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed; pip install -e .[dev]")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=list(ARGUMENTS))
        yield browser
        browser.close()
