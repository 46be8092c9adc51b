import numpy as np

from cs231n.layers import *
from cs231n.layer_utils import *


class TwoLayerNet(object):

  def __init__(self, input_dim=3*32*32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
    self.params = {}
    self.reg = reg
    self.params['W1'] = np.random.normal(0, weight_scale, (input_dim, hidden_dim))
    self.params['b1'] = np.zeros(hidden_dim)
    self.params['W2'] = np.random.normal(0, weight_scale, (hidden_dim, num_classes))
    self.params['b2'] = np.zeros(num_classes)

  def loss(self, X, y=None):
    out1, cache1 = affine_relu_forward(X, self.params['W1'], self.params['b1'])
    scores, cache2 = affine_forward(out1, self.params['W2'], self.params['b2'])
    if y is None:
      return scores

    loss, dscores = softmax_loss(scores, y)
    for name in ('W1', 'W2'):
      loss += 0.5 * self.reg * np.sum(self.params[name] ** 2)
    grads = {}
    dout1, grads['W2'], grads['b2'] = affine_backward(dscores, cache2)
    _, grads['W1'], grads['b1'] = affine_relu_backward(dout1, cache1)
    for name in ('W1', 'W2'):
      grads[name] += self.reg * self.params[name]
    return loss, grads


class FullyConnectedNet(object):

  def __init__(self, hidden_dims, input_dim=3*32*32, num_classes=10, dropout=0, use_batchnorm=False, reg=0.0,
               weight_scale=1e-2, dtype=np.float32, seed=None, normalization=None):
    self.normalization = 'batchnorm' if use_batchnorm else normalization
    self.use_batchnorm = self.normalization == 'batchnorm'
    self.use_dropout = dropout > 0
    self.reg = reg
    self.num_layers = 1 + len(hidden_dims)
    self.dtype = dtype
    self.params = {}

    all_dims = [input_dim] + list(hidden_dims) + [num_classes]
    for i in range(1, len(all_dims)):
      self.params['W' + str(i)] = np.random.normal(0, weight_scale, (all_dims[i - 1], all_dims[i]))
      self.params['b' + str(i)] = np.zeros(all_dims[i])
      if self.normalization and i < self.num_layers:
        self.params['gamma' + str(i)] = np.ones(all_dims[i])
        self.params['beta' + str(i)] = np.zeros(all_dims[i])

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
    X = X.astype(self.dtype)
    mode = 'test' if y is None else 'train'
    if self.use_dropout:
      self.dropout_param['mode'] = mode
    if self.normalization == 'batchnorm':
      for bn_param in self.bn_params:
        bn_param['mode'] = mode

    out = X
    fc_cache, norm_cache, relu_cache, drop_cache = {}, {}, {}, {}
    for i in range(1, self.num_layers):
      out, fc_cache[i] = affine_forward(out, self.params['W%d' % i], self.params['b%d' % i])
      if self.normalization:
        gamma, beta = self.params['gamma%d' % i], self.params['beta%d' % i]
        if self.normalization == 'batchnorm':
          out, norm_cache[i] = batchnorm_forward(out, gamma, beta, self.bn_params[i - 1])
        else:
          out, norm_cache[i] = layernorm_forward(out, gamma, beta, self.bn_params[i - 1])
      out, relu_cache[i] = relu_forward(out)
      if self.use_dropout:
        out, drop_cache[i] = dropout_forward(out, self.dropout_param)
    n = self.num_layers
    scores, fc_cache[n] = affine_forward(out, self.params['W%d' % n], self.params['b%d' % n])
    if mode == 'test':
      return scores

    grads = {}
    loss, dout = softmax_loss(scores, y)
    dout, grads['W%d' % n], grads['b%d' % n] = affine_backward(dout, fc_cache[n])
    for i in range(n - 1, 0, -1):
      if self.use_dropout:
        dout = dropout_backward(dout, drop_cache[i])
      dout = relu_backward(dout, relu_cache[i])
      if self.normalization == 'batchnorm':
        dout, grads['gamma%d' % i], grads['beta%d' % i] = batchnorm_backward_alt(dout, norm_cache[i])
      elif self.normalization == 'layernorm':
        dout, grads['gamma%d' % i], grads['beta%d' % i] = layernorm_backward(dout, norm_cache[i])
      dout, grads['W%d' % i], grads['b%d' % i] = affine_backward(dout, fc_cache[i])
    for i in range(1, n + 1):
      W = self.params['W%d' % i]
      loss += 0.5 * self.reg * np.sum(W ** 2)
      grads['W%d' % i] = grads['W%d' % i] + self.reg * W
    return loss, grads
