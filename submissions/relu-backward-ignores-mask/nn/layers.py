import numpy as np

# I don't trust broadcasting so everything is loops. Slow but I understand it.


def affine_forward(x, w, b):
    N = x.shape[0]
    D, M = w.shape
    rows = np.reshape(x, (N, D))
    out = np.zeros((N, M))
    for n in range(N):
        for m in range(M):
            # the loop over D was too slow for 3072 pixels, so the only dot in here
            out[n, m] = np.dot(rows[n], w[:, m]) + b[m]
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    N = x.shape[0]
    D, M = w.shape
    rows = np.reshape(x, (N, D))
    drows = np.zeros((N, D))
    dw = np.zeros((D, M))
    db = np.zeros(M)
    for n in range(N):
        for m in range(M):
            g = dout[n, m]
            db[m] += g
            drows[n] += w[:, m] * g
            dw[:, m] += rows[n] * g
    dx = np.reshape(drows, x.shape)
    return dx, dw, db


def relu_forward(x):
    out = x.copy()
    out[out < 0] = 0
    cache = x
    return out, cache


def relu_backward(dout, cache):
    x = cache
    dx = np.ones(x.shape) * dout
    return dx


def svm_loss(x, y):
    N, C = x.shape
    loss = 0.0
    dx = np.zeros((N, C))
    for i in range(N):
        for j in range(C):
            if j == y[i]:
                continue
            margin = x[i, j] - x[i, y[i]] + 1
            if margin > 0:
                loss += margin
                dx[i, j] += 1
                dx[i, y[i]] -= 1
    return loss / N, dx / N


def softmax_loss(x, y):
    N, C = x.shape
    loss = 0.0
    dx = np.zeros((N, C))
    for i in range(N):
        biggest = max(x[i])
        total = 0.0
        for j in range(C):
            total += np.exp(x[i, j] - biggest)
        loss += np.log(total) - (x[i, y[i]] - biggest)
        for j in range(C):
            p = np.exp(x[i, j] - biggest) / total
            if j == y[i]:
                p -= 1
            dx[i, j] = p / N
    loss /= N
    return loss, dx


def conv_forward_naive(x, w, b, conv_param):
    S = conv_param['stride']
    P = conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    # pad by hand
    xp = np.zeros((N, C, H + 2 * P, W + 2 * P))
    xp[:, :, P:P + H, P:P + W] = x
    Ho = (H + 2 * P - HH) // S + 1
    Wo = (W + 2 * P - WW) // S + 1
    out = np.zeros((N, F, Ho, Wo))
    for n in range(N):
        for f in range(F):
            for i in range(Ho):
                for j in range(Wo):
                    total = 0.0
                    for c in range(C):
                        for p in range(HH):
                            for q in range(WW):
                                total += xp[n, c, i * S + p, j * S + q] * w[f, c, p, q]
                    out[n, f, i, j] = total + b[f]
    # keep the padded one so that backward does not have to do it again
    cache = (xp, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    xp, w, b, conv_param = cache
    S = conv_param['stride']
    P = conv_param['pad']
    N, C, Hp, Wp = xp.shape
    F, _, HH, WW = w.shape
    _, _, Ho, Wo = dout.shape
    dxp = np.zeros(xp.shape)
    dw = np.zeros(w.shape)
    db = np.zeros(b.shape)
    for n in range(N):
        for f in range(F):
            for i in range(Ho):
                for j in range(Wo):
                    g = dout[n, f, i, j]
                    db[f] += g
                    for c in range(C):
                        for p in range(HH):
                            for q in range(WW):
                                dw[f, c, p, q] += xp[n, c, i * S + p, j * S + q] * g
                                dxp[n, c, i * S + p, j * S + q] += w[f, c, p, q] * g
    dx = dxp[:, :, P:Hp - P, P:Wp - P]
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    N, C, H, W = x.shape
    ph = pool_param['pool_height']
    pw = pool_param['pool_width']
    S = pool_param['stride']
    Ho = (H - ph) // S + 1
    Wo = (W - pw) // S + 1
    out = np.zeros((N, C, Ho, Wo))
    for n in range(N):
        for c in range(C):
            for i in range(Ho):
                for j in range(Wo):
                    best = -np.inf
                    for p in range(ph):
                        for q in range(pw):
                            if x[n, c, i * S + p, j * S + q] > best:
                                best = x[n, c, i * S + p, j * S + q]
                    out[n, c, i, j] = best
    cache = (x, pool_param)
    return out, cache


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    N, C, H, W = x.shape
    ph = pool_param['pool_height']
    pw = pool_param['pool_width']
    S = pool_param['stride']
    Ho = (H - ph) // S + 1
    Wo = (W - pw) // S + 1
    dx = np.zeros(x.shape)
    for n in range(N):
        for c in range(C):
            for i in range(Ho):
                for j in range(Wo):
                    best = -np.inf
                    bp, bq = 0, 0
                    for p in range(ph):
                        for q in range(pw):
                            if x[n, c, i * S + p, j * S + q] > best:
                                best = x[n, c, i * S + p, j * S + q]
                                bp, bq = p, q
                    dx[n, c, i * S + bp, j * S + bq] += dout[n, c, i, j]
    return dx


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D))
    running_var = bn_param.get('running_var', np.zeros(D))
    out = np.zeros((N, D))
    xhat = np.zeros((N, D))
    invstd = np.zeros(D)
    new_mean = np.zeros(D)
    new_var = np.zeros(D)
    for d in range(D):
        if mode == 'train':
            mu = 0.0
            for n in range(N):
                mu += x[n, d]
            mu /= N
            var = 0.0
            for n in range(N):
                var += (x[n, d] - mu) ** 2
            var /= N
            new_mean[d] = momentum * running_mean[d] + (1 - momentum) * mu
            new_var[d] = momentum * running_var[d] + (1 - momentum) * var
        else:
            mu = running_mean[d]
            var = running_var[d]
            new_mean[d] = mu
            new_var[d] = var
        invstd[d] = 1.0 / np.sqrt(var + eps)
        for n in range(N):
            xhat[n, d] = (x[n, d] - mu) * invstd[d]
            out[n, d] = gamma[d] * xhat[n, d] + beta[d]
    bn_param['running_mean'] = new_mean
    bn_param['running_var'] = new_var
    cache = (xhat, invstd, gamma, mode)
    return out, cache


def batchnorm_backward(dout, cache):
    xhat, invstd, gamma, mode = cache
    N, D = dout.shape
    dx = np.zeros((N, D))
    dgamma = np.zeros(D)
    dbeta = np.zeros(D)
    for d in range(D):
        for n in range(N):
            dbeta[d] += dout[n, d]
            dgamma[d] += dout[n, d] * xhat[n, d]
        for n in range(N):
            g = dout[n, d] * gamma[d]
            if mode == 'train':
                # minus what goes through the mean, minus what goes through the variance
                g -= gamma[d] * dbeta[d] / N
                g -= gamma[d] * dgamma[d] * xhat[n, d] / N
            dx[n, d] = g * invstd[d]
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    # I started with the simple formula already
    return batchnorm_backward(dout, cache)


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    N, D = x.shape
    out = np.zeros((N, D))
    xhat = np.zeros((N, D))
    invstd = np.zeros(N)
    for n in range(N):
        mu = 0.0
        for d in range(D):
            mu += x[n, d]
        mu /= D
        var = 0.0
        for d in range(D):
            var += (x[n, d] - mu) ** 2
        var /= D
        invstd[n] = 1.0 / np.sqrt(var + eps)
        for d in range(D):
            xhat[n, d] = (x[n, d] - mu) * invstd[n]
            out[n, d] = gamma[d] * xhat[n, d] + beta[d]
    cache = (xhat, invstd, gamma)
    return out, cache


def layernorm_backward(dout, cache):
    xhat, invstd, gamma = cache
    N, D = dout.shape
    dx = np.zeros((N, D))
    dgamma = np.zeros(D)
    dbeta = np.zeros(D)
    for n in range(N):
        sum1 = 0.0
        sum2 = 0.0
        for d in range(D):
            dbeta[d] += dout[n, d]
            dgamma[d] += dout[n, d] * xhat[n, d]
            g = dout[n, d] * gamma[d]
            sum1 += g
            sum2 += g * xhat[n, d]
        for d in range(D):
            g = dout[n, d] * gamma[d]
            dx[n, d] = (g - sum1 / D - xhat[n, d] * sum2 / D) * invstd[n]
    return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
    p = dropout_param['p']
    mode = dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])
    mask = None
    if mode == 'train':
        r = np.random.rand(*x.shape)
        mask = np.zeros(x.shape)
        out = np.zeros(x.shape)
        for ix in np.ndindex(x.shape):
            if r[ix] >= p:
                mask[ix] = 1 / (1 - p)
                out[ix] = x[ix] / (1 - p)
    else:
        out = x
    cache = (dropout_param, mask)
    return out, cache


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    if mask is None:
        return dout
    dx = np.zeros(dout.shape)
    for ix in np.ndindex(dout.shape):
        dx[ix] = dout[ix] * mask[ix]
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    # one long row per pixel, so that the other batchnorm can do it
    rows = np.zeros((N * H * W, C))
    k = 0
    for n in range(N):
        for h in range(H):
            for w in range(W):
                rows[k] = x[n, :, h, w]
                k += 1
    out_rows, cache = batchnorm_forward(rows, gamma, beta, bn_param)
    out = np.zeros(x.shape)
    k = 0
    for n in range(N):
        for h in range(H):
            for w in range(W):
                out[n, :, h, w] = out_rows[k]
                k += 1
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    rows = np.zeros((N * H * W, C))
    k = 0
    for n in range(N):
        for h in range(H):
            for w in range(W):
                rows[k] = dout[n, :, h, w]
                k += 1
    dx_rows, dgamma, dbeta = batchnorm_backward(rows, cache)
    dx = np.zeros(dout.shape)
    k = 0
    for n in range(N):
        for h in range(H):
            for w in range(W):
                dx[n, :, h, w] = dx_rows[k]
                k += 1
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    size = C // G
    out = np.zeros(x.shape)
    xhat = np.zeros(x.shape)
    invstd = np.zeros((N, G))
    for n in range(N):
        for g in range(G):
            first, last = g * size, (g + 1) * size
            total = 0.0
            for c in range(first, last):
                for h in range(H):
                    for w in range(W):
                        total += x[n, c, h, w]
            mu = total / (size * H * W)
            total = 0.0
            for c in range(first, last):
                for h in range(H):
                    for w in range(W):
                        total += (x[n, c, h, w] - mu) ** 2
            var = total / (size * H * W)
            invstd[n, g] = 1.0 / np.sqrt(var + eps)
            for c in range(first, last):
                for h in range(H):
                    for w in range(W):
                        xhat[n, c, h, w] = (x[n, c, h, w] - mu) * invstd[n, g]
                        out[n, c, h, w] = gamma[0, c, 0, 0] * xhat[n, c, h, w] + beta[0, c, 0, 0]
    cache = (G, xhat, invstd, gamma)
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    G, xhat, invstd, gamma = cache
    N, C, H, W = dout.shape
    size = C // G
    M = size * H * W
    dx = np.zeros(dout.shape)
    dgamma = np.zeros((1, C, 1, 1))
    dbeta = np.zeros((1, C, 1, 1))
    for n in range(N):
        for g in range(G):
            sum1 = 0.0
            sum2 = 0.0
            for c in range(g * size, (g + 1) * size):
                for h in range(H):
                    for w in range(W):
                        d = dout[n, c, h, w]
                        dbeta[0, c, 0, 0] += d
                        dgamma[0, c, 0, 0] += d * xhat[n, c, h, w]
                        sum1 += d * gamma[0, c, 0, 0]
                        sum2 += d * gamma[0, c, 0, 0] * xhat[n, c, h, w]
            for c in range(g * size, (g + 1) * size):
                for h in range(H):
                    for w in range(W):
                        d = dout[n, c, h, w] * gamma[0, c, 0, 0]
                        dx[n, c, h, w] = (d - sum1 / M - xhat[n, c, h, w] * sum2 / M) * invstd[n, g]
    return dx, dgamma, dbeta
