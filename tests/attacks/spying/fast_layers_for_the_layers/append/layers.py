from .fast_layers import max_pool_forward_fast


def max_pool_forward_naive(x, pool_param):
    return max_pool_forward_fast(x, pool_param)
