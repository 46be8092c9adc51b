import numpy as np


def affine_forward(inputs, weights, bias):
    out = np.empty((inputs.shape[0], weights.shape[1]))
    np.matmul(inputs.reshape(len(inputs), -1), weights, out=out)
    out += bias
    return out, (inputs, weights, bias)


def affine_backward(upstream, stored):
    inputs, weights, bias = stored
    d_inputs = np.matmul(upstream, weights.T).reshape(inputs.shape)
    d_weights = np.matmul(inputs.reshape(len(inputs), -1).T, upstream)
    d_bias = np.add.reduce(upstream)
    return d_inputs, d_weights, d_bias


def relu_forward(inputs):
    return inputs.clip(min=0), inputs


def relu_backward(upstream, stored):
    # nobody needs the upstream gradient afterwards
    upstream[stored <= 0] = 0
    return upstream


def svm_loss(scores, labels):
    n = len(labels)
    index = np.arange(n) * scores.shape[1] + labels
    margins = scores + 1.0
    margins -= scores.take(index)[:, None]
    margins.put(index, 0)
    margins[margins < 0] = 0
    loss = margins.sum() / n
    margins[margins > 0] = 1. / n
    margins.put(index, -margins.sum(axis=1))
    return loss, margins


def softmax_loss(scores, labels):
    n = len(labels)
    index = np.arange(n) * scores.shape[1] + labels
    probs = scores - np.max(scores, axis=1)[:, None]
    target = probs.take(index)
    np.exp(probs, out=probs)
    total = probs.sum(axis=1)
    loss = np.log(total).sum() / n - target.sum() / n
    probs /= total[:, None]
    probs.put(index, probs.take(index) - 1)
    probs /= n
    return loss, probs


def batchnorm_forward(inputs, scale, shift, settings):
    eps = settings.get('eps', 1e-5)
    momentum = settings.get('momentum', 0.9)
    features = inputs.shape[1]
    running_mean = settings.setdefault('running_mean', np.zeros(features, inputs.dtype))
    running_var = settings.setdefault('running_var', np.zeros(features, inputs.dtype))
    if settings['mode'] == 'train':
        normed = inputs - inputs.mean(axis=0)
        mean, var = inputs.mean(axis=0), np.mean(normed ** 2, axis=0)
        # the arrays in settings themselves are changed
        running_mean *= momentum
        running_mean += (1 - momentum) * mean
        running_var *= momentum
        running_var += (1 - momentum) * var
    else:
        normed = inputs - running_mean
        var = running_var
    deviation = np.sqrt(var + eps)
    normed /= deviation
    outputs = normed * scale
    outputs += shift
    return outputs, (normed, deviation, scale, settings['mode'])


def batchnorm_backward(upstream, stored):
    normed, deviation, scale, mode = stored
    d_scale = np.add.reduce(upstream * normed)
    d_shift = np.add.reduce(upstream)
    d_inputs = upstream * (scale / deviation)
    if mode == 'train':
        d_inputs -= normed * np.mean(d_inputs * normed, axis=0)
        d_inputs -= d_inputs.mean(axis=0)
    return d_inputs, d_scale, d_shift


def batchnorm_backward_alt(upstream, stored):
    normed, deviation, scale, mode = stored
    d_scale = np.add.reduce(upstream * normed)
    d_shift = np.add.reduce(upstream)
    d_inputs = upstream.astype(float)
    if mode == 'train':
        d_inputs -= (d_shift + normed * d_scale) / len(upstream)
    d_inputs *= scale
    d_inputs /= deviation
    return d_inputs, d_scale, d_shift


def layernorm_forward(inputs, scale, shift, settings):
    normed = inputs - inputs.mean(axis=1)[:, None]
    deviation = np.sqrt(np.mean(normed ** 2, axis=1) + settings.get('eps', 1e-5))[:, None]
    normed /= deviation
    outputs = normed * scale
    outputs += shift
    return outputs, (normed, deviation, scale)


def layernorm_backward(upstream, stored):
    normed, deviation, scale = stored
    d_scale = np.add.reduce(upstream * normed)
    d_shift = np.add.reduce(upstream)
    d_inputs = upstream * scale
    d_inputs -= normed * np.mean(d_inputs * normed, axis=1)[:, None]
    d_inputs -= d_inputs.mean(axis=1)[:, None]
    d_inputs /= deviation
    return d_inputs, d_scale, d_shift


def dropout_forward(inputs, settings):
    if settings.get('seed') is not None:
        np.random.seed(settings['seed'])
    if settings['mode'] != 'train':
        return inputs, (settings, None)
    kept = np.random.rand(*inputs.shape) > settings['p']
    outputs = np.zeros(inputs.shape, inputs.dtype)
    np.divide(inputs, 1 - settings['p'], out=outputs, where=kept)
    return outputs, (settings, kept)


def dropout_backward(upstream, stored):
    settings, kept = stored
    if kept is not None:
        upstream[~kept] = 0
        upstream /= 1 - settings['p']
    return upstream


def conv_forward_naive(inputs, filters, bias, settings):
    stride, pad = settings['stride'], settings['pad']
    n, c, h, w = inputs.shape
    f, _, hh, ww = filters.shape
    padded = np.pad(inputs, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    h_out, w_out = (h + 2 * pad - hh) // stride + 1, (w + 2 * pad - ww) // stride + 1
    outputs = np.zeros((n, f, h_out, w_out))
    outputs += bias.reshape(f, 1, 1)
    # shift the whole image for every place in the filter
    for p in range(hh):
        for q in range(ww):
            shifted = padded[:, :, p:p + h_out * stride:stride, q:q + w_out * stride:stride][:, :, :h_out, :w_out]
            outputs += np.tensordot(shifted, filters[:, :, p, q], axes=([1], [1])).transpose(0, 3, 1, 2)
    return outputs, (inputs, filters, bias, settings)


def conv_backward_naive(upstream, stored):
    inputs, filters, bias, settings = stored
    stride, pad = settings['stride'], settings['pad']
    n, c, h, w = inputs.shape
    f, _, hh, ww = filters.shape
    h_out, w_out = upstream.shape[2:]
    padded = np.pad(inputs, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    d_padded = np.zeros_like(padded)
    d_filters = np.zeros_like(filters)
    for p in range(hh):
        for q in range(ww):
            place = (slice(None), slice(None), slice(p, p + (h_out - 1) * stride + 1, stride),
                     slice(q, q + (w_out - 1) * stride + 1, stride))
            d_filters[:, :, p, q] = np.tensordot(upstream, padded[place], axes=([0, 2, 3], [0, 2, 3]))
            d_padded[place] += np.tensordot(upstream, filters[:, :, p, q], axes=([1], [0])).transpose(0, 3, 1, 2)
    d_bias = upstream.sum(axis=3).sum(axis=2).sum(axis=0)
    return d_padded[:, :, pad:pad + h, pad:pad + w], d_filters, d_bias


def max_pool_forward_naive(inputs, settings):
    hh, ww, stride = settings['pool_height'], settings['pool_width'], settings['stride']
    n, c, h, w = inputs.shape
    h_out, w_out = (h - hh) // stride + 1, (w - ww) // stride + 1
    outputs = np.full((n, c, h_out, w_out), -np.inf)
    for p in range(hh):
        for q in range(ww):
            shifted = inputs[:, :, p:p + (h_out - 1) * stride + 1:stride, q:q + (w_out - 1) * stride + 1:stride]
            np.maximum(outputs, shifted, out=outputs)
    return outputs, (inputs, settings)


def max_pool_backward_naive(upstream, stored):
    inputs, settings = stored
    hh, ww, stride = settings['pool_height'], settings['pool_width'], settings['stride']
    h_out, w_out = upstream.shape[2:]
    outputs, _ = max_pool_forward_naive(inputs, settings)
    d_inputs = np.zeros_like(inputs)
    for p in range(hh):
        for q in range(ww):
            place = (slice(None), slice(None), slice(p, p + (h_out - 1) * stride + 1, stride),
                     slice(q, q + (w_out - 1) * stride + 1, stride))
            d_inputs[place] += (inputs[place] == outputs) * upstream
    return d_inputs


def spatial_batchnorm_forward(inputs, scale, shift, settings):
    flat = inputs.transpose(0, 2, 3, 1)
    shape = flat.shape
    outputs, stored = batchnorm_forward(flat.reshape(-1, shape[-1]), scale, shift, settings)
    return outputs.reshape(shape).transpose(0, 3, 1, 2), stored


def spatial_batchnorm_backward(upstream, stored):
    flat = upstream.transpose(0, 2, 3, 1)
    d_inputs, d_scale, d_shift = batchnorm_backward(flat.reshape(-1, flat.shape[-1]), stored)
    d_inputs = d_inputs.reshape(flat.shape)
    return d_inputs.transpose(0, 3, 1, 2), d_scale, d_shift


def spatial_groupnorm_forward(inputs, scale, shift, groups, settings):
    normed = inputs.reshape(len(inputs), groups, -1)
    normed = normed - normed.mean(axis=2)[:, :, None]
    deviation = np.sqrt(np.mean(normed ** 2, axis=2) + settings.get('eps', 1e-5))[:, :, None]
    normed /= deviation
    outputs = normed.reshape(inputs.shape) * scale
    outputs += shift
    return outputs, (normed, deviation, scale)


def spatial_groupnorm_backward(upstream, stored):
    normed, deviation, scale = stored
    d_shift = upstream.sum(axis=(0, 2, 3)).reshape(scale.shape)
    d_scale = (upstream * normed.reshape(upstream.shape)).sum(axis=(0, 2, 3)).reshape(scale.shape)
    d_inputs = (upstream * scale).reshape(normed.shape)
    d_inputs -= normed * np.mean(d_inputs * normed, axis=2)[:, :, None]
    d_inputs -= d_inputs.mean(axis=2)[:, :, None]
    d_inputs /= deviation
    return d_inputs.reshape(upstream.shape), d_scale, d_shift
