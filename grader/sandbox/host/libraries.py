"""The shared libraries that a Python, its extension modules and its NumPy load: all that a worker sees of the system.

The dynamic loader lists them itself. In trace mode it loads a program and the libraries to be preloaded, prints where
it found each library, and runs nothing.

Two sandboxes share every file that both can read: by which of its pages are in the page cache, one can send the other a
message. The system's folders have hundreds of thousands of pages, these libraries a few thousand, which resident.py can
keep in memory.
Source: Linux's man page ld.so(8), LD_TRACE_LOADED_OBJECTS and LD_PRELOAD.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from grader.sandbox.host.resident import files_of

# What a C library loads by name, which no trace shows: the first to end a thread, the second to look up a user.
BY_NAME: Final = ("libgcc_s.so.1", "libnss_files.so.2")
AT_ONCE: Final = 500  # names in one LD_PRELOAD: execve(2) allows 128 KiB for one variable (MAX_ARG_STRLEN)


def libraries_of(program: Path, folders: Sequence[Path], hidden: Collection[Path]) -> dict[str, Path] | None:
    """Find every library outside of the folders that is needed: path as the loader knows it → the file.

    The program, and the extension modules in the folders, need them. hidden: folders from which nothing is loaded.
    None where the loader does not list them: it is not glibc's.
    """
    left_out = set(map(str, hidden))
    places = trace(program, BY_NAME, Path("/"))
    # Extension modules are preloaded in the place of the imports that would load them later.
    for folder in folders:
        extensions = (path for path in files_of([str(folder)], left_out) if ".so" in os.path.basename(path))
        names = [os.path.join(".", os.path.relpath(path, folder)) for path in extensions]
        for start in range(0, len(names), AT_ONCE):
            places += trace(program, names[start : start + AT_ONCE], folder)
    files = {canonical(place): Path(place).resolve() for place in places}
    outside = {place: file for place, file in files.items() if not any(map(file.is_relative_to, folders))}
    return outside if places else None


def trace(program: Path, preloaded: Sequence[str], folder: Path) -> list[str]:
    """List where the loader finds what the program and these libraries need. It skips a damaged file."""
    # A colon or a space ends a name in LD_PRELOAD. Names relative to a folder of modules contain neither.
    environment = {"LD_TRACE_LOADED_OBJECTS": "1", "LD_PRELOAD": ":".join(preloaded)}
    words = [str(program), "-c", ""]  # a loader without trace mode starts the program, which then does nothing
    nothing = subprocess.DEVNULL
    done = subprocess.run(words, env=environment, cwd=folder, stdin=nothing, capture_output=True, check=False)
    # A line is `name => /path (0x…)`, or `/path (0x…)` for a library that was given by its path.
    return re.findall(r"(?:=> |^\s+)(/.+) \(0x", os.fsdecode(done.stdout), re.MULTILINE)


def canonical(place: str) -> str:
    """Return the path without links in its folders. The name stays: the loader looks for the library by that name."""
    return os.path.join(os.path.realpath(os.path.dirname(place)), os.path.basename(place))
