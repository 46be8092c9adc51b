"""Makes the students' package from the reference: `grader template` writes it, `grader release` packs it.

    <package>/<student files>      the reference's, without their solutions (solution_regions.py)
    <package>/<handed-out files>   unchanged, as are the sources of compiled kernels
    <package>/…/__init__.py
    *.ipynb                        the students' versions of assignment/notebooks (notebook_sources.py)
    README.md, pyproject.toml, …   unchanged from assignment/template
    MESSAGES.md                    what messages mean (messages_page.py)

The package contains nothing else: students get only files that the assignment names.
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

# Running and compiling leave these files behind. They are not part of the template, and `drift` ignores them.
LEFT_BEHIND: Final = {"__pycache__", ".ipynb_checkpoints", "build", "datasets", ".so", ".pyd", ".pyc", ".egg-info"}


def make_template(assignment: Assignment) -> dict[str, bytes]:
    """Return every file of the template by its path, sorted.

    Raises AssignmentError if a file cannot be made, or would contain a solution.
    """
    package = assignment.package
    files = {f"{package}/{name}": content for name, content in student_files_of(assignment).items()}
    for name in (*assignment.handed_out, *assignment.kernels):
        if name in assignment.student_files:
            both = f"{name} is listed in handed_out and in student_files"
            raise AssignmentError(f"assignment.toml: {both}. Remove one of the two.")
        files[f"{package}/{name}"] = read(assignment.reference / name)
    for folder in sorted({name.rpartition("/")[0] for name in files}):
        init = f"{folder}/__init__.py".removeprefix(f"{package}/")
        title = f'"""{assignment.title}."""\n'.encode()  # the reference's own docstring contains the word "solution"
        files[f"{folder}/__init__.py"] = read(assignment.reference / init) if folder != package else title
    files |= student_notebooks(assignment)
    files |= {name: read(path) for name, path in found_in(assignment.folder / "template").items()}
    page = messages_page(assignment.folder)
    files |= {PAGE: page.encode()} if page else {}
    for name, content in files.items():
        markers = [marker for marker in (BEGIN, END) if marker.encode() in content]
        if markers:
            raise AssignmentError(
                f"{name}: students get this file, but it contains {markers[0]!r}. List it in student_files."
            )
    return dict(sorted(files.items()))


def write_template(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write every file, each atomically. Other files in the folder stay; `drift` lists them."""
    for name, content in files.items():
        write_bytes(folder / name, content)


def drift(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """List the differences between a folder and these files, one line each. Ignores line endings."""
    found = found_in(folder)
    lines = [f"{name}: missing" for name in files if name not in found]
    lines += [
        f"{name}: differs"
        for name, path in found.items()
        if name in files and with_lf(read(path)) != with_lf(files[name])
    ]
    lines += [f"{name}: not part of the template. Remove it." for name in found if name not in files]
    return sorted(lines)


def found_in(folder: Path) -> dict[str, Path]:
    """Return the files of a folder by their path below it, except files that running and compiling leave behind."""
    paths = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name.as_posix(): path for name, path in paths.items() if not LEFT_BEHIND & {*name.parts, name.suffix}}


def with_lf(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        found = f"cannot be read ({error.strerror}), expected a file for the students' package"
        raise AssignmentError(f"{path}: {found}. Create it.") from error
