"""Gradescope: makes an autograder zip that runs no submission, but returns the grades.

    zip: setup.sh, run_autograder, grades.json ─► uploaded as the assignment's autograder ─► "Regrade all submissions"
    run_autograder: find the grade by the submission's number, else by its members' addresses ─► results.json

Gradescope takes the marks of a programming assignment only from its autograder. If a student is not in grades.json, or
the assignment has another maximum, the run fails and Gradescope shows staff the reason. A hidden test would hide the
student's total, so students see everything once marks are published.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from grader.delivery.hand_back import GradePart, HandBack, rounded
from grader.records import AFTER_PUBLISHED

SCRIPT: Final = Path(__file__).parent / "gradescope_answer.py"
# Gradescope's image is Ubuntu. The script needs only a Python 3.
SETUP: Final = "#!/bin/sh\ncommand -v python3 >/dev/null || { apt-get update && apt-get install -y python3; }\n"
EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the same grades give the same zip
MAY_RUN: Final = 0o100755 << 16


def autograder_zip(records: Sequence[HandBack]) -> tuple[bytes, dict[str, str]]:
    """Return the zip, and for each record that is not in the zip: label → reason."""
    left_out = {}
    grades = []
    for record in records:
        if record.grade is None:
            continue
        if not record.lms_id and not record.email:
            left_out[record.label] = "neither its number on Gradescope nor an email address is known"
            continue
        grades.append(
            {"submission": record.lms_id, "emails": record.email.casefold().split(), "results": results_of(record)}
        )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        members = {"setup.sh": SETUP, "run_autograder": SCRIPT.read_text(encoding="utf-8")}
        members["grades.json"] = json.dumps({"grades": grades}, ensure_ascii=False)
        for name, text in members.items():
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, MAY_RUN
            file.writestr(info, text)
    return content.getvalue(), left_out


def results_of(record: HandBack) -> dict[str, Any]:
    """Return results.json of one student. max_points: the maximum; gradescope_answer.py compares it with the
    assignment's."""
    return {
        "score": float(rounded(record.grade or 0.0)),
        "max_points": float(rounded(record.max_grade)),
        "output": record.text,
        "output_format": "text",
        "visibility": AFTER_PUBLISHED,
        "stdout_visibility": "hidden",
        "tests": [test_of(part) for part in record.parts],
    }


def test_of(part: GradePart) -> dict[str, Any]:
    score, most = (float(rounded(points)) for points in (part.points, part.max_points))
    return {
        "name": part.name,
        "score": score,
        "max_score": most,
        "status": "passed" if score >= most else "failed",
        "output": part.text,
        "output_format": "text",
        "visibility": AFTER_PUBLISHED,
    }
