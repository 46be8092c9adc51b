"""The figures printed in the course documents (seeds 000 to 004), from the inputs of the cells that print them.

Each test is one row of FIGURES.md, in its order. A figure compared "to 5 digits" is the distance of the exact result to
an array printed with eight decimals, so it hardly changes; rounding noise must only stay below the document's own
bound.
"""

import numpy as np
import pytest

from reference.classifiers.cnn import MultiLayerConvNet, ThreeLayerConvNet
from reference.classifiers.fc_net import FullyConnectedNet, TwoLayerNet
from reference.fast_layers import conv_backward_fast, conv_forward_fast, max_pool_backward_fast, max_pool_forward_fast
from reference.gradient_check import eval_numerical_gradient, eval_numerical_gradient_array, rel_error
from reference.layer_utils import (
    affine_relu_backward,
    affine_relu_forward,
    conv_relu_backward,
    conv_relu_forward,
    conv_relu_pool_backward,
    conv_relu_pool_forward,
)
from reference.layers import (
    affine_backward,
    affine_forward,
    batchnorm_backward,
    batchnorm_backward_alt,
    batchnorm_forward,
    conv_backward_naive,
    conv_forward_naive,
    dropout_forward,
    max_pool_backward_naive,
    max_pool_forward_naive,
    relu_backward,
    relu_forward,
    softmax_loss,
    spatial_batchnorm_forward,
    spatial_groupnorm_backward,
    spatial_groupnorm_forward,
    svm_loss,
)
from reference.optim import adam, rmsprop, sgd_momentum

# Without a compiler, NumPy replaces the compiled kernels, and the figures are the same.
pytestmark = pytest.mark.filterwarnings("ignore:fast_layers:RuntimeWarning")


def evenly_spaced(first, last, *shape):
    return np.linspace(first, last, num=int(np.prod(shape))).reshape(shape)


def draw_inputs(*shapes):
    """Draw the documents' inputs: the global generator's stream from seed 231, in the order of the shapes."""
    rng = np.random.RandomState(231)
    return [rng.randn(*shape) for shape in shapes]


def to_5_digits(figure):
    return pytest.approx(figure, rel=5e-6, abs=0)


def to_16_digits(figure):
    """Compare all digits of a float64; another order of a sum may change the last one."""
    return pytest.approx(figure, rel=1e-15, abs=0)


def assert_prints_as(actual, printed, decimals=8):
    """Assert that `actual`, rounded, is the printed number."""
    np.testing.assert_allclose(actual, printed, rtol=0, atol=0.5001 * 10.0**-decimals)


def errors(forward, arrays, gradients, dout):
    """Return the relative error of each gradient of a layer, forward(*arrays) -> out, to centred differences."""
    found = []
    for k, gradient in enumerate(gradients):

        def of_one(array, k=k):
            return forward(*arrays[:k], array, *arrays[k + 1 :])

        found.append(rel_error(eval_numerical_gradient_array(of_one, arrays[k], dout), gradient))
    return found


def net_errors(model, X, y, h):
    """Return the relative error of each of a net's gradients, by name."""
    _, grads = model.loss(X, y)
    return {
        name: rel_error(
            eval_numerical_gradient(lambda _: model.loss(X, y)[0], model.params[name], verbose=False, h=h), grads[name]
        )
        for name in grads
    }


@pytest.fixture
def seed_231():
    """The nets draw from the global generator, as in the documents; restore it afterwards."""
    before = np.random.get_state()
    np.random.seed(231)
    yield
    np.random.set_state(before)


def test_random_state_is_the_stream_of_the_documents():
    # The documents call np.random.seed(231); here the global generator does not change.
    before = np.random.get_state()
    try:
        np.random.seed(231)
        np.testing.assert_array_equal(np.random.randn(7), draw_inputs((7,))[0])
    finally:
        np.random.set_state(before)


def test_affine_forward():
    x, w, b = evenly_spaced(-0.1, 0.5, 2, 4, 5, 6), evenly_spaced(-0.2, 0.3, 120, 3), evenly_spaced(-0.3, 0.1, 3)
    printed = np.array([[1.49834967, 1.70660132, 1.91485297], [3.25553199, 3.5141327, 3.77273342]])
    assert rel_error(affine_forward(x, w, b)[0], printed) == to_5_digits(9.7698477e-10)


def test_affine_backward():
    x, w, b, dout = draw_inputs((10, 2, 3), (6, 5), (5,), (10, 5))
    gradients = affine_backward(dout, affine_forward(x, w, b)[1])
    assert np.max(errors(lambda *xwb: affine_forward(*xwb)[0], (x, w, b), gradients, dout)) < 1e-9


def test_relu_forward():
    printed = np.array(
        [[0, 0, 0, 0], [0, 0, 0.04545455, 0.13636364], [0.22727273, 0.31818182, 0.40909091, 0.5]],
    )
    assert rel_error(relu_forward(evenly_spaced(-0.5, 0.5, 3, 4))[0], printed) == to_5_digits(4.9999998e-08)


def test_relu_backward():
    x, dout = draw_inputs((10, 10), (10, 10))
    numerical = eval_numerical_gradient_array(lambda x: relu_forward(x)[0], x, dout)
    assert rel_error(numerical, relu_backward(dout, relu_forward(x)[1])) < 1e-11


@pytest.mark.parametrize(("loss_of", "printed"), [(svm_loss, 8.999602749096233), (softmax_loss, 2.302545844500738)])
def test_losses(loss_of, printed):
    rng = np.random.RandomState(231)
    x = 0.001 * rng.randn(50, 10)
    y = rng.randint(10, size=50)
    loss, dx = loss_of(x, y)
    assert loss == to_16_digits(printed)
    assert rel_error(eval_numerical_gradient(lambda x: loss_of(x, y)[0], x, verbose=False), dx) < 1e-7


def test_affine_relu():
    x, w, b, dout = draw_inputs((2, 3, 4), (12, 10), (10,), (2, 10))
    gradients = affine_relu_backward(dout, affine_relu_forward(x, w, b)[1])
    assert np.max(errors(lambda *xwb: affine_relu_forward(*xwb)[0], (x, w, b), gradients, dout)) < 1e-9


def test_two_layer_net():
    N, D, H, C = 3, 5, 50, 7
    model = TwoLayerNet(input_dim=D, hidden_dim=H, num_classes=C)
    model.params = {"W1": evenly_spaced(-0.7, 0.3, D, H), "b1": evenly_spaced(-0.1, 0.9, H)}
    model.params |= {"W2": evenly_spaced(-0.3, 0.4, H, C), "b2": evenly_spaced(-0.9, 0.1, C)}
    X, y = evenly_spaced(-5.5, 4.5, D, N).T, np.array([0, 5, 1])
    printed = [
        [11.53165108, 12.2917344, 13.05181771, 13.81190102, 14.57198434, 15.33206765, 16.09215096],
        [12.05769098, 12.74614105, 13.43459113, 14.1230412, 14.81149128, 15.49994135, 16.18839143],
        [12.58373087, 13.20054771, 13.81736455, 14.43418138, 15.05099822, 15.66781506, 16.2846319],
    ]
    assert_prints_as(model.loss(X), printed)
    assert_prints_as(model.loss(X, y)[0], 3.4702243556, decimals=10)
    model.reg = 1.0
    assert_prints_as(model.loss(X, y)[0], 26.5948426952, decimals=10)


@pytest.mark.parametrize(
    ("use_batchnorm", "printed"),
    [(False, [2.3004790897684924, 7.052114776533016]), (True, [2.2611955101340957, 6.996533220108303])],
)
def test_fully_connected_net_initial_loss(use_batchnorm, printed, seed_231):
    X = np.random.randn(2, 15)
    y = np.random.randint(10, size=2)
    for reg, figure in zip((0, 3.14), printed, strict=True):
        model = FullyConnectedNet(
            [20, 30], input_dim=15, reg=reg, weight_scale=5e-2, dtype=np.float64, use_batchnorm=use_batchnorm
        )
        assert model.loss(X, y)[0] == to_16_digits(figure)


def test_sgd_momentum():
    config = {"learning_rate": 1e-3, "velocity": evenly_spaced(0.6, 0.9, 4, 5)}
    next_w, _ = sgd_momentum(evenly_spaced(-0.4, 0.6, 4, 5), evenly_spaced(-0.6, 0.4, 4, 5), config)
    printed_w = [
        [0.1406, 0.20738947, 0.27417895, 0.34096842, 0.40775789],
        [0.47454737, 0.54133684, 0.60812632, 0.67491579, 0.74170526],
        [0.80849474, 0.87528421, 0.94207368, 1.00886316, 1.07565263],
        [1.14244211, 1.20923158, 1.27602105, 1.34281053, 1.4096],
    ]
    printed_velocity = [
        [0.5406, 0.55475789, 0.56891579, 0.58307368, 0.59723158],
        [0.61138947, 0.62554737, 0.63970526, 0.65386316, 0.66802105],
        [0.68217895, 0.69633684, 0.71049474, 0.72465263, 0.73881053],
        [0.75296842, 0.76712632, 0.78128421, 0.79544211, 0.8096],
    ]
    assert_prints_as(next_w, printed_w)
    assert_prints_as(config["velocity"], printed_velocity)


def test_rmsprop():
    config = {"learning_rate": 1e-2, "cache": evenly_spaced(0.6, 0.9, 4, 5)}
    next_w, _ = rmsprop(evenly_spaced(-0.4, 0.6, 4, 5), evenly_spaced(-0.6, 0.4, 4, 5), config)
    printed_w = np.array(
        [
            [-0.39223849, -0.34037513, -0.28849239, -0.23659121, -0.18467247],
            [-0.132737, -0.08078555, -0.02881884, 0.02316247, 0.07515774],
            [0.12716641, 0.17918792, 0.23122175, 0.28326742, 0.33532447],
            [0.38739248, 0.43947102, 0.49155973, 0.54365823, 0.59576619],
        ]
    )
    printed_cache = [
        [0.5976, 0.6126277, 0.6277108, 0.64284931, 0.65804321],
        [0.67329252, 0.68859723, 0.70395734, 0.71937285, 0.73484377],
        [0.75037008, 0.7659518, 0.78158892, 0.79728144, 0.81302936],
        [0.82883269, 0.84469141, 0.86060554, 0.87657507, 0.8926],
    ]
    assert_prints_as(config["cache"], printed_cache)
    assert rel_error(printed_w, next_w) == pytest.approx(9.5247e-08, rel=5e-4)


def test_adam():
    config = {"learning_rate": 1e-2, "m": evenly_spaced(0.6, 0.9, 4, 5), "v": evenly_spaced(0.7, 0.5, 4, 5), "t": 5}
    next_w, _ = adam(evenly_spaced(-0.4, 0.6, 4, 5), evenly_spaced(-0.6, 0.4, 4, 5), config)
    printed_w = np.array(
        [
            [-0.40094747, -0.34836187, -0.29577703, -0.24319299, -0.19060977],
            [-0.1380274, -0.08544591, -0.03286534, 0.01971428, 0.0722929],
            [0.1248705, 0.17744702, 0.23002243, 0.28259667, 0.33516969],
            [0.38774145, 0.44031188, 0.49288093, 0.54544852, 0.59801459],
        ]
    )
    printed_v = [
        [0.69966, 0.68908382, 0.67851319, 0.66794809, 0.65738853],
        [0.64683452, 0.63628604, 0.6257431, 0.61520571, 0.60467385],
        [0.59414753, 0.58362676, 0.57311152, 0.56260183, 0.55209767],
        [0.54159906, 0.53110598, 0.52061845, 0.51013645, 0.49966],
    ]
    printed_m = [
        [0.48, 0.49947368, 0.51894737, 0.53842105, 0.55789474],
        [0.57736842, 0.59684211, 0.61631579, 0.63578947, 0.65526316],
        [0.67473684, 0.69421053, 0.71368421, 0.73315789, 0.75263158],
        [0.77210526, 0.79157895, 0.81105263, 0.83052632, 0.85],
    ]
    assert_prints_as(config["v"], printed_v)
    assert_prints_as(config["m"], printed_m)
    assert rel_error(printed_w, next_w) == pytest.approx(1.1396e-07, rel=5e-4)


def test_batchnorm_before():
    X, W1, W2 = draw_inputs((200, 50), (50, 60), (60, 3))
    a = relu_forward(X @ W1)[0] @ W2
    assert_prints_as(a.mean(axis=0), [-2.3814598, -13.18038246, 1.91780462])
    assert_prints_as(a.std(axis=0), [27.18502186, 34.21455511, 37.68611762])


def test_batchnorm_at_test_time():
    W1, W2, *Xs = draw_inputs((50, 60), (60, 3), *[(200, 50)] * 51)
    bn_param = {"mode": "train"}
    for t, X in enumerate(Xs):
        bn_param["mode"] = "train" if t < 50 else "test"
        a = relu_forward(X @ W1)[0] @ W2
        out, _ = batchnorm_forward(a, np.ones(3), np.zeros(3), bn_param)
    assert_prints_as(out.mean(axis=0), [-0.03927354, -0.04349152, -0.10452688])
    assert_prints_as(out.std(axis=0), [1.01531428, 1.01238373, 0.97819988])


@pytest.mark.parametrize("backward", [batchnorm_backward, batchnorm_backward_alt])
def test_batchnorm_backward(backward):
    x, gamma, beta, dout = draw_inputs((4, 5), (5,), (5,), (4, 5))
    arrays, param = (5 * x + 12, gamma, beta), {"mode": "train"}
    gradients = backward(dout, batchnorm_forward(*arrays, param)[1])
    assert np.max(errors(lambda *xgb: batchnorm_forward(*xgb, param)[0], arrays, gradients, dout)) < 1e-8


def test_dropout(seed_231):
    x = np.random.randn(500, 500) + 10
    for p, mean, zeros in (
        (0.3, 9.990848162756775, 0.300672),
        (0.6, 9.977917658761159, 0.600796),
        (0.75, 9.991640741515118, 0.750232),
    ):
        out, _ = dropout_forward(x, {"mode": "train", "p": p})
        assert out.mean() == pytest.approx(mean, rel=1e-12)
        assert (out == 0).mean() == zeros


def test_conv_forward_naive():
    x, w, b = evenly_spaced(-0.1, 0.5, 2, 3, 4, 4), evenly_spaced(-0.2, 0.3, 3, 3, 4, 4), evenly_spaced(-0.1, 0.2, 3)
    out, _ = conv_forward_naive(x, w, b, {"stride": 2, "pad": 1})
    printed = np.array(
        [
            [
                [[-0.08759809, -0.10987781], [-0.18387192, -0.2109216]],
                [[0.21027089, 0.21661097], [0.22847626, 0.23004637]],
                [[0.50813986, 0.54309974], [0.64082444, 0.67101435]],
            ],
            [
                [[-0.98053589, -1.03143541], [-1.19128892, -1.24695841]],
                [[0.69108355, 0.66880383], [0.59480972, 0.56776003]],
                [[2.36270298, 2.36904306], [2.38090835, 2.38247847]],
            ],
        ]
    )
    assert rel_error(out, printed) == to_5_digits(2.2121476e-08)


def test_conv_backward_naive():
    x, w, b, dout = draw_inputs((4, 3, 5, 5), (2, 3, 3, 3), (2,), (4, 2, 5, 5))
    param = {"stride": 1, "pad": 1}
    gradients = conv_backward_naive(dout, conv_forward_naive(x, w, b, param)[1])
    assert np.max(errors(lambda *xwb: conv_forward_naive(*xwb, param)[0], (x, w, b), gradients, dout)) < 1e-7


def test_max_pool_forward_naive():
    out, _ = max_pool_forward_naive(
        evenly_spaced(-0.3, 0.4, 2, 3, 4, 4), {"pool_width": 2, "pool_height": 2, "stride": 2}
    )
    printed = np.array(
        [
            [
                [[-0.26315789, -0.24842105], [-0.20421053, -0.18947368]],
                [[-0.14526316, -0.13052632], [-0.08631579, -0.07157895]],
                [[-0.02736842, -0.01263158], [0.03157895, 0.04631579]],
            ],
            [
                [[0.09052632, 0.10526316], [0.14947368, 0.16421053]],
                [[0.20842105, 0.22315789], [0.26736842, 0.28210526]],
                [[0.32631579, 0.34105263], [0.38526316, 0.4]],
            ],
        ]
    )
    assert rel_error(out, printed) == to_5_digits(4.1666665e-08)


def test_max_pool_backward_naive():
    x, dout = draw_inputs((3, 2, 8, 8), (3, 2, 4, 4))
    param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    dx = max_pool_backward_naive(dout, max_pool_forward_naive(x, param)[1])
    numerical = eval_numerical_gradient_array(lambda x: max_pool_forward_naive(x, param)[0], x, dout)
    assert rel_error(dx, numerical) < 1e-11


def test_conv_fast_against_naive():
    x, w, b, dout = draw_inputs((100, 3, 31, 31), (25, 3, 3, 3), (25,), (100, 25, 16, 16))
    param = {"stride": 2, "pad": 1}
    out_naive, cache_naive = conv_forward_naive(x, w, b, param)
    out_fast, cache_fast = conv_forward_fast(x, w, b, param)
    assert rel_error(out_naive, out_fast) < 1e-9
    gradients = zip(conv_backward_naive(dout, cache_naive), conv_backward_fast(dout, cache_fast), strict=True)
    assert all(rel_error(naive, fast) < 1e-9 for naive, fast in gradients)


def test_pooling_fast_against_naive():
    x, dout = draw_inputs((100, 3, 32, 32), (100, 3, 16, 16))
    param = {"pool_height": 2, "pool_width": 2, "stride": 2}
    out_naive, cache_naive = max_pool_forward_naive(x, param)
    out_fast, cache_fast = max_pool_forward_fast(x, param)
    assert rel_error(out_naive, out_fast) == 0.0
    assert rel_error(max_pool_backward_naive(dout, cache_naive), max_pool_backward_fast(dout, cache_fast)) == 0.0


def test_conv_relu_pool():
    x, w, b, dout = draw_inputs((2, 3, 16, 16), (3, 3, 3, 3), (3,), (2, 3, 8, 8))
    params = {"stride": 1, "pad": 1}, {"pool_height": 2, "pool_width": 2, "stride": 2}
    gradients = conv_relu_pool_backward(dout, conv_relu_pool_forward(x, w, b, *params)[1])
    assert np.max(errors(lambda *xwb: conv_relu_pool_forward(*xwb, *params)[0], (x, w, b), gradients, dout)) < 1e-7


def test_conv_relu():
    x, w, b, dout = draw_inputs((2, 3, 8, 8), (3, 3, 3, 3), (3,), (2, 3, 8, 8))
    param = {"stride": 1, "pad": 1}
    gradients = conv_relu_backward(dout, conv_relu_forward(x, w, b, param)[1])
    assert np.max(errors(lambda *xwb: conv_relu_forward(*xwb, param)[0], (x, w, b), gradients, dout)) < 1e-7


def test_three_layer_conv_net_loss(seed_231):
    # The documents draw these after other numbers: only three decimals are the same.
    model = ThreeLayerConvNet()
    X = np.random.randn(50, 3, 32, 32)
    y = np.random.randint(10, size=50)
    assert model.loss(X, y)[0] == pytest.approx(2.3026, abs=5e-4)
    model.reg = 0.5
    assert model.loss(X, y)[0] == pytest.approx(2.5085, abs=5e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("net", "sizes", "printed"),
    [
        (
            ThreeLayerConvNet,
            {"num_filters": 3, "hidden_dim": 7},
            {"W1": 1.4e-04, "W2": 1.8e-02, "W3": 3.1e-04, "b1": 3.5e-05, "b2": 2.5e-03, "b3": 7.9e-10},
        ),
        (
            MultiLayerConvNet,
            {"nums_filters": [3], "hidden_dims": [7]},
            {"W1": 3.4e-04, "W2": 1.82e-02, "W3": 3.4e-04},
        ),
    ],
)
def test_conv_net_gradient_errors(net, sizes, printed, seed_231):
    X = np.random.randn(2, 3, 16, 16)
    y = np.random.randint(10, size=2)
    model = net(input_dim=(3, 16, 16), filter_size=3, dtype=np.float64, **sizes)
    found = net_errors(model, X, y, h=1e-6)
    for name, error in printed.items():
        assert error / 10 < found[name] < error * 10, name


def test_spatial_batchnorm():
    x = 4 * draw_inputs((2, 3, 4, 5))[0] + 10
    assert_prints_as(x.mean(axis=(0, 2, 3)), [9.33463814, 8.90909116, 9.11056338])
    assert_prints_as(x.std(axis=(0, 2, 3)), [3.61447857, 3.19347686, 3.5168142])
    bn_param = {"mode": "train"}
    out, _ = spatial_batchnorm_forward(x, np.ones(3), np.zeros(3), bn_param)
    assert_prints_as(out.std(axis=(0, 2, 3)), [0.99999962, 0.99999951, 0.9999996])
    out, _ = spatial_batchnorm_forward(x, np.asarray([3, 4, 5]), np.asarray([6, 7, 8]), bn_param)
    assert_prints_as(out.std(axis=(0, 2, 3)), [2.99999885, 3.99999804, 4.99999798])


def test_spatial_batchnorm_at_test_time():
    bn_param = {"mode": "train"}
    for t, x in enumerate(draw_inputs(*[(10, 4, 11, 12)] * 51)):
        bn_param["mode"] = "train" if t < 50 else "test"
        out, _ = spatial_batchnorm_forward(2.3 * x + 13, np.ones(4), np.zeros(4), bn_param)
    assert_prints_as(out.mean(axis=(0, 2, 3)), [-0.08034406, 0.07562881, 0.05716371, 0.04378383])
    assert_prints_as(out.std(axis=(0, 2, 3)), [0.96718744, 1.0299714, 1.02887624, 1.00585577])


def test_group_norm():
    x = 4 * draw_inputs((2, 6, 4, 5))[0] + 10
    groups = x.reshape(4, -1)
    assert_prints_as(groups.mean(axis=1), [9.72505327, 8.51114185, 8.9147544, 9.43448077])
    assert_prints_as(groups.std(axis=1), [3.67070958, 3.09892597, 4.27043622, 3.97521327])
    out, _ = spatial_groupnorm_forward(x, np.ones((1, 6, 1, 1)), np.zeros((1, 6, 1, 1)), 2, {"mode": "train"})
    assert_prints_as(out.reshape(4, -1).std(axis=1), [0.99999963, 0.99999948, 0.99999973, 0.99999968])


def test_group_norm_backward():
    x, gamma, beta, dout = draw_inputs((2, 6, 4, 5), (1, 6, 1, 1), (1, 6, 1, 1), (2, 6, 4, 5))
    arrays = 5 * x + 12, gamma, beta
    gradients = spatial_groupnorm_backward(dout, spatial_groupnorm_forward(*arrays, 2, {})[1])
    assert np.max(errors(lambda *xgb: spatial_groupnorm_forward(*xgb, 2, {})[0], arrays, gradients, dout)) < 1e-6
