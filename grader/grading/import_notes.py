"""Makes a report's notes on the import of the student's files: absent modules, left-out statements, prints.

Statements for another version of Python get one note per submission (`note_other_python`). The worker writes this
version into the error's text (sandbox/inside/dialects.py). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from grader.judging.diagnose import advice_on
from grader.records import Reason
from grader.sandbox.host.plan import ImportResult, LeftOut

MOST_LEFT_OUT: Final = 8  # left-out statements that a report lists for a file; a note counts the others
MOST_NAMED: Final = 5  # functions that a note about another version of Python names
# The texts that sandbox/inside/dialects.py writes. Student code that raises such a text gets the same note.
NEWER: Final = re.compile(r"^SyntaxError: (?P<feature>.+) needs Python 3\.(?P<since>\d+) or newer; this is Python 3")
OLDER: Final = re.compile(r"^SyntaxError: .*\(Python 2: (?P<feature>.+)\)$", re.DOTALL)


def import_notes(imported: ImportResult, files: Sequence[str]) -> list[Reason]:
    notes = []
    if imported.absent:
        notes.append(Reason.of("imports_what_is_absent", files=files, names=imported.absent))
    # Files in another encoding work, but messages may show wrong letters.
    notes += [Reason.of("not_in_utf_8", file=name) for name in imported.recoded]
    left_out = [one for one in imported.left_out if not is_of_another_python(one)]
    for note in map(left_out_note, left_out[:MOST_LEFT_OUT]):
        notes += [note] if note not in notes else []  # two statements can be on one line
    if len(left_out) > MOST_LEFT_OUT:
        notes.append(Reason.of("more_left_out", files=files, count=len(left_out) - MOST_LEFT_OUT))
    if imported.prints:
        # Show only the first line, because a loop can print thousands.
        first, *more = imported.prints.strip().splitlines() or [""]
        notes.append(Reason.of("prints", files=files, text=f"{first[:100]}{' …' if more else ''}"))
    return notes


def left_out_note(one: LeftOut) -> Reason:
    what, error, advice = one.function or Reason.of("the_statement"), one.error.rstrip("."), advice_on(one.error)
    if advice is None:
        return Reason.of("left_out", file=one.file, line=one.line, error=error, what=what)
    return Reason.of("left_out_with_advice", file=one.file, line=one.line, error=error, what=what, advice=advice)


def is_of_another_python(one: LeftOut) -> bool:
    return bool(NEWER.match(one.error) or OLDER.match(one.error))


def note_other_python(left_out: Sequence[LeftOut], python: str) -> list[Reason]:
    """Return one note or none: about Python 2 if any statement needs it, otherwise about the newest Python needed.

    python: the version that grades. left_out: the left-out statements of all files.
    """
    older = [(one, match) for one in left_out if (match := OLDER.match(one.error))]
    newer = [(one, match) for one in left_out if (match := NEWER.match(one.error))]
    if not older and not newer:
        return []
    first, match = older[0] if older else max(newer, key=lambda pair: int(pair[1]["since"]))
    file, line, feature, gone = first.file, first.line, match["feature"], lost(left_out)
    running = ".".join(python.split(".")[:2])
    if older:
        files = " ".join(dict.fromkeys(one.file for one, _ in older))
        return [Reason.of("python_2", file=file, line=line, feature=feature, python=running, lost=gone, files=files)]
    since = f"3.{match['since']}"
    return [Reason.of("newer_python", file=file, line=line, feature=feature, since=since, python=running, lost=gone)]


def lost(left_out: Sequence[LeftOut]) -> Reason:
    names = list(dict.fromkeys(one.function for one in left_out if is_of_another_python(one) and one.function))
    if not names:
        return Reason.of("lost_statement")
    if len(names) > MOST_NAMED:
        return Reason.of("lost_and_more", names=names[:MOST_NAMED], more=len(names) - MOST_NAMED)
    return Reason.of("lost", names=names)
