"""A segmentation fault."""
# loses: affine_forward
import ctypes
def affine_forward(x, w, b):
    return ctypes.string_at(0)
