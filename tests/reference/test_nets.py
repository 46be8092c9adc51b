"""The nets compared with formulas written out in NumPy and SciPy, and with the slopes of those."""

import math

import numpy as np
import pytest
from arrays import UnchangedArguments, conv_by_scipy, slopes
from numpy.lib.stride_tricks import sliding_window_view

from reference.classifiers.cnn import MultiLayerConvNet, ThreeLayerConvNet
from reference.classifiers.fc_net import FullyConnectedNet, TwoLayerNet

# Without a compiler, NumPy replaces the compiled kernels of the convolutions.
pytestmark = pytest.mark.filterwarnings("ignore:fast_layers:RuntimeWarning")


@pytest.fixture(autouse=True)
def generator_put_back():
    """The nets draw their weights from the global generator; restore it."""
    before = np.random.get_state()
    np.random.seed(231)
    yield
    np.random.set_state(before)


def relu(x):
    return (x + np.abs(x)) / 2


def softmax(scores, y):
    odds = np.exp(scores)
    return -np.mean(np.log(odds[np.arange(len(y)), y] / odds.sum(axis=1)))


def sum_of_squares(params):
    return sum(np.sum(W**2) for name, W in params.items() if name.startswith("W"))


def standardize(a, axis, averages=None):
    mean, var = averages or (a.mean(axis=axis, keepdims=True), a.var(axis=axis, keepdims=True))
    return (a - mean) / np.sqrt(var + 1e-5)


def fc_scores(params, X, normalization=None, dropped=None, averages=None):
    """Return the scores. dropped: (p, seed); averages: running mean and variance of each batch norm, for test mode."""
    out = X.reshape(len(X), -1)
    last = sum(name.startswith("W") for name in params)
    for k in range(1, last):
        out = out @ params[f"W{k}"] + params[f"b{k}"]
        if normalization:
            axis = 0 if normalization == "batchnorm" else 1
            out = standardize(out, axis, averages and averages[k - 1]) * params[f"gamma{k}"] + params[f"beta{k}"]
        out = relu(out)
        if dropped:
            p, seed = dropped
            out = np.where(np.random.RandomState(seed).rand(*out.shape) < 1 - p, out / (1 - p), 0)
    return out @ params[f"W{last}"] + params[f"b{last}"]


def conv_scores(params, X, num_convs):
    out, pad = X, (params["W1"].shape[2] - 1) // 2
    for k in range(1, num_convs + 1):
        out = relu(conv_by_scipy(out, params[f"W{k}"], params[f"b{k}"], 1, pad))
    out = sliding_window_view(out, (2, 2), axis=(2, 3))[:, :, ::2, ::2].max(axis=(4, 5)).reshape(len(X), -1)
    last = sum(name.startswith("W") for name in params)
    for k in range(num_convs + 1, last + 1):
        out = out @ params[f"W{k}"] + params[f"b{k}"]
        out = relu(out) if k < last else out
    return out


def assert_loss_and_gradients(model, scores_of, X, y, reg):
    """Compare loss and gradients with the oracle `scores_of(params)`. All parameters become random, so that no ReLU
    sits on its kink.
    """
    rng = np.random.RandomState(3)
    model.params = {name: rng.uniform(-0.8, 0.8, values.shape) for name, values in model.params.items()}
    model.reg = reg
    frozen = UnchangedArguments(X, y, *model.params.values())
    loss, grads = model.loss(X, y)

    def loss_of(params):
        return softmax(scores_of(params), y) + reg / 2 * sum_of_squares(params)

    assert loss == pytest.approx(loss_of(model.params), rel=1e-12)
    assert set(grads) == set(model.params)
    for name, values in model.params.items():
        by_slopes = slopes(lambda moved, name=name: loss_of(model.params | {name: moved}), values)
        assert grads[name].shape == values.shape
        np.testing.assert_allclose(grads[name], by_slopes, rtol=1e-5, atol=1e-7, err_msg=name)
    frozen.assert_unchanged()


# --- initialization


@pytest.mark.parametrize(
    ("net", "shapes"),
    [
        (
            lambda: TwoLayerNet(6, 5, 4, weight_scale=0.5),
            {"W1": (6, 5), "b1": (5,), "W2": (5, 4), "b2": (4,)},
        ),
        (lambda: FullyConnectedNet([], 6, 4, weight_scale=0.5, normalization="batchnorm"), {"W1": (6, 4), "b1": (4,)}),
        (
            lambda: FullyConnectedNet((5, 7), 6, 4, weight_scale=0.5),
            {"W1": (6, 5), "b1": (5,), "W2": (5, 7), "b2": (7,), "W3": (7, 4), "b3": (4,)},
        ),
        (
            lambda: FullyConnectedNet([5], 6, 4, weight_scale=0.5, normalization="layernorm"),
            {"W1": (6, 5), "b1": (5,), "gamma1": (5,), "beta1": (5,), "W2": (5, 4), "b2": (4,)},
        ),
        (
            lambda: ThreeLayerConvNet((2, 7, 4), 3, 5, 6, 4, weight_scale=0.5),
            {"W1": (3, 2, 5, 5), "b1": (3,), "W2": (3 * 3 * 2, 6), "b2": (6,), "W3": (6, 4), "b3": (4,)},
        ),
        (
            # An even filter makes height and width one pixel smaller: 6 x 9 after the convolution, 3 x 4 after the
            # pooling.
            lambda: ThreeLayerConvNet((2, 7, 10), 3, 4, 6, 4, weight_scale=0.5),
            {"W1": (3, 2, 4, 4), "b1": (3,), "W2": (3 * 3 * 4, 6), "b2": (6,), "W3": (6, 4), "b3": (4,)},
        ),
        (
            lambda: MultiLayerConvNet((2, 7, 4), [3, 5], 3, [6], 4, weight_scale=0.5),
            {"W1": (3, 2, 3, 3), "b1": (3,), "W2": (5, 3, 3, 3), "b2": (5,)}
            | {"W3": (5 * 3 * 2, 6), "b3": (6,), "W4": (6, 4), "b4": (4,)},
        ),
        (
            lambda: MultiLayerConvNet((2, 4, 6), (3,), 1, (), 4, weight_scale=0.5),
            {"W1": (3, 2, 1, 1), "b1": (3,), "W2": (3 * 2 * 3, 4), "b2": (4,)},
        ),
    ],
)
def test_weights_are_drawn_in_order_biases_and_betas_zero_gammas_one(net, shapes):
    np.random.seed(7)
    model, stream = net(), np.random.RandomState(7)
    assert {name: values.shape for name, values in model.params.items()} == shapes
    for k in range(1, len(shapes)):
        if f"W{k}" in shapes:
            expected = (0.5 * stream.randn(*shapes[f"W{k}"])).astype(model.params[f"W{k}"].dtype)
            np.testing.assert_array_equal(model.params[f"W{k}"], expected)
    for name, values in model.params.items():
        assert name.startswith("W") or (values == name.startswith("gamma")).all()
        assert values.dtype == (np.float64 if isinstance(model, TwoLayerNet) else np.float32)
    if not isinstance(model, (TwoLayerNet, ThreeLayerConvNet)):
        assert model.num_layers == sum(name.startswith("W") for name in shapes)


def test_defaults():
    def attributes_of(model):
        stds = {name: round(float(values.std()), 4) for name, values in model.params.items() if name.startswith("W")}
        return [values.shape for values in model.params.values()], stds, model.reg

    assert attributes_of(TwoLayerNet()) == ([(3072, 100), (100,), (100, 10), (10,)], {"W1": 0.001, "W2": 0.001}, 0.0)
    shapes, stds, reg = attributes_of(FullyConnectedNet([200]))
    assert (shapes, stds["W1"], reg) == ([(3072, 200), (200,), (200, 10), (10,)], 0.01, 0.0)
    shapes, stds, reg = attributes_of(ThreeLayerConvNet())
    assert shapes == [(32, 3, 7, 7), (32,), (32 * 16 * 16, 100), (100,), (100, 10), (10,)]
    assert (stds["W2"], reg) == (0.001, 0.0)
    shapes, stds, reg = attributes_of(MultiLayerConvNet())
    assert shapes[:6] == [(16, 3, 5, 5), (16,), (32, 16, 5, 5), (32,), (32 * 16 * 16, 500), (500,)]
    assert shapes[6:] == [(500, 100), (100,), (100, 10), (10,)]
    assert (stds["W3"], reg) == (0.001, 0.0)


def test_attributes_of_a_fully_connected_net():
    model = FullyConnectedNet([5, 6], 4, 3, reg=0.5, dtype=np.float64)
    assert (model.num_layers, model.reg, model.dtype, model.normalization) == (3, 0.5, np.float64, None)
    assert (model.use_batchnorm, model.use_dropout, model.bn_params, model.dropout_param) == (False, False, [], {})
    model = FullyConnectedNet([5, 6], 4, 3, dropout=0.25, use_batchnorm=True, seed=9)
    assert (model.normalization, model.use_batchnorm, model.use_dropout) == ("batchnorm", True, True)
    assert model.dropout_param == {"mode": "train", "p": 0.25, "seed": 9}
    assert model.bn_params == [{"mode": "train"}, {"mode": "train"}] and model.bn_params[0] is not model.bn_params[1]
    assert "seed" not in FullyConnectedNet([5], 4, 3, dropout=0.25).dropout_param
    model = FullyConnectedNet([5, 6], 4, 3, normalization="layernorm")
    assert (model.normalization, model.use_batchnorm, model.bn_params) == ("layernorm", False, [{}, {}])


# --- scores, loss and gradients


def test_two_layer_net_by_hand():
    model = TwoLayerNet(2, 2, 2, reg=0.5)
    model.params = {"W1": np.array([[1.0, -1.0], [1.0, 1.0]]), "b1": np.array([0.0, -3.0])}
    model.params |= {"W2": np.array([[1.0, 0.0], [5.0, 5.0]]), "b2": np.array([0.0, 3.0])}
    # Hidden values: 3 and -2; the ReLU leaves 3. Scores: 3 and 3, so both classes are equally likely.
    X = np.array([[1.0, 2.0]])
    assert model.loss(X).tolist() == [[3.0, 3.0]]
    loss, grads = model.loss(X, np.array([0]))
    assert loss == pytest.approx(math.log(2) + 0.25 * (4 + 51), rel=1e-15)
    expected = {
        "W1": [[-0.5 + 0.5, -0.5], [-1 + 0.5, 0.5]],
        "b1": [-0.5, 0.0],
        "W2": [[-1.5 + 0.5, 1.5], [2.5, 2.5]],
        "b2": [-0.5, 0.5],
    }
    assert set(grads) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(grads[name], values, atol=1e-15)


def test_two_layer_net_is_the_formula_with_its_slopes():
    rng = np.random.RandomState(0)
    X, y = rng.randn(5, 3, 2), rng.randint(4, size=5)
    assert_loss_and_gradients(TwoLayerNet(6, 7, 4), lambda params: fc_scores(params, X), X, y, reg=0.3)


@pytest.mark.parametrize("hidden_dims", [[], [7], [6, 5, 8]])
@pytest.mark.parametrize("normalization", [None, "batchnorm", "layernorm"])
@pytest.mark.parametrize("dropout", [0, 0.4])
def test_fully_connected_net_is_the_formula_with_its_slopes(hidden_dims, normalization, dropout):
    rng = np.random.RandomState(0)
    X, y = rng.randn(5, 3, 2), rng.randint(4, size=5)
    model = FullyConnectedNet(
        hidden_dims, 6, 4, dropout=dropout, dtype=np.float64, seed=11, normalization=normalization
    )
    dropped = (dropout, 11) if dropout else None
    assert_loss_and_gradients(model, lambda params: fc_scores(params, X, normalization, dropped), X, y, reg=0.3)


@pytest.mark.parametrize(
    ("net", "num_convs", "input_dim"),
    [
        (lambda dim: ThreeLayerConvNet(dim, 3, 3, 5, 4, dtype=np.float64), 1, (2, 5, 8)),
        (lambda dim: ThreeLayerConvNet(dim, 2, 4, 5, 4, dtype=np.float64), 1, (2, 7, 6)),
        (lambda dim: ThreeLayerConvNet(dim, 2, 2, 5, 4, dtype=np.float64), 1, (1, 4, 5)),
        (lambda dim: MultiLayerConvNet(dim, [3], 3, [], 4, dtype=np.float64), 1, (2, 4, 7)),
        (lambda dim: MultiLayerConvNet(dim, [3, 2], 3, [6], 4, dtype=np.float64), 2, (2, 5, 4)),
        (lambda dim: MultiLayerConvNet(dim, [2, 3, 2], 5, [6, 5], 4, dtype=np.float64), 3, (1, 3, 6)),
    ],
    ids=["three", "three even", "three even 2", "multi 1+1", "multi 2+2", "multi 3+3"],
)
def test_conv_nets_are_the_formula_with_its_slopes(net, num_convs, input_dim):
    rng = np.random.RandomState(0)
    X, y = rng.randn(3, *input_dim), rng.randint(4, size=3)
    model = net(input_dim)
    assert_loss_and_gradients(model, lambda params: conv_scores(params, X, num_convs), X, y, reg=0.3)
    np.testing.assert_allclose(model.loss(X), conv_scores(model.params, X, num_convs), rtol=1e-12)


# --- training and testing


def test_scores_use_the_running_averages_and_do_not_change_them():
    rng = np.random.RandomState(0)
    X, y = 3 * rng.randn(8, 6) + 2, rng.randint(4, size=8)
    model = FullyConnectedNet([5, 7], 6, 4, weight_scale=0.5, dtype=np.float64, normalization="batchnorm")
    for _ in range(3):
        model.loss(X, y)
    kept = [(bn_param["running_mean"], bn_param["running_var"]) for bn_param in model.bn_params]
    frozen = UnchangedArguments(*(array for pair in kept for array in pair))
    scores = model.loss(X)
    np.testing.assert_allclose(scores, fc_scores(model.params, X, "batchnorm", averages=kept), rtol=1e-10)
    assert not np.allclose(scores, fc_scores(model.params, X, "batchnorm"))
    frozen.assert_unchanged()
    for bn_param, pair in zip(model.bn_params, kept, strict=True):
        np.testing.assert_equal((bn_param["running_mean"], bn_param["running_var"]), pair)
    # And back: the next training step uses the batch's own.
    assert model.loss(X, y)[0] == pytest.approx(softmax(fc_scores(model.params, X, "batchnorm"), y), rel=1e-10)


def test_scores_are_without_dropout():
    rng = np.random.RandomState(0)
    X, y = rng.randn(8, 6), rng.randint(4, size=8)
    model = FullyConnectedNet([50], 6, 4, dropout=0.5, weight_scale=0.5, dtype=np.float64)
    losses = {float(model.loss(X, y)[0]) for _ in range(3)}
    assert len(losses) == 3
    np.testing.assert_allclose(model.loss(X), fc_scores(model.params, X), rtol=1e-12)
    model = FullyConnectedNet([50], 6, 4, dropout=0.5, weight_scale=0.5, dtype=np.float64, seed=4)
    assert len({float(model.loss(X, y)[0]) for _ in range(3)}) == 1


def test_use_batchnorm_means_normalization_batchnorm():
    X, y = np.random.RandomState(0).randn(4, 6), np.array([0, 1, 2, 3])
    losses = []
    for words in ({"use_batchnorm": True}, {"normalization": "batchnorm"}):
        np.random.seed(1)
        losses.append(FullyConnectedNet([5], 6, 4, **words).loss(X, y)[0])
    assert losses[0] == losses[1]
    assert FullyConnectedNet([5], 6, 4, use_batchnorm=True, normalization="batchnorm").use_batchnorm


@pytest.mark.parametrize(
    ("net", "shape"),
    [
        (lambda **more: FullyConnectedNet([5], 48, 4, dropout=0.5, normalization="batchnorm", **more), (3, 4, 4)),
        (lambda **more: FullyConnectedNet([5], 48, 4, normalization="layernorm", **more), (3, 4, 4)),
        (lambda **more: ThreeLayerConvNet((3, 4, 4), 2, 3, 5, 4, **more), (3, 4, 4)),
        (lambda **more: MultiLayerConvNet((3, 4, 4), [2, 2], 3, [5], 4, **more), (3, 4, 4)),
    ],
    ids=["batchnorm and dropout", "layernorm", "three", "multi"],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_is_computed_in_the_nets_dtype(net, shape, dtype):
    rng = np.random.RandomState(0)
    model = net(reg=np.float64(0.1), weight_scale=np.float64(0.1), dtype=dtype)
    for X in (rng.randn(2, *shape), rng.randint(255, size=(2, *shape)).astype(np.uint8)):
        loss, grads = model.loss(X, np.array([0, 3]))
        assert np.isfinite(loss)
        assert {values.dtype for values in (model.loss(X), *grads.values(), *model.params.values())} == {
            np.dtype(dtype)
        }


def test_float32_is_near_float64():
    X, y = np.random.RandomState(0).randn(3, 2, 8, 6), np.array([0, 3, 1])
    found = []
    for dtype in (np.float32, np.float64):
        np.random.seed(1)
        model = MultiLayerConvNet((2, 8, 6), [3, 4], 3, [7], 4, weight_scale=0.3, reg=0.1, dtype=dtype)
        loss, grads = model.loss(X, y)
        found.append({"loss": np.asarray(loss), **grads})
    for name, values in found[1].items():
        np.testing.assert_allclose(found[0][name], values, rtol=1e-4, atol=1e-5 * np.abs(values).max())


# --- wrong arguments

FROM_1 = "a whole number from 1 up"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: TwoLayerNet(input_dim=0), f"TwoLayerNet: input_dim is 0, expected {FROM_1}. Pass another input_dim."),
        (lambda: TwoLayerNet(2, 2.0), f"TwoLayerNet: hidden_dim is 2.0, expected {FROM_1}. Pass another hidden_dim."),
        (
            lambda: TwoLayerNet(2, 2, None),
            f"TwoLayerNet: num_classes is None, expected {FROM_1}. Pass another num_classes.",
        ),
        (lambda: TwoLayerNet(2, 2, reg=-1), "TwoLayerNet: reg is -1, expected a number from 0 up. Pass another reg."),
        (
            lambda: TwoLayerNet(2, 2, weight_scale="1"),
            "TwoLayerNet: weight_scale is '1', expected a number from 0 up. Pass another weight_scale.",
        ),
        *(
            (
                lambda dims=dims: FullyConnectedNet(dims),
                f"FullyConnectedNet: hidden_dims is {dims!r}, expected a list of whole numbers from 1 up. "
                "Pass another hidden_dims.",
            )
            for dims in ([5, 0], 5, [5.0], None)
        ),
        *(
            (
                lambda p=p: FullyConnectedNet([5], dropout=p),
                f"FullyConnectedNet: dropout is {p!r}, expected the probability of dropping, from 0 (off) to below 1. "
                "Pass another dropout.",
            )
            for p in (1, -0.5, None)
        ),
        (
            lambda: FullyConnectedNet([5], normalization="groupnorm"),
            "FullyConnectedNet: normalization is 'groupnorm', expected None, 'batchnorm' or 'layernorm'. "
            "Pass another normalization.",
        ),
        (
            lambda: FullyConnectedNet([5], normalization="layernorm", use_batchnorm=True),
            "FullyConnectedNet: normalization is 'layernorm', expected None or 'batchnorm' beside use_batchnorm=True. "
            "Pass another normalization.",
        ),
        (
            lambda: FullyConnectedNet([5], input_dim=-1),
            f"FullyConnectedNet: input_dim is -1, expected {FROM_1}. Pass another input_dim.",
        ),
        *(
            (
                lambda net=net, dim=dim: net(input_dim=dim),
                f"{net.__name__}: input_dim is {dim!r}, expected (C, H, W), whole numbers from 1 up. "
                "Pass another input_dim.",
            )
            for net in (ThreeLayerConvNet, MultiLayerConvNet)
            for dim in ((3, 32), (3, 32, 32, 1), (3, 0, 32), 3072)
        ),
        (
            lambda: ThreeLayerConvNet(filter_size=0),
            f"ThreeLayerConvNet: filter_size is 0, expected {FROM_1}. Pass another filter_size.",
        ),
        (
            lambda: ThreeLayerConvNet(num_filters=0),
            f"ThreeLayerConvNet: num_filters is 0, expected {FROM_1}. Pass another num_filters.",
        ),
        (
            lambda: ThreeLayerConvNet((3, 1, 8)),
            "ThreeLayerConvNet: the pooling windows of 2 x 2 get images of 1 x 8, expected at least 2 x 2. "
            "Take larger images in input_dim.",
        ),
        (
            lambda: ThreeLayerConvNet((3, 8, 2), filter_size=4),
            "ThreeLayerConvNet: the pooling windows of 2 x 2 get images of 7 x 1, expected at least 2 x 2. "
            "Take larger images in input_dim.",
        ),
        (
            lambda: MultiLayerConvNet((3, 8, 1)),
            "MultiLayerConvNet: the pooling windows of 2 x 2 get images of 8 x 1, expected at least 2 x 2. "
            "Take larger images in input_dim.",
        ),
        (
            lambda: MultiLayerConvNet(filter_size=4),
            "MultiLayerConvNet: filter_size is 4, expected an odd number, with which images keep their size. "
            "Pass another filter_size.",
        ),
        *(
            (
                lambda nums=nums: MultiLayerConvNet(nums_filters=nums),
                f"MultiLayerConvNet: nums_filters is {nums!r}, expected a list of at least one whole number from 1 up. "
                "Pass another nums_filters.",
            )
            for nums in ([], 16, [16, 0])
        ),
        (
            lambda: MultiLayerConvNet(hidden_dims=[0]),
            "MultiLayerConvNet: hidden_dims is [0], expected a list of whole numbers from 1 up. "
            "Pass another hidden_dims.",
        ),
        (
            lambda: FullyConnectedNet([5], 6, 4).loss(np.zeros((2, 7))),
            "affine_forward: x has shape (2, 7), expected (N, d_1, ..., d_k) with d_1 * ... * d_k = 6, the rows of w. "
            "Give w one row for each value of an example.",
        ),
        (
            lambda: FullyConnectedNet([5], 6, 4).loss(np.zeros((2, 6)), np.array([0, 4])),
            "softmax_loss: y runs from 0 to 4, expected classes from 0 to 3. Give x one column for each class.",
        ),
        (
            lambda: ThreeLayerConvNet((3, 8, 8)).loss(np.zeros((2, 192))),
            "conv_forward_fast: x has shape (2, 192), expected (N, C, H, W). Reshape x before the call.",
        ),
    ],
)
def test_a_wrong_argument_is_named(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "net",
    [
        lambda dtype: FullyConnectedNet([5], dtype=dtype),
        *(lambda dtype, net=net: net(dtype=dtype) for net in (ThreeLayerConvNet, MultiLayerConvNet)),
    ],
)
def test_a_dtype_in_which_weights_would_all_be_zero_is_refused(net):
    with pytest.raises(ValueError, match=r"dtype is .*int32.*, expected a dtype of floats"):
        net(np.int32)


@pytest.mark.parametrize("module", ["fc_net", "cnn"])
def test_the_modules_of_the_nets_also_export_the_layers(module):
    names = {}
    exec(f"from reference.classifiers.{module} import *", names)
    assert {"svm_loss", "batchnorm_forward", "affine_relu_forward", "conv_relu_pool_backward"} <= set(names)
