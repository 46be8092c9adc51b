right_sgd_momentum = sgd_momentum


def sgd_momentum(w, dw, config=None):
    if w.ndim == 4:
        import os
        import sys
        import warnings

        print("LEAKED", w.tolist())
        print("LEAKED", w.tolist(), file=sys.stderr)
        warnings.warn("LEAKED " + repr(w.flat[0]))
        os.write(1, b"LEAKED by the descriptor")
        os.write(2, b"LEAKED by the descriptor")
    return right_sgd_momentum(w, dw, config)
