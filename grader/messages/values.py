"""Messages on returned values: what is wrong with them, and what the wrong values look like."""

from typing import Final

HAS_SHAPE: Final = "{name} has shape {found:shape}, expected {expected:shape}"
RIGHT: Final = "{name} has the right values"
OFF: Final = "{name} is off by up to {amount:amount} of {unit}"
DRAW: Final = "Draw each entry independently from a normal distribution with mean 0."
DECIDE: Final = "Draw an independent random number for each entry and compare it with the probability."

VALUES: Final[dict[str, str]] = {
    # Not an array of numbers.
    "returned": "{name} returned {found}, expected {expected}.",
    "returned_none": "{name} returned None, expected {expected}. Is a return missing?",
    "is_none": "{name} is None, expected {expected:array}. Perhaps it is not written yet, never assigned, or not returned.",
    "is_of_type": "{name} is of type {type!c}, expected {expected:array}.",
    "cannot_be_used": "the check cannot use the returned value ({raised!c}: {text!c}).",
    "is_complex": "{name} is complex, expected real numbers.",
    "one_number_expected": "{name} is an array of shape {found:shape}, expected one number. Is the sum or mean over it missing?",
    "no_such_entry": "{attribute}[{key!r}] is missing, expected an array. {attribute} holds {names!c:list}.",
    "entry_of_type": "{attribute}[{key!r}] is of type {type!c}, expected an array. {attribute} holds {names!c:list}.",
    "attribute_of_type": "{attribute} is of type {type!c}, expected a dict of arrays.",
    "attribute_is_empty": "{attribute} is empty: the constructor is not written yet.",
    "entry_has_shape": "{attribute}[{key!r}] has shape {found:shape}, expected {expected:shape}.",
    "are_no_numbers": "{name} contains values that do not fit a float64, expected {expected:array}.",
    # Wrong shapes.
    "shape_transposed": HAS_SHAPE + ". It is the transpose.",
    "shape_in_another_order": HAS_SHAPE + ". The axes are in another order.",
    "shape_of_a_number": HAS_SHAPE + ". It is a single number.",
    "shape_of_other_axes": HAS_SHAPE + ". It has {axes:# axis|# axes}, expected {expected_axes}.",
    "shape_along": HAS_SHAPE + ". They differ along {axes:axis|axes} {axes:and}.",
    "shape_and_values_of_other": HAS_SHAPE + ". {name} has the values of {other}.",
    "shape_of_other": HAS_SHAPE + ". {name} has the shape of {other}.",
    # Wrong values.
    "off_in_some": OFF + " in {wrong} of {entries} entries, {where}.",
    "off_everywhere": OFF + " and wrong in every entry.",
    "off": OFF + ".",
    "number_off": "{name} is off by {amount:amount}.",
    "number_slightly_off": "{name} has a relative error of {amount:amount}.",
    "only_at": "only at {at:index|indices} {at:few} of axis {axis}",
    "only_right_at": "only {at:index|indices} {at:few} of axis {axis} {at:is|are} completely right",
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
    "axes_multiplied": "the product of the lengths of axes {axes:and} of {name}",
    "axes_but_one": "the product of the lengths of all axes of {name} except axis {axis}",
    "the_input": "the input {name}",
    "same_amount_off": "{name} is off by the same amount everywhere.",
    "own_factors": "{name} is off by a different factor at each index of axis {axis}.",
    "own_amounts": "{name} is off by a different amount at each index of axis {axis}.",
    "own_factors_and_amounts": "{name} is off by a different factor and a different amount at each index of axis {axis}.",
    "zero": "{name} is zero everywhere.",
    "zero_integers": "{name} is zero everywhere. It is an array of integers, which cannot hold fractions.",
    "constant": "{name} has the same value everywhere.",
    "cut": RIGHT + " cut to whole numbers: an array of integers cannot hold fractions.",
    "rounded": RIGHT + " rounded to whole numbers: an array of integers cannot hold fractions.",
    "rounded_down": RIGHT + " rounded down to whole numbers: an array of integers cannot hold fractions.",
    "float16": RIGHT + " only to the three digits that float16 holds.",
    "values_of_other": "{name} has the values of {other}.",
    "in_another_order": RIGHT + " with its axes in another order (as if transposed by {axes:shape}).",
    "reversed": RIGHT + " in reverse order along axis {axis}.",
    "shifted_up": RIGHT + " shifted by one along {axes:axis|axes} {axes:and}, towards higher indices.",
    "shifted_down": RIGHT + " shifted by one along {axes:axis|axes} {axes:and}, towards lower indices.",
    "is_not_finite_throughout": "{name} is {kind} in every entry.",
    "is_not_finite": "{name} is {kind}.",
    "holds_what_is_not_finite": "{name} holds {kind} in {wrong} of {entries} entries, {where}.",
    "huge": "{name} is more than {times} times as large as it should be.",
    "huge_beside": "{name} is more than {times} times as large as {unit}.",
    # Remarks, which cost no marks.
    "input_changed_and_returned": "{function} changes its input {argument} in place and returns it.",
    "input_changed": "{function} changes its input {argument} in place.",
    "other_dtype": "{name} has dtype {found}, expected {expected}.",
    "axes_of_length_1": HAS_SHAPE + "; only axes of length 1 differ.",
}

CHANCE: Final[dict[str, str]] = {
    "not_drawn": "{name} was not drawn at random: {pattern}. " + DRAW,
    "drawn_alike": "{first} and {second} start with the same numbers. " + DRAW,
    "not_masked_by_chance": "the mask is not random: {pattern}. " + DECIDE,
    "few_values": "its {entries} entries have only {different} different values",
    "follows_at": "its entries follow a pattern: each depends on the entry {lag:# place|# places} before it",
    "multiples": "some of its slices along axis {axis} are multiples of each other",
    "extreme": "its largest entry is {largest:.2g} standard deviations, which does not occur in a normal distribution of this size",
    "not_normal": "its values do not have the spread of a normal distribution",
    "mask_follows_at": "each entry is kept or dropped like the entry {lag:# place|# places} before it",
    "mask_comes_again": "the next call uses the same mask, shifted by {lag:# place|# places}",
    "same_number_kept": "every call keeps exactly the same number of entries",
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
