# -*- coding: utf-8 -*-
import numpy as np


def affine_forward(x, w, b):
    """全连接层的前向传播"""
    num = x.shape[0]
    x_flat = x.reshape(num, np.prod(x.shape[1:]))  # 把每个样本拉成一行
    out = x_flat.dot(w) + b
    return out, (x, w, b)


def affine_backward(dout, cache):
    """全连接层的反向传播"""
    x, w, b = cache
    x_flat = x.reshape(x.shape[0], np.prod(x.shape[1:]))
    dx = dout.dot(w.T).reshape(x.shape)  # 变回原来的形状
    dw = x_flat.T.dot(dout)
    db = np.sum(dout, axis=0)  # 对每一列求和
    return dx, dw, db


def relu_forward(x):
    out = np.maximum(x, 0)
    return out, x


def relu_backward(dout, cache):
    dx = np.array(dout, copy=True)
    dx[cache <= 0] = 0  # 小于等于零的位置没有梯度
    return dx


def svm_loss(x, y):
    """多类支持向量机损失"""
    num = x.shape[0]
    right = x[range(num), list(y)].reshape(-1, 1)
    margin = np.maximum(0, x - right + 1)
    margin[range(num), list(y)] = 0
    loss = margin.sum() / num
    dx = np.zeros(x.shape)
    dx[margin > 0] = 1
    dx[range(num), list(y)] = -np.sum(margin > 0, axis=1)
    return loss, dx / num


def softmax_loss(x, y):
    """先减去最大值，防止溢出"""
    num = x.shape[0]
    shift = x - np.max(x, axis=1).reshape(-1, 1)
    prob = np.exp(shift) / np.sum(np.exp(shift), axis=1).reshape(-1, 1)
    # log(prob) 可能是 log(0)，所以分开写
    loss = np.sum(np.log(np.sum(np.exp(shift), axis=1)) - shift[range(num), list(y)]) / num
    dx = prob.copy()
    dx[range(num), list(y)] += -1
    return loss, dx / num


def conv_forward_naive(x, w, b, conv_param):
    """卷积层的前向传播：三重循环"""
    stride, pad = conv_param['stride'], conv_param['pad']
    num, _, height, width = x.shape
    filters, _, fh, fw = w.shape
    # 在图像四周补零
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode='constant')
    out_h = (height + 2 * pad - fh) // stride + 1
    out_w = (width + 2 * pad - fw) // stride + 1
    out = np.zeros((num, filters, out_h, out_w))
    for k in range(filters):
        kernel = w[k, :, ::-1, ::-1]  # 卷积要把滤波器旋转 180 度
        for i in range(out_h):
            for j in range(out_w):
                field = x_pad[:, :, i * stride:i * stride + fh, j * stride:j * stride + fw]
                out[:, k, i, j] = (field * kernel).sum(axis=(1, 2, 3)) + b[k]
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    """卷积层的反向传播"""
    x, w, b, conv_param = cache
    stride, pad = conv_param['stride'], conv_param['pad']
    num, _, height, width = x.shape
    filters, _, fh, fw = w.shape
    _, _, out_h, out_w = dout.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode='constant')
    dx_pad = np.zeros(x_pad.shape)
    dw = np.zeros(w.shape)
    for k in range(filters):
        for i in range(out_h):
            for j in range(out_w):
                rows = slice(i * stride, i * stride + fh)
                cols = slice(j * stride, j * stride + fw)
                grad = dout[:, k, i, j][:, None, None, None]
                dw[k] += (x_pad[:, :, rows, cols] * grad).sum(axis=0)  # 所有位置的梯度累加
                dx_pad[:, :, rows, cols] += w[k] * grad
    db = dout.sum(axis=3).sum(axis=2).sum(axis=0)
    dx = dx_pad[:, :, pad:pad + height, pad:pad + width]  # 去掉补的零
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    """最大池化的前向传播"""
    ph, pw = pool_param['pool_height'], pool_param['pool_width']
    stride = pool_param['stride']
    num, channels, height, width = x.shape
    out_h = (height - ph) // stride + 1
    out_w = (width - pw) // stride + 1
    out = np.empty((num, channels, out_h, out_w))
    for i in range(out_h):
        for j in range(out_w):
            field = x[:, :, i * stride:i * stride + ph, j * stride:j * stride + pw]
            out[:, :, i, j] = field.reshape(num, channels, -1).max(axis=2)
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    """梯度只传给每个窗口里的最大值"""
    x, pool_param = cache
    ph, pw = pool_param['pool_height'], pool_param['pool_width']
    stride = pool_param['stride']
    num, channels, _, _ = x.shape
    dx = np.zeros(x.shape)
    for n in range(num):
        for c in range(channels):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    top, left = i * stride, j * stride
                    field = x[n, c, top:top + ph, left:left + pw]
                    mask = (field == field.max())
                    dx[n, c, top:top + ph, left:left + pw] += mask * dout[n, c, i, j]
    return dx


def batchnorm_forward(x, gamma, beta, bn_param):
    """批量归一化的前向传播"""
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
    """批量归一化的反向传播，一步一步来"""
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
    """化简之后的公式"""
    N = dout.shape[0]
    if cache[0] == 'test':
        return batchnorm_backward(dout, cache)
    mode, gamma, centred, std, invstd, normalised = cache
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(normalised * dout, axis=0)
    dx = (N * dout - dbeta - normalised * dgamma) * gamma * invstd / N
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    """层归一化的前向传播：对每个样本"""
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
    """层归一化的反向传播"""
    dgamma = np.sum(dout * cache['normalised'], axis=0)
    dbeta = np.sum(dout, axis=0)
    dnormalised = dout * cache['gamma']
    dxt, _, _ = batchnorm_backward(dnormalised.T, cache['inner'])
    return dxt.T, dgamma, dbeta


def dropout_forward(x, dropout_param):
    """随机失活的前向传播"""
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
    """随机失活的反向传播"""
    dx = dout.copy()
    if cache['mode'] == 'train':
        dx = dx / (1 - cache['p'])
        dx[cache['dropped']] = 0
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """空间批量归一化：每个通道"""
    # channels first, all else is one long axis
    N, C, H, W = x.shape
    channels = x.swapaxes(0, 1).reshape(C, -1)
    out, bn_cache = batchnorm_forward(channels.T, gamma, beta, bn_param)
    out = out.T.reshape(C, N, H, W).swapaxes(0, 1)
    return out, {'batchnorm': bn_cache, 'shape': (C, N, H, W)}


def spatial_batchnorm_backward(dout, cache):
    """空间批量归一化的反向传播"""
    channels = dout.swapaxes(0, 1).reshape(dout.shape[1], -1)
    dx, dgamma, dbeta = batchnorm_backward(channels.T, cache['batchnorm'])
    return dx.T.reshape(cache['shape']).swapaxes(0, 1), dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """组归一化的前向传播"""
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
    """组归一化的反向传播"""
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
