"""A second Python with NumPy that every user can run; the Python of the tests is often below /root.

Built without network: a virtual environment of a Python that every user can run, with a copy of the NumPy of this
process. A Python of another version cannot load this copy; it is used only if it has its own NumPy.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

SYSTEM_PYTHON = "/usr/bin/python3"
SOMEBODY = 65_534  # any user id but root's
NEEDED = f"a Python {sys.version_info[0]}.{sys.version_info[1]} in a folder that every user may enter"


def build_readable_python(folder: Path) -> Path | None:
    """The program, in `folder` or from the system; None if there is no Python to build it from.

    folder: must be accessible to every user and allow running programs.
    """
    for number, base in enumerate((SYSTEM_PYTHON, sys._base_executable)):
        tag = says(base, "import sys; print(sys.implementation.cache_tag)")
        if tag == sys.implementation.cache_tag:
            made = folder / f"python-{number}"
            python = build_environment(base, made)
            if says(python, "import numpy; print(numpy.__version__)") == np.__version__:
                return python
            shutil.rmtree(made)
        elif says(base, "import numpy; print(numpy.__version__)"):
            return Path(base)
    return None


def build_environment(base: str, folder: Path) -> Path:
    """A virtual environment with the NumPy of this process."""
    subprocess.run([base, "-m", "venv", "--without-pip", str(folder)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    own = Path(np.__file__).parent
    for name in (own, own.with_name("numpy.libs")):  # the second holds the C libraries of a wheel
        if name.is_dir():
            shutil.copytree(name, packages / name.name, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    open_to_all(folder)
    return folder / "bin" / "python3"


def open_to_all(top: Path) -> None:
    """Let every user read everything below, whatever the umask was."""
    for folder, _, files in os.walk(top):
        os.chmod(folder, 0o755)
        for path in (Path(folder, name) for name in files):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o444 | (0o111 if path.stat().st_mode & 0o100 else 0))


def says(python: str | Path, program: str) -> str:
    """The output of this Python, run by another user; "" if it fails or that user may not run it."""
    other = {"user": SOMEBODY, "group": SOMEBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    try:
        done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False, cwd="/", **other)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
