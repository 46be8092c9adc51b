"""Fetch an archive once, check it, and unpack the files that are wanted of it.

    cache/<first digits of the hash>/archive.tar.gz       as it was served, with the right hash
    cache/<first digits of the hash>/<folder>/<files>     there with all of its files, or not at all

Both are made under another name and renamed when they are whole, so stopping at any moment leaves neither half done;
only a kill leaves the other name behind. Two processes at once do the work twice and agree.
"""

import gzip
import os
import shutil
import tarfile
import tempfile
import zlib
from pathlib import Path

# The largest file of CIFAR-10 has 31 MB. Hashes are checked before; this holds for archives that nobody hashed.
MAX_FILE_BYTES = 2**26


def fetch_folder(url, known_hash, folder, names, cache=None):
    """Return the path of an archive's folder, downloaded and unpacked if it is not there yet.

    url: of a .tar.gz. known_hash: "sha256:..." of it. folder: the one in the archive that directly holds the files
    `names`; nothing else of it is unpacked. cache: where to keep them, by default the user's cache (~/.cache/cifar10).
    Raises ImportError without pooch and tqdm, ConnectionError if the download fails, ValueError if the archive is
    another one than its hash says, or not as expected.
    """
    try:
        import pooch
        import tqdm  # noqa: F401 (pooch needs it for its progress bar)
    except ImportError as error:
        raise ImportError(
            f"{url}: downloading takes the packages pooch and tqdm, found none named {error.name}. "
            "Run pip install pooch tqdm, or unpack the archive yourself and set CIFAR10_DIR to its folder."
        ) from None
    home = Path(cache or pooch.os_cache("cifar10")) / known_hash.split(":")[-1][:16]
    target = home / folder
    if not _is_whole(target, names):
        try:
            archive = pooch.retrieve(url, known_hash, "archive.tar.gz", home, progressbar=True)
        except OSError as error:
            raise ConnectionError(
                f"{url}: the download failed ({error}), expected an archive. "
                "Try again, or unpack the archive yourself and set CIFAR10_DIR to its folder."
            ) from error
        except ValueError as error:
            raise ValueError(
                f"{url}: what was downloaded has another hash than {known_hash} ({error}). "
                "Try again, or get the archive from elsewhere, unpack it and set CIFAR10_DIR to its folder."
            ) from error
        unpack_folder(archive, names, target)
    return target


def unpack_folder(archive, names, target):
    """Unpack the files `names` of the archive's folder target.name, and only these, to the path target.

    Replaces a target that lacks some of them.
    Raises ValueError if the archive is damaged, or one of them is missing, no regular file, or too large.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="unpacking-", dir=target.parent) as scratch:
        fresh = Path(scratch) / "fresh"
        fresh.mkdir()
        _unpack_files(archive, {f"{target.name}/{name}": fresh / name for name in names})
        if _is_whole(target, names):
            return
        if target.exists():
            target.rename(Path(scratch) / "stale")
        try:
            fresh.rename(target)
        except OSError:
            # Another process was faster.
            if not _is_whole(target, names):
                raise


def _unpack_files(archive, paths):
    """Write each member that paths names to the path it gives; names are compared, never used as paths."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                path = paths.get(member.name)
                if path is None:
                    continue
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or member.size > MAX_FILE_BYTES:
                    raise ValueError(f"{member.name} is no file of at most {MAX_FILE_BYTES} bytes")
                with open(path, "wb") as file:
                    shutil.copyfileobj(content, file)
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError) as error:
        raise ValueError(
            f"{archive}: cannot be unpacked ({error}), expected a whole .tar.gz. Delete it and run again."
        ) from error
    missing = [name for name, path in paths.items() if not path.exists()]
    if missing:
        raise ValueError(f"{archive}: does not hold {', '.join(missing)}. Delete it, and look which archive it is.")


def _is_whole(folder, names):
    return all(os.path.isfile(folder / name) for name in names)
