import numpy as np


def sgd(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault('learning_rate', 1e-2)
    return w - config['learning_rate'] * dw, config


def sgd_momentum(w, dw, config=None):
    config = config if config is not None else {}
    config.setdefault('learning_rate', 1e-2)
    config.setdefault('momentum', 0.9)
    # the velocity of the notes points uphill here, so it is stored with its sign turned
    uphill = -config.get('velocity', np.zeros(w.shape, w.dtype))
    uphill = config['momentum'] * uphill + config['learning_rate'] * dw
    config['velocity'] = -uphill
    return w - uphill, config


def rmsprop(w, dw, config=None):
    config = config if config is not None else {}
    config.setdefault('learning_rate', 1e-2)
    config.setdefault('decay_rate', 0.99)
    config.setdefault('epsilon', 1e-8)
    old = config.get('cache', np.zeros(w.shape, w.dtype))
    config['cache'] = np.average([old, dw * dw], axis=0, weights=[config['decay_rate'], 1 - config['decay_rate']])
    return w - config['learning_rate'] * dw / (config['cache'] ** 0.5 + config['epsilon']), config


def adam(w, dw, config=None):
    config = config if config is not None else {}
    for key, value in (('learning_rate', 1e-3), ('beta1', 0.9), ('beta2', 0.999), ('epsilon', 1e-8), ('t', 0)):
        config.setdefault(key, value)
    m = config.get('m', 0 * w)
    v = config.get('v', 0 * w)
    t = config['t'] = config['t'] + 1
    config['m'] = m = config['beta1'] * m + (1 - config['beta1']) * dw
    config['v'] = v = config['beta2'] * v + (1 - config['beta2']) * dw ** 2
    mhat = m / (1 - config['beta1'] ** t)
    vhat = v / (1 - config['beta2'] ** t)
    return w - config['learning_rate'] * mhat * (vhat ** 0.5 + config['epsilon']) ** -1, config
