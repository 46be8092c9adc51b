"""Names from a submission: check them before use, clean them before they are shown, make ids from them.

The grader keeps three kinds of names apart. A *path* is a safe relative path with forward slashes; it is a key, and
finds student files. *Shown* text is for reports and terminals. An *id* is part of our file names and of URLs.
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
# Names that are no ids: those of other files that a run writes into the output folder, and device names of Windows.
RESERVED_IDS: Final = frozenset(
    ["index", "compare", "feedback", "results", "grades", "con", "prn", "aux", "nul"]
    + [f"{device}{number}" for device in ("com", "lpt") for number in range(10)]
)
LONGEST_ID: Final = 80
LONGEST_ID_BYTES: Final = 160  # a file name may have 255 bytes, and the grader appends suffixes and "-2"
LONGEST_SHOWN: Final = 160
MOST_FEW: Final = 5
MOST_LISTED: Final = 10
UNSHOWN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # control, bidi and zero width, surrogates, line ends


def show(name: str) -> str:
    """Return a name that is safe in a report, a terminal and UTF-8: one line, no control characters, bounded length."""
    cut = name if len(name) <= LONGEST_SHOWN else name[: LONGEST_SHOWN // 2] + "…" + name[-LONGEST_SHOWN // 2 :]
    return clean(cut)


def few(names: Sequence[str], most: int = MOST_FEW) -> Reason:
    """Return the first `most` names, safe to show, and the number of further names."""
    shown, more = list(map(show, names[:most])), len(names) - most
    return Reason.of("names_and_more", names=shown, more=more) if more > 0 else Reason.of("names", names=shown)


def listed(names: Iterable[str], most: int = MOST_LISTED) -> Reason:
    """Return the first `most` names, safe to show, with an ellipsis if there are more names."""
    shown = list(map(show, names))
    return Reason.of("names_cut", names=shown[:most]) if len(shown) > most else Reason.of("names", names=shown)


def left_out(path: str, why: Reason) -> Reason:
    return Reason.of("file_left_out", file=show(path), why=why)


def clean(text: str) -> str:
    """Replace each character that must not be shown by U+FFFD; the length stays the same."""
    return "".join("\ufffd" if unicodedata.category(letter) in UNSHOWN else letter for letter in text)


def safe_path(name: str) -> str | None:
    """Return a member's path with forward slashes, without empty or "." parts.

    Returns None if the path is absolute, contains "..", or has control characters. A backslash separates folders, too:
    old tools for Windows and attackers write such paths into archives.
    """
    name = name.replace("\\", "/")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name) or any(ord(letter) < 32 for letter in name):
        return None
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return None if ".." in parts else "/".join(parts)


def path_inside(name: str) -> str | None:
    """Return the path inside an archive for a name that leads out of it: without drive, root and "..".

    Using this path is safe, because the grader unpacks nothing to disk. Returns None if no part of the name is left, or
    if the name has control characters.
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
    """Return whether the path is a hidden file, a cache or a virtual environment, or is inside one."""
    return any(part in LITTER or part.startswith(".") for part in path.split("/"))


def is_importable(path: str) -> bool:
    """Return whether `import` can name the module `path`: identifiers, then .py. Every system allows such names."""
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
    """Return a sort key that puts hw10 after hw9. Compares digits as text, because int() refuses very long numbers."""
    pieces = re.split(r"([0-9]+)", name.casefold())
    pieces[1::2] = [digits.lstrip("0") for digits in pieces[1::2]]
    return tuple((len(piece), piece) if position % 2 else piece for position, piece in enumerate(pieces))


def places(path: str) -> list[str]:
    """Return all folders above a path, and the path: a/b/c gives a, a/b, a/b/c."""
    return list(accumulate(path.split("/"), "{}/{}".format))


def base_of(path: str) -> str:
    return path.rpartition("/")[2]


def same_name(name: str) -> str:
    """Return the form in which names are compared: with composed letters. macOS writes é as two characters."""
    return unicodedata.normalize("NFC", name)


def is_word(letter: str) -> bool:
    """Return whether the character is in Ruby's [[:word:]] or joins letters.

    Python's \\w is not enough: it lacks combining marks, which are in decomposed letters, Hindi and Thai.
    """
    category = unicodedata.category(letter)
    return category[0] in "LMN" or category == "Pc" or letter in "\u200c\u200d"


def make_id(name: str) -> str:
    """Make a submission's id from its name. Characters but letters of any script, digits and `-_.` become `_`."""
    text = "".join(letter if is_id_letter(letter) else "_" for letter in unicodedata.normalize("NFC", name))
    text = text.lstrip(".-")[:LONGEST_ID].encode()[:LONGEST_ID_BYTES].decode("utf-8", "ignore").rstrip(".")
    if not text.strip("_"):
        return "submission"
    return f"{text}_" if text.casefold().split(".")[0] in RESERVED_IDS else text


def strip_suffix(name: str) -> str:
    """Return a file's name without the suffix of an archive or a Python file."""
    for suffix in (*ARCHIVE_SUFFIXES, ".py"):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


class Ids:
    """Gives unique ids in one output folder. If a name is already taken (ignoring case), the id ends with `-2`."""

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
    """Return the form in which a file system compares names if it ignores case and the composition of letters."""
    return unicodedata.normalize("NFKC", name).casefold()


def is_id_letter(letter: str) -> bool:
    return letter in "-_." or letter.isalnum() or unicodedata.category(letter) in ("Mn", "Mc")
