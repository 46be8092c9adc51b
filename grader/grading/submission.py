"""collect → stage → run → judge → record, for one submission.

`grade_submission` turns files in memory into a Result. A submission's failure is in its Result. A fault of ours is a
GraderError; the caller turns it into status grader_error, which replaces no earlier result.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from grader.assignment.load import Assignment
from grader.calls import Failure
from grader.function_ids import file_of, module_of_file
from grader.grading.context import Context
from grader.grading.reference_pool import judging
from grader.grading.sandboxes import Sandboxes
from grader.grading.submission_run import SubmissionRun
from grader.grading.watchdog import ENDING_S, TRIES, Overdue
from grader.grading.work_folder import work_folder
from grader.judging.adapt import Handout
from grader.judging.verdict import Trial, choose, settle, sum_up
from grader.messages.say import fault
from grader.records import (
    GRADED,
    GRADER_ERROR,
    NOT_APPLICABLE,
    UNREADABLE,
    CheckResult,
    Reason,
    Result,
    Submission,
)
from grader.sandbox.host.time_account import TimeAccount

# Seconds after submission_wall_s: the watchdog stops the judge after the first, and there is a result before the
# second. A judge that ends by itself does so at once.
LATE_S: Final = 1.5
WATCH_S: Final = 5.0
DEFINED: Final = re.compile(r"(?:def|class)[ \t]+(\w+)")
# A line that belongs to the definition above it: empty, indented, a comment, or the end of a signature in brackets.
GOES_ON: Final = re.compile(r"\s*$|[ \t#)\]}]")
# Of one definition, for the pages: the reference's longest, FullyConnectedNet, has 136 lines.
CODE_LINES: Final = 150
CODE_CHARS: Final = 8000
THEIR_SHARE: Final = 0.5  # if its sandboxes took this share of submission_wall_s, its code used the time


def grade_submission(submission: Submission, context: Context) -> Result:
    """Stage, run and judge one submission, within submission_wall_s and WATCH_S. Raises GraderError if we fail.

    Everything that a submission does ends with submission_wall_s. If the judge itself has not ended soon after, the
    watchdog stops it (watchdog.py), and the result consists of what is known by then. If the submission's own code used
    most of the time, the other checks are `timeout`. Otherwise the fault is ours: status grader_error, with the same
    checks for staff to see. That takes no mark away and overwrites no earlier result.
    """
    started = time.monotonic()
    until = started + context.limits.submission_wall_s
    # Filled by the judge's thread. A caller that leaves it needs the run, to stop its sandboxes and read its results.
    at_work: list[SubmissionRun] = []

    def stop() -> None:
        for run in at_work:
            run.sandboxes.stop()

    try:
        return run_watched(lambda: grade(submission, context, started, at_work), until + LATE_S, stop)
    except Overdue as overdue:
        where = overdue.where
    last = until + WATCH_S - TRIES * ENDING_S  # the watchdog needs that long to leave this second piece of work
    try:
        return run_watched(lambda: conclude_late(context, started, at_work, where), last, stop)
    except Overdue as overdue:
        raise fault(late_reason(context, overdue.where)) from None


def run_watched(work: Callable[[], Result], until: float, stop: Callable[[], None]) -> Result:
    with judging() as thread:
        return thread.run(work, until, stop)


def grade(submission: Submission, context: Context, started: float, at_work: list[SubmissionRun]) -> Result:
    """Grade without a watchdog. at_work: receives the run as soon as there is one."""
    if submission.problem is not None:
        return replace(blank_result(submission, context, started), status=UNREADABLE, reason=submission.problem)
    # Nothing of the submission has run yet; which handout it follows decides the checks.
    handout, _ = context.handouts.of(submission)
    account = TimeAccount(started + context.limits.submission_wall_s)
    with work_folder(context.scratch) as folder:
        run = SubmissionRun(Sandboxes(submission, context, handout, folder, account))
        at_work.append(run)
        run.run()
    return conclude(started, run)


def conclude(started: float, run: SubmissionRun) -> Result:
    """Turn all trials into a Result. A check without a trial counts as out of time."""
    submission, context, handout = run.sandboxes.submission, run.sandboxes.context, run.sandboxes.handout
    order = [check for check in context.assignment.checks if handout.has(check)]
    results = settle([run.trial_of(check) for check in order])
    # On stubs, a check may earn back what a sibling's mistake had cost it: a mistake costs once.
    if run.on_stubs:
        on_stubs = settle([run.on_stubs.get(check.id) or run.trial_of(check) for check in order])
        results = choose(results, on_stubs, run.on_stubs.keys(), context.assignment.stubs)
    results = with_left_out(results, context.assignment, handout)
    functions = sum_up(results, needs_of(context.assignment), definitions_of(context.assignment, submission))
    duration_s = time.monotonic() - started
    blank = blank_result(submission, context, started)
    return replace(
        blank,
        # Rounded once, at the end: points of functions are fractions, and their sum must be what staff read.
        score=round(sum(result.points for result in results), 2),
        checks=tuple(results),
        functions=tuple(functions),
        notes=(*blank.notes, *filter(None, [blank.grounds]), *run.sandboxes.notes),
        duration_s=round(duration_s, 4),
        spent_s=run.sandboxes.spent_s(duration_s),
    )


def conclude_late(context: Context, started: float, at_work: list[SubmissionRun], where: str) -> Result:
    """The result of a submission whose judge was stopped. Raises GraderError if nothing is known of the submission."""
    if not at_work:
        raise fault(late_reason(context, where))
    run = at_work[0]
    result = conclude(started, run)
    # Time in its own sandboxes is a lower bound of what its code used, so the doubt is in the submission's favour.
    if run.sandboxes.used_s >= THEIR_SHARE * context.limits.submission_wall_s:
        return replace(result, notes=(*result.notes, Reason.of("too_late")))
    return replace(result, status=GRADER_ERROR, reason=late_reason(context, where))


def late_reason(context: Context, where: str) -> Reason:
    return Reason.of("late_judge", late_s=LATE_S, seconds=context.limits.submission_wall_s, where=where)


def with_left_out(results: list[CheckResult], assignment: Assignment, handout: Handout) -> list[CheckResult]:
    """Return all checks' results in order, in the handout's words. A check that the handout lacks is worth nothing."""
    not_in_handout = []
    for check in [check for check in assignment.checks if not handout.has(check)]:
        reason = Reason.of("not_asked", handout=handout.name, years=handout.years)
        if check.function in handout.solved:
            reason = Reason.of("given_solved", handout=handout.name, years=handout.years)
        not_in_handout.append(Trial(replace(check, max_points=0.0), Failure(NOT_APPLICABLE, "", reason)))
    # In the assignment's order, whatever order the checks ran in: reports of two submissions can be compared by line.
    by_id = {result.id: result for result in [*results, *settle(not_in_handout)]}
    ordered = [by_id[check.id] for check in assignment.checks]
    return [replace(one, title=handout.titles.get(one.id, one.title)) for one in ordered]


def definitions_of(assignment: Assignment, submission: Submission) -> dict[str, tuple[int, str]]:
    """Return, for each function that a student's file defines, the line and the text of its definition.

    The last definition counts, as in Python. The text ends where the next statement without an indent begins.
    """
    found = {}
    for file in {file_of(function) for function in assignment.functions} & submission.files.keys():
        # By pattern, since a file with a syntax error has definitions too.
        # Bytes are split as Python counts lines; a string would also be split at form feeds and other marks.
        lines = [line.decode("utf-8", "replace") for line in submission.files[file].splitlines()]
        for start, line in enumerate(lines):
            if defined := DEFINED.match(line):
                found[f"{module_of_file(file)}.{defined[1]}"] = (start + 1, definition_at(lines, start))
    return {function: found[function] for function in assignment.functions if function in found}


def definition_at(lines: Sequence[str], start: int) -> str:
    """Return the text of the definition that begins at a line: at most CODE_LINES lines and CODE_CHARS characters."""
    most = lines[start : start + CODE_LINES]
    end = next((n for n, line in enumerate(most) if n and GOES_ON.match(line) is None), len(most))
    return "\n".join(most[:end]).rstrip()[:CODE_CHARS]


def needs_of(assignment: Assignment) -> dict[str, list[str]]:
    """For each function: the functions whose results its checks pass to it, and those that it may call."""
    needs: dict[str, list[str]] = {function: list(called) for function, called in assignment.stubs.items()}
    for check in assignment.checks:
        if check.needs and check.needs not in needs.setdefault(check.function, []):
            needs[check.function].append(check.needs)
    return needs


def blank_result(submission: Submission, context: Context, started: float) -> Result:
    assignment = context.assignment
    handout, grounds = context.handouts.of(submission)
    theirs = [notebook for notebook in submission.answers if handout.has_file(f"{notebook.handed_out}.ipynb")]
    # A notebook that the handout lacks has no questions to compare with, and is shown as it is.
    notebooks = tuple(n if n in theirs else replace(n, handed_out="", answers=()) for n in submission.answers)
    left_out = sum(check.max_points for check in assignment.checks if not handout.has(check))
    # Points that the handout does not ask for leave the maximum, so that full marks stay possible.
    return Result(
        submission={
            "id": submission.id,
            "source": submission.source,
            "sha256": submission.sha256,
            "files": submission.file_hashes,
        },
        assignment={"title": assignment.title, "sha256": context.assignment_sha256, "handout": handout.name},
        environment=context.environment,
        status=GRADED,
        score=0.0,
        max_score=round(float(sum(assignment.functions.values())) - left_out, 2),  # rounded as the score is
        duration_s=round(time.monotonic() - started, 4),
        notes=(*submission.notes, *(submission.notebook_notes if theirs else ())),
        grounds=grounds,
        notebooks=notebooks,
    )
