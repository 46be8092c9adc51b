"""The zip that is handed out: `student_template.zip`.

    student_template/
      README.md, requirements.txt, notebooks, <package>/, …    the template (make_template.py)
      assignment/                                              its public part (public_part.py)
      wheels/<grader>.whl                                      what `grader check` is

requirements.txt names the wheel by its path, so one command sets everything up, in the unpacked folder. Before any of
it leaves, every file, those of the wheel among them, is searched for what must not be told (public_part.py).

The wheel is the grader's package as it lies here, and nothing that lies beside it, whatever a build of the whole
project would take along: compiled kernels, an old build folder. So it is one file for every system, the same bytes for
the same source. Source of its format: the Python packaging guide, binary distribution format.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Final

import grader
from grader.assignment.load import Assignment
from grader.authoring.make_template import make_template
from grader.authoring.new_assignment import STARTER
from grader.authoring.public_part import find_disclosed, public_files
from grader.errors import AssignmentError, GraderError
from grader.student.pack import zip_bytes

REQUIREMENTS: Final = "requirements.txt"
DISTRIBUTION: Final = "layergrader"
WHEEL: Final = b"Wheel-Version: 1.0\nGenerator: grader release\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def make_release(assignment: Assignment) -> dict[str, bytes]:
    """Every file of the zip by its path. Raises AssignmentError if one of them tells what students must not see."""
    files = make_template(assignment)
    files |= {f"assignment/{name}": content for name, content in public_files(assignment).items()}
    name, wheel = make_wheel()
    wheel_path = f"wheels/{name}"
    if REQUIREMENTS not in files:
        raise AssignmentError(f"{assignment.folder}: template/{REQUIREMENTS} not found. Write one: it may be empty.")
    files[wheel_path] = wheel
    files[REQUIREMENTS] = f"# The checker, from this folder.\n./{wheel_path}\n".encode() + files[REQUIREMENTS]
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        packed = {f"{wheel_path}/{member}": archive.read(member) for member in archive.namelist()}
    told = find_disclosed(assignment, {**files, **packed})
    if told:
        found = "; ".join(told[:5]) + (f" and {len(told) - 5} more" if len(told) > 5 else "")
        raise AssignmentError(f"release: {found}. Write it otherwise in one of the two. Nothing was written.")
    return {f"student_template/{name}": content for name, content in sorted(files.items())}


def make_wheel() -> tuple[str, bytes]:
    """File name and content. Raises GraderError if the grader is not installed, or another version of it is."""
    try:
        installed = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        found = "is not installed, so its dependencies are unknown"
        raise GraderError(f"{DISTRIBUTION}: {found}. Run make setup.") from None
    if installed.version != grader.VERSION:
        found = f"version {installed.version} is installed, expected {grader.VERSION}"
        raise GraderError(f"{DISTRIBUTION}: {found}. Run make setup.")
    described = installed.read_text("METADATA") or installed.read_text("PKG-INFO") or ""
    root = Path(grader.__file__).parent
    files = {
        path.relative_to(root.parent).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
        if not path.is_relative_to(STARTER)  # its solution would be handed out
    }
    info = f"{DISTRIBUTION}-{grader.VERSION}.dist-info"
    files[f"{info}/METADATA"] = described.partition("\n\n")[0].encode() + b"\n"  # fields alone: the rest is the README
    files[f"{info}/WHEEL"] = WHEEL
    files[f"{info}/entry_points.txt"] = (installed.read_text("entry_points.txt") or "").encode()
    record = "".join(f"{name},{digest(content)},{len(content)}\n" for name, content in sorted(files.items()))
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    return f"{DISTRIBUTION}-{grader.VERSION}-py3-none-any.whl", zip_bytes(files)


def digest(content: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
