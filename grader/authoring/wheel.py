"""This grader as a wheel, without a build: its package as it lies here, and what its installation says of it.

It holds `grader` and nothing that lies beside it, whatever a build of the whole project would take along: the compiled
kernels, an old build folder. So it is one file for every system, the same bytes for the same source.

Source of the format: the Python packaging guide, binary distribution format.
"""

from __future__ import annotations

import base64
import hashlib
from importlib import metadata
from pathlib import Path
from typing import Final

import grader
from grader.errors import GraderError
from grader.student.pack import zip_bytes

DISTRIBUTION: Final = "layergrader"
WHEEL: Final = b"Wheel-Version: 1.0\nGenerator: grader release\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def make_wheel() -> tuple[str, bytes]:
    """File name and content. Raises GraderError if the grader is not installed, or another version of it is."""
    try:
        installed = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        raise GraderError(
            f"{DISTRIBUTION}: is not installed, so its dependencies are unknown. Run make setup."
        ) from None
    if installed.version != grader.VERSION:
        raise GraderError(
            f"{DISTRIBUTION}: version {installed.version} is installed, expected {grader.VERSION}. Run make setup."
        )
    described = installed.read_text("METADATA") or installed.read_text("PKG-INFO") or ""
    root = Path(grader.__file__).parent
    files = {
        path.relative_to(root.parent).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    info = f"{DISTRIBUTION}-{grader.VERSION}.dist-info"
    files[f"{info}/METADATA"] = described.partition("\n\n")[0].encode() + b"\n"  # fields alone: the rest is the README
    files[f"{info}/WHEEL"] = WHEEL
    files[f"{info}/entry_points.txt"] = (installed.read_text("entry_points.txt") or "").encode()
    record = "".join(f"{name},{digest(content)},{len(content)}\n" for name, content in sorted(files.items()))
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    return f"{DISTRIBUTION}-{grader.VERSION}-py3-none-any.whl", zip_bytes(files)


def digest(content: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
