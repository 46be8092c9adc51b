"""What a page says once: what the checks of a function say alike, and of a message what stands nowhere else.

Every check of a function that cannot be imported has the same message, and a message holds the reasons of all
comparisons. A page with 130 checks would hide its news among the repetitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grader.function_ids import short_name
from grader.messages.english import sentence
from grader.messages.of_check import EARNS_LESS, all_reasons, message_of, shortened
from grader.messages.say import say, say_all
from grader.records import EARNED_LESS, NOT_APPLICABLE, PASSED, CheckResult, Frame, FunctionResult, Reason


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
        message=alike(map(message_of, failing), ""),
        hint=alike((say_all(check.hints) for check in failing), ""),
        frames=alike((check.frames for check in failing), ()),
    )


def alike(said: Iterable[Any], nothing: Any) -> Any:
    words = [item for item in said if item]
    return words[0] if len(words) > 1 and len(set(words)) == 1 else nothing


def own_words(check: CheckResult, common: Common) -> str:
    """The message without what the function says for all its checks, and what stands beside the values compared."""
    return "" if message_of(check) == common.message else shortened(check.reasons, check.function, len(check.reasons))


def summary(check: CheckResult) -> str:
    """The message for a list: the place once, the first sentences, and how many more there are."""
    return shortened(all_reasons(check), check.function)


def with_yours(check: CheckResult) -> str:
    """What was wrong without stubs, if that is why the run on stubs counts; else ""."""
    own = check.own_run
    if own is None or own.outcome != EARNED_LESS:
        return ""
    return sentence(shortened(own.reasons or EARNS_LESS, check.function))


def stubs_note(checks: Sequence[CheckResult], functions: Mapping[str, FunctionResult]) -> str:
    """Which functions the grader's own stood in for, told once for all checks of a function; "" if for none."""
    counted = [check for check in checks if check.stubs]
    if not counted:
        return ""
    stood_in = dict.fromkeys(name for check in counted for name in check.stubs)
    asked, counts = len(checks), len(counted)
    wrong = [short_name(name) for name, item in functions.items() if name in stood_in and item.status != PASSED]
    if wrong:
        return say(Reason.of("stubs_counted", counted=counts, checks=asked, functions=wrong))
    return say(Reason.of("called_counted", counted=counts, checks=asked))
