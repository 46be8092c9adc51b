"""Right norms, dropout and update rules in other styles pass all of their checks.

Statistics of shape (1, D), running averages and weights changed in place, caches of all kinds, other ways to draw a
mask, Adam in the paper's second form. Known mistakes in dropout get their hints for any random numbers.
"""

from pathlib import Path

import numpy as np
import pytest

from grader.assignment.fixtures import load_fixtures
from grader.assignment.load import load_assignment
from grader.assignment.reference import load_reference
from grader.calls import local_call
from grader.judging.compare import fit, judge_values
from grader.judging.run_check_function import named_values
from grader.judging.student_proxy import Student
from grader.records import PASSED

ROOT = Path(__file__).resolve().parents[2]
ASSIGNMENT = load_assignment(ROOT / "assignment")
FIXTURES = load_fixtures(ASSIGNMENT)
FUNCTIONS = load_reference(ASSIGNMENT)


def judged(check, functions):
    student = Student(local_call({**FUNCTIONS, **functions}), frozenset(FUNCTIONS))
    with np.errstate(all="ignore"):
        answer = named_values(check.run(student, np.random.RandomState(check.seed)))
    return judge_values(check, FIXTURES.checks[check.id].expected, answer.values)


def batchnorm_forward(x, gamma, beta, bn_param):
    """Statistics keep the axis of the batch; running averages are changed in place."""
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    for key in ("running_mean", "running_var"):
        bn_param.setdefault(key, np.zeros((1, x.shape[1])))
    if bn_param["mode"] == "test":
        return gamma * (x - bn_param["running_mean"]) / np.sqrt(bn_param["running_var"] + eps) + beta, None
    mean = np.mean(x, axis=0, keepdims=True)
    var = np.mean((x - mean) ** 2, axis=0, keepdims=True)
    for key, sample in (("running_mean", mean), ("running_var", var)):
        bn_param[key] *= momentum
        bn_param[key] += (1 - momentum) * sample.reshape(bn_param[key].shape)
    return gamma * (x - mean) / np.sqrt(var + eps) + beta, {
        "x": x,
        "mean": mean,
        "var": var,
        "gamma": gamma,
        "eps": eps,
    }


def batchnorm_backward(dout, cache):
    x, mean, var, gamma, eps = (cache[key] for key in ("x", "mean", "var", "gamma", "eps"))
    N, centred = len(x), x - mean
    dx_hat = dout * gamma
    dvar = np.sum(dx_hat * centred, axis=0) * -0.5 * (var + eps) ** -1.5
    dmean = -np.sum(dx_hat, axis=0) / np.sqrt(var + eps)
    dx = dx_hat / np.sqrt(var + eps) + dvar * 2 * centred / N + dmean / N
    dgamma = np.sum(dout * centred / np.sqrt(var + eps), axis=0, keepdims=True)
    return dx, dgamma, dout.sum(axis=0, keepdims=True)


def layernorm_forward(x, gamma, beta, ln_param):
    columns = x.T
    std = np.sqrt(columns.var(axis=0) + ln_param.get("eps", 1e-5))
    x_hat = ((columns - columns.mean(axis=0)) / std).T
    return gamma * x_hat + beta, [x_hat, gamma, std]


def layernorm_backward(dout, cache):
    """Computes one example at a time, by its Jacobian."""
    x_hat, gamma, std = cache
    D = dout.shape[1]
    rows = [
        (np.eye(D) - 1 / D - np.outer(h, h) / D) @ (gamma * d) / s for d, h, s in zip(dout, x_hat, std, strict=True)
    ]
    return np.array(rows), np.einsum("nd,nd->d", dout, x_hat), np.ones(len(dout)) @ dout


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    columns = np.concatenate([image.reshape(x.shape[1], -1) for image in x], axis=1).T
    out, cache = batchnorm_forward(columns, gamma, beta, bn_param)
    N, C, H, W = x.shape
    return np.array(out.T.reshape(C, N, H, W).swapaxes(0, 1)), cache


def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    dx, dgamma, dbeta = batchnorm_backward(dout.swapaxes(0, 1).reshape(C, -1).T, cache)
    return dx.T.reshape(C, N, H, W).swapaxes(0, 1), dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    size, x_hat, stds = x.shape[1] // G, np.zeros_like(x), np.zeros((len(x), G))
    for n in range(len(x)):
        for g in range(G):
            group = x[n, g * size : (g + 1) * size]
            stds[n, g] = np.sqrt(group.var() + gn_param.get("eps", 1e-5))
            x_hat[n, g * size : (g + 1) * size] = (group - group.mean()) / stds[n, g]
    return gamma * x_hat + beta, (x_hat, stds, gamma)


def spatial_groupnorm_backward(dout, cache):
    x_hat, stds, gamma = cache
    size, dx = dout.shape[1] // stds.shape[1], np.zeros_like(dout)
    for n, g in np.ndindex(*stds.shape):
        part = (n, slice(g * size, (g + 1) * size))
        d, h = (gamma * dout)[part], x_hat[part]
        dx[part] = (d - d.mean() - h * (d * h).mean()) / stds[n, g]
    return dx, (dout * x_hat).sum(axis=(0, 2, 3), keepdims=True), dout.sum(axis=(0, 2, 3)).reshape(gamma.shape)


def dropout_by(draw, scale):
    """A forward whose mask comes from `draw` and whose scale is separate; the seed goes to NumPy's global generator."""

    def forward(x, dropout_param):
        p = dropout_param["p"]
        if dropout_param.get("seed") is not None:
            np.random.seed(dropout_param["seed"])
        if dropout_param["mode"] == "test":
            return x, (dropout_param, None)
        mask = draw(x.shape, p)
        return x * mask * np.float64(scale(p)), (dropout_param, mask)

    return forward


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    return dout if dropout_param["mode"] == "test" else dout * mask / (1 - dropout_param["p"])


def binomial(shape, p):
    return np.random.binomial(1, 1 - p, size=shape)


def sgd_momentum(w, dw, config=None):
    config = config or {"learning_rate": 1e-2, "momentum": 0.9}
    velocity = config.setdefault("velocity", np.zeros_like(w))
    velocity *= config.get("momentum", 0.9)
    velocity -= config["learning_rate"] * dw
    w += velocity
    return w, config


def rmsprop(x, dx, config=None):
    config = {} if config is None else config
    for key, value in {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8, "cache": 0 * x}.items():
        config.setdefault(key, value)
    config["cache"] = config["cache"] + (1 - config["decay_rate"]) * (dx * dx - config["cache"])
    return x - dx * config["learning_rate"] / (config["cache"] ** 0.5 + config["epsilon"]), config


def adam(x, dx, config=None):
    """The second form in the paper: both bias corrections are part of the learning rate."""
    given = {} if config is None else config
    config = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "m": 0 * x, "v": 0 * x, "t": 0}
    config = config | given
    config["t"] += 1
    config["m"] = config["beta1"] * config["m"] + (1 - config["beta1"]) * dx
    config["v"] = config["beta2"] * config["v"] + (1 - config["beta2"]) * dx**2
    rate = config["learning_rate"] * np.sqrt(1 - config["beta2"] ** config["t"]) / (1 - config["beta1"] ** config["t"])
    given.update(config)
    return x - rate * config["m"] / (np.sqrt(config["v"]) + config["epsilon"]), given


OTHERS = {
    "layers.batchnorm_forward": batchnorm_forward,
    "layers.batchnorm_backward": batchnorm_backward,
    "layers.batchnorm_backward_alt": batchnorm_backward,
    "layers.layernorm_forward": layernorm_forward,
    "layers.layernorm_backward": layernorm_backward,
    "layers.dropout_forward": dropout_by(binomial, lambda p: 1 / (1 - p)),
    "layers.dropout_backward": dropout_backward,
    "layers.spatial_batchnorm_forward": spatial_batchnorm_forward,
    "layers.spatial_batchnorm_backward": spatial_batchnorm_backward,
    "layers.spatial_groupnorm_forward": spatial_groupnorm_forward,
    "layers.spatial_groupnorm_backward": spatial_groupnorm_backward,
    "optim.sgd_momentum": sgd_momentum,
    "optim.rmsprop": rmsprop,
    "optim.adam": adam,
}
THEIRS = [check for check in ASSIGNMENT.checks if check.function in OTHERS]


@pytest.mark.parametrize("check", THEIRS, ids=lambda check: check.id)
def test_right_solutions_in_other_styles_pass(check):
    for judgement in judged(check, OTHERS):
        assert judgement.comparison.status == PASSED, judgement.comparison


def test_a_mask_of_values_above_p_passes():
    forward = dropout_by(lambda shape, p: np.random.rand(*shape) >= p, lambda p: 1 / (1 - p))
    for check in THEIRS:
        if check.function.startswith("layers.dropout"):
            for judgement in judged(check, {**OTHERS, "layers.dropout_forward": forward}):
                assert judgement.comparison.status == PASSED, judgement.comparison


def keep_p(shape, p):
    return np.random.binomial(1, p, size=shape)


def normal(shape, p):
    return np.random.randn(*shape) < 1 - p


SEEN = {
    "keeps_p_and_scales_by_p": (keep_p, lambda p: 1 / np.float64(p)),
    "drops_p_and_does_not_scale": (binomial, lambda p: 1),
    "drops_p_and_scales_by_p": (binomial, lambda p: 1 / np.float64(p)),
    "keeps_p_and_does_not_scale": (keep_p, lambda p: 1),
    "keeps_p_and_scales_by_1_minus_p": (keep_p, lambda p: 1 / (1 - p)),
    "draws_normal_numbers_to_keep": (normal, lambda p: 1 / (1 - p)),
}


@pytest.mark.parametrize("name", SEEN)
def test_a_known_mistake_in_dropout_gets_its_hint_for_any_random_numbers(name):
    forward = dropout_by(*SEEN[name])
    fitting = set()
    for check in THEIRS:
        if check.function != "layers.dropout_forward":
            continue
        judgements, fixture = judged(check, {"layers.dropout_forward": forward}), FIXTURES.checks[check.id]
        variants = fixture.variants
        hit = {other for other in variants if fit(check, fixture.expected, variants[other], judgements).matches_all}
        wrong = any(judgement.comparison.status != PASSED for judgement in judgements)
        assert (name in hit) == wrong == (name in variants), check.id
        fitting |= hit
    hints = {item.name: item.hint for item in ASSIGNMENT.misconceptions_of("layers.dropout_forward")}
    assert name in fitting
    assert hints[name] not in {hints[other] for other in SEEN if other != name}
