"""The zip that is handed out: `student_template.zip`.

    student_template/
      README.md, requirements.txt, notebooks, <package>/, …    the template (template.py)
      assignment/                                              its public part (public.py)
      wheels/<grader>.whl                                      what `grader check` is (wheel.py)

requirements.txt names the wheel by its path, so one command sets everything up, in the unpacked folder. Before any of
it leaves, every file, those of the wheel among them, is searched for what must not be told (disclosed.py).
"""

from __future__ import annotations

import io
import zipfile
from typing import Final

from grader.assignment.load import Assignment
from grader.authoring.leaks import find_disclosed
from grader.authoring.make_template import make_template
from grader.authoring.public_part import public_files
from grader.authoring.wheel import make_wheel
from grader.errors import AssignmentError

ROOT: Final = "student_template"
ASSIGNMENT: Final = "assignment"
REQUIREMENTS: Final = "requirements.txt"


def make_release(assignment: Assignment) -> dict[str, bytes]:
    """Every file of the zip by its path. Raises AssignmentError if one of them tells what students must not see."""
    files = make_template(assignment)
    files |= {f"{ASSIGNMENT}/{name}": content for name, content in public_files(assignment).items()}
    name, wheel = make_wheel()
    wheel_path = f"wheels/{name}"
    if REQUIREMENTS not in files:
        raise AssignmentError(f"{assignment.folder}: template/{REQUIREMENTS} not found. Write one: it may be empty.")
    files[wheel_path] = wheel
    files[REQUIREMENTS] = f"# The checker, from this folder.\n./{wheel_path}\n".encode() + files[REQUIREMENTS]
    told = find_disclosed(assignment, {**files, **members(wheel_path, wheel)})
    if told:
        more = f" and {len(told) - 5} more" if len(told) > 5 else ""
        raise AssignmentError(
            f"release: {'; '.join(told[:5])}{more}. Write it otherwise in one of the two. Nothing was written."
        )
    return {f"{ROOT}/{name}": content for name, content in sorted(files.items())}


def members(name: str, content: bytes) -> dict[str, bytes]:
    """The files in an archive, by their path behind its own."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {f"{name}/{member}": archive.read(member) for member in archive.namelist()}
