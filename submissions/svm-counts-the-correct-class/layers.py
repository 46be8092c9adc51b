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
