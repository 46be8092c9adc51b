import numpy as np

from cs231n.layers import *
from cs231n.fast_layers import *
from cs231n.layer_utils import *


class ThreeLayerConvNet(object):

  def __init__(self, input_dim=(3, 32, 32), num_filters=32, filter_size=7, hidden_dim=100, num_classes=10,
               weight_scale=1e-3, reg=0.0, dtype=np.float32):
    self.params = {}
    self.reg = reg
    self.dtype = dtype
    C, H, W = input_dim
    H -= (filter_size - 1) % 2
    W -= (filter_size - 1) % 2
    self.params['W1'] = np.random.normal(0, weight_scale, (num_filters, C, filter_size, filter_size))
    self.params['b1'] = np.zeros(num_filters)
    self.params['W2'] = np.random.normal(0, weight_scale, (num_filters * (H // 2) * (W // 2), hidden_dim))
    self.params['b2'] = np.zeros(hidden_dim)
    self.params['W3'] = np.random.normal(0, weight_scale, (hidden_dim, num_classes))
    self.params['b3'] = np.zeros(num_classes)
    for k, v in self.params.items():
      self.params[k] = v.astype(dtype)

  def loss(self, X, y=None):
    W1, b1 = self.params['W1'], self.params['b1']
    W2, b2 = self.params['W2'], self.params['b2']
    W3, b3 = self.params['W3'], self.params['b3']
    filter_size = W1.shape[2]
    conv_param = {'stride': 1, 'pad': (filter_size - 1) // 2}
    pool_param = {'pool_height': 2, 'pool_width': 2, 'stride': 2}

    out, cache1 = conv_relu_pool_forward(X.astype(self.dtype), W1, b1, conv_param, pool_param)
    out, cache2 = affine_relu_forward(out, W2, b2)
    scores, cache3 = affine_forward(out, W3, b3)
    if y is None:
      return scores

    grads = {}
    loss, dout = softmax_loss(scores, y)
    dout, grads['W3'], grads['b3'] = affine_backward(dout, cache3)
    dout, grads['W2'], grads['b2'] = affine_relu_backward(dout, cache2)
    dout, grads['W1'], grads['b1'] = conv_relu_pool_backward(dout, cache1)
    for name in ('W1', 'W2', 'W3'):
      loss += 0.5 * self.reg * np.sum(self.params[name] ** 2)
      grads[name] += self.reg * self.params[name]
    return loss, grads


class MultiLayerConvNet(object):

  def __init__(self, input_dim=(3, 32, 32), nums_filters=(16, 32), filter_size=5, hidden_dims=(500, 100),
               num_classes=10, weight_scale=1e-3, reg=0.0, dtype=np.float32):
    self.params = {}
    self.reg = reg
    self.dtype = dtype
    self.num_convs = len(nums_filters)
    self.num_layers = self.num_convs + len(hidden_dims) + 1

    C, H, W = input_dim
    filters = [C] + list(nums_filters)
    for i in range(1, self.num_convs + 1):
      self.params['W' + str(i)] = np.random.normal(0, weight_scale, (filters[i], filters[i - 1], filter_size, filter_size))
      self.params['b' + str(i)] = np.zeros(filters[i])
    dims = [filters[-1] * (H // 2) * (W // 2)] + list(hidden_dims) + [num_classes]
    for k in range(1, len(dims)):
      i = self.num_convs + k
      self.params['W' + str(i)] = np.random.normal(0, weight_scale, (dims[k - 1], dims[k]))
      self.params['b' + str(i)] = np.zeros(dims[k])
    for k, v in self.params.items():
      self.params[k] = v.astype(dtype)

  def loss(self, X, y=None):
    filter_size = self.params['W1'].shape[2]
    conv_param = {'stride': 1, 'pad': (filter_size - 1) // 2}
    pool_param = {'pool_height': 2, 'pool_width': 2, 'stride': 2}
    n, m = self.num_layers, self.num_convs

    out = X.astype(self.dtype)
    cache = {}
    for i in range(1, n + 1):
      W, b = self.params['W%d' % i], self.params['b%d' % i]
      if i < m:
        out, cache[i] = conv_relu_forward(out, W, b, conv_param)
      elif i == m:
        out, cache[i] = conv_relu_pool_forward(out, W, b, conv_param, pool_param)
      elif i < n:
        out, cache[i] = affine_relu_forward(out, W, b)
      else:
        out, cache[i] = affine_forward(out, W, b)
    if y is None:
      return out

    grads = {}
    loss, dout = softmax_loss(out, y)
    for i in range(n, 0, -1):
      if i == n:
        dout, dW, db = affine_backward(dout, cache[i])
      elif i > m:
        dout, dW, db = affine_relu_backward(dout, cache[i])
      elif i == m:
        dout, dW, db = conv_relu_pool_backward(dout, cache[i])
      else:
        dout, dW, db = conv_relu_backward(dout, cache[i])
      W = self.params['W%d' % i]
      loss += 0.5 * self.reg * np.sum(W ** 2)
      grads['W%d' % i] = dW + self.reg * W
      grads['b%d' % i] = db
    return loss, grads
