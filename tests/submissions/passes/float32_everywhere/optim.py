import numpy as np


def sgd(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    return w - config['learning_rate'] * dw, config


def _f(value):
    return np.asarray(value, dtype=np.float32)


def sgd_momentum(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    config.setdefault('momentum', 0.9)
    v = _f(config.get('velocity', np.zeros_like(w)))
    v = _f(config['momentum']) * v - _f(config['learning_rate']) * _f(dw)
    config['velocity'] = v
    return _f(w) + v, config


def rmsprop(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    config.setdefault('decay_rate', 0.99)
    config.setdefault('epsilon', 1e-8)
    config.setdefault('cache', np.zeros_like(w))
    dw = _f(dw)
    decay = config['decay_rate']
    config['cache'] = _f(decay) * _f(config['cache']) + _f(1 - decay) * dw ** 2
    step = _f(config['learning_rate']) * dw / (np.sqrt(config['cache']) + _f(config['epsilon']))
    return _f(w) - step, config


def adam(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-3)
    config.setdefault('beta1', 0.9)
    config.setdefault('beta2', 0.999)
    config.setdefault('epsilon', 1e-8)
    config.setdefault('m', np.zeros_like(w))
    config.setdefault('v', np.zeros_like(w))
    config.setdefault('t', 0)
    dw = _f(dw)
    beta1, beta2 = config['beta1'], config['beta2']
    config['t'] += 1
    # these are small differences of numbers near 1: in double, then rounded once
    correct1, correct2 = _f(1 - beta1 ** config['t']), _f(1 - beta2 ** config['t'])
    config['m'] = _f(beta1) * _f(config['m']) + _f(1 - beta1) * dw
    config['v'] = _f(beta2) * _f(config['v']) + _f(1 - beta2) * dw ** 2
    step = _f(config['learning_rate']) * (config['m'] / correct1)
    return _f(w) - step / (np.sqrt(config['v'] / correct2) + _f(config['epsilon'])), config
