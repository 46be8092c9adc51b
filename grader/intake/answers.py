"""What students wrote in the notebooks that were handed out: their answers, and check cells that are not as they were.

    a submission's notebooks ─┐
    those handed out ─────────┴─► NotebookResult, … (answers to read and mark) and notes; nothing here costs a point

A cell is found by its metadata, else by its id: editors and older formats lose one or the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from grader.errors import AssignmentError
from grader.intake.names import fold, show
from grader.intake.notebooks import Cell, UnreadableNotebook, cells_of
from grader.records import ABSENT, ANSWERED, UNANSWERED, Answer, NotebookResult

CHECK, ANSWER = "check", "answer"
MOST_CHARS: Final = 20_000  # of an answer; nobody reads more, and the JSON file holds it
MOST_NAMED: Final = 8  # cells in one note


@dataclass(frozen=True)
class HandedOut:
    """The notebooks as students got them. cells: by stem. points: by question; none for those that nobody marks."""

    cells: Mapping[str, tuple[Cell, ...]]
    points: Mapping[str, float]


def handed_out_from(notebooks: Mapping[str, bytes], points: Mapping[str, float]) -> HandedOut:
    """From the files by name. Raises AssignmentError if points are for a question that none or several of them ask."""
    cells = {stem_of(name): cells_of(content) for name, content in notebooks.items()}
    asked = [cell.name for each in cells.values() for cell in each if cell.role == ANSWER]
    for question in points:
        if asked.count(question) != 1:
            found = "no answer cell" if question not in asked else f"{asked.count(question)} answer cells"
            raise AssignmentError(f"assignment.toml: [questions] has {question}, {found} of that name, expected one.")
    return HandedOut(cells, points)


def read_notebooks(
    notebooks: Mapping[str, bytes], handed_out: HandedOut
) -> tuple[tuple[NotebookResult, ...], tuple[str, ...]]:
    """Every notebook of a submission, and what is to be said about them. Nothing in them makes this raise."""
    read: dict[str, tuple[Cell, ...]] = {}
    problems: dict[str, str] = {}
    for name, content in notebooks.items():
        try:
            read[name] = cells_of(content)
        except UnreadableNotebook as problem:
            problems[name] = str(problem)
    stems, notes = match(read, problems, handed_out)
    notes = [f"{show(name)}: {problem}" for name, problem in problems.items()] + notes
    found = []
    for name, content in notebooks.items():
        original = handed_out.cells.get(stems.get(name, ""), ())
        found.append(
            NotebookResult(
                name=name,
                handed_out=stems.get(name, ""),
                sha256=hashlib.sha256(content).hexdigest(),
                problem=problems.get(name, ""),
                answers=tuple(find_answers(read.get(name, ()), original, handed_out.points)),
            )
        )
        if name in read:
            notes += tell_checks(show(stems.get(name, "")), read[name], original)
    lacking = [stem for stem in handed_out.cells if stem not in stems.values()]
    if stems and lacking:
        notes.append(f"Not handed in: {', '.join(f'{stem}.ipynb' for stem in lacking)}.")
    return tuple(found), tuple(notes)


def match(
    read: Mapping[str, Sequence[Cell]], problems: Mapping[str, str], handed_out: HandedOut
) -> tuple[dict[str, str], list[str]]:
    """Which notebook is which of those handed out: by its name, else by half of the named cells. The rest has none."""
    stems = {fold(stem): stem for stem in handed_out.cells}
    found = {name: stems[fold(stem_of(name))] for name in read if fold(stem_of(name)) in stems}
    notes = []
    for name, cells in read.items():
        if name in found:
            continue
        stem = max(handed_out.cells, key=lambda stem: share(cells, handed_out.cells[stem]), default="")
        if not stem or share(cells, handed_out.cells[stem]) < 0.5:
            continue
        if stem in found.values():
            taken = next(other for other, of in found.items() if of == stem)
            notes.append(f"{show(name)} is another {stem}.ipynb; answers were read from {show(taken)}.")
        else:
            found[name] = stem
    for name in problems:  # answers that cannot be read are still to be asked for
        stem = stems.get(fold(stem_of(name)), "")
        if stem and stem not in found.values():
            found[name] = stem
    return found, notes


def share(cells: Sequence[Cell], original: Sequence[Cell]) -> float:
    """How much of the named cells that were handed out is there."""
    named = [(cell.role, cell.name) for cell in original if cell.role]
    there = {(cell.role, cell.name) for cell in cells if cell.role} | {tuple(cell.id.split("-", 1)) for cell in cells}
    return sum(one in there for one in named) / len(named) if named else 0.0


def find_answers(cells: Sequence[Cell], original: Sequence[Cell], points: Mapping[str, float]) -> list[Answer]:
    """One answer for each answer cell that was handed out."""
    known = {cell.text for cell in original} | {""}
    ids = {cell.id for cell in original}
    answers = []
    question = ""
    for asked in original:
        if asked.role != ANSWER:
            question = asked.text if asked.kind == "markdown" else question
            continue
        places = [place for place, cell in enumerate(cells) if cell.stands_for(ANSWER, asked.name)]
        written = [cells[place] for place in places if cells[place].text not in ("", asked.text)]
        if places and not written:  # many write below the cell, not in it
            for cell in cells[places[-1] + 1 :]:
                if cell.role or cell.id in ids or cell.text in known:
                    break
                written.append(cell)
        text = "\n\n".join(cell.text for cell in written)
        answers.append(
            Answer(
                question=asked.name,
                asks=question,
                kind=written[0].kind if written else asked.kind,
                status=ANSWERED if written else UNANSWERED if places else ABSENT,
                text=text if len(text) <= MOST_CHARS else f"{text[:MOST_CHARS]} … (cut off)",
                max_points=points.get(asked.name, 0.0),
            )
        )
    return answers


def tell_checks(stem: str, cells: Sequence[Cell], original: Sequence[Cell]) -> list[str]:
    """Notes on check cells that were changed or deleted. A copy that is as it was is enough."""
    changed: list[str] = []
    deleted: list[str] = []
    texts = {cell.text for cell in cells}
    for asked in original:
        if asked.role == CHECK and asked.text not in texts:
            there = any(cell.stands_for(CHECK, asked.name) for cell in cells)
            (changed if there else deleted).append(asked.name)
    told = ((changed, "changed"), (deleted, "deleted"))
    return [f"{stem}: the check {listed(names)} {how}." for names, how in told if names]


def listed(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"cell {names[0]} was"
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"cells {', '.join(names[:MOST_NAMED])}{more} were"


def stem_of(name: str) -> str:
    return name[: -len(".ipynb")] if name.lower().endswith(".ipynb") else name
