"""Most tests here load a copy of the whole assignment, of which they changed a line."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from grader.assignment.python_loader import SourceOnlyLoader


@pytest.fixture(autouse=True, scope="package")
def compiled_once() -> Iterator[None]:
    """Files of equal content are compiled once, whichever copy they are in: a third of the time of these tests."""
    compile_source = SourceOnlyLoader.source_to_code
    compiled = cache(lambda data: compile_source(SourceOnlyLoader("copied", "copied.py"), data, "copied.py"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SourceOnlyLoader, "source_to_code", lambda self, data, path: compiled(data))
        yield
