"""Asks for eight gigabytes."""
# loses: max_pool_forward_naive
def max_pool_forward_naive(x, pool_param):
    return np.ones(1 << 30) * 2, (x, pool_param)
