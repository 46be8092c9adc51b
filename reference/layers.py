"""Layers and losses in NumPy: affine, ReLU, SVM and softmax loss, naive convolution, naive max-pooling.

A layer is a pair of functions. The forward returns (out, cache); the backward takes the gradient `dout` of the loss
with respect to `out`, and that cache, and returns the gradients with respect to the forward's inputs. A loss returns
its value and its gradient at once. No function changes its arguments.

Letters: N examples, C channels (or classes), H x W image, F filters, HH x WW filter or pooling window.
"""

import numpy as np

from .expect import expect_affine, expect_conv, expect_labels, expect_pool, expect_shape


def affine_forward(x, w, b):
    """Map each example through one affine layer: out = x.reshape(N, D) @ w + b, D = d_1 * ... * d_k.

    x: (N, d_1, ..., d_k), w: (D, M), b: (M,); float arrays, not modified.
    Returns out (N, M), and cache = (x, w, b) for affine_backward.
    Raises ValueError if an example of x does not hold D values, or b not M.
    Source: CS231n notes, linear classification.
    """
    expect_affine("affine_forward", x, w, b)
    ### BEGIN SOLUTION
    out = x.reshape(x.shape[0], w.shape[0]) @ w + b
    return out, (x, w, b)
    ### END SOLUTION


def affine_backward(dout, cache):
    """Carry dout back through an affine layer.

    dout: (N, M), cache: (x, w, b) from affine_forward; not modified.
    Returns dx (N, d_1, ..., d_k), dw (D, M) and db (M,): each has the shape of what it is the gradient of.
    Raises ValueError if dout is not (N, M).
    Source: CS231n notes, backpropagation (gradients for vectorized operations).
    """
    ### BEGIN SOLUTION
    x, w, _ = cache
    expect_shape("affine_backward", "dout", dout, (x.shape[0], w.shape[1]))
    dx = (dout @ w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], w.shape[0]).T @ dout
    db = dout.sum(axis=0)
    return dx, dw, db
    ### END SOLUTION


def relu_forward(x):
    """Replace what is negative by zero: out = max(0, x), element by element.

    x: any shape, not modified.
    Returns out (the shape of x), and cache = x for relu_backward.
    Source: CS231n notes, neural networks part 1 (commonly used activation functions).
    """
    ### BEGIN SOLUTION
    return np.maximum(x, 0), x
    ### END SOLUTION


def relu_backward(dout, cache):
    """Carry dout back through a ReLU: it passes where the input was positive, and nowhere else.

    dout: any shape, cache: the x of relu_forward, of that same shape; not modified.
    Returns dx (the shape of x). At x = 0, where there is no derivative, dx is 0.
    Raises ValueError if dout has not the shape of x.
    Source: CS231n notes, backpropagation (patterns in backward flow).
    """
    ### BEGIN SOLUTION
    x = cache
    expect_shape("relu_backward", "dout", dout, x.shape)
    return np.where(x > 0, dout, 0)
    ### END SOLUTION


def svm_loss(x, y):
    """Average the multiclass SVM loss over N examples: sum over j != y_i of max(0, x_ij - x_iy_i + 1).

    x: (N, C) scores, y: (N,) whole numbers, the right class of each example, 0 <= y_i < C; not modified.
    Returns the loss, a number, and dx (N, C), its gradient with respect to x.
    Raises ValueError if N is 0, or if y is of another length, not of whole numbers, or out of range.
    Source: CS231n notes, linear classification (multiclass support vector machine loss), with margin 1.
    """
    expect_labels("svm_loss", x, y)
    ### BEGIN SOLUTION
    N = x.shape[0]
    right = np.arange(N), y
    margins = np.maximum(0, x - x[right][:, np.newaxis] + 1)
    margins[right] = 0
    loss = margins.sum() / N

    dx = (margins > 0).astype(x.dtype)
    dx[right] = -dx.sum(axis=1)
    return loss, dx / N
    ### END SOLUTION


def softmax_loss(x, y):
    """Average the softmax (cross-entropy) loss over N examples: -log(exp(x_iy_i) / sum over j of exp(x_ij)).

    x: (N, C) scores of any size, y: (N,) whole numbers, the right class of each example, 0 <= y_i < C; not modified.
    Returns the loss, a number, and dx (N, C), its gradient with respect to x. Scores of 1000 must not overflow.
    Raises ValueError if N is 0, or if y is of another length, not of whole numbers, or out of range.
    Source: CS231n notes, linear classification (softmax classifier, numeric stability).
    """
    expect_labels("softmax_loss", x, y)
    ### BEGIN SOLUTION
    N = x.shape[0]
    right = np.arange(N), y
    shifted = x - x.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_probabilities[right].sum() / N

    dx = np.exp(log_probabilities)
    dx[right] -= 1
    return loss, dx / N
    ### END SOLUTION


def conv_forward_naive(x, w, b, conv_param):
    """Slide F filters over N padded images: out[n, f, i, j] is window (i, j) of image n times w[f], summed, plus b[f].

    Window (i, j) starts at row i * stride and column j * stride of the image padded with zeros, and spans all channels.
    The filter is not flipped. Windows that would reach over the border are left out:

        H' = 1 + (H + 2 * pad - HH) // stride        W' = 1 + (W + 2 * pad - WW) // stride

    x: (N, C, H, W), w: (F, C, HH, WW), b: (F,); not modified.
    conv_param: {'stride': pixels from window to window, 'pad': zeros added on each of the four sides}.
    Returns out (N, F, H', W'), and cache = (x, w, b, conv_param) for conv_backward_naive.
    Raises ValueError if stride < 1, pad < 0, the filter is larger than the padded image, w has not C channels, or b not
    F values.
    Source: CS231n notes, convolutional networks (convolutional layer).
    """
    expect_conv("conv_forward_naive", x, w, b, conv_param)
    ### BEGIN SOLUTION
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, _, H, W = x.shape
    F, _, HH, WW = w.shape
    H_out = 1 + (H + 2 * pad - HH) // stride
    W_out = 1 + (W + 2 * pad - WW) // stride

    x_padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.zeros((N, F, H_out, W_out), dtype=np.result_type(x, w, b))
    for f in range(F):
        for i in range(H_out):
            for j in range(W_out):
                top, left = i * stride, j * stride
                window = x_padded[:, :, top : top + HH, left : left + WW]
                out[:, f, i, j] = np.sum(window * w[f], axis=(1, 2, 3)) + b[f]
    return out, (x, w, b, conv_param)
    ### END SOLUTION


def conv_backward_naive(dout, cache):
    """Carry dout back through a convolution.

    dout: (N, F, H', W'), cache: (x, w, b, conv_param) from conv_forward_naive; not modified.
    Returns dx (N, C, H, W), without the padding, dw (F, C, HH, WW) and db (F,).
    Raises ValueError if dout has not the shape of the forward's out.
    Source: CS231n notes, convolutional networks; each product of the forward sends dout to both of its factors.
    """
    ### BEGIN SOLUTION
    x, w, _, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, _, H, W = x.shape
    F, _, HH, WW = w.shape
    H_out = 1 + (H + 2 * pad - HH) // stride
    W_out = 1 + (W + 2 * pad - WW) // stride
    expect_shape("conv_backward_naive", "dout", dout, (N, F, H_out, W_out))

    x_padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dx_padded = np.zeros(x_padded.shape, dtype=np.result_type(dout, w))
    dw = np.zeros(w.shape, dtype=np.result_type(dout, x))
    for f in range(F):
        for i in range(H_out):
            for j in range(W_out):
                top, left = i * stride, j * stride
                upstream = dout[:, f, i, j].reshape(N, 1, 1, 1)
                window = x_padded[:, :, top : top + HH, left : left + WW]
                dw[f] += np.sum(window * upstream, axis=0)
                dx_padded[:, :, top : top + HH, left : left + WW] += w[f] * upstream
    # pad:-pad would be empty at pad 0.
    dx = dx_padded[:, :, pad : pad + H, pad : pad + W]
    db = dout.sum(axis=(0, 2, 3))
    return dx, dw, db
    ### END SOLUTION


def max_pool_forward_naive(x, pool_param):
    """Keep the largest value of each window, channel by channel.

    Window (i, j) starts at row i * stride and column j * stride. Windows overlap where the stride is smaller than they
    are; those that would reach over the border are left out:

        H' = 1 + (H - pool_height) // stride        W' = 1 + (W - pool_width) // stride

    x: (N, C, H, W), not modified. pool_param: {'pool_height', 'pool_width', 'stride'}.
    Returns out (N, C, H', W'), and cache = (x, pool_param) for max_pool_backward_naive.
    Raises ValueError if a value of pool_param is < 1, or the window is larger than the image.
    Source: CS231n notes, convolutional networks (pooling layer).
    """
    expect_pool("max_pool_forward_naive", x, pool_param)
    ### BEGIN SOLUTION
    HH, WW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    H_out = 1 + (H - HH) // stride
    W_out = 1 + (W - WW) // stride

    out = np.zeros((N, C, H_out, W_out), dtype=x.dtype)
    for i in range(H_out):
        for j in range(W_out):
            top, left = i * stride, j * stride
            out[:, :, i, j] = x[:, :, top : top + HH, left : left + WW].max(axis=(2, 3))
    return out, (x, pool_param)
    ### END SOLUTION


def max_pool_backward_naive(dout, cache):
    """Carry dout back through max-pooling: each window hands its gradient to where its largest value was.

    Of several largest values the first in reading order takes all of it; an element that several windows chose gets
    the sum.

    dout: (N, C, H', W'), cache: (x, pool_param) from max_pool_forward_naive; not modified.
    Returns dx (N, C, H, W).
    Raises ValueError if dout has not the shape of the forward's out.
    Source: CS231n notes, convolutional networks (pooling layer, backpropagation).
    """
    ### BEGIN SOLUTION
    x, pool_param = cache
    HH, WW, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    H_out = 1 + (H - HH) // stride
    W_out = 1 + (W - WW) // stride
    expect_shape("max_pool_backward_naive", "dout", dout, (N, C, H_out, W_out))

    dx = np.zeros(x.shape, dtype=dout.dtype)
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    top, left = i * stride, j * stride
                    window = x[n, c, top : top + HH, left : left + WW]
                    row, column = np.unravel_index(window.argmax(), window.shape)
                    dx[n, c, top + row, left + column] += dout[n, c, i, j]
    return dx
    ### END SOLUTION
