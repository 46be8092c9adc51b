"""Mistakes in batch normalization, as wrong variants of the reference, each with its hint.

A variant gets the reference before its own arguments. A hint says what was seen and where to look, not the solution.
Forwards hand on the reference's cache, so that their mistake is the only one.
"""

import numpy as np

from grader.checks import misconception

BACKWARDS = "layers.batchnorm_backward", "layers.batchnorm_backward_alt"


def in_both_backwards(hint, **options):
    """A mistake that is made in the graph as well as in the short formula."""

    def define(run):
        for function in BACKWARDS:
            misconception(function, hint, **options)(run)
        return run

    return define


def root(var, eps):
    return np.sqrt(var + eps)


def average(running, sample, momentum):
    return momentum * running + (1 - momentum) * sample


def sample_variance(x, axis):
    return x.var(axis=axis, ddof=1)


def batchnorm(
    reference,
    x,
    gamma,
    beta,
    bn_param,
    *,
    std=root,
    test_std=None,
    variance=np.var,
    running_variance=None,
    average=average,
):
    """A batch normalization of which one part may be another."""
    _, cache = reference.layers.batchnorm_forward(x, gamma, beta, dict(bn_param))
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    mean = running_mean = bn_param.get("running_mean", np.zeros(x.shape[1]))
    var = running_var = bn_param.get("running_var", np.zeros(x.shape[1]))
    if bn_param["mode"] == "train":
        mean, var = x.mean(axis=0), variance(x, axis=0)
        running_mean = average(running_mean, mean, momentum)
        running_var = average(running_var, (running_variance or variance)(x, axis=0), momentum)
    bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var
    divisor = std if bn_param["mode"] == "train" else test_std or std
    return gamma * (x - mean) / divisor(var, eps) + beta, cache


@misconception(
    "layers.batchnorm_forward",
    "The running averages fit momentum applied to the batch and 1 - momentum to what was there. Which of the two "
    "should weigh more when momentum is 0.9?",
    beside=True,
)
def momentum_swapped(reference, x, gamma, beta, bn_param):
    def swapped(running, sample, momentum):
        return (1 - momentum) * running + momentum * sample

    return batchnorm(reference, x, gamma, beta, bn_param, average=swapped)


@misconception(
    "layers.batchnorm_forward",
    "The running averages are what they were before the call: those of the batch never reach them, so that test mode "
    "normalizes by what bn_param began with.",
    beside=True,
)
def running_averages_not_updated(reference, x, gamma, beta, bn_param):
    def unchanged(running, sample, momentum):
        return running

    return batchnorm(reference, x, gamma, beta, bn_param, average=unchanged)


@misconception(
    "layers.batchnorm_forward",
    "The running averages are those of the last batch alone. They are to remember earlier batches, too: what is "
    "momentum for?",
    beside=True,
)
def running_averages_replaced(reference, x, gamma, beta, bn_param):
    def replaced(running, sample, momentum):
        return sample

    return batchnorm(reference, x, gamma, beta, bn_param, average=replaced)


@misconception(
    "layers.batchnorm_forward",
    "The running averages fit sums in which the batch counts in full. An average gives the batch a share only.",
    beside=True,
)
def batch_added_in_full(reference, x, gamma, beta, bn_param):
    def added(running, sample, momentum):
        return momentum * running + sample

    return batchnorm(reference, x, gamma, beta, bn_param, average=added)


@misconception(
    "layers.batchnorm_forward",
    "out is right, running_var fits a variance divided by N - 1. Both are to be the mean squared distance from the "
    "mean.",
)
def running_var_unbiased(reference, x, gamma, beta, bn_param):
    return batchnorm(reference, x, gamma, beta, bn_param, running_variance=sample_variance)


@misconception(
    "layers.batchnorm_forward",
    "The variance fits a sum divided by N - 1. The layer takes the mean over the batch: how many numbers is that?",
)
def batch_var_unbiased(reference, x, gamma, beta, bn_param):
    return batchnorm(reference, x, gamma, beta, bn_param, variance=sample_variance)


@misconception(
    "layers.batchnorm_forward",
    "running_var holds running standard deviations. Look at what you average: test mode takes the root.",
)
def running_std(reference, x, gamma, beta, bn_param):
    return batchnorm(reference, x, gamma, beta, bn_param, running_variance=np.std)


@misconception(
    "layers.batchnorm_forward",
    "Where the batch's variance is small, out is too large in train mode, as if nothing were added to the variance. "
    "What keeps the formula from dividing by zero?",
)
def eps_forgotten_in_train_mode(reference, x, gamma, beta, bn_param):
    return batchnorm(reference, x, gamma, beta, bn_param, std=lambda var, eps: np.sqrt(var), test_std=root)


@misconception(
    "layers.batchnorm_forward",
    "Where running_var is small, out is too large in test mode; train mode is right. Compare what the two divide by.",
)
def eps_forgotten_in_test_mode(reference, x, gamma, beta, bn_param):
    return batchnorm(reference, x, gamma, beta, bn_param, test_std=lambda var, eps: np.sqrt(var))


@misconception(
    "layers.batchnorm_forward",
    "Where a variance is small, out is too large in train mode and in test mode, as if nothing were added to it. What "
    "keeps the formula from dividing by zero?",
)
def eps_forgotten(reference, x, gamma, beta, bn_param):
    return batchnorm(reference, x, gamma, beta, bn_param, std=lambda var, eps: np.sqrt(var))


@misconception(
    "layers.batchnorm_forward",
    "out fits an eps that is added after the root was taken. It belongs to the variance.",
)
def eps_outside_root(reference, x, gamma, beta, bn_param):
    return batchnorm(reference, x, gamma, beta, bn_param, std=lambda var, eps: np.sqrt(var) + eps)


@misconception(
    "layers.batchnorm_forward",
    "In test mode out fits an eps that is added after the root was taken; train mode is right. Compare what the two "
    "divide by.",
)
def eps_outside_root_in_test_mode(reference, x, gamma, beta, bn_param):
    return batchnorm(reference, x, gamma, beta, bn_param, test_std=lambda var, eps: np.sqrt(var) + eps)


@misconception(
    "layers.batchnorm_forward",
    "out is divided by the variance. That has the unit of x squared: what has the unit of x?",
)
def divided_by_variance(reference, x, gamma, beta, bn_param):
    return batchnorm(reference, x, gamma, beta, bn_param, std=lambda var, eps: var + eps)


@misconception(
    "layers.batchnorm_forward",
    "In test mode the batch's own mean and variance normalize it. An example's output must not depend on which others "
    "come with it then: what was collected during training?",
    beside=True,
)
def batch_statistics_in_test_mode(reference, x, gamma, beta, bn_param):
    out, cache = reference.layers.batchnorm_forward(x, gamma, beta, {**bn_param, "mode": "train"})
    _, right = reference.layers.batchnorm_forward(x, gamma, beta, bn_param)
    return out, cache if bn_param["mode"] == "train" else right


@misconception(
    "layers.batchnorm_forward",
    "The running averages change in test mode. What is seen at test time must not teach them anything.",
    beside=True,
)
def running_averages_updated_in_test_mode(reference, x, gamma, beta, bn_param):
    after = {**bn_param, "mode": "train"}
    reference.layers.batchnorm_forward(x, gamma, beta, after)
    out, cache = reference.layers.batchnorm_forward(x, gamma, beta, bn_param)
    bn_param["running_mean"], bn_param["running_var"] = after["running_mean"], after["running_var"]
    return out, cache


@misconception(
    "layers.batchnorm_forward",
    "gamma and beta have changed places. One scales, the other shifts.",
)
def gamma_and_beta_swapped(reference, x, gamma, beta, bn_param):
    return reference.layers.batchnorm_forward(x, beta, gamma, bn_param)


@misconception(
    "layers.batchnorm_forward",
    "out is the normalized x itself. What is still to be done with gamma and beta?",
)
def neither_gamma_nor_beta(reference, x, gamma, beta, bn_param):
    return reference.layers.batchnorm_forward(x, np.ones_like(gamma), np.zeros_like(beta), bn_param)


@misconception(
    "layers.batchnorm_forward",
    "In test mode out is the normalized x itself; in train mode gamma and beta are there.",
)
def neither_gamma_nor_beta_in_test_mode(reference, x, gamma, beta, bn_param):
    if bn_param["mode"] == "train":
        return reference.layers.batchnorm_forward(x, gamma, beta, bn_param)
    return reference.layers.batchnorm_forward(x, np.ones_like(gamma), np.zeros_like(beta), bn_param)


@misconception(
    "layers.batchnorm_forward",
    "x is divided by its standard deviation, but nothing was subtracted before. Its mean should come out as beta.",
)
def mean_not_subtracted(reference, x, gamma, beta, bn_param):
    out, cache = reference.layers.batchnorm_forward(x, gamma, np.zeros_like(beta), bn_param)
    mean, eps = bn_param["running_mean"], bn_param.get("eps", 1e-5)
    var = bn_param["running_var"]
    if bn_param["mode"] == "train":
        mean, var = x.mean(axis=0), x.var(axis=0)
    return out + gamma * mean / np.sqrt(var + eps) + beta, cache


def slopes(dx_hat, x_hat, std, axis, *, through_mean=True, through_variance=True):
    """The gradient of a normalization along an axis, on all or only some of the ways through its graph."""
    dx = dx_hat
    if through_mean:
        dx = dx - dx_hat.mean(axis=axis, keepdims=True)
    if through_variance:
        dx = dx - x_hat * np.mean(dx_hat * x_hat, axis=axis, keepdims=True)
    return dx / std


def cache_of(cache):
    """What the reference's forward put into the cache that travelled here."""
    return getattr(cache, "value", cache)


@in_both_backwards(
    "dx fits a graph without the way through the mean. Every example moved the batch's mean, and with it all "
    "outputs of its column: which term carries that back?",
    beside=True,
)
def nothing_through_mean(reference, dout, cache):
    x_hat, std, gamma, _ = cache_of(cache)
    _, dgamma, dbeta = reference.layers.batchnorm_backward(dout, cache)
    return slopes(dout * gamma, x_hat, std, 0, through_mean=False), dgamma, dbeta


@in_both_backwards(
    "dx fits a graph without the way through the variance. Every example moved the batch's variance, and with it all "
    "outputs of its column: which term carries that back?",
    beside=True,
)
def nothing_through_variance(reference, dout, cache):
    x_hat, std, gamma, _ = cache_of(cache)
    _, dgamma, dbeta = reference.layers.batchnorm_backward(dout, cache)
    return slopes(dout * gamma, x_hat, std, 0, through_variance=False), dgamma, dbeta


@in_both_backwards(
    "dx treats mean and variance as constants, which they are in test mode only. In train mode they are made of x, "
    "too.",
    beside=True,
)
def statistics_as_constants(reference, dout, cache):
    _, std, gamma, _ = cache_of(cache)
    _, dgamma, dbeta = reference.layers.batchnorm_backward(dout, cache)
    return dout * gamma / std, dgamma, dbeta


@in_both_backwards(
    "The terms through mean and variance are sums where they should be means: 1 / N got lost on the way back through "
    "the two averages.",
    beside=True,
)
def sums_for_means(reference, dout, cache):
    x_hat, std, gamma, _ = cache_of(cache)
    _, dgamma, dbeta = reference.layers.batchnorm_backward(dout, cache)
    dx_hat = dout * gamma
    return (dx_hat - dx_hat.sum(axis=0) - x_hat * np.sum(dx_hat * x_hat, axis=0)) / std, dgamma, dbeta


@in_both_backwards(
    "dx is right but for gamma: dout goes into the normalization as it is. What was x_hat multiplied by?",
)
def gamma_not_in_dx(reference, dout, cache):
    x_hat, std, gamma, mode = cache_of(cache)
    _, dgamma, dbeta = reference.layers.batchnorm_backward(dout, cache)
    dx, _, _ = reference.layers.batchnorm_backward(dout, (x_hat, std, np.ones_like(gamma), mode))
    return dx, dgamma, dbeta


@in_both_backwards(
    "The term through the variance has the wrong sign. A larger variance makes the outputs smaller: follow that minus.",
)
def variance_with_wrong_sign(reference, dout, cache):
    x_hat, std, gamma, _ = cache_of(cache)
    dx, dgamma, dbeta = reference.layers.batchnorm_backward(dout, cache)
    return dx + 2 * x_hat * np.mean(dout * gamma * x_hat, axis=0) / std, dgamma, dbeta


@in_both_backwards(
    "dx is divided by the variance where the forward divided by its root.",
    beside=True,
)
def dx_over_variance(reference, dout, cache):
    _, std, _, _ = cache_of(cache)
    dx, dgamma, dbeta = reference.layers.batchnorm_backward(dout, cache)
    return dx / std, dgamma, dbeta


@in_both_backwards(
    "dx fits a forward without eps: where the variance is small it is too large. Divide by what the forward divided "
    "by.",
)
def eps_not_in_dx(reference, dout, cache):
    x_hat, std, gamma, mode = cache_of(cache)
    _, dgamma, dbeta = reference.layers.batchnorm_backward(dout, cache)
    share = np.sqrt(np.mean(x_hat * x_hat, axis=0))  # of std that comes from the variance alone
    dx, _, _ = reference.layers.batchnorm_backward(dout, (x_hat / share, std * share, gamma, mode))
    return dx, dgamma, dbeta


@in_both_backwards(
    "dgamma equals dbeta. beta is added, but gamma is multiplied by something: the chain rule puts it here.",
)
def dgamma_without_x_hat(reference, dout, cache):
    dx, _, dbeta = reference.layers.batchnorm_backward(dout, cache)
    return dx, dbeta.copy(), dbeta


@in_both_backwards(
    "dgamma fits dout times the centred x. gamma was multiplied by what had already been divided by the deviation.",
)
def dgamma_with_centred_x(reference, dout, cache):
    _, std, _, _ = cache_of(cache)
    dx, dgamma, dbeta = reference.layers.batchnorm_backward(dout, cache)
    return dx, dgamma * std, dbeta


@in_both_backwards(
    "dgamma and dbeta are means over the batch. Both went into every example: how do the gradients that reach them "
    "combine?",
    beside=True,
)
def means_for_dgamma_and_dbeta(reference, dout, cache):
    dx, dgamma, dbeta = reference.layers.batchnorm_backward(dout, cache)
    return dx, dgamma / len(dout), dbeta / len(dout)


@in_both_backwards(
    "dgamma and dbeta are summed along the features. There is one gamma and one beta for each feature: which axis is "
    "to go?",
    beside=True,
)
def dgamma_and_dbeta_over_features(reference, dout, cache):
    x_hat, _, _, _ = cache_of(cache)
    dx, _, _ = reference.layers.batchnorm_backward(dout, cache)
    return dx, np.sum(dout * x_hat, axis=1), dout.sum(axis=1)
