"""Notebooks are read with the submission, within limits, and never make it unreadable."""

from __future__ import annotations

import dataclasses
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from sayings import notes_of, problem_of
from test_collect import CODE, collect_all, write, zip_bytes

from grader.intake.choose import choose_notebooks
from grader.intake.tree import IntakeLimits
from grader.records import Submission

PLAIN = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


def tar_bytes(members: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return data.getvalue()


def one(path: Path, **options: object) -> Submission:
    (found,) = collect_all(path, **options)
    assert isinstance(found, Submission)
    return found


def test_notebooks_come_from_folders_and_archives_by_their_bare_names(tmp_path):
    members = {"a/cs231n/layers.py": CODE, "a/Nets.ipynb": PLAIN, "a/notebooks/Two.IPYNB": PLAIN}
    write(tmp_path / "folder", "a/cs231n/layers.py")
    write(tmp_path / "folder", "a/Nets.ipynb", "a/notebooks/Two.IPYNB", content=PLAIN)
    (tmp_path / "z.zip").write_bytes(zip_bytes(**members))
    (tmp_path / "t.tar.gz").write_bytes(tar_bytes(members))
    found = [one(tmp_path / name) for name in ("folder", "z.zip", "t.tar.gz")]
    assert [submission.notebooks for submission in found] == [{"Nets.ipynb": PLAIN, "Two.IPYNB": PLAIN}] * 3
    assert [*found[0].files] == ["layers.py"]
    assert len({submission.sha256 for submission in found}) == 1


def test_checkpoints_links_and_folders_are_not_notebooks(tmp_path):
    write(tmp_path, "cs231n/layers.py")
    write(tmp_path, ".ipynb_checkpoints/Nets-checkpoint.ipynb", "__MACOSX/._Nets.ipynb", "x.ipynb/a", content=PLAIN)
    os.symlink("/etc/passwd", tmp_path / "Link.ipynb")
    found = one(tmp_path)
    assert found.notebooks == {}
    assert notes_of(found) == ("Link.ipynb is a link and was left out.",)


def test_a_notebook_beside_the_only_archive_of_a_folder_is_read(tmp_path):
    write(tmp_path / "ada", "Nets.ipynb", content=PLAIN)
    (tmp_path / "ada/code.zip").write_bytes(zip_bytes(**{"cs231n/layers.py": CODE, "Inner.ipynb": PLAIN}))
    (found,) = collect_all(tmp_path)
    assert [*found.notebooks] == ["Inner.ipynb", "Nets.ipynb"]


def test_only_notebooks_are_not_a_submission(tmp_path):
    write(tmp_path / "ada", "Nets.ipynb", content=PLAIN)
    (found,) = collect_all(tmp_path)
    assert "no Python file found" in problem_of(found)


@pytest.mark.parametrize("pack", [None, zip_bytes, tar_bytes], ids=["folder", "zip", "tar"])
def test_limits_leave_notebooks_out_and_never_the_submission(tmp_path, pack):
    members = {"layers.py": CODE, "a.ipynb": b"1" * 11, "b.ipynb": b"1" * 10, "c.ipynb": b"1" * 9, "d.ipynb": b"1"}
    if pack is None:
        for name, content in members.items():
            write(tmp_path / "in", name, content=content)
        path = tmp_path / "in"
    else:
        path = tmp_path / "in.zip"
        path.write_bytes(pack(**members) if pack is zip_bytes else pack(members))
    found = one(path, limits=IntakeLimits(notebook_bytes=10, notebooks_bytes=18))
    assert [*found.notebooks] == ["b.ipynb", "d.ipynb"]
    assert problem_of(found) is None
    assert notes_of(found) == (
        "a.ipynb was left out: it is larger than 10 bytes.",
        "c.ipynb was left out: the notebooks hold more than 18 bytes.",
    )
    found = one(path, limits=IntakeLimits(notebooks=2))
    assert [*found.notebooks] == ["a.ipynb", "b.ipynb"]
    assert notes_of(found)[0] == "c.ipynb was left out: there are more than 2 notebooks."


def test_with_a_limit_of_zero_notebooks_are_ignored(tmp_path):
    write(tmp_path, "layers.py", "a.ipynb")
    found = one(tmp_path, limits=IntakeLimits(notebooks=0))
    assert (found.notebooks, notes_of(found)) == ({}, ())


def test_a_stored_notebook_of_many_mebibytes_is_read_from_a_zip(tmp_path):
    content = os.urandom(1024) * (12 * 1024)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("layers.py", CODE)
        archive.writestr("Nets.ipynb", content)
    assert one(tmp_path / "a.zip").notebooks == {"Nets.ipynb": content}


def test_of_several_with_one_name_the_nearest_to_the_code_counts_with_a_note():
    tree = {"hw1/Nets.ipynb": b"1", "hw2/Nets.ipynb": b"2", "Nets.ipynb": b"3", "hw2/old/nets.ipynb": b"2"}
    choice = choose_notebooks(tree, ["hw2/cs231n"])
    assert choice.files == {"Nets.ipynb": b"2"}
    assert notes_of(choice) == (
        "three files Nets.ipynb were found: hw2/Nets.ipynb was used, not Nets.ipynb, hw1/Nets.ipynb.",
    )
    assert choose_notebooks({"b/N.ipynb": b"1", "a/N.ipynb": b"1"}, [""]).notes == ()


def test_the_hash_of_a_submission_includes_its_notebooks(tmp_path):
    write(tmp_path, "layers.py")
    write(tmp_path, "Nets.ipynb", content=PLAIN)
    found = one(tmp_path)
    others = [{}, {"Nets.ipynb": PLAIN + b" "}, {"Mets.ipynb": PLAIN}]
    hashes = {found.sha256, *(dataclasses.replace(found, notebooks=other).sha256 for other in others)}
    assert len(hashes) == 4


def test_answers_are_read_if_the_handed_out_notebooks_are_named_and_only_then(tmp_path):
    from grader.intake.notebooks.answers import handed_out_from

    write(tmp_path / "ada", "layers.py")
    write(tmp_path / "ada", "Nets.ipynb", content=PLAIN)
    write(tmp_path / "ben", "layers.py")
    asked = []

    def handed_out():
        asked.append(1)
        return handed_out_from({"Nets.ipynb": PLAIN}, {})

    ada, ben = collect_all(tmp_path, notebooks=handed_out)
    assert ([one.handed_out for one in ada.answers], ben.answers, asked) == (["Nets"], (), [1])
    assert collect_all(tmp_path)[0].answers == ()
