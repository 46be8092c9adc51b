"""Sandwich layers: a few layers in a row that nets use again and again, as one layer.

Like every layer, each is a pair of functions: the forward returns (out, cache), the backward takes dout and that cache
and returns the gradients in the order of the forward's arguments. The docstrings in layers.py describe the arguments
and the exceptions. You may add sandwich layers of your own.
"""

from .fast_layers import conv_backward_fast, conv_forward_fast, max_pool_backward_fast, max_pool_forward_fast
from .layers import (
    affine_backward,
    affine_forward,
    batchnorm_backward,
    batchnorm_forward,
    layernorm_backward,
    layernorm_forward,
    relu_backward,
    relu_forward,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
)


def affine_relu_forward(x, w, b):
    """Affine layer, then ReLU.

    x: (N, d_1, ..., d_k), w: (D, M), b: (M,).
    Returns out (N, M), and a cache for affine_relu_backward.
    """
    a, affine_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, (affine_cache, relu_cache)


def affine_relu_backward(dout, cache):
    """Carry dout (N, M) back to dx, dw and db."""
    affine_cache, relu_cache = cache
    return affine_backward(relu_backward(dout, relu_cache), affine_cache)


def affine_bn_relu_forward(x, w, b, gamma, beta, bn_param):
    """Affine layer, then batch normalization, then ReLU.

    x: (N, d_1, ..., d_k), w: (D, M), b: (M,), gamma: (M,), beta: (M,); bn_param as for batchnorm_forward.
    Returns out (N, M), and a cache for affine_bn_relu_backward.
    """
    a, affine_cache = affine_forward(x, w, b)
    normalized, bn_cache = batchnorm_forward(a, gamma, beta, bn_param)
    out, relu_cache = relu_forward(normalized)
    return out, (affine_cache, bn_cache, relu_cache)


def affine_bn_relu_backward(dout, cache):
    """Carry dout (N, M) back to dx, dw, db, dgamma and dbeta."""
    affine_cache, bn_cache, relu_cache = cache
    da, dgamma, dbeta = batchnorm_backward(relu_backward(dout, relu_cache), bn_cache)
    return (*affine_backward(da, affine_cache), dgamma, dbeta)


def affine_ln_relu_forward(x, w, b, gamma, beta, ln_param):
    """Affine layer, then layer normalization, then ReLU.

    x: (N, d_1, ..., d_k), w: (D, M), b: (M,), gamma: (M,), beta: (M,); ln_param as for layernorm_forward.
    Returns out (N, M), and a cache for affine_ln_relu_backward.
    """
    a, affine_cache = affine_forward(x, w, b)
    normalized, ln_cache = layernorm_forward(a, gamma, beta, ln_param)
    out, relu_cache = relu_forward(normalized)
    return out, (affine_cache, ln_cache, relu_cache)


def affine_ln_relu_backward(dout, cache):
    """Carry dout (N, M) back to dx, dw, db, dgamma and dbeta."""
    affine_cache, ln_cache, relu_cache = cache
    da, dgamma, dbeta = layernorm_backward(relu_backward(dout, relu_cache), ln_cache)
    return (*affine_backward(da, affine_cache), dgamma, dbeta)


def conv_relu_forward(x, w, b, conv_param):
    """Convolution, then ReLU.

    x: (N, C, H, W), w: (F, C, HH, WW), b: (F,), conv_param: {'stride', 'pad'}.
    Returns out (N, F, H', W'), and a cache for conv_relu_backward.
    """
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    out, relu_cache = relu_forward(a)
    return out, (conv_cache, relu_cache)


def conv_relu_backward(dout, cache):
    """Carry dout (N, F, H', W') back to dx, dw and db."""
    conv_cache, relu_cache = cache
    return conv_backward_fast(relu_backward(dout, relu_cache), conv_cache)


def conv_bn_relu_forward(x, w, b, gamma, beta, conv_param, bn_param):
    """Convolution, then spatial batch normalization, then ReLU.

    x: (N, C, H, W), w: (F, C, HH, WW), b: (F,), gamma: (F,), beta: (F,), conv_param: {'stride', 'pad'}; bn_param as for
    spatial_batchnorm_forward.
    Returns out (N, F, H', W'), and a cache for conv_bn_relu_backward.
    """
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    normalized, bn_cache = spatial_batchnorm_forward(a, gamma, beta, bn_param)
    out, relu_cache = relu_forward(normalized)
    return out, (conv_cache, bn_cache, relu_cache)


def conv_bn_relu_backward(dout, cache):
    """Carry dout (N, F, H', W') back to dx, dw, db, dgamma and dbeta."""
    conv_cache, bn_cache, relu_cache = cache
    da, dgamma, dbeta = spatial_batchnorm_backward(relu_backward(dout, relu_cache), bn_cache)
    return (*conv_backward_fast(da, conv_cache), dgamma, dbeta)


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    """Convolution, then ReLU, then max-pooling.

    x: (N, C, H, W), w: (F, C, HH, WW), b: (F,), conv_param: {'stride', 'pad'},
    pool_param: {'pool_height', 'pool_width', 'stride'}.
    The largest value of a window is the same before and after the ReLU, so the pooling comes first, and the ReLU has a
    quarter of the work.
    Returns out (N, F, H'', W''), and a cache for conv_relu_pool_backward.
    """
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    largest, pool_cache = max_pool_forward_fast(a, pool_param)
    out, relu_cache = relu_forward(largest)
    return out, (conv_cache, pool_cache, relu_cache)


def conv_relu_pool_backward(dout, cache):
    """Carry dout (N, F, H'', W'') back to dx, dw and db."""
    conv_cache, pool_cache, relu_cache = cache
    da = max_pool_backward_fast(relu_backward(dout, relu_cache), pool_cache)
    return conv_backward_fast(da, conv_cache)
