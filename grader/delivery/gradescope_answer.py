#!/usr/bin/env python3
"""Writes a grade from grades.json for Gradescope. Opens and runs no file of the submission.

Runs as run_autograder beside source/, submission_metadata.json and results/. Uses only the standard library.
"""

import json
import sys
from pathlib import Path
from typing import Any


def find(grades: list[dict[str, Any]], metadata: dict[str, Any]) -> dict[str, Any]:
    """Return the results of this submission, by its number or by the address of one of its members."""
    number = str(metadata.get("id", ""))
    emails = {str(user.get("email", "")).lower() for user in metadata.get("users", [])} - {""}
    by_number = [one for one in grades if one["submission"] and one["submission"] == number]
    by_email = [one for one in grades if emails.intersection(one["emails"])]
    found = by_number or by_email
    if not found:
        sys.exit(f"no grade is known for submission {number} of {', '.join(sorted(emails))}")
    if any(one["results"] != found[0]["results"] for one in found):
        sys.exit(f"several grades fit submission {number} of {', '.join(sorted(emails))}")
    return dict(found[0]["results"])


def main() -> None:
    root = Path(__file__).resolve().parent
    metadata = json.loads((root / "submission_metadata.json").read_text(encoding="utf-8"))
    grades = json.loads((root / "source" / "grades.json").read_text(encoding="utf-8"))["grades"]
    results = find(grades, metadata)
    most = results.pop("max_points")
    total = metadata.get("assignment", {}).get("total_points")
    if total is not None and float(total) != most:
        sys.exit(f"the assignment has {total} points on Gradescope, but the maximum of the grades is {most}")
    (root / "results").mkdir(exist_ok=True)
    (root / "results" / "results.json").write_text(json.dumps(results), encoding="utf-8")


if __name__ == "__main__":
    main()
