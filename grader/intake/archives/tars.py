"""Read the regular files of a tar, in one pass over a stream.

The standard library's tarfile is not used, because it reads extended headers of any claimed length completely, stores
every member, and parses headers with regular expressions that a hostile header can slow down. A submission needs only a
small part of the format: old tar, ustar, GNU long names, pax `path` and `size`. Links, devices and sparse files are
left out with a note.
Format: POSIX.1-2017, pax, "ustar interchange format"; GNU tar manual, "Basic Tar Format".
"""

from __future__ import annotations

from typing import Final

from grader.intake.archives.streams import DAMAGED, Unpacked
from grader.intake.names import decode_name
from grader.intake.tree import A_LINK, NOT_REGULAR, Gathering, IntakeProblem
from grader.records import Reason

BLOCK: Final = 512
LONGEST_HEADER: Final = 64 * 1024  # bytes of an extended header; the longest path on a usual system has 4096 bytes
REGULAR: Final = (b"0", b"\0", b"7")
KINDS: Final = {
    **dict.fromkeys((b"1", b"2"), A_LINK),
    **dict.fromkeys((b"3", b"4"), Reason.of("a_device")),
    b"6": Reason.of("a_pipe"),
    b"S": Reason.of("a_sparse_file"),
}
FOLDER, LONG_NAME, LONG_LINK, PAX, PAX_GLOBAL, SPARSE = b"5", b"L", b"K", b"x", b"g", b"S"
WITHOUT_DATA: Final = (b"1", b"2", b"3", b"4", b"5", b"6")  # these have no data, whatever the size field says


def read_tar(stream: Unpacked, gathering: Gathering) -> None:
    """Store every wanted regular file of a tar. Raises IntakeProblem for damage or an exceeded limit."""
    extended: dict[str, bytes] = {}
    while header := stream.read(BLOCK):
        if len(header) == BLOCK and not any(header):  # the end mark
            return
        if not is_tar_header(header):
            raise IntakeProblem(DAMAGED)
        kind = header[156:157]
        size = parse_number(header[124:136])
        if kind in (PAX, LONG_NAME):
            extended |= read_extended(stream, kind, size)
            continue
        if kind in (PAX_GLOBAL, LONG_LINK):
            skip_member(stream, size)
            continue
        size = parse_decimal(extended["size"]) if "size" in extended else size
        read_member(stream, header, kind, size, extended, gathering)
        extended = {}
    gathering.note(Reason.of("no_end_mark"))


def is_tar_header(header: bytes) -> bool:
    """Return whether the checksum of a header block is right. All kinds of tar have only this checksum in common."""
    if len(header) < BLOCK or not any(header[:BLOCK]):
        return False
    rest = header[:148] + b" " * 8 + header[156:BLOCK]
    signed = sum(byte - 256 if byte > 127 else byte for byte in rest)  # some old tar programs sum up signed bytes
    try:
        return parse_number(header[148:156]) in (sum(rest), signed)
    except IntakeProblem:
        return False


def read_member(
    stream: Unpacked, header: bytes, kind: bytes, size: int, extended: dict[str, bytes], gathering: Gathering
) -> None:
    name = extended["path"] if "path" in extended else parse_name(header)
    path = gathering.locate(decode_name(name))
    regular = kind in REGULAR and not name.endswith(b"/") and "sparse" not in extended
    more = kind == SPARSE and header[482]
    while more:  # skip further blocks of an old GNU sparse file's map, which are before the data
        more = read_data(stream, BLOCK)[504]
    if path and regular and gathering.wants(path):
        if size <= gathering.most_bytes(path):
            gathering.keep(path, read_data(stream, size))
            return
        gathering.refuse_size(path)
    elif path and not regular and kind != FOLDER and not name.endswith(b"/"):
        gathering.note_kind(path, KINDS.get(kind, NOT_REGULAR))
    if kind not in WITHOUT_DATA:
        skip_member(stream, size)


def read_extended(stream: Unpacked, kind: bytes, size: int) -> dict[str, bytes]:
    """Return the values that a GNU long name or a pax header sets for the next member."""
    if size > LONGEST_HEADER:
        raise IntakeProblem(DAMAGED)
    data = read_data(stream, size)
    return {"path": data.rstrip(b"\0")} if kind == LONG_NAME else parse_pax(data)


def parse_pax(data: bytes) -> dict[str, bytes]:
    """Return the pax records that are needed: path, size, and whether the file is sparse.

    A record is the text `length key=value newline`.
    """
    found: dict[str, bytes] = {}
    while data:
        digits, _, _ = data.partition(b" ")
        length = parse_decimal(digits)
        record = data[len(digits) + 1 : length]
        if not len(digits) + 1 < length <= len(data) or not record.endswith(b"\n"):
            raise IntakeProblem(DAMAGED)
        key, _, value = record[:-1].partition(b"=")
        if key in (b"path", b"size"):
            found[key.decode()] = value
        elif key.startswith(b"GNU.sparse."):
            found["sparse"] = b""
        data = data[length:]
    return found


def parse_name(header: bytes) -> bytes:
    name, prefix = header[:100].split(b"\0")[0], header[345:500].split(b"\0")[0]
    return prefix + b"/" + name if header[257:263] == b"ustar\0" and prefix else name


def parse_number(field: bytes) -> int:
    """Parse a number in a header: octal digits, or base 256 if the first bit is set (GNU)."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    text = field.split(b"\0")[0].strip(b" ")
    if not text:
        return 0
    if text.strip(b"01234567"):
        raise IntakeProblem(DAMAGED)
    return int(text, 8)


def parse_decimal(text: bytes) -> int:
    if not text.isdigit() or len(text) > 15:
        raise IntakeProblem(DAMAGED)
    return int(text)


def read_data(stream: Unpacked, size: int) -> bytes:
    """Read a member's data and skip its padding. Raises IntakeProblem if the stream ends before `size` bytes."""
    data = stream.read(size)
    if len(data) < size:
        raise IntakeProblem(DAMAGED)
    stream.skip(-size % BLOCK)
    return data


def skip_member(stream: Unpacked, size: int) -> None:
    stream.skip(size + -size % BLOCK)
