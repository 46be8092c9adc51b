"""The shared libraries that a Python, its extension modules and its NumPy load: all of the system that a worker sees.

    executable, *.so ──► names that they need ──► where the loader finds them ──► names that those need ──► …

Every file that two sandboxes can read is memory that they share: by what of it is in the page cache, one can tell the
other something. The folders of the system hold hundreds of thousands of pages, these libraries a few thousand, which
can be kept in memory (resident.py).
Source: Linux's man pages elf(5), ld.so(8), ldconfig(8).
"""

from __future__ import annotations

import mmap
import os
import re
import shutil
import struct
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from grader.errors import SandboxError
from grader.sandbox.host.user_ids import output_of

LOADED, DYNAMIC, INTERPRETER = 1, 2, 3  # kinds of program headers: p_type
NEEDED, STRINGS, RPATH, RUNPATH = 1, 5, 15, 29  # tags of the dynamic section: d_tag
PROGRAM_HEADER: Final = struct.Struct("<IIQQQQQQ")
ENTRY: Final = struct.Struct("<qQ")
# What a C library loads by itself: to end a thread, to look up a user.
BY_NAME: Final = ("libgcc_s.so.1", "libnss_files.so.2")


@dataclass(frozen=True)
class Needs:
    """What a program or library needs: its loader, libraries by name, and where it says that they lie."""

    loader: str | None
    names: tuple[str, ...]
    folders: tuple[str, ...]


def libraries_of(programs: Sequence[Path], folders: Sequence[Path], hidden: Collection[Path]) -> dict[str, Path] | None:
    """Path as the loader knows it → the file, of every library outside of the folders that is needed.

    programs, and what lies in the folders, need them. hidden: folders that nothing is loaded from. None where the
    system does not say where its libraries lie: it has no ldconfig, or not one of glibc's.
    """
    places = system_places()
    if not places:
        return None
    own = [needs for program in programs if (needs := needs_of(program)) is not None]
    first = own[0].folders if own else ()
    # What a program says of places holds for all that is loaded into it; of the programs, the first loads extensions.
    waiting = [(path, ()) for path in programs] + [(path, first) for path in extensions(folders, hidden)]
    by_name = [places[name][0] for name in BY_NAME if name in places]
    found: dict[str, Path] = {}
    for place in [*(needs.loader for needs in own if needs.loader is not None), *by_name]:
        found[canonical(place)] = Path(place).resolve()
        waiting.append((Path(place).resolve(), first))
    seen: set[Path] = set()
    searches: set[tuple[str, tuple[str, ...]]] = set()  # nearly all need the same few libraries
    while waiting:
        path, inherited = waiting.pop()
        needs = None if path in seen else needs_of(path)
        seen.add(path)
        for name in needs.names if needs else ():
            searched = (*needs.folders, *inherited) if needs else ()
            if (name, searched) in searches:
                continue
            searches.add((name, searched))
            candidates = [*(os.path.join(folder, name) for folder in searched), *places.get(name, ())]
            for place in list(filter(os.path.isfile, candidates))[:1]:
                file = Path(place).resolve()
                waiting.append((file, searched))
                if not any(file.is_relative_to(folder) for folder in folders):
                    found[canonical(place)] = file
    return found


def extensions(folders: Iterable[Path], hidden: Collection[Path]) -> Iterator[Path]:
    left_out = set(map(str, hidden))
    for folder in folders:
        for place, below, files in os.walk(folder):
            below[:] = [name for name in below if os.path.join(place, name) not in left_out]
            yield from (Path(place, name) for name in files if ".so" in name)


def canonical(place: str) -> str:
    """The path without links on the way; the name itself stays, since that is what the loader asks for."""
    return os.path.join(os.path.realpath(os.path.dirname(place)), os.path.basename(place))


@cache
def system_places() -> dict[str, tuple[str, ...]]:
    """By name, where the system's loader finds 64-bit libraries of that name, first the one that it takes."""
    ldconfig = shutil.which("ldconfig", path=os.pathsep.join(("/sbin", "/usr/sbin", os.environ.get("PATH", ""))))
    places: dict[str, list[str]] = {}
    try:
        listing = output_of([ldconfig, "-p"]) if ldconfig else ""
    except (OSError, SandboxError):
        return {}
    for name, kind, path in re.findall(r"^\s+(\S+) \((.*?)\) => (\S+)$", listing, re.MULTILINE):
        if "64" in kind:
            places.setdefault(name, []).append(path)
    return {name: tuple(paths) for name, paths in places.items()}


def needs_of(path: Path) -> Needs | None:
    """What the file says that it needs; None if it is no 64-bit program or library of a little-endian machine."""
    try:
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return parse(data, path) if data[:6] == b"\x7fELF\x02\x01" else None
    except (OSError, ValueError, struct.error, IndexError):  # not readable, empty, or damaged
        return None


def parse(data: mmap.mmap, path: Path) -> Needs:
    """Raises struct.error, ValueError or IndexError for a damaged file."""
    start, size, count = *struct.unpack_from("<Q", data, 0x20), *struct.unpack_from("<HH", data, 0x36)
    headers = [PROGRAM_HEADER.unpack_from(data, start + number * size) for number in range(count)]
    loader = next((text_at(data, offset) for kind, _, offset, *_ in headers if kind == INTERPRETER), None)
    entries = [entry for kind, _, offset, *_ in headers if kind == DYNAMIC for entry in entries_at(data, offset)]
    strings = next((value for tag, value in entries if tag == STRINGS), 0)
    base = next((o + strings - a for k, _, o, a, _, n, *_ in headers if k == LOADED and a <= strings < a + n), 0)
    names = [text_at(data, base + value) for tag, value in entries if tag == NEEDED]
    listed = [text_at(data, base + value) for tag, value in entries if tag in (RPATH, RUNPATH)]
    folders = [folder for text in listed for folder in text.split(":") if folder]
    origin = os.path.dirname(os.path.realpath(path)) if folders else ""
    return Needs(
        loader,
        tuple(names),
        tuple(folder.replace("${ORIGIN}", origin).replace("$ORIGIN", origin) for folder in folders),
    )


def entries_at(data: mmap.mmap, offset: int) -> Iterator[tuple[int, int]]:
    while (entry := ENTRY.unpack_from(data, offset))[0] != 0:
        yield entry
        offset += ENTRY.size


def text_at(data: mmap.mmap, offset: int) -> str:
    return data[offset : data.find(b"\0", offset)].decode("utf-8", "surrogateescape") if offset else ""
