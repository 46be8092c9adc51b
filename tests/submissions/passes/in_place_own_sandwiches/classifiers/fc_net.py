from .. layer_utils import *


class TwoLayerNet(object):

    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.params = {}
        self.reg = reg
        for i, (rows, columns) in enumerate(((input_dim, hidden_dim), (hidden_dim, num_classes))):
            self.params['W%d' % (i + 1)] = np.random.randn(rows, columns)
            self.params['W%d' % (i + 1)] *= weight_scale
            self.params['b%d' % (i + 1)] = np.zeros(columns)

    def loss(self, X, y=None):
        params, grads = self.params, {}
        hidden, cache = fc_block_forward(X, params, 1, None, None, None)
        scores, scores_cache = affine_forward(hidden, params['W2'], params['b2'])
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        dhidden, grads['W2'], grads['b2'] = affine_backward(dscores, scores_cache)
        fc_block_backward(dhidden, cache, 1, grads)
        for name in ('W1', 'W2'):
            loss += 0.5 * self.reg * np.sum(params[name] ** 2)
            grads[name] += self.reg * params[name]
        return loss, grads


class FullyConnectedNet(object):

    def __init__(self, hidden_dims, input_dim=3 * 32 * 32, num_classes=10, dropout=0, use_batchnorm=False, reg=0.0,
                 weight_scale=1e-2, dtype=np.float32, seed=None, normalization=None):
        if use_batchnorm:
            normalization = 'batchnorm'
        self.normalization = normalization
        self.use_batchnorm = normalization == 'batchnorm'
        self.use_dropout = dropout > 0
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}
        rows = input_dim
        for i, columns in enumerate(list(hidden_dims) + [num_classes], 1):
            self.params['W%d' % i] = np.random.randn(rows, columns)
            self.params['W%d' % i] *= weight_scale
            self.params['b%d' % i] = np.zeros(columns)
            if normalization is not None and i < self.num_layers:
                self.params['gamma%d' % i] = np.ones(columns)
                self.params['beta%d' % i] = np.zeros(columns)
            rows = columns
        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {'mode': 'train', 'p': dropout}
            if seed is not None:
                self.dropout_param['seed'] = seed
        self.bn_params = []
        if normalization == 'batchnorm':
            self.bn_params = [{'mode': 'train'} for _ in hidden_dims]
        elif normalization == 'layernorm':
            self.bn_params = [{} for _ in hidden_dims]
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        mode = 'test' if y is None else 'train'
        if self.use_dropout:
            self.dropout_param['mode'] = mode
        if self.normalization == 'batchnorm':
            for bn_param in self.bn_params:
                bn_param['mode'] = mode

        caches = {}
        last = self.num_layers
        h = X
        for i in range(1, last):
            norm_param = self.bn_params[i - 1] if self.normalization else None
            h, caches[i] = fc_block_forward(h, self.params, i, self.normalization, norm_param, self.dropout_param)
        scores, caches[last] = affine_forward(h, self.params['W%d' % last], self.params['b%d' % last])
        if mode == 'test':
            return scores

        grads = {}
        loss, dh = softmax_loss(scores, y)
        dh, grads['W%d' % last], grads['b%d' % last] = affine_backward(dh, caches[last])
        for i in reversed(range(1, last)):
            dh = fc_block_backward(dh, caches[i], i, grads)
        for i in range(1, last + 1):
            name = 'W%d' % i
            loss += 0.5 * self.reg * np.sum(self.params[name] ** 2)
            grads[name] += self.reg * self.params[name]
        return loss, grads
