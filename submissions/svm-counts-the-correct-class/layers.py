import numpy as np

def affine_forward(x, w, b):
  N = x.shape[0]
  out = x.reshape(N, -1).dot(w) + b.reshape(1, -1)
  cache = (x, w, b)
  return out, cache


def affine_backward(dout, cache):
  x, w, b = cache
  N = x.shape[0]
  dx = dout.dot(w.T).reshape(*x.shape)
  dw = x.reshape(N, -1).T.dot(dout)
  db = np.ones(N).dot(dout)      # same as sum over the batch
  return dx, dw, db


def relu_forward(x):
  out = np.where(x > 0, x, 0)
  return out, x


def relu_backward(dout, cache):
  mask = (cache > 0).astype(float)
  return mask * dout


def svm_loss(x, y):
  N = x.shape[0]
  losses = []
  dx = np.zeros_like(x)
  for i in range(N):
    m = x[i] - x[i, y[i]] + 1.0
    m[m < 0] = 0
    losses.append(m.sum())
    dx[i] = (m > 0)
    dx[i, y[i]] -= np.count_nonzero(m > 0)
  return sum(losses) / N, dx / N


def softmax_loss(x, y):
  N = x.shape[0]
  z = x - x.max(axis=1).reshape(N, 1)
  e = np.exp(z)
  p = e / e.sum(axis=1).reshape(N, 1)
  loss = np.mean(np.log(e.sum(axis=1)) - z[range(N), y])
  p[range(N), y] -= 1
  return loss, p / N


def conv_forward_naive(x, w, b, conv_param):
  s, pad = conv_param['stride'], conv_param['pad']
  N, C, H, W = x.shape
  F, C, HH, WW = w.shape
  Ho = int(1 + (H + 2 * pad - HH) / s)
  Wo = int(1 + (W + 2 * pad - WW) / s)
  xp = np.pad(x, ((0,), (0,), (pad,), (pad,)), mode='constant', constant_values=0)
  out = np.zeros((N, F, Ho, Wo))
  for i in range(Ho):
    for j in range(Wo):
      win = xp[:, :, i*s : i*s+HH, j*s : j*s+WW]
      # (N,C,HH,WW) . (F,C,HH,WW) -> (N,F)
      out[:, :, i, j] = np.tensordot(win, w, axes=([1, 2, 3], [1, 2, 3])) + b
  cache = (x, w, b, conv_param)
  return out, cache


def conv_backward_naive(dout, cache):
  x, w, b, conv_param = cache
  s, pad = conv_param['stride'], conv_param['pad']
  N, C, H, W = x.shape
  F, C, HH, WW = w.shape
  Ho, Wo = dout.shape[2], dout.shape[3]
  xp = np.pad(x, ((0,), (0,), (pad,), (pad,)), mode='constant', constant_values=0)
  dxp = np.zeros_like(xp)
  dw = np.zeros_like(w)
  db = np.sum(dout, axis=(0, 2, 3))
  for i in range(Ho):
    for j in range(Wo):
      g = dout[:, :, i, j]    # (N,F)
      dw += np.tensordot(g, xp[:, :, i*s : i*s+HH, j*s : j*s+WW], axes=(0, 0))
      dxp[:, :, i*s : i*s+HH, j*s : j*s+WW] += np.tensordot(g, w, axes=(1, 0))
  dx = dxp[:, :, pad : pad+H, pad : pad+W]
  return dx, dw, db


def max_pool_forward_naive(x, pool_param):
  ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
  N, C, H, W = x.shape
  Ho = int((H - ph) / s + 1)
  Wo = int((W - pw) / s + 1)
  out = np.zeros((N, C, Ho, Wo))
  for i in range(Ho):
    for j in range(Wo):
      out[:, :, i, j] = np.max(x[:, :, i*s : i*s+ph, j*s : j*s+pw], axis=(2, 3))
  cache = (x, pool_param)
  return out, cache


def max_pool_backward_naive(dout, cache):
  x, pool_param = cache
  ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
  N, C, H, W = x.shape
  dx = np.zeros_like(x)
  for i in range(dout.shape[2]):
    for j in range(dout.shape[3]):
      win = x[:, :, i*s : i*s+ph, j*s : j*s+pw]
      biggest = win.max(axis=(2, 3), keepdims=True)
      dx[:, :, i*s : i*s+ph, j*s : j*s+pw] += (win == biggest) * dout[:, :, i, j][:, :, None, None]
  return dx


def batchnorm_forward(x, gamma, beta, bn_param):
  mode = bn_param['mode']
  eps = bn_param.get('eps', 1e-5)
  momentum = bn_param.get('momentum', 0.9)
  N, D = x.shape
  running_mean = bn_param.get('running_mean', np.zeros((D,), dtype=x.dtype))
  running_var = bn_param.get('running_var', np.zeros((D,), dtype=x.dtype))

  out, cache = None, None
  if mode == 'train':
    sample_mean = np.mean(x, axis=0)           # (D,)
    sample_var = np.var(x, axis=0)             # (D,)
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
  dgamma = np.sum(dout * x_hat, axis=0)        # (D,)
  dbeta = np.sum(dout, axis=0)                 # (D,)
  dx_hat = dout * gamma
  if not train:
    return dx_hat / np.sqrt(var + eps), dgamma, dbeta
  dvar = np.sum(dx_hat * (x - mean) * -0.5 * (var + eps) ** -1.5, axis=0)
  dmean = np.sum(dx_hat * -1 / np.sqrt(var + eps), axis=0)
  dmean += dvar * np.mean(-2 * (x - mean), axis=0)
  dx = dx_hat / np.sqrt(var + eps) + dvar * 2 * (x - mean) / N + dmean / N
  return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
  x, mean, var, x_hat, eps, gamma, beta, train = cache
  N = x.shape[0]
  dgamma = np.sum(dout * x_hat, axis=0)
  dbeta = np.sum(dout, axis=0)
  dx = dout
  if train:
    dx = dout - dbeta / N - x_hat * dgamma / N
  return gamma * dx / np.sqrt(var + eps), dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
  eps = ln_param.get('eps', 1e-5)
  mean = np.mean(x, axis=1, keepdims=True)                    # (N, 1)
  var = np.var(x, axis=1, keepdims=True)                      # (N, 1)
  x_hat = (x - mean) / np.sqrt(var + eps)
  out = gamma * x_hat + beta
  return out, (x, mean, var, x_hat, eps, gamma)


def layernorm_backward(dout, cache):
  x, mean, var, x_hat, eps, gamma = cache
  D = x.shape[1]
  dgamma = np.sum(dout * x_hat, axis=0)
  dbeta = np.sum(dout, axis=0)
  dx_hat = dout * gamma
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
  out = gamma * x_hat + beta
  return out, (G, x_group, mean, var, eps, x_hat, gamma)


def spatial_groupnorm_backward(dout, cache):
  G, x_group, mean, var, eps, x_hat, gamma = cache
  N, C, H, W = dout.shape
  M = C // G * H * W
  dgamma = np.sum(dout * x_hat, axis=(0, 2, 3), keepdims=True)
  dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
  d = np.reshape(dout * gamma, x_group.shape)
  dvar = np.sum(d * (x_group - mean) * -0.5 * (var + eps) ** -1.5, axis=(2, 3, 4), keepdims=True)
  dmean = -np.sum(d, axis=(2, 3, 4), keepdims=True) / np.sqrt(var + eps)
  dx = d / np.sqrt(var + eps) + dvar * 2 * (x_group - mean) / M + dmean / M
  return np.reshape(dx, dout.shape), dgamma, dbeta
