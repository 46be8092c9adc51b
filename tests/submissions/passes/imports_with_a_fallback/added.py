"""An optional import with a fallback; a decorator and a base class of modules that are absent; old names of range."""
# loses:
try:
    from numba import jit
except ImportError:
    def jit(f):
        return f
try:
    import scipy.special
    HAVE = True
except:
    HAVE = False
import matplotlib
matplotlib.use('Agg')
import torch.nn as nn
from past.builtins import xrange
from six.moves import range as moved
class Unused(nn.Module):
    pass
right = relu_forward
@jit
def relu_forward(x):
    assert not HAVE and list(xrange(3)) == list(moved(3)) == [0, 1, 2]
    return right(x)
