import numpy as np


def sgd(w, dw, config=None):
    """随机梯度下降"""
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)

    next_w = w - config['learning_rate'] * dw
    return next_w, config


def sgd_momentum(w, dw, config=None):
    """带动量的随机梯度下降"""
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    config.setdefault('momentum', 0.9)
    if 'velocity' not in config:
        config['velocity'] = np.zeros_like(w)

    friction = config['momentum'] * config['velocity']
    push = config['learning_rate'] * dw
    config['velocity'] = friction - push
    next_w = w + config['velocity']
    return next_w, config


def rmsprop(w, dw, config=None):
    """RMSProp"""
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    config.setdefault('decay_rate', 0.99)
    config.setdefault('epsilon', 1e-8)
    if 'cache' not in config:
        config['cache'] = np.zeros_like(w)

    squares = np.square(dw)
    kept = config['decay_rate'] * config['cache']
    new = (1 - config['decay_rate']) * squares
    config['cache'] = kept + new
    root = np.sqrt(config['cache'])
    step = config['learning_rate'] * dw / (root + config['epsilon'])
    next_w = w - step
    return next_w, config


def adam(w, dw, config=None):
    """Adam，带偏差修正"""
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-3)
    config.setdefault('beta1', 0.9)
    config.setdefault('beta2', 0.999)
    config.setdefault('epsilon', 1e-8)
    config.setdefault('t', 0)
    if 'm' not in config:
        config['m'] = np.zeros_like(w)
    if 'v' not in config:
        config['v'] = np.zeros_like(w)

    t = config['t'] + 1
    first = config['beta1'] * config['m'] + (1 - config['beta1']) * dw
    second = config['beta2'] * config['v'] + (1 - config['beta2']) * np.square(dw)
    first_unbiased = first / (1 - np.power(config['beta1'], t))
    second_unbiased = second / (1 - np.power(config['beta2'], t))
    step = config['learning_rate'] * first_unbiased / (np.sqrt(second_unbiased) + config['epsilon'])
    next_w = w - step
    config['t'] = t
    config['m'] = first
    config['v'] = second
    return next_w, config
