"""Checkpoints: numbers, text and arrays, nested in lists and dicts, as one .npz file that is written whole or not at
all.

a. Nothing is pickled, so a checkpoint cannot run code: np.load(path, allow_pickle=False) opens it as well.
b. The member `state` is JSON text. In place of an array it names another member, {ARRAY: "params/W1"}. Python's floats
   come back exactly, NumPy's numbers with their dtype; tuples come back as lists.
c. A file is first written to the same folder, under the name <path>.<process id>.part, and synced to the disk. Only
then
   is it renamed, which the file system does at once or not at all. A process that is killed before leaves a .part file,
   and the old file stays unchanged.
d. Every member is read completely and its checksum compared before it is used.
"""

import io
import json
import os
import re
import zipfile
import zlib

import numpy as np

FORMAT = "solver checkpoint, version 1"
ARRAY = "array in this file"
# What zipfile, json and NumPy raise for damaged bytes in memory; RuntimeError means encryption or deep nesting.
DAMAGES = (ValueError, KeyError, EOFError, OSError, RuntimeError, zipfile.BadZipFile, zlib.error)


def write_checkpoint(path, state):
    """Write a state to the file `path`, replacing what was there.

    state: dict with str keys, of None, bool, int, float, str, arrays and numbers of NumPy's, lists and dicts of these.
    Raises ValueError, which names any other type in it, before anything is written, and OSError as the file system
    does.
    """
    arrays = {}
    text = json.dumps({"format": FORMAT, "state": _pack(state, "", arrays)})
    part = f"{path}.{os.getpid()}.part"
    try:
        with open(part, "wb") as file:
            with zipfile.ZipFile(file, "w") as archive:
                for name, array in {"state": np.array(text), **arrays}.items():
                    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, array, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        if os.path.exists(part):
            os.remove(part)
        raise
    _sync_folder(os.path.dirname(path) or ".")


def read_checkpoint(path):
    """Return the state that write_checkpoint wrote to `path`.

    Raises ValueError if the file is damaged, cut off or not a checkpoint, and OSError as the file system does.
    """
    with open(path, "rb") as file:
        content = io.BytesIO(file.read())
    try:
        with zipfile.ZipFile(content) as archive:
            header = json.loads(str(_read_member(archive, "state")))
            if not isinstance(header, dict) or header.get("format") != FORMAT:
                raise ValueError("it has another format")
            return _unpack(header["state"], archive)
    except DAMAGES as error:
        raise ValueError(
            f"{path}: no complete checkpoint was found ({error}), expected a file that Solver wrote. "
            "Take an earlier checkpoint."
        ) from error


def _pack(value, place, arrays):
    """Return value in JSON's types, and put its arrays into `arrays`, named by their place in it."""
    if isinstance(value, (np.ndarray, np.generic)):
        if value.dtype.kind not in "biufcU":
            raise ValueError(
                f"checkpoint: {place} holds {value.dtype}, expected numbers or text. Look where it is made."
            )
        # Names in a zip archive end at a NUL, have a limited length, and may occur twice.
        name = re.sub(r"[^\w/.-]", "_", place)[:200]
        while name in arrays or name == "state":
            name += "_"
        arrays[name] = np.asarray(value)
        return {ARRAY: name}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_pack(item, f"{place}/{index}".lstrip("/"), arrays) for index, item in enumerate(value)]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _pack(item, f"{place}/{key}".lstrip("/"), arrays) for key, item in value.items()}
    raise ValueError(
        f"checkpoint: {place} is of type {type(value).__name__}, expected numbers, text and arrays, or lists and dicts "
        "with str keys of them. Look where it is made."
    )


def _unpack(value, archive):
    if isinstance(value, list):
        return [_unpack(item, archive) for item in value]
    if isinstance(value, dict):
        if list(value) == [ARRAY]:
            array = _read_member(archive, value[ARRAY])
            return array if array.ndim else array[()]
        return {key: _unpack(item, archive) for key, item in value.items()}
    return value


def _read_member(archive, name):
    return np.lib.format.read_array(io.BytesIO(archive.read(f"{name}.npy")), allow_pickle=False)


def _sync_folder(folder):
    """Sync the new name to the disk, on systems that can open folders (Windows cannot)."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
