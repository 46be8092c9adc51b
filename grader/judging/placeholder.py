"""Placeholders stand for values that do not exist yet while a check's function is recorded as a program. Pure.

    out, cache = student.layers.f(x)      a placeholder, unpacked by the length of the reference's tuple
    student.layers.g(dout, cache)         an argument: a reference to a step of the program
    0.9 * grads["W1"], grads.get("b1")    more placeholders: operations that the program does itself
    out.shape[0], if out:, np.sum(out)    a Look: the program ends where the function needs a real value

Placeholders are never judged: the marks depend only on real values. If a placeholder behaves unlike the real value
(`out is None`), the program may be wrong, which costs a rerun but no marks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NoReturn

import numpy as np


class Look(BaseException):
    """The check's function needs a value that does not exist yet. A BaseException, so that no check catches it."""


class Placeholder:
    """operation, operands: how the worker computes the value (OPERATIONS in sandbox/inside/operations.py), or a call.

    arity: length of the tuple that the reference returns here; 0 if it returns no tuple, None if unknown.
    """

    __slots__ = ("arity", "operands", "operation")
    __array_ufunc__ = None  # so that NumPy arrays leave arithmetic to the placeholder

    def __init__(self, operation: str, operands: tuple[Any, ...], arity: int | None = 0) -> None:
        self.operation = operation
        self.operands = operands
        self.arity = arity

    def __iter__(self) -> Iterator[Placeholder]:
        if not self.arity:
            raise Look
        return iter([self[position] for position in range(self.arity)])

    def __getitem__(self, key: Any) -> Placeholder:
        if type(key) is str or (type(key) is int and key >= 0 and (self.arity is None or key < self.arity)):
            return Placeholder("item", (self, key))
        raise Look

    def get(self, key: str) -> Placeholder:
        return self[key]

    def astype(self, dtype: Any) -> Placeholder:
        return Placeholder("astype", (self, np.dtype(dtype)))

    @property
    def shape(self) -> Placeholder:
        return Placeholder("shape", (self,))

    def __neg__(self) -> Placeholder:
        return Placeholder("neg", (self,))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Placeholder:
        if function in FUNCTIONS and not kwargs:
            return Placeholder(FUNCTIONS[function], args)
        raise Look

    def __getattr__(self, name: str) -> NoReturn:
        raise Look

    @property
    def __class__(self) -> Any:  # isinstance() reads this if type() differs
        raise Look

    @__class__.setter
    def __class__(self, kind: Any) -> NoReturn:
        raise Look


def look(self: Placeholder, *operands: Any) -> NoReturn:
    raise Look


def operation(name: str, *, is_swapped: bool = False) -> Callable[[Placeholder, Any], Placeholder]:
    return lambda self, other: Placeholder(name, (other, self) if is_swapped else (self, other))


FUNCTIONS: Final = {np.reshape: "reshape", np.linalg.norm: "norm"}
ARITHMETIC: Final = ("add", "sub", "mul", "truediv")
OTHER_ARITHMETIC: Final = ("and", "divmod", "floordiv", "lshift", "matmul", "mod", "or", "pow", "rshift", "xor")
LOOKS: Final = (
    *(*OTHER_ARITHMETIC, *(f"r{name}" for name in OTHER_ARITHMETIC), *(f"i{name}" for name in ARITHMETIC)),
    *("abs", "array", "bool", "bytes", "complex", "float", "format", "hash", "index", "int", "invert", "repr", "round"),
    *("str", "trunc", "eq", "ge", "gt", "le", "lt", "ne", "call", "contains", "delitem", "enter", "len", "length_hint"),
    *("reversed", "setitem"),
)
for name in ARITHMETIC:
    setattr(Placeholder, f"__{name}__", operation(name))
    setattr(Placeholder, f"__r{name}__", operation(name, is_swapped=True))
for name in LOOKS:
    setattr(Placeholder, f"__{name}__", look)
