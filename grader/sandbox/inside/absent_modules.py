"""Modules that a submission imports and that are not in the sandbox: importing them is no error, using them is.

A stray `import matplotlib.pyplot as plt` must not cost a file all of its marks. Only imports that stand in the
submission's own files get a placeholder: the standard library asks for modules that are absent on purpose, and takes
the ImportError for an answer. So may a submission: an import in a `try` that catches ImportError fails as it would
anywhere.
"""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.machinery
import os
import sys
import types
from typing import Any, ClassVar, List, NoReturn, Optional, Set, Tuple

# Packages whose modules have names like the course's: `keras.layers` is never the student's layers.py.
LIBRARIES = {
    "caffe", "chainer", "flax", "haiku", "jax", "keras", "lasagne", "mxnet", "paddle", "sklearn", "tensorflow",
    "tf_keras", "tflearn", "theano", "torch", "torchvision",
}  # fmt: skip
CATCHING = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}

# Modules that hold words for annotations only; an older Python or NumPy lacks some of the words, or the module.
FOR_ANNOTATIONS = ("typing", "typing_extensions", "collections.abc", "types", "numpy.typing")
# By module of the standard library: the method that waits for somebody to type, and what to say instead.
CONSOLES = {
    "bdb": ("Bdb", "set_trace", "a debugger was started here (pdb.set_trace() or breakpoint()) and nobody is there"),
    "code": ("InteractiveConsole", "interact", "a console was started here (code.interact()) and nobody is there"),
}


class Absent:
    """A name of a module that is not here. While modules are imported it may be called and set on, to no effect, and is
    false; once functions run (`in_use`), any use raises. What annotations do with types is never a use: `Tensor | None`
    and `Float[Array, "n d"]` are as absent as Tensor and Float, wherever they stand."""

    in_use = False
    package = ""
    starred: ClassVar[List[str]] = []  # modules of which everything was imported

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_name", name)

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        name, why = object.__getattribute__(self, "_name"), ": NumPy and the standard library are"
        if name.split(".")[0] == Absent.package:
            name, why = name[len(Absent.package) + 1 :], " while this file is checked"
        raise ModuleNotFoundError("%s is used, but %s is not in the sandbox%s" % (name, name.split(".")[0], why))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if Absent.in_use:
            self._refuse()
        decorated = len(args) == 1 and not kwargs and isinstance(args[0], (types.FunctionType, type))
        return args[0] if decorated else self  # as a decorator it would only make it faster

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(object.__getattribute__(self, "_name") + "." + name)

    def __setattr__(self, name: Any, value: Any) -> None:
        pass

    __setitem__ = __setattr__

    def __mro_entries__(self, bases: Tuple[Any, ...]) -> Tuple[Any, ...]:
        return ()

    def __getitem__(self, key: Any) -> Any:
        of_types = all(map(is_for_annotations, key if isinstance(key, tuple) else (key,)))
        return self if of_types or not Absent.in_use else self._refuse()

    def __or__(self, other: Any) -> Any:
        return self if is_for_annotations(other) else self._refuse()

    __ror__ = __or__

    def __instancecheck__(self, value: Any) -> bool:
        return False  # nothing is made of a class that is not here

    __subclasscheck__ = __instancecheck__

    def __bool__(self) -> bool:
        return bool(self._refuse()) if Absent.in_use else False  # as `torch.cuda.is_available()` would be

    __iter__ = __len__ = __float__ = __int__ = __array__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __matmul__ = _refuse
    __rmatmul__ = __pow__ = __neg__ = __enter__ = __exit__ = __lt__ = __gt__ = __le__ = __ge__ = _refuse


class AbsentModule(types.ModuleType):
    """A module that is not here: every name of it is Absent, and it is a package of such modules."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: List[str] = []

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            Absent.starred.append(self.__name__)
        if name.startswith("__"):
            raise AttributeError(name)
        if name in ("xrange", "range"):  # of six.moves or past.builtins, which are Python 2's range
            return range
        return Absent(self.__name__ + "." + name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return Absent(self.__name__)(*args, **kwargs)


class AbsentFinder:
    """Asked last, when nobody else knows a module. names: the modules that it stood in for, in order.

    A finder and the loader of what it finds, without the base classes of importlib.abc, whose import takes 8 ms.
    """

    def __init__(self, root: str, package: str) -> None:
        self.root = root
        self.package = package
        self.names: List[str] = []
        Absent.package = package

    def find_spec(self, name: str, path: Any, target: Any = None) -> Optional[importlib.machinery.ModuleSpec]:
        parent = name.rpartition(".")[0]
        below = isinstance(sys.modules.get(parent), AbsentModule)
        if parent and not below and parent.split(".")[0] != self.package and name not in FOR_ANNOTATIONS:
            return None
        importing = self.importing_file()
        if not below and not importing:
            return None
        if not below and os.path.basename(importing) != "__init__.py":  # the course's, mostly, of another assignment
            self.names.append(name)
        elif self.find_here(name):  # the package by another name: it is there after all
            self.names = [known for known in self.names if not (name + ".").startswith(known + ".")]
        return importlib.machinery.ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        here = self.find_here(spec.name)
        return importlib.import_module(here) if here else AbsentModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass

    def find_here(self, name: str) -> str:
        """The module of the work tree that goes by another package's name: `nn.helpers` where the folder was nn/."""
        if name.split(".")[0] in LIBRARIES:
            return ""
        parts = name.split(".")
        for start in range(1, len(parts)):
            place = os.path.join(self.root, *parts[start:])
            if parts[-1] and (os.path.isfile(place + ".py") or os.path.isfile(os.path.join(place, "__init__.py"))):
                return ".".join([self.package, *parts[start:]])
        return ""

    def importing_file(self) -> str:
        """The file of the work tree that the import stands in, outside of a `try` that expects it to fail, or ""."""
        frame: Optional[types.FrameType] = sys._getframe(2)
        while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
            frame = frame.f_back
        if frame is None or not frame.f_code.co_filename.startswith(self.root):
            return ""
        path = frame.f_code.co_filename
        return "" if frame.f_lineno in lines_caught(path) else path


class ConsoleFinder:
    """Finds the standard library's debugger and console, which then say that they were left in.

    Without that the debugger would stop at the next line, find no terminal, and raise BdbQuit there, without a word.
    """

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Optional[importlib.machinery.ModuleSpec]:
        spec = importlib.machinery.PathFinder.find_spec(name, path) if name in CONSOLES else None
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module: types.ModuleType) -> None:
            execute(module)
            owner, method, text = CONSOLES[name]

            def refuse(*args: Any, **kwargs: Any) -> NoReturn:
                raise getattr(module, "BdbQuit", EOFError)(text)

            setattr(getattr(module, owner), method, refuse)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def is_for_annotations(value: Any) -> bool:
    """Whether an annotation may hold it: a type, a text, None, `...`, a name of what is not here; no number."""
    if isinstance(value, (type, str, Absent, list)) or value is None or value is Ellipsis:
        return True
    return type(value).__module__ in FOR_ANNOTATIONS  # `int | None`, `List[int]`, a TypeVar


def explain(error: BaseException) -> str:
    """What a name that is not defined may come from: a module that is not here, of which everything was imported."""
    if not isinstance(error, NameError) or not Absent.starred:
        return ""
    return " (perhaps a name of %s, which is not in the sandbox)" % ", ".join(dict.fromkeys(Absent.starred))


@functools.lru_cache(maxsize=None)
def lines_caught(path: str) -> Set[int]:
    """The lines of a file that stand in a `try` which expects an import to fail."""
    try:
        with open(path, "rb") as file:
            nodes = ast.walk(ast.parse(file.read()))
    except Exception:
        return set()
    tries = [node for node in nodes if isinstance(node, ast.Try) and any(map(catches_import_error, node.handlers))]
    bodies = [statement for node in tries for statement in node.body]
    return {line for one in bodies for line in range(one.lineno, (one.end_lineno or one.lineno) + 1)}


def catches_import_error(handler: Any) -> bool:
    kinds = getattr(handler.type, "elts", [handler.type])
    return handler.type is None or any(getattr(kind, "id", "") in CATCHING for kind in kinds)
