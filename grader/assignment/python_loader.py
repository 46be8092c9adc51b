"""Python files of an assignment (checks, misconceptions) and of its reference, imported from their source alone.

They are trusted and run in the judge. No compiled file is read or written: one that belongs to another text of the same
length and second would be taken for this one.
"""

from __future__ import annotations

import hashlib
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

from grader.errors import AssignmentError


class FromSource(SourceFileLoader):
    """Reads no compiled module and leaves none: one of another text, of the same length and second, would be taken."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


class ReferenceFinder(MetaPathFinder):
    """Finds the modules of one package so, below its folder. What is compiled from another language is for others."""

    def __init__(self, package: str, folder: Path) -> None:
        self.package = package
        self.folder = folder

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        package, *names = fullname.split(".")
        if package != self.package or not names:
            return None
        place = self.folder.joinpath(*names)
        for file, below in ((place / "__init__.py", [str(place)]), (place.with_suffix(".py"), None)):
            if file.is_file():
                loader = FromSource(fullname, str(file))
                return spec_from_file_location(fullname, file, loader=loader, submodule_search_locations=below)
        return None


def load_module(path: Path, name: str | None = None) -> ModuleType:
    """Import a trusted file by its path. Raises AssignmentError if it cannot be imported."""
    name = name or f"_assignment_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}_{path.stem}"
    spec = spec_from_file_location(name, path, loader=FromSource(name, str(path)))
    if spec is None or spec.loader is None:
        raise AssignmentError(f"{path}: is no Python file.")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except AssignmentError:
        raise
    except Exception as error:
        raise AssignmentError(f"{path}: cannot be imported ({type(error).__name__}: {error}).") from error
    return module
