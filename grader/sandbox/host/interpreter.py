"""Finds the files of the host that a worker needs: one Python, its standard library, its NumPy, the C libraries.

The course may use any Python (a virtual environment, pyenv, conda, Debian's), so this module runs that Python to find
its parts. A sandbox never shows the whole site-packages folder: a non-editable install of this project would put the
reference there.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from grader.errors import SandboxError, UsageError
from grader.sandbox.host import probe
from grader.sandbox.host.user_ids import output_of

OLDEST: Final = (3, 8)  # the files in sandbox/inside support Python 3.8 and later

SYSTEM_LIBRARIES: Final = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64")
# Files that the loader and the C library read. Debian's BLAS is a link into the second, and LANG needs the third.
SYSTEM_FILES: Final = ("/etc/ld.so.cache", "/etc/alternatives", "/usr/lib/locale/C.utf8")
# Folders of third-party packages inside folders of libraries; Debian's Python also uses the system's folders.
PACKAGES: Final = ("python*/site-packages", "python*/dist-packages", "site-packages", "dist-packages")
SYSTEM_PACKAGES: Final = (Path("/usr/lib"), Path("/usr/local/lib"))
# Parts of the standard library that no layer needs. They are most of its bytes, and all sandboxes share what they can
# read (libraries.py).
NOT_NEEDED: Final = ("test", "ensurepip", "idlelib", "lib2to3", "turtledemo", "config-*")


@dataclass(frozen=True)
class Interpreter:
    """A Python that can run workers: its versions, and the host's folders that a sandbox shows and hides."""

    executable: Path
    python: str
    numpy: str
    shown: tuple[Path, ...]
    hidden: tuple[Path, ...]
    numpy_folders: tuple[Path, ...]

    @property
    def command(self) -> tuple[str, ...]:
        """The command that starts this Python without site-packages and without writing compiled files."""
        # -s -S: no site-packages, so that NumPy comes from PYTHONPATH only. -B: all files inside are read-only.
        return (str(self.executable), "-s", "-S", "-B")


def find_interpreter(executable: str) -> Interpreter:
    """Find where the parts of a Python are.

    Starts a process, unless it is the current Python. Raises UsageError if it does not run, is older than 3.8 or lacks
    NumPy.
    """
    # The current Python needs no process, for which every command would wait.
    facts = probe.facts() if executable == sys.executable else facts_of(executable)
    version = ".".join(map(str, facts["version"]))
    if tuple(facts["version"][:2]) < OLDEST:
        raise UsageError(f"--python {executable}: Python {version} found, 3.8 or newer expected.")
    if facts["numpy"] is None:
        raise UsageError(f"--python {executable}: it has no NumPy. Install it: {executable} -m pip install numpy.")
    prefix, numpy_folder, standard = Path(facts["base_prefix"]), Path(facts["numpy_folder"]), Path(facts["stdlib"])
    # Conda's libraries, one folder above its standard library, load others by name, so no trace shows those.
    shown = prefix / "lib" if (prefix / "conda-meta").is_dir() else standard
    libraries = numpy_folder.with_name("numpy.libs")  # a NumPy wheel has its BLAS here
    return Interpreter(
        executable=Path(facts["executable"]),
        python=version,
        numpy=facts["numpy"],
        shown=(shown.resolve(),),
        hidden=hidden_folders([prefix / "lib", prefix / "lib64", *SYSTEM_PACKAGES, standard], standard),
        numpy_folders=(numpy_folder, libraries) if libraries.is_dir() else (numpy_folder,),
    )


def facts_of(executable: str) -> dict[str, Any]:
    # Pass the source as text with -c, because the other Python may be unable to read our folder.
    program = Path(probe.__file__).read_text(encoding="utf-8")
    try:
        facts: dict[str, Any] = json.loads(output_of([executable, "-c", program]))
    except (OSError, ValueError, SandboxError) as error:
        raise UsageError(f"--python {executable}: does not run as a Python ({error}). Give the path of one.") from error
    return facts


def hidden_folders(libraries: list[Path], standard: Path) -> tuple[Path, ...]:
    """Find the folders of third-party packages, and those in NOT_NEEDED, below these folders."""
    packages = {path.resolve() for folder in libraries for pattern in PACKAGES for path in folder.glob(pattern)}
    # bwrap hides a folder by mounting over it, and cannot mount over a link.
    needless = {path for pattern in NOT_NEEDED for path in standard.glob(pattern) if not path.is_symlink()}
    return tuple(sorted(path for path in packages | needless if path.is_dir()))
