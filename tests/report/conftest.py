"""A folder with the pages that the tests marked `browser` open."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample import hostile, whole_class, write_pages


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    write_pages([*whole_class(), hostile()], folder)
    return folder
