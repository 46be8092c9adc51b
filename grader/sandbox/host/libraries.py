"""The shared libraries that a Python, its extension modules and its NumPy load: all of the system that a worker sees.

The loader lists them itself: told to trace, it loads a program and what is to be preloaded, prints where it found each
library, and runs nothing.

Every file that two sandboxes can read is memory that they share: by what of it is in the page cache, one can tell the
other something. The folders of the system hold hundreds of thousands of pages, these libraries a few thousand, which
can be kept in memory (resident.py).
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

# What a C library loads by itself: to end a thread, to look up a user.
BY_NAME: Final = ("libgcc_s.so.1", "libnss_files.so.2")
AT_ONCE: Final = 500  # a variable of the environment holds 128 KiB


def libraries_of(program: Path, folders: Sequence[Path], hidden: Collection[Path]) -> dict[str, Path] | None:
    """Path as the loader knows it → the file, of every library outside of the folders that is needed.

    The program, and what lies in the folders, need them. hidden: folders that nothing is loaded from. None where the
    loader does not list them: it is not glibc's.
    """
    left_out = set(map(str, hidden))
    places = trace(program, BY_NAME, Path("/"))
    for folder in folders:
        extensions = (path for path in files_of([str(folder)], left_out) if ".so" in os.path.basename(path))
        names = [os.path.join(".", os.path.relpath(path, folder)) for path in extensions]
        for start in range(0, len(names), AT_ONCE):
            places += trace(program, names[start : start + AT_ONCE], folder)
    files = {canonical(place): Path(place).resolve() for place in places}
    outside = {place: file for place, file in files.items() if not any(map(file.is_relative_to, folders))}
    return outside if places else None


def trace(program: Path, preloaded: Sequence[str], folder: Path) -> list[str]:
    """Where the loader finds what the program and these need. What is damaged, or no library, it passes over."""
    # A colon or a space would end a name of LD_PRELOAD; names relative to a folder hold none of its own.
    told = {"LD_TRACE_LOADED_OBJECTS": "1", "LD_PRELOAD": ":".join(preloaded)}
    words = [str(program), "-c", ""]  # where no such loader starts it, it runs, and does nothing
    said = subprocess.run(words, env=told, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return re.findall(r"(?:=> |^\s+)(/.+) \(0x", os.fsdecode(said.stdout), re.MULTILINE)


def canonical(place: str) -> str:
    """The path without links on the way; the name itself stays, since that is what the loader asks for."""
    return os.path.join(os.path.realpath(os.path.dirname(place)), os.path.basename(place))
