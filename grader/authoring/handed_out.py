"""The notebooks as students got them, made from their sources: what grading compares a student's with."""

from __future__ import annotations

from grader.assignment.load import Assignment
from grader.authoring.make_template import notebooks_of
from grader.intake.notebooks.answers import HandedOut, handed_out_from


def handed_out(assignment: Assignment) -> HandedOut:
    """Raises AssignmentError for a source that makes no notebook, and for points of a question that is not asked."""
    return handed_out_from(notebooks_of(assignment), assignment.questions)
