"""Match the cells of a student's notebook with those of the handed-out notebook, and find what the student wrote where.

    handed out:  question   answer cell   check cell   question   answer cell
    handed in:   question   (own) answer cell (own)    check cell   …

A cell of the student's notebook is recognised by its metadata, else by its id, else by its text, if only one cell of
the handed-out notebook has this text. Every other cell is the student's own. An answer consists of the answer cell and
the student's own cells around it, up to the next recognised cell. Colab and some editors remove metadata and ids. If no
answer cell is found for this reason, the answer consists of the student's own cells below the question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from grader.intake.notebooks.cells import Cell

CHECK, ANSWER = "check", "answer"


@dataclass(frozen=True)
class WrittenCells:
    """What the student wrote for one answer cell."""

    cells: tuple[Cell, ...]
    is_there: bool  # whether the answer cell, or the question above it, was found
    by_question: bool = False  # whether the question was found, but not the answer cell


def find_written(cells: Sequence[Cell], original: Sequence[Cell]) -> dict[str, WrittenCells]:
    """Return for the name of each handed-out answer cell what the student wrote. No cell is part of two answers."""
    originals = align(cells, original)
    places: dict[int, list[int]] = {}  # for each cell of `original`, where it is in `cells`; several times if copied
    for place, position in enumerate(originals):
        places.setdefault(position, []).append(place)
    known = {cell.text for cell in original} | {""}
    are_own = [position < 0 and cell.text not in known for cell, position in zip(cells, originals, strict=True)]
    used: set[int] = set()
    found = {}
    for position, asked in enumerate(original):
        if asked.role != ANSWER:
            continue
        here = places.get(position, [])
        question = None if here else place_above(position, places, original)
        chosen = {place for place in here if cells[place].text not in ("", asked.text)}
        if here:
            chosen |= {*above(here[0], originals, original, are_own), *below(here[-1], are_own)}
        elif question is not None:
            passed = [own or cell.text == asked.text for own, cell in zip(are_own, cells, strict=True)]
            chosen |= {place for place in below(question, passed) if are_own[place]}
        chosen -= used
        used |= chosen
        written = tuple(cells[place] for place in sorted(chosen))
        found[asked.name] = WrittenCells(written, bool(here) or question is not None, question is not None)
    return found


def align(cells: Sequence[Cell], original: Sequence[Cell]) -> list[int]:
    """Return for each cell its position in `original`, or -1 for the student's own cells. Takes linear time."""
    texts = Counter(cell.text for cell in original)
    by_name = {(cell.role, cell.name): position for position, cell in enumerate(original) if cell.role}
    by_id = {f"{role}-{name}": position for (role, name), position in by_name.items()}
    by_id |= {cell.id: position for position, cell in enumerate(original) if cell.id and cell.id not in by_id}
    by_text = {cell.text: position for position, cell in enumerate(original) if cell.text and texts[cell.text] == 1}
    originals = []
    for cell in cells:
        position = by_name.get((cell.role, cell.name), -1) if cell.role else by_id.get(cell.id, -1)
        originals.append(position if position >= 0 else by_text.get(cell.text, -1))
    return originals


def below(place: int, passed: Sequence[bool]) -> Iterator[int]:
    """Yield the places of the cells directly below `place`, up to the first cell for which `passed` is false."""
    return takewhile(lambda other: passed[other], range(place + 1, len(passed)))


def above(place: int, originals: Sequence[int], original: Sequence[Cell], are_own: Sequence[bool]) -> list[int]:
    """Return the places of the student's own cells directly above an answer cell.

    Returns none if these cells follow another answer cell, because then they belong to that answer.
    """
    own = list(takewhile(lambda other: are_own[other], range(place - 1, -1, -1)))
    before = originals[place - len(own) - 1] if len(own) < place else -1
    return [] if before >= 0 and original[before].role == ANSWER else own


def place_above(position: int, places: Mapping[int, list[int]], original: Sequence[Cell]) -> int | None:
    """Return the place of the question of the answer cell at `position` in `original`; None if it was not found.

    The question is the nearest cell above the answer cell in `original` that the student's notebook has. The search
    ends at another answer cell, because the cells above that one belong to another question.
    """
    for before in range(position - 1, -1, -1):
        if original[before].role == ANSWER:
            return None
        if before in places:
            return places[before][-1]
    return None
