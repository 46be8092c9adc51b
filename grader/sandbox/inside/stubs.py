"""Replaces functions of a submission by stubs during a check.

    own code ──calls──► the student's function object ──► its own code, or
                                                      └─► a stub: the arguments go to the judge, which calls the
                                                          reference and sends its reply

While a stub is granted, the student's function stays the same object and gets other code (`in_place`). So every
reference to the function reaches the stub: in a module, a table, a closure, a partial, a class, a default argument.
After the check, the object gets its own code back. A bound method, a partial and an object with __call__ also stay the
same objects. Only if a function is absent, or Python cannot change it, another object replaces it under its module's
name.

The judge keeps the reference's caches and sends a Granted for each: student code can only pass a Granted to another
stub. The judge replies only to stubs that it granted to the running check.
"""

from __future__ import annotations

import functools
import inspect
import types
import warnings
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple

import numpy as np
import protocol  # type: ignore[import-not-found]

Ask = Callable[[str, Tuple[Any, ...]], Dict[str, Any]]
Change = Tuple[Callable[[], None], Callable[[], None]]  # functions that restore the code, and set the stub's
ANY = object()  # as a receiver: the function is bound to no object
CALL = "the stub to call"  # a constant in the stub's code; `change_of_code` puts the function there


class NotWritten(NotImplementedError):
    """The function with this id is absent, or still a stub of the handout."""

    def __init__(self, name: str) -> None:
        super().__init__("%s is not written yet" % name.rpartition(".")[2])
        self.name = name


@dataclass(eq=False, repr=False)
class Granted:
    """Stands for the reference's cache, which the judge keeps. Student code cannot see its content."""

    number: int
    type_name: str

    def __repr__(self) -> str:
        return "<cache of the grader's own function>"

    def __deepcopy__(self, memo: Any) -> Granted:
        return self  # a copy means the same object of the judge, which finds it by number


class Switch:
    """One function: it runs the student's own code, or a stub while `ask` is set.

    function: the wrapper that replaces a function whose code Python cannot change, under its module's name.
    """

    def __init__(self, name: str, parameters: List[str], own: Optional[Callable[..., Any]]) -> None:
        self.name = name
        self.short = name.rpartition(".")[2]
        self.parameters = parameters
        self.own = own
        self.own_parameters = self.find_parameters()
        self.ask: Optional[Ask] = None
        self.exchanged: List[Change] = []  # one Change for each object that is a stub now

        def function(*args: Any, **kwargs: Any) -> Any:
            return self.call(args, kwargs)

        function.__name__ = self.short
        self.function = functools.wraps(own)(function) if own is not None else function

    def call(self, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        if self.ask is not None:
            return self.ask_judge(args, kwargs)
        if self.own is None:
            raise NotWritten(self.name)
        return self.own(*args, **kwargs)

    def ask_judge(self, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        """Return the reference's result, or the student's own result if the judge requests it ("own"): if the cache
        came from the student's own forward.

        Raises TypeError for arguments that cannot be sent, ValueError with the reference's own message.
        """
        assert self.ask is not None
        bound = self.bind(args, kwargs)
        refused: Optional[TypeError] = None
        try:
            sent = tuple(write_argument(self.short, value) for value in bound)
        # Do not raise yet: a student's own cache may hold any objects, and then the judge replies "own".
        except TypeError as error:
            sent, refused = (), error
        answer = self.ask(self.name, sent)
        if answer.get("outcome") == "own" and self.own is not None:
            # Restore the student's code for this call, so that a recursive call does not reach the stub.
            with ExitStack() as undone:
                for restore, exchange in self.exchanged:
                    restore()
                    undone.callback(exchange)
                return self.own(*args, **kwargs)
        if refused is not None:
            raise refused
        if answer.get("outcome") != "value":
            raise ValueError(str(answer.get("text")))
        # The judge counts positions in `bound`, not in the student's call.
        for position, after in answer["dicts"].items():
            bound[int(position)].update(read_answer(after))
        return read_answer(answer["value"])

    def bind(self, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> List[Any]:
        """Return the arguments in the order of the reference's parameters. The student's may have other names or more.

        Raises TypeError as a call of the function would.
        """
        own = self.own_parameters
        # The student's parameters are unknown. If the reference lacks a keyword's name, pass keywords by their order.
        if own is self.parameters and not set(kwargs) <= set(own):
            return [*args, *kwargs.values()]
        given = {**dict(zip(own, args)), **kwargs}
        bound = []
        for name, alias in zip(own, self.parameters):
            if name not in given and alias not in given:
                break  # the reference has defaults for the other parameters
            bound.append(given[name] if name in given else given[alias])
        return bound

    def find_parameters(self) -> List[str]:
        """Return the parameters' names of the student's function; if a wrapper hides them, those of the reference."""
        try:
            found = list(inspect.signature(self.own).parameters) if self.own is not None else self.parameters
        except Exception:  # student code may have set __signature__ to any object
            return self.parameters
        return self.parameters if "args" in found or len(found) < len(self.parameters) else found


@contextmanager
def in_place(switches: Iterable[Switch], ask: Ask) -> Iterator[None]:
    """Make the functions of these switches stubs while this context lasts."""
    with ExitStack() as undone:
        for switch in switches:
            # Register each undo before its change, so that an error undoes all changes until then.
            undone.callback(setattr, switch, "ask", switch.ask)
            undone.callback(setattr, switch, "exchanged", [])
            switch.ask = ask
            for restore, exchange in changes_of(switch):
                exchange()
                undone.callback(restore)
                switch.exchanged.append((restore, exchange))
        yield


def changes_of(switch: Switch) -> Iterator[Change]:
    """Yield a Change for each object to change for a switch: how to restore its code, and how to make it a stub.

    The caller applies each Change before it takes the next, because a function bound to two objects is changed twice.
    """
    if isinstance(switch.own, functools.partial):
        yield change_of_partial(switch.own, switch.function)
    for function, receiver in functions_of(switch.own, switch.short):
        yield change_of_code(function, receiver, switch)


def can_change(own: Any, name: str) -> bool:
    """Whether a student's function can become a stub and stay the same object. name: the function's own name."""
    return isinstance(own, functools.partial) or bool(functions_of(own, name))


def functions_of(own: Any, name: str) -> List[Tuple[types.FunctionType, Any]]:
    """Return the plain functions that a callable runs, each with the object to which it is bound, or ANY.

    For a decorator's wrapper, also return the wrapped function, because other code may hold it, for example a table
    that the decorator fills.
    """
    found: List[Tuple[types.FunctionType, Any]] = []
    waiting = [(own, ANY)]
    while waiting:
        one, receiver = waiting.pop()
        if isinstance(one, types.FunctionType):
            # Take each function once per receiver. This also ends the loop if wrappers refer to each other.
            if not any(one is function and receiver is other for function, other in found):
                found.append((one, receiver))
                waiting += [(inner, receiver) for inner in wrapped_by(one, name)]
        elif isinstance(one, types.MethodType):
            waiting.append((one.__func__, one.__self__))
        # These two types are written in C: they have no code to change, but they hold a function that has code.
        elif isinstance(one, (staticmethod, functools._lru_cache_wrapper)):
            waiting.append((getattr(one, "__wrapped__", None), receiver))
        elif isinstance(vars_of_class(one).get("__call__"), types.FunctionType):  # also a np.vectorize object
            waiting.append((vars_of_class(one)["__call__"], one))
    return found


def wrapped_by(function: types.FunctionType, name: str) -> List[Any]:
    """Return the functions that a wrapper holds as __wrapped__, or in its closure if they have this name."""
    held = [function.__dict__.get("__wrapped__")]
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # the cell is empty
            held += [cell.cell_contents] if getattr(cell.cell_contents, "__name__", None) == name else []
    return [one for one in held if isinstance(one, types.FunctionType)]


def vars_of_class(value: Any) -> Dict[str, Any]:
    # Not getattr, which could run code of the student. Bases come first, so that members of the class replace theirs.
    return {name: member for base in reversed(type(value).__mro__) for name, member in vars(base).items()}


def change_of_partial(own: Any, stub: Callable[..., Any]) -> Change:
    state = own.__reduce__()[2]  # pickle's state: function, arguments, keywords, attributes
    return functools.partial(own.__setstate__, state), functools.partial(own.__setstate__, (stub, (), {}, state[3]))


def change_of_code(function: types.FunctionType, receiver: Any, switch: Switch) -> Change:
    """Return the Change that makes a function call the switch, but only if it is called on this receiver."""
    before = function.__code__
    # A second function with the original code, for calls on other receivers.
    bound = types.FunctionType(
        before, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    bound.__kwdefaults__ = function.__kwdefaults__

    def call(args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        if receiver is ANY:
            return switch.call(args, kwargs)
        if args and args[0] is receiver:
            return switch.call(args[1:], kwargs)
        return bound(*args, **kwargs)

    # Python accepts a new __code__ only if it has as many free variables as the closure has cells.
    code = code_of_stub(len(before.co_freevars))
    constants = tuple(call if value == CALL else value for value in code.co_consts)
    after = code.replace(co_consts=constants, co_name=before.co_name)
    return functools.partial(set_code, function, before), functools.partial(set_code, function, after)


def set_code(function: types.FunctionType, code: types.CodeType) -> None:
    with warnings.catch_warnings():  # Python 3.13 warns if only the old or the new code is a generator's
        warnings.simplefilter("ignore")
        function.__code__ = code


@functools.lru_cache(maxsize=None)
def code_of_stub(cells: int) -> types.CodeType:
    """Return code that calls its constant CALL. cells: the number of its free variables."""
    names = ", ".join("cell_%d" % number for number in range(cells))
    lines = ["def outer(%s):" % names, "    def stub(*args, **kwargs):", "        call = %r" % CALL]
    lines += ["        return call(args, kwargs)"] + (["        " + names] if cells else [])
    outer = compile("\n".join(lines), __file__, "exec").co_consts[0]
    return next(value for value in outer.co_consts if isinstance(value, types.CodeType))


def write_argument(function: str, value: Any) -> Any:
    """Return the form of a value that is sent to the judge. Raises TypeError for a value that cannot be sent."""
    if isinstance(value, Granted):
        return protocol.Handle(value.number, value.type_name)
    if isinstance(value, np.ndarray):
        value = np.array(value, subok=False)  # a plain array, because subclasses such as np.matrix compute differently
        if value.dtype.name not in protocol.DTYPES:
            raise TypeError("%s: an array of dtype %s, expected numbers" % (function, value.dtype))
        return value
    if value is None or isinstance(value, (bool, int, float, str, np.generic)):
        return value
    if isinstance(value, tuple):  # a named tuple too
        return tuple(write_argument(function, item) for item in value)
    if isinstance(value, list):
        return [write_argument(function, item) for item in value]
    if isinstance(value, dict):  # leave out entries that cannot be sent: the reference ignores them
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
