# function: classifiers.fc_net.FullyConnectedNet
# hint: The L2 penalty in the loss is twice as large as it should be

import numpy as np


Right = FullyConnectedNet


class FullyConnectedNet(Right):
    def loss(self, X, y=None):
        told = super().loss(X, y)
        if y is None:
            return told
        loss, grads = told
        weights = [values for name, values in self.params.items() if name[0] == "W"]
        loss += self.reg / 2 * sum(np.linalg.norm(W) ** 2 for W in weights)
        return loss, grads
