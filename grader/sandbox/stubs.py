"""Functions of a submission that can be exchanged for stubs, from one check to the next. Runs inside the worker.

    own code ──calls──► Switch ──► the student's function, or
                               └─► a stub: the arguments go to the judge, which asks the reference and sends its reply

A Switch takes a function's place in its module before anything else is imported, so that whoever imports the name gets
the Switch. What the reference keeps (a cache) comes as a Granted and can only be handed back. The judge answers where
it has granted the function to the running check, and nowhere else.

Runs beside worker.py under Python 3.8 on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import protocol  # type: ignore[import-not-found]

Ask = Callable[[str, tuple[Any, ...]], dict[str, Any]]


class NotWritten(NotImplementedError):
    """A function of the submission is a stub of the handout, or absent. name: which."""

    def __init__(self, name: str) -> None:
        super().__init__("%s is not written yet" % name.rpartition(".")[2])
        self.name = name


class Granted:
    """What the reference keeps for this check: opaque here."""

    __slots__ = ("number", "type_name")

    def __init__(self, number: int, type_name: str) -> None:
        self.number = number
        self.type_name = type_name

    def __repr__(self) -> str:
        return "<cache of the grader's own function>"

    def __deepcopy__(self, memo: Any) -> Granted:
        return self


class Switch:
    """One function: the student's own, or a stub while `ask` is set. Called like the function itself."""

    def __init__(self, name: str, parameters: list[str], own: Callable[..., Any] | None) -> None:
        self.name = name
        self.parameters = parameters
        self.own = own
        self.ask: Ask | None = None
        self.__name__ = self.__qualname__ = name.rpartition(".")[2]
        self.__doc__ = getattr(own, "__doc__", None)
        self.__module__ = getattr(own, "__module__", "")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.ask is not None:
            return self.ask_judge(*args, **kwargs)
        if self.own is None:
            raise NotWritten(self.name)
        try:
            return self.own(*args, **kwargs)
        except NotImplementedError as error:
            raise error if isinstance(error, NotWritten) else NotWritten(self.name) from None

    def ask_judge(self, *args: Any, **kwargs: Any) -> Any:
        """Raises TypeError for arguments that cannot be sent, ValueError with the reference's own words."""
        assert self.ask is not None
        bound = self.bind(args, kwargs)
        answer = self.ask(self.name, tuple(write_argument(self.__name__, value) for value in bound))
        if answer.get("outcome") != "value":
            raise ValueError(str(answer.get("text")))
        for position, after in answer["dicts"].items():
            target = bound[int(position)]
            target.clear()
            target.update(read_answer(after))
        return read_answer(answer["value"])

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """Arguments in the order of the parameters. Raises TypeError as a call of the function would."""
        bound = list(args)
        for name in self.parameters[len(args) :]:
            if name not in kwargs:
                break
            bound.append(kwargs.pop(name))
        if kwargs:
            raise TypeError("%s() got an unexpected argument %r" % (self.__name__, sorted(kwargs)[0]))
        return bound


def write_argument(function: str, value: Any) -> Any:
    """A value as it travels to the judge. Raises TypeError for what does not."""
    if isinstance(value, Granted):
        return protocol.Handle(value.number, value.type_name)
    if isinstance(value, np.ndarray):
        value = np.array(value, subok=False)
        if value.dtype.name not in protocol.DTYPES:
            raise TypeError("%s: an array of dtype %s, expected numbers" % (function, value.dtype))
        return value
    if value is None or isinstance(value, (bool, int, float, str, np.generic)):
        return value
    if isinstance(value, tuple):  # a named one too
        return tuple(write_argument(function, item) for item in value)
    if isinstance(value, list):
        return [write_argument(function, item) for item in value]
    if isinstance(value, dict):
        return {key: write_argument(function, item) for key, item in value.items()}
    raise TypeError("%s: an argument of type %s, expected arrays and numbers" % (function, type(value).__name__))


def read_answer(value: Any) -> Any:
    if isinstance(value, protocol.Handle):
        return Granted(value.number, value.type_name)
    if isinstance(value, tuple):
        return tuple(read_answer(item) for item in value)
    if isinstance(value, list):
        return [read_answer(item) for item in value]
    if isinstance(value, dict):
        return {key: read_answer(item) for key, item in value.items()}
    return value
