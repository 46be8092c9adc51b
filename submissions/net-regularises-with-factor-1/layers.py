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
    dx = (np.exp(logp) - onehot) / len(y)
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


# ---------------------------------------------------------------------------------------------------------------------
# All four norms are one: put the numbers that share a mean into a row of a (groups, m) array and standardise the rows.


def _standardise(rows, eps):
    mean = rows.mean(axis=1, keepdims=True)
    var = rows.var(axis=1, keepdims=True)
    rstd = 1 / np.sqrt(var + eps)
    return (rows - mean) * rstd, rstd, mean[:, 0], var[:, 0]


def _standardise_back(drows, xhat, rstd):
    m = drows.shape[1]
    s = drows.sum(axis=1, keepdims=True)
    t = np.einsum("gm,gm->g", drows, xhat)[:, None]
    return rstd * (drows - (s + xhat * t) / m)


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    D = x.shape[1]
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))
    if mode == "train":
        xhat, rstd, mean, var = _standardise(x.T, eps)
        running_mean = momentum * running_mean + (1 - momentum) * mean
        running_var = momentum * running_var + (1 - momentum) * var
    elif mode == "test":
        rstd = (1 / np.sqrt(running_var + eps))[:, None]
        xhat = (x.T - running_mean[:, None]) * rstd
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return xhat.T * gamma + beta, (xhat, rstd, gamma, mode)


def batchnorm_backward(dout, cache, check=False):
    xhat, rstd, gamma, mode = cache
    dbeta = dout.sum(axis=0)
    dgamma = np.einsum("nd,dn->d", dout, xhat)
    dxhat = (dout * gamma).T
    dx = _standardise_back(dxhat, xhat, rstd) if mode == "train" else dxhat * rstd
    if check:
        assert np.allclose(dx.sum(axis=1), 0)
    return dx.T, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    xhat, rstd, gamma, mode = cache
    dbeta, dgamma = dout.sum(axis=0), (dout * xhat.T).sum(axis=0)
    scale = gamma * rstd[:, 0]
    if mode == "test":
        return scale * dout, dgamma, dbeta
    N = len(dout)
    return scale / N * (N * dout - dbeta - xhat.T * dgamma), dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    xhat, rstd, _, _ = _standardise(x, ln_param.get("eps", 1e-5))
    return xhat * gamma + beta, (xhat, rstd, gamma)


def layernorm_backward(dout, cache):
    xhat, rstd, gamma = cache
    return _standardise_back(dout * gamma, xhat, rstd), (dout * xhat).sum(axis=0), dout.sum(axis=0)


def dropout_forward(x, dropout_param, rng=None):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if mode == "test":
        return x, (dropout_param, None)
    draws = np.random.rand(*x.shape) if rng is None else rng.rand(*x.shape)
    mask = np.where(draws < p, 0.0, 1.0 / (1.0 - p)).astype(x.dtype)
    return (x * mask).astype(x.dtype, copy=False), (dropout_param, mask)


def dropout_backward(dout, cache):
    mask = cache[1]
    return dout if mask is None else dout * mask


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    moved = np.moveaxis(x, 1, 3)
    out, cache = batchnorm_forward(moved.reshape(-1, x.shape[1]), gamma, beta, bn_param)
    return np.moveaxis(out.reshape(moved.shape), 3, 1), cache


def spatial_batchnorm_backward(dout, cache):
    moved = np.moveaxis(dout, 1, 3)
    dx, dgamma, dbeta = batchnorm_backward_alt(moved.reshape(-1, dout.shape[1]), cache)
    return np.moveaxis(dx.reshape(moved.shape), 3, 1), dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    xhat, rstd, _, _ = _standardise(x.reshape(x.shape[0] * G, -1), gn_param.get("eps", 1e-5))
    return xhat.reshape(x.shape) * gamma + beta, (xhat, rstd, gamma)


def spatial_groupnorm_backward(dout, cache):
    xhat, rstd, gamma = cache
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = np.einsum("nchw,nchw->c", dout, xhat.reshape(dout.shape)).reshape(gamma.shape)
    dx = _standardise_back((dout * gamma).reshape(xhat.shape), xhat, rstd)
    return dx.reshape(dout.shape), dgamma, dbeta
