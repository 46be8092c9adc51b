"""Functions of a submission that can be exchanged for stubs, from one check to the next. Runs inside the worker.

    own code ──calls──► Switch ──► the student's function, or
                               └─► a stub: the arguments go to the judge, which asks the reference and sends its reply

A Switch takes a function's place before anything else is imported: in its module, in the tables there and in defaults
of arguments, so that whoever takes it from there gets the Switch. What the reference keeps (a cache) comes as a Granted
and can only be handed back. The judge answers where it has granted the function to the running check, and nowhere else.

Runs beside worker.py under Python 3.8 on.
"""

from __future__ import annotations

import functools
import inspect
import types
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np
import protocol  # type: ignore[import-not-found]

Ask = Callable[[str, Tuple[Any, ...]], Dict[str, Any]]


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
    """One function: the student's own, or a stub while `ask` is set. `function` is what takes its place."""

    def __init__(self, name: str, parameters: List[str], own: Optional[Callable[..., Any]]) -> None:
        self.name = name
        self.short = name.rpartition(".")[2]
        self.parameters = parameters
        self.own = own
        self.ask: Optional[Ask] = None
        self.found: Optional[List[str]] = None

        def function(*args: Any, **kwargs: Any) -> Any:
            return self.call(args, kwargs)

        function.__name__ = self.short
        # A function like the student's own: its attributes, docstring and signature are looked at, too.
        self.function = functools.wraps(own)(function) if own is not None else function

    def call(self, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        if self.ask is not None:
            return self.ask_judge(args, kwargs)
        if self.own is None:
            raise NotWritten(self.name)
        return self.own(*args, **kwargs)

    def ask_judge(self, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        """Raises TypeError for arguments that cannot be sent, ValueError with the reference's own words."""
        assert self.ask is not None
        bound = self.bind(args, kwargs)
        answer = self.ask(self.name, tuple(write_argument(self.short, value) for value in bound))
        if answer.get("outcome") != "value":
            raise ValueError(str(answer.get("text")))
        for position, after in answer["dicts"].items():
            bound[int(position)].update(read_answer(after))
        return read_answer(answer["value"])

    def bind(self, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> List[Any]:
        """Arguments in the order of the reference's parameters: the student's own may have other names, and more.

        Raises TypeError as a call of the function would.
        """
        own = self.own_parameters()
        if own is self.parameters and not set(kwargs) <= set(own):
            return [*args, *kwargs.values()]
        given = {**dict(zip(own, args)), **kwargs}
        bound = []
        for name, alias in zip(own, self.parameters):
            if name not in given and alias not in given:
                break
            bound.append(given[name] if name in given else given[alias])
        return bound

    def own_parameters(self) -> List[str]:
        """Of the student's function, or the reference's where a wrapper's signature tells nothing. Looked up once."""
        if self.found is None:
            try:
                self.found = list(inspect.signature(self.own).parameters) if self.own is not None else self.parameters
            except (TypeError, ValueError):
                self.found = self.parameters
            if "args" in self.found or len(self.found) < len(self.parameters):
                self.found = self.parameters
        return self.found


def exchange(module: Any, originals: Dict[int, Any]) -> None:
    """Put what stands in `originals`, by identity, in a module's names, its tables and its functions' defaults."""
    for name, value in list(vars(module).items()):
        if id(value) in originals:
            vars(module)[name] = originals[id(value)]
        elif type(value) is dict:
            for key in value:
                value[key] = exchanged(value[key], originals)
        elif type(value) is list:
            value[:] = [exchanged(item, originals) for item in value]
        elif type(value) is tuple:
            vars(module)[name] = exchanged(value, originals)
        elif type(value) is types.FunctionType:
            value.__defaults__ = exchanged(value.__defaults__, originals)
            named = value.__kwdefaults__ or {}
            named.update({key: exchanged(default, originals) for key, default in named.items()})


def exchanged(value: Any, originals: Dict[int, Any]) -> Any:
    if type(value) is tuple and any(id(item) in originals for item in value):
        return tuple(originals.get(id(item), item) for item in value)
    return originals.get(id(value), value)


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
    if isinstance(value, dict):  # what a student keeps in it besides is no business of the reference
        sent = {}
        for key, item in value.items():
            try:
                sent[key] = write_argument(function, item)
            except TypeError:
                continue
        return sent
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
