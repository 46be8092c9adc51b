"""OUT/answers.csv: points for answers in notebooks. The grader writes the file, staff fill it in, the grader reads it.

    submission, handed_in_as, notebook, question, max_points, points, comment, answer     one row per answer with points

`submission` is an id, `handed_in_as` the person who has that id (identities.py). If the person does not have the id,
points would go to another student, so the run stops. The grader rewrites its own columns with current values. The
grader never changes what staff own: `points`, `comment`, further columns, rows of submissions that are not in this run,
and the order of rows and columns. The grader also reads the file as a spreadsheet may have saved it: with a byte order
mark, semicolons or tabs, a decimal comma, 42 for 0042. If the grader cannot understand a line, it raises an error that
names the line, and writes nothing.
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
BOM: Final = "\ufeff"  # without it, spreadsheets do not recognise UTF-8
START_CHARS: Final = 160  # length of an excerpt, enough for staff to recognise the answer
NUMBER: Final = re.compile(r"[0-9]{1,9}([.,][0-9]{1,9})?")
LONGEST_NAME: Final = 60
WHOLE: Final = re.compile(r"[0-9]{1,18}")

Key = tuple[str, str, str]  # submission, notebook, question


@dataclass(frozen=True)
class Sheet:
    """The file as cells.

    rows: padded to the header's width, without the apostrophes that `harmless` added. lines: the number of the line in
    which each row begins.
    """

    header: tuple[str, ...] = COLUMNS
    rows: tuple[tuple[str, ...], ...] = ()
    lines: tuple[int, ...] = ()
    delimiter: str = ","

    def cell(self, row: Sequence[str], column: str) -> str:
        return row[self.header.index(column)] if column in self.header else ""


def excerpt(text: str, status: str) -> str:
    if status in (UNANSWERED, ABSENT):
        return f"({status})"
    line = clean(" ".join(text.split()))
    return line if len(line) <= START_CHARS else f"{line[:START_CHARS]}…"


def read_sheet(path: Path, needed: Sequence[str] = NEEDED, then: str = "grade again") -> Sheet:
    """Read the file; empty if it does not exist. Raises UsageError, with the line, if it is not a table of answers.

    needed: columns that the file must have. then: the last step that a message names.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Sheet()
    except OSError as error:
        text = f"cannot be read ({error.strerror}). Close other programs that use it, then {then}."
        raise UsageError(f"{path}: {text}") from error
    try:
        wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")  # Excel saves "Unicode text" as UTF-16
        text = content.decode("utf-16" if wide else "utf-8").removeprefix(BOM)
    except UnicodeDecodeError:
        raise UsageError(f"{path}: the text is not UTF-8. Save the file as CSV UTF-8, then {then}.") from None
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
                rows.append((begins, list(map(strip_apostrophe, row))))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise UsageError(f"{path}, line {begins}: {error}. Correct it, then {then}.") from error
    header = [name.strip() for name in rows[0][1]]
    for name in needed:
        if header.count(name) != 1:
            raise UsageError(
                f"{path}, line 1: {header.count(name)} columns {name!r}, expected {', '.join(needed)} once each. "
                f"Correct the names of the columns, or move the file away, then {then}."
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
    """Return whether a cell names this person. Accepts 42 for 0042, because spreadsheets remove leading zeros."""
    written, person = (same_name(name.strip().lstrip("'")) for name in (written, clean(person)))
    if WHOLE.fullmatch(written) and WHOLE.fullmatch(person):
        return int(written) == int(person)
    return written == person


def points_from(cell: str, most: float | None, place: str) -> float | None:
    """Return the points in a cell, or None if the cell is empty.

    most: the maximum of the question. If the assignment no longer has the question, `most` is None, and so is the
    return value.
    """
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
    """Return the key of the answer in each row. If a spreadsheet changed an id like 0042 to 42, find it by value."""
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


def fill_row(header: Sequence[str], row: Sequence[str], ours: Mapping[str, str]) -> tuple[str, ...]:
    """Return the row, padded to the header's width, with the values of `ours` in the grader's columns."""
    return tuple(ours.get(name, cell) for name, cell in zip_longest(header, row, fillvalue=""))


def sheet_bytes(sheet: Sheet) -> bytes:
    """Return the content of the file: UTF-8 with a BOM, the delimiter as it was read, and no cell that is a formula."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=sheet.delimiter, lineterminator="\r\n")
    writer.writerow(map(harmless, sheet.header))
    writer.writerows([harmless(cell) for cell in row] for row in sheet.rows)
    return (BOM + text.getvalue()).encode("utf-8", "replace")


def strip_apostrophe(cell: str) -> str:
    """Remove the apostrophe that `harmless` put before a cell."""
    return cell[1:] if cell[:1] == "'" and harmless(cell[1:]) == cell else cell


class Marking:
    """The marks of one run. Reads the file before grading and again at the end, because staff may edit it meanwhile.

    marks: the marks of each submission. changed: the submissions whose marks staff changed during the run.
    """

    def __init__(
        self, out: Path, ids: Sequence[str], questions: Mapping[str, float], persons: Mapping[str, str] | None = None
    ) -> None:
        """persons: the person of every known id, of this run or an earlier run.

        Raises UsageError if the grader cannot understand the file, or if a row gives points to one person under the id
        of another person.
        """
        self.path = out / NAME
        self.marks: dict[str, dict[tuple[str, str], Mark]] = {}
        self.changed: list[str] = []
        self._ids = ids
        self._questions = questions
        self._persons = persons or {}
        self._answers: dict[Key, tuple[float, str]] = {}  # for each answer that carries points: maximum, excerpt
        self._handouts: dict[str, str] = {}
        self._read()

    def add(self, result: Result) -> None:
        """Add the answers of a submission that carry points."""
        for notebook in result.notebooks:
            for answer in notebook.answers:
                if answer.max_points:
                    key = result.id, notebook.handed_out, answer.question
                    self._answers[key] = answer.max_points, excerpt(answer.text, answer.status)
        self._handouts[result.id] = str(result.assignment.get("handout", ""))

    def of(self, submission: str) -> Marks:
        return self.marks.get(submission, {})

    def completed(self, result: Result) -> Result:
        """Return the result, with an added entry for each answer that staff marked although its notebook is missing."""
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
        """Return, for each submission and question, the given points and the maximum.

        The name of a question is enough, because it is unique in an assignment.
        """
        found: dict[str, dict[str, tuple[float | None, float]]] = {}
        for (submission, notebook, question), (most, _) in self._all_answers().items():
            mark = self.of(submission).get((notebook, question), Mark())
            found.setdefault(submission, {})[question] = mark.points, most
        return found

    def points(self) -> Mapping[str, AnswerPoints]:
        """Return, for each submission and answer, the given points and the maximum, for grades.csv."""
        found: dict[str, dict[str, tuple[float | None, float]]] = {}
        for (submission, notebook, question), (most, _) in self._all_answers().items():
            mark = self.of(submission).get((notebook, question), Mark())
            found.setdefault(submission, {})[f"{notebook}.{question}"] = mark.points, most
        return found

    def finish(self) -> list[str]:
        """Write the file with all answers, and return warnings to print.

        Reads the file again first, so that it does not lose what staff saved during the run. Raises UsageError for the
        same reasons as the constructor.
        """
        before = self.marks
        sheet, keys = self._read()
        self.changed = [name for name in self._ids if before.get(name) != self.marks.get(name)]
        if not self._answers:
            return []
        merged, altered = self._merge(sheet, keys)
        if merged != sheet or not self.path.exists():
            write_bytes(self.path, sheet_bytes(merged))
        warnings = []
        if altered:
            named = say(few([f"{submission} {question}" for submission, _, question in altered]))
            warnings.append(f"{NAME}: answers changed after staff gave points for them: {named}. Read them again.")
        known = set(self._ids)
        if strange := dict.fromkeys(clean(name)[:LONGEST_NAME] for name in self.marks if name not in known):
            names = say(few(list(strange)))
            warnings.append(
                f"{NAME}: rows have points or comments for submissions that are not in this run: {names}. "
                "These rows stay in the file."
            )
        return warnings

    def _merge(self, sheet: Sheet, keys: Sequence[Key]) -> tuple[Sheet, list[Key]]:
        """Return the sheet with current values in our columns and a row for every answer.

        Also returns the keys of the answers that the student changed after staff gave points for them.
        """
        header = (*sheet.header, *(name for name in COLUMNS if name not in sheet.header))
        ours = {key: self._columns(key, sheet.delimiter, *about) for key, about in self._all_answers().items()}
        rows: list[tuple[str, ...]] = []
        altered: list[Key] = []
        for row, key in zip(sheet.rows, keys, strict=True):
            has_changed = key in ours and "answer" in sheet.header and sheet.cell(row, "answer") != ours[key]["answer"]
            if has_changed and sheet.cell(row, "points").strip():
                altered.append(key)
            rows.append(fill_row(header, row, ours.get(key, {})))
        have = set(keys)
        rows += [fill_row(header, (), columns) for key, columns in ours.items() if key not in have]
        return replace(sheet, header=header, rows=tuple(rows)), altered

    def _columns(self, key: Key, delimiter: str, most: float, start: str) -> dict[str, str]:
        """Return the current values of the grader's columns for one answer."""
        # A spreadsheet that writes semicolons between cells writes a decimal comma in numbers.
        points = number(most).replace(".", "," if delimiter == ";" else ".")
        person = clean(self._persons.get(key[0], ""))
        bound = {"handed_in_as": person} if person else {}
        return {**dict(zip(KEY_COLUMNS, key, strict=True)), "max_points": points, "answer": start, **bound}

    def _all_answers(self) -> dict[Key, tuple[float, str]]:
        """Return the maximum and the excerpt of every answer, in the order of the submissions in the run.

        If one submission of a handout has notebooks, every submission of this handout has an entry for each question.
        The answers of a missing notebook are absent, so that all submissions have the same maximum.
        """
        questions = {key[1:]: most for key, (most, _) in self._answers.items()}
        with_notebooks = {self._handouts[key[0]] for key in self._answers}
        missing = {
            (submission, *question): (most, excerpt("", ABSENT))
            for submission, handout in self._handouts.items()
            if handout in with_notebooks
            for question, most in questions.items()
            if (submission, *question) not in self._answers
        }
        place = {name: index for index, name in enumerate(self._ids)}
        everything = {**self._answers, **missing}
        return {key: everything[key] for key in sorted(everything, key=lambda key: place.get(key[0], len(place)))}

    def _read(self) -> tuple[Sheet, list[Key]]:
        """Read the current file, replace `self.marks`, and return the sheet and the key of each row.

        Raises UsageError, with the number of the line, for points that are not a valid number, for two different rows
        of the same answer, and for a row that names another person than the one who has its id.
        """
        sheet = read_sheet(self.path)
        keys = keys_of(sheet, (*self._ids, *self._persons))
        found: dict[Key, tuple[Mark, int]] = {}
        for row, line, key in zip(sheet.rows, sheet.lines, keys, strict=True):
            place = f"{self.path}, line {line}"
            self._check_person(sheet.cell(row, "handed_in_as"), key, place)
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

    def _check_person(self, written: str, key: Key, place: str) -> None:
        """Raise UsageError if a row names another person than the one who has its id.

        Accepts a row without a name, and a row with an unknown id.
        """
        person = self._persons.get(key[0])
        if person is not None and written.strip() and not same_person(written, person):
            found, expected = (clean(name)[:LONGEST_NAME] for name in (written, person))
            raise UsageError(
                f"{place}: {key[0]}, {key[2]} has handed_in_as {found!r}, expected {expected!r}, who has this id. "
                "Its points would go to another student. Correct its submission or handed_in_as, then grade again."
            )
