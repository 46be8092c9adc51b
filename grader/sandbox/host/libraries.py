"""Finds the shared libraries that a Python and its extension modules load. A sandbox shows no others.

The dynamic loader lists the libraries. In trace mode the loader loads a program and the libraries in LD_PRELOAD,
prints the path of each library, and runs no code.

Two sandboxes share every file that both can read. By reading some pages of a file, one sandbox puts them into the page
cache; another sandbox can measure that, and so receive a message. The system's folders have hundreds of thousands of
pages. These libraries have a few thousand, which resident.py can keep in memory. Source: Linux's man page ld.so(8),
LD_TRACE_LOADED_OBJECTS and LD_PRELOAD.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from grader.sandbox.host.resident import files_of

# The C library loads these by name, so no trace shows them: the first to end a thread, the second to look up a user.
BY_NAME: Final = ("libgcc_s.so.1", "libnss_files.so.2")
AT_ONCE: Final = 500  # names in one LD_PRELOAD: execve(2) allows 128 KiB for one variable (MAX_ARG_STRLEN)


def libraries_of(program: Path, folders: Sequence[Path], hidden: Collection[Path]) -> dict[str, Path] | None:
    """Return the libraries that the program and the folders' extension modules need: path for the loader → file.

    Libraries inside the folders are left out. hidden: folders whose modules are never loaded. Return None if the
    loader is not glibc's and does not list libraries.
    """
    left_out = set(map(str, hidden))
    places = trace(program, BY_NAME, Path("/"))
    # Preload the extension modules, because trace mode runs no imports that would load them.
    for folder in folders:
        extensions = (path for path in files_of([str(folder)], left_out) if ".so" in os.path.basename(path))
        names = [os.path.join(".", os.path.relpath(path, folder)) for path in extensions]
        for start in range(0, len(names), AT_ONCE):
            places += trace(program, names[start : start + AT_ONCE], folder)
    files = {canonical(place): Path(place).resolve() for place in places}
    outside = {place: file for place, file in files.items() if not any(map(file.is_relative_to, folders))}
    return outside if places else None


def trace(program: Path, preloaded: Sequence[str], folder: Path) -> list[str]:
    """Return where the loader finds the libraries that these files need. The loader skips damaged files."""
    # A colon or a space ends a name in LD_PRELOAD. Names relative to a folder of modules contain neither.
    environment = {"LD_TRACE_LOADED_OBJECTS": "1", "LD_PRELOAD": ":".join(preloaded)}
    words = [str(program), "-c", ""]  # a loader without trace mode runs the program, which does nothing
    nothing = subprocess.DEVNULL
    done = subprocess.run(words, env=environment, cwd=folder, stdin=nothing, capture_output=True, check=False)
    # A line is `name => /path (0x…)`, or `/path (0x…)` for a library that was given by its path.
    return re.findall(r"(?:=> |^\s+)(/.+) \(0x", os.fsdecode(done.stdout), re.MULTILINE)


def canonical(place: str) -> str:
    """Return the path without links in its folders. The name stays, because the loader searches for this name."""
    return os.path.join(os.path.realpath(os.path.dirname(place)), os.path.basename(place))
