"""Load an assignment's reference as functions of this process, for fixtures, hints and the audit."""

from __future__ import annotations

import hashlib
import importlib
import sys
from typing import Any

from grader.assignment.load import Assignment
from grader.assignment.python_loader import ReferenceFinder, load_module
from grader.errors import AssignmentError


def load_reference(assignment: Assignment) -> dict[str, Any]:
    """Return the reference's functions by id. Raises AssignmentError if a graded function is missing."""
    package = f"_reference_{hashlib.sha256(str(assignment.reference).encode()).hexdigest()[:12]}"
    init = assignment.reference / "__init__.py"
    if not init.is_file():
        raise AssignmentError(f"{assignment.reference}: not a package. Correct `reference` in assignment.toml.")
    if not any(isinstance(one, ReferenceFinder) and one.package == package for one in sys.meta_path):
        sys.meta_path.insert(0, ReferenceFinder(package))
    load_module(init, package)
    functions = {}
    for function in assignment.functions:
        name, _, attribute = function.rpartition(".")
        try:
            functions[function] = getattr(importlib.import_module(f"{package}.{name}"), attribute)
        except Exception as error:
            raise AssignmentError(f"{assignment.reference}: {function} is missing ({error}). Write it.") from error
    return functions
