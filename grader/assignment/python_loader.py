"""Import the Python files of an assignment (checks, misconceptions) and of its reference, always from their source.

These Python files are trusted and run in the judge. Bytecode files are neither read nor written, because Python would
accept outdated bytecode if the older source has the same size and was saved in the same second.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType

from grader.errors import AssignmentError


class SourceOnlyLoader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


class ReferenceFinder(MetaPathFinder):
    """Finds the Python modules of one package, to load them from source. Other finders find compiled extensions."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: object = None) -> ModuleSpec | None:
        if not path or fullname.partition(".")[0] != self.package:
            return None
        spec = FileFinder(path[0], (SourceOnlyLoader, [".py"])).find_spec(fullname)
        return spec if spec and spec.loader else None  # a folder without an __init__.py is not a module


def load_module(path: Path, name: str | None = None) -> ModuleType:
    """Import a trusted module by its path; for a package, the path of __init__.py. Raises AssignmentError."""
    name = name or f"_assignment_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}_{path.stem}"
    loader = SourceOnlyLoader(name, str(path))
    spec = spec_from_loader(name, loader)
    assert spec is not None  # spec_from_loader returns None only for a loader without a file
    module = sys.modules[name] = module_from_spec(spec)
    try:
        loader.exec_module(module)
    except AssignmentError:
        raise
    except Exception as error:
        raise AssignmentError(f"{path}: cannot be imported ({type(error).__name__}: {error}).") from error
    return module
