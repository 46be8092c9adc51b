import time

def every(function):
    def slow(*args, **kwargs):
        time.sleep(2)
        return function(*args, **kwargs)

    return slow


for name in ("sgd_momentum", "rmsprop", "adam"):
    globals()[name] = every(globals()[name])
