import numpy as np
from numpy.lib.stride_tricks import as_strided


def _windows(a, height, width, stride):
    """All windows of a (N, C, H, W) array as a view, (N, C, H_out, W_out, height, width)."""
    N, C, H, W = a.shape
    sn, sc, sh, sw = a.strides
    shape = (N, C, (H - height) // stride + 1, (W - width) // stride + 1, height, width)
    return as_strided(a, shape, (sn, sc, sh * stride, sw * stride, sh, sw), writeable=False)


def _pad(x, pad):
    return np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)], mode="constant")


def affine_forward(x, w, b):
    out = x.reshape(len(x), -1) @ w + b
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, _ = cache
    flat = x.reshape(len(x), -1)
    dx = (dout @ w.T).reshape(x.shape)
    dw = flat.T @ dout
    db = np.einsum("nm->m", dout)
    return dx, dw, db


def relu_forward(x):
    return x * (x > 0), x


def relu_backward(dout, cache):
    return np.where(cache > 0, dout, 0.0)


def svm_loss(x, y):
    rows = np.arange(len(y))
    violation = x - x[rows, y].reshape(-1, 1) + 1
    violation[rows, y] = 0
    active = (violation > 0).astype(float)
    loss = np.sum(violation * active) / len(y)
    active[rows, y] = -active.sum(axis=1)
    return loss, active / len(y)


def softmax_loss(x, y):
    rows = np.arange(len(y))
    z = x - x.max(axis=1, keepdims=True)
    logsumexp = np.log(np.exp(z).sum(axis=1, keepdims=True))
    logp = z - logsumexp
    loss = -logp[rows, y].mean()
    onehot = np.zeros(x.shape)
    onehot[rows, y] = 1.0
    dx = np.exp(logp) - onehot
    return loss, dx


def conv_forward_naive(x, w, b, conv_param):
    """im2col: every window becomes a row, every filter a column, the convolution one product of matrices."""
    stride, pad = conv_param["stride"], conv_param["pad"]
    F, C, HH, WW = w.shape
    win = _windows(_pad(x, pad), HH, WW, stride)
    N, _, H_out, W_out = win.shape[:4]
    cols = win.transpose(0, 2, 3, 1, 4, 5).reshape(N * H_out * W_out, C * HH * WW)
    out = cols @ w.reshape(F, -1).T + b
    out = out.reshape(N, H_out, W_out, F).transpose(0, 3, 1, 2)
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    H, W = x.shape[2:]
    HH, WW = w.shape[2:]
    H_out, W_out = dout.shape[2:]
    xp = _pad(x, pad)
    dw = np.einsum("nfij,ncijpq->fcpq", dout, _windows(xp, HH, WW, stride))
    db = dout.sum(axis=(0, 2, 3))
    dxp = np.zeros(xp.shape)
    # one strided slice of dxp for each element of the filter
    for p in range(HH):
        for q in range(WW):
            dxp[:, :, p:p + stride * H_out:stride, q:q + stride * W_out:stride] += np.einsum(
                "nfij,fc->ncij", dout, w[:, :, p, q])
    return dxp[:, :, pad:pad + H, pad:pad + W], dw, db


def max_pool_forward_naive(x, pool_param):
    win = _windows(x, pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"])
    return win.max(axis=(4, 5)), (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    win = _windows(x, ph, pw, s)
    winner = win.reshape(win.shape[:4] + (-1,)).argmax(axis=4)
    n, c, i, j = np.indices(winner.shape)
    dx = np.zeros(x.shape)
    # add.at and not +=, which would count an element that won twice only once
    np.add.at(dx, (n, c, i * s + winner // pw, j * s + winner % pw), dout)
    return dx
