"""What a check counts and why: gradients over a wrong forward, the grader's own functions in place of others."""

from typing import Final

COSTS: Final = "That costs {own} its marks; this check counts "
INSTEAD: Final = "{why:sentence} {name} was given the cache that the docstring describes instead"

FOLLOWS: Final[dict[str, str]] = {
    "follows": (
        "{names:and} {names:is the gradient|are the gradients} of your own {own}, which is wrong: "
        "counted {share:counted}. Mend {own} first."
    ),
    "given_cache": "{why:sentence} Given the cache that the docstring describes, {then}",
    "was_given_cache": INSTEAD + ".",
    "was_given_other_cache": INSTEAD + "; if yours holds something else, mend {forward} first.",
    "shares": COSTS + "in full, by the other checks of {name}. Fix {own} first.",
    "shares_part": COSTS + "for {share:percent}, by the other checks of {name}. Fix {own} first.",
}

STUBS: Final[dict[str, str]] = {
    "counted_on_stubs": (
        "Counted with the grader's own {functions:list} in place of yours, which lost marks already. "
        "Mend {functions:it|them} first. With yours: {yours}"
    ),
    "counted_on_called": "Counted with the grader's own functions in place of those that {name} calls. With yours: {yours}",
    "same_on_stubs": "So it is with the grader's own {functions:list} in place of yours.",
    "wrong_on_stubs": "Wrong all the same: {names:list}.",
    "earns_less": "it earns less",
    "stubs_counted": (
        "{counted} of {checks} checks {counted:counts|count} with the grader's own {functions:list} in place of yours, "
        "which lost marks already. Mend {functions:it|them} first."
    ),
    "called_counted": (
        "{counted} of {checks} checks {counted:counts|count} with the grader's own functions in place of those that "
        "are called."
    ),
    "after_hidden": "This check ran after hidden ones, so what it printed, raised or returned is not shown here.",
    "hint": "{text}{misconception:unsaid}",
}

TABLES: Final = (FOLLOWS, STUBS)
