import numpy as np

# ----------------------------------------------------------------------------
# helpers, also used by the networks
# ----------------------------------------------------------------------------


def l2_penalty(params, reg):
    """0.5 * reg * sum of squares of the weight matrices and filters, and its gradient"""
    weights = {k: v for k, v in params.items() if k[0] == 'W'}
    loss = sum(0.5 * reg * np.vdot(v, v) for v in weights.values())
    return loss, {k: reg * v for k, v in weights.items()}


def init_layer(params, index, shape, scale, dtype):
    n_out = shape[0] if len(shape) == 4 else shape[-1]
    params['W%d' % index] = np.asarray(scale * np.random.standard_normal(shape), dtype=dtype)
    params['b%d' % index] = np.zeros(n_out, dtype=dtype)


def hidden_forward(x, w, b, norm=None):
    """affine, then norm (a function of one argument, returns out and cache) if there is one, then relu"""
    a, fc = affine_forward(x, w, b)
    norm_cache = None
    if norm is not None:
        a, norm_cache = norm(a)
    out, mask = relu_forward(a)
    return out, (fc, norm_cache, mask)


def hidden_backward(dout, cache, norm_backward=None):
    fc, norm_cache, mask = cache
    da = relu_backward(dout, mask)
    norm_grads = ()
    if norm_backward is not None:
        da, *norm_grads = norm_backward(da, norm_cache)
    return affine_backward(da, fc), norm_grads


def unfold(x, HH, WW, stride):
    """copies, not views: (HH, WW, N, C, Ho, Wo)"""
    Ho = (x.shape[2] - HH) // stride + 1
    Wo = (x.shape[3] - WW) // stride + 1
    return np.array([[x[:, :, p:p + (Ho - 1) * stride + 1:stride, q:q + (Wo - 1) * stride + 1:stride]
                      for q in range(WW)] for p in range(HH)])


def fold(patches, shape, stride):
    """the transpose of unfold: adds every patch where it came from"""
    x = np.zeros(shape)
    HH, WW, N, C, Ho, Wo = patches.shape
    for p in range(HH):
        for q in range(WW):
            x[:, :, p:p + (Ho - 1) * stride + 1:stride, q:q + (Wo - 1) * stride + 1:stride] += patches[p, q]
    return x


# ----------------------------------------------------------------------------
# fully connected
# ----------------------------------------------------------------------------


def affine_forward(x, w, b):
    rows = x.reshape(x.shape[0], w.shape[0])
    out = np.einsum('nd,dm->nm', rows, w) + b
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    rows = x.reshape(x.shape[0], w.shape[0])
    drows = np.einsum('nm,dm->nd', dout, w)
    dw = np.einsum('nd,nm->dm', rows, dout)
    db = np.einsum('nm->m', dout)
    return drows.reshape(x.shape), dw, db


def relu_forward(x):
    return 0.5 * (x + np.abs(x)), x


def relu_backward(dout, cache):
    return np.heaviside(cache, 0) * dout


def svm_loss(x, y):
    n = x.shape[0]
    target = np.eye(x.shape[1])[y]
    right = np.einsum('nc,nc->n', x, target)
    margins = np.clip(x - right[:, None] + 1, 0, None) * (1 - target)
    above = np.sign(margins)
    dx = above - np.einsum('nc,nk->nk', above, target)
    return np.einsum('nc->', margins) / n, dx / n


def softmax_loss(x, y):
    n = x.shape[0]
    target = np.eye(x.shape[1])[y]
    top = np.amax(x, axis=1)[:, None]
    lse = top + np.log(np.einsum('nc->n', np.exp(x - top)))[:, None]
    loss = np.einsum('nc,nc->', target, lse - x) / n
    return loss, (np.exp(x - lse) - target) / n


# ----------------------------------------------------------------------------
# normalisation
# ----------------------------------------------------------------------------


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    if mode == 'train':
        mean = np.einsum('nd->d', x) / N
        centered = x - mean
        var = np.einsum('nd,nd->d', centered, centered) / N
        inv = (var + eps) ** -0.5
        out = np.einsum('nd,d,d->nd', centered, inv, gamma) + beta
        cache = {'centered': centered, 'inv': inv, 'gamma': gamma, 'train': True}
        running_mean = momentum * running_mean + (1 - momentum) * mean
        running_var = momentum * running_var + (1 - momentum) * var
    elif mode == 'test':
        centered = x - running_mean
        inv = (running_var + eps) ** -0.5
        out = np.einsum('nd,d,d->nd', centered, inv, gamma) + beta
        cache = {'centered': centered, 'inv': inv, 'gamma': gamma, 'train': False}
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    centered, inv, gamma = cache['centered'], cache['inv'], cache['gamma']
    N = dout.shape[0]
    dbeta = np.einsum('nd->d', dout)
    dgamma = np.einsum('nd,nd,d->d', dout, centered, inv)
    dx = np.einsum('nd,d,d->nd', dout, gamma, inv)
    if cache['train']:
        dvar = -0.5 * np.einsum('nd,nd,d,d->d', dout, centered, gamma, inv ** 3)
        dx = dx + 2 * centered * dvar / N
        dx = dx - np.einsum('nd->d', dx) / N
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    centered, inv, gamma = cache['centered'], cache['inv'], cache['gamma']
    N = dout.shape[0]
    xhat = centered * inv
    dbeta = np.einsum('nd->d', dout)
    dgamma = np.einsum('nd,nd->d', dout, xhat)
    if cache['train']:
        # the projection matrix of a batch, written out: it takes away the mean and what lies along xhat
        dx = gamma * inv * (dout - dbeta / N - np.einsum('nd,d->nd', xhat, dgamma) / N)
    else:
        dx = gamma * inv * dout
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    D = x.shape[1]
    centered = x - np.einsum('nd->n', x)[:, None] / D
    inv = (np.einsum('nd,nd->n', centered, centered) / D + eps) ** -0.5
    xhat = np.einsum('nd,n->nd', centered, inv)
    return np.einsum('nd,d->nd', xhat, gamma) + beta, (xhat, inv, gamma)


def layernorm_backward(dout, cache):
    xhat, inv, gamma = cache
    D = dout.shape[1]
    dbeta = np.einsum('nd->d', dout)
    dgamma = np.einsum('nd,nd->d', dout, xhat)
    dxhat = dout * gamma
    a = np.einsum('nd->n', dxhat) / D
    b = np.einsum('nd,nd->n', dxhat, xhat) / D
    dx = np.einsum('n,nd->nd', inv, dxhat - a[:, None] - np.einsum('n,nd->nd', b, xhat))
    return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])
    mask = None
    out = None
    if mode == 'train':
        keep = 1 - p
        mask = np.random.binomial(1, keep, size=x.shape) / keep
        out = mask * x
    elif mode == 'test':
        out = x
    cache = (dropout_param, mask)
    out = out.astype(x.dtype, copy=False)
    return out, cache


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    return dout if mask is None else mask * dout


# ----------------------------------------------------------------------------
# images
# ----------------------------------------------------------------------------


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param['stride'], conv_param['pad']
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode='constant')
    patches = unfold(xp, w.shape[2], w.shape[3], stride)
    out = np.einsum('pqncij,fcpq->nfij', patches, w, optimize=True) + b[:, None, None]
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param['stride'], conv_param['pad']
    H, W = x.shape[2:]
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode='constant')
    patches = unfold(xp, w.shape[2], w.shape[3], stride)
    dw = np.einsum('pqncij,nfij->fcpq', patches, dout, optimize=True)
    dxp = fold(np.einsum('nfij,fcpq->pqncij', dout, w), xp.shape, stride)
    db = np.einsum('nfij->f', dout)
    return dxp[:, :, pad:H + pad, pad:W + pad], dw, db


def max_pool_forward_naive(x, pool_param):
    patches = unfold(x, pool_param['pool_height'], pool_param['pool_width'], pool_param['stride'])
    out = patches.max(axis=0).max(axis=0)
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    ph, pw, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    patches = unfold(x, ph, pw, stride)
    flat = patches.reshape((ph * pw,) + patches.shape[2:])
    # one-hot over the window: only the first of equal maxima
    first = np.arange(ph * pw).reshape(-1, 1, 1, 1, 1) == flat.argmax(axis=0)
    dflat = np.einsum('kncij,ncij->kncij', first, dout)
    return fold(dflat.reshape(patches.shape), x.shape, stride)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    rows = np.einsum('nchw->nhwc', x).reshape(-1, C)
    out, cache = batchnorm_forward(rows, gamma, beta, bn_param)
    return np.einsum('nhwc->nchw', out.reshape(N, H, W, C)), cache


def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    rows = np.einsum('nchw->nhwc', dout).reshape(-1, C)
    dx, dgamma, dbeta = batchnorm_backward(rows, cache)
    return np.einsum('nhwc->nchw', dx.reshape(N, H, W, C)), dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    M = C // G * H * W
    groups = x.reshape(N, G, C // G, H, W)
    mean = np.einsum('ngchw->ng', groups) / M
    centered = groups - mean[:, :, None, None, None]
    inv = (np.einsum('ngchw,ngchw->ng', centered, centered) / M + eps) ** -0.5
    xhat = np.einsum('ngchw,ng->ngchw', centered, inv)
    return xhat.reshape(x.shape) * gamma + beta, (xhat, inv, gamma)


def spatial_groupnorm_backward(dout, cache):
    xhat, inv, gamma = cache
    N, G, size, H, W = xhat.shape
    M = size * H * W
    dbeta = np.einsum('nchw->c', dout).reshape(1, -1, 1, 1)
    dgamma = np.einsum('nchw,nchw->c', dout, xhat.reshape(dout.shape)).reshape(1, -1, 1, 1)
    dxhat = (dout * gamma).reshape(xhat.shape)
    a = np.einsum('ngchw->ng', dxhat)[:, :, None, None, None] / M
    b = np.einsum('ngchw,ngchw->ng', dxhat, xhat)[:, :, None, None, None] / M
    dx = np.einsum('ng,ngchw->ngchw', inv, dxhat - a - b * xhat)
    return dx.reshape(dout.shape), dgamma, dbeta
