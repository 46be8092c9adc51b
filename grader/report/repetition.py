"""What a page says once: what the checks of a function say alike, and of a message what stands nowhere else.

Every check of a function that cannot be imported has the same message, and a message holds the reasons of all
comparisons. The record keeps each complete; a page with 130 checks would hide its news among the repetitions.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from grader.function_ids import short_name
from grader.records import NOT_APPLICABLE, PASSED, CheckResult, Frame, FunctionResult

# As judging/verdict.py writes it where the run on stubs counts.
ON_STUBS: Final = re.compile(
    r"\s*(?:So it is|Counted) with the grader's own [^.]*? in place of [^.]*\.(?: Mend (?:it|them) first\.)?"
    r"(?: With yours: (?P<yours>.*))?$",
    re.DOTALL,
)
SENTENCES_SHOWN: Final = 2

Said = TypeVar("Said", bound=Hashable)


@dataclass(frozen=True)
class Common:
    """What at least two checks of a function say in the same words, and no check says otherwise; else empty."""

    message: str = ""
    hint: str = ""
    frames: tuple[Frame, ...] = ()


def in_common(checks: Sequence[CheckResult]) -> Common:
    """Of the checks that did not pass."""
    failing = [check for check in checks if check.status not in (PASSED, NOT_APPLICABLE)]
    return Common(
        message=alike((check.message for check in failing), ""),
        hint=alike((check.hint for check in failing), ""),
        frames=alike((check.frames for check in failing), ()),
    )


def alike(said: Iterable[Said], nothing: Said) -> Said:
    words = [item for item in said if item]
    return words[0] if len(words) > 1 and len(set(words)) == 1 else nothing


def own_words(check: CheckResult, common: Common) -> str:
    """The message without what the function says for all its checks, and what stands beside the values compared."""
    if check.message == common.message:
        return ""
    reasons = {part.reason for part in check.comparisons}
    message = before_stubs(check)
    left = [said for said in sentences(message, check.function) if said not in reasons]
    return place(message, check.function) + " ".join(left) if left else ""


def summary(check: CheckResult) -> str:
    """The message for a list: the place once, the first sentences, and how many more there are."""
    return shortened(before_stubs(check), check.function)


def with_yours(check: CheckResult) -> str:
    """What the check said of the code without stubs in it; "" if it counts without, or said nothing."""
    match = ON_STUBS.search(check.message) if check.stubs else None
    return shortened(match["yours"], check.function) if match and match["yours"] else ""


def stubs_note(checks: Sequence[CheckResult], functions: Mapping[str, FunctionResult]) -> str:
    """Which functions the grader's own stood in for, told once for all checks of a function; "" if for none."""
    counted = [check for check in checks if check.stubs]
    if not counted:
        return ""
    stood_in = dict.fromkeys(name for check in counted for name in check.stubs)
    wrong = [short_name(name) for name, item in functions.items() if name in stood_in and item.status != PASSED]
    number = f"{len(counted)} of {len(checks)} checks {'counts' if len(counted) == 1 else 'count'}"
    if not wrong:
        return f"{number} with the grader's own functions in place of those that are called."
    mend = "it" if len(wrong) == 1 else "them"
    return (
        f"{number} with the grader's own {', '.join(wrong)} in place of yours, which lost marks already. "
        f"Mend {mend} first."
    )


def before_stubs(check: CheckResult) -> str:
    return ON_STUBS.sub("", check.message) if check.stubs else check.message


def sentences(message: str, function: str) -> list[str]:
    """The message cut wherever it names its place anew: "f: a is off. f: b is NaN." → a is off.; b is NaN."""
    parts = re.split(rf"(?:^|(?<=[.!?])\s+){re.escape(short_name(function))}: ", message)
    return [part.strip() for part in parts if part.strip()]


def shortened(message: str, function: str) -> str:
    said = sentences(message, function)
    rest = len(said) - SENTENCES_SHOWN
    return place(message, function) + " ".join(said[:SENTENCES_SHOWN]) + (f" And {rest} more." if rest > 0 else "")


def place(message: str, function: str) -> str:
    """The function as a message that starts by naming it does."""
    start = f"{short_name(function)}: "
    return start if message.startswith(start) else ""
