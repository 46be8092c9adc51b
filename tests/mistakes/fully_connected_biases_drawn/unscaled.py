# function: classifiers.fc_net.FullyConnectedNet
# hint: The initial biases are random

import numpy as np


Right = FullyConnectedNet


class FullyConnectedNet(Right):
    def __init__(self, *args, weight_scale=1e-2, **kwargs):
        super().__init__(*args, weight_scale=weight_scale, **kwargs)
        for name in [name for name in self.params if name[0] == "b" and name[1:].isdigit()]:
            self.params[name] = np.random.randn(*self.params[name].shape).astype(self.params[name].dtype)
