"""From folders and archives, tidy or not, to submissions with the right ids, files, notes and problems."""

from __future__ import annotations

import builtins
import errno
import io
import os
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from sayings import notes_of, problem_of

from grader.errors import GraderError, UsageError
from grader.intake.collect import find, read
from grader.intake.tree import IntakeLimits

ASSIGNMENT = {
    "student_files": ("layers.py", "optim.py", "classifiers/fc_net.py", "classifiers/cnn.py"),
    "handed_out": ("gradient_check.py", "layer_utils.py"),
    "package": "cs231n",
}
CODE = b"def affine_forward(x, w, b):\n    pass\n"


def write(top: Path, *names: str, content: bytes = CODE) -> Path:
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(content)
    return top


def zip_bytes(**members):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in (members or {"cs231n/layers.py": CODE}).items():
            archive.writestr(name, content)
    return data.getvalue()


def collect(paths, **options):
    """Like a run: find all submissions now, read each one when it is needed."""
    found = find(paths, SimpleNamespace(**ASSIGNMENT))
    return (read(one, SimpleNamespace(**ASSIGNMENT), **options) for one in found)


def collect_all(*paths, **options):
    return list(collect(paths, **options))


@pytest.mark.parametrize(
    "names",
    [
        ["layers.py"],
        ["fc_net.py", "README.md"],
        ["classifiers/cnn.py"],
        ["cs231n/layers.py", "other/layers.py"],
        ["cs231n/__init__.py", "report/x.py"],
        ["nn/layers.py", "ConvolutionalNetworks.ipynb", "data/x.txt"],
    ],
)
def test_a_folder_that_directly_holds_the_code_is_one_submission(tmp_path, names):
    assert [one.id for one in collect_all(write(tmp_path / "alice", *names))] == ["alice"]


@pytest.mark.parametrize(
    "names",
    [
        ["alice/layers.py", "bob/cs231n/layers.py"],
        ["alice/layers.py", "bob/layers.py", "1.ipynb"],
        ["alice/x.ipynb", "bob/nn/layers.py"],
        ["bob/hw2/nn/layers.py", "alice/a/b/c/cs231n/layers.py"],
    ],
)
def test_the_children_of_any_other_folder_are_submissions(tmp_path, names):
    ids = [one.id for one in collect_all(write(tmp_path / "class", *names))]
    assert ids[-2:] == ["alice", "bob"]


def test_a_course_folder_named_like_the_package_is_no_submission(tmp_path):
    write(tmp_path / "cs231n", "alice/layers.py", "bob/layers.py")
    assert [one.id for one in collect_all(tmp_path / "cs231n")] == ["alice", "bob"]
    write(tmp_path, "carol/layers.py")
    assert [one.id for one in collect_all(tmp_path)] == ["carol", "cs231n"]


def test_files_archives_and_folders_are_collected_side_by_side(tmp_path):
    top = write(tmp_path / "class", "alice/cs231n/layers.py", "alice/cs231n/gradient_check.py", "hw 10/nn/optim.py")
    (top / "bob.zip").write_bytes(zip_bytes())
    with tarfile.open(top / "hw 9.tar.gz", "w:gz") as archive:
        archive.add(top / "alice" / "cs231n", "cs231n")
    got = collect_all(top)
    assert [one.id for one in got] == ["alice", "bob", "hw_9", "hw_10"]
    assert [sorted(one.files) for one in got] == [
        ["gradient_check.py", "layers.py"],
        ["layers.py"],
        ["gradient_check.py", "layers.py"],
        ["optim.py"],
    ]
    assert [one.source for one in got] == [str(top / name) for name in ("alice", "bob.zip", "hw 9.tar.gz", "hw 10")]
    assert got[0].sha256 == got[2].sha256
    assert not any(problem_of(one) or notes_of(one) for one in got)


def test_single_files_are_submissions(tmp_path):
    write(tmp_path, "a/layers.py", "b/fc_net.py")
    (tmp_path / "odd.name").write_bytes(zip_bytes())
    got = collect_all(tmp_path / "a/layers.py", tmp_path / "b/fc_net.py", tmp_path / "odd.name")
    assert [(one.id, list(one.files)) for one in got] == [
        ("layers", ["layers.py"]),
        ("fc_net", ["classifiers/fc_net.py"]),
        ("odd.name", ["layers.py"]),
    ]


def test_other_files_in_a_class_folder_are_named_once(tmp_path):
    top = write(tmp_path / "class", "alice/layers.py", "README", "notes.md", "grades.csv", "receipt.txt", "Makefile")
    write(top, ".DS_Store", ".git/config", "__MACOSX/alice/layers.py", "__pycache__/x.py")
    (found,) = find([top], SimpleNamespace(**ASSIGNMENT))
    assert (found.id, found.folder) == (
        "alice",
        f"{top}: not read: grades.csv, Makefile, notes.md, README, receipt.txt.",
    )


def test_a_stray_file_in_a_class_folder_is_a_submission_with_a_problem(tmp_path):
    top = write(tmp_path / "class", "alice/layers.py", "report.pdf", "script.py")
    problems = {one.id: problem_of(one) for one in collect_all(top)}
    assert problems["alice"] is None
    assert problems["report.pdf"].startswith("report.pdf: it is neither an archive nor a student file (layers.py,")
    assert "neither" in problems["script"]


def test_a_bad_submission_does_not_affect_the_others(tmp_path):
    top = write(tmp_path / "class", "alice/layers.py", "empty/keep.me", "none/report.py", "zoe/layers.py")
    (top / "cut.zip").write_bytes(zip_bytes()[:-30])
    (top / "rar.rar").write_bytes(b"Rar!\x1a\x07\x01\x00")
    (top / "link").symlink_to(top / "alice")
    (top / "link.zip").symlink_to(top / "cut.zip")
    os.mkfifo(top / "pipe")
    got = {one.id: one for one in collect_all(top)}
    assert set(got) == {"alice", "empty", "none", "zoe", "cut", "rar", "link", "link-2", "pipe"}
    assert [name for name in got if not problem_of(got[name])] == ["alice", "zoe"]
    assert all(one.files == {} for one in got.values() if problem_of(one))
    assert problem_of(got["none"]) == (
        "none: report.py found, expected layers.py, optim.py, classifiers/fc_net.py, classifiers/cnn.py. "
        "Check what was handed in."
    )
    assert "no Python file found" in problem_of(got["empty"])
    assert "damaged" in problem_of(got["cut"])
    assert "rar archive" in problem_of(got["rar"])
    assert all("link" in problem_of(got[name]) for name in ("link", "link-2"))
    assert "not a regular file" in problem_of(got["pipe"])


def test_a_folder_with_only_an_archive_is_read_as_the_archive(tmp_path):
    top = write(tmp_path / "class", "alice/report.pdf", "bob/layers.py", "eve/a.zip")
    for name in ("alice/hw2.zip", "bob/hw2.zip", "eve/b.zip"):
        (top / name).write_bytes(zip_bytes())
    alice, bob, eve = collect_all(top)
    assert list(alice.files) == ["layers.py"]
    assert notes_of(alice) == ("Read from hw2.zip.", "Not read: report.pdf.")
    assert notes_of(bob) == ("Not read: hw2.zip.",)
    assert "2 archives and no student file found" in problem_of(eve)


def test_links_are_noted_and_not_followed(tmp_path):
    (tmp_path / "secret.py").write_text("secret")
    top = write(tmp_path / "alice", "layers.py")
    (top / "optim.py").symlink_to(tmp_path / "secret.py")
    (top / "folder").symlink_to(tmp_path)
    (got,) = collect_all(top)
    assert list(got.files) == ["layers.py"]
    assert notes_of(got) == ("folder is a link and was left out.", "optim.py is a link and was left out.")


def test_a_link_that_the_caller_gives_is_followed(tmp_path):
    (tmp_path / "link").symlink_to(write(tmp_path / "alice", "layers.py"))
    assert [one.id for one in collect_all(tmp_path / "link")] == ["alice"]


def test_litter_in_a_folder_is_ignored(tmp_path):
    top = write(tmp_path / "alice", "layers.py")
    write(top, ".ipynb_checkpoints/optim.py", "venv/x/optim.py", "build/optim.py", "._optim.py", content=b"x")
    (got,) = collect_all(top)
    assert (list(got.files), notes_of(got)) == (["layers.py"], ())


def test_limits_hold_in_folders(tmp_path):
    top = write(tmp_path / "alice", "layers.py", "a/b/c/d/optim.py")
    write(top, "cnn.py", content=bytes(1001))
    (got,) = collect_all(top, limits=IntakeLimits(file_bytes=1000, depth=3))
    assert list(got.files) == ["layers.py"]
    assert len(notes_of(got)) == 2
    (got,) = collect_all(top, limits=IntakeLimits(members=3))
    assert problem_of(got).startswith("alice: more than 3 files and folders")


def test_odd_names_in_a_folder_raise_nothing(tmp_path):
    top = write(tmp_path / "class", "alice/layers.py", "alice/x\ny.py")
    for name in (b"b\xff\xfe", b"\x1b[31mred"):
        os.mkdir(os.fsencode(top) + b"/" + name)
        (top / os.fsdecode(name) / "layers.py").write_bytes(CODE)
        (top / os.fsdecode(name) / os.fsdecode(b"\xff.py")).write_bytes(CODE)
    got = collect_all(top)
    assert {one.id for one in got} == {"alice", "b__", "_[31mred".replace("[", "_")}
    for one in got:
        assert one.files == {"layers.py": CODE}
        assert f"{one.source}{notes_of(one)}".encode()
        assert "\x1b" not in one.source


def test_usage_errors_are_raised_before_anything_is_read(tmp_path):
    write(tmp_path / "alice", "layers.py")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="nowhere: does not exist"):
        collect([tmp_path / "alice", tmp_path / "nowhere"])
    with pytest.raises(UsageError, match="no submission was found"):
        collect([tmp_path / "empty"])
    assert [problem_of(one) for one in collect_all(tmp_path / "alice", tmp_path / "empty")] == [
        None,
        "empty: the folder is empty.",
    ]


def test_submissions_are_read_one_at_a_time(tmp_path):
    top = write(tmp_path / "class", "alice/layers.py", "bob/layers.py")
    submissions = collect([top])
    next(submissions)
    write(top, "bob/layers.py", content=b"later")
    assert next(submissions).files == {"layers.py": b"later"}


def test_a_fault_of_the_machine_is_not_the_students(tmp_path, monkeypatch):
    (found,) = find([write(tmp_path / "alice", "layers.py")], SimpleNamespace(**ASSIGNMENT))

    def fail(*_args):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(GraderError, match="Too many open files"):
        read(found, SimpleNamespace(**ASSIGNMENT))


def test_a_file_that_may_not_be_read_is_left_out(tmp_path, monkeypatch):
    top = write(tmp_path / "alice", "layers.py", "optim.py")
    real = os.open

    def refuse(path, *args, **kwargs):
        if str(path).endswith("optim.py"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", refuse)
    (got,) = collect_all(top)
    assert list(got.files) == ["layers.py"]
    assert notes_of(got) == ("optim.py was left out: it cannot be read (Permission denied).",)


def test_nothing_is_written(tmp_path, monkeypatch):
    top = tmp_path / "class"
    top.mkdir()
    (top / "a.zip").write_bytes(zip_bytes())
    real = builtins.open
    monkeypatch.setattr(builtins, "open", lambda f, mode="r", *a, **k: real(f, mode, *a, **k) if "r" in mode else 1 / 0)
    before = sorted(tmp_path.rglob("*"))
    assert problem_of(collect_all(top)[0]) is None
    assert sorted(tmp_path.rglob("*")) == before
