"""What a Python reports of itself: its version, and where its parts are. Run by the Python that is to run workers.

This process runs it as a function. Any other Python gets this file as a program, so the file must run under Python 3.8
and later with only the standard library, and that Python's own NumPy if it has one.
"""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from typing import Any


def facts() -> dict[str, Any]:
    """Facts about the Python that runs this; `numpy` is None where NumPy is not installed."""
    found: dict[str, Any] = {
        "version": list(sys.version_info[:3]),
        "executable": os.path.realpath(sys.executable),
        # Of a virtual environment, the Python that it was made from: the standard library is there.
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
