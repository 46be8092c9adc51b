"""Fully connected nets: one with two layers, and one of any depth with normalization and dropout."""

import numpy as np

from ..expect import expect_argument, expect_float_dtype, expect_net, expect_sizes, is_number
from ..layer_utils import *  # the notebooks import the layers from here
from ..layer_utils import (
    affine_bn_relu_backward,
    affine_bn_relu_forward,
    affine_ln_relu_backward,
    affine_ln_relu_forward,
    affine_relu_backward,
    affine_relu_forward,
)
from ..layers import *
from ..layers import affine_backward, affine_forward, dropout_backward, dropout_forward, softmax_loss


class TwoLayerNet:
    """A net with one hidden layer: affine - relu - affine - softmax.

    params: {'W1': (D, H), 'b1': (H,), 'W2': (H, C), 'b2': (C,)}; replace its arrays to train the net.
    reg: the strength of the L2 regularization.
    Source: CS231n notes, neural networks part 1; the case study.
    """

    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        """Draw weights from a normal distribution of mean 0 and standard deviation weight_scale; biases are zero.

        The weights are drawn from np.random in the order of the layers.
        Raises ValueError if a size is not a whole number from 1 up, or weight_scale or reg below 0.
        """
        sizes = {"input_dim": input_dim, "hidden_dim": hidden_dim, "num_classes": num_classes}
        expect_net("TwoLayerNet", reg, weight_scale, **sizes)
        self.params = {}
        self.reg = reg
        ###########################################################################
        # TODO: Write the constructor of TwoLayerNet as its docstring says.       #
        ###########################################################################
        raise NotImplementedError
        ###########################################################################
        #                            END OF YOUR CODE                             #
        ###########################################################################

    def loss(self, X, y=None):
        """Return the scores of X, (N, C), if there is no y; else the loss, and its gradients by the names in params.

        The loss is the softmax loss plus 0.5 * reg * the sum of the squares of all weights W (not of biases).

        X: (N, d_1, ..., d_k) with d_1 * ... * d_k = D; y: (N,), the right classes; not modified.
        Raises ValueError as affine_forward and softmax_loss do.
        """
        ###########################################################################
        # TODO: Write TwoLayerNet.loss as its docstring says, part 1 of 2. The    #
        # code below needs scores.                                                #
        ###########################################################################
        raise NotImplementedError
        ###########################################################################
        #                            END OF YOUR CODE                             #
        ###########################################################################
        if y is None:
            return scores

        grads = {}
        ###########################################################################
        # TODO: Write TwoLayerNet.loss as its docstring says, part 2 of 2. The    #
        # code below needs loss.                                                  #
        ###########################################################################
        raise NotImplementedError
        ###########################################################################
        #                            END OF YOUR CODE                             #
        ###########################################################################
        return loss, grads


class FullyConnectedNet:
    """A net of any depth: {affine - [batch or layer norm] - relu - [dropout]} x (L - 1) - affine - softmax.

    params: W1, b1, ..., WL, bL by the order of the layers, and with a normalization gamma1, beta1, ... for the hidden
    layers; replace its arrays to train the net.
    bn_params: for each hidden layer a dict, its bn_param or ln_param. dropout_param: the dict of all dropout layers.
    num_layers: L. Also reg, dtype, normalization, use_batchnorm and use_dropout.
    Source: CS231n notes, neural networks parts 1 and 2.
    """

    def __init__(
        self,
        hidden_dims,
        input_dim=3 * 32 * 32,
        num_classes=10,
        dropout=0,
        use_batchnorm=False,
        reg=0.0,
        weight_scale=1e-2,
        dtype=np.float32,
        seed=None,
        normalization=None,
    ):
        """Draw weights from a normal distribution of mean 0 and standard deviation weight_scale.

        Biases and betas are zero, gammas one. The weights are drawn from np.random in the order of the layers.

        hidden_dims: the sizes of the hidden layers, any number of them.
        dropout: the probability to drop a value; 0 means no dropout.
        normalization: None, "batchnorm" or "layernorm". use_batchnorm=True means the same as "batchnorm".
        dtype: all computations are done in it: float32 is fast, float64 is for gradient checks.
        seed: passed to the dropout layers, so that they drop the same values each time; None for others each time.
        Raises ValueError if a size is not a whole number from 1 up, weight_scale or reg below 0, dropout not from 0 to
        below 1, dtype not one of floats, normalization another word, or "layernorm" along with use_batchnorm=True.
        """
        place = "FullyConnectedNet"
        expect_net(place, reg, weight_scale, input_dim=input_dim, num_classes=num_classes)
        expect_float_dtype(place, dtype)
        expect_sizes(place, "hidden_dims", hidden_dims, "a list of whole numbers from 1 up")
        right = is_number(dropout) and 0 <= dropout < 1
        expect_argument(place, "dropout", dropout, right, "the probability of dropping, from 0 (off) to below 1")
        right = normalization in (None, "batchnorm", "layernorm")
        expect_argument(place, "normalization", normalization, right, "None, 'batchnorm' or 'layernorm'")
        right = not (use_batchnorm and normalization == "layernorm")
        expect_argument(place, "normalization", normalization, right, "None or 'batchnorm' beside use_batchnorm=True")

        self.normalization = "batchnorm" if use_batchnorm else normalization
        self.use_batchnorm = self.normalization == "batchnorm"
        self.use_dropout = dropout > 0
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}
        ###########################################################################
        # TODO: Write the constructor of FullyConnectedNet as its docstring says. #
        ###########################################################################
        raise NotImplementedError
        ###########################################################################
        #                            END OF YOUR CODE                             #
        ###########################################################################

        # All dropout layers may share one dict; each batch norm stores its running averages in its own dict.
        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {"mode": "train", "p": dropout}
            if seed is not None:
                self.dropout_param["seed"] = seed
        self.bn_params = []
        if self.use_batchnorm:
            self.bn_params = [{"mode": "train"} for _ in hidden_dims]
        elif self.normalization == "layernorm":
            self.bn_params = [{} for _ in hidden_dims]

        for name, values in self.params.items():
            self.params[name] = values.astype(dtype)

    def loss(self, X, y=None):
        """Return the scores of X, (N, C), in test mode if there is no y; else loss and gradients, in train mode.

        The loss is the softmax loss plus 0.5 * reg * the sum of the squares of all weights W (not of biases, gammas or
        betas). The gradients are a dict with the names in params.

        X: (N, d_1, ..., d_k) with d_1 * ... * d_k = D; y: (N,), the right classes; not modified.
        Raises ValueError as affine_forward and softmax_loss do.
        """
        X = X.astype(self.dtype, copy=False)
        mode = "test" if y is None else "train"
        if self.use_dropout:
            self.dropout_param["mode"] = mode
        if self.use_batchnorm:
            for bn_param in self.bn_params:
                bn_param["mode"] = mode
        ###########################################################################
        # TODO: Write FullyConnectedNet.loss as its docstring says, part 1 of 2.  #
        # The code below needs scores.                                            #
        ###########################################################################
        raise NotImplementedError
        ###########################################################################
        #                            END OF YOUR CODE                             #
        ###########################################################################
        if y is None:
            return scores

        grads = {}
        ###########################################################################
        # TODO: Write FullyConnectedNet.loss as its docstring says, part 2 of 2.  #
        # The code below needs loss.                                              #
        ###########################################################################
        raise NotImplementedError
        ###########################################################################
        #                            END OF YOUR CODE                             #
        ###########################################################################
        return loss, grads
