"""Mistakes that several nets share, each with its hint: in the biases, the penalty, the sizes and the normalization.

Each variant is the reference's own source with a few words changed. A hint says what the mistake is and where to look,
not the solution.
"""

import inspect
from functools import cache

from grader.checks import misconception

TWO = "classifiers.fc_net.TwoLayerNet"
MANY = "classifiers.fc_net.FullyConnectedNet"
THREE = "classifiers.cnn.ThreeLayerConvNet"
MULTI = "classifiers.cnn.MultiLayerConvNet"

BIASES_DRAWN = (
    "The initial biases are random, as the weights are. What does the docstring of the constructor say about them?"
)
NO_PENALTY = "The regularization is missing in the loss and in the gradients: both are the same for every reg."
LAST_UNPENALISED = (
    "The penalty leaves out the weights of the last layer. Where does your loop over the layers end? The docstring "
    "asks for the penalty on all weights."
)
HEIGHT_TWICE = (
    "The size of the first affine layer is right only for images that are as wide as they are high: it does not "
    "depend on the width. What are the height and the width after the pooling?"
)
NEVER_NORMALIZED = (
    "With batch normalization, the net computes the same as without it. Does your code ever call the layer, between "
    "affine and ReLU?"
)
LAYERNORM_NOT_WRITTEN = (
    'A net with normalization="layernorm" behaves like a net without it: it has no gammas and no betas. Have you '
    "written that part yet?"
)
NO_NORM_EVER = (
    "With either normalization, the net computes the same as without one. Does your code ever call these layers, "
    "between affine and ReLU?"
)


@cache
def edited(Net, *changes):
    """Return the class Net with each (old, new) replaced in its source. Raises ValueError unless every old occurs
    exactly once.
    """
    source = inspect.getsource(Net)
    for old, new in changes:
        if source.count(old) != 1:
            raise ValueError(f"{Net.__name__}: {old!r} occurs {source.count(old)} times in its source, expected once.")
        source = source.replace(old, new)
    names = dict(Net.loss.__globals__)
    exec(source, names)
    return names[Net.__name__]


def of_edited(function, name, hint, *changes, **options):
    """Register a misconception: the class with these changes."""
    _, module, last = function.split(".")

    def run(reference, *args, **kwargs):
        return edited(getattr(getattr(reference.classifiers, module), last), *changes)(*args, **kwargs)

    run.__name__ = name
    misconception(function, hint, **options)(run)


BIASES = {
    TWO: ("np.zeros(hidden_dim)", "np.zeros(num_classes)"),
    MANY: ('[f"b{layer}"] = np.zeros(fan_out)',),
    THREE: ("np.zeros(num_filters)", "np.zeros(hidden_dim)", "np.zeros(num_classes)"),
    MULTI: ("np.zeros(biases)",),
}
for net, places in BIASES.items():
    for scale in ("weight_scale * ", ""):
        drawn = [(place, place.replace("np.zeros", scale + "np.random.randn")) for place in places]
        of_edited(net, f"biases_drawn{'_unscaled' * (not scale)}", BIASES_DRAWN, *drawn)

of_edited(TWO, "no_l2", NO_PENALTY, ('in ("W1", "W2"):', "in ():"))
of_edited(MANY, "no_l2", NO_PENALTY, ("range(1, last + 1)", "range(0)"))
of_edited(THREE, "no_l2", NO_PENALTY, ('for name in ("W1", "W2", "W3"):', "for name in ():"))
of_edited(MULTI, "no_l2", NO_PENALTY, ("0.5 * self.reg", "0 * self.reg"), ("+= self.reg * W", "+= 0 * W"))

of_edited(
    THREE,
    "l2_not_of_last",
    LAST_UNPENALISED,
    ('for name in ("W1", "W2", "W3"):', 'for name in ("W1", "W2"):'),
    beside=True,
)
of_edited(
    MULTI,
    "l2_not_of_last",
    LAST_UNPENALISED,
    ("loss += 0.5 * self.reg", "loss += (layer < self.num_layers) * 0.5 * self.reg"),
    ("+= self.reg * W", "+= (layer < self.num_layers) * self.reg * W"),
    beside=True,
)

of_edited(THREE, "height_twice", HEIGHT_TWICE, ("(H_conv // 2) * (W_conv // 2)", "(H_conv // 2) * (H_conv // 2)"))
of_edited(MULTI, "height_twice", HEIGHT_TWICE, ("(H // 2) * (W // 2)", "(H // 2) * (H // 2)"))

of_edited(
    MANY,
    "layernorm_not_written",
    LAYERNORM_NOT_WRITTEN,
    (
        '"batchnorm" if use_batchnorm else normalization\n',
        '"batchnorm" if use_batchnorm or normalization == "batchnorm" else None\n',
    ),
)

for kind, hint in (("batchnorm", NEVER_NORMALIZED), ("norm", NO_NORM_EVER)):
    called = 'self.normalization != "layernorm"' if kind == "batchnorm" else "True"
    ways = (
        ("if self.normalization is None:\n                out,", f"if {called}:\n                out,"),
        ("if self.normalization is None:\n                dout,", f"if {called}:\n                dout,"),
    )
    zeros = (
        'grads[f"W{layer}"], grads[f"b{layer}"] = dw, db\n',
        'grads[f"W{layer}"], grads[f"b{layer}"] = dw, db\n'
        '            if f"gamma{layer}" in self.params and f"gamma{layer}" not in grads:\n'
        '                for name in (f"gamma{layer}", f"beta{layer}"):\n'
        "                    grads[name] = np.zeros_like(self.params[name])\n",
    )
    of_edited(MANY, f"{kind}_never_called", hint, *ways)
    of_edited(MANY, f"{kind}_never_called_and_no_gradient", hint, *ways, zeros)
