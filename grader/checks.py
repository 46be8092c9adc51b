"""The functions with which checks are written: all that an assignment may import from the grader. Public and stable.

    from grader.checks import check, gradients

    @check("layers.conv_backward_naive", name="strided", weight=4, needs="layers.conv_forward_naive")
    def strided(student, rng):
        '''Gradients with stride 2 and padding 1.'''
        ...
        return gradients(forward, dout=dout, dx=(dx, x), dw=(dw, w), db=(db, b))

    check, misconception    decorators: this function is a check, a misconception
    gradients               what a check of a backward function returns
    fail, expect_shapes     end a check with a message for the student
    expect_masks, initial_parameters, roughly
                            for values that depend on random numbers
    type_of                 the name of a value's type, for messages

A check is one function of the code under test. A check draws its inputs from `rng`, calls the code through `student`
and returns named arrays. The grader runs a check on the reference, which makes the fixture; on each misconception,
which makes the hints; and on each submission, which makes the marks. A check cannot find out on which of them it runs.

Calls are recorded and sent to the sandbox as one program, up to the first place where the check looks at a value
(grader/judging/placeholder.py). So call everything first and look at values afterwards: unpacking, indexing and + - * /
do not look at a value; a comparison, `len`, `float` and NumPy functions do.

docs/writing-checks.md builds a layer's checks step by step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from grader.calls import CallFailed, Failure, type_of
from grader.definitions import DEFINED, SEED, TOLERANCE, CheckDefinition, Gradients, MisconceptionDefinition
from grader.errors import AssignmentError
from grader.judging.chance import expect_masks
from grader.judging.initial_parameters import initial_parameters, roughly
from grader.judging.student_proxy import in_shapes_of
from grader.records import FAILED

__all__ = [
    "check",
    "expect_masks",
    "expect_shapes",
    "fail",
    "gradients",
    "initial_parameters",
    "misconception",
    "roughly",
    "type_of",
]


def check(
    function: str,
    *,
    name: str | None = None,
    weight: float = 1.0,
    seed: int = SEED,
    tolerance: float = TOLERANCE,
    needs: str | None = None,
    cache: Callable[..., Any] | None = None,
    parts: Mapping[str, float] | None = None,
    together: bool | tuple[str, ...] = False,
    squeeze: bool | tuple[str, ...] = False,
) -> Callable[[Callable[..., Any]], CheckDefinition]:
    """Make a check of `function` out of a Python function `run(student, rng)` or `run(student, rng, reference)`.

    The docstring of `run` is the title that students read. `student` has the functions and classes of the assignment
    under their ids: `student.layers.affine_forward(x, w, b)`. `rng` is `np.random.RandomState(seed)`; draw every random
    number from it. `reference` has the reference's functions in the same form, to measure what the student's code
    returned.
    `run` returns a dict of named arrays or numbers, or `gradients(...)`. All values that the reference returns must be
    finite.

    function: id of the function or class that the check is about, as under [points]: "layers.affine_backward".
    name: the check's name; its id is the function's id, a dot and this name. Default: the name of `run`.
    weight: share of the function's points, relative to the weights of the function's other checks. Above 0.
    seed: for `rng`, and for NumPy's global generator before the check starts.
    tolerance: the largest |expected - actual|, relative to the largest |expected| of the same array, that passes. No
    unit. The default suits right solutions that compute in float32.
    needs: id of the function whose return value the check passes to `function`, such as the forward of a backward. If
    the student has not written this function, the check is skipped. If this function is wrong, but `function` is right
    for the wrong value, `function` keeps its points.
    cache: a function that makes the cache as the docstring of `needs` documents it, from the arguments of `needs`:
    `lambda x, w, b: (x, w, b)`. The grader uses this cache if the student's `needs` fails.
    parts: weights of the returned arrays by name; arrays without a name here weigh 1. Each right array earns its share
    of the check's points.
    together: names of arrays whose errors are relative to the largest entry of all these arrays; True means all arrays
    but single numbers. Use it for a gradient that is only a rounding error, such as of a bias before a normalization.
    squeeze: names of arrays in which axes of length 1 do not count, such as (1, 9) for (9,); True means all arrays. Use
    it for biases and statistics, which many students store as rows. (1, 9) for (9, 1) is still wrong. A single number
    may always have such a shape.

    Raises AssignmentError if the docstring is missing, a weight or a part is not above 0, the tolerance is below 0, or
    `together` or `squeeze` is one name and not a tuple of names.

        @check("layers.relu_backward", name="small", needs="layers.relu_forward", cache=lambda x: x)
        def relu_backward_small(student, rng):
            '''Twelve numbers, none near zero.'''
            x, dout = rng.randn(3, 4), rng.randn(3, 4)
            x += 0.1 * np.sign(x)
            _, cache = student.layers.relu_forward(x)
            dx = student.layers.relu_backward(dout, cache)
            return gradients(lambda x: student.layers.relu_forward(x)[0], dout=dout, dx=(dx, x))
    """

    def define(run: Callable[..., Any]) -> CheckDefinition:
        title, own_name, weights = " ".join((run.__doc__ or "").split()), name or run.__name__, dict(parts or {})
        place = f"check {function}.{run.__name__}"
        if not title:
            raise AssignmentError(f"{place}: no docstring. Say in it what the student reads.")
        if not weight > 0:
            raise AssignmentError(f"{place}: weight {weight:g}, expected more than 0.")
        if not tolerance >= 0:
            raise AssignmentError(f"{place}: tolerance {tolerance:g}, expected 0 or more.")
        if not all(part > 0 for part in weights.values()):
            raise AssignmentError(f"{place}: a part weighs nothing, expected more than 0.")
        for option, names in (("together", together), ("squeeze", squeeze)):
            if isinstance(names, str):
                raise AssignmentError(f"{place}: {option} is {names!r}, expected ({names!r},).")
        definition = CheckDefinition(
            function, own_name, title, run, weight, seed, tolerance, needs, cache, weights, together, squeeze
        )
        run.__globals__.setdefault(DEFINED, []).append(definition)
        return definition

    return define


def misconception(
    function: str, hint: str, *, by_outcome: bool = False, beside: bool = False
) -> Callable[[Callable[..., Any]], MisconceptionDefinition]:
    """Make a misconception of `function` out of a Python function `run(reference, *arguments)`.

    `run` makes a known mistake: it takes the arguments of `function` and returns what the wrong function returns.
    `reference` has the right functions: `reference.layers.affine_forward(x, w, b)`. For a class, `run` takes the
    constructor's arguments and returns an object. A submission whose values equal those of `run` gets `hint`. The name
    of `run` is the misconception's name. `grader audit` grades every misconception: it must lose marks, and its hint
    must appear.

    function: id of the function or class, as under [points].
    hint: where the student should look, in one or two sentences. Line breaks and indentation become single spaces.
    by_outcome: also recognise the mistake by which checks fail, and by how each fails: with the same type of exception,
    or with an array of the same wrong shape. Use it for mistakes whose values differ from one style to another, and
    only if no other mistake fails the same checks in the same way. All misconceptions with the same hint count as one.
    beside: give the hint also if a second mistake makes other values wrong. Use it only if the hint is about the wrong
    values alone. A hint such as "dx is right, dw is wrong" is also about other values.

        @misconception("layers.affine_forward", "The bias is not added.")
        def forgets_bias(reference, x, w, b):
            return reference.layers.affine_forward(x, w, 0 * b)
    """

    def define(run: Callable[..., Any]) -> MisconceptionDefinition:
        definition = MisconceptionDefinition(function, run.__name__, " ".join(hint.split()), run, by_outcome, beside)
        run.__globals__.setdefault(DEFINED, []).append(definition)
        return definition

    return define


def gradients(
    forward: Callable[..., Any],
    *,
    dout: Any = 1.0,
    values: Mapping[str, Any] | None = None,
    given: tuple[tuple[Any, Any], ...] = (),
    **claims: tuple[Any, Any],
) -> Gradients:
    """Return gradients from a check, with their forward: dx=(dx, x) for each argument of `forward`.

    A gradient that equals the reference's gradient is right. If a gradient differs, the grader differentiates the
    student's own forward numerically: a backward that is right for a wrong forward keeps marks.

    forward: a function that calls the code under test and returns the output alone, without the cache. The arguments of
    `forward` are those of `claims`, in their order, then those of `given`. `forward` may use plain inputs of the check,
    but no handle (a cache, an object), because the grader calls it again in a fresh process, with changed arguments.
    dout: the upstream gradient, in the shape of forward's output; 1.0 if the output is a loss.
    values: further named arrays or numbers to compare, such as a loss.
    given: further arguments of forward that have no gradient, such as labels, each as (value, another value). The
    second value shows whether forward depends on the argument.
    claims: name=(gradient, point): a gradient that the code returned, and the array of the same shape by which the
    grader differentiates.

        return gradients(lambda x, y: student.layers.softmax_loss(x, y)[0], values={"loss": loss},
                         given=((y, (y + 1) % 10),), dx=(dx, x))
    """
    return Gradients(forward, dout, claims, dict(values or {}), given)


def fail(function: str, text: str) -> NoReturn:
    """End the check with status failed, because a value is so wrong that the check cannot go on.

    function: id of the function or class that is wrong.
    text: the message for the student: what was found and what was expected, without a value of a hidden check.

        if loss_a == loss_b:
            fail("nets.Net", "Net: two seeds give the same loss, expected different ones.")
    """
    raise CallFailed(Failure(FAILED, function, text))


def expect_shapes(found: Any, expected: Mapping[str, Any], function: str, name: str) -> None:
    """End the check with status failed unless the dict `found` has an array for every entry of `expected`.

    found: what the code under test returned, such as a dict of gradients.
    expected: arrays by name. The array of the same name in `found` must have the same shape, except for axes of length
    1. `found` may have further entries.
    function: id of the function or class, for the message.
    name: the name of `found` in the message, such as "grads".
    """
    in_shapes_of(found, expected, function, name)
