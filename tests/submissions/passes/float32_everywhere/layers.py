import numpy as np

# My laptop is slow in double precision, so everything is computed in single.


def f32(*arrays):
    single = [np.asarray(a, dtype=np.float32) for a in arrays]
    return single if len(single) > 1 else single[0]


def affine_forward(x, w, b):
    x, w, b = f32(x, w, b)
    out = x.reshape(x.shape[0], -1).dot(w) + b
    return out, (x, w, b)


def affine_backward(dout, cache):
    dout = f32(dout)
    x, w, b = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    db = dout.sum(axis=0)
    return dx, dw, db


def relu_forward(x):
    x = f32(x)
    return np.maximum(x, np.float32(0)), x


def relu_backward(dout, cache):
    return f32(dout) * (cache > 0)


def svm_loss(x, y):
    x = f32(x)
    N = x.shape[0]
    margins = np.maximum(0, x - x[np.arange(N), y].reshape(N, 1) + np.float32(1))
    margins[np.arange(N), y] = 0
    dx = f32(margins > 0)
    dx[np.arange(N), y] = -dx.sum(axis=1)
    return margins.sum() / np.float32(N), dx / np.float32(N)


def softmax_loss(x, y):
    x = f32(x)
    N = x.shape[0]
    x = x - x.max(axis=1, keepdims=True)
    logsum = np.log(np.exp(x).sum(axis=1, keepdims=True))
    logp = x - logsum
    loss = -logp[np.arange(N), y].mean(dtype=np.float32)
    dx = np.exp(logp)
    dx[np.arange(N), y] -= 1
    return loss, dx / np.float32(N)


def batchnorm_forward(x, gamma, beta, bn_param):
    x, gamma, beta = f32(x, gamma, beta)
    mode = bn_param['mode']
    eps = np.float32(bn_param.get('eps', 1e-5))
    momentum = np.float32(bn_param.get('momentum', 0.9))
    D = x.shape[1]
    running_mean = f32(bn_param.get('running_mean', np.zeros(D)))
    running_var = f32(bn_param.get('running_var', np.zeros(D)))
    if mode == 'train':
        mean = np.mean(x, axis=0)
        var = np.var(x, axis=0)
        running_mean = momentum * running_mean + (1 - momentum) * mean
        running_var = momentum * running_var + (1 - momentum) * var
    elif mode == 'test':
        mean, var = running_mean, running_var
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
    std = np.sqrt(var + eps)
    x_norm = (x - mean) / std
    out = gamma * x_norm + beta
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, (mode, gamma, std, x_norm)


def batchnorm_backward(dout, cache):
    dout = f32(dout)
    mode, gamma, std, x_norm = cache
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_norm).sum(axis=0)
    dx_norm = dout * gamma
    if mode == 'test':
        return dx_norm / std, dgamma, dbeta
    dx = (dx_norm - dx_norm.mean(axis=0) - x_norm * (dx_norm * x_norm).mean(axis=0)) / std
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    dout = f32(dout)
    mode, gamma, std, x_norm = cache
    N = np.float32(dout.shape[0])
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_norm).sum(axis=0)
    if mode == 'test':
        return gamma / std * dout, dgamma, dbeta
    dx = gamma / std * (dout - (dbeta + x_norm * dgamma) / N)
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    x, gamma, beta = f32(x, gamma, beta)
    eps = np.float32(ln_param.get('eps', 1e-5))
    std = np.sqrt(x.var(axis=1, keepdims=True) + eps)
    x_norm = (x - x.mean(axis=1, keepdims=True)) / std
    return gamma * x_norm + beta, (gamma, std, x_norm)


def layernorm_backward(dout, cache):
    dout = f32(dout)
    gamma, std, x_norm = cache
    dx_norm = dout * gamma
    dx = dx_norm - dx_norm.mean(axis=1, keepdims=True)
    dx -= x_norm * (dx_norm * x_norm).mean(axis=1, keepdims=True)
    return dx / std, (dout * x_norm).sum(axis=0), dout.sum(axis=0)


def dropout_forward(x, dropout_param):
    x = f32(x)
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])
    mask = None
    out = x
    if mode == 'train':
        mask = f32(np.random.rand(*x.shape) >= p) / np.float32(1 - p)
        out = x * mask
    return out, (dropout_param, mask)


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    if mask is None:
        return f32(dout)
    return f32(dout) * mask


def conv_forward_naive(x, w, b, conv_param):
    x, w, b = f32(x, w, b)
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    out_h = 1 + (H + 2 * pad - HH) // stride
    out_w = 1 + (W + 2 * pad - WW) // stride
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    out = np.zeros((N, F, out_h, out_w), dtype=np.float32)
    for i in range(out_h):
        for j in range(out_w):
            part = xp[:, None, :, i * stride:i * stride + HH, j * stride:j * stride + WW]
            out[:, :, i, j] = (part * w).sum(axis=(2, 3, 4)) + b
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    dout = f32(dout)
    x, w, b, conv_param = cache
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    dxp = np.zeros(xp.shape, dtype=np.float32)
    dw = np.zeros(w.shape, dtype=np.float32)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            rows = slice(i * stride, i * stride + HH)
            cols = slice(j * stride, j * stride + WW)
            d = dout[:, :, i, j][:, :, None, None, None]
            dw += (d * xp[:, None, :, rows, cols]).sum(axis=0)
            dxp[:, :, rows, cols] += (d * w).sum(axis=1)
    db = dout.sum(axis=(0, 2, 3))
    return dxp[:, :, pad:pad + H, pad:pad + W], dw, db


def max_pool_forward_naive(x, pool_param):
    x = f32(x)
    ph, pw, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    out = np.zeros((N, C, 1 + (H - ph) // stride, 1 + (W - pw) // stride), dtype=np.float32)
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = x[:, :, i * stride:i * stride + ph, j * stride:j * stride + pw].max(axis=3).max(axis=2)
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    dout = f32(dout)
    x, pool_param = cache
    ph, pw, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    dx = np.zeros(x.shape, dtype=np.float32)
    for n, c, i, j in np.ndindex(dout.shape):
        window = x[n, c, i * stride:i * stride + ph, j * stride:j * stride + pw]
        k = window.argmax()
        dx[n, c, i * stride + k // window.shape[1], j * stride + k % window.shape[1]] += dout[n, c, i, j]
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    out, cache = batchnorm_forward(f32(x).transpose(0, 2, 3, 1).reshape(-1, C), gamma, beta, bn_param)
    return out.reshape(N, H, W, C).transpose(0, 3, 1, 2), cache


def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    dx, dgamma, dbeta = batchnorm_backward(f32(dout).transpose(0, 2, 3, 1).reshape(-1, C), cache)
    return dx.reshape(N, H, W, C).transpose(0, 3, 1, 2), dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    x, gamma, beta = f32(x, gamma, beta)
    eps = np.float32(gn_param.get('eps', 1e-5))
    N, C, H, W = x.shape
    g = x.reshape(N, G, C // G, H, W)
    std = np.sqrt(g.var(axis=(2, 3, 4), keepdims=True) + eps)
    g_norm = (g - g.mean(axis=(2, 3, 4), keepdims=True)) / std
    return gamma * g_norm.reshape(x.shape) + beta, (gamma, std, g_norm)


def spatial_groupnorm_backward(dout, cache):
    dout = f32(dout)
    gamma, std, g_norm = cache
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dout * g_norm.reshape(dout.shape)).sum(axis=(0, 2, 3), keepdims=True)
    d = (dout * gamma).reshape(g_norm.shape)
    axes = (2, 3, 4)
    dg = (d - d.mean(axis=axes, keepdims=True) - g_norm * (d * g_norm).mean(axis=axes, keepdims=True)) / std
    return dg.reshape(dout.shape), dgamma, dbeta
