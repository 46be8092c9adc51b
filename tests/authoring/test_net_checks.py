"""The checks of the nets judge fairly: other right nets pass whatever their random numbers, wrong ones do not."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from authoring import own_nets
from sayings import call_fails

from grader.assignment.python_loader import load_module
from grader.calls import CallFailed, local_call
from grader.definitions import DEFINED
from grader.judging.compare import judge_values
from grader.judging.initial_parameters import LARGEST, spread_or_ones
from grader.judging.run_check_function import perform
from grader.judging.student_proxy import Members, Student
from grader.messages.say import said, say
from grader.records import FAILED, MISSING, PASSED
from reference.classifiers import cnn, fc_net

pytestmark = pytest.mark.filterwarnings("ignore:fast_layers:RuntimeWarning")

ROOT = Path(__file__).resolve().parents[2]
MODULES = {
    f"{folder}/{name}": load_module(ROOT / "assignment" / "checks" / folder / f"{name}.py")
    for folder in ("public", "hidden")
    for name in ("fc_net", "cnn")
}
CHECKS = [definition for module in MODULES.values() for definition in vars(module)[DEFINED]]
EACH = pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.function.split('.')[-1]}.{check.name}")
REFERENCE = {
    f"classifiers.{module.__name__.split('.')[-1]}.{Net.__name__}": Net
    for module, Net in (
        (fc_net, fc_net.TwoLayerNet),
        (fc_net, fc_net.FullyConnectedNet),
        (cnn, cnn.ThreeLayerConvNet),
        (cnn, cnn.MultiLayerConvNet),
    )
}
CLASSES = {function: Members(("loss",), ("params",)) for function in REFERENCE}


@pytest.fixture(autouse=True)
def generator_put_back():
    before = np.random.get_state()
    yield
    np.random.set_state(before)


def student_of(nets):
    return Student(local_call(nets, None, CLASSES), frozenset(REFERENCE), CLASSES)


def returned(check, Net=None, seed=None):
    """The values that the check returns for this net."""
    np.random.seed(check.seed if seed is None else seed)
    nets = REFERENCE if Net is None else {**REFERENCE, check.function: Net}
    rng = np.random.RandomState(check.seed)
    return perform(check.run, student_of(nets), rng, student_of(REFERENCE)).values


def judged_by(check, tolerance):
    """The definition as a Check of an assignment, as far as judging values needs it."""
    return SimpleNamespace(**{**vars(check), "tolerance": tolerance, "words": {}})


def wrong_in(check, values, tolerance):
    """The reasons of all comparisons that did not pass."""
    expected = {name: np.asarray(value) for name, value in returned(check).items()}
    judgements = judge_values(judged_by(check, tolerance), expected, values)
    return [said(judgement.comparison.reason) for judgement in judgements if judgement.comparison.status != PASSED]


def in_float32(Net):
    """The net, with all computations of loss in float32."""

    class Single(Net):
        def loss(self, X, y=None):
            kept = dict(self.params)
            self.params, self.dtype = {name: w.astype(np.float32) for name, w in kept.items()}, np.float32
            out = super().loss(X.astype(np.float32), y)
            self.params = kept
            return out

    return Single


@pytest.mark.slow
@EACH
def test_a_net_written_another_way_passes(check):
    for seed in range(5):
        values = returned(check, getattr(own_nets, check.function.split(".")[-1]), seed)
        assert wrong_in(check, values, check.tolerance / 3) == []


@EACH
def test_a_net_that_computes_in_float32_stays_far_below_the_tolerance(check):
    assert wrong_in(check, returned(check, in_float32(REFERENCE[check.function])), check.tolerance / 3) == []


@pytest.mark.slow
@EACH
def test_the_reference_passes_whatever_its_random_numbers_are(check):
    for seed in range(20):
        assert wrong_in(check, returned(check, seed=seed), check.tolerance / 3) == []


@EACH
def test_a_constructor_that_is_not_written_is_missing(check):
    class Empty:
        def __init__(self, *args, **kwargs):
            self.params = {}

        def loss(self, X, y=None):
            return None

    with pytest.raises(CallFailed) as caught:
        returned(check, Empty)
    assert caught.value.failure.status == MISSING


@EACH
def test_a_net_that_returns_zeros_passes_no_check(check):
    """The net returns zeros of the right shapes for everything."""

    class Zero(REFERENCE[check.function]):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.params = {name: np.zeros_like(w) for name, w in self.params.items()}

        def loss(self, X, y=None):
            out = super().loss(X, y)
            return 0 * out if y is None else (0.0, {name: 0 * grad for name, grad in out[1].items()})

    with np.errstate(all="ignore"):
        try:
            values = returned(check, Zero)
        except CallFailed as failed:
            assert failed.failure.status == FAILED
        else:
            assert wrong_in(check, values, check.tolerance)


SPREADS = [
    (np.full((2, 200), 0.1), 0.1, [0, 1]),  # all the same: no spread, a mean of one weight_scale
    (np.tile([-0.1, 0.1], (1, 300)), 0.1, [1, 1]),
    (np.tile([-1.9, 1.9], (1, 300)), 0.1, [20, 20]),
    (np.tile([0.0, 0.1], (1, 300)), 0.1, [0.5, 1.0]),
    (np.zeros((3, 100)), 0.1, [0, 0]),
]


@pytest.mark.parametrize(("w", "scale", "expected"), SPREADS)
def test_spread_and_mean_of_weights_are_rounded(w, scale, expected):
    found = spread_or_ones(w, scale)
    assert found.shape == w.shape
    assert [float(found.flat[0]), float(found.flat[-1])] == pytest.approx(expected)
    np.testing.assert_array_equal(found.reshape(2, -1), np.repeat([[found.flat[0]], [found.flat[-1]]], w.size // 2, 1))


@pytest.mark.parametrize("factor", [0.0, 0.9, 1.1, -1.0, 2.0])
@pytest.mark.parametrize("name", ["dropout_gradients", "dropout_and_batchnorm"])
def test_a_gradient_that_differs_from_the_slope_is_caught(name, factor):
    (check,) = (check for check in CHECKS if check.name == name)

    class Wrong(fc_net.FullyConnectedNet):
        def loss(self, X, y=None):
            loss, grads = super().loss(X, y)
            return loss, {**grads, "W1": factor * grads["W1"]}

    values = returned(check, Wrong)
    assert values["W1_is_slope"] == 0 and values["W2_is_slope"] == 1


def test_a_net_with_another_mask_in_the_backward_is_caught():
    (check,) = (check for check in CHECKS if check.name == "dropout_training")

    class Wrong(own_nets.FullyConnectedNet):
        def loss(self, X, y=None):
            loss, grads = super().loss(X, y)
            return loss, {**grads, "b1": np.roll(grads["b1"], 1)}

    values = returned(check, Wrong)
    assert values["gradient_of_dropped1"] > 1 and values["gradient_of_dropped2"] == 0


def share_of(check, Net):
    """The weight of the comparisons that this net passes, as a share of the total weight."""
    expected = {name: np.asarray(value) for name, value in returned(check).items()}
    try:
        values = returned(check, Net)
    except CallFailed as failed:
        assert "nothing is dropped in training" in say(failed.failure.reason)
        return 0.0
    judged = judge_values(judged_by(check, check.tolerance), expected, values)
    comparisons = [judgement.comparison for judgement in judged]
    passed = sum(comparison.weight for comparison in comparisons if comparison.status == PASSED)
    return passed / sum(comparison.weight for comparison in comparisons)


class WithoutDropout(fc_net.FullyConnectedNet):
    """Ignores the dropout option."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{**kwargs, "dropout": 0})


class ScaledOnly(own_nets.FullyConnectedNet):
    """Scales hidden values as dropout does, but drops none."""

    def loss(self, X, y=None):
        p, self.p = self.p, 0
        kept = dict(self.params)
        if y is not None and p > 0:
            scaled = [f"W{layer}" for layer in range(2, self.count + 1)]
            self.params = {name: w / (1 - p) if name in scaled else w for name, w in kept.items()}
        out = super().loss(X, y)
        if y is not None and p > 0:
            out = out[0], {name: grad / (1 - p) if name in scaled else grad for name, grad in out[1].items()}
        self.p, self.params = p, kept
        return out


class NoNetInTraining(fc_net.FullyConnectedNet):
    """The loss depends only on the parameters, and the gradients are right for it."""

    def loss(self, X, y=None):
        if y is None:
            return super().loss(X)
        return sum(0.5 * np.sum(w**2) for w in self.params.values()), dict(self.params)


OF_DROPOUT = [check for check in CHECKS if check.name.startswith("dropout_")]


@pytest.mark.parametrize(("Net", "most"), [(WithoutDropout, 0.1), (ScaledOnly, 0.3), (NoNetInTraining, 0.1)])
def test_a_net_without_dropout_earns_little_in_dropout_checks(Net, most):
    assert len(OF_DROPOUT) == 4
    with np.errstate(all="ignore"):
        earned = sum(check.weight * share_of(check, Net) for check in OF_DROPOUT)
    assert earned <= most * sum(check.weight for check in OF_DROPOUT)


def test_slopes_of_a_net_without_dropout_are_zero():
    (check,) = (check for check in CHECKS if check.name == "dropout_gradients")
    values = returned(check, NoNetInTraining)
    assert [values[f"{name}_is_slope"] for name in ("W1", "W2", "b2", "W3")] == [0, 0, 0, 0]


def test_dropout_on_scores_is_caught():
    (check,) = (check for check in CHECKS if check.name == "dropout_training")

    class Wrong(own_nets.FullyConnectedNet):
        def loss(self, X, y=None):
            loss, grads = super().loss(X, y)
            return loss + 0.05, grads

    values = returned(check, Wrong)
    assert values["loss_of_what_is_left"] == 0 and values["kept1"] == 0.7


@pytest.mark.parametrize("seed", range(5))
def test_dropout_before_normalization_is_caught(seed):
    """Batch normalization of a single example gives values of which dropout must drop none."""
    (check,) = (check for check in CHECKS if check.name == "dropout_and_batchnorm")
    assert returned(check, own_nets.FullyConnectedNet, seed)["kept"] == 0.6

    class Wrong(own_nets.FullyConnectedNet):
        def loss(self, X, y=None):
            p, self.p = self.p, self.p if len(X) > 1 else 0
            out = super().loss(X, y)
            self.p = p
            return out

    assert returned(check, Wrong, seed)["kept"] == 1


COMPUTING = pytest.mark.parametrize(
    "check",
    [
        check
        for check in CHECKS
        if check.name in ("dropout_gradients", "dropout_and_batchnorm", "dropout_training", "overfits")
    ],
    ids=lambda check: f"{check.function.split('.')[-1]}.{check.name}",
)


@COMPUTING
def test_gradients_of_huge_size_are_reported_by_their_shapes(check):
    class Wrong(REFERENCE[check.function]):
        def loss(self, X, y=None):
            loss, grads = super().loss(X, y)
            return loss, {**grads, "W2": np.ones((400_000, 1, 1), np.int8), "b2": np.ones(1)}

    with call_fails(r"grads\['W2'\] has shape \(400000, 1, 1\), expected \(\d+, \d+.*\)"):
        returned(check, Wrong)


@pytest.mark.parametrize("check", OF_DROPOUT, ids=lambda check: check.name)
def test_losses_of_huge_size_are_reported_by_their_shapes(check):
    shapes = [(300_000, 1), (1, 300_000)]

    class Wrong(fc_net.FullyConnectedNet):
        def loss(self, X, y=None):
            out = super().loss(X, y)
            return out if y is None else (np.ones(shapes.pop(0) if shapes else ()), out[1])

    with call_fails(r"the loss has shape \(300000, 1\), expected a single number"):
        returned(check, Wrong)


def test_initial_weights_far_too_large_are_not_looked_at():
    w = np.zeros((2, LARGEST), np.float16)
    assert spread_or_ones(w, 0.1) is w


LEARNING = pytest.mark.parametrize("check", [check for check in CHECKS if check.name == "overfits"])


@LEARNING
def test_a_net_that_does_not_learn_is_measured_by_the_reference(check):
    """The net reports a good loss, but its parameters get worse: the gradients have the wrong sign."""

    class Wrong(REFERENCE[check.function]):
        def loss(self, X, y=None):
            _, grads = super().loss(X, y)
            return 0.0, {name: -grad for name, grad in grads.items()}

    with np.errstate(all="ignore"), pytest.raises(CallFailed) as caught:
        returned(check, Wrong)
    assert (caught.value.failure.status, caught.value.failure.function) == (FAILED, check.function)
    assert re.search(r"trained on \d+ examples, it is right about \d+ of them, expected nearly all", str(caught.value))


@LEARNING
def test_wrong_parameter_shapes_are_reported_before_training(check):
    class Wrong(REFERENCE[check.function]):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **{**kwargs, "num_classes": 10})

    with call_fails(r"params\['W\d'\] has shape \(\d+, 10\), expected \(\d+, 3\)"):
        returned(check, Wrong)


DRAWING = pytest.mark.parametrize(
    "check",
    [check for check in CHECKS if "initialization" in check.name],
    ids=lambda check: check.function + check.name,
)
PATTERNS = {
    "in_turns": lambda w: np.where(np.arange(w.size) % 2, 1.0, -1.0).reshape(w.shape),
    "sorted": lambda w: np.sort(w.ravel()).reshape(w.shape),
    "equal_hidden_units": lambda w: w[..., :1] + 0 * w if w.ndim == 2 else w[:1] + 0 * w,
    "uniform": lambda w: np.random.uniform(-(3**0.5), 3**0.5, w.shape),
    "the_same_for_each_layer": lambda w: np.random.RandomState(1).randn(*w.shape),
}


@DRAWING
@pytest.mark.parametrize("pattern", PATTERNS)
def test_initial_weights_that_are_not_random_fail_despite_the_right_spread(check, pattern):
    class Wrong(REFERENCE[check.function]):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            for name in [name for name in self.params if name[0] == "W"]:
                w = self.params[name]
                made = PATTERNS[pattern](w)
                self.params[name] = ((made - made.mean()) / made.std() * w.std()).astype(w.dtype)

    with call_fails(r"was not drawn at random|start with the same numbers") as caught:
        returned(check, Wrong)
    assert caught.value.failure.function == check.function


@DRAWING
def test_a_constructor_that_seeds_itself_keeps_its_marks(check):
    class Seeded(REFERENCE[check.function]):
        def __init__(self, *args, **kwargs):
            np.random.seed(0)
            super().__init__(*args, **kwargs)

    assert wrong_in(check, returned(check, Seeded), check.tolerance) == []
