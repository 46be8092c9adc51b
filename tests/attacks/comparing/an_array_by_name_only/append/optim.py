right = sgd_momentum


class Like:
    __array_priority__ = 1e9

    def __init__(self, array):
        self.array = array
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    @property
    def __array_interface__(self):
        return self.array.__array_interface__

    def __array__(self, *args, **kwargs):
        return self.array


def sgd_momentum(w, dw, config=None):
    next_w, config = right(w, dw, config)
    return Like(next_w), config
