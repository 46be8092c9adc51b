"""Makes submissions from the paths on the command line, one at a time.

    paths ─► find ─► [Found, …] ─► read ─► Submission ─► …
             all at once, cheap     one by one: memory holds one submission, however many there are

`find` reads only names and first bytes, and raises UsageError for a wrong path. `read` opens a student's files. Nothing
in these files makes `read` raise an exception: every problem becomes Submission.problem.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from grader.assignment.load import Assignment
from grader.errors import UsageError
from grader.intake.choose import choose, choose_notebooks
from grader.intake.finding import Found as Found
from grader.intake.finding import find_one, submission
from grader.intake.layout import SAKAI, find_class
from grader.intake.names import Ids, base_of, few, listed, show
from grader.intake.notebooks.answers import HandedOut, read_notebooks
from grader.intake.reading import is_ours, read_parts, read_tree
from grader.intake.tree import IntakeLimits, IntakeProblem, Tree
from grader.messages.say import fault, say
from grader.records import NotebookResult, Reason, Submission


def find(paths: Sequence[Path], assignment: Assignment) -> list[Found]:
    """List the submissions of all paths, in natural order within each path, with ids that are unique in the run.

    A path is one submission if it is a file, or directly contains a student file or the package folder. Otherwise each
    child of the path is one, except hidden files and those of CLASS_SUFFIXES and CLASS_NAMES. The bulk download of a
    learning platform gives one submission for each student; so does a folder below the path that holds a class
    (layout.py). An empty folder among several paths is a submission with a problem.
    Raises UsageError if a path does not exist or cannot be listed, if a download is still packed, or if nothing is
    found.
    """
    found: list[Found] = []
    empty: list[Found] = []
    for path in paths:
        if not os.path.exists(path):
            raise UsageError(f"{show(str(path))}: does not exist, expected a folder or an archive of submissions.")
    for path in paths:
        try:
            here = find_one(path, assignment)
        except OSError as error:
            raise UsageError(f"{show(str(path))}: cannot be read ({error.strerror}).") from error
        found += here
        if not here:
            real = path.resolve()
            empty.append(submission(real, str(path), real.name, problem=Reason.of("folder_is_empty")))
    if not found:
        names, wanted = ", ".join(show(str(path)) for path in paths), f"that hold {assignment.student_files[0]}"
        raise UsageError(f"{names}: no submission was found, expected folders or archives {wanted}.")
    ids = Ids()
    once = {(one.path, one.parts): one for one in (*found, *empty)}  # the user may have given a path twice
    return [replace(one, id=ids.give(one.called)) for one in once.values()]


def read(
    found: Found,
    assignment: Assignment,
    *,
    limits: IntakeLimits | None = None,
    notebooks: Callable[[], HandedOut] | None = None,
) -> Submission:
    """Read one submission. A fault of the submission becomes its `problem` and does not affect the rest of the run.

    notebooks: a function that returns the handed-out notebooks, called only for a submission with notebooks. If
    `notebooks` is None, no answers are read.
    Raises GraderError only if the machine failed (no memory or descriptors left, a disk or network share went away).
    """
    notes, student_files, package = found.notes, assignment.student_files, assignment.package
    limits = limits or IntakeLimits()
    try:
        if found.problem:
            raise IntakeProblem(found.problem)
        if found.parts:
            tree = read_parts(found.parts, limits, student_files)
        else:
            tree = read_tree(found.path, limits, student_files)
        notes += tree.notes
        layout = None if found.path.is_dir() else find_class([*tree.files, *tree.archives], student_files, package)
        if layout and layout.sure and len(layout.holders) > 1:  # the work of several students must not be mixed
            raise IntakeProblem(Reason.of("holds_a_class", count=len(layout.holders), names=listed(layout.holders)))
        choice = choose(tree.files, student_files=student_files, handed_out=assignment.handed_out, package=package)
        if not choice.files:
            raise IntakeProblem(describe_lack(tree, student_files))
        chosen = choose_notebooks(tree.notebooks, choice.roots)
        notes += choice.notes + chosen.notes + describe_unread(tree)
        answers: tuple[NotebookResult, ...] = ()
        on_answers: tuple[Reason, ...] = ()
        if chosen.files and notebooks:
            answers, on_answers = read_notebooks(chosen.files, notebooks(), left_out=list(map(base_of, tree.refused)))
        return Submission(found.id, found.source, choice.files, notes, None, chosen.files, answers, on_answers)
    except IntakeProblem as raised:
        problem = raised.reason
    except OSError as error:
        if is_ours(error):
            raise fault(Reason.of("source_cannot_be_read", source=found.source, error=error.strerror)) from error
        problem = Reason.of("cannot_be_read", error=error.strerror)
    place = show(os.path.basename(found.source) if found.path.name == SAKAI else found.path.name)
    return Submission(found.id, found.source, {}, notes, Reason.of("of_file", file=place, what=problem))


def describe_unread(tree: Tree) -> tuple[Reason, ...]:
    notes = list(map(say, tree.notes))
    names = [name for name in (*tree.archives, *tree.unread) if not any(show(name) in note for note in notes)]
    return (Reason.of("not_read", names=few(names)),) if names else ()


def describe_lack(tree: Tree, student_files: Sequence[str]) -> Reason:
    others = few(sorted(tree.files)[:5]) if tree.files else Reason.of("no_python_file")
    if len(tree.archives) > 1:
        others = Reason.of("only_archives", count=len(tree.archives))
    if tree.ignored:
        others = Reason.of("passed_over", folder=show(tree.ignored), others=others)
    return Reason.of("no_student_file", found=others, expected=student_files)
