"""Bulk downloads on disk, as the platforms make them: the owner of each file, what is read, and the notes."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from sayings import notes_of, problem_of

from grader.errors import UsageError
from grader.intake.collect import find, read
from grader.intake.tree import IntakeLimits

ASSIGNMENT = {
    "student_files": ("layers.py", "optim.py", "classifiers/fc_net.py", "classifiers/cnn.py"),
    "handed_out": ("gradient_check.py",),
    "package": "cs231n",
}
NAMES = SimpleNamespace(**ASSIGNMENT)


def zipped(**members):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def fill(top: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(content)
    return top


def collected(*paths, limits=None):
    found = find(paths, NAMES)
    return {one.id: read(one, SimpleNamespace(**ASSIGNMENT), limits=limits) for one in found}, list(
        dict.fromkeys(f.folder for f in found)
    )


UNREAD = "Not read: report.pdf."
CANVAS = {
    "doejane_1234_55501_layers.py": b"jane",
    "doejane_1234_55502_cnn.py": b"jane's net",
    "doejane_1234_55503_report.pdf": b"%PDF",
    "王伟_LATE_1235_55510_hw2.zip": zipped(**{"hw2/cs231n/layers.py": b"wei"}),
    "roerichard_1240_text.html": b"<p>def</p>",
}


def test_a_canvas_download_gives_one_submission_for_each_student(tmp_path):
    top = fill(tmp_path / "submissions", {**CANVAS, "grades.csv": b"", ".DS_Store": b"", "__MACOSX/._x": b""})
    got, messages = collected(top)
    assert messages == [
        f"{top}: taken for a download from Canvas: 3 submissions in 4 files and folders, 1 late, 1 without a file.\n"
        f"{top}: not read: grades.csv."
    ]
    jane, wei, richard = got["doejane_1234"], got["王伟_1235"], got["roerichard_1240"]
    assert len(got) == 3
    assert jane.files == {"layers.py": b"jane", "classifiers/cnn.py": b"jane's net"}
    assert jane.source == str(top / "doejane_1234")
    assert notes_of(jane) == (
        "Handed in through Canvas by doejane (user 1234): layers.py, cnn.py, report.pdf.",
        "Not read: report.pdf.",
    )
    assert wei.files == {"layers.py": b"wei"}
    assert wei.source == str(top / "王伟_LATE_1235_55510_hw2.zip")
    assert notes_of(wei) == ("Handed in through Canvas by 王伟 (user 1235), late: hw2.zip.",)
    assert problem_of(richard) == (
        "roerichard_1240_text.html: only a text entry was handed in, which the grader does not read. Ask for the "
        "Python files."
    )


def test_a_moodle_download_with_one_folder_for_each_student(tmp_path):
    inner = zipped(**{"cs231n/layers.py": b"zoe"})
    top = fill(
        tmp_path,
        {
            "Zoë van Dam_31_assignsubmission_file_/hw.zip": inner,
            "Zoë van Dam_31_assignsubmission_onlinetext_/onlinetext.html": b"<p>hello</p>",
            "Participant_44_assignsubmission_file_/code/nn/layers.py": b"44",
            "Bob_7_assignsubmission_file_layers.py": b"bob",
            "Bob_7_assignsubmission_file_cs231n/layers.py": b"bob's other",
        },
    )
    got, _ = collected(top)
    assert {name: one.files for name, one in got.items()} == {
        "Bob_7": {"layers.py": b"bob's other"},
        "Participant_44": {"layers.py": b"44"},
        "Zoë_van_Dam_31": {"layers.py": b"zoe"},
    }
    assert notes_of(got["Zoë_van_Dam_31"])[2:] == ("Read from hw.zip.",)
    assert notes_of(got["Bob_7"])[1:] == ("two files layers.py were found: cs231n/layers.py was used, not layers.py.",)


def test_two_moodle_downloads_in_one_folder_lose_nothing(tmp_path):
    top = fill(
        tmp_path,
        {"Bob_7_assignsubmission_file_/optim.py": b"folder", "Bob_7_assignsubmission_file_layers.py": b"flat"},
    )
    got, _ = collected(top)
    assert got["Bob_7"].files == {"layers.py": b"flat", "optim.py": b"folder"}


def test_a_blackboard_download_gives_the_latest_attempt(tmp_path):
    early, late = "HW_2_jdoe_attempt_2026-01-09-23-59-59", "HW_2_jdoe_attempt_2026-01-10-00-00-00"
    top = fill(
        tmp_path,
        {
            f"{early}.txt": b"Name: Jane Doe (jdoe)",
            f"{early}_layers.py": b"early",
            f"{late}.txt": b"Name: Jane Doe (jdoe)",
            f"{late}_layers.py": b"late",
            "HW_2_rroe_attempt_2026-01-08-10-00-00_hw.zip": zipped(**{"layers.py": b"roe"}),
        },
    )
    got, _ = collected(top)
    assert {name: one.files for name, one in got.items()} == {
        "jdoe": {"layers.py": b"late"},
        "rroe": {"layers.py": b"roe"},
    }
    assert f"{early}_layers.py" in notes_of(got["jdoe"])[1]


METADATA = b"""---
submission_101:
  :submitters:
  - :name: Jane Doe
    :sid: '7'
  - :name: Richard Roe
submission_102:
  :submitters:
  - :name: Jane Doe
"""


def test_a_gradescope_export_in_a_folder_of_its_own(tmp_path):
    top = fill(
        tmp_path,
        {
            "assignment_9_export/submission_metadata.yml": METADATA,
            "assignment_9_export/submission_101/layers.py": b"1",
            "assignment_9_export/submission_102/cs231n/layers.py": b"2",
        },
    )
    for path in (top, top / "assignment_9_export"):
        got, (message,) = collected(path)
        assert {name: one.files["layers.py"] for name, one in got.items()} == {
            "Jane_Doe_Richard_Roe_101": b"1",
            "Jane_Doe_102": b"2",
        }
        export = top / "assignment_9_export"
        assert message == f"{export}: taken for a download from Gradescope: 2 submissions in 2 files and folders."
    assert got["Jane_Doe_102"].source == str(top / "assignment_9_export/submission_102")


def test_an_entry_that_does_not_fit_a_download_is_a_separate_submission(tmp_path):
    top = fill(tmp_path, {**CANVAS, "by mail/layers.py": b"mail", "odd.zip": zipped(**{"layers.py": b"odd"})})
    got, (message,) = collected(top)
    assert message == (
        f"{top}: taken for a download from Canvas: 3 submissions in 4 files and folders, 1 late, 1 without a file. "
        "by mail, odd.zip do not fit, so each counts as a separate submission."
    )
    assert {name: one.files.get("layers.py") for name, one in got.items()} == {
        "doejane_1234": b"jane",
        "roerichard_1240": None,
        "王伟_1235": b"wei",
        "by_mail": b"mail",
        "odd": b"odd",
    }


def test_one_file_like_canvas_among_many_others_is_not_taken_for_a_download(tmp_path):
    files = {"hw_12_20001_final/layers.py": b"", "alice/layers.py": b"", "b/layers.py": b""}
    top = fill(tmp_path, {**files, "hw_12_20001_mine.zip": zipped(**{"layers.py": b""})})
    got, messages = collected(top)
    assert (messages, set(got)) == ([""], {"alice", "b", "hw_12_20001_final", "hw_12_20001_mine"})


def test_one_moodle_folder_among_others_is_still_its_owners(tmp_path):
    top = fill(tmp_path, {"Bob_7_assignsubmission_file_x/layers.py": b"", "alice/layers.py": b"", "b/layers.py": b""})
    got, messages = collected(top)
    assert set(got) == {"Bob_7", "alice", "b"}
    assert "alice, b do not fit" in messages[0]


def test_a_list_that_is_a_link_is_not_read(tmp_path):
    (tmp_path / "secret.yml").write_bytes(METADATA)
    top = fill(tmp_path / "class", {"submission_101/layers.py": b"1", "submission_102/layers.py": b"2"})
    (top / "submission_metadata.yml").symlink_to(tmp_path / "secret.yml")
    got, _ = collected(top)
    assert {"submission_101", "submission_102"} < got.keys()


def test_several_archives_of_one_student_lie_side_by_side(tmp_path):
    top = fill(
        tmp_path,
        {
            "a_1_10001_part-1.zip": zipped(**{"layers.py": b"layers"}),
            "a_1_10002_part-2.zip": zipped(**{"optim.py": b"optim", "layers.py": b"other"}),
            "a_1_10003_old.rar": b"Rar!\x1a\x07\x00" + bytes(600),
            "a_1_10004_cut.zip": zipped(**{"layers.py": b"layers"})[:40],
        },
    )
    (one,) = collected(top)[0].values()
    assert one.files == {"layers.py": b"other", "optim.py": b"optim"}
    assert notes_of(one)[1:] == (
        "old.rar was left out: it is a rar archive, which the grader cannot read. Pack a zip or a tar.gz.",
        "cut.zip was left out: the archive is damaged or cut off. Pack and hand it in again.",
        "two files layers.py were found: part-2/layers.py was used, not part-1/layers.py.",
    )


def test_if_nothing_can_be_read_the_reason_is_the_problem(tmp_path):
    top = fill(tmp_path, {"a_1_10001_hw.7z": b"7z\xbc\xaf\x27\x1c" + bytes(600), "b_2_10002_notes.docx": b"x"})
    got = collected(top)[0]
    assert problem_of(got["a_1"]) == (
        "a_1_10001_hw.7z: hw.7z was left out: it is a 7z archive, which the grader cannot read. Pack a zip or a tar.gz."
    )
    assert "no Python file found" in problem_of(got["b_2"])


def test_links_and_limits_hold_in_what_a_student_handed_in(tmp_path):
    (tmp_path / "secret.py").write_bytes(b"secret")
    top = fill(tmp_path / "class", {f"a_1_{10_000 + n}_m{n}.py": bytes(100) for n in range(5)})
    (top / "b_2_20000_layers.py").symlink_to(tmp_path / "secret.py")
    got = collected(top, limits=IntakeLimits(total_bytes=399))[0]
    assert "more than 399 bytes" in problem_of(got["a_1"])
    assert (
        problem_of(got["b_2"])
        == "b_2_20000_layers.py: layers.py was left out: it is a link, and links are not followed."
    )


@pytest.mark.parametrize("below", ["", "assignment_9_export/"])
def test_a_download_that_is_still_packed_is_refused_with_the_command(tmp_path, below):
    gradescope = {"submission_metadata.yml": METADATA, "submission_101/layers.py": b"", "submission_102/layers.py": b""}
    (tmp_path / "submissions.zip").write_bytes(zipped(**{below + name: text for name, text in gradescope.items()}))
    for path in (tmp_path / "submissions.zip", tmp_path):
        with pytest.raises(UsageError) as caught:
            find([path], NAMES)
        folder = tmp_path / "submissions"
        assert str(caught.value) == (
            f"{folder}.zip: taken for a download from Gradescope: 2 submissions in 2 files and folders, expected it "
            f"unpacked. Run: unzip {folder}.zip -d {folder}, then: grader grade {folder}"
        )


def test_packed_downloads_of_other_platforms_are_refused_too(tmp_path):
    moodle = {f"Bob {n}_{n}_assignsubmission_file_/layers.py": b"" for n in range(3)}
    for number, members in enumerate((CANVAS, moodle)):
        (tmp_path / f"{number}.zip").write_bytes(zipped(**members))
        with pytest.raises(UsageError, match="3 submissions"):
            find([tmp_path / f"{number}.zip"], NAMES)


def test_a_students_own_zip_is_not_a_download(tmp_path):
    own = {
        "one": {"a_1_10001_layers.py": b""},
        "code": {"hw/cs231n/layers.py": b"x"},
        "versions": {"hw2_old/layers.py": b"", "hw2_new/layers.py": b"x"},
        "cut": {},
    }
    for name, members in own.items():
        (tmp_path / f"{name}.zip").write_bytes(zipped(**members)[: 50 if name == "cut" else None])
    (tmp_path / "cut.zip").write_bytes(zipped(**CANVAS)[:-30])
    assert len(find([tmp_path / f"{name}.zip" for name in own], NAMES)) == 4
