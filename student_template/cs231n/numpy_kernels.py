"""The kernels of fast_layers.py in NumPy: without a compiler, and for dtypes that kernels.pyx lacks.

The functions have the signatures and results of kernels.pyx, for any dtype. Before it calls them, fast_layers.py checks
the shapes and creates the arrays marked OUT. No temporary array is larger than a few images: convolutions go image by
image.
"""

import numpy as np


def conv_forward(x, w, b, out, stride, pad):
    """IN x (N, C, H, W), w (F, C, HH, WW), b (F,). OUT out (N, F, H', W')."""
    N, F, H_out, W_out = out.shape
    rows = w.reshape(F, x.shape[1] * w.shape[2] * w.shape[3])
    for n in range(N):
        columns = _columns(_padded(x[n], pad), w.shape[2:], stride)
        np.matmul(rows, columns, out=out[n].reshape(F, H_out * W_out))
    out += b.reshape(F, 1, 1)


def conv_backward(dout, x, w, dx, dw, db, stride, pad):
    """IN dout (N, F, H', W'), x (N, C, H, W), w (F, C, HH, WW). OUT dx (N, C, H, W), dw (F, C, HH, WW), db (F,)."""
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    H_out, W_out = dout.shape[2:]
    rows = w.reshape(F, C * HH * WW)
    db[:] = dout.sum(axis=(0, 2, 3))
    dw[:] = 0
    for n in range(N):
        upstream = dout[n].reshape(F, H_out * W_out)
        dw += (upstream @ _columns(_padded(x[n], pad), (HH, WW), stride).T).reshape(w.shape)

        dcolumns = (rows.T @ upstream).reshape(C, HH, WW, H_out, W_out)
        dx_padded = np.zeros((C, H + 2 * pad, W + 2 * pad), dtype=dx.dtype)
        for i in range(HH):
            for j in range(WW):
                dx_padded[:, i : i + stride * H_out : stride, j : j + stride * W_out : stride] += dcolumns[:, i, j]
        dx[n] = dx_padded[:, pad : pad + H, pad : pad + W]


def max_pool_forward(x, out, chosen, HH, WW, stride):
    """IN x (N, C, H, W). OUT out, chosen (N, C, H', W'): the largest value of each window, and where it stands."""
    H_out, W_out = out.shape[2:]
    first, *others = _window_elements(x, HH, WW, stride, H_out, W_out)
    out[:] = first
    chosen[:] = 0
    for place, element in enumerate(others, start=1):
        # The first of equals is chosen, and the first NaN, since nothing is larger than NaN.
        larger = (element > out) | ((element != element) & (out == out))
        np.maximum(chosen, larger * chosen.dtype.type(place), out=chosen)
        np.maximum(out, element, out=out)


def max_pool_backward(dout, chosen, dx, HH, WW, stride):
    """IN dout, chosen (N, C, H', W'). OUT dx (N, C, H, W)."""
    dx[:] = 0
    for place, gradient in enumerate(_window_elements(dx, HH, WW, stride, *dout.shape[2:])):
        gradient += np.where(chosen == place, dout, 0)


def _padded(image, pad):
    return np.pad(image, ((0, 0), (pad, pad), (pad, pad)))


def _columns(image, window, stride):
    """Turn (C, H, W) into (C * HH * WW, H' * W'): a column contains what one window sees."""
    (C, H, W), (HH, WW) = image.shape, window
    H_out, W_out = (H - HH) // stride + 1, (W - WW) // stride + 1
    columns = np.empty((C, HH * WW, H_out, W_out), dtype=image.dtype)
    for position, element in enumerate(_window_elements(image, HH, WW, stride, H_out, W_out)):
        columns[:, position] = element
    return columns.reshape(C * HH * WW, H_out * W_out)


def _window_elements(x, HH, WW, stride, H_out, W_out):
    """Return views (…, H', W') of the windows' first elements, of their second elements, and so on in reading order."""
    for i in range(HH):
        for j in range(WW):
            yield x[..., i : i + stride * H_out : stride, j : j + stride * W_out : stride]
