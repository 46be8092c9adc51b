# function: classifiers.fc_net.TwoLayerNet
# hint: The initial biases are random

import numpy as np


Right = TwoLayerNet


class TwoLayerNet(Right):
    def __init__(self, *args, weight_scale=1e-3, **kwargs):
        super().__init__(*args, weight_scale=weight_scale, **kwargs)
        for name in [name for name in self.params if name[0] == "b" and name[1:].isdigit()]:
            self.params[name] = (weight_scale * np.random.randn(self.params[name].size)).astype(self.params[name].dtype)
