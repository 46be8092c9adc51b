"""Max-pool backward by an equality mask, right away from ties; dout renamed, extra argument with a default."""
# loses:
def max_pool_backward_naive(dy, cache, verbose=False):
    x, p = cache
    dx = np.zeros_like(x)
    for i in range(dy.shape[2]):
        for j in range(dy.shape[3]):
            rows = slice(i * p['stride'], i * p['stride'] + p['pool_height'])
            cols = slice(j * p['stride'], j * p['stride'] + p['pool_width'])
            window = x[:, :, rows, cols]
            dx[:, :, rows, cols] += (window == window.max((2, 3), keepdims=True)) * dy[:, :, i, j][:, :, None, None]
    return dx
