"""Mistakes in batch normalization, as wrong variants of the reference, each with its hint.

Each variant receives the reference before its own arguments. A hint says what the mistake is and where to look, not
the solution. A wrong forward returns the reference's cache, so that the backward sees no second mistake.
"""

import numpy as np

from grader.checks import misconception

BACKWARDS = "layers.batchnorm_backward", "layers.batchnorm_backward_alt"


def in_both_backwards(hint, **options):
    """Register a mistake for both backwards: students make it in the graph as well as in the short formula."""

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
    """Run a batch normalization in which one part may differ."""
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
    "The running averages match momentum times the batch's statistics plus (1 - momentum) times the old averages. "
    "Which of the two should weigh more if momentum is 0.9?",
    beside=True,
)
def momentum_swapped(reference, x, gamma, beta, bn_param):
    def swapped(running, sample, momentum):
        return (1 - momentum) * running + momentum * sample

    return batchnorm(reference, x, gamma, beta, bn_param, average=swapped)


@misconception(
    "layers.batchnorm_forward",
    "The running averages are the same after the call as before it. The batch's mean and variance never reach them, "
    "so test mode normalizes by the values that bn_param started with.",
    beside=True,
)
def running_averages_not_updated(reference, x, gamma, beta, bn_param):
    def unchanged(running, sample, momentum):
        return running

    return batchnorm(reference, x, gamma, beta, bn_param, average=unchanged)


@misconception(
    "layers.batchnorm_forward",
    "The running averages equal the statistics of the last batch alone. They should also remember earlier batches: "
    "what is momentum for?",
    beside=True,
)
def running_averages_replaced(reference, x, gamma, beta, bn_param):
    def replaced(running, sample, momentum):
        return sample

    return batchnorm(reference, x, gamma, beta, bn_param, average=replaced)


@misconception(
    "layers.batchnorm_forward",
    "The running averages match sums to which each batch adds its full statistics. In an average, the batch has only "
    "a share of the weight.",
    beside=True,
)
def batch_added_in_full(reference, x, gamma, beta, bn_param):
    def added(running, sample, momentum):
        return momentum * running + sample

    return batchnorm(reference, x, gamma, beta, bn_param, average=added)


@misconception(
    "layers.batchnorm_forward",
    "out is right, but running_var matches a variance divided by N - 1. Both should use the mean squared distance "
    "from the mean.",
)
def running_var_unbiased(reference, x, gamma, beta, bn_param):
    return batchnorm(reference, x, gamma, beta, bn_param, running_variance=sample_variance)


@misconception(
    "layers.batchnorm_forward",
    "The variance matches a sum divided by N - 1. The layer takes the mean over the batch: by how many numbers do you "
    "divide?",
)
def batch_var_unbiased(reference, x, gamma, beta, bn_param):
    return batchnorm(reference, x, gamma, beta, bn_param, variance=sample_variance)


@misconception(
    "layers.batchnorm_forward",
    "running_var contains running standard deviations. Look at what you average: test mode takes the square root "
    "later.",
)
def running_std(reference, x, gamma, beta, bn_param):
    return batchnorm(reference, x, gamma, beta, bn_param, running_variance=np.std)


@misconception(
    "layers.batchnorm_forward",
    "In train mode, out is too large if the batch's variance is small, as if nothing were added to the variance. "
    "Which part of the formula prevents a division by zero?",
)
def eps_forgotten_in_train_mode(reference, x, gamma, beta, bn_param):
    return batchnorm(reference, x, gamma, beta, bn_param, std=lambda var, eps: np.sqrt(var), test_std=root)


@misconception(
    "layers.batchnorm_forward",
    "In test mode, out is too large if running_var is small; train mode is right. Compare what the two modes divide "
    "by.",
)
def eps_forgotten_in_test_mode(reference, x, gamma, beta, bn_param):
    return batchnorm(reference, x, gamma, beta, bn_param, test_std=lambda var, eps: np.sqrt(var))


@misconception(
    "layers.batchnorm_forward",
    "In train mode and in test mode, out is too large if a variance is small, as if nothing were added to the "
    "variance. Which part of the formula prevents a division by zero?",
)
def eps_forgotten(reference, x, gamma, beta, bn_param):
    return batchnorm(reference, x, gamma, beta, bn_param, std=lambda var, eps: np.sqrt(var))


@misconception(
    "layers.batchnorm_forward",
    "out matches an eps that is added after the square root. Add it to the variance.",
)
def eps_outside_root(reference, x, gamma, beta, bn_param):
    return batchnorm(reference, x, gamma, beta, bn_param, std=lambda var, eps: np.sqrt(var) + eps)


@misconception(
    "layers.batchnorm_forward",
    "In test mode, out matches an eps that is added after the square root; train mode is right. Compare what the two "
    "modes divide by.",
)
def eps_outside_root_in_test_mode(reference, x, gamma, beta, bn_param):
    return batchnorm(reference, x, gamma, beta, bn_param, test_std=lambda var, eps: np.sqrt(var) + eps)


@misconception(
    "layers.batchnorm_forward",
    "out is divided by the variance, which has the unit of x squared. Which quantity has the unit of x?",
)
def divided_by_variance(reference, x, gamma, beta, bn_param):
    return batchnorm(reference, x, gamma, beta, bn_param, std=lambda var, eps: var + eps)


@misconception(
    "layers.batchnorm_forward",
    "In test mode, out is normalized by the batch's own mean and variance. At test time, an example's output must not "
    "depend on the other examples: what was collected during training?",
    beside=True,
)
def batch_statistics_in_test_mode(reference, x, gamma, beta, bn_param):
    out, cache = reference.layers.batchnorm_forward(x, gamma, beta, {**bn_param, "mode": "train"})
    _, right = reference.layers.batchnorm_forward(x, gamma, beta, bn_param)
    return out, cache if bn_param["mode"] == "train" else right


@misconception(
    "layers.batchnorm_forward",
    "The running averages change in test mode. Test data must not change them.",
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
    "gamma and beta are swapped. One scales, the other shifts.",
)
def gamma_and_beta_swapped(reference, x, gamma, beta, bn_param):
    return reference.layers.batchnorm_forward(x, beta, gamma, bn_param)


@misconception(
    "layers.batchnorm_forward",
    "out is the normalized x itself. What must you still do with gamma and beta?",
)
def neither_gamma_nor_beta(reference, x, gamma, beta, bn_param):
    return reference.layers.batchnorm_forward(x, np.ones_like(gamma), np.zeros_like(beta), bn_param)


@misconception(
    "layers.batchnorm_forward",
    "In test mode, out is the normalized x itself; train mode applies gamma and beta.",
)
def neither_gamma_nor_beta_in_test_mode(reference, x, gamma, beta, bn_param):
    if bn_param["mode"] == "train":
        return reference.layers.batchnorm_forward(x, gamma, beta, bn_param)
    return reference.layers.batchnorm_forward(x, np.ones_like(gamma), np.zeros_like(beta), bn_param)


@misconception(
    "layers.batchnorm_forward",
    "x is divided by its standard deviation, but nothing is subtracted before. The mean of out should be beta.",
)
def mean_not_subtracted(reference, x, gamma, beta, bn_param):
    out, cache = reference.layers.batchnorm_forward(x, gamma, np.zeros_like(beta), bn_param)
    mean, eps = bn_param["running_mean"], bn_param.get("eps", 1e-5)
    var = bn_param["running_var"]
    if bn_param["mode"] == "train":
        mean, var = x.mean(axis=0), x.var(axis=0)
    return out + gamma * mean / np.sqrt(var + eps) + beta, cache


def slopes(dx_hat, x_hat, std, axis, *, through_mean=True, through_variance=True):
    """Return the gradient of a normalization along an axis, through all paths of its graph or only some."""
    dx = dx_hat
    if through_mean:
        dx = dx - dx_hat.mean(axis=axis, keepdims=True)
    if through_variance:
        dx = dx - x_hat * np.mean(dx_hat * x_hat, axis=axis, keepdims=True)
    return dx / std


def cache_of(cache):
    """Return the cache that the reference's forward made; a handle holds it as its value."""
    return getattr(cache, "value", cache)


@in_both_backwards(
    "dx matches a graph without the path through the mean. Every example changes the batch's mean, and so all outputs "
    "of its column: which term of dx comes from that?",
    beside=True,
)
def nothing_through_mean(reference, dout, cache):
    x_hat, std, gamma, _ = cache_of(cache)
    _, dgamma, dbeta = reference.layers.batchnorm_backward(dout, cache)
    return slopes(dout * gamma, x_hat, std, 0, through_mean=False), dgamma, dbeta


@in_both_backwards(
    "dx matches a graph without the path through the variance. Every example changes the batch's variance, and so all "
    "outputs of its column: which term of dx comes from that?",
    beside=True,
)
def nothing_through_variance(reference, dout, cache):
    x_hat, std, gamma, _ = cache_of(cache)
    _, dgamma, dbeta = reference.layers.batchnorm_backward(dout, cache)
    return slopes(dout * gamma, x_hat, std, 0, through_variance=False), dgamma, dbeta


@in_both_backwards(
    "dx treats mean and variance as constants. They are constants in test mode only; in train mode they depend on x.",
    beside=True,
)
def statistics_as_constants(reference, dout, cache):
    _, std, gamma, _ = cache_of(cache)
    _, dgamma, dbeta = reference.layers.batchnorm_backward(dout, cache)
    return dout * gamma / std, dgamma, dbeta


@in_both_backwards(
    "The terms through mean and variance are sums, but they should be means. A factor 1 / N is missing on the path "
    "back through the two averages.",
    beside=True,
)
def sums_for_means(reference, dout, cache):
    x_hat, std, gamma, _ = cache_of(cache)
    _, dgamma, dbeta = reference.layers.batchnorm_backward(dout, cache)
    dx_hat = dout * gamma
    return (dx_hat - dx_hat.sum(axis=0) - x_hat * np.sum(dx_hat * x_hat, axis=0)) / std, dgamma, dbeta


@in_both_backwards(
    "dx is right except for gamma: dout goes into the normalization's gradient unchanged. What did the forward "
    "multiply x_hat by?",
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
    "dx is divided by the variance, but the forward divided by its square root.",
    beside=True,
)
def dx_over_variance(reference, dout, cache):
    _, std, _, _ = cache_of(cache)
    dx, dgamma, dbeta = reference.layers.batchnorm_backward(dout, cache)
    return dx / std, dgamma, dbeta


@in_both_backwards(
    "dx matches a forward without eps: it is too large where the variance is small. Divide by the same number as the "
    "forward.",
)
def eps_not_in_dx(reference, dout, cache):
    x_hat, std, gamma, mode = cache_of(cache)
    _, dgamma, dbeta = reference.layers.batchnorm_backward(dout, cache)
    share = np.sqrt(np.mean(x_hat * x_hat, axis=0))  # the share of std that comes from the variance, without eps
    dx, _, _ = reference.layers.batchnorm_backward(dout, (x_hat / share, std * share, gamma, mode))
    return dx, dgamma, dbeta


@in_both_backwards(
    "dgamma equals dbeta. The forward adds beta, but it multiplies gamma by something. The chain rule needs that "
    "factor here.",
)
def dgamma_without_x_hat(reference, dout, cache):
    dx, _, dbeta = reference.layers.batchnorm_backward(dout, cache)
    return dx, dbeta.copy(), dbeta


@in_both_backwards(
    "dgamma matches dout times the centred x. The forward had already divided by the standard deviation when it "
    "multiplied by gamma.",
)
def dgamma_with_centred_x(reference, dout, cache):
    _, std, _, _ = cache_of(cache)
    dx, dgamma, dbeta = reference.layers.batchnorm_backward(dout, cache)
    return dx, dgamma * std, dbeta


@in_both_backwards(
    "dgamma and dbeta are means over the batch. gamma and beta are used for every example: how do the gradients that "
    "reach them combine?",
    beside=True,
)
def means_for_dgamma_and_dbeta(reference, dout, cache):
    dx, dgamma, dbeta = reference.layers.batchnorm_backward(dout, cache)
    return dx, dgamma / len(dout), dbeta / len(dout)


@in_both_backwards(
    "dgamma and dbeta are summed along the features. Each feature has one gamma and one beta: over which axis must "
    "you sum?",
    beside=True,
)
def dgamma_and_dbeta_over_features(reference, dout, cache):
    x_hat, _, _, _ = cache_of(cache)
    dx, _, _ = reference.layers.batchnorm_backward(dout, cache)
    return dx, np.sum(dout * x_hat, axis=1), dout.sum(axis=1)
