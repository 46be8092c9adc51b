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
        flat = np.concatenate([W.ravel() for W in weights])
        loss = loss + 0.5 * self.reg * flat @ flat
        return loss, grads
