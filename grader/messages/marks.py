"""What a check counts and why: gradients over a wrong forward, the grader's own functions in place of others."""

from __future__ import annotations

from typing import Final

from grader.messages.entry import Entry, entry

COSTS: Final = "That costs {own} its marks; this check counts "
INSTEAD: Final = "{why:sentence} {name} was given the cache that the docstring describes instead"

FOLLOWS: Final[dict[str, Entry]] = {
    "follows": entry(
        "{names:and} {names:is the gradient|are the gradients} of your own {own}, which is wrong: "
        "counted {share:counted}. Mend {own} first.",
        "Your backward is right for what your forward does. It is counted in full if the forward is a known mistake or "
        "is right elsewhere.",
        names=["db", "dw", "dx"], own="affine_forward", share=0.5,
    ),
    "given_cache": entry(
        "{why:sentence} Given the cache that the docstring describes, {then}",
        "The forward cannot be used, so the backward was given the cache that the docstring describes instead.",
        why="affine_forward returned one array, expected 2 values.", then="affine_backward raised ValueError: x",
    ),
    "was_given_cache": entry(
        INSTEAD + ".",
        "The same; the backward is right for that cache.",
        why="affine_forward returned one array, expected 2 values.", name="affine_backward",
    ),
    "was_given_other_cache": entry(
        INSTEAD + "; if yours holds something else, mend {forward} first.",
        "The same; the backward is wrong for that cache.",
        why="affine_forward returned one array, expected 2 values.", name="affine_backward", forward="affine_forward",
    ),
    "shares": entry(
        COSTS + "in full, by the other checks of {name}. Fix {own} first.",
        "Your forward fails on the inputs of this check, so the backward could not be run on them. It earns here what "
        "it earns in its other checks.",
        own="dropout_forward", name="dropout_backward",
    ),
    "shares_part": entry(
        COSTS + "for {share:percent}, by the other checks of {name}. Fix {own} first.",
        "The same; the forward passes none of its own checks, or the backward not all of its others.",
        own="dropout_forward", name="dropout_backward", share=0.5,
    ),
}  # fmt: skip

STUBS: Final[dict[str, Entry]] = {
    "counted_on_stubs": entry(
        "Counted with the grader's own {functions:list} in place of yours, which lost marks already. "
        "Mend {functions:it|them} first. With yours: {yours}",
        "A mistake costs once: the check counts as it ends with a right function in the place of your wrong one.",
        functions=["affine_forward"], yours="TwoLayerNet: loss is off by 5%.",
    ),
    "counted_on_called": entry(
        "Counted with the grader's own functions in place of those that {name} calls. With yours: {yours}",
        "The same, where your functions passed their own checks.",
        name="TwoLayerNet", yours="TwoLayerNet: loss is off by 5%.",
    ),
    "same_on_stubs": entry(
        "So it is with the grader's own {functions:list} in place of yours.",
        "It is wrong with right ones, too: the mistake is in this function.",
        functions=["batchnorm_forward"],
    ),
    "wrong_on_stubs": entry("Wrong all the same: {names:list}.", "With right ones in their place.", names=["dx"]),
    "earns_less": entry("it earns less"),
    "stubs_counted": entry(
        "{counted} of {checks} checks {counted:counts|count} with the grader's own {functions:list} in place of yours, "
        "which lost marks already. Mend {functions:it|them} first.",
        counted=2, checks=5, functions=["affine_forward"],
    ),
    "called_counted": entry(
        "{counted} of {checks} checks {counted:counts|count} with the grader's own functions in place of those that "
        "are called.",
        counted=2, checks=5,
    ),
    "after_hidden": entry(
        "This check ran after hidden ones, so what it printed, raised or returned is not shown here.",
        "Mend what ran out of time: then it runs before them.",
    ),
}  # fmt: skip

PARTS: Final[dict[str, Entry]] = {
    "hint": entry("{text}{misconception:unsaid}", misconception="flipped_kernel", text="The kernel is flipped."),
}

TABLES: Final = (FOLLOWS, STUBS, PARTS)
