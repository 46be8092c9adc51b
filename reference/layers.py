"""Layers and losses in NumPy: affine, ReLU, losses, batch and layer norm, dropout, convolution, pooling, spatial norms.

A layer is a pair of functions. The forward returns (out, cache); the backward takes the gradient `dout` of the loss
with respect to `out`, and that cache, and returns the gradients with respect to the forward's inputs. A loss returns
its value and its gradient at once. No function changes its arguments, except the running averages in bn_param.

Letters: N examples, C channels (or classes), H x W image, F filters, HH x WW filter or pooling window.
"""

import numpy as np

from .expect import (
    expect_affine,
    expect_batchnorm,
    expect_conv,
    expect_dropout,
    expect_groupnorm,
    expect_labels,
    expect_layernorm,
    expect_pool,
    expect_shape,
    expect_spatial_batchnorm,
)


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
    Returns dx (N, d_1, ..., d_k), dw (D, M) and db (M,): each has the shape of its array.
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
    """Replace negative values by zero: out = max(0, x), element by element.

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
    Raises ValueError if dout does not have the shape of x.
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


def batchnorm_forward(x, gamma, beta, bn_param):
    """Normalize each of D features over a batch, then scale and shift it: out = gamma * x_hat + beta.

    In train mode, x is normalized by the batch's own mean and variance (the mean squared distance from the mean), and
    the running averages are updated with them. In test mode, x is normalized by the running averages instead:

    x_hat = (x - mean) / sqrt(var + eps)        running = momentum * running + (1 - momentum) * sample

    x: (N, D), gamma: (D,), beta: (D,); not modified.
    bn_param: {'mode': 'train' or 'test', 'eps': 1e-5 unless given, 'momentum': 0.9 unless given, 'running_mean' and
    'running_var': (D,), zeros unless given}. The two running averages are stored in it as new arrays.
    Returns out (N, D), and a cache for batchnorm_backward and batchnorm_backward_alt.
    Raises ValueError if x is not (N, D) or is empty in train mode, if gamma, beta or a running average is not (D,), or
    if another value of bn_param is not allowed.
    Source: Ioffe and Szegedy, Batch Normalization, 2015, algorithm 1; running averages as in Torch 7.
    """
    expect_batchnorm("batchnorm_forward", x, gamma, beta, bn_param)
    # A Python float leaves a float32 array in float32; NumPy's own float would make it float64.
    eps, momentum = float(bn_param.get("eps", 1e-5)), float(bn_param.get("momentum", 0.9))
    dtype = np.result_type(x, np.float32)
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1], dtype=dtype))
    running_var = bn_param.get("running_var", np.zeros(x.shape[1], dtype=dtype))

    ### BEGIN SOLUTION
    if bn_param["mode"] == "train":
        # Summed in float64: a spatial norm averages so many values that a float32 sum would lose digits of the mean.
        mean = x.mean(axis=0, dtype=np.float64).astype(dtype)
        var = np.square(x - mean).mean(axis=0, dtype=np.float64).astype(dtype)
        running_mean = momentum * running_mean + (1 - momentum) * mean
        running_var = momentum * running_var + (1 - momentum) * var
    else:
        mean, var = running_mean, running_var
    std = np.sqrt(var + eps)
    x_hat = (x - mean) / std
    out = gamma * x_hat + beta
    cache = x_hat, std, gamma, bn_param["mode"]
    ### END SOLUTION

    bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var
    return out, cache


def batchnorm_backward(dout, cache):
    """Carry dout back through a batch normalization, node by node through its graph.

    In train mode, there are three paths from x to out: directly, through the mean, and through the variance. In test
    mode, mean and variance are constants.

    dout: (N, D), cache: from batchnorm_forward; not modified.
    Returns dx (N, D), dgamma (D,) and dbeta (D,).
    Raises ValueError if dout does not have the shape of the forward's out.
    Source: Ioffe and Szegedy, Batch Normalization, 2015, section 3.
    """
    ### BEGIN SOLUTION
    x_hat, std, gamma, mode = cache
    expect_shape("batchnorm_backward", "dout", dout, x_hat.shape)

    # out = gamma * x_hat + beta
    dbeta = dout.sum(axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx_hat = dout * gamma
    # x_hat = centred / std
    dcentred = dx_hat / std
    if mode == "train":
        dstd = -np.sum(dx_hat * x_hat, axis=0) / std
        # std = sqrt(mean of centred ** 2 + eps), and centred = x_hat * std
        dvar = dstd / (2 * std)
        dcentred += dvar * 2 * (x_hat * std) / len(dout)
        # centred = x - mean of x
        dx = dcentred - dcentred.mean(axis=0)
    else:
        dx = dcentred
    return dx, dgamma, dbeta
    ### END SOLUTION


def batchnorm_backward_alt(dout, cache):
    """Carry dout back through a batch normalization by one formula, derived from the graph on paper.

    With all means taken over the batch, in train mode:

    dx = gamma / sqrt(var + eps) * (dout - mean(dout) - x_hat * mean(dout * x_hat))

    dout: (N, D), cache: from batchnorm_forward; not modified.
    Returns dx (N, D), dgamma (D,) and dbeta (D,), as batchnorm_backward does.
    Raises ValueError if dout does not have the shape of the forward's out.
    Source: Ioffe and Szegedy, Batch Normalization, 2015, section 3, simplified.
    """
    ### BEGIN SOLUTION
    x_hat, std, gamma, mode = cache
    expect_shape("batchnorm_backward_alt", "dout", dout, x_hat.shape)
    dbeta = dout.sum(axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    if mode == "train":
        dx = gamma / std * (dout - dbeta / len(dout) - x_hat * (dgamma / len(dout)))
    else:
        dx = gamma / std * dout
    return dx, dgamma, dbeta
    ### END SOLUTION


def layernorm_forward(x, gamma, beta, ln_param):
    """Normalize each of N examples over its D features, then scale and shift the features: out = gamma * x_hat + beta.

    It does to the rows of x what batch normalization does to the columns, so it is the same at training and test time.

    x: (N, D), gamma: (D,), beta: (D,); not modified. ln_param: {'eps': 1e-5 unless given}.
    Returns out (N, D), and a cache for layernorm_backward.
    Raises ValueError if x is not (N, D) or is empty, gamma or beta is not (D,), or eps is not positive.
    Source: Ba, Kiros and Hinton, Layer Normalization, 2016, section 3.
    """
    expect_layernorm("layernorm_forward", x, gamma, beta, ln_param)
    eps = float(ln_param.get("eps", 1e-5))
    ### BEGIN SOLUTION
    dtype = np.result_type(x, np.float32)
    mean = x.mean(axis=1, keepdims=True, dtype=np.float64).astype(dtype)
    var = np.square(x - mean).mean(axis=1, keepdims=True, dtype=np.float64).astype(dtype)
    std = np.sqrt(var + eps)
    x_hat = (x - mean) / std
    return gamma * x_hat + beta, (x_hat, std, gamma)
    ### END SOLUTION


def layernorm_backward(dout, cache):
    """Carry dout back through a layer normalization.

    dout: (N, D), cache: from layernorm_forward; not modified.
    Returns dx (N, D), dgamma (D,) and dbeta (D,).
    Raises ValueError if dout does not have the shape of the forward's out.
    Source: Ba, Kiros and Hinton, Layer Normalization, 2016; the formula of batch normalization, applied to rows.
    """
    ### BEGIN SOLUTION
    x_hat, std, gamma = cache
    expect_shape("layernorm_backward", "dout", dout, x_hat.shape)
    dbeta = dout.sum(axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)

    # gamma differs along the axis of the means, so it stays inside the means.
    dx_hat = dout * gamma
    along_x_hat = np.mean(dx_hat * x_hat, axis=1, keepdims=True)
    dx = (dx_hat - dx_hat.mean(axis=1, keepdims=True) - x_hat * along_x_hat) / std
    return dx, dgamma, dbeta
    ### END SOLUTION


def dropout_forward(x, dropout_param):
    """Drop each value with probability p and scale up the rest (inverted dropout), in train mode; else change nothing.

    mask = (random numbers from 0 to 1 < 1 - p) / (1 - p)        out = x * mask

    So the mean of out is the mean of x, and test time needs no scaling.

    x: any shape, not modified.
    dropout_param: {'mode': 'train' or 'test', 'p': the probability to drop, 0 <= p < 1, 'seed': none unless given}.
    The random numbers are those of np.random.rand. With a seed, every call draws the numbers that follow
    np.random.seed(seed), and NumPy's own generator stays unchanged.
    Returns out (the shape of x; x itself in test mode), and cache = (dropout_param, mask), mask None in test mode.
    Raises ValueError if a value of dropout_param is not allowed.
    Source: Srivastava et al., Dropout, 2014; CS231n notes, neural networks part 2 (inverted dropout).
    """
    expect_dropout("dropout_forward", dropout_param)
    p, mode, seed = float(dropout_param["p"]), dropout_param["mode"], dropout_param.get("seed")
    random = np.random if seed is None else np.random.RandomState(seed)
    ### BEGIN SOLUTION
    if mode == "test":
        return x, (dropout_param, None)
    # random_sample draws what rand does; its shape may also be ().
    kept = random.random_sample(x.shape) < 1 - p
    mask = kept.astype(x.dtype) / (1 - p)
    return x * mask, (dropout_param, mask)
    ### END SOLUTION


def dropout_backward(dout, cache):
    """Carry dout back through dropout: dropped values get no gradient, the rest is scaled up as in the forward.

    dout: any shape, cache: (dropout_param, mask) from dropout_forward; not modified. Returns dx (the shape of dout;
    dout itself in test mode). The mode is the forward's, even if dropout_param has changed since then. Raises
    ValueError if dout does not have the shape of the mask. Source: CS231n notes, neural networks part 2 (inverted
    dropout).
    """
    ### BEGIN SOLUTION
    _, mask = cache
    if mask is None:
        return dout
    expect_shape("dropout_backward", "dout", dout, mask.shape)
    return dout * mask
    ### END SOLUTION


def conv_forward_naive(x, w, b, conv_param):
    """Slide F filters over N padded images: out[n, f, i, j] is window (i, j) of image n times w[f], summed, plus b[f].

    Window (i, j) starts at row i * stride and column j * stride of the image padded with zeros, and spans all channels.
    The filter is not flipped. Windows that would reach over the border are left out:

    H' = 1 + (H + 2 * pad - HH) // stride        W' = 1 + (W + 2 * pad - WW) // stride

    x: (N, C, H, W), w: (F, C, HH, WW), b: (F,); not modified. conv_param: {'stride': pixels from window to window,
    'pad': zeros added on each of the four sides}. Returns out (N, F, H', W'), and cache = (x, w, b, conv_param) for
    conv_backward_naive. Raises ValueError if stride < 1, pad < 0, the filter is larger than the padded image, w does
    not have C channels, or b does not have F values. Source: CS231n notes, convolutional networks (convolutional
    layer).
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
    Raises ValueError if dout does not have the shape of the forward's out.
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
    # If pad is 0, pad:-pad would be empty.
    dx = dx_padded[:, :, pad : pad + H, pad : pad + W]
    db = dout.sum(axis=(0, 2, 3))
    return dx, dw, db
    ### END SOLUTION


def max_pool_forward_naive(x, pool_param):
    """Return the largest value of each window, channel by channel.

    Window (i, j) starts at row i * stride and column j * stride. If the stride is smaller than the windows, they
    overlap; windows that would reach over the border are left out:

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
    """Carry dout back through max-pooling: the gradient of each window goes to its largest value.

    If several values are the largest, the first in reading order gets the whole gradient; an element that is the
    largest of several windows gets the sum.

    dout: (N, C, H', W'), cache: (x, pool_param) from max_pool_forward_naive; not modified.
    Returns dx (N, C, H, W).
    Raises ValueError if dout does not have the shape of the forward's out.
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


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """Normalize each of C channels over the batch and all positions of the image, then scale and shift it.

    This is batch normalization with N * H * W pixels as examples, with C features each.

    x: (N, C, H, W), gamma: (C,), beta: (C,); not modified.
    bn_param: as for batchnorm_forward, with running averages (C,), which are stored in it.
    Returns out (N, C, H, W), and a cache for spatial_batchnorm_backward.
    Raises ValueError if x is not (N, C, H, W) or is empty in train mode, if gamma, beta or a running average is not
    (C,), or if another value of bn_param is not allowed.
    Source: Ioffe and Szegedy, Batch Normalization, 2015, section 3.2.
    """
    expect_spatial_batchnorm("spatial_batchnorm_forward", x, gamma, beta, bn_param)
    ### BEGIN SOLUTION
    N, C, H, W = x.shape
    pixels = x.transpose(0, 2, 3, 1).reshape(N * H * W, C)
    out, cache = batchnorm_forward(pixels, gamma, beta, bn_param)
    return out.reshape(N, H, W, C).transpose(0, 3, 1, 2), (cache, x.shape)
    ### END SOLUTION


def spatial_batchnorm_backward(dout, cache):
    """Carry dout back through a spatial batch normalization.

    dout: (N, C, H, W), cache: from spatial_batchnorm_forward; not modified.
    Returns dx (N, C, H, W), dgamma (C,) and dbeta (C,).
    Raises ValueError if dout does not have the shape of the forward's out.
    Source: Ioffe and Szegedy, Batch Normalization, 2015, section 3.2.
    """
    ### BEGIN SOLUTION
    cache, (N, C, H, W) = cache
    expect_shape("spatial_batchnorm_backward", "dout", dout, (N, C, H, W))
    pixels = dout.transpose(0, 2, 3, 1).reshape(N * H * W, C)
    dx, dgamma, dbeta = batchnorm_backward(pixels, cache)
    return dx.reshape(N, H, W, C).transpose(0, 3, 1, 2), dgamma, dbeta
    ### END SOLUTION


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """Normalize each of G groups of channels of each image over its channels and all positions, then scale and shift
    it.

    The first C / G channels are the first group, and so on. Each image has its own mean and variance for each group, so
    it is the same at training and test time; each channel has its own scale and shift.

    x: (N, C, H, W), gamma: (1, C, 1, 1), beta: (1, C, 1, 1); not modified. G: the number of groups, a divisor of C.
    gn_param: {'eps': 1e-5 unless given}. Returns out (N, C, H, W), and a cache for spatial_groupnorm_backward. Raises
    ValueError if x is not (N, C, H, W) or is empty, gamma or beta is not (1, C, 1, 1), G is not a divisor of C, or eps
    is not positive. Source: Wu and He, Group Normalization, 2018, section 3.1.
    """
    expect_groupnorm("spatial_groupnorm_forward", x, gamma, beta, G, gn_param)
    eps = float(gn_param.get("eps", 1e-5))
    ### BEGIN SOLUTION
    dtype = np.result_type(x, np.float32)
    groups = x.reshape(x.shape[0], G, -1)
    mean = groups.mean(axis=2, keepdims=True, dtype=np.float64).astype(dtype)
    var = np.square(groups - mean).mean(axis=2, keepdims=True, dtype=np.float64).astype(dtype)
    std = np.sqrt(var + eps)
    x_hat = ((groups - mean) / std).reshape(x.shape)
    return gamma * x_hat + beta, (x_hat, std, gamma)
    ### END SOLUTION


def spatial_groupnorm_backward(dout, cache):
    """Carry dout back through a group normalization.

    dout: (N, C, H, W), cache: from spatial_groupnorm_forward; not modified.
    Returns dx (N, C, H, W), dgamma (1, C, 1, 1) and dbeta (1, C, 1, 1).
    Raises ValueError if dout does not have the shape of the forward's out.
    Source: Wu and He, Group Normalization, 2018; the formula of batch normalization, applied to groups.
    """
    ### BEGIN SOLUTION
    x_hat, std, gamma = cache
    expect_shape("spatial_groupnorm_backward", "dout", dout, x_hat.shape)
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = np.sum(dout * x_hat, axis=(0, 2, 3), keepdims=True)

    N, G, _ = std.shape
    groups = x_hat.reshape(N, G, -1)
    dgroups = (dout * gamma).reshape(N, G, -1)
    along_groups = np.mean(dgroups * groups, axis=2, keepdims=True)
    dx = (dgroups - dgroups.mean(axis=2, keepdims=True) - groups * along_groups) / std
    return dx.reshape(dout.shape), dgamma, dbeta
    ### END SOLUTION
