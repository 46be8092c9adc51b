"""What a Python says of itself: its version, and where its parts lie. Asked of the one that is to run workers.

This process answers for itself; any other is given this file as a program. So it runs under Python 3.8 on, with nothing
but the standard library and that Python's own NumPy, if it has one.
"""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from typing import Any


def facts() -> dict[str, Any]:
    """Of the Python that runs this; `numpy` is None where there is none."""
    found: dict[str, Any] = {
        "version": list(sys.version_info[:3]),
        "executable": os.path.realpath(sys.executable),
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
