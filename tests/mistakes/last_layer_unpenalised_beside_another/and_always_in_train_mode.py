# function: classifiers.fc_net.FullyConnectedNet
# hint: The penalty leaves out the weights of the last layer
# and: a normalization by the test batch's own mean and variance

import numpy as np


Right = FullyConnectedNet


class FullyConnectedNet(Right):
    def loss(self, X, y=None):
        if y is None:
            for bn_param in self.bn_params:
                bn_param["mode"] = "train"
            return self.scores(X)
        loss, grads = super().loss(X, y)
        W = self.params[f"W{self.num_layers}"]
        loss -= 0.5 * self.reg * np.sum(W * W)
        grads[f"W{self.num_layers}"] = grads[f"W{self.num_layers}"] - self.reg * W
        pass
        return loss, grads

    def scores(self, X):
        out = X
        for n in range(1, self.num_layers):
            out, _ = affine_forward(out, self.params[f"W{n}"], self.params[f"b{n}"])
            if self.use_batchnorm:
                out, _ = batchnorm_forward(
                    out, self.params[f"gamma{n}"], self.params[f"beta{n}"], self.bn_params[n - 1]
                )
            elif self.normalization:
                out, _ = layernorm_forward(out, self.params[f"gamma{n}"], self.params[f"beta{n}"], {})
            out, _ = relu_forward(out)
        return affine_forward(out, self.params[f"W{n + 1}"], self.params[f"b{n + 1}"])[0]
