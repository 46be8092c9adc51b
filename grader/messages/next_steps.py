"""What `grader check` says of functions as a whole: what to do next, and what is left."""

from __future__ import annotations

from typing import Final

NEXT: Final[dict[str, str]] = {
    "next_mend": "mend {function} ({where})",
    "next_write": "write {function} ({where})",
    "next_mend_file": "mend {where}, which stops {functions} functions",
    "next_see": "see {function} ({where})",
    "may_come_right": "May come right by itself once this is: {functions:list}.",
    "more_messages": "… and {count} more; --html shows them.",
    "passed_all": "all public checks passed; hidden checks are run on the graded version",
    "passed_all_of": "all public checks of {names} passed; hidden checks are run on the graded version",
}

TABLES: Final = (NEXT,)
