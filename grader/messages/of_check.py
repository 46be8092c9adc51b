"""The message of a check, from what its result holds: every value that is wrong, what else there is, which run counted.

A message names its function before each value that is wrong. A page that has named the function already shortens it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from grader.function_ids import short_name
from grader.messages.english import sentence
from grader.messages.say import say, say_all
from grader.records import EARNED_LESS, EARNED_THE_SAME, PASSED, CheckResult, Reason

PLACED: Final = "in_function"  # says which function it is about, and then what
SENTENCES_SHOWN: Final = 2
EARNS_LESS: Final = (Reason.of("earns_less"),)


def placed(function: str, what: Reason) -> Reason:
    return Reason.of("in_function", function=short_name(function), what=what)


def all_reasons(check: CheckResult) -> tuple[Reason, ...]:
    """Of the run that counts. A value that follows from the student's own forward is not wrong."""
    wrong = [part.reason for part in check.comparisons if part.status != PASSED and not part.follow_through]
    return (*(placed(check.function, reason) for reason in wrong if reason), *check.reasons)


def message_of(check: CheckResult) -> str:
    """All that is wrong, and why the run on stubs counts, if it does."""
    return " ".join(filter(None, [say_all([*all_reasons(check), *same_on_stubs(check)]), counted_on_stubs(check)]))


def same_on_stubs(check: CheckResult) -> list[Reason]:
    own = check.own_run
    if own is None or own.outcome != EARNED_THE_SAME:
        return []
    return [Reason.of("same_on_stubs", functions=list(map(short_name, own.wrong)))]


def counted_on_stubs(check: CheckResult) -> str:
    own = check.own_run
    if own is None or own.outcome != EARNED_LESS:
        return ""
    yours = said_of_own(own.reasons)
    if not own.wrong:
        return say(Reason.of("counted_on_called", name=short_name(check.function), yours=yours))
    return say(Reason.of("counted_on_stubs", functions=list(map(short_name, own.wrong)), yours=yours))


def said_of_own(reasons: Sequence[Reason]) -> str:
    return sentence(say_all(reasons or EARNS_LESS))


def shortened(reasons: Sequence[Reason], function: str, most: int = SENTENCES_SHOWN) -> str:
    """The function once, the first sentences, and how many more there are."""
    said: list[str] = []
    for reason in reasons:
        is_placed = reason.id == PLACED and reason.values["function"] == short_name(function)
        what = reason.values["what"] if is_placed else reason
        text = say(what) if isinstance(what, Reason) else str(what)
        if is_placed or not said:
            said.append(text)
        else:
            said[-1] = f"{sentence(said[-1])} {text}"
    starts_placed = bool(reasons) and reasons[0].id == PLACED
    more = [say(Reason.of("and_more", count=len(said) - most))] if len(said) > most else []
    return (f"{short_name(function)}: " if starts_placed else "") + " ".join([*said[:most], *more])
