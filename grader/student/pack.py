"""Pack what a student hands in: the files that grading reads, the notebooks, and a manifest, in one zip.

    folder ─► gather ─► Packed (files, warnings) ─► zip_bytes ─► the zip ─► rehearse: what grading would leave out

Packing refuses nothing: it packs what exists and warns of what is missing. The same files give the same zip. To find
what grading would leave out, rehearse reads the zip with grading's own code and limits.
"""

from __future__ import annotations

import ast
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
from grader.errors import GraderError, UsageError
from grader.function_ids import file_of, short_name
from grader.intake.collect import Found, read
from grader.intake.names import decode_name, is_ignored, show
from grader.intake.near_names import gives_up
from grader.intake.notebooks.cells import UnreadableNotebook, cells_of
from grader.intake.reading import list_folder
from grader.intake.tree import IntakeLimits, is_notebook
from grader.messages.say import say
from grader.records import Reason

SCHEMA: Final = 1
MANIFEST: Final = "manifest.json"
EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can store
INSTALLERS: Final = ("setup.py",)  # beside the package; not part of the student's work
ENVIRONMENT: Final = "pyvenv.cfg"  # a folder with this file is a virtual environment


@dataclass(frozen=True)
class Packed:
    """files: by their path in the zip, including the manifest. warnings: what is missing, one line each."""

    files: Mapping[str, bytes]
    warnings: tuple[str, ...]


def gather(folder: Path, assignment: Assignment) -> Packed:
    """Collect the student's files below `folder`, which contains the package or is it. Raises UsageError otherwise."""
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
    warnings += unwritten(files, assignment)
    if assignment.questions and not any(map(is_notebook, files)):
        warnings.append("No notebook was found beside the package.")
    return Packed({**files, MANIFEST: manifest_of(files, assignment)}, tuple(warnings))


def find_files(folder: Path, assignment: Path, warnings: list[str]) -> list[tuple[str, Path]]:
    """The Python files and notebooks below a folder, by their path in it with forward slashes, sorted.

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
    """Add one file under a name that a zip can hold: on Linux a file name may be any bytes, a zip needs UTF-8."""
    try:
        content = path.read_bytes()
    except OSError as error:
        warnings.append(f"{show(name)} cannot be read ({error.strerror}) and is not packed.")
        return
    name, given = decode_name(os.fsencode(name)), name
    if name != given:
        warnings.append(f"The name of {show(name)} is not UTF-8. It is packed under this name.")
    files[name] = content


def rehearse(path: Path, assignment: Assignment) -> tuple[str, ...]:
    """Read the zip as grading does, and return what grading would leave out or could not read, one line each."""
    submission = read(Found(path.stem, path, path.name), assignment)
    lines = [say(one) for one in (submission.problem, *submission.notes) if one]
    for name, content in submission.notebooks.items():
        try:
            cells_of(content)
        except UnreadableNotebook as problem:
            lines.append(say(Reason.of("of_file", file=show(name), what=problem.reason)))
        except GraderError:
            pass  # nbformat, which reads older formats, is missing here; it is installed where grading runs
    return tuple(f"When this is graded: {line}" for line in lines)


def unwritten(files: Mapping[str, bytes], assignment: Assignment) -> Iterator[str]:
    """Functions that still raise NotImplementedError, one line for each file."""
    for file in assignment.student_files:
        name = f"{assignment.package}/{file}"
        if name not in files:
            continue
        try:
            tree = ast.parse(files[name])
        except SyntaxError as error:
            yield f"{name} is not valid Python: {error.msg} in line {error.lineno}."
            continue
        except (ValueError, RecursionError, MemoryError):  # zero bytes, or nested beyond what Python reads
            yield f"{name} is not valid Python."
            continue
        nodes = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        asked = [short_name(function) for function in assignment.functions if file_of(function) == file]
        open_ones = [name for name in asked if name in nodes and any(map(gives_up, ast.walk(nodes[name])))]
        if open_ones:
            yield f"{name}: not written yet: {', '.join(open_ones)}."


def manifest_of(files: Mapping[str, bytes], assignment: Assignment) -> bytes:
    """The list of files and hashes in the zip, to find out later whether it was changed on its way."""
    listed = [{"name": name, "sha256": hashlib.sha256(files[name]).hexdigest()} for name in sorted(files)]
    manifest = {"schema": SCHEMA, "assignment": assignment.title, "grader": VERSION, "files": listed}
    return (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode()


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files: the same bytes for the same files, whoever makes it and when."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3  # Unix, so that the mode below counts
            member.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(member, files[name])
    return buffer.getvalue()
