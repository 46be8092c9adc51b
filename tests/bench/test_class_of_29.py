"""The class of 29 is unchanged since the first benchmarks."""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.class_of_29 import apply_hunks, write_class_of_29

AS_IT_WAS = "e805b6964733a7ce1085166b20e2bf24f5e0e34d851a556948d7de095ab3f599"


def contents(submission: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a submission, archived or not, by their paths in it; the format of an archive does not count."""
    if submission.suffix == ".zip":
        with zipfile.ZipFile(submission) as archive:
            yield from ((name, archive.read(name)) for name in archive.namelist() if not name.endswith("/"))
    elif submission.suffix == ".gz":
        with tarfile.open(submission) as archive:
            for member in archive:
                if (file := archive.extractfile(member)) is not None:
                    yield member.name.removeprefix("./"), file.read()
    else:
        files = (path for path in submission.rglob("*") if path.is_file())
        yield from ((path.relative_to(submission).as_posix(), path.read_bytes()) for path in files)


def digest(folder: Path) -> str:
    """A hash over all names, paths and bytes, which detects any changed, moved, missing or added file."""
    summed = hashlib.sha256()
    for submission in sorted(folder.iterdir()):
        for path, content in sorted(contents(submission)):
            summed.update(f"{submission.name}\0{path}\0{len(content)}\0".encode() + content)
    return summed.hexdigest()


def test_the_class_is_unchanged_byte_for_byte(tmp_path):
    folder = write_class_of_29(tmp_path)
    assert len(list(folder.iterdir())) == 29
    assert digest(folder) == AS_IT_WAS, "Benchmarks would measure another class. Put back what the 29 are built from."


def test_hunks_change_only_their_own_lines():
    before = ["a\n", "b\n", "\n", "c\n", "d\n", "e\n"]
    hunks = ["@@ -1,2 +1,3 @@\n", " a\n", "+new\n", " b\n", "@@ -3,3 +4,2 @@\n", "\n", "-c\n", " d\n"]
    assert apply_hunks(before, hunks) == ["a\n", "new\n", "b\n", "\n", "d\n", "e\n"]
    for other in (["b\n", *before], before[:3], [*before[:3], "C\n", *before[4:]]):
        with pytest.raises(ValueError, match="expected to be"):
            apply_hunks(other, hunks)
