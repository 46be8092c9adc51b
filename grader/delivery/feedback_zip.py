"""Write feedback pages as zips, under names that the platform recognises.

    pages ─► parts of PAGES ─► one thread for each part: read, compress, write to a temporary name, rename

A class of thousands gets several zips, because platforms limit uploads to some hundred megabytes. Each zip can be
uploaded alone. Most of a page is style and script, so even fast compression removes nine tenths of it.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from grader.atomic_files import write_bytes
from grader.errors import GraderError

PAGES: Final = 2000  # a compressed page has about 20 kB
LEVEL: Final = 1
EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the same pages give the same zip
MODE: Final = 0o100644 << 16


def write_zips(folder: Path, stem: str, pages: Mapping[str, Path]) -> list[Path]:
    """Write the pages, given by their names in the zip, and return the zips. Deletes the zips of an earlier export.

    Raises GraderError if a page cannot be read or a zip cannot be written.
    """
    named = list(pages.items())
    parts = [named[start : start + PAGES] for start in range(0, len(named), PAGES)]
    count = len(parts)
    names = [f"{stem}.zip"] if count == 1 else [f"{stem}-{number}-of-{count}.zip" for number in range(1, count + 1)]
    for old in (*folder.glob(f"{stem}.zip"), *folder.glob(f"{stem}-*-of-*.zip")):
        old.unlink()
    written = [folder / name for name in names]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(write_zip, written, parts))
    return written


def write_zip(path: Path, pages: Sequence[tuple[str, Path]]) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as file:
        for name, page in pages:
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, MODE
            try:
                file.writestr(info, page.read_bytes(), compresslevel=LEVEL)
            except OSError as error:
                raise GraderError(f"{page}: cannot be read ({error.strerror}). Run grader grade again.") from error
    write_bytes(path, content.getvalue(), durable=False)
