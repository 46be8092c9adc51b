"""What of the host a worker needs to see: one Python, its standard library, its NumPy, the C libraries.

The interpreter may be any that the course uses (a virtual environment, pyenv, conda, Debian's), so it is asked where
its parts lie. Never the whole of its site-packages: an install of this project that is not editable would put the
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

OLDEST: Final = (3, 8)  # protocol.py and worker.py are written for it

SYSTEM_LIBRARIES: Final = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64")
# What the loader and the C library read: Debian's BLAS is a link into the second, the third is LANG's (mounts.py).
SYSTEM_FILES: Final = ("/etc/ld.so.cache", "/etc/alternatives", "/usr/lib/locale/C.utf8")
# Below folders of libraries; Debian's Python looks for packages in the system's, too.
PACKAGES: Final = ("python*/site-packages", "python*/dist-packages", "site-packages", "dist-packages")
SYSTEM_PACKAGES: Final = (Path("/usr/lib"), Path("/usr/local/lib"))
# Of the standard library, what no layer needs and what would be most of what all sandboxes can read.
NOT_NEEDED: Final = ("test", "ensurepip", "idlelib", "lib2to3", "turtledemo", "config-*")


@dataclass(frozen=True)
class Interpreter:
    """A Python that can run workers: its versions, and the folders of the host to show and to hide."""

    executable: Path
    python: str
    numpy: str
    shown: tuple[Path, ...]
    hidden: tuple[Path, ...]
    numpy_folders: tuple[Path, ...]

    @property
    def command(self) -> tuple[str, ...]:
        """It, alone: without site-packages, and writing no compiled files."""
        return (str(self.executable), "-s", "-S", "-B")


def find_interpreter(executable: str) -> Interpreter:
    """Ask a Python where its parts lie: this one in this process, another by running it.

    Raises UsageError if it does not run, is older than 3.8 or has no NumPy.
    """
    facts = probe.facts() if executable == sys.executable else facts_of(executable)
    version = ".".join(map(str, facts["version"]))
    if tuple(facts["version"][:2]) < OLDEST:
        raise UsageError(f"--python {executable}: Python {version} found, 3.8 or newer expected.")
    if facts["numpy"] is None:
        raise UsageError(f"--python {executable}: has no NumPy. Install it there: {executable} -m pip install numpy.")
    prefix, numpy_folder, standard = Path(facts["base_prefix"]), Path(facts["numpy_folder"]), Path(facts["stdlib"])
    # Conda's libraries, which lie above its standard library, load others by name, which no library says.
    shown = prefix / "lib" if (prefix / "conda-meta").is_dir() else standard
    libraries = numpy_folder.with_name("numpy.libs")
    return Interpreter(
        executable=Path(facts["executable"]),
        python=version,
        numpy=facts["numpy"],
        shown=(shown.resolve(),),
        hidden=hidden_folders([prefix / "lib", prefix / "lib64", *SYSTEM_PACKAGES, standard], standard),
        numpy_folders=(numpy_folder, libraries) if libraries.is_dir() else (numpy_folder,),
    )


def facts_of(executable: str) -> dict[str, Any]:
    program = Path(probe.__file__).read_text(encoding="utf-8")
    try:
        facts: dict[str, Any] = json.loads(output_of([executable, "-c", program]))
    except (OSError, ValueError, SandboxError) as error:
        raise UsageError(f"--python {executable}: cannot be run as a Python ({error}). Name an interpreter.") from error
    return facts


def hidden_folders(libraries: list[Path], standard: Path) -> tuple[Path, ...]:
    """Every folder of third-party packages below these, and what no layer needs of the standard library."""
    packages = {path.resolve() for folder in libraries for pattern in PACKAGES for path in folder.glob(pattern)}
    needless = {path for pattern in NOT_NEEDED for path in standard.glob(pattern) if not path.is_symlink()}
    return tuple(sorted(path for path in packages | needless if path.is_dir()))
