"""Placeholders for modules that the sandbox lacks: a submission may import such a module, but using it raises.

A stray `import matplotlib.pyplot as plt` must not cost a file all of its marks. Only an import in the submission's own
files gets a placeholder. The standard library imports optional modules on purpose and expects the ImportError. A
submission may do the same: an import in a `try` that catches ImportError fails as on any machine.
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

# Packages whose modules have names like the course's: `keras.layers` is not the student's layers.py.
LIBRARIES = {
    "caffe", "chainer", "flax", "haiku", "jax", "keras", "lasagne", "mxnet", "paddle", "sklearn", "tensorflow",
    "tf_keras", "tflearn", "theano", "torch", "torchvision",
}  # fmt: skip
CATCHING = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}

# Modules whose names are only used in annotations. An older Python or NumPy lacks some of the names or modules.
FOR_ANNOTATIONS = ("typing", "typing_extensions", "collections.abc", "types", "numpy.typing")
# Standard library module → class and method that waits for a person to type, and the text to raise instead.
CONSOLES = {
    "bdb": ("Bdb", "set_trace", "a debugger was started here (pdb.set_trace() or breakpoint()) and nobody is there"),
    "code": ("InteractiveConsole", "interact", "a console was started here (code.interact()) and nobody is there"),
}


class Absent:
    """A placeholder for one name of a module that the sandbox lacks. During the import, calling the placeholder or
    setting its attributes has no effect, and it counts as false. Once functions run (`in_use`), any use raises, except
    in annotations: `Tensor | None` and `Float[Array, "n d"]` are always allowed."""

    in_use = False
    package = ""
    starred: ClassVar[List[str]] = []  # modules from which student code did `from … import *`

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_name", name)  # because __setattr__ of this class does nothing

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        name, why = object.__getattribute__(self, "_name"), ": NumPy and the standard library are"
        if name.split(".")[0] == Absent.package:
            name, why = name[len(Absent.package) + 1 :], " while this file is checked"
        raise ModuleNotFoundError("%s is used, but %s is not in the sandbox%s" % (name, name.split(".")[0], why))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if Absent.in_use:
            self._refuse()
        decorated = len(args) == 1 and not kwargs and isinstance(args[0], (types.FunctionType, type))
        return args[0] if decorated else self  # decorators of such libraries only make a function faster, so skip them

    def __getattr__(self, name: str) -> Any:
        # Python and NumPy look up special names to decide how to treat an object, so these names must not exist here.
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(object.__getattribute__(self, "_name") + "." + name)

    def __setattr__(self, name: Any, value: Any) -> None:
        pass

    __setitem__ = __setattr__

    def __mro_entries__(self, bases: Tuple[Any, ...]) -> Tuple[Any, ...]:
        return ()  # `class Net(torch.nn.Module)` becomes a class without a base, whose methods work

    def __getitem__(self, key: Any) -> Any:
        of_types = all(map(is_for_annotations, key if isinstance(key, tuple) else (key,)))
        return self if of_types or not Absent.in_use else self._refuse()

    def __or__(self, other: Any) -> Any:
        return self if is_for_annotations(other) else self._refuse()

    __ror__ = __or__

    def __instancecheck__(self, value: Any) -> bool:
        return False  # a class that the sandbox lacks has no objects

    __subclasscheck__ = __instancecheck__

    def __bool__(self) -> bool:
        return bool(self._refuse()) if Absent.in_use else False  # so `if torch.cuda.is_available():` is skipped

    __iter__ = __len__ = __float__ = __int__ = __array__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __matmul__ = _refuse
    __rmatmul__ = __pow__ = __neg__ = __enter__ = __exit__ = __lt__ = __gt__ = __le__ = __ge__ = _refuse


class AbsentModule(types.ModuleType):
    """A placeholder for a module that the sandbox lacks: its names are Absent objects, its submodules AbsentModules."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: List[str] = []

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            Absent.starred.append(self.__name__)
        if name.startswith("__"):
            raise AttributeError(name)
        if name in ("xrange", "range"):  # six.moves and past.builtins export these two names
            return range
        return Absent(self.__name__ + "." + name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return Absent(self.__name__)(*args, **kwargs)


class AbsentFinder:
    """The last finder: Python calls it if no other finder has the module. names: the modules it replaced, in order.

    This class is both the finder and the loader. The class has no base class, since importing importlib.abc takes 8 ms.
    """

    def __init__(self, root: str, package: str) -> None:
        self.root = root
        self.package = package
        self.names: List[str] = []
        Absent.package = package

    def find_spec(self, name: str, path: Any, target: Any = None) -> Optional[importlib.machinery.ModuleSpec]:
        parent = name.rpartition(".")[0]
        below = isinstance(sys.modules.get(parent), AbsentModule)
        # A missing part of a real package (`numpy.cupy`) is an error, as anywhere.
        if parent and not below and parent.split(".")[0] != self.package and name not in FOR_ANNOTATIONS:
            return None
        importing = self.importing_file()
        if not below and not importing:
            return None
        if not below and os.path.basename(importing) != "__init__.py":  # __init__.py imports files of other assignments
            self.names.append(name)
        elif self.find_here(name):  # the submission has this module under the package's real name
            self.names = [known for known in self.names if not (name + ".").startswith(known + ".")]
        return importlib.machinery.ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        here = self.find_here(spec.name)
        return importlib.import_module(here) if here else AbsentModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass

    def find_here(self, name: str) -> str:
        """Return the submission's module that `name` means if only the package's name differs; "" if there is none.

        `nn.helpers` means helpers.py of the package.
        """
        if name.split(".")[0] in LIBRARIES:
            return ""
        parts = name.split(".")
        for start in range(1, len(parts)):
            place = os.path.join(self.root, *parts[start:])
            if parts[-1] and (os.path.isfile(place + ".py") or os.path.isfile(os.path.join(place, "__init__.py"))):
                return ".".join([self.package, *parts[start:]])
        return ""

    def importing_file(self) -> str:
        """Return the submission's file whose import statement is running.

        Return "" if the file is not in the work tree, or if the statement is in a `try` that expects it to fail.
        """
        frame: Optional[types.FrameType] = sys._getframe(2)
        # The import system's own frames are between the import statement and find_spec.
        while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
            frame = frame.f_back
        if frame is None or not frame.f_code.co_filename.startswith(self.root):
            return ""
        path = frame.f_code.co_filename
        return "" if frame.f_lineno in lines_caught(path) else path


class ConsoleFinder:
    """Makes calls of the standard library's debugger and console raise an error that names the forgotten call.

    Without this finder, the debugger would find no terminal and raise BdbQuit without a text on the next line.
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

            # Raise BdbQuit, as the debugger itself does: a student's `except Exception` then works as on any machine.
            def refuse(*args: Any, **kwargs: Any) -> NoReturn:
                raise getattr(module, "BdbQuit", EOFError)(text)

            setattr(getattr(module, owner), method, refuse)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def is_for_annotations(value: Any) -> bool:
    """Whether an annotation may contain this value: a type, a text, None, `...` or a placeholder, but not a number."""
    if isinstance(value, (type, str, Absent, list)) or value is None or value is Ellipsis:
        return True
    return type(value).__module__ in FOR_ANNOTATIONS  # e.g. `int | None`, `List[int]`, a TypeVar


def explain(error: BaseException) -> str:
    """Return a hint for a NameError: the name may come from `import *` of a module that the sandbox lacks."""
    if not isinstance(error, NameError) or not Absent.starred:
        return ""
    return " (perhaps a name of %s, which is not in the sandbox)" % ", ".join(dict.fromkeys(Absent.starred))


@functools.lru_cache(maxsize=None)
def lines_caught(path: str) -> Set[int]:
    """Return the lines of a file that are in a `try` which expects an import to fail."""
    try:
        with open(path, "rb") as file:
            nodes = ast.walk(ast.parse(file.read()))
    # tolerant_import.py runs the parts of a file that does not parse; each `try` in such a file is ignored here.
    except Exception:
        return set()
    tries = [node for node in nodes if isinstance(node, ast.Try) and any(map(catches_import_error, node.handlers))]
    bodies = [statement for node in tries for statement in node.body]
    return {line for one in bodies for line in range(one.lineno, (one.end_lineno or one.lineno) + 1)}


def catches_import_error(handler: Any) -> bool:
    kinds = getattr(handler.type, "elts", [handler.type])
    return handler.type is None or any(getattr(kind, "id", "") in CATCHING for kind in kinds)
