"""Mistakes in the convolutional nets, as wrong variants of the reference, each with its hint.

Each variant is the reference's own source with a few words changed. A hint says what the mistake is and where to look,
not the solution.
"""

import inspect
from functools import cache

from grader.checks import misconception

THREE = "classifiers.cnn.ThreeLayerConvNet"
MULTI = "classifiers.cnn.MultiLayerConvNet"

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
FILTERS = "The penalty leaves out the filters of the convolutions. The docstring asks for the penalty on all weights."
LAST_RELU = (
    "The scores are never negative, as if they went through a ReLU. What does the architecture in the docstring have "
    "between the last affine layer and the softmax?"
)
WIDTH_TWICE = (
    "The size of the first affine layer is right only for images that are as high as they are wide. What are the "
    "height and the width after the pooling?"
)
HIDDEN_RELU = (
    "The scores match a net that has no ReLU after the hidden affine layers. Compare your layers with the "
    "architecture in the docstring, one by one."
)
CONV_RELU = (
    "The scores match a net that has no ReLU after the convolutions. Compare your layers with the architecture in the "
    "docstring, one by one."
)
GRADIENT_NOT_RECTIFIED = (
    "The loss is right, but the gradients before a hidden affine layer's ReLU look as if that ReLU let every gradient "
    "pass. Which backward belongs to each forward?"
)
UNPADDED = (
    "The net matches one whose convolutions have no padding, so that the images shrink. What does the docstring say "
    "about their size?"
)
BIASES_ONE = "The initial biases are 1. What does the docstring of the constructor say about them?"
CLASSES = "The last layer always has ten outputs, whatever num_classes is. Look at where its size comes from."


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


def three_layer(reference, *changes):
    return edited(reference.classifiers.cnn.ThreeLayerConvNet, *changes)


def multi_layer(reference, *changes):
    return edited(reference.classifiers.cnn.MultiLayerConvNet, *changes)


# --- ThreeLayerConvNet


@misconception(THREE, PENALTY_TWICE)
def l2_without_half(reference, *args, **kwargs):
    return three_layer(reference, ("0.5 * self.reg", "self.reg"))(*args, **kwargs)


@misconception(THREE, BOTH_TWICE)
def l2_twice_in_both(reference, *args, **kwargs):
    changes = ("0.5 * self.reg", "self.reg"), ("+= self.reg * W", "+= 2 * self.reg * W")
    return three_layer(reference, *changes)(*args, **kwargs)


@misconception(THREE, PENALTY_NOT_IN_LOSS)
def no_l2_in_loss(reference, *args, **kwargs):
    return three_layer(reference, ("loss += 0.5 * self.reg * np.sum(W * W)", "pass"))(*args, **kwargs)


@misconception(THREE, PENALTY_NOT_IN_GRADIENTS)
def no_l2_in_gradients(reference, *args, **kwargs):
    return three_layer(reference, ("grads[name] += self.reg * W", "pass"))(*args, **kwargs)


@misconception(THREE, BIASES, beside=True)
def l2_of_biases(reference, *args, **kwargs):
    changes = ('for name in ("W1", "W2", "W3"):', 'for name in ("W1", "W2", "W3", "b1", "b2", "b3"):')
    return three_layer(reference, changes)(*args, **kwargs)


@misconception(THREE, FILTERS, beside=True)
def l2_not_of_filters(reference, *args, **kwargs):
    return three_layer(reference, ('for name in ("W1", "W2", "W3"):', 'for name in ("W2", "W3"):'))(*args, **kwargs)


@misconception(
    THREE,
    "The loss includes the penalty on the filters, but the gradient of the filters does not. What is missing for W1?",
)
def no_l2_in_gradient_of_filters(reference, *args, **kwargs):
    changes = ("grads[name] += self.reg * W", 'grads[name] += (name != "W1") * self.reg * W')
    return three_layer(reference, changes)(*args, **kwargs)


@misconception(THREE, LAST_RELU)
def last_relu(reference, *args, **kwargs):
    changes = (
        ("scores, scores_cache = affine_forward", "scores, scores_cache = affine_relu_forward"),
        ("= affine_backward(dscores", "= affine_relu_backward(dscores"),
    )
    return three_layer(reference, *changes)(*args, **kwargs)


@misconception(THREE, HIDDEN_RELU)
def no_hidden_relu(reference, *args, **kwargs):
    changes = ("= affine_relu_forward", "= affine_forward"), ("= affine_relu_backward", "= affine_backward")
    return three_layer(reference, *changes)(*args, **kwargs)


@misconception(THREE, GRADIENT_NOT_RECTIFIED)
def no_hidden_relu_backward(reference, *args, **kwargs):
    changes = ("= affine_relu_backward(dhidden, hidden_cache)", "= affine_backward(dhidden, hidden_cache[0])")
    return three_layer(reference, changes)(*args, **kwargs)


@misconception(THREE, CONV_RELU)
def no_conv_relu(reference, *args, **kwargs):
    changes = (
        (
            "pooled, pooled_cache = conv_relu_pool_forward(X, W1, b1, conv_param, pool_param)",
            "pooled, conv_cache = conv_forward_fast(X, W1, b1, conv_param); "
            "pooled, pooled_cache = max_pool_forward_fast(pooled, pool_param)",
        ),
        (
            "conv_relu_pool_backward(dpooled, pooled_cache)",
            "conv_backward_fast(max_pool_backward_fast(dpooled, pooled_cache), conv_cache)",
        ),
    )
    return three_layer(reference, *changes)(*args, **kwargs)


@misconception(THREE, WIDTH_TWICE)
def width_twice(reference, *args, **kwargs):
    return three_layer(reference, ("(H_conv // 2) * (W_conv // 2)", "(W_conv // 2) * (W_conv // 2)"))(*args, **kwargs)


@misconception(
    THREE,
    "The first affine layer has the size for images that were not pooled. Print the shape that the pooling returns.",
)
def pooling_not_counted(reference, *args, **kwargs):
    return three_layer(reference, ("(H_conv // 2) * (W_conv // 2)", "H_conv * W_conv"))(*args, **kwargs)


@misconception(THREE, UNPADDED)
def no_padding(reference, *args, **kwargs):
    changes = (
        ("pad = (filter_size - 1) // 2\n", "pad = 0\n"),
        ('"pad": (self.params["W1"].shape[2] - 1) // 2', '"pad": 0'),
    )
    return three_layer(reference, *changes)(*args, **kwargs)


@misconception(THREE, SCALE)
def weights_unscaled(reference, *args, **kwargs):
    changes = [(f'"W{layer}"] = weight_scale * ', f'"W{layer}"] = ') for layer in (1, 2, 3)]
    return three_layer(reference, *changes)(*args, **kwargs)


@misconception(THREE, SCALE)
def weights_uniform(reference, *args, **kwargs):
    changes = [(f"randn({size}", f"rand({size}") for size in ("num_filters", "pooled", "hidden_dim")]
    return three_layer(reference, *changes)(*args, **kwargs)


@misconception(THREE, BIASES_ONE)
def biases_one(reference, *args, **kwargs):
    changes = [(f"zeros({size}", f"ones({size}") for size in ("num_filters", "hidden_dim", "num_classes")]
    return three_layer(reference, *changes)(*args, **kwargs)


@misconception(THREE, CLASSES)
def always_ten_classes(reference, *args, **kwargs):
    changes = ("randn(hidden_dim, num_classes)", "randn(hidden_dim, 10)"), ("zeros(num_classes)", "zeros(10)")
    return three_layer(reference, *changes)(*args, **kwargs)


# --- MultiLayerConvNet


@misconception(MULTI, PENALTY_TWICE)
def multi_l2_without_half(reference, *args, **kwargs):
    return multi_layer(reference, ("0.5 * self.reg", "self.reg"))(*args, **kwargs)


@misconception(MULTI, BOTH_TWICE)
def multi_l2_twice_in_both(reference, *args, **kwargs):
    changes = ("0.5 * self.reg", "self.reg"), ("+= self.reg * W", "+= 2 * self.reg * W")
    return multi_layer(reference, *changes)(*args, **kwargs)


@misconception(MULTI, PENALTY_NOT_IN_LOSS)
def multi_no_l2_in_loss(reference, *args, **kwargs):
    return multi_layer(reference, ("loss += 0.5 * self.reg * np.sum(W * W)", "pass"))(*args, **kwargs)


@misconception(MULTI, PENALTY_NOT_IN_GRADIENTS)
def multi_no_l2_in_gradients(reference, *args, **kwargs):
    return multi_layer(reference, ('grads[f"W{layer}"] += self.reg * W', "pass"))(*args, **kwargs)


@misconception(MULTI, BIASES, beside=True)
def multi_l2_of_biases(reference, *args, **kwargs):
    more = (
        'b = self.params[f"b{layer}"]; loss += 0.5 * self.reg * np.sum(b * b); '
        'grads[f"b{layer}"] = grads[f"b{layer}"] + self.reg * b; loss += 0.5'
    )
    return multi_layer(reference, ("loss += 0.5", more))(*args, **kwargs)


@misconception(MULTI, FILTERS, beside=True)
def multi_l2_not_of_filters(reference, *args, **kwargs):
    changes = (
        ("loss += 0.5 * self.reg", "loss += (layer > self.num_convs) * 0.5 * self.reg"),
        ("+= self.reg * W", "+= (layer > self.num_convs) * self.reg * W"),
    )
    return multi_layer(reference, *changes)(*args, **kwargs)


@misconception(MULTI, LAST_RELU)
def multi_last_relu(reference, *args, **kwargs):
    changes = (
        ("out, cache = affine_forward(out, W, b)", "out, cache = affine_relu_forward(out, W, b)"),
        ("backward = affine_backward\n", "backward = affine_relu_backward\n"),
    )
    return multi_layer(reference, *changes)(*args, **kwargs)


@misconception(MULTI, HIDDEN_RELU)
def multi_no_hidden_relu(reference, *args, **kwargs):
    changes = (
        ("out, cache = affine_relu_forward(out, W, b)", "out, cache = affine_forward(out, W, b)"),
        ("backward = affine_relu_backward\n", "backward = affine_backward\n"),
    )
    return multi_layer(reference, *changes)(*args, **kwargs)


@misconception(
    MULTI,
    "The net matches one that pools after every convolution. Look again at the braces in the docstring's architecture.",
)
def pool_after_each_convolution(reference, *args, **kwargs):
    changes = (
        ("D = C * (H // 2) * (W // 2)", "D = C * (H // 2**self.num_convs) * (W // 2**self.num_convs)"),
        (
            "out, cache = conv_relu_forward(out, W, b, conv_param)",
            "out, cache = conv_relu_pool_forward(out, W, b, conv_param, pool_param)",
        ),
        ("backward = conv_relu_backward\n", "backward = conv_relu_pool_backward\n"),
    )
    return multi_layer(reference, *changes)(*args, **kwargs)


@misconception(MULTI, "The net matches one without the max pooling. Look again at the docstring's architecture.")
def no_pooling(reference, *args, **kwargs):
    changes = (
        ("D = C * (H // 2) * (W // 2)", "D = C * H * W"),
        (
            "out, cache = conv_relu_pool_forward(out, W, b, conv_param, pool_param)",
            "out, cache = conv_relu_forward(out, W, b, conv_param)",
        ),
        ("backward = conv_relu_pool_backward\n", "backward = conv_relu_backward\n"),
    )
    return multi_layer(reference, *changes)(*args, **kwargs)


@misconception(MULTI, WIDTH_TWICE)
def multi_width_twice(reference, *args, **kwargs):
    return multi_layer(reference, ("(H // 2) * (W // 2)", "(W // 2) * (W // 2)"))(*args, **kwargs)


@misconception(MULTI, UNPADDED)
def multi_no_padding(reference, *args, **kwargs):
    shrunk = "cut = self.num_convs * (filter_size - 1); D = C * ((H - cut) // 2) * ((W - cut) // 2)"
    changes = ("D = C * (H // 2) * (W // 2)", shrunk), ('"pad": (self.params["W1"].shape[2] - 1) // 2', '"pad": 0')
    return multi_layer(reference, *changes)(*args, **kwargs)


@misconception(MULTI, CLASSES)
def multi_always_ten_classes(reference, *args, **kwargs):
    return multi_layer(reference, ("[*hidden_dims, num_classes]", "[*hidden_dims, 10]"))(*args, **kwargs)


@misconception(MULTI, SCALE)
def multi_weights_unscaled(reference, *args, **kwargs):
    return multi_layer(reference, ("weight_scale * np.random", "np.random"))(*args, **kwargs)


@misconception(MULTI, BIASES_ONE)
def multi_biases_one(reference, *args, **kwargs):
    return multi_layer(reference, ("np.zeros(biases)", "np.ones(biases)"))(*args, **kwargs)
