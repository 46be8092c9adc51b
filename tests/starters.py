"""Imitations of the course's handouts of each year from 2016 to 2026, unsolved.

Written for these tests from the known facts about the handouts (docs/handouts.md): functions, signatures, defaults,
parts that came solved, imports, accompanying files and notebooks, and the few words of docstrings that `--handout auto`
uses. Bodies are stubs as in the course: names set to None, a TODO, and the lines around it.
"""

import json

YEARS = tuple(str(year) for year in range(2016, 2027))

SVM_LOSS = '''
def svm_loss(x, y):
    """Multiclass margin loss; comes written."""
    rows = np.arange(len(y))
    slack = np.maximum(0, 1 + x - x[rows, y].reshape(-1, 1))
    slack[rows, y] = 0
    dx = np.where(slack > 0, 1.0, 0.0)
    dx[rows, y] = -dx.sum(axis=1)
    return slack.sum() / len(y), dx / len(y)
'''
SOFTMAX_LOSS = '''
def softmax_loss(x, y):
    """Cross-entropy of a softmax; comes written."""
    rows = np.arange(len(y))
    logits = x - x.max(axis=1, keepdims=True)
    dx = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    loss = -np.log(dx[rows, y]).mean()
    dx[rows, y] -= 1
    return loss, dx / len(y)
'''
SOFTMAX_TODO = '''
def softmax_loss(x, y):
    """Cross-entropy of a softmax."""
    loss, dx = None, None
    # TODO: the loss and its gradient.
    pass
    return loss, dx
'''
DENSE = '''
import numpy as np


def affine_forward(x, w, b):
    """An affine layer. x contains a minibatch of N
    examples, each of some shape."""
    out = None
    # TODO
    pass
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    dx, dw, db = None, None, None
    # TODO
    pass
    return dx, dw, db


def relu_forward(x):
    out = None
    # TODO
    pass
    cache = x
    return out, cache


def relu_backward(dout, cache):
    dx, x = None, cache
    # TODO
    pass
    return dx


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))
    out, cache = None, None
    if mode == 'train':
        # TODO
        pass
    elif mode == 'test':
        # TODO
        pass
    else:
        raise ValueError('no such mode: "%s"' % mode)
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    dx, dgamma, dbeta = None, None, None
    # TODO
    pass
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    dx, dgamma, dbeta = None, None, None
    # TODO
    pass
    return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
    """Inverted dropout. p: We {verb} each neuron output with probability p."""
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])
    mask = None
    out = None
    if mode == 'train':
        # TODO
        pass
    elif mode == 'test':
        # TODO
        pass
    cache = (dropout_param, mask)
    out = out.astype(x.dtype, copy=False)
    return out, cache


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    mode = dropout_param['mode']
    dx = None
    if mode == 'train':
        # TODO
        pass
    elif mode == 'test':
        dx = dout
    return dx


def conv_forward_naive(x, w, b, conv_param):
    out = None
    # TODO
    pass
    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    dx, dw, db = None, None, None
    # TODO
    pass
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    out = None
    # TODO
    pass
    cache = (x, pool_param)
    return out, cache


def max_pool_backward_naive(dout, cache):
    dx = None
    # TODO
    pass
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    out, cache = None, None
    # TODO
    pass
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    dx, dgamma, dbeta = None, None, None
    # TODO
    pass
    return dx, dgamma, dbeta
'''
LATE_NORMS = '''

def layernorm_forward(x, gamma, beta, ln_param):
    out, cache = None, None
    eps = ln_param.get('eps', 1e-5)
    # TODO
    pass
    return out, cache


def layernorm_backward(dout, cache):
    dx, dgamma, dbeta = None, None, None
    # TODO
    pass
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """
    - gamma: Scale parameter, of shape {shape}
    - beta: Shift parameter, of shape {shape}
    - G: Integer
    """
    out, cache = None, None
    eps = gn_param.get('eps', 1e-5)
    # TODO
    pass
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    dx, dgamma, dbeta = None, None, None
    # TODO
    pass
    return dx, dgamma, dbeta
'''
OPTIM = '''
import numpy as np


def sgd({w}, d{w}, config=None):
    if config is None: config = {{}}
    config.setdefault('learning_rate', 1e-2)
    {w} -= config['learning_rate'] * d{w}
    return {w}, config


def sgd_momentum({w}, d{w}, config=None):
    if config is None: config = {{}}
    config.setdefault('learning_rate', 1e-2)
    config.setdefault('momentum', 0.9)
    v = config.get('velocity', np.zeros_like({w}))
    next_{w} = None
    {momentum}
    config['velocity'] = v
    return next_{w}, config


def rmsprop({w}, d{w}, config=None):
    """epsilon: a small number against a division by zero."""
    if config is None: config = {{}}
    config.setdefault('learning_rate', 1e-2)
    config.setdefault('decay_rate', 0.99)
    config.setdefault('epsilon', 1e-8)
    config.setdefault('cache', np.zeros_like({w}))
    next_{w} = None
    {rmsprop}
    return next_{w}, config


def adam({w}, d{w}, config=None):
    if config is None: config = {{}}
    config.setdefault('learning_rate', 1e-3)
    config.setdefault('beta1', 0.9)
    config.setdefault('beta2', 0.999)
    config.setdefault('epsilon', 1e-8)
    config.setdefault('m', np.zeros_like({w}))
    config.setdefault('v', np.zeros_like({w}))
    config.setdefault('t', {t})
    next_{w} = None
    {adam}
    return next_{w}, config
'''
TODO = "pass  # TODO"
SOLVED = {
    "momentum": "v = config['momentum'] * v - config['learning_rate'] * dw; next_w = w + v",
    "rmsprop": "config['cache'] += (1 - config['decay_rate']) * (dw * dw - config['cache'])\n"
    "    next_w = w - config['learning_rate'] * dw / (np.sqrt(config['cache']) + config['epsilon'])",
    "adam": "# modify t _before_ using it\n"
    "    config['t'] += 1\n"
    "    for name, beta, seen in (('m', 'beta1', dw), ('v', 'beta2', dw * dw)):\n"
    "        config[name] = config[beta] * config[name] + (1 - config[beta]) * seen\n"
    "    m, v = (config[n] / (1 - config[b] ** config['t']) for n, b in (('m', 'beta1'), ('v', 'beta2')))\n"
    "    next_w = w - config['learning_rate'] * m / (np.sqrt(v) + config['epsilon'])",
}
TWO_LAYERS = """

class TwoLayerNet(object):

    def __init__(self, input_dim=3*32*32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.params = {}
        self.reg = reg
        # TODO
        pass

    def loss(self, X, y=None):
        scores = None
        # TODO
        pass
        if y is None:
            return scores
        loss, grads = 0, {}
        # TODO
        pass
        return loss, grads
"""
ANY_DEPTH = '''

class FullyConnectedNet(object):
    """{says}"""

    def __init__(self, hidden_dims, input_dim=3*32*32, num_classes=10,
                 {arguments}, reg=0.0,
                 weight_scale=1e-2, dtype=np.float32, seed=None):
        {switch}
        self.use_dropout = {uses}
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {{}}
        # TODO
        pass
        self.dropout_param = {{}}
        if self.use_dropout:
            self.dropout_param = {{'mode': 'train', 'p': {dropout}}}
            if seed is not None:
                self.dropout_param['seed'] = seed
        self.bn_params = []
        if {batchnorm}:
            self.bn_params = [{{'mode': 'train'}} for i in range(self.num_layers - 1)]
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        mode = 'test' if y is None else 'train'
        if self.use_dropout:
            self.dropout_param['mode'] = mode
        if {batchnorm}:
            for bn_param in self.bn_params:
                bn_param[{key}] = mode
        scores = None
        # TODO
        pass
        if mode == 'test':
            return scores
        loss, grads = 0.0, {{}}
        # TODO
        pass
        return loss, grads
'''
CONV_NET = """

class ThreeLayerConvNet(object):

    def __init__(self, input_dim=(3, 32, 32), num_filters=32, filter_size=7, hidden_dim=100, num_classes=10,
                 weight_scale=1e-3, reg=0.0, dtype=np.float32):
        self.params = {}
        self.reg = reg
        self.dtype = dtype
        # TODO
        pass
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        W1, b1 = self.params['W1'], self.params['b1']
        W2, b2 = self.params['W2'], self.params['b2']
        W3, b3 = self.params['W3'], self.params['b3']
        filter_size = W1.shape[2]
        conv_param = {'stride': 1, 'pad': (filter_size - 1) // 2}
        pool_param = {'pool_height': 2, 'pool_width': 2, 'stride': 2}
        scores = None
        # TODO
        pass
        if y is None:
            return scores
        loss, grads = 0, {}
        # TODO
        pass
        return loss, grads
"""
NETS = {  # by the first year that has them
    2016: {
        "says": "Layers of any number. This will also implement\n    dropout and batch normalization as options.",
        "arguments": "dropout=0, use_batchnorm=False",
        "switch": "self.use_batchnorm = use_batchnorm",
        "uses": "dropout > 0",
        "dropout": "dropout",
        "batchnorm": "self.use_batchnorm",
    },
    2018: {
        "says": "Layers of any number, with\n    dropout and batch/layer normalization as options.",
        "arguments": "dropout=1, normalization=None",
        "switch": "self.normalization = normalization",
        "uses": "dropout != 1",
        "dropout": "dropout",
        "batchnorm": "self.normalization == 'batchnorm'",
    },
    2021: {
        "says": "Class for a multi-layer fully connected neural network.",
        "arguments": "dropout_keep_ratio=1,\n                 normalization=None",
        "switch": "self.normalization = normalization",
        "uses": "dropout_keep_ratio != 1",
        "dropout": "dropout_keep_ratio",
        "batchnorm": "self.normalization == 'batchnorm'",
    },
}


def starter(year):
    """The package of one year, by path below `cs231n`, as text."""
    number = int(year)
    first = max(begun for begun in NETS if begun <= number)
    layers = DENSE.replace("{verb}", "drop" if first == 2016 else "keep")
    if first > 2016:
        layers += LATE_NORMS.replace("{shape}", "(C,)" if first == 2018 else "(1, C, 1, 1)")
    layers += SOFTMAX_TODO if first == 2021 else SVM_LOSS + SOFTMAX_LOSS
    rules = SOLVED if year == "2025" else dict.fromkeys(SOLVED, TODO)
    if first > 2016 and year != "2025":
        rules = {**rules, "adam": "# modify t _before_ using it\n    " + TODO}
    optim = OPTIM.format(w="x" if first == 2016 else "w", t=1 if year == "2017" else 0, **rules)
    dots = ".." if first == 2021 else "cs231n."
    head = f"import numpy as np\n\nfrom {dots}layers import *\nfrom {dots}layer_utils import *\n"
    nets = ANY_DEPTH.format(key="mode" if year == "2016" else "'mode'", **NETS[first])
    beside = {
        name: f'"""The {name} of {year}."""\n'
        for name in ("data_utils.py", "gradient_check.py", "solver.py", "vis_utils.py", "im2col.py")
    }
    return {
        "layers.py": layers,
        "optim.py": optim,
        "classifiers/fc_net.py": head + ("" if first == 2021 else TWO_LAYERS) + nets,
        "classifiers/cnn.py": head + f"from {dots}fast_layers import *\n" + CONV_NET,
        "fast_layers.py": ("import torch\n" if year == "2019" else "") + "import numpy as np\n",
        "layer_utils.py": f"from {'.' if first == 2021 else 'cs231n.'}layers import *\n",
        "__init__.py": "",
        "classifiers/__init__.py": "",
        **beside,
    }


def notebooks(year):
    """The notebooks of one year, by name, each with a cell of text and one of code."""
    number = int(year)
    stems = ["BatchNormalization", "Dropout", "ConvolutionalNetworks"]
    stems += ["FullyConnectedNets"] if number < 2025 else ["RNN_Captioning_pytorch"]
    stems += ["PyTorch"] if number > 2017 else []
    stems += ["TensorFlow"] if 2018 <= number <= 2020 else []
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": [f"# Of {year}\n"]},
        {"cell_type": "code", "metadata": {}, "source": ["print(1)\n"], "outputs": [], "execution_count": None},
    ]
    text = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 0})
    return {f"{stem}.ipynb": text for stem in stems}


def write_starter(year, folder):
    """Write the year's assignment as a folder, as a student hands it in who wrote nothing."""
    for name, text in {f"cs231n/{name}": text for name, text in starter(year).items()}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name, text in notebooks(year).items():
        (folder / name).write_text(text)
