"""What of the host a worker needs to see: one Python, its standard library, its NumPy, the C libraries.

The interpreter may be any that the course uses (a virtual environment, pyenv, conda, Debian's), so this module runs it
to find out where its parts are. A sandbox never shows the whole site-packages folder: a non-editable install of this
project would put the reference there.
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

OLDEST: Final = (3, 8)  # the files in sandbox/inside are written for it

SYSTEM_LIBRARIES: Final = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64")
# What the loader and the C library read. Debian's BLAS is a link into the second; LANG needs the third (mounts.py).
SYSTEM_FILES: Final = ("/etc/ld.so.cache", "/etc/alternatives", "/usr/lib/locale/C.utf8")
# Folders of third-party packages, below folders of libraries. Debian's Python also looks in the system's folders.
PACKAGES: Final = ("python*/site-packages", "python*/dist-packages", "site-packages", "dist-packages")
SYSTEM_PACKAGES: Final = (Path("/usr/lib"), Path("/usr/local/lib"))
# Parts of the standard library that no layer needs. They are most of its bytes, and all sandboxes share what they can
# read (libraries.py).
NOT_NEEDED: Final = ("test", "ensurepip", "idlelib", "lib2to3", "turtledemo", "config-*")


@dataclass(frozen=True)
class Interpreter:
    """A Python that can run workers: its versions, and the host's folders to show and to hide."""

    executable: Path
    python: str
    numpy: str
    shown: tuple[Path, ...]
    hidden: tuple[Path, ...]
    numpy_folders: tuple[Path, ...]

    @property
    def command(self) -> tuple[str, ...]:
        """The command that starts it without site-packages, and writes no compiled files."""
        # -s -S: no site-packages, so PYTHONPATH alone says where NumPy is. -B: everything inside is read-only.
        return (str(self.executable), "-s", "-S", "-B")


def find_interpreter(executable: str) -> Interpreter:
    """Find where the parts of a Python are. The current Python needs no process; any other is run.

    Raises UsageError if it does not run, is older than 3.8 or has no NumPy.
    """
    # For our own Python no process is started to find this out: each command would wait for it.
    facts = probe.facts() if executable == sys.executable else facts_of(executable)
    version = ".".join(map(str, facts["version"]))
    if tuple(facts["version"][:2]) < OLDEST:
        raise UsageError(f"--python {executable}: Python {version} found, 3.8 or newer expected.")
    if facts["numpy"] is None:
        raise UsageError(f"--python {executable}: it has no NumPy. Install it: {executable} -m pip install numpy.")
    prefix, numpy_folder, standard = Path(facts["base_prefix"]), Path(facts["numpy_folder"]), Path(facts["stdlib"])
    # Conda's libraries, one folder above its standard library, load others by name. No trace of the loader shows those.
    shown = prefix / "lib" if (prefix / "conda-meta").is_dir() else standard
    libraries = numpy_folder.with_name("numpy.libs")  # NumPy's own BLAS, where a wheel was installed
    return Interpreter(
        executable=Path(facts["executable"]),
        python=version,
        numpy=facts["numpy"],
        shown=(shown.resolve(),),
        hidden=hidden_folders([prefix / "lib", prefix / "lib64", *SYSTEM_PACKAGES, standard], standard),
        numpy_folders=(numpy_folder, libraries) if libraries.is_dir() else (numpy_folder,),
    )


def facts_of(executable: str) -> dict[str, Any]:
    # As text with -c: the other Python may be unable to read our folder, and needs nothing of ours on its path.
    program = Path(probe.__file__).read_text(encoding="utf-8")
    try:
        facts: dict[str, Any] = json.loads(output_of([executable, "-c", program]))
    except (OSError, ValueError, SandboxError) as error:
        raise UsageError(f"--python {executable}: does not run as a Python ({error}). Give the path of one.") from error
    return facts


def hidden_folders(libraries: list[Path], standard: Path) -> tuple[Path, ...]:
    """Find every folder of third-party packages below these, and the parts of the standard library in NOT_NEEDED."""
    packages = {path.resolve() for folder in libraries for pattern in PACKAGES for path in folder.glob(pattern)}
    # bwrap covers a folder by mounting on it, which it cannot do through a link.
    needless = {path for pattern in NOT_NEEDED for path in standard.glob(pattern) if not path.is_symlink()}
    return tuple(sorted(path for path in packages | needless if path.is_dir()))
