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
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from grader.atomic_files import write_bytes
from grader.errors import UsageError
from grader.intake.names import clean, same_name
from grader.records import ABSENT, UNANSWERED, Answer, Mark, NotebookResult, Reason, Result
from grader.report.grades_csv import AnswerPoints, harmless, number
from grader.report.text import few

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
class Entry:
    """One answer that is to be marked: what our columns say of it. person: whose it is, cleaned."""

    key: Key
    max_points: float
    start: str
    person: str = ""


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


def read_sheet(path: Path) -> Sheet:
    """The file as it is now, empty if there is none. Raises UsageError, with the line, if it is no table of answers."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Sheet()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}). Close it elsewhere, then grade again.") from error
    try:
        wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")  # as "Unicode text" is saved
        text = content.decode("utf-16" if wide else "utf-8").removeprefix(BOM)
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is not UTF-8. Save it as CSV UTF-8, then grade again.") from None
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
        raise UsageError(f"{path}, line {begins}: {error}. Correct it, then grade again.") from error
    header = [name.strip() for name in rows[0][1]]
    for name in NEEDED:
        if header.count(name) != 1:
            raise UsageError(
                f"{path}, line 1: {header.count(name)} columns {name!r}, expected {', '.join(NEEDED)} once each. "
                "Name the columns so, or take the file away; then grade again."
            )
    width = len(header)
    for line, row in rows:
        if any(cell.strip() for cell in row[width:]):
            raise UsageError(
                f"{path}, line {line}: {len(row)} cells, expected {width}. Put quotes around a cell that holds "
                f"{'a tab' if delimiter == chr(9) else repr(delimiter)}, then grade again."
            )
    padded = tuple((*row, *[""] * width)[:width] for _, row in rows[1:])
    return Sheet(tuple(header), padded, tuple(line for line, _ in rows[1:]), delimiter)


def marks_of(sheet: Sheet, path: Path, ids: Collection[str], questions: Mapping[str, float]) -> dict[Key, Mark]:
    """What staff gave, by answer. ids: the submissions there are. questions: what each is worth.

    Raises UsageError, with the line, for points that are none, and for two rows of one answer that do not agree.
    """
    found: dict[Key, tuple[Mark, int]] = {}
    for row, line, key in zip(sheet.rows, sheet.lines, keys_of(sheet, ids), strict=True):
        comment = sheet.cell(row, "comment").strip()
        points = points_from(sheet.cell(row, "points"), questions.get(key[2]), f"{path}, line {line}")
        mark = Mark(points, comment)
        if mark == Mark():
            continue
        if key in found and found[key][0] != mark:
            raise UsageError(
                f"{path}, line {line}: {key[0]}, {key[2]} has other points or another comment than in line "
                f"{found[key][1]}. Take one of the two rows out, then grade again."
            )
        found[key] = mark, line
    return {key: mark for key, (mark, _) in found.items()}


def see_persons(sheet: Sheet, path: Path, ids: Collection[str], persons: Mapping[str, str]) -> None:
    """Raise UsageError, with the line, for a row whose id is another one's than it says.

    persons: by id, of all that are known in the folder. Rows of others, and without a name, are not judged.
    """
    for row, line, (submission, _, question) in zip(sheet.rows, sheet.lines, keys_of(sheet, ids), strict=True):
        written = sheet.cell(row, "handed_in_as")
        if written.strip() and submission in persons and not same_person(written, persons[submission]):
            found, expected = (clean(name)[:LONGEST_NAME] for name in (written, persons[submission]))
            raise UsageError(
                f"{path}, line {line}: {submission}, {question} has handed_in_as {found!r}, expected {expected!r}, "
                "whose id this is. Its points would go to another student. Correct the row's submission or "
                "handed_in_as, then grade again."
            )


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


def keys_of(sheet: Sheet, ids: Collection[str]) -> list[Key]:
    """Which answer each row is about. An id that a spreadsheet took for a number is known again by its value."""
    values = Counter(int(one) for one in ids if WHOLE.fullmatch(one))
    by_value = {int(one): one for one in ids if WHOLE.fullmatch(one) and values[int(one)] == 1}
    known = set(ids)
    keys = []
    for row in sheet.rows:
        submission, notebook, question = (sheet.cell(row, name).strip() for name in KEY_COLUMNS)
        if submission not in known and WHOLE.fullmatch(submission):
            submission = by_value.get(int(submission), submission)
        keys.append((submission, notebook, question))
    return keys


def merge(sheet: Sheet, entries: Iterable[Entry], ids: Collection[str]) -> tuple[Sheet, list[Key]]:
    """The sheet with our columns as they are now and a row for every answer, and the answers that were marked as other
    text: they have points, and have changed since.
    """
    wanted = {entry.key: entry for entry in entries}
    header = (*sheet.header, *(name for name in COLUMNS if name not in sheet.header))
    blank = ("",) * len(header)
    rows: list[tuple[str, ...]] = []
    changed: list[Key] = []
    keys = keys_of(sheet, ids)
    for row, key in zip(sheet.rows, keys, strict=True):
        cells, entry = (*row, *blank[len(row) :]), wanted.get(key)
        if entry is not None:
            was_other = "answer" in sheet.header and sheet.cell(row, "answer") != entry.start
            if was_other and sheet.cell(row, "points").strip():
                changed.append(key)
            cells = filled(header, cells, entry, sheet.delimiter)
        rows.append(cells)
    have = set(keys)
    rows += [filled(header, blank, entry, sheet.delimiter) for key, entry in wanted.items() if key not in have]
    return replace(sheet, header=header, rows=tuple(rows)), changed


def filled(header: Sequence[str], row: Sequence[str], entry: Entry, delimiter: str) -> tuple[str, ...]:
    """The row with our columns as they are now."""
    most = number(entry.max_points)
    most = most.replace(".", ",") if delimiter == ";" else most  # where semicolons part cells, the comma is the point
    ours = {**dict(zip(KEY_COLUMNS, entry.key, strict=True)), "max_points": most, "answer": entry.start}
    if entry.person:
        ours["handed_in_as"] = entry.person
    return tuple(ours.get(name, cell) for name, cell in zip(header, row, strict=True))


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
    """The marks of one run: read before anything is graded, and merged with what staff wrote meanwhile when it ends."""

    def __init__(
        self, out: Path, ids: Sequence[str], questions: Mapping[str, float], persons: Mapping[str, str] | None = None
    ) -> None:
        """persons: whose each id is, also of those who are not there now. Raises UsageError for a file that cannot be
        understood, or that gives points to one person under the id of another.
        """
        self.path = out / NAME
        self._ids = ids
        self._questions = questions
        self._persons = persons or {}
        self._entries: list[Entry] = []
        self._handouts: dict[str, str] = {}
        self._read()

    def add(self, result: Result) -> None:
        """Take in a submission's answers that are worth points."""
        person = clean(self._persons.get(result.id, ""))
        for notebook in result.notebooks:
            for answer in notebook.answers:
                if answer.max_points:
                    key = result.id, notebook.handed_out, answer.question
                    start = start_of(answer.text, answer.status)
                    self._entries.append(Entry(key, answer.max_points, start, person))
        self._handouts[result.id] = str(result.assignment.get("handout", ""))

    def of(self, submission: str) -> dict[tuple[str, str], Mark]:
        """The marks of one submission, by notebook and question."""
        return self._of.get(submission, {})

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

    def changed_since(self, before: Mapping[Key, Mark]) -> list[str]:
        """The submissions whose marks are not what they were."""
        differ = {key[0] for key, _ in before.items() ^ self.marks.items()}
        return [name for name in self._ids if name in differ]

    def points(self) -> dict[str, AnswerPoints]:
        """What was given for the answers that were taken in, by submission and answer: for the table of marks."""
        found: dict[str, dict[str, tuple[float | None, float]]] = {}
        for entry in self._all_entries():
            submission, notebook, question = entry.key
            mark = self.marks.get(entry.key, Mark())
            found.setdefault(submission, {})[f"{notebook}.{question}"] = mark.points, entry.max_points
        return dict(found)

    def finish(self) -> list[str]:
        """Write the file with all answers in it, and return what is to be said. Raises UsageError as at the start.

        It is read once more first, so that what staff saved while the run lasted is in it.
        """
        sheet = self._read()
        entries = self._all_entries()
        if not entries:
            return []
        merged, changed = merge(sheet, entries, self._ids)
        if merged != sheet or not self.path.exists():
            write_bytes(self.path, sheet_bytes(merged))
        return [*tell_changed(changed), *tell_unknown_ids(self.marks, self._ids)]

    def _all_entries(self) -> list[Entry]:
        """An entry for each submission and question, in the order of the run, whatever was graded first.

        Once one submission has notebooks, a missing one counts as unanswered for everybody of the same handout: they
        all have the same to reach.
        """
        asked = {entry.key[1:]: entry.max_points for entry in self._entries}
        with_notebooks = {self._handouts[entry.key[0]] for entry in self._entries}
        have = {entry.key for entry in self._entries}
        missing = [
            Entry((submission, *question), most, start_of("", ABSENT), clean(self._persons.get(submission, "")))
            for submission, handout in self._handouts.items()
            if handout in with_notebooks
            for question, most in asked.items()
            if (submission, *question) not in have
        ]
        place = {name: index for index, name in enumerate(self._ids)}
        return sorted([*self._entries, *missing], key=lambda entry: place.get(entry.key[0], len(place)))

    def _read(self) -> Sheet:
        sheet = read_sheet(self.path)
        see_persons(sheet, self.path, {*self._ids, *self._persons}, self._persons)
        self.marks = marks_of(sheet, self.path, self._ids, self._questions)
        self._of: dict[str, dict[tuple[str, str], Mark]] = {}
        for (submission, notebook, question), mark in self.marks.items():
            self._of.setdefault(submission, {})[notebook, question] = mark
        return sheet


def tell_changed(keys: Sequence[Key]) -> list[str]:
    named = few([f"{submission} {question}" for submission, _, question in keys])
    return [f"{NAME}: answers are not what they were when they got points: {named}. Read them again."] if keys else []


def tell_unknown_ids(marks: Mapping[Key, Mark], ids: Collection[str]) -> list[str]:
    known = set(ids)
    strange = list(dict.fromkeys(clean(key[0])[:LONGEST_NAME] for key in marks if key[0] not in known))
    told = f"{NAME}: rows with points or comments of no submission of this run: {few(strange)}. They were kept."
    return [told] if strange else []
