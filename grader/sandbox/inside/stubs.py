"""Functions of a submission that stubs can replace, from one check to the next.

    own code ──calls──► the student's function object ──► its own code, or
                                                      └─► a stub: the arguments go to the judge, which calls the
                                                          reference and sends its reply

While a stub is granted, the student's function stays the same object and gets other code (`in_place`). So every
reference reaches the stub, wherever it is: in a module, a table, a closure, a partial, a class, a default argument.
Afterwards the object has its own code again. A bound method, a partial and an object with __call__ also stay the same
objects. Only for a function that is absent, or that Python cannot change, its module's name gets another object.

What the reference keeps (a cache) arrives as a Granted, which can only be handed back. The judge replies only where it
has granted the function to the running check.
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
Change = Tuple[Callable[[], None], Callable[[], None]]  # restores the student's own code; puts the stub's code in
ANY = object()  # in the place of a receiver: the function is bound to no object
CALL = "the stub to call"  # a constant in the stub's code, which `change_of_code` replaces by the function to call


class NotWritten(NotImplementedError):
    """A function of the submission is a stub of the handout, or absent. name: its id."""

    def __init__(self, name: str) -> None:
        super().__init__("%s is not written yet" % name.rpartition(".")[2])
        self.name = name


@dataclass(eq=False, repr=False)
class Granted:
    """What the reference keeps for this check. Student code cannot look into it."""

    number: int
    type_name: str

    def __repr__(self) -> str:
        return "<cache of the grader's own function>"

    def __deepcopy__(self, memo: Any) -> Granted:
        return self  # a copy must be the same object for the judge, which knows it by its number


class Switch:
    """One function: the student's own, or a stub while `ask` is set.

    function: a wrapper that replaces it under its module's name, where its code cannot be changed.
    """

    def __init__(self, name: str, parameters: List[str], own: Optional[Callable[..., Any]]) -> None:
        self.name = name
        self.short = name.rpartition(".")[2]
        self.parameters = parameters
        self.own = own
        self.own_parameters = self.find_parameters()
        self.ask: Optional[Ask] = None
        self.exchanged: List[Change] = []  # one for each object that is a stub now

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
        """Return the reference's reply, or the student's own result where the judge requests that: for a cache that
        came from a forward of the student's own.

        Raises TypeError for arguments that cannot be sent, ValueError with the reference's own message.
        """
        assert self.ask is not None
        bound = self.bind(args, kwargs)
        refused: Optional[TypeError] = None
        try:
            sent = tuple(write_argument(self.short, value) for value in bound)
        # Not raised yet: a cache of the student's own may hold anything, and then the judge replies "own".
        except TypeError as error:
            sent, refused = (), error
        answer = self.ask(self.name, sent)
        if answer.get("outcome") == "own" and self.own is not None:
            # For this call the function is the student's own again: a recursion in it must not reach the stub.
            with ExitStack() as undone:
                for restore, exchange in self.exchanged:
                    restore()
                    undone.callback(exchange)
                return self.own(*args, **kwargs)
        if refused is not None:
            raise refused
        if answer.get("outcome") != "value":
            raise ValueError(str(answer.get("text")))
        # Positions as the judge counts them: into `bound`, not into what the student wrote.
        for position, after in answer["dicts"].items():
            bound[int(position)].update(read_answer(after))
        return read_answer(answer["value"])

    def bind(self, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> List[Any]:
        """Return the arguments in the order of the reference's parameters. The student's may have other names or more.

        Raises TypeError as a call of the function would.
        """
        own = self.own_parameters
        # No signature to go by: names that the reference does not know are taken in the order in which they came.
        if own is self.parameters and not set(kwargs) <= set(own):
            return [*args, *kwargs.values()]
        given = {**dict(zip(own, args)), **kwargs}
        bound = []
        for name, alias in zip(own, self.parameters):
            if name not in given and alias not in given:
                break  # those after it have defaults of the reference's
            bound.append(given[name] if name in given else given[alias])
        return bound

    def find_parameters(self) -> List[str]:
        """Return the parameters of the student's function, or the reference's where a wrapper hides them."""
        try:
            found = list(inspect.signature(self.own).parameters) if self.own is not None else self.parameters
        except Exception:  # student code may have set __signature__ to any object
            return self.parameters
        return self.parameters if "args" in found or len(found) < len(self.parameters) else found


@contextmanager
def in_place(switches: Iterable[Switch], ask: Ask) -> Iterator[None]:
    """Replace the students' functions of these switches by stubs, for every holder, while this context lasts."""
    with ExitStack() as undone:
        for switch in switches:
            # Before the change, so that an error on the way undoes as much as was done.
            undone.callback(setattr, switch, "ask", switch.ask)
            undone.callback(setattr, switch, "exchanged", [])
            switch.ask = ask
            for restore, exchange in changes_of(switch):
                exchange()
                undone.callback(restore)
                switch.exchanged.append((restore, exchange))
        yield


def changes_of(switch: Switch) -> Iterator[Change]:
    """Yield, for each object that a switch's function consists of, how to restore its code and how to make it a stub.

    One at a time, and only after the change before was made: a function bound to two objects is changed twice.
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

    With a decorator's wrapper comes the function that it wraps. Other code may hold that one, for example a table that
    the decorator fills.
    """
    found: List[Tuple[types.FunctionType, Any]] = []
    waiting = [(own, ANY)]
    while waiting:
        one, receiver = waiting.pop()
        if isinstance(one, types.FunctionType):
            # Of each function once per receiver; this also ends a circle of wrappers.
            if not any(one is function and receiver is other for function, other in found):
                found.append((one, receiver))
                waiting += [(inner, receiver) for inner in wrapped_by(one, name)]
        elif isinstance(one, types.MethodType):
            waiting.append((one.__func__, one.__self__))
        # These two are written in C and have no code to change, but hold a function that has.
        elif isinstance(one, (staticmethod, functools._lru_cache_wrapper)):
            waiting.append((getattr(one, "__wrapped__", None), receiver))
        elif isinstance(vars_of_class(one).get("__call__"), types.FunctionType):  # also a np.vectorize object
            waiting.append((vars_of_class(one)["__call__"], one))
    return found


def wrapped_by(function: types.FunctionType, name: str) -> List[Any]:
    """Return what a wrapper holds as __wrapped__, or in its closure under the name of the function it stands for."""
    held = [function.__dict__.get("__wrapped__")]
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # the cell is empty
            held += [cell.cell_contents] if getattr(cell.cell_contents, "__name__", None) == name else []
    return [one for one in held if isinstance(one, types.FunctionType)]


def vars_of_class(value: Any) -> Dict[str, Any]:
    # Not getattr, which could run a metaclass or a property of the student's. Bases first, so that a class wins.
    return {name: member for base in reversed(type(value).__mro__) for name, member in vars(base).items()}


def change_of_partial(own: Any, stub: Callable[..., Any]) -> Change:
    state = own.__reduce__()[2]  # function, arguments, keywords, attributes; what pickle restores
    return functools.partial(own.__setstate__, state), functools.partial(own.__setstate__, (stub, (), {}, state[3]))


def change_of_code(function: types.FunctionType, receiver: Any, switch: Switch) -> Change:
    """Give a function code that calls the switch. Called with another object than the receiver, it works as before."""
    before = function.__code__
    # A second function with the code as it was, since the first one's is about to change.
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

    # Python lets __code__ be set only to code with as many free variables as the closure has cells.
    code = code_of_stub(len(before.co_freevars))
    constants = tuple(call if value == CALL else value for value in code.co_consts)
    after = code.replace(co_consts=constants, co_name=before.co_name)
    return functools.partial(set_code, function, before), functools.partial(set_code, function, after)


def set_code(function: types.FunctionType, code: types.CodeType) -> None:
    with warnings.catch_warnings():  # Python 3.13 on warns if only one of the two codes is a generator's
        warnings.simplefilter("ignore")
        function.__code__ = code


@functools.lru_cache(maxsize=None)
def code_of_stub(cells: int) -> types.CodeType:
    """Return code that calls its constant CALL. cells: the number of its free variables, as many as in the closure."""
    names = ", ".join("cell_%d" % number for number in range(cells))
    lines = ["def outer(%s):" % names, "    def stub(*args, **kwargs):", "        call = %r" % CALL]
    lines += ["        return call(args, kwargs)"] + (["        " + names] if cells else [])
    outer = compile("\n".join(lines), __file__, "exec").co_consts[0]
    return next(value for value in outer.co_consts if isinstance(value, types.CodeType))


def write_argument(function: str, value: Any) -> Any:
    """Return a value as it is sent to the judge. Raises TypeError for a value that cannot be sent."""
    if isinstance(value, Granted):
        return protocol.Handle(value.number, value.type_name)
    if isinstance(value, np.ndarray):
        value = np.array(value, subok=False)  # a plain array: a subclass, np.matrix too, computes in its own way
        if value.dtype.name not in protocol.DTYPES:
            raise TypeError("%s: an array of dtype %s, expected numbers" % (function, value.dtype))
        return value
    if value is None or isinstance(value, (bool, int, float, str, np.generic)):
        return value
    if isinstance(value, tuple):  # a named tuple too
        return tuple(write_argument(function, item) for item in value)
    if isinstance(value, list):
        return [write_argument(function, item) for item in value]
    if isinstance(value, dict):  # without the entries that cannot be sent: students' own, which the reference ignores
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
