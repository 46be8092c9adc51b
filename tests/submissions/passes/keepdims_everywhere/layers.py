import numpy as np


def affine_forward(x, w, b):
  out = None
  x_rows = np.reshape(x, (x.shape[0], -1))
  out = x_rows.dot(w) + np.reshape(b, (1, -1))
  cache = (x, w, b)
  return out, cache


def affine_backward(dout, cache):
  x, w, b = cache
  dx = dout.dot(w.T).reshape(x.shape)
  dw = np.reshape(x, (x.shape[0], -1)).T.dot(dout)
  db = np.sum(dout, axis=0, keepdims=True)
  return dx, dw, db


def relu_forward(x):
  out = np.maximum(0, x)
  cache = x
  return out, cache


def relu_backward(dout, cache):
  x = cache
  dx = (x > 0) * dout
  return dx


def svm_loss(x, y):
  N = x.shape[0]
  y = np.reshape(y, (N, 1))
  right = np.take_along_axis(x, y, axis=1)                    # (N, 1)
  margins = np.maximum(0, x - right + 1.0)
  np.put_along_axis(margins, y, 0, axis=1)
  loss = np.sum(margins, keepdims=True) / N                   # (1, 1)
  dx = (margins > 0) * 1.0
  np.put_along_axis(dx, y, -np.sum(dx, axis=1, keepdims=True), axis=1)
  return loss[0, 0], dx / N


def softmax_loss(x, y):
  N = x.shape[0]
  y = np.reshape(y, (N, 1))
  x = x - np.max(x, axis=1, keepdims=True)
  scores = np.exp(x)
  total = np.sum(scores, axis=1, keepdims=True)               # (N, 1)
  loss = np.mean(np.log(total) - np.take_along_axis(x, y, axis=1), keepdims=True)
  dx = scores / total / N
  np.put_along_axis(dx, y, np.take_along_axis(dx, y, axis=1) - 1 / N, axis=1)
  return loss[0, 0], dx


def batchnorm_forward(x, gamma, beta, bn_param):
  mode = bn_param['mode']
  eps = bn_param.get('eps', 1e-5)
  momentum = bn_param.get('momentum', 0.9)
  N, D = x.shape
  running_mean = bn_param.get('running_mean', np.zeros((1, D), dtype=x.dtype))
  running_var = bn_param.get('running_var', np.zeros((1, D), dtype=x.dtype))

  out, cache = None, None
  if mode == 'train':
    sample_mean = np.mean(x, axis=0, keepdims=True)           # (1, D)
    sample_var = np.var(x, axis=0, keepdims=True)             # (1, D)
    x_hat = (x - sample_mean) / np.sqrt(sample_var + eps)
    out = gamma * x_hat + beta
    cache = (x, sample_mean, sample_var, x_hat, eps, gamma, beta, True)
    running_mean = momentum * running_mean + (1 - momentum) * sample_mean
    running_var = momentum * running_var + (1 - momentum) * sample_var
  elif mode == 'test':
    x_hat = (x - running_mean) / np.sqrt(running_var + eps)
    out = gamma * x_hat + beta
    cache = (x, running_mean, running_var, x_hat, eps, gamma, beta, False)
  else:
    raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

  # Store the updated running means back into bn_param
  bn_param['running_mean'] = running_mean
  bn_param['running_var'] = running_var
  return out, cache


def batchnorm_backward(dout, cache):
  x, mean, var, x_hat, eps, gamma, beta, train = cache
  N = x.shape[0]
  dgamma = np.sum(dout * x_hat, axis=0, keepdims=True)        # (1, D)
  dbeta = np.sum(dout, axis=0, keepdims=True)                 # (1, D)
  dx_hat = dout * gamma
  if not train:
    return dx_hat / np.sqrt(var + eps), dgamma, dbeta
  dvar = np.sum(dx_hat * (x - mean) * -0.5 * (var + eps) ** -1.5, axis=0, keepdims=True)
  dmean = np.sum(dx_hat * -1 / np.sqrt(var + eps), axis=0, keepdims=True)
  dmean += dvar * np.mean(-2 * (x - mean), axis=0, keepdims=True)
  dx = dx_hat / np.sqrt(var + eps) + dvar * 2 * (x - mean) / N + dmean / N
  return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
  x, mean, var, x_hat, eps, gamma, beta, train = cache
  N = x.shape[0]
  dgamma = np.sum(dout * x_hat, axis=0, keepdims=True)
  dbeta = np.sum(dout, axis=0, keepdims=True)
  dx = dout
  if train:
    dx = dout - dbeta / N - x_hat * dgamma / N
  return gamma * dx / np.sqrt(var + eps), dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
  eps = ln_param.get('eps', 1e-5)
  mean = np.mean(x, axis=1, keepdims=True)                    # (N, 1)
  var = np.var(x, axis=1, keepdims=True)                      # (N, 1)
  x_hat = (x - mean) / np.sqrt(var + eps)
  out = np.reshape(gamma, (1, -1)) * x_hat + np.reshape(beta, (1, -1))
  return out, (x, mean, var, x_hat, eps, gamma)


def layernorm_backward(dout, cache):
  x, mean, var, x_hat, eps, gamma = cache
  D = x.shape[1]
  dgamma = np.sum(dout * x_hat, axis=0, keepdims=True)
  dbeta = np.sum(dout, axis=0, keepdims=True)
  dx_hat = dout * np.reshape(gamma, (1, -1))
  dvar = np.sum(dx_hat * (x - mean) * -0.5 * (var + eps) ** -1.5, axis=1, keepdims=True)
  dmean = -np.sum(dx_hat, axis=1, keepdims=True) / np.sqrt(var + eps)
  dx = dx_hat / np.sqrt(var + eps) + dvar * 2 * (x - mean) / D + dmean / D
  return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
  p, mode = dropout_param['p'], dropout_param['mode']
  if 'seed' in dropout_param:
    np.random.seed(dropout_param['seed'])
  mask = None
  out = None
  if mode == 'train':
    keep_prob = 1.0 - p
    mask = (np.random.rand(*x.shape) < keep_prob) / keep_prob
    out = x * mask
  elif mode == 'test':
    out = x
  cache = (dropout_param, mask)
  out = out.astype(x.dtype, copy=False)
  return out, cache


def dropout_backward(dout, cache):
  dropout_param, mask = cache
  mode = dropout_param['mode']
  dx = None
  if mode == 'train':
    dx = dout * mask
  elif mode == 'test':
    dx = dout
  return dx


def conv_forward_naive(x, w, b, conv_param):
  stride, pad = conv_param['stride'], conv_param['pad']
  N, C, H, W = x.shape
  F, _, HH, WW = w.shape
  H_new = 1 + (H + 2 * pad - HH) // stride
  W_new = 1 + (W + 2 * pad - WW) // stride
  x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant', constant_values=0)
  out = np.zeros((N, F, H_new, W_new))
  w_rows = w.reshape(1, F, -1)
  for i in range(H_new):
    for j in range(W_new):
      field = x_pad[:, :, i * stride:i * stride + HH, j * stride:j * stride + WW].reshape(N, 1, -1)
      out[:, :, i:i + 1, j] = np.sum(field * w_rows, axis=2, keepdims=True)
  out += np.reshape(b, (1, F, 1, 1))
  cache = (x, w, b, conv_param)
  return out, cache


def conv_backward_naive(dout, cache):
  x, w, b, conv_param = cache
  stride, pad = conv_param['stride'], conv_param['pad']
  N, C, H, W = x.shape
  F, _, HH, WW = w.shape
  x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant', constant_values=0)
  dx_pad = np.zeros_like(x_pad)
  dw = np.zeros_like(w)
  db = np.sum(dout, axis=(0, 2, 3))
  for i in range(dout.shape[2]):
    for j in range(dout.shape[3]):
      field = x_pad[:, :, i * stride:i * stride + HH, j * stride:j * stride + WW]
      for f in range(F):
        d = dout[:, f:f + 1, i:i + 1, j:j + 1]                # (N, 1, 1, 1)
        dw[f:f + 1] += np.sum(field * d, axis=0, keepdims=True)
        dx_pad[:, :, i * stride:i * stride + HH, j * stride:j * stride + WW] += w[f:f + 1] * d
  dx = dx_pad[:, :, pad:pad + H, pad:pad + W]
  return dx, dw, db


def max_pool_forward_naive(x, pool_param):
  h, w, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
  N, C, H, W = x.shape
  out = np.zeros((N, C, 1 + (H - h) // stride, 1 + (W - w) // stride))
  for i in range(out.shape[2]):
    for j in range(out.shape[3]):
      out[:, :, i:i + 1, j:j + 1] = np.max(
          x[:, :, i * stride:i * stride + h, j * stride:j * stride + w], axis=(2, 3), keepdims=True)
  return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
  x, pool_param = cache
  h, w, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
  dx = np.zeros_like(x)
  for i in range(dout.shape[2]):
    for j in range(dout.shape[3]):
      window = x[:, :, i * stride:i * stride + h, j * stride:j * stride + w]
      is_max = window == np.max(window, axis=(2, 3), keepdims=True)
      dx[:, :, i * stride:i * stride + h, j * stride:j * stride + w] += is_max * dout[:, :, i:i + 1, j:j + 1]
  return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
  N, C, H, W = x.shape
  x_new = x.transpose((0, 2, 3, 1)).reshape((N * H * W, C))
  out, cache = batchnorm_forward(x_new, gamma, beta, bn_param)
  return out.reshape((N, H, W, C)).transpose((0, 3, 1, 2)), cache


def spatial_batchnorm_backward(dout, cache):
  N, C, H, W = dout.shape
  dout_new = dout.transpose((0, 2, 3, 1)).reshape((N * H * W, C))
  dx, dgamma, dbeta = batchnorm_backward(dout_new, cache)
  return dx.reshape((N, H, W, C)).transpose((0, 3, 1, 2)), dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
  eps = gn_param.get('eps', 1e-5)
  N, C, H, W = x.shape
  x_group = np.reshape(x, (N, G, C // G, H, W))
  mean = np.mean(x_group, axis=(2, 3, 4), keepdims=True)
  var = np.var(x_group, axis=(2, 3, 4), keepdims=True)
  x_hat = np.reshape((x_group - mean) / np.sqrt(var + eps), (N, C, H, W))
  out = np.reshape(gamma, (1, C, 1, 1)) * x_hat + np.reshape(beta, (1, C, 1, 1))
  return out, (G, x_group, mean, var, eps, x_hat, gamma)


def spatial_groupnorm_backward(dout, cache):
  G, x_group, mean, var, eps, x_hat, gamma = cache
  N, C, H, W = dout.shape
  M = C // G * H * W
  dgamma = np.sum(dout * x_hat, axis=(0, 2, 3), keepdims=True)
  dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
  d = np.reshape(dout * np.reshape(gamma, (1, C, 1, 1)), x_group.shape)
  dvar = np.sum(d * (x_group - mean) * -0.5 * (var + eps) ** -1.5, axis=(2, 3, 4), keepdims=True)
  dmean = -np.sum(d, axis=(2, 3, 4), keepdims=True) / np.sqrt(var + eps)
  dx = d / np.sqrt(var + eps) + dvar * 2 * (x_group - mean) / M + dmean / M
  return np.reshape(dx, dout.shape), dgamma, dbeta
