"""Every layer, loss, update rule and net against PyTorch's own, and gradients against its autograd.

In float64 both agree to 1e-10. In float32 they may differ by rounding, relative to the largest value of an array.
"""

import numpy as np
import pytest
from arrays import convolutions, in_layout, layouts, poolings, seeds, sizes, values_apart
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reference import fast_layers, layer_utils, layers, optim
from reference.classifiers.cnn import MultiLayerConvNet, ThreeLayerConvNet
from reference.classifiers.fc_net import FullyConnectedNet, TwoLayerNet

# Without a compiler, NumPy replaces the compiled kernels of the convolutions.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:fast_layers:RuntimeWarning")]


@pytest.fixture(autouse=True, scope="module")
def pytorch():
    """Import PyTorch only in the process that runs these tests, because the import takes a second."""
    global torch, F
    torch = pytest.importorskip("torch", reason="needs PyTorch (.venv/bin/python -m pip install -e '.[bench]')")
    from torch.nn import functional as F

    torch.set_num_threads(1)


each = settings(deadline=None, max_examples=40)
dtypes = st.sampled_from([np.float64, np.float32])
epsilons = st.sampled_from([1e-5, 0.3])


def tensor(array):
    return torch.tensor(np.array(array, dtype=np.float64, order="C"))


def by_autograd(f, arrays, dout):
    """Return f(*arrays) by PyTorch in float64, and the gradients of sum(f * dout)."""
    leaves = [tensor(array).requires_grad_() for array in arrays]
    out = f(*leaves)
    gradients = torch.autograd.grad(out, leaves, tensor(dout))
    return out.detach().numpy(), [gradient.numpy() for gradient in gradients]


def assert_same(actual, expected, dtype):
    actual, tolerance = np.asarray(actual), {np.float64: 1e-10, np.float32: 1e-4}[dtype]
    assert (actual.shape, actual.dtype) == (expected.shape, dtype)
    largest = np.abs(expected).max(initial=1.0)
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance * largest)


def assert_layer(forward, backwards, f, arrays, dout, dtype, layout="C"):
    """Assert that forward(*arrays) -> (out, cache) and backward(dout, cache) -> gradients agree with f."""
    arrays, dout = [in_layout(array.astype(dtype), layout) for array in arrays], in_layout(dout.astype(dtype), layout)
    expected_out, expected_gradients = by_autograd(f, arrays, dout)
    copies = [array.copy() for array in (*arrays, dout)]
    out, cache = forward(*arrays)
    assert_same(out, expected_out, dtype)
    for backward in backwards:
        gradients = backward(dout, cache)
        gradients = gradients if isinstance(gradients, tuple) else (gradients,)
        for gradient, expected in zip(gradients, expected_gradients, strict=True):
            assert_same(gradient, expected, dtype)
    for array, copy in zip((*arrays, dout), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def off_kinks(rng, *shape):
    return rng.uniform(0.1, 2, shape) * rng.choice([-1, 1], shape)


# --- layers


@each
@given(seeds, sizes, st.lists(sizes, min_size=1, max_size=3), sizes, dtypes, layouts)
def test_affine(seed, N, axes, M, dtype, layout):
    rng = np.random.RandomState(seed)
    x, dout = rng.randn(N, *axes), rng.randn(N, M)
    arrays = x, rng.randn(x[0].size, M), rng.randn(M)

    def f(x, w, b):
        return F.linear(x.flatten(1), w.T, b)

    assert_layer(layers.affine_forward, [layers.affine_backward], f, arrays, dout, dtype, layout)


@each
@given(seeds, st.lists(sizes, min_size=1, max_size=4), dtypes, layouts)
def test_relu(seed, shape, dtype, layout):
    rng = np.random.RandomState(seed)
    x, dout = off_kinks(rng, *shape), rng.randn(*shape)
    assert_layer(layers.relu_forward, [layers.relu_backward], F.relu, [x], dout, dtype, layout)


@each
@given(seeds, sizes, st.integers(1, 6), dtypes, layouts)
def test_losses(seed, N, C, dtype, layout):
    rng = np.random.RandomState(seed)
    # Scores are 0.3 apart, so none is near the kink of the SVM loss, where two scores are 1 apart.
    x, y = in_layout((0.3 * rng.randint(-9, 10, (N, C))).astype(dtype), layout), rng.randint(C, size=N)
    for loss_of, f in (
        # PyTorch also divides by C.
        (layers.svm_loss, lambda x: C * F.multi_margin_loss(x, torch.tensor(y))),
        (layers.softmax_loss, lambda x: F.cross_entropy(x, torch.tensor(y))),
    ):
        expected, (expected_dx,) = by_autograd(f, [x], np.ones(()))
        loss, dx = loss_of(x, y)
        assert_same(loss, expected, dtype)
        assert_same(dx, expected_dx, dtype)


def batch_norm_f(bn_param, dtype):
    """Call F.batch_norm with the settings and a copy of the averages of bn_param; return its result and those averages.

    PyTorch's momentum is 1 minus the course's.
    """
    averages = [tensor(bn_param[key]) for key in ("running_mean", "running_var")]

    def f(x, gamma, beta):
        training = bn_param["mode"] == "train"
        return F.batch_norm(x, *averages, gamma, beta, training, 1 - bn_param["momentum"], bn_param["eps"])

    return f, averages


def assert_batch_norm(forward, backwards, shape, seed, mode, eps, dtype, layout):
    rng = np.random.RandomState(seed)
    D, values = shape[1], np.prod(shape) // shape[1]
    mean, var = rng.randn(D).astype(dtype), rng.rand(D).astype(dtype)
    momentum = rng.uniform(0.1, 0.9)
    bn_param = {"mode": mode, "eps": eps, "momentum": momentum, "running_mean": mean, "running_var": var}
    f, averages = batch_norm_f(bn_param, dtype)
    arrays, dout = (values_apart(rng, *shape), rng.randn(D), rng.randn(D)), rng.randn(*shape)
    assert_layer(lambda *xgb: forward(*xgb, bn_param), backwards, f, arrays, dout, dtype, layout)
    mean_after, var_after = (average.numpy() for average in averages)
    if mode == "train":
        # PyTorch stores the unbiased variance, which is larger by values / (values - 1).
        var_after = momentum * var + (var_after - momentum * var) * (values - 1) / values
    assert_same(bn_param["running_mean"], mean_after, dtype)
    assert_same(bn_param["running_var"], var_after, dtype)


@each
@given(seeds, st.integers(2, 6), sizes, st.sampled_from(["train", "test"]), epsilons, dtypes, layouts)
def test_batchnorm(seed, N, D, mode, eps, dtype, layout):
    backwards = layers.batchnorm_backward, layers.batchnorm_backward_alt
    assert_batch_norm(layers.batchnorm_forward, backwards, (N, D), seed, mode, eps, dtype, layout)


@each
@given(seeds, sizes, sizes, sizes, st.integers(2, 5), st.sampled_from(["train", "test"]), epsilons, dtypes, layouts)
def test_spatial_batchnorm(seed, N, C, H, W, mode, eps, dtype, layout):
    backwards = [layers.spatial_batchnorm_backward]
    assert_batch_norm(layers.spatial_batchnorm_forward, backwards, (N, C, H, W), seed, mode, eps, dtype, layout)


@each
@given(seeds, sizes, st.integers(1, 7), epsilons, dtypes, layouts)
def test_layernorm(seed, N, D, eps, dtype, layout):
    rng = np.random.RandomState(seed)
    arrays, dout = (values_apart(rng, N, D), rng.randn(D), rng.randn(D)), rng.randn(N, D)

    def forward(x, gamma, beta):
        return layers.layernorm_forward(x, gamma, beta, {"eps": eps})

    def f(x, gamma, beta):
        return F.layer_norm(x, (D,), gamma, beta, eps)

    assert_layer(forward, [layers.layernorm_backward], f, arrays, dout, dtype, layout)


@each
@given(seeds, sizes, sizes, st.integers(1, 3), sizes, st.integers(2, 5), epsilons, dtypes, layouts)
def test_spatial_groupnorm(seed, N, G, size, H, W, eps, dtype, layout):
    rng = np.random.RandomState(seed)
    C = G * size
    shape, scales = (N, C, H, W), (1, C, 1, 1)
    arrays, dout = (values_apart(rng, *shape), rng.randn(*scales), rng.randn(*scales)), rng.randn(*shape)

    def forward(x, gamma, beta):
        return layers.spatial_groupnorm_forward(x, gamma, beta, G, {"eps": eps})

    def f(x, gamma, beta):
        return F.group_norm(x, G, gamma.flatten(), beta.flatten(), eps)

    assert_layer(forward, [layers.spatial_groupnorm_backward], f, arrays, dout, dtype, layout)


@each
@given(seeds, st.lists(sizes, min_size=1, max_size=4), st.sampled_from([0, 0.3, 0.9]), dtypes, layouts)
def test_dropout(seed, shape, p, dtype, layout):
    rng = np.random.RandomState(1)
    x, dout = rng.randn(*shape), rng.randn(*shape)
    dropped = torch.tensor(np.random.RandomState(seed).rand(*shape) >= 1 - p)

    def f(x):
        return x.masked_fill(dropped, 0) / (1 - p)

    for param, function in (({"mode": "train", "p": p, "seed": seed}, f), ({"mode": "test", "p": p}, torch.clone)):
        forward = lambda x, param=param: layers.dropout_forward(x, param)  # noqa: E731
        assert_layer(forward, [layers.dropout_backward], function, [x], dout, dtype, layout)


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        (layers.conv_forward_naive, layers.conv_backward_naive),
        (fast_layers.conv_forward_fast, fast_layers.conv_backward_fast),
    ],
    ids=["naive", "fast"],
)
@each
@given(convolutions(), dtypes, layouts)
def test_convolution(forward, backward, case, dtype, layout):
    *arrays, param, dout = case

    def f(x, w, b):
        return F.conv2d(x, w, b, param["stride"], param["pad"])

    assert_layer(lambda *xwb: forward(*xwb, param), [backward], f, arrays, dout, dtype, layout)


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        (layers.max_pool_forward_naive, layers.max_pool_backward_naive),
        (fast_layers.max_pool_forward_fast, fast_layers.max_pool_backward_fast),
    ],
    ids=["naive", "fast"],
)
@each
@given(poolings(), dtypes, layouts)
def test_max_pooling(forward, backward, case, dtype, layout):
    x, param, dout = case

    def f(x):
        return F.max_pool2d(x, (param["pool_height"], param["pool_width"]), param["stride"])

    assert_layer(lambda x: forward(x, param), [backward], f, [x], dout, dtype, layout)


# --- sandwiches


@each
@given(convolutions())
def test_conv_bn_relu(case):
    x, w, b, conv_param, dout = case
    # PyTorch rejects the normalization of a single value.
    assume(dout.size > len(b))
    rng = np.random.RandomState(1)
    gamma, beta = rng.randn(len(b)), rng.randn(len(b))

    def forward(*arrays):
        return layer_utils.conv_bn_relu_forward(*arrays, conv_param, {"mode": "train", "eps": 0.1})

    def f(x, w, b, gamma, beta):
        a = F.conv2d(x, w, b, conv_param["stride"], conv_param["pad"])
        return F.relu(F.batch_norm(a, None, None, gamma, beta, True, 0.1, 0.1))

    # In float32, a value could fall on the other side of the kink.
    assert_layer(forward, [layer_utils.conv_bn_relu_backward], f, [x, w, b, gamma, beta], dout, np.float64)


# --- update rules


@pytest.mark.parametrize(
    ("rule", "peer", "config", "words"),
    [
        (optim.sgd, "SGD", {}, {"lr": 1e-2}),
        (optim.sgd, "SGD", {"learning_rate": 0.3}, {"lr": 0.3}),
        (optim.sgd_momentum, "SGD", {}, {"lr": 1e-2, "momentum": 0.9}),
        (optim.sgd_momentum, "SGD", {"learning_rate": 0.3, "momentum": 0.5}, {"lr": 0.3, "momentum": 0.5}),
        (optim.rmsprop, "RMSprop", {}, {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8}),
        (
            optim.rmsprop,
            "RMSprop",
            {"learning_rate": 0.3, "decay_rate": 0.5, "epsilon": 0.1},
            {"lr": 0.3, "alpha": 0.5, "eps": 0.1},
        ),
        (optim.adam, "Adam", {}, {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8}),
        (
            optim.adam,
            "Adam",
            {"learning_rate": 0.3, "beta1": 0.5, "beta2": 0.75, "epsilon": 0.1},
            {"lr": 0.3, "betas": (0.5, 0.75), "eps": 0.1},
        ),
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_update_rules(rule, peer, config, words, dtype):
    rng = np.random.RandomState(0)
    w = rng.randn(3, 4).astype(dtype)
    parameter = torch.nn.Parameter(tensor(w))
    optimizer, config = getattr(torch.optim, peer)([parameter], **words), dict(config)
    for _ in range(20):
        dw = rng.randn(3, 4).astype(dtype)
        parameter.grad = tensor(dw)
        optimizer.step()
        w, config = rule(w, dw, config)
        assert_same(w, parameter.detach().numpy(), dtype)


# --- nets


def net_by_autograd(params, X, y, reg, f):
    leaves = {name: tensor(values).requires_grad_() for name, values in params.items()}
    loss = F.cross_entropy(f(leaves, tensor(X)), torch.tensor(y))
    loss = loss + 0.5 * reg * sum((W**2).sum() for name, W in leaves.items() if name.startswith("W"))
    loss.backward()
    return loss.detach().numpy(), {name: leaf.grad.numpy() for name, leaf in leaves.items()}


def assert_net(model, X, y, f):
    rng = np.random.RandomState(5)
    model.params = {name: rng.uniform(-0.7, 0.7, values.shape) for name, values in model.params.items()}
    expected_loss, expected = net_by_autograd(model.params, X, y, model.reg, f)
    loss, grads = model.loss(X, y)
    assert_same(loss, expected_loss, np.float64)
    assert set(grads) == set(expected)
    for name, gradient in grads.items():
        assert_same(gradient, expected[name], np.float64)


def affine_layers(params, out, first, last, hidden=lambda a, k: F.relu(a)):
    for k in range(first, last + 1):
        out = F.linear(out.flatten(1), params[f"W{k}"].T, params[f"b{k}"])
        out = hidden(out, k) if k < last else out
    return out


@pytest.mark.parametrize("hidden_dims", [[], [9], [7, 8, 6]])
@pytest.mark.parametrize("normalization", [None, "batchnorm", "layernorm"])
def test_fully_connected_net(hidden_dims, normalization):
    rng = np.random.RandomState(0)
    X, y = rng.randn(6, 5, 2), rng.randint(4, size=6)
    model = FullyConnectedNet(hidden_dims, 10, 4, reg=0.3, dtype=np.float64, normalization=normalization)

    def f(params, X):
        def hidden(a, k):
            if normalization == "batchnorm":
                a = F.batch_norm(a, None, None, params[f"gamma{k}"], params[f"beta{k}"], True)
            if normalization == "layernorm":
                a = F.layer_norm(a, a.shape[1:], params[f"gamma{k}"], params[f"beta{k}"])
            return F.relu(a)

        return affine_layers(params, X, 1, model.num_layers, hidden)

    assert_net(model, X, y, f)


def test_two_layer_net():
    rng = np.random.RandomState(0)
    X, y = rng.randn(6, 5, 2), rng.randint(4, size=6)
    assert_net(TwoLayerNet(10, 9, 4, reg=0.3), X, y, lambda params, X: affine_layers(params, X, 1, 2))


@pytest.mark.parametrize(
    ("net", "num_convs", "num_layers"),
    [
        (lambda dim: ThreeLayerConvNet(dim, 4, 5, 7, 4, reg=0.3, dtype=np.float64), 1, 3),
        (lambda dim: ThreeLayerConvNet(dim, 4, 4, 7, 4, reg=0.3, dtype=np.float64), 1, 3),
        (lambda dim: MultiLayerConvNet(dim, [4, 5], 3, [7, 6], 4, reg=0.3, dtype=np.float64), 2, 5),
        (lambda dim: MultiLayerConvNet(dim, [4], 3, [], 4, reg=0.3, dtype=np.float64), 1, 2),
    ],
    ids=["three", "three even", "multi 2+3", "multi 1+1"],
)
@pytest.mark.parametrize("input_dim", [(2, 6, 9), (1, 7, 4)])
def test_conv_nets(net, num_convs, num_layers, input_dim):
    rng = np.random.RandomState(0)
    X, y = rng.randn(4, *input_dim), rng.randint(4, size=4)
    model = net(input_dim)

    def f(params, X):
        pad = (params["W1"].shape[2] - 1) // 2
        for k in range(1, num_convs + 1):
            X = F.relu(F.conv2d(X, params[f"W{k}"], params[f"b{k}"], padding=pad))
        return affine_layers(params, F.max_pool2d(X, 2), num_convs + 1, num_layers)

    assert_net(model, X, y, f)
