import numpy as np


def affine_forward(x, w, b):
    """
    Forward pass of a fully connected layer.

    x: inputs, (N, d_1, ..., d_k)
    w: weights, (D, M)
    b: biases, (M,)

    Returns out, (N, M), and the cache (x, w, b).
    """
    out = None
    ###########################################################################
    # TODO: the affine forward pass. Store the result in out.                 #
    ###########################################################################
    x_row = x.reshape(x.shape[0], -1)
    out = np.dot(x_row, w) + b
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    """
    Backward pass of a fully connected layer: returns dx, dw, db.
    """
    x, w, b = cache
    dx, dw, db = None, None, None
    ###########################################################################
    # TODO: the affine backward pass.                                         #
    ###########################################################################
    x_row = x.reshape(x.shape[0], -1)
    dx = np.dot(dout, w.T).reshape(x.shape)
    dw = np.dot(x_row.T, dout)
    db = np.sum(dout, axis=0)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx, dw, db


def relu_forward(x):
    """
    Forward pass of a layer of ReLUs. Returns out and the cache x.
    """
    out = None
    ###########################################################################
    # TODO: the ReLU forward pass.                                            #
    ###########################################################################
    out = np.maximum(0, x)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    cache = x
    return out, cache


def relu_backward(dout, cache):
    """
    Backward pass of a layer of ReLUs. Returns dx.
    """
    dx, x = None, cache
    ###########################################################################
    # TODO: the ReLU backward pass.                                           #
    ###########################################################################
    dx = dout * (x > 0)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx


def svm_loss(x, y):
    """
    Multiclass SVM loss and its gradient. x: scores (N, C), y: labels (N,).
    """
    num_train = x.shape[0]
    correct = x[np.arange(num_train), y]
    margins = np.maximum(0, x - correct[:, None] + 1.0)
    margins[np.arange(num_train), y] = 0
    loss = np.sum(margins) / num_train
    num_positive = np.sum(margins > 0, axis=1)
    dx = np.zeros_like(x)
    dx[margins > 0] = 1
    dx[np.arange(num_train), y] -= num_positive
    dx /= num_train
    return loss, dx


def softmax_loss(x, y):
    """
    Softmax loss and its gradient. x: scores (N, C), y: labels (N,).
    """
    num_train = x.shape[0]
    shifted = x - np.max(x, axis=1, keepdims=True)
    sums = np.sum(np.exp(shifted), axis=1, keepdims=True)
    log_probs = shifted - np.log(sums)
    loss = -np.sum(log_probs[np.arange(num_train), y]) / num_train
    dx = np.exp(log_probs)
    dx[np.arange(num_train), y] -= 1
    dx /= num_train
    return loss, dx


def conv_forward_naive(x, w, b, conv_param):
    """
    Naive forward pass of a convolutional layer.

    x: (N, C, H, W), w: (F, C, HH, WW), b: (F,)
    conv_param: dictionary with 'stride' and 'pad'.

    Returns out, (N, F, H', W'), and the cache (x, w, b, conv_param).
    """
    out = None
    ###########################################################################
    # TODO: the convolutional forward pass.                                   #
    ###########################################################################
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    stride = conv_param['stride']
    pad = conv_param['pad']
    H_out = 1 + (H + 2 * pad - HH) // stride
    W_out = 1 + (W + 2 * pad - WW) // stride
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    out = np.zeros((N, F, H_out, W_out))
    for n in range(N):              # every image
        for f in range(F):          # every filter
            for i in range(H_out):
                for j in range(W_out):
                    window = x_pad[n, :, i*stride:i*stride+HH, j*stride:j*stride+WW]
                    out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    """
    Naive backward pass of a convolutional layer: returns dx, dw, db.
    """
    dx, dw, db = None, None, None
    ###########################################################################
    # TODO: the convolutional backward pass.                                  #
    ###########################################################################
    x, w, b, conv_param = cache
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    stride = conv_param['stride']
    pad = conv_param['pad']
    _, _, H_out, W_out = dout.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    padded_dx = np.zeros(x_pad.shape)
    dw = np.zeros(w.shape)
    db = np.zeros(b.shape)
    for n in range(N):
        for f in range(F):
            for i in range(H_out):
                for j in range(W_out):
                    hs, ws = i * stride, j * stride
                    dw[f] += x_pad[n, :, hs:hs+HH, ws:ws+WW] * dout[n, f, i, j]
                    padded_dx[n, :, hs:hs+HH, ws:ws+WW] += w[f] * dout[n, f, i, j]
                    db[f] += dout[n, f, i, j]
    dx = padded_dx[:, :, pad:pad+H, pad:pad+W]
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    """
    Naive forward pass of a max-pooling layer.

    x: (N, C, H, W)
    pool_param: dictionary with 'pool_height', 'pool_width' and 'stride'.

    Returns out and the cache (x, pool_param).
    """
    out = None
    ###########################################################################
    # TODO: the max-pooling forward pass.                                     #
    ###########################################################################
    N, C, H, W = x.shape
    pool_h = pool_param['pool_height']
    pool_w = pool_param['pool_width']
    stride = pool_param['stride']
    H_out = 1 + (H - pool_h) // stride
    W_out = 1 + (W - pool_w) // stride
    out = np.zeros((N, C, H_out, W_out))
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    out[n, c, i, j] = np.max(x[n, c, i*stride:i*stride+pool_h, j*stride:j*stride+pool_w])
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    cache = (x, pool_param)
    return out, cache


def max_pool_backward_naive(dout, cache):
    """
    Naive backward pass of a max-pooling layer: returns dx.
    """
    dx = None
    ###########################################################################
    # TODO: the max-pooling backward pass.                                    #
    ###########################################################################
    x, pool_param = cache
    N, C, H, W = x.shape
    pool_h = pool_param['pool_height']
    pool_w = pool_param['pool_width']
    stride = pool_param['stride']
    H_out = 1 + (H - pool_h) // stride
    W_out = 1 + (W - pool_w) // stride
    dx = np.zeros(x.shape)
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    window = x[n, c, i*stride:i*stride+pool_h, j*stride:j*stride+pool_w]
                    k, l = np.unravel_index(np.argmax(window), window.shape)
                    dx[n, c, i*stride+k, j*stride+l] += dout[n, c, i, j]
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx


def batchnorm_forward(x, gamma, beta, bn_param):
    """
    Forward pass of batch normalization.

    x: (N, D), gamma: scale, (D,), beta: shift, (D,)
    bn_param: dictionary with 'mode' ('train' or 'test'), 'eps', 'momentum',
    'running_mean' and 'running_var'.

    Returns out, (N, D), and a cache for the backward pass.
    """
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)

    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    ###########################################################################
    # TODO: batch normalization, in both modes.                               #
    ###########################################################################
    if mode == 'train':
        mu = np.mean(x, axis=0)
        var = np.var(x, axis=0)
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
    else:
        mu = running_mean
        var = running_var
    std = np.sqrt(var + eps)
    x_hat = (x - mu) / std
    out = gamma * x_hat + beta
    cache = (x_hat, std, gamma, mode)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################

    # Store the updated running means back into bn_param
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    """
    Backward pass of batch normalization: returns dx, dgamma, dbeta.
    """
    dx, dgamma, dbeta = None, None, None
    ###########################################################################
    # TODO: the batch normalization backward pass, step by step.              #
    ###########################################################################
    x_hat, std, gamma, mode = cache
    N = dout.shape[0]
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx_hat = dout * gamma
    dx = dx_hat / std
    if mode == 'train':
        # x_hat = (x - mu) / std, and std and mu depend on x too
        dstd = -np.sum(dx_hat * x_hat, axis=0) / std
        dx += dstd * x_hat / N
        dmu = -np.sum(dx, axis=0)
        dx += dmu / N
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    """
    The same as batchnorm_backward, by one formula.
    """
    dx, dgamma, dbeta = None, None, None
    ###########################################################################
    # TODO: the simplified backward pass.                                     #
    ###########################################################################
    x_hat, std, gamma, mode = cache
    N = dout.shape[0]
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    if mode == 'train':
        dx = gamma / (N * std) * (N * dout - dbeta - x_hat * dgamma)
    else:
        dx = gamma / std * dout
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    """
    Forward pass of layer normalization. x: (N, D), gamma, beta: (D,)
    """
    out, cache = None, None
    eps = ln_param.get('eps', 1e-5)
    ###########################################################################
    # TODO: layer normalization. Every row by itself.                         #
    ###########################################################################
    mu = np.mean(x, axis=1, keepdims=True)
    std = np.sqrt(np.var(x, axis=1, keepdims=True) + eps)
    x_hat = (x - mu) / std
    out = gamma * x_hat + beta
    cache = (x_hat, std, gamma)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return out, cache


def layernorm_backward(dout, cache):
    """
    Backward pass of layer normalization: returns dx, dgamma, dbeta.
    """
    dx, dgamma, dbeta = None, None, None
    ###########################################################################
    # TODO: the layer normalization backward pass.                            #
    ###########################################################################
    x_hat, std, gamma = cache
    D = dout.shape[1]
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx_hat = dout * gamma
    sum1 = np.sum(dx_hat, axis=1, keepdims=True)
    sum2 = np.sum(dx_hat * x_hat, axis=1, keepdims=True)
    dx = (D * dx_hat - sum1 - x_hat * sum2) / (D * std)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
    """
    Forward pass of inverted dropout.

    dropout_param: dictionary with 'p' (the probability of dropping a value),
    'mode' ('train' or 'test') and maybe 'seed'.

    Returns out and the cache (dropout_param, mask).
    """
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])

    mask = None
    out = None
    if mode == 'train':
        #######################################################################
        # TODO: the training phase of inverted dropout.                       #
        #######################################################################
        mask = (np.random.rand(*x.shape) < 1 - p) / (1 - p)
        out = x * mask
        #######################################################################
        #                           END OF YOUR CODE                          #
        #######################################################################
    elif mode == 'test':
        #######################################################################
        # TODO: the test phase of inverted dropout.                           #
        #######################################################################
        out = x
        #######################################################################
        #                           END OF YOUR CODE                          #
        #######################################################################
    cache = (dropout_param, mask)
    out = out.astype(x.dtype, copy=False)
    return out, cache


def dropout_backward(dout, cache):
    """
    Backward pass of inverted dropout. Returns dx.
    """
    dropout_param, mask = cache
    dx = None
    ###########################################################################
    # TODO: the dropout backward pass.                                        #
    ###########################################################################
    if mask is not None:
        dx = dout * mask
    else:
        dx = dout
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """
    Forward pass of spatial batch normalization. x: (N, C, H, W), gamma, beta: (C,)
    """
    out, cache = None, None
    ###########################################################################
    # TODO: spatial batch normalization, by batchnorm_forward.                #
    ###########################################################################
    N, C, H, W = x.shape
    x_flat = x.transpose(0, 2, 3, 1).reshape(-1, C)
    out_flat, cache = batchnorm_forward(x_flat, gamma, beta, bn_param)
    out = out_flat.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    """
    Backward pass of spatial batch normalization: returns dx, dgamma, dbeta.
    """
    dx, dgamma, dbeta = None, None, None
    ###########################################################################
    # TODO: the spatial batch normalization backward pass.                    #
    ###########################################################################
    N, C, H, W = dout.shape
    dout_flat = dout.transpose(0, 2, 3, 1).reshape(-1, C)
    dx_flat, dgamma, dbeta = batchnorm_backward_alt(dout_flat, cache)
    dx = dx_flat.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """
    Forward pass of spatial group normalization.

    x: (N, C, H, W), gamma, beta: (1, C, 1, 1), G: the number of groups
    """
    out, cache = None, None
    eps = gn_param.get('eps', 1e-5)
    ###########################################################################
    # TODO: spatial group normalization.                                      #
    ###########################################################################
    N, C, H, W = x.shape
    x_group = x.reshape(N, G, C // G, H, W)
    mu = np.mean(x_group, axis=(2, 3, 4), keepdims=True)
    std = np.sqrt(np.var(x_group, axis=(2, 3, 4), keepdims=True) + eps)
    x_hat = ((x_group - mu) / std).reshape(N, C, H, W)
    out = gamma * x_hat + beta
    cache = (x_hat, std, gamma, G)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    """
    Backward pass of spatial group normalization: returns dx, dgamma, dbeta.
    """
    dx, dgamma, dbeta = None, None, None
    ###########################################################################
    # TODO: the spatial group normalization backward pass.                    #
    ###########################################################################
    x_hat, std, gamma, G = cache
    N, C, H, W = dout.shape
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    dgamma = np.sum(dout * x_hat, axis=(0, 2, 3), keepdims=True)
    dx_hat = (dout * gamma).reshape(N, G, C // G, H, W)
    x_hat = x_hat.reshape(N, G, C // G, H, W)
    mean1 = np.mean(dx_hat, axis=(2, 3, 4), keepdims=True)
    mean2 = np.mean(dx_hat * x_hat, axis=(2, 3, 4), keepdims=True)
    dx = ((dx_hat - mean1 - x_hat * mean2) / std).reshape(N, C, H, W)
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return dx, dgamma, dbeta
