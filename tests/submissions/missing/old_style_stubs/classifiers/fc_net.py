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
    ###########################################################################
    # TODO: initialize W1, b1, W2 and b2.                                     #
    ###########################################################################
    pass
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################

  def loss(self, X, y=None):
    """
    Returns scores, (N, C), without y; else the loss and a dictionary of gradients.
    """
    scores = None
    ###########################################################################
    # TODO: the forward pass.                                                 #
    ###########################################################################
    pass
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    if y is None:
      return scores

    loss, grads = 0, {}
    ###########################################################################
    # TODO: the loss with L2 regularization, and the backward pass.           #
    ###########################################################################
    pass
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
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
    ###########################################################################
    # TODO: initialize W1, b1, ..., and gamma1, beta1, ... for the norms.     #
    ###########################################################################
    pass
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################

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
    ###########################################################################
    # TODO: the forward pass.                                                 #
    ###########################################################################
    pass
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################

    # If test mode return early
    if mode == 'test':
      return scores

    loss, grads = 0.0, {}
    ###########################################################################
    # TODO: the loss with L2 regularization, and the backward pass.           #
    ###########################################################################
    pass
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return loss, grads
