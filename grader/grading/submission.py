"""Grades one submission: collect → stage → run → judge → record.

`grade_submission` makes a Result from files in memory. A submission's failures are in its Result. A fault of the
grader raises GraderError; the caller then writes status grader_error, which replaces no earlier result.
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

# Seconds after submission_wall_s: at LATE_S the watchdog stops the judge, if it has not ended by itself, and the
# result is ready before WATCH_S.
LATE_S: Final = 1.5
WATCH_S: Final = 5.0
DEFINED: Final = re.compile(r"(?:def|class)[ \t]+(\w+)")
# A line that belongs to the definition above it: empty, indented, a comment, or the end of a signature in brackets.
GOES_ON: Final = re.compile(r"\s*$|[ \t#)\]}]")
# Limits of one definition on the pages. The longest one in the reference, FullyConnectedNet, has 136 lines.
CODE_LINES: Final = 150
CODE_CHARS: Final = 8000
THEIR_SHARE: Final = 0.5  # if the sandboxes used this share of submission_wall_s, a timeout is the submission's fault


def grade_submission(submission: Submission, context: Context) -> Result:
    """Stage, run and judge one submission, within submission_wall_s and WATCH_S. Raises GraderError.

    All student code ends at submission_wall_s. If the judge does not end soon after, the watchdog stops it
    (watchdog.py), and the result contains the checks that were finished. If the submission's code used most of the
    time, the other checks are `timeout`. Otherwise it is the grader's fault: staff see the same checks under status
    grader_error, which takes no mark away and overwrites no earlier result.
    """
    started = time.monotonic()
    until = started + context.limits.submission_wall_s
    # The judge's thread appends the run, so that this thread can stop its sandboxes and read its results.
    at_work: list[SubmissionRun] = []

    def stop() -> None:
        for run in at_work:
            run.sandboxes.stop()

    try:
        return run_watched(lambda: grade(submission, context, started, at_work), until + LATE_S, stop)
    except Overdue as overdue:
        where = overdue.where
    last = until + WATCH_S - TRIES * ENDING_S  # leave the watchdog time to stop this second work, too
    try:
        return run_watched(lambda: conclude_late(context, started, at_work, where), last, stop)
    except Overdue as overdue:
        raise fault(late_reason(context, overdue.where)) from None


def run_watched(work: Callable[[], Result], until: float, stop: Callable[[], None]) -> Result:
    with judging() as thread:
        return thread.run(work, until, stop)


def grade(submission: Submission, context: Context, started: float, at_work: list[SubmissionRun]) -> Result:
    """Grade without a watchdog. at_work: gets the SubmissionRun appended before it begins."""
    if submission.problem is not None:
        return replace(blank_result(submission, context, started), status=UNREADABLE, reason=submission.problem)
    # The submission's handout decides which checks run.
    handout, _ = context.handouts.of(submission)
    account = TimeAccount(started + context.limits.submission_wall_s)
    with work_folder(context.scratch) as folder:
        run = SubmissionRun(Sandboxes(submission, context, handout, folder, account))
        at_work.append(run)
        run.run()
    return conclude(started, run)


def conclude(started: float, run: SubmissionRun) -> Result:
    """Make a Result from all trials. A check without a trial counts as a timeout."""
    submission, context, handout = run.sandboxes.submission, run.sandboxes.context, run.sandboxes.handout
    order = [check for check in context.assignment.checks if handout.has(check)]
    results = settle([run.trial_of(check) for check in order])
    # A mistake costs once: with stubs, a check may earn the points that another function's mistake cost.
    if run.on_stubs:
        on_stubs = settle([run.on_stubs.get(check.id) or run.trial_of(check) for check in order])
        results = choose(results, on_stubs, run.on_stubs.keys(), context.assignment.stubs)
    results = with_left_out(results, context.assignment, handout)
    functions = sum_up(results, needs_of(context.assignment), definitions_of(context.assignment, submission))
    duration_s = time.monotonic() - started
    blank = blank_result(submission, context, started)
    return replace(
        blank,
        # Round only the sum, because points of functions are fractions, and staff add up the shown numbers.
        score=round(sum(result.points for result in results), 2),
        checks=tuple(results),
        functions=tuple(functions),
        notes=(*blank.notes, *filter(None, [blank.grounds]), *run.sandboxes.notes),
        duration_s=round(duration_s, 4),
        spent_s=run.sandboxes.spent_s(duration_s),
    )


def conclude_late(context: Context, started: float, at_work: list[SubmissionRun], where: str) -> Result:
    """Return the result of a submission whose judge was stopped. Raises GraderError if no run has begun."""
    if not at_work:
        raise fault(late_reason(context, where))
    run = at_work[0]
    result = conclude(started, run)
    # used_s is a lower bound of the time that the submission's code used, so errors favour the student.
    if run.sandboxes.used_s >= THEIR_SHARE * context.limits.submission_wall_s:
        return replace(result, notes=(*result.notes, Reason.of("too_late")))
    return replace(result, status=GRADER_ERROR, reason=late_reason(context, where))


def late_reason(context: Context, where: str) -> Reason:
    return Reason.of("late_judge", late_s=LATE_S, seconds=context.limits.submission_wall_s, where=where)


def with_left_out(results: list[CheckResult], assignment: Assignment, handout: Handout) -> list[CheckResult]:
    """Return all checks' results in order, with the handout's titles. A check that the handout lacks has no points."""
    not_in_handout = []
    for check in [check for check in assignment.checks if not handout.has(check)]:
        reason = Reason.of("not_asked", handout=handout.name, years=handout.years)
        if check.function in handout.solved:
            reason = Reason.of("given_solved", handout=handout.name, years=handout.years)
        not_in_handout.append(Trial(replace(check, max_points=0.0), Failure(NOT_APPLICABLE, "", reason)))
    # In the assignment's order, so that reports of two submissions can be compared line by line.
    by_id = {result.id: result for result in [*results, *settle(not_in_handout)]}
    ordered = [by_id[check.id] for check in assignment.checks]
    return [replace(one, title=handout.titles.get(one.id, one.title)) for one in ordered]


def definitions_of(assignment: Assignment, submission: Submission) -> dict[str, tuple[int, str]]:
    """Return the line and the text of each function's definition in the student's file.

    The last definition counts, as in Python. The text ends before the next statement that has no indent.
    """
    found = {}
    for file in {file_of(function) for function in assignment.functions} & submission.files.keys():
        # Search with a pattern, because a file with a syntax error also has definitions. Split bytes, because Python
        # counts lines so; a string would also be split at form feeds.
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
    """Return for each function the functions that it may call, and those whose results its checks pass to it."""
    needs: dict[str, list[str]] = {function: list(called) for function, called in assignment.stubs.items()}
    for check in assignment.checks:
        if check.needs and check.needs not in needs.setdefault(check.function, []):
            needs[check.function].append(check.needs)
    return needs


def blank_result(submission: Submission, context: Context, started: float) -> Result:
    assignment = context.assignment
    handout, grounds = context.handouts.of(submission)
    theirs = [notebook for notebook in submission.answers if handout.has_file(f"{notebook.handed_out}.ipynb")]
    # A notebook that the handout lacks is shown as it is, because there are no questions to compare with.
    notebooks = tuple(n if n in theirs else replace(n, handed_out="", answers=()) for n in submission.answers)
    left_out = sum(check.max_points for check in assignment.checks if not handout.has(check))
    # The maximum excludes checks that the handout lacks, so that full marks stay possible.
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
        max_score=round(float(sum(assignment.functions.values())) - left_out, 2),  # rounded like the score
        duration_s=round(time.monotonic() - started, 4),
        notes=(*submission.notes, *(submission.notebook_notes if theirs else ())),
        grounds=grounds,
        notebooks=notebooks,
    )
