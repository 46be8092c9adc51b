"""What is wrong with what the code returned, and what it looks like."""

from typing import Final

HAS_SHAPE: Final = "{name} has shape {found:shape}, expected {expected:shape}"
RIGHT: Final = "{name} has the right values"
OFF: Final = "{name} is off by up to {amount:amount} of {unit}"
DRAW: Final = "Draw every entry on its own from a normal distribution around 0."
DECIDE: Final = "Draw a number for every entry on its own, and compare it with a probability."

VALUES: Final[dict[str, str]] = {
    # Something else than numbers.
    "returned": "{name} returned {found}, expected {expected}.",
    "returned_none": "{name} returned None, expected {expected}. Is a return missing?",
    "is_none": "{name} is None, expected {expected:array}. Is it written yet? It is never assigned, or not returned.",
    "is_of_type": "{name} is of type {type!c}, expected {expected:array}.",
    "cannot_be_used": "what it returned cannot be used ({raised!c}: {text!c}).",
    "is_complex": "{name} is complex, expected real numbers.",
    "one_number_expected": "{name} is an array of shape {found:shape}, expected one number. Is the sum or mean over it missing?",
    "no_such_entry": "{attribute}[{key!r}] is not there, expected an array. It holds {names!c:list}.",
    "entry_of_type": "{attribute}[{key!r}] is of type {type!c}, expected an array. It holds {names!c:list}.",
    "attribute_of_type": "{attribute} is of type {type!c}, expected a dict of arrays.",
    "attribute_is_empty": "{attribute} is empty: the constructor is not written yet.",
    "entry_has_shape": "{attribute}[{key!r}] has shape {found:shape}, expected {expected:shape}.",
    "are_no_numbers": "{name} holds what is no number of ordinary size, expected {expected:array}.",
    # Another shape.
    "shape_transposed": HAS_SHAPE + ". It is the transpose.",
    "shape_in_another_order": HAS_SHAPE + ". The axes are in another order.",
    "shape_of_a_number": HAS_SHAPE + ". It is a single number.",
    "shape_of_other_axes": HAS_SHAPE + ". It has {axes:# axis|# axes}, expected {expected_axes}.",
    "shape_along": HAS_SHAPE + ". They differ along {axes:axis|axes} {axes:and}.",
    "shape_and_values_of_other": HAS_SHAPE + ". {name} has the values of {other}.",
    "shape_of_other": HAS_SHAPE + ". {name} has the shape of {other}.",
    # Other values.
    "off_in_some": OFF + " in {wrong} of {entries} entries, {where}.",
    "off_everywhere": OFF + " and wrong in every entry.",
    "off": OFF + ".",
    "number_off": "{name} is off by {amount:amount}.",
    "number_slightly_off": "{name} is off by {amount:amount} of its size.",
    "only_at": "only at {at:index|indices} {at:few} of axis {axis}",
    "only_right_at": "only {at:index|indices} {at:few} of axis {axis} {at:is|are} right throughout",
    "only_at_the_border": "only in the outermost rows and columns",
    "first_at": "first at {at:position}",
    "own_largest": "its largest entry",
    "largest_of": "the largest entry of {name}",
    "wrong_sign_everywhere": "{name} has the wrong sign everywhere.",
    "wrong_sign": "{name} has the wrong sign.",
    "factor_of_size": "{name} is {ratio:ratio} times what it should be, everywhere; {length} is also {size}.",
    "factor": "{name} is {ratio:ratio} times what it should be, everywhere.",
    "number_times_size": "{name} is {ratio:ratio} times what it should be; {length} is also {size}.",
    "number_times": "{name} is {ratio:ratio} times what it should be.",
    "axis_length": "the length of axis {axis} of {name}",
    "entries": "the number of entries of {name}",
    "axes_multiplied": "axes {axes:and} of {name} multiplied",
    "axes_but_one": "all axes of {name} but axis {axis} multiplied",
    "the_input": "the input {name}",
    "same_amount_off": "{name} is off by the same amount everywhere.",
    "own_factors": "{name} is off by a factor of its own at each index of axis {axis}.",
    "own_amounts": "{name} is off by an amount of its own at each index of axis {axis}.",
    "own_factors_and_amounts": "{name} is off by a factor and an amount of its own at each index of axis {axis}.",
    "zero": "{name} is zero everywhere.",
    "zero_integers": "{name} is zero everywhere, in an array of integers: it keeps no fractions.",
    "constant": "{name} has one and the same value everywhere.",
    "cut": RIGHT + " cut to whole numbers: an array of integers keeps no fractions.",
    "rounded": RIGHT + " rounded to whole numbers: an array of integers keeps no fractions.",
    "rounded_down": RIGHT + " rounded down to whole numbers: an array of integers keeps no fractions.",
    "float16": RIGHT + " to the three digits that float16 keeps.",
    "values_of_other": "{name} has the values of {other}.",
    "in_another_order": RIGHT + " with its axes in another order (as if transposed by {axes:shape}).",
    "reversed": RIGHT + " in reverse along axis {axis}.",
    "shifted_up": RIGHT + " shifted by one along {axes:axis|axes} {axes:and}, up the index.",
    "shifted_down": RIGHT + " shifted by one along {axes:axis|axes} {axes:and}, down the index.",
    "is_not_finite_throughout": "{name} is {kind} in every entry.",
    "is_not_finite": "{name} is {kind}.",
    "holds_what_is_not_finite": "{name} holds {kind} in {wrong} of {entries} entries, {where}.",
    "huge": "{name} is more than {times} times as large as it should be.",
    "huge_beside": "{name} is more than {times} times as large as {unit}.",
    # Remarks, which cost nothing.
    "input_changed_and_returned": "{function} changes its input {argument} in place and returns it.",
    "input_changed": "{function} changes its input {argument} in place.",
    "other_dtype": "{name} has dtype {found}, expected {expected}.",
    "axes_of_length_1": HAS_SHAPE + "; the same but for axes of length 1.",
}

CHANCE: Final[dict[str, str]] = {
    "not_drawn": "{name} was not drawn at random: {pattern}. " + DRAW,
    "drawn_alike": "{first} and {second} begin with the same numbers. " + DRAW,
    "not_masked_by_chance": "the mask does not depend on chance alone: {pattern}. " + DECIDE,
    "few_values": "its {entries} entries have {different} different values",
    "follows_at": "its entries follow a pattern: each depends on the one {lag:# place|# places} before it",
    "multiples": "some of its slices along axis {axis} are multiples of each other",
    "extreme": "its largest entry is {largest:.2g} times the spread, which a normal distribution does not give",
    "not_normal": "its values are not spread as in a normal distribution",
    "mask_follows_at": "each number is kept or dropped as the one {lag:# place|# places} before it",
    "mask_comes_again": "the mask of the next call is the same, {lag:# place|# places} further on",
    "same_number_kept": "exactly the same number of entries is kept in every call",
}

PARTS: Final[dict[str, str]] = {
    "in_function": "{function}: {what}",
    "as_written": "{text!c}",
    "and_more": "And {count} more.",
    "values": "{count} values",
    "one_array": "one array",
    "one_value": "one value",
    "argument": "argument {number}",
}
