import numpy as np


def sgd(w, dw, config=None):
    """
    Vanilla stochastic gradient descent. config: learning_rate
    """
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    return w - config['learning_rate'] * dw, config


def sgd_momentum(w, dw, config=None):
    """
    Stochastic gradient descent with momentum. config: learning_rate, momentum, velocity
    """
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    config.setdefault('momentum', 0.9)
    v = config.get('velocity', np.zeros_like(w))

    next_w = None
    ###########################################################################
    # TODO: the momentum update. Store the new velocity in v.                 #
    ###########################################################################
    v = config['momentum'] * v - config['learning_rate'] * dw
    next_w = w + v
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    config['velocity'] = v
    return next_w, config


def rmsprop(w, dw, config=None):
    """
    RMSProp. config: learning_rate, decay_rate, epsilon, cache
    """
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    config.setdefault('decay_rate', 0.99)
    config.setdefault('epsilon', 1e-8)
    config.setdefault('cache', np.zeros_like(w))

    next_w = None
    ###########################################################################
    # TODO: the RMSprop update.                                               #
    ###########################################################################
    decay = config['decay_rate']
    config['cache'] = decay * config['cache'] + (1 - decay) * dw**2
    next_w = w - config['learning_rate'] * dw / (np.sqrt(config['cache']) + config['epsilon'])
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return next_w, config


def adam(w, dw, config=None):
    """
    Adam. config: learning_rate, beta1, beta2, epsilon, m, v, t
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
    ###########################################################################
    # TODO: the Adam update, with bias correction.                            #
    ###########################################################################
    config['t'] += 1
    beta1, beta2, t = config['beta1'], config['beta2'], config['t']
    config['m'] = beta1 * config['m'] + (1 - beta1) * dw
    config['v'] = beta2 * config['v'] + (1 - beta2) * dw**2
    mt = config['m'] / (1 - beta1**t)
    vt = config['v'] / (1 - beta2**t)
    next_w = w - config['learning_rate'] * mt / (np.sqrt(vt) + config['epsilon'])
    ###########################################################################
    #                             END OF YOUR CODE                            #
    ###########################################################################
    return next_w, config
