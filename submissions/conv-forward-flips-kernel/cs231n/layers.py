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
