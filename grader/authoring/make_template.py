"""What students get, made from the reference: `grader template` writes it, `release` packs it.

    <package>/<student files>      the reference's, without their solutions (solution_regions.py)
    <package>/<handed-out files>   as they are, and so is what kernels are compiled from
    <package>/…/__init__.py
    *.ipynb                        the students' versions of assignment/notebooks (notebook_sources.py)
    README.md, pyproject.toml, …   as they lie in assignment/template
    MESSAGES.md                    what messages mean (messages_page.py)

Nothing else is in it: what is not named by the assignment is not handed out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from grader.assignment.load import Assignment
from grader.assignment.notebook_sources import student_notebooks
from grader.assignment.solution_regions import BEGIN, END, student_files_of
from grader.atomic_files import write_bytes
from grader.authoring.messages_page import PAGE, messages_page
from grader.errors import AssignmentError

# What running and compiling leave behind; no part of the template, and no drift.
LEFT_BEHIND: Final = {"__pycache__", ".ipynb_checkpoints", "build", "datasets", ".so", ".pyd", ".pyc", ".egg-info"}


def make_template(assignment: Assignment) -> dict[str, bytes]:
    """Every file by its path, in order. Raises AssignmentError if one cannot be made, or would tell a solution."""
    package = assignment.package
    files = {f"{package}/{name}": content for name, content in student_files_of(assignment).items()}
    for name in (*assignment.handed_out, *assignment.kernels):
        if name in assignment.student_files:
            raise AssignmentError(f"assignment.toml: {name} is handed out and a student file. Take out one of the two.")
        files[f"{package}/{name}"] = read(assignment.reference / name)
    for folder in sorted({name.rpartition("/")[0] for name in files}):
        init = f"{folder}/__init__.py".removeprefix(f"{package}/")
        title = f'"""{assignment.title}."""\n'.encode()  # the reference's own says what it is
        files[f"{folder}/__init__.py"] = read(assignment.reference / init) if folder != package else title
    files |= student_notebooks(assignment)
    files |= {name: read(path) for name, path in found_in(assignment.folder / "template").items()}
    page = messages_page(assignment.folder)
    files |= {PAGE: page.encode()} if page else {}
    for name, content in files.items():
        told = [marker for marker in (BEGIN, END) if marker.encode() in content]
        if told:
            raise AssignmentError(f"{name}: {told[0]!r} found in what students get. Name it among the student files.")
    return dict(sorted(files.items()))


def write_template(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write every file, each whole or not at all. What else lies in the folder stays; `drift` names it."""
    for name, content in files.items():
        write_bytes(folder / name, content)


def drift(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """What the folder has otherwise than these files: a line each, none if they agree. Line endings do not count."""
    found = found_in(folder)
    lines = [f"{name}: is not there" for name in files if name not in found]
    lines += [f"{name}: differs" for name, path in found.items() if name in files and lf(read(path)) != lf(files[name])]
    lines += [f"{name}: does not belong to the template. Remove it." for name in found if name not in files]
    return sorted(lines)


def found_in(folder: Path) -> dict[str, Path]:
    """The files of a folder by their path below it, but for what running and compiling leave behind."""
    paths = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name.as_posix(): path for name, path in paths.items() if not LEFT_BEHIND & {*name.parts, name.suffix}}


def lf(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        lost = f"cannot be read ({error.strerror})"
        raise AssignmentError(f"{path}: {lost}. The students' package must have it.") from error
