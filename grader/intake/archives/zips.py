"""Read the regular files of a zip. Only wanted members are decompressed, so a data set in the zip costs no time.

The standard library parses the zip. This module adds two limits that the library lacks: on the size of the zip's
directory before it is read, and on the size of each file while it is decompressed. Only members with the two common
methods, stored and deflated, are read, because the library decompresses other methods without a limit.
"""

from __future__ import annotations

import errno
import io
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from grader.intake.archives.streams import CHUNK, DAMAGED
from grader.intake.names import decode_name, show
from grader.intake.tree import A_LINK, NOT_REGULAR, Gathering, IntakeLimits, IntakeProblem, check_ratio
from grader.records import Reason

ENCRYPTED: Final = 0x1
NAME_IS_UTF8: Final = 0x800
ENTRY_BYTES: Final = 160  # allowed average size of a directory entry; a usual entry has 46 bytes and the name


def read_zip(file: BinaryIO, gathering: Gathering) -> None:
    """Store every wanted regular file of a zip.

    Raises IntakeProblem if the zip is damaged or exceeds a limit.
    """
    limits = gathering.limits
    packed = file.seek(0, io.SEEK_END)
    with opened(file, max(limits.members * ENTRY_BYTES, 2 * limits.file_bytes) + 128 * 1024) as archive:
        for member in archive.infolist():
            path = gathering.locate(member_name(member))
            if path is None or member.is_dir():
                continue
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG):
                gathering.note_kind(path, A_LINK if kind == stat.S_IFLNK else NOT_REGULAR)
            elif gathering.wants(path):
                keep_member(archive, member, path, gathering)
                check_ratio(gathering.stored_bytes, packed, limits)


def list_top(file: BinaryIO, wanted: str, most: int) -> tuple[dict[str, bool], bytes | None]:
    """List the entries at the top of a zip, or in its top folder if the zip has nothing else.

    Returns two values: for the name of each entry, whether the entry is a folder; and the content of the entry `wanted`
    (at most `most` bytes), or None if it does not exist.
    Raises IntakeProblem if the zip is damaged or its directory is too large; OSError if it cannot be read.
    """
    gathering = Gathering(IntakeLimits())
    with opened(file, gathering.limits.members * ENTRY_BYTES) as archive:
        members = {path: one for one in archive.infolist() if (path := gathering.locate(member_name(one)))}
        tops = {path.partition("/")[0] for path in members}
        below = f"{tops.pop()}/" if len(tops) == 1 and any("/" in path for path in members) else ""
        entries: dict[str, bool] = {}
        for path, member in members.items():
            name, _, rest = path.removeprefix(below).partition("/")
            if path.startswith(below) and name:
                entries[name] = entries.get(name, False) or bool(rest) or member.is_dir()
        content = None
        if (listed := members.get(below + wanted)) and not listed.flag_bits & ENCRYPTED:
            with archive.open(listed) as stream:
                content = stream.read(most)
    return entries, content


@contextmanager
def opened(file: BinaryIO, most: int) -> Iterator[zipfile.ZipFile]:
    """Open the zip so that no single read is larger than `most`; turn the library's exceptions into IntakeProblem."""
    try:
        with zipfile.ZipFile(Bounded(file, most)) as archive:
            yield archive
    except IntakeProblem:
        raise
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # EINVAL: the library read a wrong position from a damaged zip
            raise
        raise IntakeProblem(DAMAGED) from error
    except Exception as error:
        # The library raises a dozen kinds of errors for damaged bytes: BadZipFile, zlib.error, EOFError, struct.error,
        # ValueError, OverflowError, NotImplementedError, UnicodeDecodeError, RuntimeError, ...
        raise IntakeProblem(DAMAGED) from error


def keep_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: str, gathering: Gathering) -> None:
    """Store one member. A member that cannot be read is left out; an exception from Bounded ends the reading."""
    if member.flag_bits & ENCRYPTED:
        return gathering.refuse(path, Reason.of("encrypted", file=show(path)))
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return gathering.refuse(path, Reason.of("odd_method", file=show(path)))
    left, pieces = gathering.most_bytes(path) + 1, []
    try:
        with archive.open(member) as content:
            # The library stops at the size in the header and then compares checksums, so a false size counts as damage.
            # Read in pieces, because Bounded refuses large reads.
            while left > 0 and (piece := content.read(min(left, CHUNK))):
                left -= len(piece)
                pieces.append(piece)
    except (IntakeProblem, OSError):
        raise
    except Exception:  # for damaged bytes, see opened()
        return gathering.refuse(path, DAMAGED)
    return gathering.keep(path, b"".join(pieces))


def member_name(member: zipfile.ZipInfo) -> str:
    """Return the full name of a member, decoded with its probable encoding. (`filename` ends at a null byte.)"""
    name = member.orig_filename
    return name if member.flag_bits & NAME_IS_UTF8 else decode_name(name.encode("cp437"))


class Bounded(io.BufferedReader):
    """The zip file for the library. Raises IntakeProblem for a single read that is larger than `most`."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        super().__init__(io.FileIO(file.fileno(), closefd=False))
        self._most = most
        self._size = self.seek(0, io.SEEK_END)

    def read(self, size: int | None = -1, /) -> bytes:
        rest = max(self._size - self.tell(), 0)
        wanted = rest if size is None or size < 0 else min(size, rest)
        if wanted > self._most:
            raise IntakeProblem(Reason.of("directory_too_large"))
        return super().read(wanted)
