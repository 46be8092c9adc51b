"""The message of a check, built from its CheckResult: each wrong value, further reasons, and which run counts.

A message names the function before each wrong value. A page that already shows the function's name shortens it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from grader.function_ids import short_name
from grader.messages.english import sentence
from grader.messages.say import say, say_all
from grader.records import EARNED_LESS, EARNED_THE_SAME, PASSED, CheckResult, Reason

SENTENCES_SHOWN: Final = 2
EARNS_LESS: Final = (Reason.of("earns_less"),)


def placed(function: str, what: Reason) -> Reason:
    return Reason.of("in_function", function=short_name(function), what=what)


def all_reasons(check: CheckResult) -> tuple[Reason, ...]:
    """Return the reasons of the run that counts. Leaves out values that are right for the student's own forward."""
    wrong = [part.reason for part in check.comparisons if part.status != PASSED and not part.follow_through]
    return (*(placed(check.function, reason) for reason in wrong if reason), *check.reasons)


def message_of(check: CheckResult) -> str:
    """Return all reasons of a check; if the run on stubs counts, also the reason for that."""
    reasons, own = all_reasons(check), check.own_run
    called = list(map(short_name, own.wrong)) if own else []
    if own and own.outcome == EARNED_THE_SAME:
        reasons = (*reasons, Reason.of("same_on_stubs", functions=called))
    text = say_all(reasons)
    if own and own.outcome == EARNED_LESS:
        yours = sentence(say_all(own.reasons or EARNS_LESS))
        counted = Reason.of("counted_on_called", name=short_name(check.function), yours=yours)
        if called:
            counted = Reason.of("counted_on_stubs", functions=called, yours=yours)
        text = f"{text} {say(counted)}".strip()
    return text


def shortened(reasons: Sequence[Reason], function: str, most: int = SENTENCES_SHOWN) -> str:
    """Return the function's name once, the first `most` sentences, and the number of further ones."""
    said: list[str] = []
    for reason in reasons:
        is_placed = reason.id == "in_function" and reason.values["function"] == short_name(function)
        what = reason.values["what"] if is_placed else reason
        text = say(what) if isinstance(what, Reason) else str(what)
        if is_placed or not said:
            said.append(text)
        else:
            said[-1] = f"{sentence(said[-1])} {text}"
    starts_placed = bool(reasons) and reasons[0].id == "in_function"
    more = [say(Reason.of("and_more", count=len(said) - most))] if len(said) > most else []
    return (f"{short_name(function)}: " if starts_placed else "") + " ".join([*said[:most], *more])
