"""Download an archive once, check it, and unpack the files that are needed.

    cache/<first digits of the hash>/archive.tar.gz       as downloaded, with the right hash
    cache/<first digits of the hash>/<folder>/<files>     there with all of its files, or not at all

The archive and the folder are created under temporary names, and renamed when they are complete. So a stop at any
moment leaves no incomplete archive or folder; only a kill leaves a temporary name behind. Two processes at the same
time do the work twice and get the same result.
"""

import gzip
import os
import shutil
import tarfile
import tempfile
import zlib
from pathlib import Path

# The largest file of CIFAR-10 has 31 MB. The hash is checked first; this limit is for archives without a known hash.
MAX_FILE_BYTES = 2**26


def fetch_folder(url, known_hash, folder, names, cache=None):
    """Return the path of an archive's folder; download and unpack it if it is not there yet.

    url: the address of a .tar.gz. known_hash: its "sha256:...". folder: the folder in the archive that directly
    contains the files `names`; nothing else is unpacked. cache: where to store them, by default the user's cache
    (~/.cache/cifar10). Raises ImportError without pooch and tqdm, ConnectionError if the download fails, ValueError if
    the archive has another hash or not the expected contents.
    """
    try:
        import pooch
        import tqdm  # noqa: F401 (pooch needs it for its progress bar)
    except ImportError as error:
        raise ImportError(
            f"{url}: downloading needs the packages pooch and tqdm, but {error.name} is not installed. "
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
                f"{url}: the downloaded archive has another hash than {known_hash} ({error}). "
                "Try again, or get the archive from elsewhere, unpack it and set CIFAR10_DIR to its folder."
            ) from error
        unpack_folder(archive, names, target)
    return target


def unpack_folder(archive, names, target):
    """Unpack the files `names` of the archive's folder target.name, and only these, to the path target.

    Replaces a target that lacks some of them.
    Raises ValueError if the archive is damaged, or a file is missing, not a regular file, or too large.
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
    """Write each member that `paths` names to the path given there; names are compared, never used as paths."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                path = paths.get(member.name)
                if path is None:
                    continue
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or member.size > MAX_FILE_BYTES:
                    raise ValueError(f"{member.name} is not a file of at most {MAX_FILE_BYTES} bytes")
                with open(path, "wb") as file:
                    shutil.copyfileobj(content, file)
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError) as error:
        raise ValueError(
            f"{archive}: cannot be unpacked ({error}), expected a complete .tar.gz. Delete it and run again."
        ) from error
    missing = [name for name, path in paths.items() if not path.exists()]
    if missing:
        raise ValueError(f"{archive}: does not contain {', '.join(missing)}. Delete it, and check which archive it is.")


def _is_whole(folder, names):
    return all(os.path.isfile(folder / name) for name in names)
