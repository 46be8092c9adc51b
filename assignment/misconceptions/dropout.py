"""Mistakes in dropout, as wrong variants of the reference, each with its hint: which of the known variants was seen.

A variant gets the reference before its own arguments. What the checks ask does not depend on the random numbers, so a
submission is recognised whatever it draws.
"""

import numpy as np

from grader.checks import misconception

NOT_SCALED = (
    "What is kept is not scaled: it is as large in train mode as in test mode, so that the mean of out shrinks."
)
NORMAL_NUMBERS = (
    "The share that is kept fits normal random numbers (randn). To compare with a probability, which numbers must be "
    "drawn?"
)


def dropout(x, dropout_param, masked, shape=None):
    """A forward whose mask is another: masked(random numbers of this shape, p), in train mode."""
    if dropout_param["mode"] == "test":
        return x, (dropout_param, None)
    seed = dropout_param.get("seed")
    random = np.random if seed is None else np.random.RandomState(seed)
    mask = np.broadcast_to(masked(random, shape or x.shape, dropout_param["p"]), x.shape)
    return x * mask, (dropout_param, mask)


@misconception(
    "layers.dropout_forward",
    "p is taken for the probability of keeping: a share p is kept and scaled by 1 / p. What does the docstring say "
    "that p is?",
)
def keeps_p_and_scales_by_p(reference, x, dropout_param):
    return dropout(x, dropout_param, lambda random, shape, p: (random.random_sample(shape) < p) / np.float64(p))


@misconception(
    "layers.dropout_forward",
    f"{NOT_SCALED} Which factor makes up for the share that is dropped?",
)
def drops_p_and_does_not_scale(reference, x, dropout_param):
    return dropout(x, dropout_param, lambda random, shape, p: random.random_sample(shape) < 1 - p)


@misconception(
    "layers.dropout_forward",
    "The right share is dropped, but what is kept is scaled by 1 / p, which is the share that is dropped. By how much "
    "did the mean of out shrink?",
)
def drops_p_and_scales_by_p(reference, x, dropout_param):
    return dropout(x, dropout_param, lambda random, shape, p: (random.random_sample(shape) < 1 - p) / np.float64(p))


@misconception(
    "layers.dropout_forward",
    "p is taken for the probability of keeping: a share p is kept. What does the docstring say that p is? "
    f"{NOT_SCALED}",
)
def keeps_p_and_does_not_scale(reference, x, dropout_param):
    return dropout(x, dropout_param, lambda random, shape, p: random.random_sample(shape) < p)


@misconception(
    "layers.dropout_forward",
    "The scale is right, but a share p is kept and not dropped. Which way round does your comparison go?",
)
def keeps_p_and_scales_by_1_minus_p(reference, x, dropout_param):
    return dropout(x, dropout_param, lambda random, shape, p: (random.random_sample(shape) < p) / (1 - p))


@misconception("layers.dropout_forward", NORMAL_NUMBERS)
def draws_normal_numbers_to_keep(reference, x, dropout_param):
    return dropout(x, dropout_param, lambda random, shape, p: (random.randn(*shape) < 1 - p) / (1 - p))


@misconception("layers.dropout_forward", NORMAL_NUMBERS)
def draws_normal_numbers_to_drop(reference, x, dropout_param):
    return dropout(x, dropout_param, lambda random, shape, p: (random.randn(*shape) > p) / (1 - p))


@misconception("layers.dropout_forward", f"{NORMAL_NUMBERS} {NOT_SCALED}")
def draws_normal_numbers_and_does_not_scale(reference, x, dropout_param):
    return dropout(x, dropout_param, lambda random, shape, p: random.randn(*shape) < 1 - p)


@misconception(
    "layers.dropout_forward",
    f"{NORMAL_NUMBERS} And p is taken for the probability of keeping: what is kept is scaled by 1 / p.",
)
def draws_normal_numbers_and_scales_by_p(reference, x, dropout_param):
    return dropout(x, dropout_param, lambda random, shape, p: (random.randn(*shape) < p) / np.float64(p))


@misconception(
    "layers.dropout_forward",
    "What is kept is scaled by 1 - p where it should make up for what is dropped: should it become smaller or larger?",
)
def scales_down(reference, x, dropout_param):
    return dropout(x, dropout_param, lambda random, shape, p: (random.random_sample(shape) < 1 - p) * (1 - p))


@misconception(
    "layers.dropout_forward",
    "Whole examples are dropped: one random number serves all of an example. Each number is kept or dropped on its "
    "own.",
)
def drops_whole_examples(reference, x, dropout_param):
    shape = (x.shape[0],) + (1,) * (x.ndim - 1)
    return dropout(x, dropout_param, lambda random, shape, p: (random.random_sample(shape) < 1 - p) / (1 - p), shape)


@misconception(
    "layers.dropout_forward",
    "All examples of the batch lose the same features: the mask was drawn for one example. Each number is kept or "
    "dropped on its own.",
)
def same_mask_for_all_examples(reference, x, dropout_param):
    shape = (1, *x.shape[1:])
    return dropout(x, dropout_param, lambda random, shape, p: (random.random_sample(shape) < 1 - p) / (1 - p), shape)


@misconception(
    "layers.dropout_forward",
    "The same seed gives another mask in the next call: the mask is not drawn from the generator that the seed set.",
)
def seed_ignored(reference, x, dropout_param):
    return reference.layers.dropout_forward(x, {**dropout_param, "seed": None})


@misconception(
    "layers.dropout_forward",
    "Without a seed the mask is the same in every call. Is a seed fixed in your code?",
)
def mask_is_always_the_same(reference, x, dropout_param):
    return reference.layers.dropout_forward(x, {"seed": 0, **dropout_param})


@misconception(
    "layers.dropout_forward",
    "Test mode drops numbers as train mode does. At test time all of the net is used.",
)
def drops_in_test_mode(reference, x, dropout_param):
    _, cache = reference.layers.dropout_forward(x, dropout_param)
    out, dropped = reference.layers.dropout_forward(x, {"seed": 0, **dropout_param, "mode": "train"})
    return out, dropped if dropout_param["mode"] == "train" else cache


@misconception(
    "layers.dropout_forward",
    "Test mode scales its output, as dropout needs that is not inverted. In inverted dropout train mode scales, and "
    "test mode returns x as it is.",
)
def scales_in_test_mode(reference, x, dropout_param):
    out, cache = reference.layers.dropout_forward(x, dropout_param)
    return out * (1 - dropout_param["p"]) if dropout_param["mode"] == "test" else out, cache


@misconception(
    "layers.dropout_forward",
    "Train mode does not scale what it keeps, and test mode scales its output to make up for it: that is dropout, but "
    "not inverted dropout. Which of the two modes scales in the inverted form?",
)
def scales_in_test_mode_instead(reference, x, dropout_param):
    if dropout_param["mode"] == "test":
        return x * (1 - dropout_param["p"]), (dropout_param, None)
    return dropout(x, dropout_param, lambda random, shape, p: random.random_sample(shape) < 1 - p)


@misconception(
    "layers.dropout_forward",
    "What is dropped and what is kept have changed places, and test mode scales its output where inverted dropout "
    "scales in train mode. Begin with the mask: what does the docstring say that p is?",
)
def keeps_p_and_scales_in_test_mode(reference, x, dropout_param):
    if dropout_param["mode"] == "test":
        return x * dropout_param["p"], (dropout_param, None)
    return dropout(x, dropout_param, lambda random, shape, p: random.random_sample(shape) < p)


@misconception(
    "layers.dropout_forward",
    "Test mode scales its output by the share that train mode drops. In inverted dropout train mode scales, and test "
    "mode returns x as it is.",
)
def scales_by_p_in_test_mode(reference, x, dropout_param):
    out, cache = reference.layers.dropout_forward(x, dropout_param)
    return out * dropout_param["p"] if dropout_param["mode"] == "test" else out, cache


@misconception(
    "layers.dropout_forward",
    "Train mode drops nothing: out is x. That is what test mode does.",
)
def drops_nothing(reference, x, dropout_param):
    return x.copy(), (dropout_param, np.ones_like(x))


@misconception(
    "layers.dropout_backward",
    "What passes is not scaled as in the forward. out was x times something: dx is dout times the same.",
)
def gradient_not_scaled(reference, dout, cache):
    _, mask = cache_of(cache)
    return dout if mask is None else dout * (mask != 0)


@misconception(
    "layers.dropout_backward",
    "The scale is applied once more than in the forward. Is it in the mask already?",
)
def gradient_scaled_twice(reference, dout, cache):
    dropout_param, mask = cache_of(cache)
    return dout if mask is None else dout * mask / (1 - dropout_param["p"])


@misconception(
    "layers.dropout_backward",
    "dx equals dout in train mode: the gradient passes where the number was dropped, too. Which numbers reached out?",
)
def gradient_passes_everywhere(reference, dout, cache):
    return dout.copy()


@misconception(
    "layers.dropout_backward",
    "The gradient passes where the number was dropped and is stopped where it was kept: the mask is the wrong way "
    "round.",
)
def gradient_mask_inverted(reference, dout, cache):
    dropout_param, mask = cache_of(cache)
    return dout if mask is None else dout * (mask == 0) / (1 - dropout_param["p"])


@misconception(
    "layers.dropout_backward",
    "The backward drops other numbers than the forward did, as if it drew a mask of its own. What is the cache for?",
)
def gradient_draws_a_mask_of_its_own(reference, dout, cache):
    dropout_param, mask = cache_of(cache)
    if mask is None:
        return dout
    fresh = np.random.RandomState(99).random_sample(dout.shape) < 1 - dropout_param["p"]
    return dout * fresh / (1 - dropout_param["p"])


@misconception(
    "layers.dropout_backward",
    "dx is scaled in test mode, where the forward changes nothing.",
)
def gradient_scaled_in_test_mode(reference, dout, cache):
    dropout_param, mask = cache_of(cache)
    return dout * (1 - dropout_param["p"]) if mask is None else dout * mask


@misconception(
    "layers.dropout_backward",
    "dx is zero in test mode. The forward hands x on as it is: what does that make of its gradient?",
)
def no_gradient_in_test_mode(reference, dout, cache):
    _, mask = cache_of(cache)
    return np.zeros_like(dout) if mask is None else dout * mask


def cache_of(cache):
    """What the reference's forward put into the cache that travelled here."""
    return getattr(cache, "value", cache)
