"""What a report says about the import of the student's files: absent modules, statements left out, prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from grader.grading.other_pythons import is_of_another_python
from grader.judging.diagnose import advice_on
from grader.sandbox.host.plan import ImportResult

MOST_LEFT_OUT: Final = 8  # statements of a file that a report lists


def import_notes(imported: ImportResult, files: Iterable[str]) -> list[str]:
    notes = []
    file = " or ".join(files)
    if imported.absent:
        names = ", ".join(imported.absent)
        notes.append(f"{file} imports what is not in the sandbox: {names}. Only its use raises.")
    notes += [
        f"{name} is not in UTF-8, which Python expects; it was read as far as that goes. Save it as UTF-8."
        for name in imported.recoded
    ]
    left_out = [one for one in imported.left_out if not is_of_another_python(one)]
    for one in left_out[:MOST_LEFT_OUT]:
        what = one.function or "The statement"
        error = one.error.rstrip(".")
        told = f"{one.file}, line {one.line}: {error}. {what} was left out and the rest was graded."
        note = " ".join(filter(None, [told, advice_on(one.error)]))
        notes += [note] if note not in notes else []  # two statements of one line
    if len(left_out) > MOST_LEFT_OUT:
        notes.append(f"{file}: {len(left_out) - MOST_LEFT_OUT} more statements or functions were left out.")
    if imported.prints:
        first, *more = imported.prints.strip().splitlines() or [""]
        notes.append(f"{file} prints while it is imported: {first[:100]}{' …' if more else ''}")
    return notes
