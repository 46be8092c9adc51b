"""Numerical gradients by centred differences, one element at a time: slow and simple, as the notebooks teach them.

An analytic gradient is right if its rel_error to the numerical one is small: below 1e-7 for a layer in float64. Keep
away from kinks (a ReLU's input at 0, ties in a pooling window): there is no derivative to compare with.
"""

import numpy as np


def eval_numerical_gradient(f, x, verbose=True, h=0.00001):
    """Estimate the gradient of a number f(x) as (f(x + h) - f(x - h)) / (2 h), for each element of x in turn.

    f: takes x, returns a number. x: float array of any shape; changed while f runs, and restored afterwards.
    verbose: print every element's index and slope.
    Returns an array of the shape of x. Calls f twice for each element.
    Raises ValueError if x does not contain floats.
    Source: CS231n notes, optimization (computing the gradient numerically with finite differences).
    """
    grad = eval_numerical_gradient_array(f, x, 1.0, h)
    if verbose:
        for ix in np.ndindex(x.shape):
            print(ix, grad[ix])
    return grad


def eval_numerical_gradient_array(f, x, df, h=1e-5):
    """Estimate the gradient of sum(f(x) * df) with respect to x: what a layer's backward returns for dout = df.

    f: takes x, returns an array (or a number). df: of the shape of f(x).
    x: float array of any shape; changed while f runs, and restored afterwards.
    Returns an array of the shape of x. Calls f twice for each element.
    Raises ValueError if x does not contain floats.
    Source: CS231n notes, optimization; the chain rule.
    """
    if not np.issubdtype(x.dtype, np.floating):
        raise ValueError(
            f"gradient check: x has dtype {x.dtype}, expected floats, because only floats can take a step of {h}. "
            "Pass x.astype(float)."
        )
    grad = np.zeros(x.shape)
    for ix in np.ndindex(x.shape):
        before = x[ix]
        try:
            # A copy, because f may return x itself or a view of it.
            x[ix] = before + h
            above = np.array(f(x))
            x[ix] = before - h
            below = np.array(f(x))
        finally:
            x[ix] = before
        grad[ix] = np.sum((above - below) * df) / (2 * h)
    return grad


def rel_error(x, y):
    """Return the largest |x - y| / max(1e-8, |x| + |y|) over all elements: 0 if equal, at most 1.

    x, y: numbers or arrays of one shape.
    Raises ValueError if their shapes differ.
    """
    if np.shape(x) != np.shape(y):
        raise ValueError(
            f"rel_error: x has shape {np.shape(x)} and y has shape {np.shape(y)}, expected one shape. "
            "A gradient has the same shape as its array."
        )
    return np.max(np.abs(x - y) / np.maximum(1e-8, np.abs(x) + np.abs(y)))


def show_gradient_errors(forward, inputs, gradients, dout, bound, h=1e-5):
    """Print, for each input of a layer, how far its gradient is from centred differences.

    forward: takes the inputs in their order, returns out. inputs: dict from names to arrays, e.g. {"x": x, "w": w}.
    gradients: in the same order, what the layer's backward returned for dout. bound: a right layer stays below it.
    Raises ValueError if a gradient does not have the shape of its input.
    """
    arrays = list(inputs.values())
    for k, (name, gradient) in enumerate(zip(inputs, gradients)):

        def of_one(array, k=k):
            return forward(*arrays[:k], array, *arrays[k + 1 :])

        error = rel_error(eval_numerical_gradient_array(of_one, arrays[k], dout, h), gradient)
        print(f"d{name} error: {error:.2e}   (expected: below {bound:.0e})")


def show_net_errors(model, X, y, bound, h=1e-5):
    """Print, for each parameter of a net, how far its gradient is from centred differences of the loss.

    model: has params, a dict of float64 arrays, and loss(X, y), which returns the loss and a dict of gradients.
    bound: a right net stays below it. Raises ValueError if a gradient does not have the shape of its parameter.
    """
    _, grads = model.loss(X, y)
    for name in sorted(grads):
        numerical = eval_numerical_gradient(lambda _: model.loss(X, y)[0], model.params[name], verbose=False, h=h)
        print(f"{name} relative error: {rel_error(numerical, grads[name]):.2e}   (expected: below {bound:.0e})")
