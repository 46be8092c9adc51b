"""A graded class, a real server that works on it, and Debian's Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="no Starlette (pip install -e '.[serve]')")
pytest.importorskip("sqlalchemy", reason="no SQLAlchemy (pip install -e '.[serve]')")
pytest.importorskip("latex2mathml", reason="no latex2mathml (pip install -e '.[serve]')")

from site_sample import enter_class, enter_roster, serving


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
