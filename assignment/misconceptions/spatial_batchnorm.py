"""Mistakes in spatial batch normalization, as wrong variants of the reference, each with its hint.

Each variant receives the reference before its own arguments. A hint says what the mistake is and where to look, not
the solution. A wrong forward returns the reference's cache, so that the backward sees no second mistake.
"""

import numpy as np

from grader.checks import misconception


def right_cache(reference, x, gamma, beta, bn_param):
    return reference.layers.spatial_batchnorm_forward(x, gamma, beta, dict(bn_param))[1]


def cache_of(cache):
    """Return the cache that the reference's forward made; a handle holds it as its value."""
    return getattr(cache, "value", cache)


@misconception(
    "layers.spatial_batchnorm_forward",
    "The reshape to (N * H * W, C) mixes channels: a reshape does not move numbers, so each column contains numbers "
    "of several channels. Which axis must come last before the reshape?",
)
def reshaped_without_transposing(reference, x, gamma, beta, bn_param):
    cache = right_cache(reference, x, gamma, beta, bn_param)
    out, _ = reference.layers.batchnorm_forward(x.reshape(-1, x.shape[1]), gamma, beta, bn_param)
    return out.reshape(x.shape), cache


@misconception(
    "layers.spatial_batchnorm_forward",
    "The running averages are right, but the numbers of out are in the wrong places: the way back from (N * H * W, C) "
    "does not undo the way there. In which order are the axes before and after the last reshape?",
)
def reshaped_without_transposing_back(reference, x, gamma, beta, bn_param):
    out, cache = reference.layers.spatial_batchnorm_forward(x, gamma, beta, bn_param)
    return out.transpose(0, 2, 3, 1).reshape(x.shape), cache


@misconception(
    "layers.spatial_batchnorm_forward",
    "Each image is normalized by its own mean and variance. The statistics of a channel are taken over the whole "
    "batch.",
)
def each_image_alone(reference, x, gamma, beta, bn_param):
    cache = right_cache(reference, x, gamma, beta, bn_param)
    outs = [reference.layers.spatial_batchnorm_forward(x[n : n + 1], gamma, beta, bn_param)[0] for n in range(len(x))]
    return np.concatenate(outs), cache


@misconception(
    "layers.spatial_batchnorm_forward",
    "Mean and variance match those of the images' means. That variance is far too small: every pixel is an example, "
    "not the mean of each image.",
)
def statistics_of_image_means(reference, x, gamma, beta, bn_param):
    cache = right_cache(reference, x, gamma, beta, bn_param)
    before = dict(bn_param)
    reference.layers.batchnorm_forward(x.mean(axis=(2, 3)), gamma, beta, bn_param)
    mean, var = bn_param["running_mean"], bn_param["running_var"]
    if before["mode"] == "train":
        means = x.mean(axis=(2, 3))
        mean, var = means.mean(axis=0), means.var(axis=0)
    shape = (1, -1, 1, 1)
    x_hat = (x - mean.reshape(shape)) / np.sqrt(var.reshape(shape) + bn_param.get("eps", 1e-5))
    return gamma.reshape(shape) * x_hat + beta.reshape(shape), cache


@misconception(
    "layers.spatial_batchnorm_forward",
    "gamma and beta are swapped. One scales, the other shifts.",
)
def spatial_gamma_and_beta_swapped(reference, x, gamma, beta, bn_param):
    return reference.layers.spatial_batchnorm_forward(x, beta, gamma, bn_param)


@misconception(
    "layers.spatial_batchnorm_backward",
    "dout is reshaped to (N * H * W, C) directly, so each column contains numbers of several channels. Move its axes "
    "as the forward moved those of x.",
)
def dout_reshaped_without_transposing(reference, dout, cache):
    inner, _ = cache_of(cache)
    dx, dgamma, dbeta = reference.layers.batchnorm_backward(dout.reshape(-1, dout.shape[1]), inner)
    return dx.reshape(dout.shape), dgamma, dbeta


@misconception(
    "layers.spatial_batchnorm_backward",
    "dgamma and dbeta are right, but the numbers of dx are in the wrong places. In which order are the axes before "
    "and after the last reshape?",
)
def dx_reshaped_without_transposing_back(reference, dout, cache):
    dx, dgamma, dbeta = reference.layers.spatial_batchnorm_backward(dout, cache)
    return dx.transpose(0, 2, 3, 1).reshape(dout.shape), dgamma, dbeta


@misconception(
    "layers.spatial_batchnorm_backward",
    "dgamma and dbeta are means over the pixels. gamma and beta are used for every pixel: how do the gradients that "
    "reach them combine?",
)
def spatial_means_for_dgamma_and_dbeta(reference, dout, cache):
    dx, dgamma, dbeta = reference.layers.spatial_batchnorm_backward(dout, cache)
    pixels = dout[:, 0].size
    return dx, dgamma / pixels, dbeta / pixels


@misconception(
    "layers.spatial_batchnorm_backward",
    "dx treats mean and variance as constants. They are constants in test mode only; in train mode they depend on x.",
)
def spatial_statistics_as_constants(reference, dout, cache):
    (_, std, gamma, _), _ = cache_of(cache)
    _, dgamma, dbeta = reference.layers.spatial_batchnorm_backward(dout, cache)
    return dout * (gamma / std).reshape(1, -1, 1, 1), dgamma, dbeta


PER_PIXEL = (
    "Each position of the image has its own mean and variance, taken over the images only. The statistics of a "
    "channel are taken over all of its pixels: what counts as an example for batch normalization?"
)


def normalized_per_pixel(x, gamma, beta, bn_param, averages_shape):
    """Normalize every pixel by the batch alone. averages_shape: maps (C, H, W) to the shape of the running averages, or
    to None if they are not stored.
    """
    mode, eps, momentum = bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    N, C, H, W = x.shape
    shape = averages_shape(C, H, W)
    last = (C, H, W)[-2:] if shape == (H * W,) else (C, H, W)
    zeros = np.zeros(int(np.prod(last)))
    # The running averages need an entry for each pixel: one for each channel would not broadcast.
    running = {key: bn_param.get(key, zeros) + zeros for key in ("running_mean", "running_var")}
    outs = []
    for c in range(C):
        pixels = x[:, c].reshape(N, H * W)
        if mode == "train":
            mean, var = pixels.mean(axis=0), pixels.var(axis=0)
            found = {"running_mean": mean, "running_var": var}
            for key in running:
                place = slice(c * H * W, (c + 1) * H * W) if last == (C, H, W) else slice(None)
                running[key][place] = momentum * running[key][place] + (1 - momentum) * found[key]
        else:
            place = slice(c * H * W, (c + 1) * H * W) if last == (C, H, W) else slice(None)
            mean, var = running["running_mean"][place], running["running_var"][place]
        outs.append((gamma[c] * (pixels - mean) / np.sqrt(var + eps) + beta[c]).reshape(N, H, W))
    if shape is not None:
        bn_param.update(running)
    return np.stack(outs, axis=1)


@misconception("layers.spatial_batchnorm_forward", PER_PIXEL, by_outcome=True)
def channel_by_channel(reference, x, gamma, beta, bn_param):
    cache = right_cache(reference, x, gamma, beta, {**bn_param, "running_mean": 0 * gamma, "running_var": 0 * gamma})
    return normalized_per_pixel(x, gamma, beta, bn_param, lambda C, H, W: (H * W,)), cache


@misconception("layers.spatial_batchnorm_forward", PER_PIXEL, by_outcome=True)
def every_pixel_a_feature(reference, x, gamma, beta, bn_param):
    cache = right_cache(reference, x, gamma, beta, {**bn_param, "running_mean": 0 * gamma, "running_var": 0 * gamma})
    return normalized_per_pixel(x, gamma, beta, bn_param, lambda C, H, W: (C * H * W,)), cache
