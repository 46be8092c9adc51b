"""One note on source that was written for another Python, from the errors of all statements that were left out for it.

The worker says it in the error's text (sandbox/inside/dialects.py). A submission is told of one other Python: of Python
2 if anything of it is, else of the newest that it needs. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from grader.records import Reason
from grader.sandbox.host.plan import LeftOut

MOST_NAMED: Final = 5  # functions that a note names
NEWER: Final = re.compile(r"^SyntaxError: (?P<feature>.+) needs Python (?P<since>3\.\d+) or newer; this is Python 3")
OLDER: Final = re.compile(r"^SyntaxError: .*\(Python 2: (?P<feature>.+)\)$", re.DOTALL)


def is_of_another_python(one: LeftOut) -> bool:
    return bool(NEWER.match(one.error) or OLDER.match(one.error))


def tell_dialect(left_out: Sequence[LeftOut], python: str) -> list[Reason]:
    """The note, or nothing. python: the version that graded. left_out: whatever was left out, of all files."""
    running = ".".join(python.split(".")[:2])
    older = [(one, match["feature"]) for one in left_out if (match := OLDER.match(one.error))]
    newer = [(one, match) for one in left_out if (match := NEWER.match(one.error))]
    if older:
        first, feature = older[0]
        files = " ".join(dict.fromkeys(one.file for one, _ in older))
        return [
            Reason.of(
                "python_2",
                file=first.file,
                line=first.line,
                feature=feature,
                python=running,
                lost=lost(left_out),
                files=files,
            )
        ]
    if newer:
        first, match = max(newer, key=lambda pair: int(pair[1]["since"].removeprefix("3.")))
        return [
            Reason.of(
                "newer_python",
                file=first.file,
                line=first.line,
                feature=match["feature"],
                since=match["since"],
                python=running,
                lost=lost(left_out),
            )
        ]
    return []


def lost(left_out: Sequence[LeftOut]) -> Reason:
    names = list(dict.fromkeys(one.function for one in left_out if is_of_another_python(one) and one.function))
    if not names:
        return Reason.of("lost_statement")
    if len(names) > MOST_NAMED:
        return Reason.of("lost_and_more", names=names[:MOST_NAMED], more=len(names) - MOST_NAMED)
    return Reason.of("lost", names=names)
