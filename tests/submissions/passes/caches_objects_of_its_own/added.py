"""A cache that is an instance of the student's own class, with a function in it."""
# loses:
class Kept:
    def __init__(self, **values):
        self.__dict__.update(values)
        self.again = lambda: self.x
right_pool = max_pool_backward_naive
def max_pool_forward_naive(x, pool_param):
    N, C, H, W = x.shape
    HH, WW, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    out = np.empty((N, C, (H - HH) // s + 1, (W - WW) // s + 1))
    for n, c, i, j in np.ndindex(*out.shape):
        out[n, c, i, j] = x[n, c, i * s:i * s + HH, j * s:j * s + WW].max()
    return out, Kept(x=x, pool_param=pool_param)
def max_pool_backward_naive(dout, cache):
    return right_pool(dout, (cache.again(), cache.pool_param))
