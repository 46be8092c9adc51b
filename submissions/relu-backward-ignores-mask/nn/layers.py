import numpy as np

# I don't trust broadcasting so everything is loops. Slow but I understand it.


def affine_forward(x, w, b):
    N = x.shape[0]
    D, M = w.shape
    rows = np.reshape(x, (N, D))
    out = np.zeros((N, M))
    for n in range(N):
        for m in range(M):
            total = b[m]
            for d in range(D):
                total += rows[n, d] * w[d, m]
            out[n, m] = total
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
            for d in range(D):
                drows[n, d] += w[d, m] * g
                dw[d, m] += rows[n, d] * g
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
