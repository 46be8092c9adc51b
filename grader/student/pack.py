"""Pack what a student hands in: the files that grading reads, the notebooks, and a manifest, in one zip.

    folder ─► gather ─► Packed (files, warnings) ─► zip_bytes ─► the zip ─► read_back ─► rehearse: what is left out

Packing refuses nothing: it packs what exists and warns of what is missing. The same files give the same zip. To find
what grading would leave out, read_back reads the zip with grading's own code and limits.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from grader import VERSION
from grader.assignment.load import Assignment
from grader.assignment.notebook_sources import TODO_CODE, TODO_TEXT
from grader.errors import GraderError, UsageError
from grader.intake.collect import Found, read
from grader.intake.names import decode_name, is_ignored, show
from grader.intake.notebooks.alignment import ANSWER
from grader.intake.notebooks.cells import UnreadableNotebook, cells_of
from grader.intake.reading import list_folder
from grader.intake.tree import IntakeLimits, is_notebook
from grader.messages.say import say
from grader.records import Reason, Submission

SCHEMA: Final = 1
MANIFEST: Final = "manifest.json"
EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can store
INSTALLERS: Final = ("setup.py",)  # files beside the package that the student did not write
ENVIRONMENT: Final = "pyvenv.cfg"  # a folder with this file is a virtual environment


@dataclass(frozen=True)
class Packed:
    """files: the contents of the zip, by path, including the manifest. warnings: what is missing, one line each."""

    files: Mapping[str, bytes]
    warnings: tuple[str, ...]


def gather(folder: Path, assignment: Assignment) -> Packed:
    """Collect the student's files. `folder` is the package or contains it; otherwise this raises UsageError."""
    folder = folder.resolve()
    package = folder / assignment.package
    if not package.is_dir():
        if not any((folder / name).is_file() for name in assignment.student_files):
            raise UsageError(f"{folder}: no folder {assignment.package} was found. Go to the folder that contains it.")
        folder, package = folder.parent, folder
    files: dict[str, bytes] = {}
    warnings: list[str] = []
    pristine = {f"{assignment.package}/{name}" for name in {*assignment.handed_out} - {*assignment.extended}}
    pristine.update(INSTALLERS)
    for name, path in find_files(folder, assignment.folder.resolve(), warnings):
        name = f"{assignment.package}{name.removeprefix(package.name)}" if package in path.parents else name
        if name not in pristine:
            add(files, warnings, name, path)
    for name in (*assignment.student_files, *assignment.extended):
        if f"{assignment.package}/{name}" not in files:
            warnings.append(f"{assignment.package}/{name} is missing.")
    if assignment.questions and not any(map(is_notebook, files)):
        warnings.append("No notebook was found beside the package.")
    return Packed({**files, MANIFEST: manifest_of(files, assignment)}, tuple(warnings))


def find_files(folder: Path, assignment: Path, warnings: list[str]) -> list[tuple[str, Path]]:
    """Return the Python files and notebooks below a folder, sorted, each with its path below the folder (with `/`).

    Skips caches, virtual environments and the assignment's own folder. Follows a link only to a file inside `folder`,
    and warns of other links. Raises UsageError if there are more entries than grading reads.
    """
    most = IntakeLimits().members
    found: list[tuple[str, Path]] = []
    waiting = [folder]
    seen = 0
    while waiting:
        for entry in list_folder(waiting.pop()):
            path = Path(entry.path)
            name = path.relative_to(folder).as_posix()
            seen += 1
            if seen > most:
                text = f"more than {most} files and folders were found. Go to the folder of the assignment."
                raise UsageError(f"{folder}: {text}")
            if is_ignored(name):
                continue
            wanted = name.endswith(".py") or is_notebook(name)
            if entry.is_symlink() and not (path.is_file() and path.resolve().is_relative_to(folder)):
                if wanted or path.is_dir():
                    warnings.append(f"{show(name)} is a link out of the folder and is not packed. Copy the file.")
            elif entry.is_dir():
                if path != assignment and not (path / ENVIRONMENT).exists():
                    waiting.append(path)
            elif wanted and entry.is_file():
                found.append((name, path))
    return sorted(found)


def add(files: dict[str, bytes], warnings: list[str], name: str, path: Path) -> None:
    """Add one file under a name in UTF-8, which a zip needs. On Linux, the name of a file may be any bytes."""
    try:
        content = path.read_bytes()
    except OSError as error:
        warnings.append(f"{show(name)} cannot be read ({error.strerror}) and is not packed.")
        return
    name, given = decode_name(os.fsencode(name)), name
    if name != given:
        warnings.append(f"The name of {show(name)} is not UTF-8. It is packed under this name.")
    files[name] = content


def read_back(path: Path, assignment: Assignment) -> Submission:
    """Read the zip as grading will read it."""
    return read(Found(path.stem, path, path.name), assignment)


def rehearse(submission: Submission) -> tuple[str, ...]:
    """Return what grading would leave out of a submission, or could not read, one line each."""
    lines = [say(one) for one in (submission.problem, *submission.notes) if one]
    for name, content in submission.notebooks.items():
        try:
            cells_of(content)
        except UnreadableNotebook as problem:
            lines.append(say(Reason.of("of_file", file=show(name), what=problem.reason)))
        except GraderError:
            pass  # the notebook has an old format; nbformat, which reads it, is installed only where grading runs
    return tuple(f"When this is graded: {line}" for line in lines)


def open_answers(notebooks: Mapping[str, bytes]) -> Iterator[str]:
    """Yield one line for each notebook that has answer cells without an answer of the student.

    Considers only cells whose metadata or id has their name. If an editor removed both, a cell is not reported.
    """
    for notebook, content in notebooks.items():
        try:
            cells = cells_of(content)
        except (UnreadableNotebook, GraderError):  # rehearse reports unreadable notebooks
            continue
        named = [(cell.name or cell.id.removeprefix(f"{ANSWER}-"), cell) for cell in cells]
        empty = [name for name, cell in named if cell.stands_for(ANSWER, name) and is_blank(cell.text)]
        if empty:
            yield f"{show(notebook)}: no answer yet: {', '.join(empty)}"


def is_blank(text: str) -> bool:
    """Return whether the text of an answer cell is empty or still contains the handed-out TODO text."""
    return not text or text == TODO_TEXT[-1] or TODO_CODE[-1] in text


def manifest_of(files: Mapping[str, bytes], assignment: Assignment) -> bytes:
    """Return the manifest: all files of the zip with their hashes, which show whether somebody changed a file later."""
    listed = [{"name": name, "sha256": hashlib.sha256(files[name]).hexdigest()} for name in sorted(files)]
    manifest = {"schema": SCHEMA, "assignment": assignment.title, "grader": VERSION, "files": listed}
    return (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode()


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of these files. The same files give the same bytes, on every machine and at every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3  # Unix: unzip then applies the file mode below
            member.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(member, files[name])
    return buffer.getvalue()
