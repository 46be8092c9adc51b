"""Names from a submission: check them before use, clean them before they are shown, make ids from them.

Three kinds that never mix: a *path* is a safe relative path with forward slashes, used as a key and to find student
files; *shown* text goes to reports and terminals; an *id* names our files and is used in URLs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import accumulate
from typing import Final

from grader.records import Reason

ARCHIVE_SUFFIXES: Final = (
    *(".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst"),
    *(".tgz", ".tbz2", ".tbz", ".txz", ".tar", ".zip", ".7z", ".rar"),
)
LITTER: Final = frozenset({"__MACOSX", "__pycache__", "build", "venv", "site-packages", "node_modules"})
# Names that the run itself writes beside the submissions, then the device names of Windows.
RESERVED_IDS: Final = frozenset(
    ["index", "compare", "feedback", "results", "grades", "con", "prn", "aux", "nul"]
    + [f"{device}{number}" for device in ("com", "lpt") for number in range(10)]
)
LONGEST_ID: Final = 80
LONGEST_ID_BYTES: Final = 160  # a file name may have 255 bytes; suffixes and "-2" need room
LONGEST_SHOWN: Final = 160
MOST_FEW: Final = 5
MOST_LISTED: Final = 10
UNSHOWN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # control, bidi and zero width, lone surrogates, line ends


def show(name: str) -> str:
    """Text that is safe in a report, a terminal and UTF-8: one line, no control characters, of bounded length."""
    cut = name if len(name) <= LONGEST_SHOWN else name[: LONGEST_SHOWN // 2] + "…" + name[-LONGEST_SHOWN // 2 :]
    return clean(cut)


def few(names: Sequence[str], most: int = MOST_FEW) -> Reason:
    """The first few names, safe to show, and the number of further ones."""
    shown, more = list(map(show, names[:most])), len(names) - most
    return Reason.of("names_and_more", names=shown, more=more) if more > 0 else Reason.of("names", names=shown)


def listed(names: Iterable[str], most: int = MOST_LISTED) -> Reason:
    """The first names, safe to show, with an ellipsis if there are more."""
    shown = list(map(show, names))
    return Reason.of("names_cut", names=shown[:most]) if len(shown) > most else Reason.of("names", names=shown)


def left_out(path: str, why: Reason) -> Reason:
    return Reason.of("file_left_out", file=show(path), why=why)


def clean(text: str) -> str:
    """Replace each character that must not be shown by U+FFFD; the length stays the same."""
    return "".join("\ufffd" if unicodedata.category(letter) in UNSHOWN else letter for letter in text)


def safe_path(name: str) -> str | None:
    """The member's path with forward slashes, without empty or "." parts. None if the path is absolute, contains "..",
    or has control characters.

    Backslashes count as separators: old Windows tools write them into archives, and so do attacks.
    """
    name = name.replace("\\", "/")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name) or any(ord(letter) < 32 for letter in name):
        return None
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return None if ".." in parts else "/".join(parts)


def path_inside(name: str) -> str | None:
    """Turn a name that leads out of an archive into a path inside: without drive, root and "..".

    Only for reading, because nothing is unpacked to disk. None if nothing is left, or if it has control characters.
    """
    rest = re.sub(r"^[/?]*(?:[A-Za-z]:)?", "", name.replace("\\", "/"))
    parts: list[str] = []
    for part in rest.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return safe_path("/".join(parts)) or None


def is_ignored(path: str) -> bool:
    """Whether the path is, or lies in, something that systems and tools leave behind: hidden files, caches, venvs."""
    return any(part in LITTER or part.startswith(".") for part in path.split("/"))


def is_importable(path: str) -> bool:
    """Whether `path` is a module that `import` can name: identifiers, then .py. Such names are safe on every system."""
    return path.endswith(".py") and all(part.isidentifier() for part in path.removesuffix(".py").split("/"))


def has_archive_suffix(name: str) -> bool:
    return name.lower().endswith(ARCHIVE_SUFFIXES)


def decode_name(raw: bytes) -> str:
    """Decode a name of unknown encoding: as UTF-8, else as GBK if that is likely, else as CP437.

    Nearly all bytes are valid GBK. So GBK counts only if at least half of the letters are in the common set GB2312.
    Cannot fail: CP437 defines every byte.
    """
    with suppress(UnicodeDecodeError):
        return raw.decode("utf-8")
    with suppress(UnicodeDecodeError):
        text = raw.decode("gbk")
        foreign = "".join(letter for letter in text if ord(letter) > 127)
        if len(foreign) <= 2 * len(foreign.encode("gb2312", "ignore").decode("gb2312")):
            return text
    return raw.decode("cp437")


def natural_key(name: str) -> tuple[str | tuple[int, str], ...]:
    """A sort key that puts hw10 after hw9. Digits are compared as text, because int() refuses very long numbers."""
    pieces = re.split(r"([0-9]+)", name.casefold())
    pieces[1::2] = [digits.lstrip("0") for digits in pieces[1::2]]
    return tuple((len(piece), piece) if position % 2 else piece for position, piece in enumerate(pieces))


def places(path: str) -> list[str]:
    """All leading parts of a path, and the path: a/b/c gives a, a/b, a/b/c."""
    return list(accumulate(path.split("/"), "{}/{}".format))


def base_of(path: str) -> str:
    return path.rpartition("/")[2]


def same_name(name: str) -> str:
    """The form in which names are compared: macOS decomposes letters, other systems do not."""
    return unicodedata.normalize("NFC", name)


def is_word(letter: str) -> bool:
    """Whether the character is in Ruby's [[:word:]] or joins letters: Python's \\w lacks combining marks (NFD, Hindi,
    Thai)."""
    category = unicodedata.category(letter)
    return category[0] in "LMN" or category == "Pc" or letter in "\u200c\u200d"


def make_id(name: str) -> str:
    """Make a submission's id from its name: letters of any script, digits, `-`, `_`, `.`; others become `_`."""
    text = "".join(letter if is_id_letter(letter) else "_" for letter in unicodedata.normalize("NFC", name))
    text = text.lstrip(".-")[:LONGEST_ID].encode()[:LONGEST_ID_BYTES].decode("utf-8", "ignore").rstrip(".")
    if not text.strip("_"):
        return "submission"
    return f"{text}_" if text.casefold().split(".")[0] in RESERVED_IDS else text


def strip_suffix(name: str) -> str:
    """The file's name without the suffix of an archive or a Python file."""
    for suffix in (*ARCHIVE_SUFFIXES, ".py"):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


class Ids:
    """Gives unique ids in one output folder; a second one of the same name, ignoring case, gets `-2`."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {fold(one) for one in taken}
        self._last: dict[str, int] = {}

    def give(self, name: str) -> str:
        first = make_id(name)
        chosen, number = first, self._last.get(fold(first), 1)
        while fold(chosen) in self._taken:
            number += 1
            chosen = f"{first}-{number}"
        self._last[fold(first)] = number
        self._taken.add(fold(chosen))
        return chosen


def fold(name: str) -> str:
    """The form that a file system compares if it ignores case and composition."""
    return unicodedata.normalize("NFKC", name).casefold()


def is_id_letter(letter: str) -> bool:
    return letter in "-_." or letter.isalnum() or unicodedata.category(letter) in ("Mn", "Mc")
