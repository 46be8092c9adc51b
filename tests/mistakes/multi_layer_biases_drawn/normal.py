# function: classifiers.cnn.MultiLayerConvNet
# hint: The initial biases are random

import numpy as np


Right = MultiLayerConvNet


class MultiLayerConvNet(Right):
    def __init__(self, *args, weight_scale=1e-3, **kwargs):
        super().__init__(*args, weight_scale=weight_scale, **kwargs)
        for name in [name for name in self.params if name[0] == "b" and name[1:].isdigit()]:
            self.params[name] = np.random.normal(0, weight_scale, self.params[name].shape).astype(
                self.params[name].dtype
            )
