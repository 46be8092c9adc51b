"""Right code must not lose marks by an earlier mistake, by its own helper or by its style. In real sandboxes."""

import sys
from functools import cache

import pytest
from cases import ROOT, check_of, lost, reference_files, with_few_checks

from grader.grading.context import Settings, prepare
from grader.grading.submission import grade_submission
from grader.messages.of_check import message_of
from grader.records import Submission

pytestmark = pytest.mark.process


@cache
def context():
    return prepare(Settings(str(ROOT / "assignment"), sys.executable, "auto"))


def graded(*functions, **added):
    """Grade the reference with text added to its files (layers, optim, fc_net, cnn), by these functions or by all."""
    paths = {"layers": "layers.py", "optim": "optim.py"} | {
        name: f"classifiers/{name}.py" for name in ("fc_net", "cnn")
    }
    files = reference_files()
    for name, text in added.items():
        files[paths[name]] += text.encode()
    return grade_submission(Submission("case", "case", files), with_few_checks(context(), *functions))


def edited(*functions, **pairs):
    """Grade the reference with one text of a file replaced (fc_net=(old, new)), by these functions or by all."""
    files = reference_files()
    for name, (old, new) in pairs.items():
        path = f"{name}.py" if f"{name}.py" in files else f"classifiers/{name}.py"
        assert old.encode() in files[path]
        files[path] = files[path].replace(old.encode(), new.encode())
    return grade_submission(Submission("case", "case", files), with_few_checks(context(), *functions))


# A forward that cannot take some shapes.

STOPS = """

def stopped(forward, fits):
    def guarded(x, *args):
        if not fits(x):
            raise ValueError("too many values to unpack")
        out, cache = forward(x, *args)
        return out, cache if type(cache) is not np.ndarray else (cache, "of its own")
    return guarded

{name} = stopped({name}, lambda x: {fits})
"""
DROPOUT = ("dropout_forward", "dropout_backward")
UNPACKS = """

def unpacking(backward):
    return lambda dout, cache: backward(dout, cache[0])

relu_backward = unpacking(relu_backward)
"""


@pytest.mark.parametrize(
    ("forward", "backward", "fits", "more"),
    [
        ("dropout_forward", ["dropout_backward"], "x.ndim == 2", ""),
        ("relu_forward", ["relu_backward"], "x.ndim == 2", UNPACKS),
        ("batchnorm_forward", ["batchnorm_backward", "batchnorm_backward_alt"], "len(x) > 3", ""),
        ("layernorm_forward", ["layernorm_backward"], "len(x) > 1", ""),
        ("spatial_groupnorm_forward", ["spatial_groupnorm_backward"], "x.shape[1] == 6", ""),
    ],
)
def test_a_forward_that_fails_on_some_shapes_costs_its_backward_nothing(forward, backward, fits, more):
    result = graded(forward, *backward, layers=STOPS.format(name=forward, fits=fits) + more)
    points = {function.function.rpartition(".")[2]: function for function in result.functions}
    assert points[forward].points < points[forward].max_points
    for name in backward:
        assert points[name].points == points[name].max_points, name
        counted = [c for c in result.checks if c.function.endswith(f".{name}") and c.follow_through]
        assert not counted or all("counts in full" in message_of(check) for check in counted)
    assert any(check.follow_through for check in result.checks)


def test_a_wrong_backward_still_loses_where_its_forward_fails():
    wrong = "\n\ndef dropout_backward(dout, cache):\n    return dout * cache[1] * 2 if cache[1] is not None else dout\n"
    result = graded(*DROPOUT, layers=STOPS.format(name="dropout_forward", fits="x.ndim == 2") + wrong)
    backward = next(function for function in result.functions if function.function == "layers.dropout_backward")
    check = check_of(result, "dropout_backward.another_call")
    assert 0 < check.points < check.max_points
    assert backward.points < 0.9 * backward.max_points


def test_a_forward_that_is_right_in_no_hidden_check_brings_its_backward_half():
    stops = STOPS.format(name="dropout_forward", fits="x.shape in ((120, 100), (6, 5), (20, 30), (4, 5))")
    check = check_of(graded(*DROPOUT, layers=stops), "dropout_backward.another_call")
    assert check.points == pytest.approx(check.max_points / 2, abs=1e-5)
    assert "counts for 50 %" in message_of(check)


# On stubs, with a forward of its own. The wrong loss sends the nets there.

WRONG_LOSS = """

def twice(loss):
    def softmax_loss(x, y):
        value, dx = loss(x, y)
        return 2 * value, 2 * dx
    return softmax_loss

softmax_loss = twice(softmax_loss)
"""
WRONG_CONV = """

def shifted(forward):
    def conv_forward_naive(x, w, b, conv_param):
        out, cache = forward(x, w, b, conv_param)
        return out[:, :, ::-1], cache
    return conv_forward_naive

conv_forward_naive = shifted(conv_forward_naive)
"""
BATCHNORM = """

def batchnorm_short(x, gamma, beta, bn_param):
    eps, momentum, averages = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9), []
    for name, sample in (("running_mean", x.mean(0)), ("running_var", x.var(0))):
        if bn_param["mode"] == "train":
            before = bn_param.get(name, np.zeros(x.shape[1]))
            bn_param[name] = momentum * before + (1 - momentum) * sample
            averages.append(sample)
        else:
            averages.append(bn_param[name])
    std = np.sqrt(averages[1] + eps)
    x_hat = (x - averages[0]) / std
    out = gamma * x_hat + beta
    return out, (x_hat, gamma, std)


def batchnorm_backward_alt(dout, cache):
    z, gamma, std = cache
    dz = dout * gamma
    dx = (dz - dz.mean(0) - z * (dz * z).mean(0)) / std
    return dx, (dout * z).sum(0), dout.sum(0)
"""
LAYERNORM = """

def layernorm_own(x, gamma, beta, ln_param):
    std = np.sqrt(x.var(1, keepdims=True) + 1e-5)
    z = (x - x.mean(1, keepdims=True)) / std
    return gamma * z + beta, (gamma, z, std)


def layernorm_backward(dout, cache):
    gamma, z, std = cache
    dz = dout * gamma
    dx = (dz - dz.mean(1, keepdims=True) - z * (dz * z).mean(1, keepdims=True)) / std
    return dx, (dout * z).sum(0), dout.sum(0)
"""
RELU = """

def relu_own(x):
    return np.maximum(0, x), {"mask": x > 0}


def relu_backward(dout, cache):
    return dout * cache["mask"]
"""
AFFINE = """

class LocalHandle:
    def __init__(self, x, w):
        self.x, self.w = x, w


def affine_own(x, w, b):
    return x.reshape(len(x), -1) @ w + b, LocalHandle(x, w)


def affine_backward(dout, cache):
    x, w = cache.x, cache.w
    return (dout @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dout, dout.sum(0)
"""
SANDWICHES = """

from .. import layers


def forward(norm):
    def sandwich(x, w, b, *more):
        out, affine = layers.{affine}(x, w, b)
        cache = None
        if norm:
            out, cache = norm(out, *more)
        out, relu = layers.{relu}(out)
        return out, (affine, cache, relu)
    return sandwich


def backward(norm):
    def sandwich(dout, caches):
        affine, cache, relu = caches
        dout, more = layers.relu_backward(dout, relu), ()
        if norm:
            dout, *more = norm(dout, cache)
        return (*layers.affine_backward(dout, affine), *more)
    return sandwich


affine_relu_forward, affine_relu_backward = forward(None), backward(None)
affine_bn_relu_forward = forward(lambda *args: layers.{batchnorm}(*args))
affine_bn_relu_backward = backward(lambda *args: layers.{batchnorm_backward}(*args))
affine_ln_relu_forward = forward(lambda *args: layers.{layernorm}(*args))
affine_ln_relu_backward = backward(lambda *args: layers.layernorm_backward(*args))
affine_forward = lambda x, w, b: layers.{affine}(x, w, b)
"""
OF_THE_NET = (
    *(f"{name}_{way}" for name in ("affine", "relu", "batchnorm", "layernorm") for way in ("forward", "backward")),
    "batchnorm_backward_alt",
    "softmax_loss",
    "FullyConnectedNet",
)
NAMES = {
    "affine": "affine_forward",
    "relu": "relu_forward",
    "batchnorm": "batchnorm_forward",
    "batchnorm_backward": "batchnorm_backward",
    "layernorm": "layernorm_forward",
}


@pytest.mark.parametrize(
    ("layers", "names"),
    [
        (BATCHNORM, {"batchnorm": "batchnorm_short", "batchnorm_backward": "batchnorm_backward_alt"}),
        (LAYERNORM, {"layernorm": "layernorm_own"}),
        (RELU, {"relu": "relu_own"}),
        (AFFINE, {"affine": "affine_own"}),
    ],
    ids=["batchnorm", "layernorm_of_the_same_length", "relu_in_a_dict", "affine_in_an_object"],
)
def test_on_stubs_a_cache_of_ones_own_forward_goes_to_ones_own_backward(layers, names):
    result = graded(*OF_THE_NET, layers=layers + WRONG_LOSS, fc_net=SANDWICHES.format(**NAMES | names))
    assert "softmax_loss" in lost(result)
    assert "FullyConnectedNet" not in lost(result)
    assert any(check.stubs for check in result.checks if check.function.endswith("FullyConnectedNet"))


# In a script equal names are one object. In a process that receives its arguments they would not be.


@pytest.mark.parametrize(
    ("fc_net", "layers"),
    [
        (('self.normalization == "layernorm"', 'self.normalization is "layernorm"'), None),
        (None, ('if bn_param["mode"] == "train":', 'if bn_param["mode"] is "train":')),
        (None, ('if mode == "test":', 'if [key for key in dropout_param if key is "mode"] and mode is "test":')),
    ],
    ids=["a_keywords_value", "a_dicts_value", "a_dicts_key"],
)
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_names_may_be_compared_by_identity(fc_net, layers):
    result = edited(
        *OF_THE_NET, *DROPOUT, **{name: pair for name, pair in (("fc_net", fc_net), ("layers", layers)) if pair}
    )
    assert not lost(result)


# Optimizers whose config has another default.


@pytest.mark.parametrize("rule", ["sgd_momentum", "rmsprop", "adam"])
def test_a_config_of_ones_own_by_default_is_right(rule):
    result = edited(rule, optim=(f"def {rule}(w, dw, config=None):", f"def {rule}(w, dw, config={{}}):"))
    # The reference's next line would accept None as well, so it is removed, too.
    assert not lost(result)
    files = reference_files()
    source = files["optim.py"].decode().replace("config=None", "config={}")
    files["optim.py"] = source.replace("    config = {} if config is None else config\n", "").encode()
    assert not lost(grade_submission(Submission("case", "case", files), with_few_checks(context(), rule)))


# Biases in a row or column.


@pytest.mark.parametrize("shape", ["(1, num_filters)", "(num_filters, 1)", "(num_filters, 1, 1)"])
def test_biases_of_a_convolution_may_lie_in_a_row_or_column(shape):
    result = edited(
        "ThreeLayerConvNet", cnn=('self.params["b1"] = np.zeros(num_filters)', f'self.params["b1"] = np.zeros({shape})')
    )
    assert not lost(result)


def test_on_stubs_biases_may_also_lie_in_a_row_or_column():
    naive = """

import importlib

layers = importlib.import_module("..layers", __package__)


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    a, conv = layers.conv_forward_naive(x, w, b, conv_param)
    out, relu = layers.relu_forward(a)
    out, pool = layers.max_pool_forward_naive(out, pool_param)
    return out, (conv, relu, pool)


def conv_relu_pool_backward(dout, cache):
    conv, relu, pool = cache
    dout = layers.relu_backward(layers.max_pool_backward_naive(dout, pool), relu)
    return layers.conv_backward_naive(dout, conv)
"""
    files = reference_files()
    old = b'self.params["b1"] = np.zeros(num_filters)'
    assert old in files["classifiers/cnn.py"]
    files["classifiers/cnn.py"] = files["classifiers/cnn.py"].replace(old, old[:-1] + b" and (num_filters, 1))")
    files["classifiers/cnn.py"] += naive.encode()
    # The convolution takes columns, and is wrong.
    files["layers.py"] = files["layers.py"].replace(
        b'    expect_conv("conv_forward_naive", x, w, b, conv_param)\n', b"    b = b.reshape(-1)\n"
    )
    files["layers.py"] += WRONG_CONV.encode()
    few = with_few_checks(context(), "conv_forward_naive", "conv_backward_naive", "ThreeLayerConvNet")
    result = grade_submission(Submission("case", "case", files), few)
    assert "conv_forward_naive" in lost(result)
    assert "ThreeLayerConvNet" not in lost(result)


# Layers that take any shape.

ONLY = """

def only(function, shapes):
    def limited(x, *args):
        if x.ndim in shapes:
            return function(x, *args)
        return {otherwise}
    return limited

{name} = only({name}, {axes})
"""


@pytest.mark.parametrize(
    ("name", "axes", "otherwise"),
    [
        ("relu_backward", (2, 4), "x"),
        ("relu_backward", (1, 2, 4, 5), "x"),
        ("relu_backward", (2, 3, 4, 5), "x"),
        ("relu_forward", (2, 4), "(x, x)"),
        ("relu_forward", (1, 2, 3, 4), "(x, x)"),
        ("affine_forward", (2, 4), "function(x[:, :1] * 0 + x[:, :1], *args)"),
        ("affine_forward", (2, 3, 4), "(function(x * 0, *args)[0], (x, *args))"),
        ("dropout_forward", (2, 4), "(x, (args[0], None))"),
        ("dropout_forward", (2, 3, 4, 5), "(x, (args[0], None))"),
        ("dropout_backward", (2, 4), "x"),
    ],
)
def test_a_layer_that_is_right_for_some_shapes_only_loses_marks(name, axes, otherwise):
    assert name in lost(graded(name, layers=ONLY.format(name=name, axes=axes, otherwise=otherwise)))


SHORT_OF_AXES = """

def of_axes(backward):
    def affine_backward(dout, cache):
        dx, dw, db = backward(dout, cache)
        return dx if cache[0].ndim in {axes} else dx.reshape(len(dx), -1), dw, db
    return affine_backward

affine_backward = of_axes(affine_backward)
"""


@pytest.mark.parametrize("axes", [(2, 4), (2, 3, 4), (2, 4, 5)])
def test_a_gradient_that_has_its_inputs_shape_for_some_shapes_only_loses_marks(axes):
    assert "affine_backward" in lost(graded("affine_backward", layers=SHORT_OF_AXES.format(axes=axes)))
