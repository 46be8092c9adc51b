"""What is wrong with what the code returned, and what it looks like."""

from __future__ import annotations

from typing import Final

from grader.messages.entry import Entry, entry

HAS_SHAPE: Final = "{name} has shape {found:shape}, expected {expected:shape}"
RIGHT: Final = "{name} has the right values"
OFF: Final = "{name} is off by up to {amount:amount} of {unit}"
DRAW: Final = "Draw every entry on its own from a normal distribution around 0."
DECIDE: Final = "Draw a number for every entry on its own, and compare it with a probability."

RETURNED: Final[dict[str, Entry]] = {
    "returned": entry(
        "{name} returned {found}, expected {expected}.",
        "See what the docstring says that it returns, often `out, cache`.",
        name="affine_forward", found="one array", expected="2 values",
    ),
    "returned_none": entry(
        "{name} returned None, expected {expected}. Is a return missing?",
        "The body ends without `return`.",
        name="relu_forward", expected="2 values",
    ),
    "is_none": entry(
        "{name} is None, expected {expected:array}. Is it written yet? It is never assigned, or not returned.",
        "The name was set to None above and to nothing else since.",
        name="dbeta", expected=[5],
    ),
    "is_of_type": entry(
        "{name} is of type {type!c}, expected {expected:array}.",
        "Not an array at all.",
        name="out", type="str", expected=[6, 5],
    ),
    "cannot_be_used": entry(
        "what it returned cannot be used ({raised!c}: {text!c}).",
        "The check went on with what came back, and could not.",
        raised="ValueError", text="out is no array, expected shape (120, 100)",
    ),
    "is_complex": entry(
        "{name} is complex, expected real numbers.",
        "Somewhere the root of a negative number was taken, or a `j` crept in.",
        name="dbeta",
    ),
    "one_number_expected": entry(
        "{name} is an array of shape {found:shape}, expected one number. Is the sum or mean over it missing?",
        "One loss an example; it should be their mean.",
        name="loss", found=[50],
    ),
    "no_such_entry": entry(
        "{attribute}[{key!r}] is not there, expected an array. It holds {names!c:list}.",
        "The constructor of the net does not make this parameter, or calls it something else.",
        attribute="params", key="W1", names=["b1", "W2", "b2"],
    ),
    "entry_of_type": entry(
        "{attribute}[{key!r}] is of type {type!c}, expected an array. It holds {names!c:list}.",
        "A parameter of the net is not an array.",
        attribute="params", key="W1", type="list", names=["W1", "b1", "W2", "b2"],
    ),
    "attribute_of_type": entry(
        "{attribute} is of type {type!c}, expected a dict of arrays.",
        "`self.params` was replaced.",
        attribute="params", type="list",
    ),
    "attribute_is_empty": entry(
        "{attribute} is empty: the constructor is not written yet.",
        "Write `__init__` first.",
        attribute="params",
    ),
    "entry_has_shape": entry(
        "{attribute}[{key!r}] has shape {found:shape}, expected {expected:shape}.",
        "A parameter of the wrong shape; the docstring says which it has.",
        attribute="params", key="W1", found=[3, 3, 3], expected=[3, 3, 3, 3],
    ),
    "are_no_numbers": entry(
        "{name} holds what is no number of ordinary size, expected {expected:array}.",
        "An array of strings or objects, or of numbers that no float can hold.",
        name="out", expected=[6, 5],
    ),
}  # fmt: skip

SHAPES: Final[dict[str, Entry]] = {
    "shape_transposed": entry(
        HAS_SHAPE + ". It is the transpose.",
        "A `.T` too many or too few.",
        name="dw", found=[3, 3, 3, 2], expected=[2, 3, 3, 3],
    ),
    "shape_in_another_order": entry(
        HAS_SHAPE + ". The axes are in another order.",
        "See the order in your `transpose` or `reshape`.",
        name="dx", found=[3, 4, 5, 5], expected=[4, 3, 5, 5],
    ),
    "shape_of_a_number": entry(
        HAS_SHAPE + ". It is a single number.",
        "A sum over all axes; keep the one that the result has.",
        name="db", found=[], expected=[2],
    ),
    "shape_of_other_axes": entry(
        HAS_SHAPE + ". It has {axes:# axis|# axes}, expected {expected_axes}.",
        "A sum over too many axes or too few; `keepdims=True` keeps their number.",
        name="dbeta", found=[1], expected=[1, 6, 1, 1], axes=1, expected_axes=4,
    ),
    "shape_along": entry(
        HAS_SHAPE + ". They differ along {axes:axis|axes} {axes:and}.",
        "A slice that ends too early, or a size that is worked out wrongly.",
        name="dw", found=[6, 4], expected=[6, 5], axes=[1],
    ),
    "shape_and_values_of_other": entry(
        HAS_SHAPE + ". {name} has the values of {other}.",
        "Two results changed places.",
        name="db", found=[6, 5], expected=[5], other="dw",
    ),
    "shape_of_other": entry(
        HAS_SHAPE + ". {name} has the shape of {other}.",
        "Perhaps two results changed places, and there is another mistake.",
        name="db", found=[6, 5], expected=[5], other="dw",
    ),
}  # fmt: skip

VALUES: Final[dict[str, Entry]] = {
    "off_in_some": entry(
        OFF + " in {wrong} of {entries} entries, {where}.",
        "No known pattern; where it begins may tell which step is wrong.",
        name="next_w", amount=0.07, unit="its largest entry", wrong=16, entries=20, where="first at (0, 4)",
    ),
    "off_everywhere": entry(
        OFF + " and wrong in every entry.",
        "Not a matter of one place.",
        name="scores", amount=2.99, unit="its largest entry",
    ),
    "off": entry(
        OFF + ".",
        "Every entry is nearly right: a matter of how exactly it is computed.",
        name="dx", amount=2e-7, unit="its largest entry",
    ),
    "number_off": entry(
        "{name} is off by {amount:amount}.",
        "A single number.",
        name="loss", amount=0.05,
    ),
    "number_slightly_off": entry(
        "{name} is off by {amount:amount} of its size.",
        "The same, by less than a percent.",
        name="loss", amount=0.0002,
    ),
    "only_at": entry(
        "only at {at:index|indices} {at:few} of axis {axis}",
        "Only one example or channel is wrong: see what is special about it.",
        at=[0], axis=0,
    ),
    "only_right_at": entry(
        "only {at:index|indices} {at:few} of axis {axis} {at:is|are} right throughout",
        "The other way round: only these are right.",
        at=[16, 17, 18], axis=1,
    ),
    "only_at_the_border": entry(
        "only in the outermost rows and columns",
        "Padding: it is missing, or cut off at the wrong place.",
    ),
    "first_at": entry("first at {at:position}", at=[0, 4]),
    "own_largest": entry("its largest entry"),
    "largest_of": entry(
        "the largest entry of {name}",
        "In nets, gradients are compared relative to the largest of them all.",
        name="W1",
    ),
    "wrong_sign_everywhere": entry(
        "{name} has the wrong sign everywhere.", "A minus too many or too few.", name="dx"
    ),
    "wrong_sign": entry("{name} has the wrong sign.", name="loss"),
    "factor_of_size": entry(
        "{name} is {ratio:ratio} times what it should be, everywhere; {length} is also {size}.",
        "One factor too many or too few, and its name: a division by N is missing (or came once too often, if it is "
        "`1/50 times`).",
        name="dx", ratio=50, length=50, size="the length of axis 0 of x",
    ),
    "factor": entry(
        "{name} is {ratio:ratio} times what it should be, everywhere.",
        "Often a derivative of a square, or something that was added twice.",
        name="out", ratio=2,
    ),
    "number_times_size": entry(
        "{name} is {ratio:ratio} times what it should be; {length} is also {size}.", name="loss", ratio=50, length=50,
        size="the length of axis 0 of dx",
    ),
    "number_times": entry("{name} is {ratio:ratio} times what it should be.", name="loss", ratio=10),
    "axis_length": entry("the length of axis {axis} of {name}", axis=0, name="x"),
    "entries": entry("the number of entries of {name}", name="x"),
    "axes_multiplied": entry("axes {axes:and} of {name} multiplied", axes=[2, 3], name="x"),
    "axes_but_one": entry("all axes of {name} but axis {axis} multiplied", axis=1, name="x"),
    "the_input": entry("the input {name}", name="x"),
    "same_amount_off": entry(
        "{name} is off by the same amount everywhere.", "Something was added to all of it.", name="dx"
    ),
    "own_factors": entry(
        "{name} is off by a factor of its own at each index of axis {axis}.",
        "Each example has another factor: a mean or a norm over the wrong axis.",
        name="dx", axis=0,
    ),
    "own_amounts": entry(
        "{name} is off by an amount of its own at each index of axis {axis}.",
        "The same with something added, such as a bias or a mean.",
        name="dx", axis=1,
    ),
    "own_factors_and_amounts": entry(
        "{name} is off by a factor and an amount of its own at each index of axis {axis}.",
        "Both: a normalization over the wrong axis does this.",
        name="dx", axis=0,
    ),
    "zero": entry(
        "{name} is zero everywhere.",
        "Never filled, or multiplied by a mask that is false everywhere.",
        name="dx",
    ),
    "zero_integers": entry(
        "{name} is zero everywhere, in an array of integers: it keeps no fractions.",
        "The array was made of whole numbers, and what you wrote into it was cut.",
        name="next_w",
    ),
    "constant": entry(
        "{name} has one and the same value everywhere.", "A sum or mean where values were due.", name="dx"
    ),
    "cut": entry(
        RIGHT + " cut to whole numbers: an array of integers keeps no fractions.",
        "As above.",
        name="dgamma",
    ),
    "rounded": entry(RIGHT + " rounded to whole numbers: an array of integers keeps no fractions.", name="dgamma"),
    "rounded_down": entry(
        RIGHT + " rounded down to whole numbers: an array of integers keeps no fractions.", name="dgamma"
    ),
    "float16": entry(
        RIGHT + " to the three digits that float16 keeps.", "A conversion that loses digits.", name="dbeta"
    ),
    "values_of_other": entry(
        "{name} has the values of {other}.", "What went in came back.", name="dx", other="the input x"
    ),
    "in_another_order": entry(
        RIGHT + " with its axes in another order (as if transposed by {axes:shape}).",
        "Two axes of the same length changed places.",
        name="dw", axes=[0, 1, 3, 2],
    ),
    "reversed": entry(
        RIGHT + " in reverse along axis {axis}.", "A loop that runs backward, or a `[::-1]`.", name="dx", axis=0
    ),
    "shifted_up": entry(
        RIGHT + " shifted by one along {axes:axis|axes} {axes:and}, up the index.",
        "Off by one: a loop or a slice begins one too late or too early.",
        name="dx", axes=[0],
    ),
    "shifted_down": entry(
        RIGHT + " shifted by one along {axes:axis|axes} {axes:and}, down the index.", name="dx", axes=[0]
    ),
    "is_not_finite_throughout": entry(
        "{name} is {kind} in every entry.",
        "0 / 0, or the root or logarithm of a negative number.",
        name="dgamma", kind="NaN",
    ),
    "is_not_finite": entry("{name} is {kind}.", name="loss", kind="NaN"),
    "holds_what_is_not_finite": entry(
        "{name} holds {kind} in {wrong} of {entries} entries, {where}.",
        "A division by zero, or `exp` of something large.",
        name="dgamma", kind="inf", wrong=1, entries=8, where="only at index 0 of axis 0",
    ),
    "huge": entry(
        "{name} is more than {times} times as large as it should be.",
        "Something explodes: a sum where a mean is due, a division by almost zero.",
        name="dgamma", times=1000,
    ),
    "huge_beside": entry(
        "{name} is more than {times} times as large as {unit}.",
        "The same in nets, where gradients are compared relative to the largest of them all.",
        name="b1", times=1000, unit="the largest entry of W1",
    ),
}  # fmt: skip

CHANCE: Final[dict[str, Entry]] = {
    "not_drawn": entry(
        "{name} was not drawn at random: {pattern}. " + DRAW,
        "Weights made by a formula, or of one row that is repeated, make all hidden units the same.",
        name="W1",
        pattern="its 250 entries have 10 different values",
    ),
    "drawn_alike": entry(
        "{first} and {second} begin with the same numbers. " + DRAW,
        "The generator was seeded anew between the two.",
        first="W1",
        second="W2",
    ),
    "not_masked_by_chance": entry(
        "the mask does not depend on chance alone: {pattern}. " + DECIDE,
        "The mask must be another one at every call, and for every number.",
        pattern="exactly the same number of entries is kept in every call",
    ),
    "few_values": entry("its {entries} entries have {different} different values", entries=250, different=10),
    "follows_at": entry(
        "its entries follow a pattern: each depends on the one {lag:# place|# places} before it", lag=2
    ),
    "multiples": entry("some of its slices along axis {axis} are multiples of each other", axis=0),
    "extreme": entry(
        "its largest entry is {largest:.2g} times the spread, which a normal distribution does not give", largest=1.7
    ),
    "not_normal": entry("its values are not spread as in a normal distribution"),
    "mask_follows_at": entry("each number is kept or dropped as the one {lag:# place|# places} before it", lag=1),
    "mask_comes_again": entry("the mask of the next call is the same, {lag:# place|# places} further on", lag=0),
    "same_number_kept": entry("exactly the same number of entries is kept in every call"),
}

PARTS: Final[dict[str, Entry]] = {
    "in_function": entry("{function}: {what}", function="svm_loss", what="loss is off by 5%."),
    "as_written": entry("{text!c}", text="trained on 9 examples, it is right about 4 of them, expected nearly all."),
    "and_more": entry("And {count} more.", count=2),
    "values": entry("{count} values", count=2),
    "one_array": entry("one array"),
    "one_value": entry("one value"),
    "argument": entry("argument {number}", number=1),
}

REMARKS: Final[dict[str, Entry]] = {
    "input_changed_and_returned": entry(
        "{function} changes its input {argument} in place and returns it.",
        "A right function stays right, but the caller's array is another one afterwards. Work on a copy.",
        function="relu_forward", argument="x",
    ),
    "input_changed": entry(
        "{function} changes its input {argument} in place.",
        "As above.",
        function="sgd_momentum", argument="w",
    ),
    "other_dtype": entry(
        "{name} has dtype {found}, expected {expected}.",
        "Compared all the same.",
        name="out", found="float32", expected="float64",
    ),
    "axes_of_length_1": entry(
        HAS_SHAPE + "; the same but for axes of length 1.",
        "Compared all the same.",
        name="dgamma", found=[6, 1, 1], expected=[1, 6, 1, 1],
    ),
}  # fmt: skip

TABLES: Final = (RETURNED, SHAPES, VALUES, CHANCE, PARTS, REMARKS)
