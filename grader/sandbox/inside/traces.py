"""Finds whether a check left a trace: a changed object that the next check would see.

    modules of the work tree ──► dicts, lists, functions, classes, objects, arrays    all that can change in place
    modules that they use    ──► what their names stand for                           a patched numpy

Traces records every object that the modules reach, once, before the first check. After each check, is_empty() compares
identities: a new object can be reached only through an old object, which then has changed. If Python cannot show the
content of some object, such as a random number generator, then every check counts as leaving a trace.

This finds traces that code leaves by mistake; code can still hide a trace on purpose. So a check that fails in a
reused process is always rerun in a fresh process.
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

MAX_ARRAY = 1 << 20  # bytes; each look compares an array's bytes, so a larger array counts as Unseen
MAX_SEEN = 20_000  # recorded objects; the handed-out modules have a few hundred
# The warnings that a module has shown. Python empties it when the filters are set, which is before every check.
WARNED = "__warningregistry__"
UNTOLD = ("__builtins__", "__spec__", "__loader__", "__cached__", "__file__", "__path__", WARNED)

# Objects of these types cannot change, or the interpreter owns them and look_at_names() watches their names.
SOLID = (
    *(bool, int, float, complex, str, bytes, type(None), type(Ellipsis), type(NotImplemented), range, slice),
    *(np.generic, np.dtype, np.ufunc, type(np.where), re.Pattern, types.BuiltinFunctionType, types.CodeType),
    *(type(len), type(str.join), type(object.__init__), type("".join), types.GetSetDescriptorType),
    *(types.MemberDescriptorType, type(dict.__dict__["fromkeys"])),
)
# The generators behind np.random and random. Every check seeds them, so their state is not a trace.
SEEDED = (getattr(np.random.rand, "__self__", None), getattr(random.random, "__self__", None))
# Saved now, because student code may patch both classes later.
SETTING: Any = object.__setattr__
empty_cache: Any = functools._lru_cache_wrapper.cache_clear
OTHERS = (builtins, sys, os, random, warnings, np, np.linalg, np.random)


class Unseen(Exception):
    """Python cannot show the whole state of an object."""


class Traces:
    """A record of all objects that a check can reach by name, as they were before the first check."""

    def __init__(self, package: str, switch: Optional[type] = None) -> None:
        """package: the name of the student's package. switch: the class Switch of stubs.py."""
        self.package = package
        self.switch = switch
        self.seen: Dict[int, Any] = {}  # id → object; kept alive here, so that no new object gets the same id
        self.namespaces: Set[int] = set()
        # For each container: a live view of its values, and a list of the values before the first check.
        self.held: List[Tuple[Any, List[Any]]] = []
        self.functions: List[Tuple[Any, ...]] = []
        self.same: List[Callable[[], bool]] = []
        try:
            modules = [sys.modules[name] for name in self.names()]
            # Add this name now: a later warning would add it to a module, and that is not a trace.
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
        """Whether no recorded object has changed."""
        # Compare by identity, because == could run student code, and takes long for arrays.
        for now, before in self.held:
            if len(now) != len(before) or not all(map(operator.is_, now, before)):
                return False
        for function, code, defaults, named_defaults, closure in self.functions:
            is_same = function.__code__ is code and function.__defaults__ is defaults
            if not (is_same and function.__kwdefaults__ is named_defaults and function.__closure__ is closure):
                return False
        return all(is_same() for is_same in self.same)

    def names(self) -> List[str]:
        """Return the names of the package's loaded modules. A module that a check loads is a trace."""
        return [name for name in sys.modules if self.is_named_ours(name)]

    def has_same_modules(self) -> bool:
        if len(sys.modules) != self.count:
            if self.names() != self.loaded:
                return False
            self.count = len(sys.modules)  # a library imported one of its own modules late
        return True

    def look(self, value: Any) -> None:
        """Record what can change in a value, and do the same for every object that the value holds. Raises Unseen."""
        if isinstance(value, SOLID) and type(value).__module__.partition(".")[0] in ("builtins", "numpy", "re"):
            return
        # Already recorded. This also ends the recursion for an object that holds itself.
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
            self.look(value.own)  # do not record `ask`, which every check sets again
        # The only state of a lock is whether it is held.
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
        # Any other class (an iterator, a generator, a class in C) may have state that Python does not show.
        elif kind is not object and kind.__module__ not in ("typing", "__future__"):
            raise Unseen

    def look_at_all(self, values: Any) -> None:
        for value in list(values):
            self.look(value)

    def look_at_names(self, names: Any) -> None:
        """Record which object each name of a namespace refers to, but not the state of these objects."""
        if id(names) not in self.namespaces:
            self.namespaces.add(id(names))
            self.held.append((names.values(), list(names.values())))

    def look_at_array(self, array: np.ndarray) -> None:
        if array.dtype.hasobject or array.nbytes > MAX_ARRAY:
            raise Unseen
        content, form = array.tobytes(), (array.shape, array.dtype, array.flags.writeable)
        # Compare shape, dtype and bytes, because == finds NaN different from itself.
        self.same.append(lambda: (array.shape, array.dtype, array.flags.writeable) == form)
        self.same.append(lambda: array.tobytes() == content)

    def look_at_module(self, module: Any) -> None:
        """Record a module, except `threading`, which resets itself after every fork; is_empty() counts threads."""
        if self.is_named_ours(module.__name__):
            self.look(module.__dict__)
        elif module is not threading:
            self.look_at_names(module.__dict__)

    def look_at_function(self, function: Any) -> None:
        """Record a function's attributes, and for the package's own functions also the objects that they hold."""
        parts = (function.__code__, function.__defaults__, function.__kwdefaults__, function.__closure__)
        self.functions.append((function, *parts))
        if self.is_own(function):
            self.look_at_all((function.__defaults__, function.__kwdefaults__, function.__dict__))
            self.look_at_all(function.__closure__ or ())

    def look_at_cache(self, function: Any) -> None:
        """Python cannot show a cache's content. Only a cache that is empty now can be emptied before the next check."""
        if function.cache_info().currsize:
            raise Unseen
        self.same.append(lambda: empty_cache(function) is None)
        self.look(function.__wrapped__)

    def look_at_class(self, kind: type) -> None:
        # look_at_names() watches the classes of libraries, by their names.
        if not self.is_own(kind):
            return
        # A student's metaclass can have any state, and can hide attributes of its classes.
        if type(kind) is not type:
            raise Unseen
        self.held.append((vars(kind).values(), list(vars(kind).values())))
        self.look_at_all(vars(kind).values())
        self.look_at_all(kind.__bases__)

    def is_open(self, kind: type) -> bool:
        """Whether objects of this class keep their whole state in their __dict__."""
        bases = [base for base in kind.__mro__ if base is not object]
        plain = all(self.is_own(base) and "__slots__" not in vars(base) for base in bases)
        return bool(bases) and plain and kind.__setattr__ is SETTING

    def is_own(self, value: Any) -> bool:
        """Whether a module of the package (the student's or a handed-out file) defines this function or class."""
        return self.is_named_ours(getattr(value, "__module__", None))

    def is_named_ours(self, name: Any) -> bool:
        return isinstance(name, str) and (name == self.package or name.startswith(self.package + "."))
