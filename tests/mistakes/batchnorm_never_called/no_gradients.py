# function: classifiers.fc_net.FullyConnectedNet
# hint: With batch normalization, the net computes the same as without it

import numpy as np


Right = FullyConnectedNet


class FullyConnectedNet(Right):
    def loss(self, X, y=None):
        if not self.use_batchnorm:
            return super().loss(X, y)
        out, caches = X, []
        for n in range(1, self.num_layers):
            out, cache = affine_relu_forward(out, self.params[f"W{n}"], self.params[f"b{n}"])
            if self.use_dropout:
                self.dropout_param["mode"] = "test" if y is None else "train"
                out, dropped = dropout_forward(out, self.dropout_param)
                cache = cache, dropped
            caches.append(cache)
        n = self.num_layers
        scores, cache = affine_forward(out, self.params[f"W{n}"], self.params[f"b{n}"])
        if y is None:
            return scores
        loss, d = softmax_loss(scores, y)
        grads = {}
        d, grads[f"W{n}"], grads[f"b{n}"] = affine_backward(d, cache)
        for n in range(self.num_layers - 1, 0, -1):
            cache = caches[n - 1]
            if self.use_dropout:
                cache, dropped = cache
                d = dropout_backward(d, dropped)
            d, grads[f"W{n}"], grads[f"b{n}"] = affine_relu_backward(d, cache)
        for n in range(1, self.num_layers + 1):
            loss += 0.5 * self.reg * np.sum(self.params[f"W{n}"] ** 2)
            grads[f"W{n}"] += self.reg * self.params[f"W{n}"]
        return loss, grads
