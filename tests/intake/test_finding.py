"""Real forms of classes on disk: inside folders, from Sakai, unpacked on another system, or still packed."""

from __future__ import annotations

import io
import tarfile
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sayings import notes_of, problem_of
from test_collect import ASSIGNMENT, CODE, collect_all, write, zip_bytes

from grader.errors import UsageError
from grader.intake.collect import find
from grader.intake.reading import read_folder
from grader.intake.tree import IntakeLimits

NAMES = SimpleNamespace(**ASSIGNMENT)


def messages_of(path):
    return {one.folder for one in find([path], NAMES)}


def tar_bytes(members):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return data.getvalue()


def sakai(top, *people):
    for number, who in enumerate(people):
        write(top / who, "Submission attachment(s)/layers.py", content=b"%d" % number)
        write(top / who, "timestamp.txt", "comments.txt", "Feedback Attachment(s)/layers.py")
    return write(top, "grades.csv")


def test_sakais_folders_are_students_at_any_depth(tmp_path):
    people = ("Doe, Jane(jdoe)", "Ek, Bo(bek)", "Roe, Al(aroe)")
    sakai(tmp_path / "in/HW 2", *people)
    for path in (tmp_path / "in", tmp_path / "in/HW 2"):
        got = collect_all(path)
        assert {one.source.rpartition("/")[2]: one.files["layers.py"] for one in got} == {
            who: b"%d" % number for number, who in enumerate(people)
        }
    (message,) = messages_of(tmp_path / "in")
    assert "in/HW 2: taken for a class of 3: Doe, Jane(jdoe), Ek, Bo(bek), Roe, Al(aroe)." in message
    assert "in/HW 2: not read: grades.csv." in message
    (one,) = collect_all(tmp_path / "in/HW 2/Ek, Bo(bek)")
    assert (one.id, one.files["layers.py"]) == ("Ek__Bo_bek_", b"1")


def test_a_sakai_download_of_one_student_is_one_submission(tmp_path):
    sakai(tmp_path / "HW 2", "Doe, Jane(jdoe)")
    for path in (tmp_path, tmp_path / "HW 2"):
        assert [one.id for one in collect_all(path)] == ["Doe__Jane_jdoe_"]


def test_a_sakai_student_without_attachments_is_listed_as_unreadable(tmp_path):
    sakai(tmp_path / "HW 2", "Doe, Jane(jdoe)", "Roe, Al(aroe)")
    (tmp_path / "HW 2/Ek, Bo(bek)/Submission attachment(s)").mkdir(parents=True)
    problems = {one.id: problem_of(one) for one in collect_all(tmp_path)}
    assert problems.pop("Ek__Bo_bek_").startswith("Ek, Bo(bek): no Python file found")
    assert list(problems.values()) == [None, None]


@pytest.mark.parametrize("above", ["", "HW2", "a/b/HW2"])
def test_a_class_in_folders_in_folders_is_a_class(tmp_path, above):
    top = write(tmp_path / "in" / above, "alice/cs231n/layers.py", "bob/layers.py", "cem/x/layers.py")
    write(tmp_path / "in", "__MACOSX/HW2/x", "timestamp.txt")
    (top / "dan.zip").write_bytes(zip_bytes())
    assert [one.id for one in collect_all(tmp_path / "in")] == ["alice", "bob", "cem", "dan"]


def test_sections_side_by_side_give_every_student(tmp_path):
    write(tmp_path / "in/section 1", "alice/layers.py", "bob/layers.py", content=b"1")
    write(tmp_path / "in/section 2", "alice/layers.py", "cem/layers.py", content=b"2")
    got = {one.id: one.files["layers.py"] for one in collect_all(tmp_path / "in")}
    assert got == {"alice": b"1", "bob": b"1", "alice-2": b"2", "cem": b"2"}


def test_two_folders_of_unknown_names_are_graded_each_with_a_warning(tmp_path):
    write(tmp_path / "in/HW", "ann/layers.py", "ben/layers.py")
    (message,) = messages_of(tmp_path / "in")
    assert message.endswith("ann, ben. If these are versions of one student, move away all but the one that counts.")


def test_a_stray_document_beside_the_class_hides_no_student(tmp_path):
    write(tmp_path / "in", "HW/ann/layers.py", "HW/ben/layers.py", "instructions.pdf")
    assert [one.id for one in collect_all(tmp_path / "in")] == ["ann", "ben", "instructions.pdf"]


def test_versions_in_a_students_folder_stay_one_submission(tmp_path):
    write(tmp_path / "in", "ann/layers.py", "ben/old/layers.py", "ben/new/layers.py", "cem/mine/layers.py")
    write(tmp_path / "in", "dan/DLCV/layers.py", "dan/backup of DLCV/layers.py")
    assert [one.id for one in collect_all(tmp_path / "in")] == ["ann", "ben", "cem", "dan"]
    assert [one.id for one in collect_all(tmp_path / "in/ben/..")] == ["ann", "ben", "cem", "dan"]


@pytest.mark.parametrize("pack", [lambda m: zip_bytes(**m), tar_bytes], ids=["zip", "tar"])
def test_a_whole_class_in_one_archive_is_refused_with_the_command(tmp_path, pack):
    members = {f"HW/{who}/layers.py": CODE for who in ("ann", "ben", "cem")}
    (tmp_path / "in").mkdir()
    (tmp_path / "in/class.zip").write_bytes(pack(members))
    for path in (tmp_path / "in/class.zip", tmp_path / "in"):
        with pytest.raises(UsageError, match=r"class of 3 \(ann, ben, cem\), expected it unpacked\. Run: unzip "):
            find([path], NAMES)
    (tmp_path / "in/dan.zip").write_bytes(zip_bytes())
    problems = {one.id: problem_of(one) for one in collect_all(tmp_path / "in")}
    assert problems["dan"] is None
    assert problems["class"] == (
        "class.zip: it holds 3 submissions (ann, ben, cem), expected one. Unpack it and give the folder."
    )


def test_a_path_that_holds_a_student_file_is_one_submission_whatever_else_it_holds(tmp_path):
    write(tmp_path / "in", "layers.py", "ann/optim.py", "ben/optim.py")
    assert [one.id for one in collect_all(tmp_path / "in")] == ["in"]


def test_backslashes_on_disk_separate_folders(tmp_path):
    top = tmp_path / "class"
    write(top / "ann", "hw2\\cs231n\\layers.py", "hw2\\cs231n\\classifiers\\cnn.py")
    write(top / "ben", "cs231n\\layers.py", "cs231n\\sub\\", content=b"")
    write(top / "cem\\cs231n", "layers.py")
    got = {one.id: sorted(one.files) for one in collect_all(top)}
    assert got == {"ann": ["classifiers/cnn.py", "layers.py"], "ben": ["layers.py"], "cem_cs231n": ["layers.py"]}
    assert [one.id for one in collect_all(top / "ben")] == ["ben"]


def test_a_class_that_was_unpacked_to_names_with_backslashes_is_a_class(tmp_path):
    for name in ("ann\\layers.py", "ann\\optim.py", "ben\\cs231n\\layers.py"):
        write(tmp_path / "flat", name)
        write(tmp_path / "wrapped", f"HW 2\\{name}")
        write(tmp_path / "twice/in", f"HW 2\\{name}")
    for folder in ("flat", "wrapped", "twice"):
        got = {one.id: sorted(one.files) for one in collect_all(tmp_path / folder)}
        assert got == {"ann": ["layers.py", "optim.py"], "ben": ["layers.py"]}


def test_a_name_on_disk_that_leads_out_is_read_inside(tmp_path):
    (tmp_path / "secret.py").write_bytes(b"secret")
    write(tmp_path / "ann", "..\\secret.py", "optim.py", "C:\\hw\\layers.py")
    tree = read_folder(tmp_path / "ann", IntakeLimits())
    assert tree.files == {"secret.py": CODE, "optim.py": CODE, "hw/layers.py": CODE}


def test_near_names_are_submissions_and_single_files(tmp_path):
    write(tmp_path / "ann", "layers (1).py")
    (one,) = collect_all(tmp_path / "ann")
    assert (one.id, one.files, len(notes_of(one))) == ("ann", {"layers.py": CODE}, 1)
    write(tmp_path / "class", "layers (1).py", "layers (2).py", "layers.py.txt")
    got = collect_all(tmp_path / "class")
    assert [(one.files, problem_of(one)) for one in got] == [({"layers.py": CODE}, None)] * 3


def test_unread_files_are_named(tmp_path):
    write(tmp_path / "ann", "layers.py", "report.pdf", "answers.docx", "README.md", "data/x.npy", "old.zip", "help.PY")
    (one,) = collect_all(tmp_path / "ann")
    assert notes_of(one) == ("Not read: old.zip, answers.docx, help.PY, report.pdf.",)
    write(tmp_path / "ben", "layers.py", *(f"{number}.pdf" for number in range(9)))
    assert notes_of(collect_all(tmp_path / "ben")[0]) == ("Not read: 0.pdf, 1.pdf, 2.pdf, 3.pdf, 4.pdf and 4 more.",)
    write(tmp_path / "class", "cem/build/cs231n/layers.py", "dan/layers.py")
    problem = problem_of(collect_all(tmp_path / "class")[0])
    assert problem.startswith("cem: build was ignored, because tools create folders of this name; no Python file found")


FILE_NAMES = st.text(st.characters(exclude_characters="/\0\ud800", exclude_categories=["Cs"]), min_size=1, max_size=40)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(FILE_NAMES, min_size=1, max_size=4))
def test_any_folder_name_gives_one_submission(tmp_path_factory, names):
    top = tmp_path_factory.mktemp("class")
    made = []
    for name in names:
        if name not in (".", "..") and len(name.encode()) < 200 and "\\" not in name:
            write(top / name, "layers.py")
            made.append(name)
    of_tools = ("__MACOSX", "__pycache__", "build", "venv", "site-packages", "node_modules")
    expected = [name for name in made if not name.startswith(".") and name not in of_tools]
    if len(expected) == len(made) > 0 and ASSIGNMENT["package"] not in made:
        assert len(collect_all(top)) == len(made)
