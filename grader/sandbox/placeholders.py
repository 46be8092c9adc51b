"""Modules that a submission imports and that are not in the sandbox: importing them is no error, using them is.

A stray `import matplotlib.pyplot as plt` must not cost a file all of its marks. Runs inside the worker, beside
worker.py, under Python 3.8 on. Only imports that stand in the submission's own files get a placeholder: the standard
library asks for modules that are absent on purpose, and takes the ImportError for an answer.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from typing import Any, List, NoReturn, Optional


class Absent:
    """A name of a module that is not here. Setting something on it is ignored, any other use raises."""

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_name", name)

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        name = object.__getattribute__(self, "_name")
        raise ModuleNotFoundError(
            "%s is used, but %s is not in the sandbox: NumPy and the standard library are" % (name, name.split(".")[0])
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(object.__getattribute__(self, "_name") + "." + name)

    def __setattr__(self, name: str, value: Any) -> None:
        pass

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    __call__ = __getitem__ = __iter__ = __len__ = __bool__ = __float__ = __int__ = __array__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __matmul__ = _refuse
    __rmatmul__ = __pow__ = __neg__ = __enter__ = __lt__ = __gt__ = __le__ = __ge__ = _refuse


class AbsentModule(types.ModuleType):
    """A module that is not here: every name of it is Absent, and it is a package of such modules."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: List[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(self.__name__ + "." + name)


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Asked last, when nobody else knows a module. names: the top-level modules that it stood in for, in order."""

    def __init__(self, root: str, package: str) -> None:
        self.root = root
        self.package = package
        self.names: List[str] = []

    def find_spec(self, name: str, path: Any, target: Any = None) -> Optional[importlib.machinery.ModuleSpec]:
        parent = name.rpartition(".")[0]
        ours = not parent or parent.split(".")[0] == self.package or isinstance(sys.modules.get(parent), AbsentModule)
        if not ours or not self.is_asked_by_submission():
            return None
        if not isinstance(sys.modules.get(parent), AbsentModule):
            self.names.append(name)
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return AbsentModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass

    def is_asked_by_submission(self) -> bool:
        """Whether the import statement stands in a file of the work tree."""
        frame: Optional[types.FrameType] = sys._getframe(2)
        while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
            frame = frame.f_back
        return frame is not None and frame.f_code.co_filename.startswith(self.root)
