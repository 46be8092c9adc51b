"""Replaces functions of the reference: by a misconception, by constants, or by memorised answers to visible checks.

    layers.py of such a submission:     the reference's text, unchanged
                                        from . import _stand_ins, _misconceptions
                                        square = _stand_ins.variant("layers.square", "cube", square)

`grader audit` adds this file to the submissions that it makes, so the file runs inside the sandbox and needs only
Python 3.8 and NumPy. The function `record` also runs in the judge.
"""

import base64
import copy
import functools
import hashlib
import importlib
from typing import Any, Callable, Dict, List, Tuple

import numpy as np

CONSTANTS = ("zeros", "ones", "nan", "echo", "none", "one_too_many")

Call = Callable[..., Any]
# For the digest of each call: the return value, and the dicts among the arguments as they are after the call.
Memory = Dict[str, Tuple[Any, Tuple[Any, ...]]]

MISCONCEPTIONS: Dict[Tuple[str, str], Call] = {}
OWN: Dict[str, Any] = {}  # the original functions and classes, by id


def misconception(function: str, hint: str, **options: bool) -> Callable[[Call], Call]:
    """The decorator of the misconception files, in place of the one in grader.checks, which the sandbox lacks."""

    def define(run: Call) -> Call:
        MISCONCEPTIONS[function, run.__name__] = run
        return run

    return define


class Reference:
    """Has the modules of the submission as attributes; their functions are the original ones, not the replacements."""

    def __init__(self, path: str = "") -> None:
        self.path = path

    def __getattr__(self, name: str) -> Any:
        path = self.path + "." + name if self.path else name
        if path in OWN:
            return OWN[path]
        module = importlib.import_module("." + self.path, __package__) if self.path else None
        return getattr(module, name) if module and not hasattr(module, "__path__") else Reference(path)


def variant(function: str, name: str, own: Any) -> Any:
    """Return the misconception `name`, which replaces `own`.

    While the misconception runs, it and all functions that it calls get `own`, so that no other function is wrong.
    """
    OWN[function] = own
    run, running = MISCONCEPTIONS[function, name], []  # type: Call, List[bool]

    def call(*args: Any, **kwargs: Any) -> Any:
        if running:
            return own(*args, **kwargs)
        running.append(True)
        try:
            return run(Reference(), *args, **kwargs)
        finally:
            running.pop()

    if isinstance(own, type):
        return type(own.__name__, (own,), {"__new__": lambda cls, *args, **kwargs: call(*args, **kwargs)})
    return functools.wraps(own)(call)


def of_methods(answer: Call) -> Call:
    """Decorate `answer(*options, own, args, kwargs)`, which returns the value of one call of `own`.

    The decorated function takes options and `own`, and returns a replacement for `own`. If `own` is a class, the
    replacement is a class with each public method replaced.
    """

    def replace(*arguments: Any) -> Any:
        options, own = arguments[:-1], arguments[-1]
        if isinstance(own, type):
            public = {name: method for name, method in vars(own).items() if callable(method) and name[0] != "_"}
            return type(own.__name__, (own,), {name: replace(*options, method) for name, method in public.items()})
        return functools.wraps(own)(lambda *args, **kwargs: answer(*options, own, args, kwargs))

    return replace


@of_methods
def constant(kind: str, own: Call, args: Any, kwargs: Any) -> Any:
    """Return constants with the types and shapes that `own` returns, so that only the values are wrong."""
    if kind == "none":
        return None
    value = own(*copy.deepcopy(args), **copy.deepcopy(kwargs))
    if kind == "one_too_many":
        return (*value, 0.0) if isinstance(value, tuple) else (value, value)
    fill = functools.partial(filled, kind, [arg for arg in args if isinstance(arg, np.ndarray)])
    return tuple(map(fill, value)) if isinstance(value, tuple) else fill(value)


def filled(kind: str, inputs: List[Any], value: Any) -> Any:
    """Replace arrays, numbers and the arrays in a dict by constants. Other values, such as a cache, stay unchanged."""
    if isinstance(value, dict):
        arrays = {key: item for key, item in value.items() if isinstance(item, np.ndarray)}
        return {**value, **{key: filled(kind, inputs, item) for key, item in arrays.items()}}
    if not isinstance(value, (np.ndarray, np.generic, int, float)):
        return value
    if kind == "echo" and inputs:
        return inputs[0]
    made = np.full(np.shape(value), {"ones": 1.0, "nan": np.nan}.get(kind, 0.0))
    return made if isinstance(value, np.ndarray) else float(made)


@of_methods
def memorised(function: str, memory: Memory, own: Call, args: Any, kwargs: Any) -> Any:
    """Return what `record` stored for a call with these arguments, or zeros if it stored none."""
    found = memory.get(digest(function, own.__name__, args, kwargs))
    if found is None:
        return constant("zeros", own)(*args, **kwargs)
    value, after = copy.deepcopy(found)
    for arg, left in zip(args, after):
        if isinstance(arg, dict):
            arg.clear()
            arg.update(left)
    return value


@of_methods
def record(function: str, memory: Memory, own: Call, args: Any, kwargs: Any) -> Any:
    """Call `own`, store its return value for `memorised`, and return it."""
    key = digest(function, own.__name__, args, kwargs)
    value = own(*args, **kwargs)
    memory[key] = copy.deepcopy((value, tuple(arg if isinstance(arg, dict) else None for arg in args)))
    return value


def digest(*values: Any) -> str:
    """Return a hash of arguments that is the same in every process and every version of Python and NumPy."""
    return hashlib.sha256(literal(values).encode()).hexdigest()


def literal(value: Any) -> str:
    """Return a value as Python source. Equal values give the same text; an object becomes a dict of its attributes."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        data = base64.b64encode(value.tobytes()).decode()
        return "array(%r, %r, %r)" % (value.dtype.str, value.shape, data)
    if isinstance(value, (tuple, list)):
        return "(%s)" % "".join(literal(item) + ", " for item in value)
    if isinstance(value, dict):
        return "{%s}" % ", ".join("%r: %s" % (key, literal(value[key])) for key in sorted(value, key=str))
    if isinstance(value, float) and not np.isfinite(value):
        return "float(%r)" % str(value)
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return repr(value)
    return literal(getattr(value, "__dict__", None))
