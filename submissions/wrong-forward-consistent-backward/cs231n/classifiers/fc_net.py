import numpy as np

from cs231n.layers import *
from cs231n.layer_utils import *


class TwoLayerNet(object):
    """
    A two-layer net: affine - relu - affine - softmax.
    """

    def __init__(self, input_dim=3*32*32, hidden_dim=100, num_classes=10,
                 weight_scale=1e-3, reg=0.0):
        self.params = {}
        self.reg = reg
        #######################################################################
        # TODO: initialize W1, b1, W2 and b2.                                 #
        #######################################################################
        self.params['W1'] = weight_scale * np.random.randn(input_dim, hidden_dim)
        self.params['b1'] = np.zeros(hidden_dim)
        self.params['W2'] = weight_scale * np.random.randn(hidden_dim, num_classes)
        self.params['b2'] = np.zeros(num_classes)
        #######################################################################
        #                           END OF YOUR CODE                          #
        #######################################################################

    def loss(self, X, y=None):
        """
        Returns scores, (N, C), without y; else the loss and a dictionary of gradients.
        """
        scores = None
        #######################################################################
        # TODO: the forward pass.                                             #
        #######################################################################
        W1, b1 = self.params['W1'], self.params['b1']
        W2, b2 = self.params['W2'], self.params['b2']
        hidden, hidden_cache = affine_relu_forward(X, W1, b1)
        scores, scores_cache = affine_forward(hidden, W2, b2)
        #######################################################################
        #                           END OF YOUR CODE                          #
        #######################################################################
        if y is None:
            return scores

        loss, grads = 0, {}
        #######################################################################
        # TODO: the loss with L2 regularization, and the backward pass.       #
        #######################################################################
        loss, dscores = softmax_loss(scores, y)
        loss += 0.5 * self.reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        dhidden, dW2, db2 = affine_backward(dscores, scores_cache)
        dX, dW1, db1 = affine_relu_backward(dhidden, hidden_cache)
        grads['W1'] = dW1 + self.reg * W1
        grads['b1'] = db1
        grads['W2'] = dW2 + self.reg * W2
        grads['b2'] = db2
        #######################################################################
        #                           END OF YOUR CODE                          #
        #######################################################################
        return loss, grads


class FullyConnectedNet(object):
    """
    A net of any depth: {affine - [batch/layer norm] - relu - [dropout]} x (L - 1) - affine - softmax.
    """

    def __init__(self, hidden_dims, input_dim=3*32*32, num_classes=10,
                 dropout=0, use_batchnorm=False, reg=0.0,
                 weight_scale=1e-2, dtype=np.float32, seed=None, normalization=None):
        self.normalization = 'batchnorm' if use_batchnorm else normalization
        self.use_batchnorm = self.normalization == 'batchnorm'
        self.use_dropout = dropout > 0
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}
        #######################################################################
        # TODO: initialize W1, b1, ..., and gamma1, beta1, ... for the norms. #
        #######################################################################
        dims = [input_dim] + list(hidden_dims) + [num_classes]
        for i in range(self.num_layers):
            layer = str(i + 1)
            self.params['W' + layer] = weight_scale * np.random.randn(dims[i], dims[i + 1])
            self.params['b' + layer] = np.zeros(dims[i + 1])
            if self.normalization is not None and i < self.num_layers - 1:
                self.params['gamma' + layer] = np.ones(dims[i + 1])
                self.params['beta' + layer] = np.zeros(dims[i + 1])
        #######################################################################
        #                           END OF YOUR CODE                          #
        #######################################################################

        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {'mode': 'train', 'p': dropout}
            if seed is not None:
                self.dropout_param['seed'] = seed
        self.bn_params = []
        if self.normalization == 'batchnorm':
            self.bn_params = [{'mode': 'train'} for i in range(self.num_layers - 1)]
        if self.normalization == 'layernorm':
            self.bn_params = [{} for i in range(self.num_layers - 1)]
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        """
        Returns scores, (N, C), without y; else the loss and a dictionary of gradients.
        """
        X = X.astype(self.dtype)
        mode = 'test' if y is None else 'train'
        if self.use_dropout:
            self.dropout_param['mode'] = mode
        if self.normalization == 'batchnorm':
            for bn_param in self.bn_params:
                bn_param['mode'] = mode

        scores = None
        #######################################################################
        # TODO: the forward pass.                                             #
        #######################################################################
        out = X
        caches = []
        for i in range(1, self.num_layers):
            W, b = self.params['W%d' % i], self.params['b%d' % i]
            out, fc_cache = affine_forward(out, W, b)
            norm_cache, dropout_cache = None, None
            if self.normalization == 'batchnorm':
                gamma, beta = self.params['gamma%d' % i], self.params['beta%d' % i]
                out, norm_cache = batchnorm_forward(out, gamma, beta, self.bn_params[i - 1])
            elif self.normalization == 'layernorm':
                gamma, beta = self.params['gamma%d' % i], self.params['beta%d' % i]
                out, norm_cache = layernorm_forward(out, gamma, beta, self.bn_params[i - 1])
            out, relu_cache = relu_forward(out)
            if self.use_dropout:
                out, dropout_cache = dropout_forward(out, self.dropout_param)
            caches.append((fc_cache, norm_cache, relu_cache, dropout_cache))
        last = self.num_layers
        W, b = self.params['W%d' % last], self.params['b%d' % last]
        scores, last_cache = affine_forward(out, W, b)
        #######################################################################
        #                           END OF YOUR CODE                          #
        #######################################################################

        # If test mode return early
        if mode == 'test':
            return scores

        loss, grads = 0.0, {}
        #######################################################################
        # TODO: the loss with L2 regularization, and the backward pass.       #
        #######################################################################
        loss, dout = softmax_loss(scores, y)
        dout, dW, db = affine_backward(dout, last_cache)
        grads['W%d' % last] = dW
        grads['b%d' % last] = db
        for i in range(last - 1, 0, -1):
            fc_cache, norm_cache, relu_cache, dropout_cache = caches[i - 1]
            if self.use_dropout:
                dout = dropout_backward(dout, dropout_cache)
            dout = relu_backward(dout, relu_cache)
            if self.normalization == 'batchnorm':
                dout, dgamma, dbeta = batchnorm_backward(dout, norm_cache)
            elif self.normalization == 'layernorm':
                dout, dgamma, dbeta = layernorm_backward(dout, norm_cache)
            if self.normalization is not None:
                grads['gamma%d' % i] = dgamma
                grads['beta%d' % i] = dbeta
            dout, dW, db = affine_backward(dout, fc_cache)
            grads['W%d' % i] = dW
            grads['b%d' % i] = db
        for i in range(1, last + 1):
            W = self.params['W%d' % i]
            loss += 0.5 * self.reg * np.sum(W * W)
            grads['W%d' % i] += self.reg * W
        #######################################################################
        #                           END OF YOUR CODE                          #
        #######################################################################
        return loss, grads
