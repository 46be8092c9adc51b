import numpy as np


def affine_forward(x, w, b):
  """
  Computes affine forward pass. See the notebook for the shapes.
  """
  out = None
  #############################################################################
  # TODO: Implement the affine forward pass.                                  #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  cache = (x, w, b)
  return out, cache


def affine_backward(dout, cache):
  """
  Computes affine backward pass. See the notebook for the shapes.
  """
  dx, dw, db = None, None, None
  #############################################################################
  # TODO: Implement the affine backward pass.                                 #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  return dx, dw, db


def relu_forward(x):
  """
  Computes ReLU forward pass. See the notebook for the shapes.
  """
  out = None
  #############################################################################
  # TODO: Implement the ReLU forward pass.                                    #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  cache = x
  return out, cache


def relu_backward(dout, cache):
  """
  Computes ReLU backward pass. See the notebook for the shapes.
  """
  dx = None
  #############################################################################
  # TODO: Implement the ReLU backward pass.                                   #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  return dx


def svm_loss(x, y):
  """
  Computes SVM loss. See the notebook for the shapes.
  """
  loss, dx = None, None
  #############################################################################
  # TODO: Implement the SVM loss.                                             #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  return loss, dx


def softmax_loss(x, y):
  """
  Computes softmax loss. See the notebook for the shapes.
  """
  loss, dx = None, None
  #############################################################################
  # TODO: Implement the softmax loss.                                         #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  return loss, dx


def conv_forward_naive(x, w, b, conv_param):
  """
  Computes convolutional forward pass. See the notebook for the shapes.
  """
  out = None
  #############################################################################
  # TODO: Implement the convolutional forward pass.                           #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  cache = (x, w, b, conv_param)
  return out, cache


def conv_backward_naive(dout, cache):
  """
  Computes convolutional backward pass. See the notebook for the shapes.
  """
  dx, dw, db = None, None, None
  #############################################################################
  # TODO: Implement the convolutional backward pass.                          #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  return dx, dw, db


def max_pool_forward_naive(x, pool_param):
  """
  Computes max pooling forward pass. See the notebook for the shapes.
  """
  out = None
  #############################################################################
  # TODO: Implement the max pooling forward pass.                             #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  cache = (x, pool_param)
  return out, cache


def max_pool_backward_naive(dout, cache):
  """
  Computes max pooling backward pass. See the notebook for the shapes.
  """
  dx = None
  #############################################################################
  # TODO: Implement the max pooling backward pass.                            #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  return dx
