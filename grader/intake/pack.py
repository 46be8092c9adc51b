"""What a student hands in, packed: the files that grading reads, the notebooks, and a manifest, in one zip.

    folder ─► gather ─► Packed (files, warnings) ─► zip_bytes ─► the zip that collect.py reads

Nothing is refused: what is missing is told, and what is there is packed. The same files give the same zip.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import stat
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from grader import VERSION
from grader.assignment import Assignment, file_of
from grader.errors import UsageError
from grader.intake.names import is_ignored, show

SCHEMA: Final = 1
MANIFEST: Final = "manifest.json"
EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can tell
LARGE_BYTES: Final = 20 * 1024 * 1024  # of a notebook; course platforms refuse what is much larger


@dataclass(frozen=True)
class Packed:
    """files: by their path in the zip, the manifest among them. warnings: what is missing, a line each."""

    files: Mapping[str, bytes]
    warnings: tuple[str, ...]


def gather(folder: Path, assignment: Assignment) -> Packed:
    """The student's files below `folder`, which holds the package, or is it. Raises UsageError if it is neither."""
    package = folder / assignment.package
    if not package.is_dir():
        if not any((folder / name).is_file() for name in assignment.student_files):
            raise UsageError(f"{folder}: has no folder {assignment.package}. Go to the folder that has it.")
        folder, package = folder.resolve().parent, folder.resolve()
    files: dict[str, bytes] = {}
    warnings: list[str] = []
    handed_out = {*assignment.handed_out} - {*assignment.extended}
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package).as_posix()
        own = name in assignment.student_files or name in assignment.extended or name not in handed_out
        if own and path.is_file() and not is_ignored(name):
            add(files, warnings, f"{assignment.package}/{name}", path)
    for name in (*assignment.student_files, *assignment.extended):
        if f"{assignment.package}/{name}" not in files:
            warnings.append(f"{assignment.package}/{name} is missing.")
    warnings += unwritten(files, assignment)
    notebooks = sorted(folder.glob("*.ipynb"))
    if not notebooks:
        warnings.append("There is no notebook beside the package.")
    for path in notebooks:
        add(files, warnings, path.name, path)
        warnings += notebook_warnings(path.name, files.get(path.name, b"{}"))
    return Packed({**files, MANIFEST: manifest_of(files, assignment)}, tuple(warnings))


def add(files: dict[str, bytes], warnings: list[str], name: str, path: Path) -> None:
    try:
        files[name] = path.read_bytes()
    except OSError as error:
        warnings.append(f"{show(name)} cannot be read ({error.strerror}) and is not packed.")


def unwritten(files: Mapping[str, bytes], assignment: Assignment) -> Iterator[str]:
    """Functions that are not there or still raise NotImplementedError, a line a file."""
    for file in assignment.student_files:
        name = f"{assignment.package}/{file}"
        if name not in files:
            continue
        try:
            tree = ast.parse(files[name])
        except SyntaxError as error:
            yield f"{name} is no Python: {error.msg} in line {error.lineno}."
            continue
        except (ValueError, RecursionError, MemoryError):  # zero bytes, or nested beyond what Python reads
            yield f"{name} is no Python."
            continue
        nodes = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        asked = [function.rpartition(".")[2] for function in assignment.functions if file_of(function) == file]
        open_ones = [name for name in asked if name in nodes and waits(nodes[name])]
        if open_ones:
            yield f"{name}: not written yet: {', '.join(open_ones)}."


def waits(node: ast.AST) -> bool:
    """Whether a `raise NotImplementedError` stands in it, as in the template."""
    raised = [one.exc for one in ast.walk(node) if isinstance(one, ast.Raise)]
    names = [exc.func if isinstance(exc, ast.Call) else exc for exc in raised]
    return any(isinstance(name, ast.Name) and name.id == "NotImplementedError" for name in names)


def notebook_warnings(name: str, content: bytes) -> Iterator[str]:
    if len(content) > LARGE_BYTES:
        yield f"{show(name)} has {len(content) >> 20} MiB. Clear the outputs that nobody needs."
    try:
        whole = isinstance(json.loads(content), dict)
    except (ValueError, RecursionError):
        whole = False
    if not whole:
        yield f"{show(name)} is damaged: it is no notebook. Save it again."


def manifest_of(files: Mapping[str, bytes], assignment: Assignment) -> bytes:
    """What is in the zip, for whoever asks later whether it was changed on its way."""
    listed = [{"name": name, "sha256": hashlib.sha256(files[name]).hexdigest()} for name in sorted(files)]
    manifest = {"schema": SCHEMA, "assignment": assignment.title, "grader": VERSION, "files": listed}
    return (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode()


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files: the same bytes for the same files, whenever and by whomever it is made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3  # Unix, so that the mode below counts
            member.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(member, files[name])
    return buffer.getvalue()
