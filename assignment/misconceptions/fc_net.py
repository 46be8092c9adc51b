"""Mistakes in the fully connected nets, as wrong variants of the reference, each with its hint.

Each variant is the reference's own source with a few words changed. A hint says what the mistake is and where to look,
not the solution.
"""

import inspect
from functools import cache

from grader.checks import misconception

TWO = "classifiers.fc_net.TwoLayerNet"
MANY = "classifiers.fc_net.FullyConnectedNet"

SCALE = (
    "The spread of the initial weights does not match weight_scale. Compare their .std() with weight_scale and their "
    "mean with 0."
)
PENALTY_TWICE = (
    "The L2 penalty in the loss is twice as large as it should be; the gradients are right. Read again which factor "
    "the docstring gives the penalty."
)
BOTH_TWICE = (
    "Both the loss and the gradients have twice the regularization that they should have. They agree with each other, "
    "so a gradient check does not notice it. Read again which factor the docstring gives the penalty."
)
PENALTY_NOT_IN_LOSS = "The gradients include the regularization, but the loss does not: it is the same for every reg."
PENALTY_NOT_IN_GRADIENTS = (
    "The loss grows with reg, but the gradients do not change. What is the derivative of the penalty?"
)
BIASES = "The biases are regularized as well. Which parameters does the docstring name for the penalty?"
LAST_RELU = (
    "The scores are never negative, as if they went through a ReLU. What does the architecture in the docstring have "
    "between the last affine layer and the softmax?"
)
NOT_RECTIFIED = (
    "The scores match a net without its ReLUs. Compare your layers with the architecture in the docstring, one by one."
)
GRADIENT_NOT_RECTIFIED = (
    "The loss is right, but the gradients before a ReLU look as if that ReLU let every gradient pass. Which backward "
    "belongs to each forward?"
)
PROBABILITIES = (
    "The scores are all between 0 and 1 and sum to 1. Without y, loss should return the outputs of the last affine "
    "layer; the softmax is part of the loss."
)


@cache
def edited(Net, *changes):
    """Return the class Net with each (old, new) replaced in its source. Raises ValueError unless every old occurs
    exactly once.
    """
    source = inspect.getsource(Net)
    for old, new in changes:
        if source.count(old) != 1:
            raise ValueError(f"{Net.__name__}: {old!r} occurs {source.count(old)} times in its source, expected once.")
        source = source.replace(old, new)
    names = dict(Net.loss.__globals__)
    exec(source, names)
    return names[Net.__name__]


def two_layer(reference, *changes):
    return edited(reference.classifiers.fc_net.TwoLayerNet, *changes)


def any_depth(reference, *changes):
    return edited(reference.classifiers.fc_net.FullyConnectedNet, *changes)


# --- TwoLayerNet


@misconception(TWO, PENALTY_TWICE)
def two_layer_l2_without_half(reference, *args, **kwargs):
    return two_layer(reference, ("0.5 * self.reg", "self.reg"))(*args, **kwargs)


@misconception(TWO, BOTH_TWICE)
def two_layer_l2_twice_in_both(reference, *args, **kwargs):
    changes = ("0.5 * self.reg", "self.reg"), ("+= self.reg * W", "+= 2 * self.reg * W")
    return two_layer(reference, *changes)(*args, **kwargs)


@misconception(TWO, PENALTY_NOT_IN_LOSS)
def two_layer_no_l2_in_loss(reference, *args, **kwargs):
    return two_layer(reference, ("loss += 0.5 * self.reg * np.sum(W * W)", "pass"))(*args, **kwargs)


@misconception(TWO, PENALTY_NOT_IN_GRADIENTS)
def two_layer_no_l2_in_gradients(reference, *args, **kwargs):
    return two_layer(reference, ("grads[name] += self.reg * W", "pass"))(*args, **kwargs)


@misconception(TWO, BIASES, beside=True)
def two_layer_l2_of_biases(reference, *args, **kwargs):
    return two_layer(reference, ('in ("W1", "W2")', 'in ("W1", "b1", "W2", "b2")'))(*args, **kwargs)


@misconception(
    TWO, "Loss and gradients match a penalty on W1 alone. The docstring asks for the penalty on all weights."
)
def two_layer_l2_of_first_only(reference, *args, **kwargs):
    return two_layer(reference, ('in ("W1", "W2")', 'in ("W1",)'))(*args, **kwargs)


@misconception(
    TWO, "Loss and gradients match a penalty on W2 alone. The docstring asks for the penalty on all weights."
)
def two_layer_l2_of_last_only(reference, *args, **kwargs):
    return two_layer(reference, ('in ("W1", "W2")', 'in ("W2",)'))(*args, **kwargs)


@misconception(TWO, LAST_RELU)
def two_layer_last_relu(reference, *args, **kwargs):
    changes = (
        ("scores, scores_cache = affine_forward", "scores, scores_cache = affine_relu_forward"),
        ("= affine_backward(dscores", "= affine_relu_backward(dscores"),
    )
    return two_layer(reference, *changes)(*args, **kwargs)


@misconception(TWO, NOT_RECTIFIED)
def two_layer_no_relu(reference, *args, **kwargs):
    changes = ("= affine_relu_forward", "= affine_forward"), ("= affine_relu_backward", "= affine_backward")
    return two_layer(reference, *changes)(*args, **kwargs)


@misconception(TWO, GRADIENT_NOT_RECTIFIED)
def two_layer_no_relu_backward(reference, *args, **kwargs):
    changes = ("= affine_relu_backward(dhidden, hidden_cache)", "= affine_backward(dhidden, hidden_cache[0])")
    return two_layer(reference, changes)(*args, **kwargs)


@misconception(TWO, PROBABILITIES)
def two_layer_probabilities(reference, *args, **kwargs):
    new = "return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)"
    return two_layer(reference, ("return scores\n", new + "\n"))(*args, **kwargs)


@misconception(TWO, SCALE)
def two_layer_weights_unscaled(reference, *args, **kwargs):
    changes = ('"W1"] = weight_scale * ', '"W1"] = '), ('"W2"] = weight_scale * ', '"W2"] = ')
    return two_layer(reference, *changes)(*args, **kwargs)


@misconception(TWO, SCALE)
def two_layer_weights_uniform(reference, *args, **kwargs):
    changes = ("randn(input_dim", "rand(input_dim"), ("randn(hidden_dim", "rand(hidden_dim")
    return two_layer(reference, *changes)(*args, **kwargs)


@misconception(
    TWO, "The initial weights are all zero, so all hidden units would stay equal forever. Draw them at random."
)
def two_layer_weights_zero(reference, *args, **kwargs):
    changes = ('"W1"] = weight_scale', '"W1"] = 0'), ('"W2"] = weight_scale', '"W2"] = 0')
    return two_layer(reference, *changes)(*args, **kwargs)


@misconception(TWO, "The initial biases are 1. What does the docstring of the constructor say about them?")
def two_layer_biases_one(reference, *args, **kwargs):
    changes = ("np.zeros(hidden_dim)", "np.ones(hidden_dim)"), ("np.zeros(num_classes)", "np.ones(num_classes)")
    return two_layer(reference, *changes)(*args, **kwargs)


# --- FullyConnectedNet


@misconception(MANY, PENALTY_TWICE)
def l2_without_half(reference, *args, **kwargs):
    return any_depth(reference, ("0.5 * self.reg", "self.reg"))(*args, **kwargs)


@misconception(MANY, BOTH_TWICE)
def l2_twice_in_both(reference, *args, **kwargs):
    changes = ("0.5 * self.reg", "self.reg"), ("+= self.reg * W", "+= 2 * self.reg * W")
    return any_depth(reference, *changes)(*args, **kwargs)


@misconception(MANY, PENALTY_NOT_IN_LOSS)
def no_l2_in_loss(reference, *args, **kwargs):
    return any_depth(reference, ("loss += 0.5 * self.reg * np.sum(W * W)", "pass"))(*args, **kwargs)


@misconception(MANY, PENALTY_NOT_IN_GRADIENTS)
def no_l2_in_gradients(reference, *args, **kwargs):
    return any_depth(reference, ('grads[f"W{layer}"] += self.reg * W', "pass"))(*args, **kwargs)


@misconception(MANY, BIASES, beside=True)
def l2_of_biases(reference, *args, **kwargs):
    more = (
        'b = self.params[f"b{layer}"]; loss += 0.5 * self.reg * np.sum(b * b); '
        'grads[f"b{layer}"] = grads[f"b{layer}"] + self.reg * b; loss += 0.5'
    )
    return any_depth(reference, ("loss += 0.5", more))(*args, **kwargs)


@misconception(
    MANY,
    "The gammas and betas are regularized as well. Which parameters does the docstring name for the penalty?",
    beside=True,
)
def l2_of_gammas_and_betas(reference, *args, **kwargs):
    more = """for name in [f"gamma{layer}", f"beta{layer}"]:
                if name in self.params:
                    loss += 0.5 * self.reg * np.sum(self.params[name] ** 2)
                    grads[name] = grads[name] + self.reg * self.params[name]
            loss += 0.5"""
    return any_depth(reference, ("loss += 0.5", more))(*args, **kwargs)


@misconception(
    MANY,
    "Loss and gradients match a penalty on the weights of the last layer alone. The docstring asks for the "
    "penalty on all weights.",
)
def l2_of_last_only(reference, *args, **kwargs):
    return any_depth(reference, ("range(1, last + 1)", "range(last, last + 1)"))(*args, **kwargs)


@misconception(
    MANY,
    "The penalty leaves out the weights of the last layer. Where does your loop over the layers end? The docstring "
    "asks for the penalty on all weights.",
    beside=True,
)
def l2_not_of_last(reference, *args, **kwargs):
    return any_depth(reference, ("range(1, last + 1)", "range(1, last)"))(*args, **kwargs)


@misconception(MANY, LAST_RELU)
def last_relu(reference, *args, **kwargs):
    changes = (
        ("scores, scores_cache = affine_forward", "scores, scores_cache = affine_relu_forward"),
        ("= affine_backward(dscores", "= affine_relu_backward(dscores"),
    )
    return any_depth(reference, *changes)(*args, **kwargs)


@misconception(MANY, NOT_RECTIFIED)
def no_relu(reference, *args, **kwargs):
    changes = (
        ("out, cache = affine_relu_forward", "out, cache = affine_forward"),
        (
            "dout, dw, db = affine_relu_backward",
            "dout, dw, db = affine_backward",
        ),
    )
    return any_depth(reference, *changes)(*args, **kwargs)


@misconception(MANY, GRADIENT_NOT_RECTIFIED)
def no_relu_backward(reference, *args, **kwargs):
    changes = ("dout, dw, db = affine_relu_backward(dout, cache)", "dout, dw, db = affine_backward(dout, cache[0])")
    return any_depth(reference, changes)(*args, **kwargs)


@misconception(MANY, SCALE)
def weights_unscaled(reference, *args, **kwargs):
    return any_depth(reference, ("weight_scale * np.random", "np.random"))(*args, **kwargs)


@misconception(MANY, SCALE)
def weights_of_variance_weight_scale(reference, *args, **kwargs):
    return any_depth(reference, ("weight_scale * np.random", "weight_scale**0.5 * np.random"))(*args, **kwargs)


@misconception(
    MANY,
    "The initial gammas are zero, so that every hidden layer starts as a constant. What should a normalization do at "
    "the start?",
)
def gammas_zero(reference, *args, **kwargs):
    return any_depth(reference, ("np.ones(fan_out)", "np.zeros(fan_out)"))(*args, **kwargs)


@misconception(
    MANY,
    "At test time, the scores match a normalization by the test batch's own mean and variance. What are the running "
    "averages for, and which line tells the layer its mode?",
)
def batchnorm_always_trains(reference, *args, **kwargs):
    return any_depth(reference, ('bn_param["mode"] = mode', 'bn_param["mode"] = "train"'))(*args, **kwargs)


@misconception(
    MANY,
    "At test time, the scores match running averages that all layers share. Each batch normalization needs its own "
    "bn_param: look at which one you pass to which layer.",
)
def batchnorm_shares_averages(reference, *args, **kwargs):
    return any_depth(reference, ("self.bn_params[layer - 1]", "self.bn_params[0]"))(*args, **kwargs)


@misconception(MANY, "Numbers are dropped at test time, too. Which mode should dropout have when there is no y?")
def dropout_at_test_time(reference, *args, **kwargs):
    return any_depth(reference, ('self.dropout_param["mode"] = mode', 'self.dropout_param["mode"] = "train"'))(
        *args, **kwargs
    )


@misconception(
    MANY, "The forward drops numbers, but the backward does not. Every layer of the forward needs its backward."
)
def no_dropout_backward(reference, *args, **kwargs):
    return any_depth(reference, ("dout = dropout_backward(dout, dropout_cache)", "pass"))(*args, **kwargs)


@misconception(MANY, "Nothing is dropped in training. Does your code ever call the dropout layer?")
def no_dropout(reference, *args, **kwargs):
    changes = (
        ("out, dropout_cache = dropout_forward(out, self.dropout_param)", "pass"),
        ("dout = dropout_backward(dout, dropout_cache)", "pass"),
    )
    return any_depth(reference, *changes)(*args, **kwargs)


@misconception(
    MANY,
    "Only the first hidden layer drops numbers. The architecture in the docstring repeats everything inside its "
    "braces.",
)
def dropout_in_first_layer_only(reference, *args, **kwargs):
    changes = (
        ("out, dropout_cache = dropout_forward(", "if layer == 1: out, dropout_cache = dropout_forward("),
        ("dout = dropout_backward(", "if layer == 1: dout = dropout_backward("),
    )
    edits = tuple(("    " + old, "    " + new) for old, new in changes)
    return any_depth(reference, *edits)(*args, **kwargs)


@misconception(
    MANY,
    "In training, dropout is applied to the scores as well as to the hidden values. Where do the braces in the "
    "docstring's architecture end?",
)
def dropout_of_scores(reference, *args, **kwargs):
    changes = (
        (
            'scores, scores_cache = affine_forward(out, self.params[f"W{last}"], self.params[f"b{last}"])\n',
            'scores, scores_cache = affine_forward(out, self.params[f"W{last}"], self.params[f"b{last}"])\n'
            "        if self.use_dropout: scores, of_scores = dropout_forward(scores, self.dropout_param)\n",
        ),
        (
            "loss, dscores = softmax_loss(scores, y)\n",
            "loss, dscores = softmax_loss(scores, y)\n"
            "        if self.use_dropout: dscores = dropout_backward(dscores, of_scores)\n",
        ),
    )
    return any_depth(reference, *changes)(*args, **kwargs)


@misconception(
    MANY,
    "With a normalization, numbers are dropped before they are normalized. In which order does the docstring's "
    "architecture name the normalization, the ReLU and the dropout?",
)
def dropped_before_normalization(reference, *args, **kwargs):
    changes = (
        (
            "out, cache = forward(out, W, b, gamma, beta, self.bn_params[layer - 1])",
            "norm = batchnorm_forward if self.use_batchnorm else layernorm_forward; "
            "out, first = affine_forward(out, W, b); "
            "out, second = dropout_forward(out, self.dropout_param) if self.use_dropout else (out, None); "
            "out, third = norm(out, gamma, beta, self.bn_params[layer - 1]); "
            "out, fourth = relu_forward(out); cache = first, second, third, fourth",
        ),
        (
            'dout, dw, db, grads[f"gamma{layer}"], grads[f"beta{layer}"] = backward(dout, cache)',
            "backward = batchnorm_backward if self.use_batchnorm else layernorm_backward; "
            "dout = relu_backward(dout, cache[3]); "
            'dout, grads[f"gamma{layer}"], grads[f"beta{layer}"] = backward(dout, cache[2]); '
            "dout = dropout_backward(dout, cache[1]) if self.use_dropout else dout; "
            "dout, dw, db = affine_backward(dout, cache[0])",
        ),
        (
            "if self.use_dropout:\n                out, dropout_cache",
            "if self.use_dropout and self.normalization is None:\n                out, dropout_cache",
        ),
        (
            "if self.use_dropout:\n                dout = dropout_backward",
            "if self.use_dropout and self.normalization is None:\n                dout = dropout_backward",
        ),
    )
    return any_depth(reference, *changes)(*args, **kwargs)


@misconception(
    MANY,
    "The scores match a normalization that comes after the ReLU. In which order does the docstring's architecture "
    "name the two?",
)
def normalized_after_relu(reference, *args, **kwargs):
    changes = (
        (
            "out, cache = forward(out, W, b, gamma, beta, self.bn_params[layer - 1])",
            "out, first = affine_relu_forward(out, W, b); norm = layernorm_forward; "
            "norm = batchnorm_forward if self.use_batchnorm else norm; "
            "out, second = norm(out, gamma, beta, self.bn_params[layer - 1]); cache = first, second",
        ),
        (
            'dout, dw, db, grads[f"gamma{layer}"], grads[f"beta{layer}"] = backward(dout, cache)',
            "backward = batchnorm_backward if self.use_batchnorm else layernorm_backward; "
            'dout, grads[f"gamma{layer}"], grads[f"beta{layer}"] = backward(dout, cache[1]); '
            "dout, dw, db = affine_relu_backward(dout, cache[0])",
        ),
    )
    return any_depth(reference, *changes)(*args, **kwargs)
