# function: classifiers.fc_net.FullyConnectedNet
# hint: The penalty leaves out the weights of the last layer

import numpy as np


Right = FullyConnectedNet


class FullyConnectedNet(Right):
    def loss(self, X, y=None):
        if y is None:
            return super().loss(X)
        loss, grads = super().loss(X, y)
        W = self.params[f"W{self.num_layers}"]
        loss -= 0.5 * self.reg * np.sum(W * W)
        grads[f"W{self.num_layers}"] = grads[f"W{self.num_layers}"] - self.reg * W
        grads.update({name: np.zeros_like(values) for name, values in grads.items() if name.startswith("beta")})
        return loss, grads
