"""Checks of layers.py that students do not see: other seeds, shapes and modes than in the notebooks.

Windows always tile the padded image: the course leaves open what happens to a remainder. Random inputs have no ties and
stay away from kinks, except in one check, which tests what is allowed at ties. The forward is called again with other
inputs before the backward: a cache belongs to the call that returned it.
"""

from functools import partial

import numpy as np

from grader.checks import check as any_check
from grader.checks import gradients

# Many students store biases and statistics as rows or columns. That is as good as vectors.
check = partial(any_check, squeeze=True)

# The options that all backward checks of one layer share.
after_affine = partial(check, needs="layers.affine_forward", cache=lambda x, w, b: (x, w, b), parts={"dx": 2, "dw": 2})
after_conv = partial(
    check,
    needs="layers.conv_forward_naive",
    cache=lambda x, w, b, conv_param: (x, w, b, conv_param),
    parts={"dx": 2, "dw": 2},
)
after_relu = partial(check, needs="layers.relu_forward", cache=lambda x: x)
after_pool = partial(check, needs="layers.max_pool_forward_naive", cache=lambda x, pool_param: (x, pool_param))

# For layers that take any shape: compared besides matrices and images.
SHAPES = {"one_axis": (9,), "three_axes": (3, 4, 2), "five_axes": (2, 3, 1, 2, 2)}


def relu_backward(student, rng, name):
    """Return the gradient of a ReLU for random numbers of this shape."""
    x, dout = rng.randn(*SHAPES[name]), rng.randn(*SHAPES[name])
    _, cache = student.layers.relu_forward(x)
    student.layers.relu_forward(-x)
    dx = student.layers.relu_backward(dout, cache)
    return gradients(lambda x: student.layers.relu_forward(x)[0], dout=dout, dx=(dx, x))


def affine_backward(student, rng, shape, M):
    """Return the gradients of an affine layer for random examples of this shape."""
    D = 1
    for length in shape[1:]:
        D *= length
    x, w, b, dout = rng.randn(*shape), rng.randn(D, M), rng.randn(M), rng.randn(shape[0], M)
    _, cache = student.layers.affine_forward(x, w, b)
    student.layers.affine_forward(2 - x, 1 + w, b)
    dx, dw, db = student.layers.affine_backward(dout, cache)

    def forward(x, w, b):
        return student.layers.affine_forward(x, w, b)[0]

    return gradients(forward, dout=dout, dx=(dx, x), dw=(dw, w), db=(db, b))


def loss(function, rng, N, C, scale, shift=0.0):
    """Return a loss and its gradient for random scores; shift: a number, or one for each example."""
    x, y = scale * rng.randn(N, C) + shift, rng.randint(C, size=N)
    return loss_at(function, x, y)


def loss_at(function, x, y):
    """Return a loss and its gradient for these scores."""
    value, dx = function(x, y)
    given = ((y, (y + 1) % x.shape[1]),)
    return gradients(lambda x, y: function(x, y)[0], values={"loss": value}, given=given, dx=(dx, x))


def conv_forward(student, rng, x_shape, w_shape, stride, pad):
    """Return a convolution of random images with random filters."""
    x, w, b = rng.randn(*x_shape), rng.randn(*w_shape), rng.randn(w_shape[0])
    out, _ = student.layers.conv_forward_naive(x, w, b, {"stride": stride, "pad": pad})
    return {"out": out}


def conv_backward(student, rng, x_shape, w_shape, out_size, stride, pad):
    """Return the gradients of a convolution of random images with random filters."""
    x, w, b = rng.randn(*x_shape), rng.randn(*w_shape), rng.randn(w_shape[0])
    dout, conv_param = rng.randn(x_shape[0], w_shape[0], *out_size), {"stride": stride, "pad": pad}
    _, cache = student.layers.conv_forward_naive(x, w, b, conv_param)
    student.layers.conv_forward_naive(2 - x, 1 + w, b, conv_param)
    dx, dw, db = student.layers.conv_backward_naive(dout, cache)

    def forward(x, w, b):
        return student.layers.conv_forward_naive(x, w, b, conv_param)[0]

    return gradients(forward, dout=dout, dx=(dx, x), dw=(dw, w), db=(db, b))


def pool_forward(student, rng, shape, window, stride):
    """Return a max-pooling of random images."""
    pool_param = {"pool_height": window[0], "pool_width": window[1], "stride": stride}
    out, _ = student.layers.max_pool_forward_naive(rng.randn(*shape), pool_param)
    return {"out": out}


def pool_backward(student, rng, shape, out_size, window, stride):
    """Return the gradient of a max-pooling of random images."""
    pool_param = {"pool_height": window[0], "pool_width": window[1], "stride": stride}
    x, dout = rng.randn(*shape), rng.randn(*shape[:2], *out_size)
    _, cache = student.layers.max_pool_forward_naive(x, pool_param)
    student.layers.max_pool_forward_naive(-x, pool_param)
    dx = student.layers.max_pool_backward_naive(dout, cache)
    return gradients(lambda x: student.layers.max_pool_forward_naive(x, pool_param)[0], dout=dout, dx=(dx, x))


@check("layers.affine_forward", name="images", seed=11)
def affine_forward_images(student, rng):
    """Five images of shape (3, 4, 6), seven outputs."""
    x, w, b = rng.randn(5, 3, 4, 6), rng.randn(72, 7), rng.randn(7)
    out, _ = student.layers.affine_forward(x, w, b)
    return {"out": out}


@check("layers.affine_forward", name="one_example", seed=12)
def affine_forward_one_example(student, rng):
    """A single example that is a plain row of numbers."""
    out, _ = student.layers.affine_forward(rng.randn(1, 8), rng.randn(8, 3), rng.randn(3))
    return {"out": out}


@check("layers.affine_forward", name="any_shape", seed=13)
def affine_forward_any_shape(student, rng):
    """Examples of shape (4, 3), of shape (2, 3, 2, 2), and four plain rows: the layer treats each as one row of
    numbers.
    """
    shapes = {"of_rows": (4, 12), "of_sequences": (3, 4, 3), "of_clips": (2, 2, 3, 2, 1)}
    w, b = rng.randn(12, 5), rng.randn(5)
    return {name: student.layers.affine_forward(rng.randn(*shape), w, b)[0] for name, shape in shapes.items()}


@after_affine("layers.affine_backward", name="images", seed=21, weight=2)
def affine_backward_images(student, rng):
    """Four images of shape (3, 2, 5), six outputs."""
    return affine_backward(student, rng, (4, 3, 2, 5), 6)


@after_affine("layers.affine_backward", name="one_example", seed=22)
def affine_backward_one_example(student, rng):
    """A single example that is a plain row of numbers."""
    return affine_backward(student, rng, (1, 7), 4)


@after_affine("layers.affine_backward", name="sequences", seed=23)
def affine_backward_sequences(student, rng):
    """Three examples of shape (4, 2), two outputs."""
    return affine_backward(student, rng, (3, 4, 2), 2)


@after_affine("layers.affine_backward", name="clips", seed=24)
def affine_backward_clips(student, rng):
    """Two examples of shape (2, 3, 2, 2), three outputs."""
    return affine_backward(student, rng, (2, 2, 3, 2, 2), 3)


@check("layers.relu_forward", name="row", seed=37)
def relu_forward_row(student, rng):
    """A single example that is a plain row of numbers."""
    out, _ = student.layers.relu_forward(rng.randn(1, 8))
    return {"out": out}


@check("layers.relu_forward", name="any_shape", seed=33)
def relu_forward_any_shape(student, rng):
    """Arrays of one, three and five axes."""
    return {name: student.layers.relu_forward(rng.randn(*shape))[0] for name, shape in SHAPES.items()}


@check("layers.relu_forward", name="images", seed=31)
def relu_forward_images(student, rng):
    """Images of shape (2, 3, 5, 4) with numbers far below and above zero."""
    out, _ = student.layers.relu_forward(10 * rng.randn(2, 3, 5, 4))
    return {"out": out}


@after_relu("layers.relu_backward", name="images", seed=32)
def relu_backward_images(student, rng):
    """Images of shape (2, 3, 5, 4), where gradient and input often differ in sign."""
    x, dout = rng.randn(2, 3, 5, 4), 5 * rng.randn(2, 3, 5, 4)
    _, cache = student.layers.relu_forward(x)
    student.layers.relu_forward(-x)
    dx = student.layers.relu_backward(dout, cache)
    return gradients(lambda x: student.layers.relu_forward(x)[0], dout=dout, dx=(dx, x))


@after_relu("layers.relu_backward", name="vector", seed=34)
def relu_backward_vector(student, rng):
    """A single row of nine numbers."""
    return relu_backward(student, rng, "one_axis")


@after_relu("layers.relu_backward", name="sequences", seed=35)
def relu_backward_sequences(student, rng):
    """An array of three axes."""
    return relu_backward(student, rng, "three_axes")


@after_relu("layers.relu_backward", name="clips", seed=36)
def relu_backward_clips(student, rng):
    """An array of five axes."""
    return relu_backward(student, rng, "five_axes")


@check("layers.svm_loss", name="wide_scores", seed=41, weight=2, parts={"dx": 2})
def svm_loss_wide_scores(student, rng):
    """Nine examples whose scores differ by more than the margin, six classes."""
    return loss(student.layers.svm_loss, rng, 9, 6, scale=3.0)


@check("layers.svm_loss", name="one_example", seed=42, parts={"dx": 2})
def svm_loss_one_example(student, rng):
    """A single example, four classes."""
    return loss(student.layers.svm_loss, rng, 1, 4, scale=2.0)


@check("layers.softmax_loss", name="wide_scores", seed=51, weight=2, parts={"dx": 2})
def softmax_loss_wide_scores(student, rng):
    """Eight examples with scores of ordinary size, five classes."""
    return loss(student.layers.softmax_loss, rng, 8, 5, scale=2.0)


# With scores around 1000, float32 is wrong by some 1e-5 of the differences, and layers that compute in float32 are
# right. Every known mistake is off by 1e-2 or not finite.
@check("layers.softmax_loss", name="large_scores", seed=52, tolerance=1e-3, parts={"dx": 2})
def softmax_loss_large_scores(student, rng):
    """Scores around 1000: nothing may overflow."""
    return loss(student.layers.softmax_loss, rng, 6, 7, scale=2.0, shift=1000.0)


@check("layers.softmax_loss", name="one_example", seed=53, parts={"dx": 2})
def softmax_loss_one_example(student, rng):
    """A single example, four classes."""
    return loss(student.layers.softmax_loss, rng, 1, 4, scale=1.0)


@check("layers.softmax_loss", name="unlike_examples", seed=54, weight=0.5, tolerance=1e-3, parts={"dx": 2})
def softmax_loss_unlike_examples(student, rng):
    """Examples whose scores differ by a thousand from those of the other examples."""
    x, y = 2 * rng.randn(4, 5), rng.randint(5, size=4)
    x += np.array([0.0, 1000.0, -1000.0, 500.0]).reshape(4, 1)
    x[np.arange(4), (y + 2) % 5] -= 900.0
    return loss_at(student.layers.softmax_loss, x, y)


@check("layers.conv_forward_naive", name="rectangular", seed=61, weight=2)
def conv_forward_rectangular(student, rng):
    """Images and filters that are not square, no padding."""
    return conv_forward(student, rng, (2, 3, 6, 9), (4, 3, 3, 5), stride=1, pad=0)


@check("layers.conv_forward_naive", name="strided", seed=62, weight=2)
def conv_forward_strided(student, rng):
    """Stride 2 and padding 2 on images that are not square."""
    return conv_forward(student, rng, (3, 2, 7, 9), (5, 2, 3, 3), stride=2, pad=2)


@check("layers.conv_forward_naive", name="one_image", seed=63)
def conv_forward_one_image(student, rng):
    """A single image with one channel and one filter."""
    return conv_forward(student, rng, (1, 1, 5, 4), (1, 1, 2, 3), stride=1, pad=1)


@after_conv("layers.conv_backward_naive", name="no_padding", seed=71, weight=2)
def conv_backward_no_padding(student, rng):
    """Images and filters that are not square, no padding."""
    return conv_backward(student, rng, (2, 3, 5, 8), (4, 3, 2, 3), (4, 6), stride=1, pad=0)


@after_conv("layers.conv_backward_naive", name="strided", seed=72, weight=2)
def conv_backward_strided(student, rng):
    """Stride 2 and padding 2 on images that are not square."""
    return conv_backward(student, rng, (3, 2, 5, 7), (4, 2, 3, 3), (4, 5), stride=2, pad=2)


@after_conv("layers.conv_backward_naive", name="one_image", seed=73)
def conv_backward_one_image(student, rng):
    """A single image with one channel, one filter, padding 1."""
    return conv_backward(student, rng, (1, 1, 5, 4), (1, 1, 3, 2), (5, 5), stride=1, pad=1)


@check("layers.max_pool_forward_naive", name="rectangular", seed=81, weight=2)
def max_pool_forward_rectangular(student, rng):
    """Windows of 2 x 3 on images that are not square, stride 1."""
    return pool_forward(student, rng, (2, 3, 5, 8), (2, 3), stride=1)


@check("layers.max_pool_forward_naive", name="overlapping", seed=82)
def max_pool_forward_overlapping(student, rng):
    """Windows of 4 x 4 with stride 2, which overlap."""
    return pool_forward(student, rng, (3, 2, 8, 10), (4, 4), stride=2)


@check("layers.max_pool_forward_naive", name="negative", seed=83)
def max_pool_forward_negative(student, rng):
    """A single image whose numbers are all negative."""
    pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    out, _ = student.layers.max_pool_forward_naive(-5 - abs(rng.randn(1, 1, 4, 6)), pool_param)
    return {"out": out}


@after_pool("layers.max_pool_backward_naive", name="overlapping", seed=91, weight=2)
def max_pool_backward_overlapping(student, rng):
    """Windows of 4 x 4 with stride 2, which overlap: an entry can be the maximum of several."""
    return pool_backward(student, rng, (3, 2, 8, 10), (3, 4), (4, 4), stride=2)


@after_pool("layers.max_pool_backward_naive", name="rectangular", seed=92)
def max_pool_backward_rectangular(student, rng):
    """Windows of 2 x 3 with stride 1 on images that are not square."""
    return pool_backward(student, rng, (2, 1, 4, 6), (3, 4), (2, 3), stride=1)


@after_pool("layers.max_pool_backward_naive", name="one_image", seed=93)
def max_pool_backward_one_image(student, rng):
    """A single image, windows of 2 x 2 that do not overlap."""
    return pool_backward(student, rng, (1, 3, 6, 4), (3, 2), (2, 2), stride=2)


@after_pool("layers.max_pool_backward_naive", name="ties", seed=94, weight=0.5)
def max_pool_backward_ties(student, rng):
    """Windows with several largest values: the gradient may go to one of them, to each, or be shared among them."""
    pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    x, dout = rng.randint(3, size=(2, 2, 4, 6)).astype(float), 1 + rng.rand(2, 2, 2, 3)
    _, cache = student.layers.max_pool_forward_naive(x, pool_param)
    dx = student.layers.max_pool_backward_naive(dout, cache)
    if not isinstance(dx, np.ndarray) or dx.shape != x.shape:
        return {"only_at_the_largest": 0.0, "passed_on": 0.0}
    windows = x.reshape(2, 2, 2, 2, 3, 2).swapaxes(3, 4).reshape(2, 2, 2, 3, 4)
    gradients_there = np.asarray(dx, dtype=float).reshape(2, 2, 2, 2, 3, 2).swapaxes(3, 4).reshape(2, 2, 2, 3, 4)
    largest = windows == windows.max(axis=-1, keepdims=True)
    share = gradients_there.sum(axis=-1) / dout
    right = np.isclose(share, 1) | np.isclose(share, largest.sum(axis=-1))
    return {"only_at_the_largest": float(np.all(gradients_there[~largest] == 0)), "passed_on": float(right.all())}
