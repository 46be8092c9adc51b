# def rmsprop(x, dx, config=None):
