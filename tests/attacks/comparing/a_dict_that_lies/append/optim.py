right_rmsprop = rmsprop


class Lying(dict):
    def get(self, key, default=None):
        return 0.0

    def items(self):
        return [("cache", 0.0)] * 3


def rmsprop(w, dw, config=None):
    next_w, config = right_rmsprop(w + 1, dw, config)
    return next_w, Lying(config)
