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


def batchnorm_forward(x, gamma, beta, bn_param):
  """
  Computes batch normalization forward pass. See the notebook for the shapes.
  """
  mode = bn_param['mode']
  eps = bn_param.get('eps', 1e-5)
  momentum = bn_param.get('momentum', 0.9)

  N, D = x.shape
  running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
  running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

  out, cache = None, None
  #############################################################################
  # TODO: batch normalization, in both modes.                                 #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################

  # Store the updated running means back into bn_param
  bn_param['running_mean'] = running_mean
  bn_param['running_var'] = running_var
  return out, cache


def batchnorm_backward(dout, cache):
  """
  Computes batch normalization backward pass. See the notebook for the shapes.
  """
  dx, dgamma, dbeta = None, None, None
  #############################################################################
  # TODO: the batch normalization backward pass, step by step.                #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
  """
  Computes simplified batch normalization backward pass. See the notebook for the shapes.
  """
  dx, dgamma, dbeta = None, None, None
  #############################################################################
  # TODO: the simplified backward pass.                                       #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
  """
  Computes layer normalization forward pass. See the notebook for the shapes.
  """
  out, cache = None, None
  eps = ln_param.get('eps', 1e-5)
  #############################################################################
  # TODO: layer normalization. Every row by itself.                           #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  return out, cache


def layernorm_backward(dout, cache):
  """
  Computes layer normalization backward pass. See the notebook for the shapes.
  """
  dx, dgamma, dbeta = None, None, None
  #############################################################################
  # TODO: the layer normalization backward pass.                              #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
  """
  Computes dropout forward pass. See the notebook for the shapes.
  """
  p, mode = dropout_param['p'], dropout_param['mode']
  if 'seed' in dropout_param:
    np.random.seed(dropout_param['seed'])

  mask = None
  out = None
  if mode == 'train':
    ###########################################################################
    # TODO: the training phase of inverted dropout.                           #
    ###########################################################################
    pass
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
  elif mode == 'test':
    ###########################################################################
    # TODO: the test phase of inverted dropout.                               #
    ###########################################################################
    pass
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
  cache = (dropout_param, mask)
  return out, cache


def dropout_backward(dout, cache):
  """
  Computes dropout backward pass. See the notebook for the shapes.
  """
  dropout_param, mask = cache
  dx = None
  #############################################################################
  # TODO: the dropout backward pass.                                          #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
  """
  Computes spatial batch normalization forward pass. See the notebook for the shapes.
  """
  out, cache = None, None
  #############################################################################
  # TODO: spatial batch normalization, by batchnorm_forward.                  #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  return out, cache


def spatial_batchnorm_backward(dout, cache):
  """
  Computes spatial batch normalization backward pass. See the notebook for the shapes.
  """
  dx, dgamma, dbeta = None, None, None
  #############################################################################
  # TODO: the spatial batch normalization backward pass.                      #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
  """
  Computes spatial group normalization forward pass. See the notebook for the shapes.
  """
  out, cache = None, None
  eps = gn_param.get('eps', 1e-5)
  #############################################################################
  # TODO: spatial group normalization.                                        #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  return out, cache


def spatial_groupnorm_backward(dout, cache):
  """
  Computes spatial group normalization backward pass. See the notebook for the shapes.
  """
  dx, dgamma, dbeta = None, None, None
  #############################################################################
  # TODO: the spatial group normalization backward pass.                      #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  return dx, dgamma, dbeta
