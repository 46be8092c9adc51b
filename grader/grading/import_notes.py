"""What a report says about the import of the student's files: absent modules, statements left out, prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from grader.grading.other_pythons import is_of_another_python
from grader.judging.diagnose import advice_on
from grader.records import Reason
from grader.sandbox.host.plan import ImportResult, LeftOut

MOST_LEFT_OUT: Final = 8  # statements of a file that a report lists


def import_notes(imported: ImportResult, files: Sequence[str]) -> list[Reason]:
    notes = []
    if imported.absent:
        notes.append(Reason.of("imports_what_is_absent", files=files, names=imported.absent))
    notes += [Reason.of("not_in_utf_8", file=name) for name in imported.recoded]
    left_out = [one for one in imported.left_out if not is_of_another_python(one)]
    for one in left_out[:MOST_LEFT_OUT]:
        note = left_out_note(one)
        notes += [note] if note not in notes else []  # two statements of one line
    if len(left_out) > MOST_LEFT_OUT:
        notes.append(Reason.of("more_left_out", files=files, count=len(left_out) - MOST_LEFT_OUT))
    if imported.prints:
        first, *more = imported.prints.strip().splitlines() or [""]
        notes.append(Reason.of("prints", files=files, text=f"{first[:100]}{' …' if more else ''}"))
    return notes


def left_out_note(one: LeftOut) -> Reason:
    what, error, advice = one.function or Reason.of("the_statement"), one.error.rstrip("."), advice_on(one.error)
    if advice is None:
        return Reason.of("left_out", file=one.file, line=one.line, error=error, what=what)
    return Reason.of("left_out_with_advice", file=one.file, line=one.line, error=error, what=what, advice=advice)
