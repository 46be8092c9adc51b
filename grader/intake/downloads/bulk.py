"""A learning platform's bulk download on disk: recognised when it is found, a student's files read as one tree.

recognise.py knows the names; this module looks into the folder and opens the files.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from grader.errors import UsageError
from grader.intake.archives.streams import open_regular
from grader.intake.archives.tars import BLOCK
from grader.intake.archives.unpack import ZIP, find_kind, read_archive
from grader.intake.archives.unpack import recognise as recognise_kind
from grader.intake.archives.zips import list_top
from grader.intake.downloads.gradescope import LARGEST, METADATA
from grader.intake.downloads.recognise import Download, recognise
from grader.intake.folders import keep_file, read_folder
from grader.intake.names import left_out, show, strip_suffix
from grader.intake.tree import Gathering, IntakeLimits, IntakeProblem, Tree


def find_download(folder: Path, entries: Mapping[str, bool]) -> Download | None:
    """The download that a folder with these entries (by name: whether it is a folder) is, or may be; or None.

    Raises OSError if Gradescope's list lies there and cannot be read.
    """
    metadata = None
    if entries.get(METADATA) is False:
        try:
            with open_regular(folder / METADATA) as file:
                metadata = file.read(LARGEST)
        except IntakeProblem:  # a link, a pipe: it is no list then
            metadata = None
    return recognise(entries, metadata)


def refuse_packed(file: Path, place: str) -> None:
    """Raise UsageError if the file is a platform's download that is still packed: it is not one submission."""
    try:
        with open_regular(file) as opened:
            if recognise_kind(opened.read(BLOCK)) != ZIP:
                return
            entries, metadata = list_top(opened, IntakeLimits(), METADATA, LARGEST)
    except (IntakeProblem, OSError):
        return  # it is read later, and what is wrong with it is said then
    download = recognise(entries, metadata)
    if download and not download.others and len(download.handed_in) > 1:
        packed, folder = shlex.quote(show(place)), shlex.quote(show(strip_suffix(place)))
        raise UsageError(
            f"{show(place)}: {download.summary}, expected it unpacked. "
            f"Run: unzip {packed} -d {folder}, then: grader grade {folder}"
        )


def read_parts(parts: Sequence[tuple[str, Path]], limits: IntakeLimits, student_files: Sequence[str] = ()) -> Tree:
    """The Python files of all that one student handed in (single files, archives, folders), by the student's names.

    Of several, an archive's files lie in a folder called like it. One that cannot be read is left out with a note.
    Raises IntakeProblem if nothing could be read, or if there is more than the limits allow; OSError.
    """
    gathering = Gathering(limits, student_files)
    problems = []
    for name, path in parts:
        place = gathering.locate(name)
        if place is None:
            continue
        try:
            inner = read_inner(path, limits, student_files)
        except IntakeProblem as problem:
            problems.append(left_out(place, problem.reason))
            gathering.note(problems[-1])
            continue
        if inner is not None:
            gathering.take_in(inner, f"{strip_suffix(place)}/" if len(parts) > 1 else "")
        elif gathering.wants(place):
            keep_file(path, place, gathering)
    tree = gathering.finish()
    if problems and not tree.files:
        raise IntakeProblem(problems[0])
    return tree


def read_inner(path: Path, limits: IntakeLimits, student_files: Sequence[str]) -> Tree | None:
    """What a folder or an archive holds; None for any other file. Raises IntakeProblem as read_archive; OSError."""
    if path.is_dir() and not path.is_symlink():
        return read_folder(path, limits, student_files)
    return read_archive(path, limits, student_files) if find_kind(path) else None
