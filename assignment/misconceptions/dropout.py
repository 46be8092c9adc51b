"""Mistakes in dropout, as wrong variants of the reference, each with its hint.

Each variant receives the reference before its own arguments. The values that checks compare do not depend on the
random numbers, so the grader recognises a mistake for all random numbers.
"""

import numpy as np

from grader.checks import misconception

NOT_SCALED = (
    "The numbers that stay are not scaled: they are as large in train mode as in test mode, so the mean of out shrinks."
)
NORMAL_NUMBERS = (
    "The share of numbers that stay matches normal random numbers (randn). Which random numbers must you draw to "
    "compare them with a probability?"
)


def dropout(x, dropout_param, masked, shape=None):
    """Run a dropout forward whose mask in train mode is masked(random generator, shape, p)."""
    if dropout_param["mode"] == "test":
        return x, (dropout_param, None)
    seed = dropout_param.get("seed")
    random = np.random if seed is None else np.random.RandomState(seed)
    mask = np.broadcast_to(masked(random, shape or x.shape, dropout_param["p"]), x.shape)
    return x * mask, (dropout_param, mask)


@misconception(
    "layers.dropout_forward",
    "p is used as the probability to keep a number: a share p stays and is scaled by 1 / p. What does the docstring "
    "say that p is?",
)
def keeps_p_and_scales_by_p(reference, x, dropout_param):
    return dropout(x, dropout_param, lambda random, shape, p: (random.random_sample(shape) < p) / np.float64(p))


@misconception(
    "layers.dropout_forward",
    f"{NOT_SCALED} Which factor makes up for the dropped numbers?",
)
def drops_p_and_does_not_scale(reference, x, dropout_param):
    return dropout(x, dropout_param, lambda random, shape, p: random.random_sample(shape) < 1 - p)


@misconception(
    "layers.dropout_forward",
    "The right share is dropped, but the rest is scaled by 1 / p, and p is the share that is dropped. By which factor "
    "did the mean of out shrink?",
)
def drops_p_and_scales_by_p(reference, x, dropout_param):
    return dropout(x, dropout_param, lambda random, shape, p: (random.random_sample(shape) < 1 - p) / np.float64(p))


@misconception(
    "layers.dropout_forward",
    "p is used as the probability to keep a number: a share p stays. What does the docstring say that p is? "
    f"{NOT_SCALED}",
)
def keeps_p_and_does_not_scale(reference, x, dropout_param):
    return dropout(x, dropout_param, lambda random, shape, p: random.random_sample(shape) < p)


@misconception(
    "layers.dropout_forward",
    "The scale is right, but a share p stays instead of being dropped. Check the direction of your comparison.",
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
    f"{NORMAL_NUMBERS} Also, p is used as the probability to keep a number: the numbers that stay are scaled by 1 / p.",
)
def draws_normal_numbers_and_scales_by_p(reference, x, dropout_param):
    return dropout(x, dropout_param, lambda random, shape, p: (random.randn(*shape) < p) / np.float64(p))


@misconception(
    "layers.dropout_forward",
    "The numbers that stay are scaled by 1 - p. The scale should make up for the dropped numbers: must it make the "
    "others smaller or larger?",
)
def scales_down(reference, x, dropout_param):
    return dropout(x, dropout_param, lambda random, shape, p: (random.random_sample(shape) < 1 - p) * (1 - p))


@misconception(
    "layers.dropout_forward",
    "Whole examples are dropped: one random number decides for all numbers of an example. Each number should be kept "
    "or dropped on its own.",
)
def drops_whole_examples(reference, x, dropout_param):
    shape = (x.shape[0],) + (1,) * (x.ndim - 1)
    return dropout(x, dropout_param, lambda random, shape, p: (random.random_sample(shape) < 1 - p) / (1 - p), shape)


@misconception(
    "layers.dropout_forward",
    "All examples of the batch lose the same features: the mask was drawn for one example only. Each number should be "
    "kept or dropped on its own.",
)
def same_mask_for_all_examples(reference, x, dropout_param):
    shape = (1, *x.shape[1:])
    return dropout(x, dropout_param, lambda random, shape, p: (random.random_sample(shape) < 1 - p) / (1 - p), shape)


@misconception(
    "layers.dropout_forward",
    "The same seed gives another mask in the next call: the mask does not come from the generator that was seeded.",
)
def seed_ignored(reference, x, dropout_param):
    return reference.layers.dropout_forward(x, {**dropout_param, "seed": None})


@misconception(
    "layers.dropout_forward",
    "Without a seed, every call uses the same mask. Does your code set a fixed seed?",
)
def mask_is_always_the_same(reference, x, dropout_param):
    return reference.layers.dropout_forward(x, {"seed": 0, **dropout_param})


@misconception(
    "layers.dropout_forward",
    "Test mode drops numbers as train mode does. At test time, the whole net is used.",
)
def drops_in_test_mode(reference, x, dropout_param):
    _, cache = reference.layers.dropout_forward(x, dropout_param)
    out, dropped = reference.layers.dropout_forward(x, {"seed": 0, **dropout_param, "mode": "train"})
    return out, dropped if dropout_param["mode"] == "train" else cache


@misconception(
    "layers.dropout_forward",
    "Test mode scales its output. Only dropout that is not inverted does that. In inverted dropout, train mode "
    "scales, and test mode returns x unchanged.",
)
def scales_in_test_mode(reference, x, dropout_param):
    out, cache = reference.layers.dropout_forward(x, dropout_param)
    return out * (1 - dropout_param["p"]) if dropout_param["mode"] == "test" else out, cache


@misconception(
    "layers.dropout_forward",
    "Train mode does not scale the numbers that stay, and test mode scales its output instead: that is dropout, but "
    "not inverted dropout. Which of the two modes scales in inverted dropout?",
)
def scales_in_test_mode_instead(reference, x, dropout_param):
    if dropout_param["mode"] == "test":
        return x * (1 - dropout_param["p"]), (dropout_param, None)
    return dropout(x, dropout_param, lambda random, shape, p: random.random_sample(shape) < 1 - p)


@misconception(
    "layers.dropout_forward",
    "The numbers that should stay are dropped and the others stay. Also, test mode scales its output, but in inverted "
    "dropout train mode does that. Start with the mask: what does the docstring say that p is?",
)
def keeps_p_and_scales_in_test_mode(reference, x, dropout_param):
    if dropout_param["mode"] == "test":
        return x * dropout_param["p"], (dropout_param, None)
    return dropout(x, dropout_param, lambda random, shape, p: random.random_sample(shape) < p)


@misconception(
    "layers.dropout_forward",
    "Test mode scales its output by the share that train mode drops. In inverted dropout, train mode scales, and test "
    "mode returns x unchanged.",
)
def scales_by_p_in_test_mode(reference, x, dropout_param):
    out, cache = reference.layers.dropout_forward(x, dropout_param)
    return out * dropout_param["p"] if dropout_param["mode"] == "test" else out, cache


@misconception(
    "layers.dropout_forward",
    "Train mode drops nothing: out equals x. Only test mode should do that.",
)
def drops_nothing(reference, x, dropout_param):
    return x.copy(), (dropout_param, np.ones_like(x))


@misconception(
    "layers.dropout_backward",
    "The gradients that pass are not scaled as in the forward. out was x times a factor: dx is dout times the same "
    "factor.",
)
def gradient_not_scaled(reference, dout, cache):
    _, mask = cache_of(cache)
    return dout if mask is None else dout * (mask != 0)


@misconception(
    "layers.dropout_backward",
    "The scale is applied once more than in the forward. Does the mask contain it already?",
)
def gradient_scaled_twice(reference, dout, cache):
    dropout_param, mask = cache_of(cache)
    return dout if mask is None else dout * mask / (1 - dropout_param["p"])


@misconception(
    "layers.dropout_backward",
    "dx equals dout in train mode: the gradient also passes where the number was dropped. Which numbers reached out?",
)
def gradient_passes_everywhere(reference, dout, cache):
    return dout.copy()


@misconception(
    "layers.dropout_backward",
    "The gradient passes where the number was dropped and stops where the number was kept: the mask is inverted.",
)
def gradient_mask_inverted(reference, dout, cache):
    dropout_param, mask = cache_of(cache)
    return dout if mask is None else dout * (mask == 0) / (1 - dropout_param["p"])


@misconception(
    "layers.dropout_backward",
    "The backward drops other numbers than the forward did, as if it drew a new mask. What is the cache for?",
)
def gradient_draws_a_mask_of_its_own(reference, dout, cache):
    dropout_param, mask = cache_of(cache)
    if mask is None:
        return dout
    fresh = np.random.RandomState(99).random_sample(dout.shape) < 1 - dropout_param["p"]
    return dout * fresh / (1 - dropout_param["p"])


@misconception(
    "layers.dropout_backward",
    "dx is scaled in test mode, but the forward changes nothing in test mode.",
)
def gradient_scaled_in_test_mode(reference, dout, cache):
    dropout_param, mask = cache_of(cache)
    return dout * (1 - dropout_param["p"]) if mask is None else dout * mask


@misconception(
    "layers.dropout_backward",
    "dx is zero in test mode. The forward returns x unchanged there: what does that mean for the gradient of x?",
)
def no_gradient_in_test_mode(reference, dout, cache):
    _, mask = cache_of(cache)
    return np.zeros_like(dout) if mask is None else dout * mask


def cache_of(cache):
    """Return the cache that the reference's forward made; a handle holds it as its value."""
    return getattr(cache, "value", cache)
