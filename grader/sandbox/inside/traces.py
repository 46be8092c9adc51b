"""Whether a check left a trace that the next check would find, as far as Python can show.

    modules of the work tree ──► dicts, lists, functions, classes, objects, arrays    all that can change in place
    modules that they use    ──► what their names stand for                           a patched numpy

Everything is recorded once, before the first check. After that, a look compares identities. What is new must hang on
something old, and that has changed then. Once something is found whose inside cannot be seen, such as a random number
generator, nothing counts as unchanged any more.

This is for code that leaves traces by mistake. Code that hides what it keeps can do so: a failure in a reused process
is always rerun in a fresh one.
"""

from __future__ import annotations

import _thread
import builtins
import functools
import operator
import os
import random
import re
import sys
import threading
import types
import warnings
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

import numpy as np

MAX_ARRAY = 1 << 20  # bytes of an array that is compared; a larger one counts as unseen, since each look reads it
MAX_SEEN = 20_000  # objects; the handed-out modules have some hundreds
# The warnings that a module has given. Python empties it before every check, when the filters are set again.
WARNED = "__warningregistry__"
UNTOLD = ("__builtins__", "__spec__", "__loader__", "__cached__", "__file__", "__path__", WARNED)

# Nothing in these can change, or they belong to the interpreter and are watched by their names.
SOLID = (
    *(bool, int, float, complex, str, bytes, type(None), type(Ellipsis), type(NotImplemented), range, slice),
    *(np.generic, np.dtype, np.ufunc, type(np.where), re.Pattern, types.BuiltinFunctionType, types.CodeType),
    *(type(len), type(str.join), type(object.__init__), type("".join), types.GetSetDescriptorType),
    *(types.MemberDescriptorType, type(dict.__dict__["fromkeys"])),
)
# The generators behind np.random and random. Every check seeds them, so their state is not a trace.
SEEDED = (getattr(np.random.rand, "__self__", None), getattr(random.random, "__self__", None))
# Taken now: student code may patch both classes later.
SETTING: Any = object.__setattr__
empty_cache: Any = functools._lru_cache_wrapper.cache_clear
OTHERS = (builtins, sys, os, random, warnings, np, np.linalg, np.random)


class Unseen(Exception):
    """The inside of an object cannot be seen."""


class Traces:
    """A record of everything that a check can reach by name."""

    def __init__(self, package: str, switch: Optional[type] = None) -> None:
        """package: the student's modules, as sys.modules has them now. switch: the class of what replaces functions
        there (stubs.py)."""
        self.package = package
        self.switch = switch
        self.seen: Dict[int, Any] = {}  # everything recorded; kept alive, so that no new object gets the same id
        self.namespaces: Set[int] = set()
        # Pairs: what is held now, as a view, and a list of what was held. The view follows every later change.
        self.held: List[Tuple[Any, List[Any]]] = []
        self.functions: List[Tuple[Any, ...]] = []
        self.same: List[Callable[[], bool]] = []
        try:
            modules = [sys.modules[name] for name in self.names()]
            # Before the looks: a warning would add this name to a module, and that is not a trace.
            for module in modules:
                module.__dict__.setdefault(WARNED, {})
            for module in modules:
                self.look(module.__dict__)
            for other in OTHERS:
                self.look_at_names(other.__dict__)
            self.look_at_names(getattr(os.environ, "_data", {}))
            self.loaded, self.count = self.names(), len(sys.modules)
            threads, depth = _thread._count(), sys.getrecursionlimit()
            self.same.append(self.has_same_modules)
            self.same.append(lambda: _thread._count() == threads and sys.getrecursionlimit() == depth)
        except Unseen:
            self.same = [lambda: False]

    def is_empty(self) -> bool:
        """Whether nothing has changed."""
        # By identity: a comparison with == could run student code, and one of arrays takes long.
        for now, before in self.held:
            if len(now) != len(before) or not all(map(operator.is_, now, before)):
                return False
        for function, code, defaults, named_defaults, closure in self.functions:
            is_same = function.__code__ is code and function.__defaults__ is defaults
            if not (is_same and function.__kwdefaults__ is named_defaults and function.__closure__ is closure):
                return False
        return all(is_same() for is_same in self.same)

    def names(self) -> List[str]:
        """The names of the package's modules: a module that is imported later has a state of its own."""
        return [name for name in sys.modules if self.is_named_ours(name)]

    def has_same_modules(self) -> bool:
        if len(sys.modules) != self.count:
            if self.names() != self.loaded:
                return False
            self.count = len(sys.modules)  # a library imported a module of its own when it needed it
        return True

    def look(self, value: Any) -> None:
        """Record what can change in a value, and look at everything that it holds. Raises Unseen."""
        if isinstance(value, SOLID) and type(value).__module__.partition(".")[0] in ("builtins", "numpy", "re"):
            return
        # Seen already: this also ends the look at an object that holds itself.
        if id(value) in self.seen:
            return
        self.seen[id(value)] = value
        if len(self.seen) > MAX_SEEN:
            raise Unseen
        kind = type(value)
        if kind is dict:
            self.look_at_names(value)
            self.look_at_all(value)
            self.look_at_all(item for key, item in value.items() if key not in UNTOLD)
        elif kind in (list, tuple, set, frozenset):
            if kind is not tuple and kind is not frozenset:
                self.held.append((value, list(value)))
            self.look_at_all(value)
        elif kind is np.ndarray:
            self.look_at_array(value)
        elif isinstance(value, types.ModuleType):
            self.look_at_module(value)
        elif kind is types.FunctionType:
            self.look_at_function(value)
        elif kind in (staticmethod, classmethod):
            self.look(value.__func__)
        elif kind is property:
            self.look_at_all((value.fget, value.fset, value.fdel))
        elif kind is functools._lru_cache_wrapper:
            self.look_at_cache(value)
        elif kind is self.switch:
            self.look(value.own)  # not at `ask`, which every check sets anew
        # Held or not is all that a lock keeps.
        elif kind is _thread.LockType:
            self.same.append(lambda: not value.locked())
        elif kind is types.MethodType:
            # np.random.rand in a student's table is a method of a seeded generator.
            if not any(value.__self__ is one for one in SEEDED):
                self.look_at_all((value.__self__, value.__func__))
        elif kind is types.CellType:
            content = value.cell_contents
            self.same.append(lambda: value.cell_contents is content)
            self.look(content)
        elif isinstance(value, type):
            self.look_at_class(value)
        elif self.is_open(kind):
            self.look(kind)
            self.look(value.__dict__)
        # Any other class may keep its state where Python shows none: an iterator, a generator, a class in C.
        elif kind is not object and kind.__module__ not in ("typing", "__future__"):
            raise Unseen

    def look_at_all(self, values: Any) -> None:
        for value in list(values):
            self.look(value)

    def look_at_names(self, names: Any) -> None:
        """Record what each name of a namespace stands for, and nothing below that."""
        if id(names) not in self.namespaces:
            self.namespaces.add(id(names))
            self.held.append((names.values(), list(names.values())))

    def look_at_array(self, array: np.ndarray) -> None:
        if array.dtype.hasobject or array.nbytes > MAX_ARRAY:
            raise Unseen
        content, form = array.tobytes(), (array.shape, array.dtype, array.flags.writeable)
        # Shape, dtype and bytes: == could be the array's own, and NaN is not equal to itself.
        self.same.append(lambda: (array.shape, array.dtype, array.flags.writeable) == form)
        self.same.append(lambda: array.tobytes() == content)

    def look_at_module(self, module: Any) -> None:
        """threading starts anew after every fork, so it is not recorded; threads are counted."""
        if self.is_named_ours(module.__name__):
            self.look(module.__dict__)
        elif module is not threading:
            self.look_at_names(module.__dict__)

    def look_at_function(self, function: Any) -> None:
        """Of a library's function only its own attributes count. The library may keep a state behind it."""
        parts = (function.__code__, function.__defaults__, function.__kwdefaults__, function.__closure__)
        self.functions.append((function, *parts))
        if self.is_own(function):
            self.look_at_all((function.__defaults__, function.__kwdefaults__, function.__dict__))
            self.look_at_all(function.__closure__ or ())

    def look_at_cache(self, function: Any) -> None:
        """What a cache holds cannot be seen. If it is empty now, it can be emptied again before the next check."""
        if function.cache_info().currsize:
            raise Unseen
        self.same.append(lambda: empty_cache(function) is None)
        self.look(function.__wrapped__)

    def look_at_class(self, kind: type) -> None:
        # A library's class is watched by the name under which its module holds it.
        if not self.is_own(kind):
            return
        # A metaclass of the student's can hold any state, and can change what the class shows of itself.
        if type(kind) is not type:
            raise Unseen
        self.held.append((vars(kind).values(), list(vars(kind).values())))
        self.look_at_all(vars(kind).values())
        self.look_at_all(kind.__bases__)

    def is_open(self, kind: type) -> bool:
        """Whether an object of this class keeps everything in its __dict__."""
        bases = [base for base in kind.__mro__ if base is not object]
        plain = all(self.is_own(base) and "__slots__" not in vars(base) for base in bases)
        return bool(bases) and plain and kind.__setattr__ is SETTING

    def is_own(self, value: Any) -> bool:
        """Whether the student's code, or the code handed out with it, made a function or class."""
        return self.is_named_ours(getattr(value, "__module__", None))

    def is_named_ours(self, name: Any) -> bool:
        return isinstance(name, str) and (name == self.package or name.startswith(self.package + "."))
