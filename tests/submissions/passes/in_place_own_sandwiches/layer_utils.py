from .layers import *
from .fast_layers import *


def affine_relu_forward(x, w, b):
    out, fc_cache = affine_forward(x, w, b)
    kept = out.copy()
    np.maximum(out, 0, out=out)
    return out, (fc_cache, kept)


def affine_relu_backward(dout, cache):
    fc_cache, kept = cache
    return affine_backward(relu_backward(dout, kept), fc_cache)


def affine_norm_relu_forward(x, w, b, gamma, beta, param, norm):
    forward = batchnorm_forward if norm == 'batchnorm' else layernorm_forward
    out, fc_cache = affine_forward(x, w, b)
    out, norm_cache = forward(out, gamma, beta, param)
    out, relu_cache = relu_forward(out)
    return out, (norm, fc_cache, norm_cache, relu_cache)


def affine_norm_relu_backward(dout, cache):
    norm, fc_cache, norm_cache, relu_cache = cache
    backward = batchnorm_backward if norm == 'batchnorm' else layernorm_backward
    dout, dgamma, dbeta = backward(relu_backward(dout, relu_cache), norm_cache)
    dx, dw, db = affine_backward(dout, fc_cache)
    return dx, dw, db, dgamma, dbeta


def affine_bn_relu_forward(x, w, b, gamma, beta, bn_param):
    return affine_norm_relu_forward(x, w, b, gamma, beta, bn_param, 'batchnorm')


def affine_bn_relu_backward(dout, cache):
    return affine_norm_relu_backward(dout, cache)


def affine_ln_relu_forward(x, w, b, gamma, beta, ln_param):
    return affine_norm_relu_forward(x, w, b, gamma, beta, ln_param, 'layernorm')


def affine_ln_relu_backward(dout, cache):
    return affine_norm_relu_backward(dout, cache)


def fc_block_forward(x, params, i, norm, norm_param, dropout_param):
    """affine - [norm] - relu - [dropout]: one hidden layer, whatever is switched on"""
    w, b = params['W%d' % i], params['b%d' % i]
    if norm == 'batchnorm':
        out, cache = affine_bn_relu_forward(x, w, b, params['gamma%d' % i], params['beta%d' % i], norm_param)
    elif norm == 'layernorm':
        out, cache = affine_ln_relu_forward(x, w, b, params['gamma%d' % i], params['beta%d' % i], norm_param)
    else:
        out, cache = affine_relu_forward(x, w, b)
    drop_cache = None
    if dropout_param:
        out, drop_cache = dropout_forward(out, dropout_param)
    return out, (norm, cache, drop_cache)


def fc_block_backward(dout, cache, i, grads):
    norm, cache, drop_cache = cache
    if drop_cache is not None:
        dout = dropout_backward(dout, drop_cache)
    if norm == 'batchnorm':
        dx, dw, db, grads['gamma%d' % i], grads['beta%d' % i] = affine_bn_relu_backward(dout, cache)
    elif norm == 'layernorm':
        dx, dw, db, grads['gamma%d' % i], grads['beta%d' % i] = affine_ln_relu_backward(dout, cache)
    else:
        dx, dw, db = affine_relu_backward(dout, cache)
    grads['W%d' % i], grads['b%d' % i] = dw, db
    return dx


def conv_relu_forward(x, w, b, conv_param):
    out, conv_cache = conv_forward_fast(x, w, b, conv_param)
    out, relu_cache = relu_forward(out)
    return out, (conv_cache, relu_cache)


def conv_relu_backward(dout, cache):
    conv_cache, relu_cache = cache
    return conv_backward_fast(relu_backward(dout, relu_cache), conv_cache)


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    # pooling first and relu afterwards is the same, with a quarter of the values to go through
    out, conv_cache = conv_forward_fast(x, w, b, conv_param)
    out, pool_cache = max_pool_forward_fast(out, pool_param)
    out, relu_cache = relu_forward(out)
    return out, (conv_cache, pool_cache, relu_cache)


def conv_relu_pool_backward(dout, cache):
    conv_cache, pool_cache, relu_cache = cache
    dout = max_pool_backward_fast(relu_backward(dout, relu_cache), pool_cache)
    return conv_backward_fast(dout, conv_cache)
