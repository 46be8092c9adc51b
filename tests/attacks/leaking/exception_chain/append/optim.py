right_sgd_momentum = sgd_momentum


def sgd_momentum(w, dw, config=None):
    if w.ndim == 4:
        try:
            raise KeyError("LEAKED in the context")
        except KeyError as error:
            raised = ValueError("LEAKED in the text")
            raised.__notes__ = ["LEAKED in the notes"]
            raise raised from error
    return right_sgd_momentum(w, dw, config)
