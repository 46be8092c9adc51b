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
