import numpy as np

from cs231n.layers import *
from cs231n.fast_layers import *
from cs231n.layer_utils import *


class ThreeLayerConvNet(object):
  """
  A three-layer net: conv - relu - 2x2 max pool - affine - relu - affine - softmax.
  """

  def __init__(self, input_dim=(3, 32, 32), num_filters=32, filter_size=7,
        hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0,
        dtype=np.float32):
    self.params = {}
    self.reg = reg
    self.dtype = dtype
    ###########################################################################
    # TODO: initialize W1, b1, W2, b2, W3 and b3.                             #
    ###########################################################################
    pass
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    for k, v in self.params.items():
      self.params[k] = v.astype(dtype)

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


class MultiLayerConvNet(object):
  """
  A net of any depth: {conv - relu} x M - 2x2 max pool - {affine - relu} x (L - 1) - affine - softmax.
  """

  def __init__(self, input_dim=(3, 32, 32), nums_filters=(16, 32), filter_size=5,
        hidden_dims=(500, 100), num_classes=10, weight_scale=1e-3, reg=0.0,
        dtype=np.float32):
    self.params = {}
    self.reg = reg
    self.dtype = dtype
    self.num_convs = len(nums_filters)
    self.num_layers = self.num_convs + len(hidden_dims) + 1
    ###########################################################################
    # TODO: initialize W1, b1, ..., first the convolutions.                   #
    ###########################################################################
    pass
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    for k, v in self.params.items():
      self.params[k] = v.astype(dtype)

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
