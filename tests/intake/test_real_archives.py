"""Archives as real tools on students' systems make them, and damage on the way."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from programs import need_packers, need_programs
from sayings import notes_of

from grader.intake.collect import find, read
from grader.intake.reading import read_archive
from grader.intake.tree import IntakeLimits, IntakeProblem
from grader.messages.say import say

pytestmark = pytest.mark.process

LIMITS = IntakeLimits()
CODE = b"def affine_forward(x, w, b):\n    pass\n"
FILES = {"作业/cs231n/layers.py": CODE, "作业/cs231n/résumé.py": b"", "作业/report.pdf": b"%PDF" * 99}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def run(work: Path, *command: str | bytes, locale: str = "C.UTF-8") -> None:
    program, options = map(os.fsdecode, command[:2])
    need_programs(program)
    if program == "tar":
        need_packers(options)
    env = {**os.environ, "LC_ALL": locale}
    subprocess.run(command, cwd=work, check=True, env=env, stdin=subprocess.DEVNULL, capture_output=True)


def problem_of(archive: Path, limits: IntakeLimits = LIMITS) -> str:
    with pytest.raises(IntakeProblem) as caught:
        read_archive(archive, limits)
    return say(caught.value.reason)


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
@pytest.mark.parametrize(
    "command", [("zip", "-qr", "a.zip"), ("tar", "-cf", "a.zip"), ("tar", "-czf", "a.zip"), ("tar", "-cJf", "a.zip")]
)
def test_chinese_names_are_read_from_any_tool_and_with_any_suffix(work, command, locale):
    run(work, *command, "作业", locale=locale)
    expected = {name: content for name, content in FILES.items() if name.endswith(".py")}
    assert read_archive(work / "a.zip", LIMITS).files == expected


def test_names_of_a_chinese_windows_are_read(work):
    folder = os.fsencode(work) + b"/" + "张伟 作业二".encode("gbk")
    os.mkdir(folder)
    Path(os.fsdecode(folder + b"/layers.py")).write_bytes(CODE)
    for archive, command in (("a.zip", [b"zip", b"-qr"]), ("a.tar.gz", [b"tar", b"-czf"])):
        run(work, *command, archive.encode(), "张伟 作业二".encode("gbk"))
        assert read_archive(work / archive, LIMITS).files == {"张伟 作业二/layers.py": CODE}


def test_links_and_pipes_of_real_tools_are_left_out(work):
    (work / "作业/optim.py").symlink_to("/etc/passwd")
    os.link(work / "作业/cs231n/layers.py", work / "作业/same.py")
    run(work, "zip", "-qry", "a.zip", "作业")
    os.mkfifo(work / "作业/pipe.py")
    run(work, "tar", "--sort=name", "-czf", "a.tar.gz", "作业")
    tree = read_archive(work / "a.zip", LIMITS)
    assert notes_of(tree) == ("作业/optim.py is a link and was left out.",)
    assert "作业/same.py" in tree.files
    assert set(notes_of(read_archive(work / "a.tar.gz", LIMITS))) == {
        *("作业/optim.py is a link and was left out.", "作业/pipe.py is a pipe and was left out."),
        "作业/same.py is a link and was left out.",
    }


def test_a_zip_with_a_password_is_refused_with_a_message(work):
    run(work, "zip", "-qr", "-P", "secret", "a.zip", "作业/cs231n")
    assert "needs a password). Pack it without one." in problem_of(work / "a.zip")


def test_a_part_of_a_split_zip_is_refused_with_a_message(work):
    (work / "作业/data.bin").write_bytes(os.urandom(200_000))
    run(work, "zip", "-qr", "-s", "64k", "a.zip", "作业")
    assert "it is a split zip archive, which the grader cannot read" in problem_of(work / "a.z01")
    assert "is damaged" in problem_of(work / "a.zip")


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar.xz"])
def test_a_flipped_byte_never_gives_other_code(work, name):
    """zip, gzip and xz have checksums: a file is read unchanged, or is a problem, or is absent."""
    kind = {"a.zip": ("zip", "-qr"), "a.tar.gz": ("tar", "-czf"), "a.tar.xz": ("tar", "-cJf")}[name]
    run(work, *kind, name, "作业/cs231n/layers.py")
    data = (work / name).read_bytes()
    problems = 0
    for place in range(len(data)):
        (work / name).write_bytes(data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :])
        try:
            assert set(read_archive(work / name, LIMITS).files.values()) <= {CODE}
        except IntakeProblem:
            problems += 1
    assert problems > len(data) // 4


def test_archives_in_archives_are_not_opened_however_deep(work):
    run(work, "zip", "-qr", "0.zip", "作业")
    for depth in range(5):
        run(work, "zip", "-q", f"{depth + 1}.zip", f"{depth}.zip")
    tree = read_archive(work / "5.zip", LIMITS)
    assert tree.files == {}
    assert notes_of(tree) == ("4.zip is an archive inside the archive and was not opened.",)


def test_files_of_macos_and_jupyter_are_ignored(work):
    litter = ["__MACOSX/作业/cs231n/._layers.py", "作业/cs231n/._layers.py", "作业/.DS_Store"]
    litter += ["作业/.ipynb_checkpoints/layers.py", "作业/cs231n/build/lib/cs231n/layers.py"]
    litter += ["作业/cs231n/__pycache__/layers.cpython-311.pyc", "作业/cs231n/.ipynb_checkpoints/layers-checkpoint.py"]
    run(work, "zip", "-qr", "a.zip", "作业")
    with zipfile.ZipFile(work / "a.zip", "a") as archive:
        for name in litter:
            archive.writestr(name, b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X")
    tree = read_archive(work / "a.zip", LIMITS)
    assert set(tree.files.values()) == {CODE, b""}
    assert notes_of(tree) == ()


def test_of_two_deep_copies_one_counts_with_a_note(work):
    (work / "作业/cs231n/backup").mkdir()
    (work / "作业/cs231n/backup/layers.py").write_bytes(b"old")
    (work / "final/really").mkdir(parents=True)
    shutil.move(work / "作业", work / "final/really/作业")
    with tarfile.open(work / "alice.tar", "w") as archive:
        archive.add(work / "final", "final")
    names = SimpleNamespace(student_files=("layers.py", "optim.py"), handed_out=(), package="cs231n")
    (found,) = find([work / "alice.tar"], names)
    submission = read(found, names)
    assert submission.files["layers.py"] == CODE
    assert notes_of(submission) == (
        "two files layers.py were found: final/really/作业/cs231n/layers.py was used, "
        "not final/really/作业/cs231n/backup/layers.py.",
        "Not read: final/really/作业/report.pdf.",
    )


def test_a_zip_that_lists_one_member_thousands_of_times_is_a_problem(work):
    """A zip bomb without nesting: a long directory whose entries share the same data."""
    with zipfile.ZipFile(work / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("layers.py", bytes(1_000_000))
        archive.filelist *= 3000
    assert (work / "a.zip").stat().st_size < 200_000
    started = time.process_time()
    problem = problem_of(work / "a.zip")
    assert "times its size" in problem or "damaged" in problem or "more than 33554432 bytes" in problem
    assert time.process_time() - started < 5


def test_more_members_than_anyone_packs_are_a_problem(work):
    with zipfile.ZipFile(work / "a.zip", "w") as archive:
        archive.writestr("x/", b"")
        archive.filelist *= LIMITS.members + 1
    (work / "a.tar").write_bytes(tarfile.TarInfo("x/layers.py").tobuf() * (LIMITS.members + 1))
    for name in ("a.zip", "a.tar"):
        assert problem_of(work / name) == "more than 50000 files and folders were found. Hand in only the code."
