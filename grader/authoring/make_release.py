"""Makes the zip that students get: `student_template.zip`.

    student_template/
      README.md, requirements.txt, notebooks, <package>/, …    the template (make_template.py)
      assignment/                                              the public part of the assignment (public_part.py)
      wheels/<grader>.whl                                      the grader, which runs `grader check`

requirements.txt names the wheel by its path, so one command in the unpacked folder installs everything. Before the zip
is written, every file in it, also inside the wheel, is searched for secrets (public_part.py).

The wheel is made here and not by a build of the whole project, which could also pack compiled kernels or an old build
folder. The wheel holds the package `grader` and nothing else, so it can be installed on every system, and the same
source gives the same bytes. Source of the format: Python packaging user guide, binary distribution format.
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
from grader.authoring.public_part import find_secrets, public_files
from grader.errors import AssignmentError, GraderError
from grader.student.pack import zip_bytes

REQUIREMENTS: Final = "requirements.txt"
DISTRIBUTION: Final = "layergrader"
WHEEL: Final = b"Wheel-Version: 1.0\nGenerator: grader release\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def make_release(assignment: Assignment) -> dict[str, bytes]:
    """Return every file of the zip by its path. Raises AssignmentError if a file contains a secret."""
    files = make_template(assignment)
    files |= {f"assignment/{name}": content for name, content in public_files(assignment).items()}
    name, wheel = make_wheel()
    wheel_path = f"wheels/{name}"
    if REQUIREMENTS not in files:
        raise AssignmentError(
            f"{assignment.folder}: template/{REQUIREMENTS} does not exist. Create it; it may be empty."
        )
    files[wheel_path] = wheel
    files[REQUIREMENTS] = f"# The checker, from this folder.\n./{wheel_path}\n".encode() + files[REQUIREMENTS]
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        packed = {f"{wheel_path}/{member}": archive.read(member) for member in archive.namelist()}
    secrets = find_secrets(assignment, {**files, **packed})
    if secrets:
        found = "; ".join(secrets[:5]) + (f" and {len(secrets) - 5} more" if len(secrets) > 5 else "")
        raise AssignmentError(f"release: {found}. Nothing was written. Rephrase the line in one of the two files.")
    return {f"student_template/{name}": content for name, content in sorted(files.items())}


def make_wheel() -> tuple[str, bytes]:
    """Return the file name and the content of the wheel.

    Raises GraderError if the grader is not installed, or if another version than this one is installed.
    """
    try:
        installed = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        found = "not installed, so its dependencies are unknown"
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
        if not path.is_relative_to(STARTER)  # the starter assignment contains a solution
    }
    info = f"{DISTRIBUTION}-{grader.VERSION}.dist-info"
    # The fields of the metadata end at the first empty line; the README follows.
    files[f"{info}/METADATA"] = described.partition("\n\n")[0].encode() + b"\n"
    files[f"{info}/WHEEL"] = WHEEL
    files[f"{info}/entry_points.txt"] = (installed.read_text("entry_points.txt") or "").encode()
    record = "".join(f"{name},{digest(content)},{len(content)}\n" for name, content in sorted(files.items()))
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    return f"{DISTRIBUTION}-{grader.VERSION}-py3-none-any.whl", zip_bytes(files)


def digest(content: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
