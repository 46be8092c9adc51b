"""OUT/answers.csv: points that people give for answers in notebooks. The grader writes it, and reads it back filled in.

    submission, handed_in_as, notebook, question, max_points, points, comment, answer     a row an answer worth points

submission is an id, handed_in_as the person whose id it is (identities.py): where the two do not belong together,
points would go to another student, so the run stops. points and comment are the staff's, and so are further columns,
rows of submissions that are not there now, and the order of everything: none of it is lost or changed. The others are
ours and say what is true now. A spreadsheet may have saved it: with a byte order mark, semicolons or tabs, a decimal
comma, 0042 as 42. What cannot be understood is refused with its line before anything is written.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Final

from grader.atomic_files import write_bytes
from grader.errors import UsageError
from grader.intake.names import clean, few, same_name
from grader.messages.say import say
from grader.records import ABSENT, UNANSWERED, Answer, Mark, NotebookResult, Reason, Result
from grader.report.grades_csv import AnswerPoints, harmless, number
from grader.report.notebooks.marked_answers import Marks

NAME: Final = "answers.csv"
COLUMNS: Final = ("submission", "handed_in_as", "notebook", "question", "max_points", "points", "comment", "answer")
KEY_COLUMNS: Final = ("submission", "notebook", "question")
NEEDED: Final = ("submission", "notebook", "question", "points", "comment")
BOM: Final = "\ufeff"  # without it, spreadsheets take UTF-8 for something else
START_CHARS: Final = 160  # of an answer: enough to know it again
NUMBER: Final = re.compile(r"[0-9]{1,9}([.,][0-9]{1,9})?")
LONGEST_NAME: Final = 60
WHOLE: Final = re.compile(r"[0-9]{1,18}")

Key = tuple[str, str, str]  # submission, notebook, question


@dataclass(frozen=True)
class Sheet:
    """The file as cells. rows: as wide as the header, our leading apostrophes taken away. lines: where each begins."""

    header: tuple[str, ...] = COLUMNS
    rows: tuple[tuple[str, ...], ...] = ()
    lines: tuple[int, ...] = ()
    delimiter: str = ","

    def cell(self, row: Sequence[str], column: str) -> str:
        return row[self.header.index(column)] if column in self.header else ""


def start_of(text: str, status: str) -> str:
    if status in (UNANSWERED, ABSENT):
        return f"({status})"
    line = clean(" ".join(text.split()))
    return line if len(line) <= START_CHARS else f"{line[:START_CHARS]}…"


def read_sheet(path: Path, needed: Sequence[str] = NEEDED, then: str = "grade again") -> Sheet:
    """The file as it is now, empty if there is none. Raises UsageError, with the line, if it is no table of answers.

    needed: columns that must be there. then: what a message tells to do in the end.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Sheet()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}). Close it elsewhere, then {then}.") from error
    try:
        wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")  # as "Unicode text" is saved
        text = content.decode("utf-16" if wide else "utf-8").removeprefix(BOM)
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is not UTF-8. Save it as CSV UTF-8, then {then}.") from None
    if not text.strip():
        return Sheet()
    first = text.splitlines()[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    begins = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((begins, list(map(unharmed, row))))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise UsageError(f"{path}, line {begins}: {error}. Correct it, then {then}.") from error
    header = [name.strip() for name in rows[0][1]]
    for name in needed:
        if header.count(name) != 1:
            raise UsageError(
                f"{path}, line 1: {header.count(name)} columns {name!r}, expected {', '.join(needed)} once each. "
                f"Name the columns so, or take the file away; then {then}."
            )
    width = len(header)
    for line, row in rows:
        if any(cell.strip() for cell in row[width:]):
            raise UsageError(
                f"{path}, line {line}: {len(row)} cells, expected {width}. Put quotes around a cell that holds "
                f"{'a tab' if delimiter == chr(9) else repr(delimiter)}, then {then}."
            )
    padded = tuple((*row, *[""] * width)[:width] for _, row in rows[1:])
    return Sheet(tuple(header), padded, tuple(line for line, _ in rows[1:]), delimiter)


def same_person(written: str, person: str) -> bool:
    """Whether a cell names this person, also after a spreadsheet made 42 of 0042."""
    written, person = (same_name(name.strip().lstrip("'")) for name in (written, clean(person)))
    if WHOLE.fullmatch(written) and WHOLE.fullmatch(person):
        return int(written) == int(person)
    return written == person


def points_from(cell: str, most: float | None, place: str) -> float | None:
    """None for an empty cell, and for a question that is no longer asked."""
    cell = cell.strip()
    if not cell or most is None:
        return None
    points = float(cell.replace(",", ".")) if NUMBER.fullmatch(cell) else None
    if points is None or points > most:
        raise UsageError(
            f"{place}: points {clean(cell)[:40]!r}, expected a number from 0 to {number(most)}. "
            "Correct it, then grade again."
        )
    return points


def keys_of(sheet: Sheet, known: Iterable[str]) -> list[Key]:
    """Which answer each row is about. An id that a spreadsheet took for a number is known again by its value."""
    ids = dict.fromkeys(known)
    values = Counter(int(one) for one in ids if WHOLE.fullmatch(one))
    by_value = {int(one): one for one in ids if WHOLE.fullmatch(one) and values[int(one)] == 1}
    keys = []
    for row in sheet.rows:
        submission, notebook, question = (sheet.cell(row, name).strip() for name in KEY_COLUMNS)
        if submission not in ids and WHOLE.fullmatch(submission):
            submission = by_value.get(int(submission), submission)
        keys.append((submission, notebook, question))
    return keys


def filled(header: Sequence[str], row: Sequence[str], ours: Mapping[str, str]) -> tuple[str, ...]:
    """The row, as wide as the header, with our columns as they are now."""
    return tuple(ours.get(name, cell) for name, cell in zip_longest(header, row, fillvalue=""))


def sheet_bytes(sheet: Sheet) -> bytes:
    """The file: UTF-8 that spreadsheets open, in the delimiter that it had, no cell a formula."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=sheet.delimiter, lineterminator="\r\n")
    writer.writerow(map(harmless, sheet.header))
    writer.writerows([harmless(cell) for cell in row] for row in sheet.rows)
    return (BOM + text.getvalue()).encode("utf-8", "replace")


def unharmed(cell: str) -> str:
    """A cell without the apostrophe that `harmless` put before it."""
    return cell[1:] if cell[:1] == "'" and harmless(cell[1:]) == cell else cell


class Marking:
    """The marks of one run: read before anything is graded, and merged with what staff wrote meanwhile when it ends.

    marks: by submission. changed: the submissions whose marks staff changed between the two.
    """

    def __init__(
        self, out: Path, ids: Sequence[str], questions: Mapping[str, float], persons: Mapping[str, str] | None = None
    ) -> None:
        """persons: whose each id is, also of those who are not there now. Raises UsageError for a file that cannot be
        understood, or that gives points to one person under the id of another.
        """
        self.path = out / NAME
        self.marks: dict[str, dict[tuple[str, str], Mark]] = {}
        self.changed: list[str] = []
        self._ids = ids
        self._questions = questions
        self._persons = persons or {}
        self._answers: dict[Key, tuple[float, str]] = {}  # worth points: how many, and how they begin
        self._handouts: dict[str, str] = {}
        self._read()

    def add(self, result: Result) -> None:
        """Take in a submission's answers that are worth points."""
        for notebook in result.notebooks:
            for answer in notebook.answers:
                if answer.max_points:
                    key = result.id, notebook.handed_out, answer.question
                    self._answers[key] = answer.max_points, start_of(answer.text, answer.status)
        self._handouts[result.id] = str(result.assignment.get("handout", ""))

    def of(self, submission: str) -> Marks:
        return self.marks.get(submission, {})

    def completed(self, result: Result) -> Result:
        """The result with notebooks for what staff marked and it has not: a question of a notebook that is missing."""
        known = {(one.handed_out, answer.question) for one in result.notebooks for answer in one.answers}
        more: dict[str, list[Answer]] = {}
        for (notebook, question), mark in sorted(self.of(result.id).items()):
            if (notebook, question) not in known and mark.points is not None:
                answer = Answer(question, "", "markdown", ABSENT, "", self._questions.get(question, 0.0))
                more.setdefault(notebook, []).append(answer)
        why = Reason.of("notebook_missing")
        added = (NotebookResult(f"{stem}.ipynb", stem, "", why, tuple(new)) for stem, new in more.items())
        return replace(result, notebooks=(*result.notebooks, *added)) if more else result

    def by_question(self) -> dict[str, dict[str, tuple[float | None, float]]]:
        """The same by submission and question, whose name is its own in the assignment."""
        found: dict[str, dict[str, tuple[float | None, float]]] = {}
        for (submission, notebook, question), (most, _) in self._all_answers().items():
            mark = self.of(submission).get((notebook, question), Mark())
            found.setdefault(submission, {})[question] = mark.points, most
        return found

    def points(self) -> Mapping[str, AnswerPoints]:
        """What was given for the answers that were taken in, by submission and answer: for the table of marks."""
        found: dict[str, dict[str, tuple[float | None, float]]] = {}
        for (submission, notebook, question), (most, _) in self._all_answers().items():
            mark = self.of(submission).get((notebook, question), Mark())
            found.setdefault(submission, {})[f"{notebook}.{question}"] = mark.points, most
        return found

    def finish(self) -> list[str]:
        """Write the file with all answers in it, and return what is to be said. Raises UsageError as at the start.

        It is read once more first, so that what staff saved while the run lasted is in it.
        """
        before = self.marks
        sheet, keys = self._read()
        self.changed = [name for name in self._ids if before.get(name) != self.marks.get(name)]
        if not self._answers:
            return []
        merged, altered = self._merge(sheet, keys)
        if merged != sheet or not self.path.exists():
            write_bytes(self.path, sheet_bytes(merged))
        said = []
        if altered:
            named = say(few([f"{submission} {question}" for submission, _, question in altered]))
            said.append(f"{NAME}: answers are not what they were when they got points: {named}. Read them again.")
        known = set(self._ids)
        if strange := dict.fromkeys(clean(name)[:LONGEST_NAME] for name in self.marks if name not in known):
            told = say(few(list(strange)))
            said.append(f"{NAME}: rows with points or comments of no submission of this run: {told}. They were kept.")
        return said

    def _merge(self, sheet: Sheet, keys: Sequence[Key]) -> tuple[Sheet, list[Key]]:
        """The sheet with our columns as they are now and a row for every answer, and the answers that were marked as
        other text: they have points, and have changed since.
        """
        header = (*sheet.header, *(name for name in COLUMNS if name not in sheet.header))
        ours = {key: self._columns(key, sheet.delimiter, *about) for key, about in self._all_answers().items()}
        rows: list[tuple[str, ...]] = []
        altered: list[Key] = []
        for row, key in zip(sheet.rows, keys, strict=True):
            was_other = key in ours and "answer" in sheet.header and sheet.cell(row, "answer") != ours[key]["answer"]
            if was_other and sheet.cell(row, "points").strip():
                altered.append(key)
            rows.append(filled(header, row, ours.get(key, {})))
        have = set(keys)
        rows += [filled(header, (), columns) for key, columns in ours.items() if key not in have]
        return replace(sheet, header=header, rows=tuple(rows)), altered

    def _columns(self, key: Key, delimiter: str, most: float, start: str) -> dict[str, str]:
        """What our columns say of one answer now."""
        points = number(most).replace(".", "," if delimiter == ";" else ".")  # a comma, where semicolons part cells
        person = clean(self._persons.get(key[0], ""))
        bound = {"handed_in_as": person} if person else {}
        return {**dict(zip(KEY_COLUMNS, key, strict=True)), "max_points": points, "answer": start, **bound}

    def _all_answers(self) -> dict[Key, tuple[float, str]]:
        """By submission and question, in the order of the run, whatever was graded first.

        Once one submission has notebooks, a missing one counts as unanswered for everybody of the same handout: they
        all have the same to reach.
        """
        asked = {key[1:]: most for key, (most, _) in self._answers.items()}
        with_notebooks = {self._handouts[key[0]] for key in self._answers}
        missing = {
            (submission, *question): (most, start_of("", ABSENT))
            for submission, handout in self._handouts.items()
            if handout in with_notebooks
            for question, most in asked.items()
            if (submission, *question) not in self._answers
        }
        place = {name: index for index, name in enumerate(self._ids)}
        everything = {**self._answers, **missing}
        return {key: everything[key] for key in sorted(everything, key=lambda key: place.get(key[0], len(place)))}

    def _read(self) -> tuple[Sheet, list[Key]]:
        """Take in the marks of the file as it is now, and return it with the answer that each row is about.

        Raises UsageError, with the line, for points that are none, for two rows of one answer that do not agree, and
        for a row whose id is another one's than it says.
        """
        sheet = read_sheet(self.path)
        keys = keys_of(sheet, (*self._ids, *self._persons))
        found: dict[Key, tuple[Mark, int]] = {}
        for row, line, key in zip(sheet.rows, sheet.lines, keys, strict=True):
            place = f"{self.path}, line {line}"
            self._see_person(sheet.cell(row, "handed_in_as"), key, place)
            points = points_from(sheet.cell(row, "points"), self._questions.get(key[2]), place)
            mark = Mark(points, sheet.cell(row, "comment").strip())
            if mark == Mark():
                continue
            if key in found and found[key][0] != mark:
                raise UsageError(
                    f"{place}: {key[0]}, {key[2]} has other points or another comment than in line {found[key][1]}. "
                    "Take one of the two rows out, then grade again."
                )
            found[key] = mark, line
        self.marks = {}
        for (submission, notebook, question), (mark, _) in found.items():
            self.marks.setdefault(submission, {})[notebook, question] = mark
        return sheet, keys

    def _see_person(self, written: str, key: Key, place: str) -> None:
        """Rows without a name, and of ids that nobody has, are not judged."""
        person = self._persons.get(key[0])
        if person is not None and written.strip() and not same_person(written, person):
            found, expected = (clean(name)[:LONGEST_NAME] for name in (written, person))
            raise UsageError(
                f"{place}: {key[0]}, {key[2]} has handed_in_as {found!r}, expected {expected!r}, whose id this is. Its "
                "points would go to another student. Correct the row's submission or handed_in_as, then grade again."
            )
