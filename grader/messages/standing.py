"""What `grader check` says of functions as a whole: what to do next, and what is left."""

from __future__ import annotations

from typing import Final

from grader.messages.entry import Entry, entry

NEXT: Final[dict[str, Entry]] = {
    "next_mend": entry(
        "mend {function} ({where})",
        "The wrong function to begin with, and the line where it begins or where it raised.",
        function="softmax_loss", where="layers.py:571",
    ),
    "next_write": entry(
        "write {function} ({where})",
        "Nothing is wrong so far; this is the next one to write.",
        function="affine_backward", where="layers.py:41",
    ),
    "next_mend_file": entry(
        "mend {where}, which stops {functions} functions",
        "One mistake, and nothing of the file runs. Mend it first.",
        where="optim.py:121", functions=3,
    ),
    "next_see": entry(
        "see {function} ({where})",
        "It waits for another function; see what it says.",
        function="affine_relu_forward", where="layer_utils.py:12",
    ),
    "may_come_right": entry(
        "May come right by itself once this is: {functions:list}.",
        "It uses a function that is wrong as well. Mend that one first.",
        functions=["affine_forward"],
    ),
    "more_messages": entry(
        "… and {count} more; --html shows them.", "A function says three things at most here.", count=2
    ),
    "passed_all": entry(
        "all public checks passed; hidden checks are run on the graded version",
        "You are done, as far as these checks can tell. Hidden ones ask the same functions with other shapes, seeds "
        "and modes.",
    ),
    "passed_all_of": entry(
        "all public checks of {names} passed; hidden checks are run on the graded version",
        "The same of the functions that you named.",
        names="affine",
    ),
}  # fmt: skip

TABLES: Final = (NEXT,)
