"""Caches as dicts that hold shapes, slices, functions and nested lists; a named tuple returned."""
# loses:
from collections import OrderedDict, namedtuple
Out = namedtuple('Out', 'out cache')
right_affine, right_relu, right_pool = affine_backward, relu_backward, max_pool_backward_naive
right_affine_forward, right_pool_forward = affine_forward, max_pool_forward_naive
def affine_forward(x, w, b):
    return Out(right_affine_forward(x, w, b)[0], {'x': x, 'shape': x.shape, 'args': [w, b], 'f': lambda d: d})
def affine_backward(dout, cache):
    assert cache['shape'] == cache['x'].shape and type(cache['shape']) is tuple
    return right_affine(cache['f'](dout), (cache['x'], *cache['args']))
def max_pool_forward_naive(x, pool_param):
    out, _ = right_pool_forward(x, pool_param)
    return out, OrderedDict(x=x, rest={'p': (pool_param, slice(1))})
def max_pool_backward_naive(dout, cache):
    assert type(cache) is OrderedDict
    return right_pool(dout, (cache['x'], cache['rest']['p'][0]))
