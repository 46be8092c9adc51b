"""Every Python with a NumPy on this machine gives the complete solutions full marks, under the filter of system calls.

It finds python3.8 to python3.14 on PATH, and the paths in GRADER_PYTHONS, separated as in PATH.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from cases import ROOT

from grader.grading.context import Settings, prepare
from grader.grading.submission import grade_submission
from grader.records import Submission

VERSIONS = range(8, 15)
CAN_RUN = "from numpy.lib.stride_tricks import sliding_window_view"  # the reference uses it


def pythons() -> list[str]:
    """This Python, and all others that the test finds and that can run the reference."""
    named = [path for path in os.environ.get("GRADER_PYTHONS", "").split(os.pathsep) if path]
    on_path = [path for minor in VERSIONS if (path := shutil.which(f"python3.{minor}"))]
    found = {sys.executable: None}
    for path in [*named, *on_path]:
        if subprocess.run([path, "-c", CAN_RUN], capture_output=True, check=False).returncode == 0:
            found[path] = None
    return list(found)


@pytest.fixture(scope="module", params=pythons())
def context(request):
    return prepare(Settings(str(ROOT / "assignment"), request.param, "auto"))


@pytest.mark.parametrize("name", ["complete", "complete-vectorised"])
def test_a_right_submission_has_full_marks_under_this_python(context, name):
    folder = ROOT / "submissions" / name
    files = {file: next(folder.rglob(file)).read_bytes() for file in context.assignment.student_files}
    result = grade_submission(Submission(name, name, files), context)
    assert [check.id for check in result.checks if check.status != "passed"] == []
    assert result.score == result.max_score
