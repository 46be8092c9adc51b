"""Mistakes in layer and group normalization, which use each example's own statistics, each with its hint.

Each variant receives the reference before its own arguments. A hint says what the mistake is and where to look, not
the solution. A wrong forward returns the reference's cache, so that the backward sees no second mistake.
"""

import numpy as np

from grader.checks import misconception


def root(var, eps):
    return np.sqrt(var + eps)


def layernorm(reference, x, gamma, beta, ln_param, *, std=root, axis=1, ddof=0):
    """Run a layer normalization in which one part may differ."""
    _, cache = reference.layers.layernorm_forward(x, gamma, beta, ln_param)
    mean, var = x.mean(axis=axis, keepdims=True), x.var(axis=axis, keepdims=True, ddof=ddof)
    return gamma * (x - mean) / std(var, ln_param.get("eps", 1e-5)) + beta, cache


@misconception(
    "layers.layernorm_forward",
    "The columns are normalized, as in batch normalization. Layer normalization normalizes each example on its own: "
    "along which axis?",
)
def layernorm_over_batch(reference, x, gamma, beta, ln_param):
    return layernorm(reference, x, gamma, beta, ln_param, axis=0)


@misconception(
    "layers.layernorm_forward",
    "All examples share one mean and one variance. Each example should have its own: keep the axis of the examples.",
)
def layernorm_over_all(reference, x, gamma, beta, ln_param):
    return layernorm(reference, x, gamma, beta, ln_param, axis=None)


@misconception(
    "layers.layernorm_forward",
    "The variance matches a sum divided by D - 1. The layer takes the mean over the features: by how many numbers do "
    "you divide?",
)
def layernorm_var_unbiased(reference, x, gamma, beta, ln_param):
    return layernorm(reference, x, gamma, beta, ln_param, ddof=1)


@misconception(
    "layers.layernorm_forward",
    "If an example's variance is small, out is too large, as if nothing were added to the variance. Which part of the "
    "formula prevents a division by zero?",
)
def layernorm_eps_forgotten(reference, x, gamma, beta, ln_param):
    return layernorm(reference, x, gamma, beta, ln_param, std=lambda var, eps: np.sqrt(var))


@misconception(
    "layers.layernorm_forward",
    "out matches an eps that is added after the square root. Add it to the variance.",
)
def layernorm_eps_outside_root(reference, x, gamma, beta, ln_param):
    return layernorm(reference, x, gamma, beta, ln_param, std=lambda var, eps: np.sqrt(var) + eps)


@misconception(
    "layers.layernorm_forward",
    "out is divided by the variance, which has the unit of x squared. Which quantity has the unit of x?",
)
def layernorm_divided_by_variance(reference, x, gamma, beta, ln_param):
    return layernorm(reference, x, gamma, beta, ln_param, std=lambda var, eps: var + eps)


@misconception(
    "layers.layernorm_forward",
    "gamma and beta are swapped. One scales, the other shifts.",
)
def layernorm_gamma_and_beta_swapped(reference, x, gamma, beta, ln_param):
    return layernorm(reference, x, beta, gamma, ln_param)


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


@misconception(
    "layers.layernorm_backward",
    "dx matches batch normalization: its means run over the examples. The forward took the means over the features of "
    "each example.",
)
def layernorm_dx_over_batch(reference, dout, cache):
    x_hat, std, gamma = cache_of(cache)
    _, dgamma, dbeta = reference.layers.layernorm_backward(dout, cache)
    return slopes(dout * gamma, x_hat, std, 0), dgamma, dbeta


@misconception(
    "layers.layernorm_backward",
    "dx matches the short formula of batch normalization, applied to rows, with gamma moved out of the means. In a "
    "row, every feature has another gamma: may you move it out of the mean?",
)
def layernorm_gamma_outside_means(reference, dout, cache):
    x_hat, std, gamma = cache_of(cache)
    _, dgamma, dbeta = reference.layers.layernorm_backward(dout, cache)
    return gamma * slopes(dout, x_hat, std, 1), dgamma, dbeta


@misconception(
    "layers.layernorm_backward",
    "dx matches a graph without the path through the mean. Every feature changes the mean of its example: which term "
    "of dx comes from that?",
)
def layernorm_nothing_through_mean(reference, dout, cache):
    x_hat, std, gamma = cache_of(cache)
    _, dgamma, dbeta = reference.layers.layernorm_backward(dout, cache)
    return slopes(dout * gamma, x_hat, std, 1, through_mean=False), dgamma, dbeta


@misconception(
    "layers.layernorm_backward",
    "dx matches a graph without the path through the variance. Every feature changes the variance of its example: "
    "which term of dx comes from that?",
)
def layernorm_nothing_through_variance(reference, dout, cache):
    x_hat, std, gamma = cache_of(cache)
    _, dgamma, dbeta = reference.layers.layernorm_backward(dout, cache)
    return slopes(dout * gamma, x_hat, std, 1, through_variance=False), dgamma, dbeta


@misconception(
    "layers.layernorm_backward",
    "The terms through mean and variance are divided by the number of examples. Over how many numbers did the forward "
    "take the mean?",
)
def layernorm_divided_by_n(reference, dout, cache):
    x_hat, std, gamma = cache_of(cache)
    _, dgamma, dbeta = reference.layers.layernorm_backward(dout, cache)
    N, dx_hat = len(dout), dout * gamma
    along_x_hat = np.sum(dx_hat * x_hat, axis=1, keepdims=True) / N
    return (dx_hat - dx_hat.sum(axis=1, keepdims=True) / N - x_hat * along_x_hat) / std, dgamma, dbeta


@misconception(
    "layers.layernorm_backward",
    "dgamma and dbeta are summed along the features. Each feature has one gamma and one beta, which all examples "
    "share: over which axis must you sum?",
)
def layernorm_dgamma_and_dbeta_over_features(reference, dout, cache):
    x_hat, _, _ = cache_of(cache)
    dx, _, _ = reference.layers.layernorm_backward(dout, cache)
    return dx, np.sum(dout * x_hat, axis=1), dout.sum(axis=1)


@misconception(
    "layers.layernorm_backward",
    "dgamma equals dbeta. The forward adds beta, but it multiplies gamma by something. The chain rule needs that "
    "factor here.",
)
def layernorm_dgamma_without_x_hat(reference, dout, cache):
    dx, _, dbeta = reference.layers.layernorm_backward(dout, cache)
    return dx, dbeta.copy(), dbeta


@misconception(
    "layers.layernorm_backward",
    "dx is right except for gamma: dout goes into the normalization's gradient unchanged. What did the forward "
    "multiply x_hat by?",
)
def layernorm_gamma_not_in_dx(reference, dout, cache):
    x_hat, std, _ = cache_of(cache)
    _, dgamma, dbeta = reference.layers.layernorm_backward(dout, cache)
    return slopes(dout, x_hat, std, 1), dgamma, dbeta


def groupnorm(reference, x, gamma, beta, G, gn_param, *, std=root, axis=(2, 3, 4), ddof=0):
    """Run a group normalization in which one part may differ. axis: of x in the shape (N, G, C / G, H, W)."""
    N, C, H, W = x.shape
    _, cache = reference.layers.spatial_groupnorm_forward(x, gamma, beta, G, gn_param)
    groups = x.reshape(N, G, C // G, H, W)
    mean, var = groups.mean(axis=axis, keepdims=True), groups.var(axis=axis, keepdims=True, ddof=ddof)
    x_hat = (groups - mean) / std(var, gn_param.get("eps", 1e-5))
    return gamma * x_hat.reshape(x.shape) + beta, cache


@misconception(
    "layers.spatial_groupnorm_forward",
    "Each pixel is normalized on its own, over the channels of its group. Take the mean and the variance of a group "
    "over H and W as well.",
)
def each_pixel_alone(reference, x, gamma, beta, G, gn_param):
    return groupnorm(reference, x, gamma, beta, G, gn_param, axis=2)


@misconception(
    "layers.spatial_groupnorm_forward",
    "Each channel is normalized on its own. All channels of a group share one mean and one variance.",
)
def each_channel_alone(reference, x, gamma, beta, G, gn_param):
    return groupnorm(reference, x, gamma, beta, G, gn_param, axis=(3, 4))


@misconception(
    "layers.spatial_groupnorm_forward",
    "Mean and variance are also taken over the images of the batch. In group normalization, each image has its own.",
)
def groups_over_batch(reference, x, gamma, beta, G, gn_param):
    return groupnorm(reference, x, gamma, beta, G, gn_param, axis=(0, 2, 3, 4))


@misconception(
    "layers.spatial_groupnorm_forward",
    "All channels are normalized together, as if there were one group. What does G mean?",
)
def one_group(reference, x, gamma, beta, G, gn_param):
    _, cache = reference.layers.spatial_groupnorm_forward(x, gamma, beta, G, gn_param)
    return groupnorm(reference, x, gamma, beta, 1, gn_param)[0], cache


@misconception(
    "layers.spatial_groupnorm_forward",
    "The groups are interleaved: each takes every G-th channel. A group consists of neighbouring channels; look at "
    "the order of the axes in your reshape.",
)
def groups_interleaved(reference, x, gamma, beta, G, gn_param):
    C = x.shape[1]
    _, cache = reference.layers.spatial_groupnorm_forward(x, gamma, beta, G, gn_param)
    order = np.arange(C).reshape(C // G, G).T.ravel()
    out = np.empty_like(x)
    ones, zeros = np.ones_like(gamma), np.zeros_like(beta)
    out[:, order], _ = reference.layers.spatial_groupnorm_forward(x[:, order], ones, zeros, G, gn_param)
    return gamma * out + beta, cache


@misconception(
    "layers.spatial_groupnorm_forward",
    "The number of groups and the number of channels in a group are swapped. Which of the two is G?",
)
def groups_of_g_channels(reference, x, gamma, beta, G, gn_param):
    _, cache = reference.layers.spatial_groupnorm_forward(x, gamma, beta, G, gn_param)
    return groupnorm(reference, x, gamma, beta, x.shape[1] // G, gn_param)[0], cache


@misconception(
    "layers.spatial_groupnorm_forward",
    "All channels of a group use the gamma and beta of its first channel. A group has one mean and one variance, but "
    "each channel has its own gamma and beta.",
)
def gamma_and_beta_by_group(reference, x, gamma, beta, G, gn_param):
    _, cache = reference.layers.spatial_groupnorm_forward(x, gamma, beta, G, gn_param)
    size = x.shape[1] // G
    first = np.arange(x.shape[1]) // size * size
    return groupnorm(reference, x, gamma[:, first], beta[:, first], G, gn_param)[0], cache


@misconception(
    "layers.spatial_groupnorm_forward",
    "The variance matches a sum divided by the count minus 1. The layer takes the mean over the group: by how "
    "many numbers do you divide?",
)
def groupnorm_var_unbiased(reference, x, gamma, beta, G, gn_param):
    return groupnorm(reference, x, gamma, beta, G, gn_param, ddof=1)


@misconception(
    "layers.spatial_groupnorm_forward",
    "If a group's variance is small, out is too large, as if nothing were added to the variance. Which part of the "
    "formula prevents a division by zero?",
)
def groupnorm_eps_forgotten(reference, x, gamma, beta, G, gn_param):
    return groupnorm(reference, x, gamma, beta, G, gn_param, std=lambda var, eps: np.sqrt(var))


@misconception(
    "layers.spatial_groupnorm_forward",
    "out matches an eps that is added after the square root. Add it to the variance.",
)
def groupnorm_eps_outside_root(reference, x, gamma, beta, G, gn_param):
    return groupnorm(reference, x, gamma, beta, G, gn_param, std=lambda var, eps: np.sqrt(var) + eps)


@misconception(
    "layers.spatial_groupnorm_forward",
    "gamma and beta are swapped. One scales, the other shifts.",
)
def groupnorm_gamma_and_beta_swapped(reference, x, gamma, beta, G, gn_param):
    return groupnorm(reference, x, beta, gamma, G, gn_param)


def group_slopes(dx_hat, x_hat, std, **ways):
    """Return the slopes of each group; std has the shape (N, G, 1)."""
    N, G, _ = std.shape
    return slopes(dx_hat.reshape(N, G, -1), x_hat.reshape(N, G, -1), std, 2, **ways).reshape(dx_hat.shape)


@misconception(
    "layers.spatial_groupnorm_backward",
    "dx matches a graph without the path through the mean. Every pixel changes the mean of its group: which term of "
    "dx comes from that?",
)
def groupnorm_nothing_through_mean(reference, dout, cache):
    x_hat, std, gamma = cache_of(cache)
    _, dgamma, dbeta = reference.layers.spatial_groupnorm_backward(dout, cache)
    return group_slopes(dout * gamma, x_hat, std, through_mean=False), dgamma, dbeta


@misconception(
    "layers.spatial_groupnorm_backward",
    "dx matches a graph without the path through the variance. Every pixel changes the variance of its group: which "
    "term of dx comes from that?",
)
def groupnorm_nothing_through_variance(reference, dout, cache):
    x_hat, std, gamma = cache_of(cache)
    _, dgamma, dbeta = reference.layers.spatial_groupnorm_backward(dout, cache)
    return group_slopes(dout * gamma, x_hat, std, through_variance=False), dgamma, dbeta


@misconception(
    "layers.spatial_groupnorm_backward",
    "dx matches a formula in which gamma is moved out of the group's means. Within a group, every channel has another "
    "gamma: may you move it out of the mean?",
)
def groupnorm_gamma_outside_means(reference, dout, cache):
    x_hat, std, gamma = cache_of(cache)
    _, dgamma, dbeta = reference.layers.spatial_groupnorm_backward(dout, cache)
    return gamma * group_slopes(dout, x_hat, std), dgamma, dbeta


@misconception(
    "layers.spatial_groupnorm_backward",
    "dx is right except for gamma: dout goes into the normalization's gradient unchanged. What did the forward "
    "multiply x_hat by?",
)
def groupnorm_gamma_not_in_dx(reference, dout, cache):
    x_hat, std, _ = cache_of(cache)
    _, dgamma, dbeta = reference.layers.spatial_groupnorm_backward(dout, cache)
    return group_slopes(dout, x_hat, std), dgamma, dbeta


@misconception(
    "layers.spatial_groupnorm_backward",
    "The terms through mean and variance are divided by H * W only. Over how many numbers did the forward take a "
    "group's mean?",
)
def groupnorm_divided_by_pixels(reference, dout, cache):
    x_hat, std, gamma = cache_of(cache)
    _, dgamma, dbeta = reference.layers.spatial_groupnorm_backward(dout, cache)
    channels = x_hat.shape[1] // std.shape[1]
    direct = dout * gamma / np.repeat(std[..., 0], channels, axis=1)[:, :, None, None]
    dx = group_slopes(dout * gamma, x_hat, std)
    return direct + channels * (dx - direct), dgamma, dbeta


@misconception(
    "layers.spatial_groupnorm_backward",
    "dgamma and dbeta have an entry for each image. All images share one gamma and one beta: over which axes must you "
    "sum?",
)
def groupnorm_not_summed_over_images(reference, dout, cache):
    x_hat, _, _ = cache_of(cache)
    dx, _, _ = reference.layers.spatial_groupnorm_backward(dout, cache)
    return dx, np.sum(dout * x_hat, axis=(2, 3), keepdims=True), dout.sum(axis=(2, 3), keepdims=True)


@misconception(
    "layers.spatial_groupnorm_backward",
    "dgamma and dbeta are summed over the channels of a group. A group has one mean and one variance, but each "
    "channel has its own gamma and beta.",
)
def groupnorm_dgamma_and_dbeta_by_group(reference, dout, cache):
    _, std, _ = cache_of(cache)
    dx, dgamma, dbeta = reference.layers.spatial_groupnorm_backward(dout, cache)
    G, C = std.shape[1], dout.shape[1]
    summed = [np.repeat(part.reshape(G, -1).sum(axis=1), C // G).reshape(1, C, 1, 1) for part in (dgamma, dbeta)]
    return dx, *summed


@misconception(
    "layers.spatial_groupnorm_backward",
    "dgamma equals dbeta. The forward adds beta, but it multiplies gamma by something. The chain rule needs that "
    "factor here.",
)
def groupnorm_dgamma_without_x_hat(reference, dout, cache):
    dx, _, dbeta = reference.layers.spatial_groupnorm_backward(dout, cache)
    return dx, dbeta.copy(), dbeta
