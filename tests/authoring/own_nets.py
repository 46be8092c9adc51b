"""Right nets that share no code with the reference, for the tests of the nets' checks.

They use no layers and no caches: each net computes its formulas forwards and backwards. They draw parameters in another
order and from another generator; biases are rows; batch normalization also has a gamma and a beta for the last layer,
which are unused; dropout masks are drawn in another way; gradients are summed in another order.
"""

import numpy as np


def softmax(scores, y):
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    picked = np.arange(len(y)), y
    loss = -np.log(odds[picked]).mean()
    odds[picked] -= 1
    return loss, odds / len(y)


class Net:
    """The common part of the nets: parameters, dense layers, penalty."""

    def __init__(self, reg, dtype=np.float64):
        self.params, self.reg, self.dtype = {}, reg, dtype

    def draw(self, layer, shape, scale):
        outputs = shape[0] if len(shape) == 4 else shape[1]
        self.params[f"b{layer}"] = np.zeros((1, outputs), self.dtype)
        self.params[f"W{layer}"] = np.random.default_rng().normal(0, scale, shape).astype(self.dtype)

    def penalized(self, loss, grads):
        for name, W in self.params.items():
            if name[0] == "W":
                loss += self.reg / 2 * np.linalg.norm(W) ** 2
                grads[name] = grads[name] + self.reg * W
        return loss, grads

    def dense(self, X, first, last):
        """The scores of affine layers with ReLUs in between, and the input of each layer."""
        inputs = []
        for layer in range(first, last + 1):
            inputs.append(X)
            X = X @ self.params[f"W{layer}"] + self.params[f"b{layer}"].reshape(-1)
            X = X if layer == last else X * (X > 0)
        return X, inputs

    def dense_backward(self, d, inputs, first, grads):
        for layer in reversed(range(first, first + len(inputs))):
            X = inputs[layer - first]
            grads[f"W{layer}"], grads[f"b{layer}"] = X.T @ d, d.sum(axis=0)
            d = d @ self.params[f"W{layer}"].T
            if layer > first:
                d = d * (X > 0)
        return d


class TwoLayerNet(Net):
    def __init__(self, input_dim=3072, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        super().__init__(reg)
        self.draw(2, (hidden_dim, num_classes), weight_scale)
        self.draw(1, (input_dim, hidden_dim), weight_scale)

    def loss(self, X, y=None):
        scores, inputs = self.dense(X.reshape(len(X), -1), 1, 2)
        if y is None:
            return scores
        loss, d = softmax(scores, y)
        grads = {}
        self.dense_backward(d, inputs, 1, grads)
        return self.penalized(loss, grads)


class FullyConnectedNet(Net):
    def __init__(
        self,
        hidden_dims,
        input_dim=3072,
        num_classes=10,
        dropout=0,
        use_batchnorm=False,
        reg=0.0,
        weight_scale=1e-2,
        dtype=np.float32,
        seed=None,
        normalization=None,
    ):
        super().__init__(reg, dtype)
        self.norm = "batchnorm" if use_batchnorm else normalization
        self.p, self.seed, self.count = dropout, seed, len(hidden_dims) + 1
        sizes = [input_dim, *hidden_dims, num_classes]
        for layer in range(self.count, 0, -1):
            self.draw(layer, (sizes[layer - 1], sizes[layer]), weight_scale)
            if self.norm:
                self.params[f"gamma{layer}"] = np.ones((1, sizes[layer]), dtype)
                self.params[f"beta{layer}"] = np.zeros((1, sizes[layer]), dtype)
        self.averages = [(np.zeros(M), np.zeros(M)) for M in hidden_dims]

    def standardized(self, a, layer, training):
        axis = 0 if self.norm == "batchnorm" else 1
        mean, var = a.mean(axis=axis, keepdims=True), a.var(axis=axis, keepdims=True)
        if self.norm == "batchnorm":
            if training:
                old = self.averages[layer - 1]
                self.averages[layer - 1] = 0.9 * old[0] + 0.1 * mean[0], 0.9 * old[1] + 0.1 * var[0]
            else:
                mean, var = self.averages[layer - 1]
        deviation = np.sqrt(var + 1e-5)
        return (a - mean) / deviation, deviation, axis

    def loss(self, X, y=None):
        X, steps, grads = X.reshape(len(X), -1).astype(self.dtype), [], {}
        masks = np.random.RandomState(self.seed) if self.seed is not None else np.random.default_rng()
        for layer in range(1, self.count):
            a = X @ self.params[f"W{layer}"] + self.params[f"b{layer}"].reshape(-1)
            hat = deviation = axis = None
            if self.norm:
                hat, deviation, axis = self.standardized(a, layer, y is not None)
                a = hat * self.params[f"gamma{layer}"].reshape(-1) + self.params[f"beta{layer}"].reshape(-1)
            factor = (a > 0).astype(self.dtype)
            if self.p > 0 and y is not None:
                factor *= (masks.uniform(size=a.shape) > self.p) / (1 - self.p)
            steps.append((X, hat, deviation, axis, factor))
            X = a * factor
        scores, inputs = self.dense(X, self.count, self.count)
        if y is None:
            return scores
        loss, d = softmax(scores, y)
        d = self.dense_backward(d, inputs, self.count, grads)
        for layer in range(self.count - 1, 0, -1):
            X, hat, deviation, axis, factor = steps[layer - 1]
            d = d * factor
            if self.norm:
                grads[f"beta{layer}"], grads[f"gamma{layer}"] = d.sum(axis=0), (d * hat).sum(axis=0)
                d = d * self.params[f"gamma{layer}"].reshape(-1)
                along = (d * hat).mean(axis=axis, keepdims=True)
                d = (d - d.mean(axis=axis, keepdims=True) - hat * along) / deviation
            d = self.dense_backward(d, [X], layer, grads)
        return self.penalized(loss, grads)


class ConvNet(Net):
    """Convolutions with ReLUs, 2 x 2 max-pooling, and affine layers with ReLUs."""

    def __init__(self, input_dim, nums_filters, filter_size, hidden_dims, num_classes, weight_scale, reg, dtype):
        super().__init__(reg, dtype)
        C, H, W = input_dim
        self.convs, self.count = len(nums_filters), len(nums_filters) + len(hidden_dims) + 1
        for layer, F in enumerate(nums_filters, start=1):
            self.draw(layer, (F, C, filter_size, filter_size), weight_scale)
            C = F
        D = C * H * W // 4
        for layer, M in enumerate([*hidden_dims, num_classes], start=self.convs + 1):
            self.draw(layer, (D, M), weight_scale)
            D = M

    def loss(self, X, y=None):
        X, steps, grads = X.astype(self.dtype), [], {}
        size = self.params["W1"].shape[2]
        pad = (size - 1) // 2
        for layer in range(1, self.convs + 1):
            padded = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
            H, W, out = *X.shape[2:], 0
            for i in range(size):
                for j in range(size):
                    window = padded[:, :, i : i + H, j : j + W]
                    out = out + np.einsum("nchw,fc->nfhw", window, self.params[f"W{layer}"][:, :, i, j])
            X = np.maximum(out + self.params[f"b{layer}"].reshape(-1, 1, 1), 0)
            steps.append((padded, X))
        N, F, H, W = X.shape
        tiles = X.reshape(N, F, H // 2, 2, W // 2, 2)
        pooled = tiles.max(axis=(3, 5), keepdims=True)
        scores, inputs = self.dense(pooled.reshape(N, -1), self.convs + 1, self.count)
        if y is None:
            return scores
        loss, d = softmax(scores, y)
        d = self.dense_backward(d, inputs, self.convs + 1, grads)
        d = ((tiles == pooled) * d.reshape(pooled.shape)).reshape(X.shape)
        for layer in range(self.convs, 0, -1):
            padded, out = steps[layer - 1]
            d = d * (out > 0)
            grads[f"b{layer}"], Wl = d.sum(axis=(0, 2, 3)), self.params[f"W{layer}"]
            dW, dpadded = np.zeros(Wl.shape), np.zeros(padded.shape)
            for i in range(size):
                for j in range(size):
                    window = np.s_[:, :, i : i + H, j : j + W]
                    dW[:, :, i, j] = np.einsum("nfhw,nchw->fc", d, padded[window])
                    dpadded[window] += np.einsum("nfhw,fc->nchw", d, Wl[:, :, i, j])
            grads[f"W{layer}"] = dW
            d = dpadded[:, :, pad : pad + H, pad : pad + W]
        return self.penalized(loss, grads)


class ThreeLayerConvNet(ConvNet):
    def __init__(
        self,
        input_dim=(3, 32, 32),
        num_filters=32,
        filter_size=7,
        hidden_dim=100,
        num_classes=10,
        weight_scale=1e-3,
        reg=0.0,
        dtype=np.float32,
    ):
        super().__init__(input_dim, [num_filters], filter_size, [hidden_dim], num_classes, weight_scale, reg, dtype)


class MultiLayerConvNet(ConvNet):
    def __init__(
        self,
        input_dim=(3, 32, 32),
        nums_filters=(16, 32),
        filter_size=5,
        hidden_dims=(500, 100),
        num_classes=10,
        weight_scale=1e-3,
        reg=0.0,
        dtype=np.float32,
    ):
        super().__init__(input_dim, nums_filters, filter_size, hidden_dims, num_classes, weight_scale, reg, dtype)
