"""Checks the arguments of the Solver, and the return values of models and update rules. Messages as in expect.py."""

import os

import numpy as np

from .expect import expect_argument, is_number, is_whole_number


def expect_data(data):
    """data: {'X_train', 'y_train', 'X_val', 'y_val'}, at least one example in each half, one label for each example."""
    missing = [name for name in ("X_train", "y_train", "X_val", "y_val") if name not in data]
    if missing:
        raise ValueError(
            f"Solver: data has no {' and no '.join(missing)}, expected X_train, y_train, X_val and y_val. "
            "Look where data is made."
        )
    for half in ("train", "val"):
        X, y = np.shape(data[f"X_{half}"]), np.shape(data[f"y_{half}"])
        if not X or X[0] == 0:
            raise ValueError(
                f"Solver: X_{half} has shape {X}, expected (N, ...) with N from 1 up. Look where data is made."
            )
        if y != X[:1]:
            raise ValueError(
                f"Solver: y_{half} has shape {y}, expected {X[:1]}, a label for each example of X_{half}. "
                "Look where data is made."
            )


def expect_names(place, options, known, advice):
    """options: a dict; known: the names that options may contain. advice: what to do about other names."""
    for name in options:
        if name not in known:
            raise ValueError(f"{place}: {name} was given, expected one of {', '.join(known)}. {advice}")


def expect_options(options, rules):
    """options: the Solver's options by name; rules: the names of update rules."""

    def expect(name, right, expected):
        if name in options:
            expect_argument("Solver", name, options[name], right(options[name]), expected)

    for name in ("batch_size", "num_epochs", "print_every"):
        expect(name, lambda value: is_whole_number(value, 1), "a whole number from 1 up")
    for name in ("num_train_samples", "num_val_samples"):
        expect(
            name, lambda value: value is None or is_whole_number(value, 1), "a whole number from 1 up, or None for all"
        )
    expect("update_rule", lambda value: value in rules, f"one of {', '.join(rules)}")
    expect("optim_config", lambda value: isinstance(value, dict), "a dict like {'learning_rate': 1e-3}")
    expect("lr_decay", lambda value: is_number(value) and value > 0, "a number above 0")
    expect("checkpoint_name", _can_be_written_to, "the beginning of file names, in a folder that exists")


def expect_loss(returned, params):
    """returned: the return value of model.loss(X, y): expected a number, and a gradient for each entry of params."""
    if not isinstance(returned, (tuple, list)) or len(returned) != 2:
        raise ValueError(
            f"Solver: model.loss(X, y) returned {_kind(returned)}, expected a loss and gradients. "
            "Return loss, grads if y is given."
        )
    loss, grads = returned
    if _shape(loss) != () or np.asarray(loss).dtype.kind not in "iuf":
        raise ValueError(
            f"Solver: the loss that model.loss(X, y) returned is {_kind(loss)}, expected a number. "
            "Return the mean over the batch."
        )
    if not isinstance(grads, dict):
        raise ValueError(
            f"Solver: the gradients that model.loss(X, y) returned are {_kind(grads)}, expected a dict. "
            "Return grads with the keys of model.params."
        )
    for name, w in params.items():
        if name not in grads:
            raise ValueError(
                f"Solver: the gradients that model.loss(X, y) returned have no {name}, expected one for each of "
                f"model.params. Set grads['{name}'] in loss."
            )
        if _shape(grads[name]) != np.shape(w):
            raise ValueError(
                f"Solver: grads['{name}'] is {_kind(grads[name])}, expected an array of shape {np.shape(w)}, as "
                f"model.params['{name}'] is. Look where loss sets it."
            )


def expect_update_of(rule, name, returned, w):
    """returned: the return value of an update rule for w, the parameter `name`: expected next_w and config."""
    pair = returned if isinstance(returned, (tuple, list)) and len(returned) == 2 else (returned, None)
    if _shape(pair[0]) != np.shape(w) or not isinstance(pair[1], dict):
        raise ValueError(
            f"Solver: for {name}, {rule} returned {_kind(pair[0])} and {_kind(pair[1])}, expected an array of shape "
            f"{np.shape(w)} and a dict. Return next_w, config."
        )


def expect_scores(scores, N):
    shape = _shape(scores)
    if shape is None or len(shape) != 2 or shape[0] != N:
        raise ValueError(
            f"Solver: model.loss(X) returned {_kind(scores)}, expected scores of shape ({N}, C). "
            "Return the scores if y is None."
        )


def expect_same(path, name, found, expected):
    """found: a dict of the checkpoint `path`. expected: a dict of the model or data for which the checkpoint is
    loaded."""
    for key in sorted({**found, **expected}):
        if found.get(key) != expected.get(key):
            raise ValueError(
                f"{path}: {name} {key} is {found.get(key, 'missing')} in the checkpoint, expected "
                f"{expected.get(key, 'none')}. Resume with the model and data of that run."
            )


def _can_be_written_to(name):
    if name is None:
        return True
    return isinstance(name, (str, os.PathLike)) and os.path.isdir(os.path.dirname(os.fspath(name)) or ".")


def _shape(value):
    """Return the shape that NumPy finds in a value; None for nested lists of unequal lengths."""
    try:
        return np.shape(value)
    except ValueError:
        return None


def _kind(value):
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return "None" if value is None else f"something of type {type(value).__name__}"
