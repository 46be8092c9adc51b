"""Checkpoints: numbers, text and arrays, nested in lists and dicts, as one .npz file, written whole or not at all.

a. Nothing is pickled, so nothing in a checkpoint can act: np.load(path, allow_pickle=False) opens it as well.
b. The member `state` is JSON text. Where an array was, it names another member, {ARRAY: "params/W1"}. Python's floats
   come back to the bit, NumPy's numbers with their dtype; tuples come back as lists.
c. A file is written beside its place, under the name <path>.<process id>.part, brought to the disk, and only then
   renamed, which the file system does at once or not at all. A process killed meanwhile leaves a .part file, and what
   stood in that place as it was.
d. Every member is read whole and its checksum compared before it is looked at.
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
# What zipfile, json and NumPy raise over damaged bytes in memory; RuntimeError stands for encryption and deep nesting.
DAMAGES = (ValueError, KeyError, EOFError, OSError, RuntimeError, zipfile.BadZipFile, zlib.error)


def write_checkpoint(path, state):
    """Write a state to the file `path`, in the place of what was there.

    state: dict with str keys, of None, bool, int, float, str, arrays and numbers of NumPy's, lists and dicts of these.
    Raises ValueError naming what else it holds, before anything is written, and OSError as the file system does.
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

    Raises ValueError if the file is damaged, cut off or something else, and OSError as the file system does.
    """
    with open(path, "rb") as file:
        content = io.BytesIO(file.read())
    try:
        with zipfile.ZipFile(content) as archive:
            header = json.loads(str(_read_member(archive, "state")))
            if not isinstance(header, dict) or header.get("format") != FORMAT:
                raise ValueError("it is of another format")
            return _unpack(header["state"], archive)
    except DAMAGES as error:
        raise ValueError(
            f"{path}: no whole checkpoint was found ({error}), expected a file that Solver wrote. "
            "Take an earlier checkpoint."
        ) from error


def _pack(value, place, arrays):
    """Return value as JSON has it, and put its arrays into `arrays`, named by the place at which they stand."""
    if isinstance(value, (np.ndarray, np.generic)):
        if value.dtype.kind not in "biufcU":
            raise ValueError(
                f"checkpoint: {place} holds {value.dtype}, expected numbers or text. Look where it is made."
            )
        # A zip archive's names end at a NUL, cannot be of any length, and may be there twice.
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
    """Bring the new name to the disk, where folders can be opened, which Windows does not let."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
