# function: classifiers.cnn.MultiLayerConvNet
# hint: it does not depend on the width

import numpy as np


Right = MultiLayerConvNet


class MultiLayerConvNet(Right):
    def __init__(self, input_dim=(3, 32, 32), **kwargs):
        super().__init__(input_dim=input_dim, **kwargs)
        C, H, W = input_dim
        name = "W2" if "W4" not in self.params else f"W{self.num_convs + 1}"
        W2 = self.params[name]
        F = W2.shape[0] // ((H // 2) * (W // 2))
        self.params[name] = kwargs.get("weight_scale", 1e-3) * np.random.randn(F * (H // 2) ** 2, W2.shape[1]).astype(
            W2.dtype
        )
