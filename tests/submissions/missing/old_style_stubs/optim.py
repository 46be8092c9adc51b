import numpy as np


def sgd(w, dw, config=None):
  """
  Computes SGD update. See the notebook for the shapes.
  """
  if config is None:
    config = {}
  config.setdefault('learning_rate', 1e-2)
  return w - config['learning_rate'] * dw, config


def sgd_momentum(w, dw, config=None):
  """
  Computes SGD update with momentum. See the notebook for the shapes.
  """
  if config is None:
    config = {}
  config.setdefault('learning_rate', 1e-2)
  config.setdefault('momentum', 0.9)
  v = config.get('velocity', np.zeros_like(w))

  next_w = None
  #############################################################################
  # TODO: the momentum update. Store the new velocity in v.                   #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  config['velocity'] = v
  return next_w, config


def rmsprop(w, dw, config=None):
  """
  Computes RMSProp update. See the notebook for the shapes.
  """
  if config is None:
    config = {}
  config.setdefault('learning_rate', 1e-2)
  config.setdefault('decay_rate', 0.99)
  config.setdefault('epsilon', 1e-8)
  config.setdefault('cache', np.zeros_like(w))

  next_w = None
  #############################################################################
  # TODO: the RMSprop update.                                                 #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  return next_w, config


def adam(w, dw, config=None):
  """
  Computes Adam update. See the notebook for the shapes.
  """
  if config is None:
    config = {}
  config.setdefault('learning_rate', 1e-3)
  config.setdefault('beta1', 0.9)
  config.setdefault('beta2', 0.999)
  config.setdefault('epsilon', 1e-8)
  config.setdefault('m', np.zeros_like(w))
  config.setdefault('v', np.zeros_like(w))
  config.setdefault('t', 0)

  next_w = None
  #############################################################################
  # TODO: the Adam update, with bias correction.                              #
  #############################################################################
  pass
  #############################################################################
  #                              END OF YOUR CODE                             #
  #############################################################################
  return next_w, config
