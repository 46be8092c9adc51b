"""Finds the version of a Python, and the folders of its parts.

Runs under the Python that will run workers. If the grader's own Python runs the workers, the grader calls this
module's function. Any other Python runs this file as a program, so the file supports Python 3.8 and later, and imports
only the standard library, and NumPy if installed.
"""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from typing import Any


def facts() -> dict[str, Any]:
    """Return facts about the Python that runs this function. `numpy` is None if NumPy is not installed."""
    found: dict[str, Any] = {
        "version": list(sys.version_info[:3]),
        "executable": os.path.realpath(sys.executable),
        # The Python from which a virtual environment was made, because it has the standard library.
        "base_prefix": os.path.realpath(sys.base_prefix),
        "stdlib": os.path.realpath(sysconfig.get_path("stdlib")),
        "numpy": None,
    }
    try:
        import numpy
    except ImportError:
        return found
    return {**found, "numpy": numpy.__version__, "numpy_folder": os.path.dirname(os.path.realpath(numpy.__file__))}


if __name__ == "__main__":
    print(json.dumps(facts()))
