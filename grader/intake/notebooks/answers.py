"""Read what students wrote in the handed-out notebooks: their answers, and check cells that they changed.

    a submission's notebooks ─┐
    those handed out ─────────┴─► NotebookResult, … (answers to read and mark) and notes; nothing here costs marks

If a text of a student is ignored, a note says so. If a student handed in several copies of a notebook, each answer is
read from a copy that contains it. Notes name what was read from which copy, what was not read, and what was not found.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from grader.assignment.load import Assignment
from grader.assignment.notebook_sources import student_notebooks
from grader.errors import AssignmentError
from grader.intake.names import few, fold, show
from grader.intake.notebooks.alignment import ANSWER, CHECK, find_written
from grader.intake.notebooks.cells import Cell, UnreadableNotebook, cells_of
from grader.records import ABSENT, ANSWERED, UNANSWERED, Answer, NotebookResult, Reason

MOST_CHARS: Final = 20_000  # of one answer: the result's JSON file contains it, and nobody reads more
MOST_NAMED: Final = 8  # the largest number of cells or questions in one note
# Colab and Jupyter write a pasted picture into a cell's text. The answer leaves it out; the notebook's page shows it.
DATA_URL: Final = re.compile(r"data:([\w.+-]{1,40}/[\w.+-]{1,80})(?:;[\w.=+-]{1,40}){0,8},[\w+/=%-]{80,}")


@dataclass(frozen=True)
class HandedOut:
    """The handed-out notebooks.

    cells: for each notebook's file name without .ipynb (its stem), the cells. points: the maximum for each question
    that staff mark.
    """

    cells: Mapping[str, tuple[Cell, ...]]
    points: Mapping[str, float]

    def answers_in(self, cells: Sequence[Cell], stem: str) -> list[Answer]:
        """Return one answer for each answer cell of the handed-out notebook."""
        found = find_written(cells, self.cells[stem])
        answers = []
        question = ""
        for asked in self.cells[stem]:
            if asked.role != ANSWER:
                question = asked.text if asked.kind == "markdown" else question
                continue
            written = found[asked.name]
            kinds = {cell.kind for cell in written.cells}
            answers.append(
                Answer(
                    question=asked.name,
                    asks=question,
                    kind=kinds.pop() if len(kinds) == 1 else "markdown" if kinds else asked.kind,
                    status=ANSWERED if written.cells else UNANSWERED if written.is_there else ABSENT,
                    text=bounded("\n\n".join(cell.text for cell in written.cells)),
                    max_points=self.points.get(asked.name, 0.0),
                )
            )
        return answers


def handed_out_from(notebooks: Mapping[str, bytes], points: Mapping[str, float]) -> HandedOut:
    """Build HandedOut from the handed-out files.

    Raises AssignmentError unless each question with points has exactly one answer cell.
    """
    cells = {stem_of(name): cells_of(content) for name, content in notebooks.items()}
    asked = [cell.name for each in cells.values() for cell in each if cell.role == ANSWER]
    for question in points:
        if asked.count(question) != 1:
            found = "no answer cell" if question not in asked else f"{asked.count(question)} answer cells"
            text = f"[questions] has {question}, {found} of this name, expected one. Correct the name."
            raise AssignmentError(f"assignment.toml: {text}")
    return HandedOut(cells, points)


def read_notebooks(
    notebooks: Mapping[str, bytes], handed_out: HandedOut, *, left_out: Collection[str] = ()
) -> tuple[tuple[NotebookResult, ...], tuple[Reason, ...]]:
    """Read all notebooks of a submission, and write notes on them. Raises no exception, whatever they contain.

    left_out: names of notebooks that were not read, because they exceed a limit.
    """
    read: dict[str, tuple[Cell, ...]] = {}
    problems: dict[str, Reason] = {}
    for name, content in notebooks.items():
        try:
            read[name] = cells_of(content)
        except UnreadableNotebook as problem:
            problems[name] = problem.reason
    notes = [Reason.of("of_file", file=show(name), what=problem) for name, problem in problems.items()]
    copies = find_copies(read, handed_out)
    stems: dict[str, str] = {}
    answers: dict[str, list[Answer]] = {}
    for stem, names in copies.items():
        found = {name: handed_out.answers_in(read[name], stem) for name in names}
        best = max(found, key=lambda name: (len(answered(found[name])), fold(stem_of(name)) == fold(stem)))
        stems[best] = stem
        answers[best], on_copies = fill_in(best, found)
        notes += on_copies
        written = find_written(read[best], handed_out.cells[stem])
        lost = [question for question, one in written.items() if one.by_question and one.cells]
        if lost:  # these answers are at the right places, but an editor removed metadata and ids of their cells
            notes.append(Reason.of("metadata_lost", file=show(best), names=few(lost, MOST_NAMED)))
    named = {fold(stem): stem for stem in handed_out.cells}
    for name in problems:  # staff must give points for the questions of unreadable notebooks, too
        stem = named.get(fold(stem_of(name)), "")
        if stem and stem not in stems.values():
            stems[name], answers[name] = stem, handed_out.answers_in((), stem)
    results = []
    for name, content in notebooks.items():
        stem = stems.get(name, "")
        digest = hashlib.sha256(content).hexdigest()
        results.append(NotebookResult(name, stem, digest, problems.get(name), tuple(answers.get(name, ()))))
        if stem and name in read:
            notes += note_changed_checks(stem, read[name], handed_out.cells[stem])
    beyond = {named.get(fold(stem_of(name)), "") for name in left_out}
    missing = [stem for stem in handed_out.cells if stem not in stems.values()]
    lacking = [stem for stem in missing if stem not in beyond]
    strangers = [name for name in read if not any(name in names for names in copies.values())]
    if strangers and lacking:  # unknown notebooks may be the missing notebooks: a person has to look
        notes.append(Reason.of("strangers", names=few(strangers, MOST_NAMED)))
    if stems and lacking:
        notes.append(Reason.of("notebooks_lacking", names=[f"{stem}.ipynb" for stem in lacking]))
    for stem in missing if stems or any(beyond) else ():  # the questions of a missing notebook count as unanswered
        why = Reason.of("notebook_beyond_limit") if stem in beyond else Reason.of("notebook_absent")
        results.append(NotebookResult(f"{stem}.ipynb", stem, "", why, tuple(handed_out.answers_in((), stem))))
    return tuple(results), tuple(notes)


def find_copies(read: Mapping[str, Sequence[Cell]], handed_out: HandedOut) -> dict[str, list[str]]:
    """Return for the stem of each handed-out notebook the student's notebooks that were made from it.

    A notebook was made from a handed-out one if it has the same file name, or at least half of the cells. If its name
    only contains the stem ("Copy of Nets"), one of the cells is enough; with none, it may be a student's own notes.
    """
    copies: dict[str, list[str]] = {}
    stems = {fold(stem): stem for stem in handed_out.cells}
    for name, cells in read.items():
        stem = stems.get(fold(stem_of(name)))
        if stem is None:
            shares = {stem: share(cells, original) for stem, original in handed_out.cells.items()}
            within = [stem for folded, stem in stems.items() if folded in fold(name) and shares[stem]]
            likely = [stem for stem in shares if shares[stem] >= 0.5]
            stem = max(within or likely, key=lambda stem: (len(stem) if within else 0, shares[stem]), default=None)
        if stem is not None:
            copies.setdefault(stem, []).append(name)
    return copies


def share(cells: Sequence[Cell], original: Sequence[Cell]) -> float:
    """Return the share of the handed-out notebook in `cells`: of its named cells or of its texts, the larger share."""
    named = [(cell.role, cell.name) for cell in original if cell.role]
    there = {(cell.role, cell.name) for cell in cells if cell.role} | {tuple(cell.id.split("-", 1)) for cell in cells}
    by_name = sum(one in there for one in named) / len(named) if named else 0.0
    texts = {cell.text for cell in original} - {""}
    by_text = len(texts & {cell.text for cell in cells}) / len(texts) if texts else 0.0
    return max(by_name, by_text)


def bounded(text: str) -> str:
    """Return an answer without the bytes of pasted pictures, cut to MOST_CHARS characters."""
    text = DATA_URL.sub(lambda match: f"data:{match[1]} ({len(match[0]):,} characters)", text)
    return text if len(text) <= MOST_CHARS else f"{text[:MOST_CHARS]} … (cut off)"


def answered(answers: Sequence[Answer]) -> dict[str, Answer]:
    return {answer.question: answer for answer in answers if answer.status == ANSWERED}


def fill_in(best: str, copies: Mapping[str, Sequence[Answer]]) -> tuple[list[Answer], list[Reason]]:
    """Return the answers of the best copy of a notebook, with missing answers from other copies; and notes on them."""
    filled = {answer.question: answer for answer in copies[best]}
    notes = []
    for name in [name for name in copies if name != best]:
        theirs = answered(copies[name])
        taken = [question for question in theirs if filled[question].status != ANSWERED]
        differ = [q for q, answer in theirs.items() if q not in taken and answer.text != filled[q].text]
        filled |= {question: theirs[question] for question in taken}
        too = Reason.of("read_from_other", names=few(taken, MOST_NAMED), other=show(name)) if taken else ""
        unlike = Reason.of("answers_differ", names=few(differ, MOST_NAMED)) if differ else ""
        notes.append(Reason.of("copies", other=show(name), best=show(best), too=too, unlike=unlike))
    return list(filled.values()), notes


def note_changed_checks(stem: str, cells: Sequence[Cell], original: Sequence[Cell]) -> list[Reason]:
    """Return notes on check cells that the student changed or deleted. Ignores changed copies of an unchanged cell."""
    changed: list[str] = []
    deleted: list[str] = []
    texts = {cell.text for cell in cells}
    for asked in original:
        if asked.role == CHECK and asked.text not in texts:
            there = any(cell.stands_for(CHECK, asked.name) for cell in cells)
            (changed if there else deleted).append(asked.name)
    return [
        Reason.of("check_cells", notebook=stem, count=len(names), names=few(names, MOST_NAMED), how=how)
        for names, how in ((changed, Reason.of("changed")), (deleted, Reason.of("deleted")))
        if names
    ]


def stem_of(name: str) -> str:
    return name[: -len(".ipynb")] if name.lower().endswith(".ipynb") else name


def handed_out(assignment: Assignment) -> HandedOut:
    """Return the assignment's notebooks and points. Raises AssignmentError for a damaged source or missing question."""
    return handed_out_from(student_notebooks(assignment), assignment.questions)
