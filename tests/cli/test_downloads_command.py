"""docs/downloads.md is true: grading the folder that it shows prints exactly its output."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from cases import ROOT
from sayings import said_in

from grader.errors import UsageError
from grader.intake.collect import find
from grader.running.identities import assign_ids, save_ids

CODE = ROOT / "submissions/complete/cs231n"
PAGE = (ROOT / "docs/downloads.md").read_text(encoding="utf-8")


def blocks() -> list[str]:
    """The indented blocks of the page."""
    lines = [line[4:].rstrip() if line.startswith("    ") else None for line in PAGE.splitlines()]
    found, block = [], []
    for line in [*lines, None]:
        if line is not None:
            block.append(line)
        elif block:
            found.append("\n".join(block))
            block = []
    return found


def grader(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grader.cli.main", *arguments, "--assignment", str(ROOT / "assignment")]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=env)


@pytest.fixture(scope="module")
def download(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    top = folder / "submissions"
    top.mkdir()
    names = blocks()[1].splitlines()
    assert len(names) == 5
    for name in names:
        target = folder / name
        if name.endswith(".zip"):
            with zipfile.ZipFile(target, "w") as archive:
                for path in sorted(CODE.rglob("*.py")):
                    archive.write(path, f"hw2/cs231n/{path.relative_to(CODE)}")
        elif name.endswith(".html"):
            target.write_text("<p>def affine_forward</p>")
        else:
            shutil.copy(CODE / ("optim.py" if name.endswith("optim.py") else "layers.py"), target)
    return folder


@pytest.mark.process
def test_the_download_in_the_docs_is_graded_as_documented(download):
    done = grader("grade", "submissions", cwd=download)
    assert done.returncode == 0, done.stderr
    command, _, printed = blocks()[2].partition("\n")
    assert command == "$ .venv/bin/grader grade submissions"
    assert [line.rstrip() for line in done.stdout.splitlines()] == printed.splitlines()
    stored = [json.loads(path.read_text()) for path in sorted((download / "reports/results").glob("*.json"))]
    assert set(blocks()[3].splitlines()) <= {said_in(note) for one in stored[::2] for note in one["notes"]}


@pytest.mark.process
def test_a_packed_download_is_rejected_as_documented(download):
    with zipfile.ZipFile(download / "submissions.zip", "w") as archive:
        for path in (download / "submissions").iterdir():
            archive.write(path, path.name)
    done = grader("grade", "submissions.zip", cwd=download)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == blocks()[4].splitlines()[1:]


def test_files_that_do_not_fit_a_download_are_reported_as_documented(download, monkeypatch):
    other = download / "other"
    shutil.copytree(download / "submissions", other / "submissions")
    (other / "submissions/by mail.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    monkeypatch.chdir(other)
    found = find([Path("submissions")], SimpleNamespace(student_files=["layers.py"], package="cs231n"))
    assert {one.folder for one in found} == {blocks()[6]}


def test_unclear_ids_are_reported_as_documented(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("s1/ann", "s2/ann", "s3/ann", "submissions/HW/ann", "submissions/HW/ben"):
        Path(name).mkdir(parents=True)
        Path(name, "layers.py").write_text("x = 1\n")
    names = SimpleNamespace(student_files=["layers.py"], package="cs231n")
    out = Path("out")
    out.mkdir()
    save_ids(assign_ids(find([Path("s1"), Path("s2")], names), out)[0], out)
    with pytest.raises(UsageError) as caught:
        assign_ids(find([Path("s3")], names), out)
    assert str(caught.value) == blocks()[5]
    assert {one.folder for one in find([Path("submissions")], names)} == {blocks()[7]}
