"""Checks of layers.py that students see: the worked examples of the course's notebooks."""

from functools import partial

import numpy as np

from grader.checks import check as any_check
from grader.checks import gradients

# Many students store biases and statistics as rows or columns. That is as good as vectors.
check = partial(any_check, squeeze=True)


@check("layers.affine_forward", name="worked_example")
def affine_forward_worked_example(student, rng):
    """The notebook's worked example: two examples of shape (4, 5, 6), three outputs."""
    x = np.linspace(-0.1, 0.5, num=240).reshape(2, 4, 5, 6)
    w = np.linspace(-0.2, 0.3, num=360).reshape(120, 3)
    b = np.linspace(-0.3, 0.1, num=3)
    out, _ = student.layers.affine_forward(x, w, b)
    return {"out": out}


@check(
    "layers.affine_backward",
    name="notebook",
    needs="layers.affine_forward",
    cache=lambda x, w, b: (x, w, b),
    parts={"dx": 2, "dw": 2},
)
def affine_backward_notebook(student, rng):
    """The notebook's gradient check: ten examples of shape (2, 3), five outputs."""
    x, w, b = rng.randn(10, 2, 3), rng.randn(6, 5), rng.randn(5)
    dout = rng.randn(10, 5)
    _, cache = student.layers.affine_forward(x, w, b)
    dx, dw, db = student.layers.affine_backward(dout, cache)

    def forward(x, w, b):
        return student.layers.affine_forward(x, w, b)[0]

    return gradients(forward, dout=dout, dx=(dx, x), dw=(dw, w), db=(db, b))


@check("layers.relu_forward", name="worked_example")
def relu_forward_worked_example(student, rng):
    """The notebook's worked example: twelve numbers from -0.5 to 0.5."""
    out, _ = student.layers.relu_forward(np.linspace(-0.5, 0.5, num=12).reshape(3, 4))
    return {"out": out}


@check("layers.relu_backward", name="notebook", needs="layers.relu_forward", cache=lambda x: x)
def relu_backward_notebook(student, rng):
    """The notebook's gradient check: an array of shape (10, 10)."""
    x, dout = rng.randn(10, 10), rng.randn(10, 10)
    _, cache = student.layers.relu_forward(x)
    dx = student.layers.relu_backward(dout, cache)
    return gradients(lambda x: student.layers.relu_forward(x)[0], dout=dout, dx=(dx, x))


@check("layers.svm_loss", name="notebook", parts={"dx": 2})
def svm_loss_notebook(student, rng):
    """The notebook's check: 50 examples with small random scores for ten classes; the loss is about 9."""
    x, y = 0.001 * rng.randn(50, 10), rng.randint(10, size=50)
    loss, dx = student.layers.svm_loss(x, y)
    given = ((y, (y + 1) % 10),)
    return gradients(lambda x, y: student.layers.svm_loss(x, y)[0], values={"loss": loss}, given=given, dx=(dx, x))


@check("layers.softmax_loss", name="notebook", parts={"dx": 2})
def softmax_loss_notebook(student, rng):
    """The notebook's check: 50 examples with small random scores for ten classes; the loss is about 2.3."""
    x, y = 0.001 * rng.randn(50, 10), rng.randint(10, size=50)
    loss, dx = student.layers.softmax_loss(x, y)
    given = ((y, (y + 1) % 10),)
    return gradients(lambda x, y: student.layers.softmax_loss(x, y)[0], values={"loss": loss}, given=given, dx=(dx, x))


@check("layers.conv_forward_naive", name="worked_example")
def conv_forward_worked_example(student, rng):
    """The notebook's worked example: two images of shape (3, 4, 4), three filters, stride 2, padding 1."""
    x = np.linspace(-0.1, 0.5, num=96).reshape(2, 3, 4, 4)
    w = np.linspace(-0.2, 0.3, num=144).reshape(3, 3, 4, 4)
    b = np.linspace(-0.1, 0.2, num=3)
    out, _ = student.layers.conv_forward_naive(x, w, b, {"stride": 2, "pad": 1})
    return {"out": out}


@check("layers.conv_forward_naive", name="image_filters")
def conv_forward_image_filters(student, rng):
    """The notebook's two image filters, grayscale and horizontal edges, on an image with one bright square."""
    x = np.full((1, 3, 8, 8), 20.0)
    x[:, :, 2:6, 3:7] = np.array([200.0, 120.0, 60.0]).reshape(1, 3, 1, 1)
    w = np.zeros((2, 3, 3, 3))
    w[0, :, 1, 1] = [0.3, 0.6, 0.1]
    w[1, 2] = [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]
    out, _ = student.layers.conv_forward_naive(x, w, np.array([0.0, 128.0]), {"stride": 1, "pad": 1})
    return {"out": out}


@check(
    "layers.conv_backward_naive",
    name="notebook",
    needs="layers.conv_forward_naive",
    cache=lambda x, w, b, conv_param: (x, w, b, conv_param),
    parts={"dx": 2, "dw": 2},
)
def conv_backward_notebook(student, rng):
    """The notebook's gradient check: four images of shape (3, 5, 5), two filters, stride 1, padding 1."""
    x, w, b = rng.randn(4, 3, 5, 5), rng.randn(2, 3, 3, 3), rng.randn(2)
    dout, conv_param = rng.randn(4, 2, 5, 5), {"stride": 1, "pad": 1}
    _, cache = student.layers.conv_forward_naive(x, w, b, conv_param)
    dx, dw, db = student.layers.conv_backward_naive(dout, cache)

    def forward(x, w, b):
        return student.layers.conv_forward_naive(x, w, b, conv_param)[0]

    return gradients(forward, dout=dout, dx=(dx, x), dw=(dw, w), db=(db, b))


@check("layers.max_pool_forward_naive", name="worked_example")
def max_pool_forward_worked_example(student, rng):
    """The notebook's worked example: two images of shape (3, 4, 4), windows of 2 x 2, stride 2."""
    x = np.linspace(-0.3, 0.4, num=96).reshape(2, 3, 4, 4)
    out, _ = student.layers.max_pool_forward_naive(x, {"pool_width": 2, "pool_height": 2, "stride": 2})
    return {"out": out}


@check(
    "layers.max_pool_backward_naive",
    name="notebook",
    needs="layers.max_pool_forward_naive",
    cache=lambda x, pool_param: (x, pool_param),
)
def max_pool_backward_notebook(student, rng):
    """The notebook's gradient check: three images of shape (2, 8, 8), windows of 2 x 2, stride 2."""
    x, dout = rng.randn(3, 2, 8, 8), rng.randn(3, 2, 4, 4)
    pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    _, cache = student.layers.max_pool_forward_naive(x, pool_param)
    dx = student.layers.max_pool_backward_naive(dout, cache)
    return gradients(lambda x: student.layers.max_pool_forward_naive(x, pool_param)[0], dout=dout, dx=(dx, x))
