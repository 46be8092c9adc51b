import numpy as np


class Cache(object):
    """Remembers whatever it is given under its name."""

    def __init__(self, **values):
        self.__dict__.update(values)


def affine_forward(x, w, b):
    c = Cache()
    c.shape = x.shape
    c.rows = x.reshape(x.shape[0], -1)
    c.w = w
    c.product = np.dot(c.rows, w)
    out = c.product + b
    return out, c


def affine_backward(dout, cache):
    db = np.sum(dout, axis=0)
    dproduct = dout
    dw = np.dot(cache.rows.T, dproduct)
    drows = np.dot(dproduct, cache.w.T)
    dx = drows.reshape(cache.shape)
    return dx, dw, db


def relu_forward(x):
    positive = x > 0
    out = np.zeros_like(x)
    out[positive] = x[positive]
    return out, {'positive': positive}


def relu_backward(dout, cache):
    dx = np.zeros_like(dout)
    dx[cache['positive']] = dout[cache['positive']]
    return dx


def svm_loss(x, y):
    N = x.shape[0]
    # step 1: scores of the right classes, as a column
    right = x[np.arange(N), y][:, np.newaxis]
    # step 2: differences
    differences = x - right
    # step 3: with the margin
    shifted = differences + 1.0
    # step 4: hinge
    hinge = np.where(shifted > 0, shifted, 0)
    # step 5: without the right classes
    others = np.ones_like(x)
    others[np.arange(N), y] = 0
    hinge = hinge * others
    loss = np.sum(hinge) / N

    dhinge = np.ones_like(x) / N
    dshifted = dhinge * others * (shifted > 0)
    dright = -np.sum(dshifted, axis=1)
    dx = dshifted.copy()
    for n in range(N):
        dx[n, y[n]] += dright[n]
    return loss, dx


def softmax_loss(x, y):
    N = x.shape[0]
    biggest = np.max(x, axis=1, keepdims=True)      # 1
    shifted = x - biggest                           # 2
    exps = np.exp(shifted)                          # 3
    sums = np.sum(exps, axis=1, keepdims=True)      # 4
    logs = np.log(sums)                             # 5
    logprobs = shifted - logs                       # 6
    picked = logprobs[np.arange(N), y]              # 7
    loss = -np.sum(picked) / N                      # 8

    dpicked = -np.ones(N) / N                       # 8
    dlogprobs = np.zeros(x.shape)
    dlogprobs[np.arange(N), y] = dpicked            # 7
    dshifted = dlogprobs.copy()                     # 6
    dlogs = -np.sum(dlogprobs, axis=1, keepdims=True)
    dsums = dlogs / sums                            # 5
    dexps = dsums * np.ones(x.shape)                # 4
    dshifted += exps * dexps                        # 3
    dx = dshifted                                   # 2, and what goes to the biggest cancels
    return loss, dx


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)

    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    if mode == 'train':
        s1 = np.sum(x, axis=0)          # (D,)
        s2 = s1 / N                     # the mean
        s3 = x - s2                     # (N, D)
        s4 = s3 * s3
        s5 = np.sum(s4, axis=0)
        s6 = s5 / N                     # the variance
        s7 = np.sqrt(s6 + eps)
        s8 = 1.0 / s7
        s9 = s3 * s8                    # normalised
        s10 = gamma * s9
        out = s10 + beta
        cache = [mode, gamma, s3, s7, s8, s9]
        running_mean = momentum * running_mean + (1 - momentum) * s2
        running_var = momentum * running_var + (1 - momentum) * s6
    elif mode == 'test':
        std = np.sqrt(running_var + eps)
        normalised = (x - running_mean) / std
        out = gamma * normalised + beta
        cache = [mode, gamma, std, normalised]
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    N, D = dout.shape
    if cache[0] == 'test':
        mode, gamma, std, normalised = cache
        return dout * gamma / std, np.sum(dout * normalised, axis=0), np.sum(dout, axis=0)
    mode, gamma, s3, s7, s8, s9 = cache
    # out = s10 + beta
    dbeta = np.sum(dout, axis=0)
    ds10 = dout
    # s10 = gamma * s9
    dgamma = np.sum(ds10 * s9, axis=0)
    ds9 = ds10 * gamma
    # s9 = s3 * s8
    ds8 = np.sum(ds9 * s3, axis=0)
    ds3 = ds9 * s8
    # s8 = 1 / s7
    ds7 = -ds8 / (s7 ** 2)
    # s7 = sqrt(s6 + eps)
    ds6 = 0.5 * ds7 / s7
    # s6 = s5 / N
    ds5 = ds6 / N
    # s5 = sum of s4
    ds4 = np.ones((N, D)) * ds5
    # s4 = s3 * s3
    ds3 = ds3 + 2 * s3 * ds4
    # s3 = x - s2
    dx = ds3
    ds2 = -np.sum(ds3, axis=0)
    # s2 = s1 / N
    ds1 = ds2 / N
    # s1 = sum of x
    dx = dx + np.ones((N, D)) * ds1
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    N = dout.shape[0]
    if cache[0] == 'test':
        return batchnorm_backward(dout, cache)
    mode, gamma, centred, std, invstd, normalised = cache
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(normalised * dout, axis=0)
    dx = (N * dout - dbeta - normalised * dgamma) * gamma * invstd / N
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    # a layer norm is a batch norm of the transposed input, whose scale comes afterwards
    D = x.shape[1]
    xt = x.T
    mean = np.sum(xt, axis=0) / D
    centred = xt - mean
    var = np.sum(centred ** 2, axis=0) / D
    std = np.sqrt(var + eps)
    normalised = (centred / std).T
    out = gamma * normalised + beta
    cache = {'gamma': gamma, 'inner': ['train', 1.0, centred, std, 1.0 / std, centred / std], 'normalised': normalised}
    return out, cache


def layernorm_backward(dout, cache):
    dgamma = np.sum(dout * cache['normalised'], axis=0)
    dbeta = np.sum(dout, axis=0)
    dnormalised = dout * cache['gamma']
    dxt, _, _ = batchnorm_backward(dnormalised.T, cache['inner'])
    return dxt.T, dgamma, dbeta


def dropout_forward(x, dropout_param):
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])

    cache = {'mode': mode, 'p': p}
    if mode == 'train':
        cache['dropped'] = np.random.rand(*x.shape) < p
        out = x / (1 - p)
        out[cache['dropped']] = 0
    elif mode == 'test':
        out = x.copy()
    out = out.astype(x.dtype, copy=False)
    return out, cache


def dropout_backward(dout, cache):
    dx = dout.copy()
    if cache['mode'] == 'train':
        dx = dx / (1 - cache['p'])
        dx[cache['dropped']] = 0
    return dx


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    padded[:, :, pad:pad + H, pad:pad + W] = x
    H_out = (H + 2 * pad - HH) // stride + 1
    W_out = (W + 2 * pad - WW) // stride + 1
    matrix = w.reshape(F, -1)
    out = np.zeros((N, F, H_out, W_out))
    steps = []
    for n in range(N):
        for i in range(H_out):
            for j in range(W_out):
                place = (n, slice(None), slice(i * stride, i * stride + HH), slice(j * stride, j * stride + WW))
                column = padded[place].reshape(-1)
                out[n, :, i, j] = matrix.dot(column) + b
                steps.append((n, i, j, place, column))
    cache = {'steps': steps, 'w': w, 'padded shape': padded.shape, 'crop': (pad, pad + H, pad, pad + W)}
    return out, cache


def conv_backward_naive(dout, cache):
    w = cache['w']
    matrix = w.reshape(w.shape[0], -1)
    dmatrix = np.zeros(matrix.shape)
    db = np.zeros(w.shape[0])
    dpadded = np.zeros(cache['padded shape'])
    for n, i, j, place, column in cache['steps']:
        d = dout[n, :, i, j]
        db += d
        dmatrix += np.outer(d, column)
        dpadded[place] += matrix.T.dot(d).reshape(w.shape[1:])
    top, bottom, left, right = cache['crop']
    return dpadded[:, :, top:bottom, left:right], dmatrix.reshape(w.shape), db


def max_pool_forward_naive(x, pool_param):
    ph, pw, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    H_out = (H - ph) // stride + 1
    W_out = (W - pw) // stride + 1
    out = np.zeros((N, C, H_out, W_out))
    winners = []
    for i in range(H_out):
        for j in range(W_out):
            window = x[:, :, i * stride:i * stride + ph, j * stride:j * stride + pw].reshape(N, C, -1)
            k = np.argmax(window, axis=2)
            winners.append((i, j, i * stride + k // pw, j * stride + k % pw))
            out[:, :, i, j] = np.max(window, axis=2)
    return out, Cache(shape=x.shape, winners=winners)


def max_pool_backward_naive(dout, cache):
    dx = np.zeros(cache.shape)
    n, c = np.ogrid[:cache.shape[0], :cache.shape[1]]
    for i, j, rows, columns in cache.winners:
        dx[n, c, rows, columns] += dout[:, :, i, j]
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    # channels first, all else is one long axis
    N, C, H, W = x.shape
    channels = x.swapaxes(0, 1).reshape(C, -1)
    out, bn_cache = batchnorm_forward(channels.T, gamma, beta, bn_param)
    out = out.T.reshape(C, N, H, W).swapaxes(0, 1)
    return out, {'batchnorm': bn_cache, 'shape': (C, N, H, W)}


def spatial_batchnorm_backward(dout, cache):
    channels = dout.swapaxes(0, 1).reshape(dout.shape[1], -1)
    dx, dgamma, dbeta = batchnorm_backward(channels.T, cache['batchnorm'])
    return dx.T.reshape(cache['shape']).swapaxes(0, 1), dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    # one layer norm for each group, put together again
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    size = C // G
    caches = []
    normalised = np.zeros(x.shape)
    for g in range(G):
        part = x[:, g * size:(g + 1) * size]
        ones, zeros = np.ones(size * H * W), np.zeros(size * H * W)
        out, c = layernorm_forward(part.reshape(N, -1), ones, zeros, {'eps': eps})
        normalised[:, g * size:(g + 1) * size] = out.reshape(part.shape)
        caches.append(c)
    out = normalised * gamma + beta
    return out, [size, gamma, normalised] + caches


def spatial_groupnorm_backward(dout, cache):
    size, gamma, normalised = cache[:3]
    dgamma = np.sum(dout * normalised, axis=(0, 2, 3), keepdims=True)
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    dnormalised = dout * gamma
    dx = np.zeros(dout.shape)
    for g, c in enumerate(cache[3:]):
        part = dnormalised[:, g * size:(g + 1) * size]
        d, _, _ = layernorm_backward(part.reshape(part.shape[0], -1), c)
        dx[:, g * size:(g + 1) * size] = d.reshape(part.shape)
    return dx, dgamma, dbeta
