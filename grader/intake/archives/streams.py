"""Decompress a file as a stream of bytes, never more than the limits allow.

The standard library's decompressors get the input piece by piece, with a limit on the output of each piece, so that a
zip bomb is stopped early. gzip.open, bz2.open and lzma.open have no such limit, and lzma.open allocates a dictionary of
any size that the file demands (up to 4 GiB of memory).
"""

from __future__ import annotations

import bz2
import lzma
import os
import stat
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from grader.intake.tree import IntakeLimits, IntakeProblem, check_ratio
from grader.records import Reason

GZIP, BZIP2, XZ, PLAIN = "gzip", "bzip2", "xz", "plain"
MAGIC: Final = {GZIP: b"\x1f\x8b", BZIP2: b"BZh", XZ: b"\xfd7zXZ\x00"}
CHUNK: Final = 64 * 1024
XZ_MEMORY: Final = 256 * 1024 * 1024  # xz -9 needs 65 MiB
DAMAGED: Final = Reason.of("damaged")
NO_FILE: Final = Reason.of("is_no_regular_file")
Decoder: TypeAlias = "zlib._Decompress | bz2.BZ2Decompressor | lzma.LZMADecompressor"
DECODERS: Final[Mapping[str, Callable[[], Decoder]]] = {
    GZIP: lambda: zlib.decompressobj(wbits=31),
    BZIP2: bz2.BZ2Decompressor,
    XZ: lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY),
}


class Unpacked:
    """Reads and decompresses one file. The file may contain several streams in a row, as pigz and pbzip2 write them."""

    def __init__(self, file: BinaryIO, kind: str, limits: IntakeLimits) -> None:
        self._file, self._kind, self._limits = file, kind, limits
        self._size = os.fstat(file.fileno()).st_size
        self._pending = b""
        self._decoder: Decoder | None = None
        self._packed = self._unpacked = 0

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, or fewer at the end. Raises IntakeProblem for damage or an exceeded limit."""
        pieces: list[bytes] = []
        while size > 0:
            piece = self._file.read(size) if self._kind == PLAIN else self._decode(min(size, CHUNK))
            if not piece:
                break
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def skip(self, size: int) -> None:
        """Skip `size` bytes. Raises IntakeProblem if the stream has fewer bytes left."""
        if self._kind == PLAIN:
            if self._file.tell() + size > self._size:
                raise IntakeProblem(DAMAGED)
            self._file.seek(size, os.SEEK_CUR)
            return
        while size > 0:
            skipped = len(self.read(min(size, CHUNK)))
            if not skipped:
                raise IntakeProblem(DAMAGED)
            size -= skipped

    def drain(self) -> None:
        """Read to the end of the stream, where the checksum is. Raises IntakeProblem if the checksum is wrong."""
        while self._kind != PLAIN and self.read(CHUNK):
            pass

    def _decode(self, most: int) -> bytes:
        """Return at least one and at most `most` decompressed bytes; no bytes at the end."""
        while True:
            decoder = self._decoder = self._decoder or self._begin()
            if decoder is None:
                return b""
            # Give bz2 and lzma more input only when they need it: they buffer input that they have not processed.
            asks = bool(self._pending) or getattr(decoder, "needs_input", True)
            data, self._pending = self._pending or (self._fetch() if asks else b""), b""
            try:
                piece = decoder.decompress(data, most)
            except (zlib.error, OSError, EOFError, ValueError, lzma.LZMAError, MemoryError) as error:
                raise IntakeProblem(DAMAGED) from error
            self._count(piece)
            if decoder.eof:
                self._pending, self._decoder = decoder.unused_data, None
            else:
                self._pending = getattr(decoder, "unconsumed_tail", b"")
                if asks and not piece and not data:
                    raise IntakeProblem(DAMAGED)
            if piece:
                return piece

    def _begin(self) -> Decoder | None:
        """Return a decoder for the next stream, or None at the end. Ignores padding after the last stream."""
        magic = MAGIC[self._kind]
        while len(self._pending) < len(magic) and (more := self._fetch()):
            self._pending += more
        return DECODERS[self._kind]() if self._pending.startswith(magic) else None

    def _fetch(self) -> bytes:
        data = self._file.read(CHUNK)
        self._packed += len(data)
        return data

    def _count(self, piece: bytes) -> None:
        self._unpacked += len(piece)
        if self._unpacked > self._limits.unpacked_bytes:
            raise IntakeProblem(Reason.of("unpacks_bytes", most=self._limits.unpacked_bytes))
        check_ratio(self._unpacked, self._packed, self._limits)


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file. Raises IntakeProblem for a link, a pipe or a device; OSError if it cannot be opened."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        raise IntakeProblem(Reason.of("is_a_link"))
    if not stat.S_ISREG(mode):  # verified both before and after opening, because opening a device may have effects
        raise IntakeProblem(NO_FILE)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise IntakeProblem(NO_FILE)
    return os.fdopen(descriptor, "rb")
