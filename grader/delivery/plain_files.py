"""Grades for all other systems: a CSV table in which spreadsheets find no formula, and the same data as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

from grader.delivery.hand_back import HandBack, rounded, written
from grader.report.grades_csv import harmless

COLUMNS = ("submission", "name", "login", "email", "lms_id", "section", "grade", "max_grade", "late", "comment")


def grades_table(records: Sequence[HandBack]) -> str:
    """Return the table with one row for each student. A missing grade is an empty cell, not 0."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in records:
        grade = "" if one.grade is None else written(rounded(one.grade))
        names = (one.submission, one.name, one.login, one.email, one.lms_id, one.section)
        cells = (*names, grade, written(rounded(one.max_grade)), one.late, one.comment)
        writer.writerow([*map(harmless, cells[:6]), *cells[6:8], *map(harmless, cells[8:])])
    return text.getvalue()


def grades_json(records: Sequence[HandBack]) -> str:
    """Return {"grades": [...]} with one record on each line: the columns of the table, and the parts."""
    lines = []
    for one in records:
        record = {name: getattr(one, name) for name in COLUMNS}
        record["grade"] = None if one.grade is None else float(rounded(one.grade))
        record["parts"] = [vars(part) for part in one.parts]
        lines.append(json.dumps(record, ensure_ascii=True))
    return '{"grades": [\n' + ",\n".join(lines) + "\n]}\n"
