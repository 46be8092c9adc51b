"""CIFAR-10: 50,000 training and 10,000 test images of ten classes, 32 x 32 pixels in three colours.

The data set is a folder of six files, data_batch_1 to data_batch_5 and test_batch, with 10,000 images each. A file is a
pickle, written by Python 2, of a dict with the keys "data", a uint8 array (10000, 3072), and "labels", a list of whole
numbers from 0 to 9. A row of data is an image: 1,024 values of red, then green, then blue, each row by row.

The environment variable CIFAR10_DIR names the folder (or the folder that contains it). Without it, the data set is
downloaded once and stored in the user's cache. plain_pickle.py reads the files without running any code in them.
Source: Alex Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009; the site of the data set.
"""

import os
from pathlib import Path

import numpy as np

from .download import fetch_folder
from .plain_pickle import read_pickle, to_uint8_array

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
SHA256 = "sha256:6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
FOLDER = "cifar-10-batches-py"
TRAINING_FILES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5")
TEST_FILE = "test_batch"
META_FILE = "batches.meta"

# A file with 10,000 images has 31 MB.
MAX_FILE_BYTES = 2**26


def get_CIFAR10_data(
    num_training=49000, num_validation=1000, num_test=1000, subtract_mean=True, *, dtype=np.float32, folder=None
):
    """Load CIFAR-10, split and centred as the course's networks need it.

    num_training: how many of the first training images to train on. num_validation: how many images after those to
    validate with. num_test: how many of the first test images to take. subtract_mean: subtract the mean image of the
    num_training images from all images, so that pixels lie around 0. dtype: of the images, any float type. In float32,
    the default, the default numbers take 0.63 GB; the float64 of the course's own loader takes twice that. Nothing is
    lost: pixels are whole numbers up to 255, the mean is computed in float64, and the result is the float64 result
    rounded once. Networks convert a minibatch to their own dtype anyway. folder: the data set's folder or the folder
    that contains it, by default what find_CIFAR10 finds. Returns a dict: X_train, X_val, X_test, each (N, 3, 32, 32),
    and y_train, y_val, y_test, each (N,) int64. Raises ValueError if there are fewer images than requested, or a file
    is damaged, FileNotFoundError if one is missing, and what find_CIFAR10 raises. Source: the course's notebooks on
    fully connected and convolutional networks.
    """
    for name, count, least in (
        ("num_training", num_training, 1),
        ("num_validation", num_validation, 0),
        ("num_test", num_test, 0),
    ):
        if not isinstance(count, (int, np.integer)) or count < least:
            raise ValueError(
                f"get_CIFAR10_data: {name} is {count!r}, expected a whole number from {least} up. Pass one."
            )
    folder = find_CIFAR10() if folder is None else whole_folder(folder)
    # Reading a file takes another 0.1 GB for a moment, so the small array comes first.
    X_test, y_test = _read_images(folder, (TEST_FILE,), num_test, dtype)
    X, y = _read_images(folder, TRAINING_FILES, num_training + num_validation, dtype)
    if subtract_mean:
        # Sums of 8-bit numbers are exact in float64; in float32 they would not be.
        mean = X[:num_training].mean(axis=0, dtype=np.float64)
        X -= mean
        X_test -= mean
    return {
        "X_train": X[:num_training],
        "y_train": y[:num_training],
        "X_val": X[num_training:],
        "y_val": y[num_training:],
        "X_test": X_test,
        "y_test": y_test,
    }


def load_CIFAR10(folder, dtype=np.float32):
    """Load all images of a folder unchanged: X_train (50000, 32, 32, 3), y_train, X_test (10000, 32, 32, 3), y_test.

    Colours are the last axis, as plt.imshow needs them; pixels run from 0 to 255. Labels are int64.
    Raises FileNotFoundError if a file is missing, ValueError if one is damaged.
    """
    folder = whole_folder(folder)
    X_test, y_test = _read_images(folder, (TEST_FILE,), None, dtype)
    X_train, y_train = _read_images(folder, TRAINING_FILES, None, dtype)
    return X_train.transpose(0, 2, 3, 1), y_train, X_test.transpose(0, 2, 3, 1), y_test


def load_CIFAR_batch(path, dtype=np.float32):
    """Load one file: X (10000, 32, 32, 3), pixels from 0 to 255, and the labels y (10000,), int64.

    Raises FileNotFoundError if there is no such file, ValueError if it is damaged.
    """
    pixels, labels = read_batch(path)
    return pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).astype(dtype), labels


def find_CIFAR10(url=URL, known_hash=SHA256, cache=None):
    """Return the path of the data set's folder: the one that CIFAR10_DIR names, else a download (170 MB, the first time
    only).

    url, known_hash: of the archive. cache: where to store it, by default the user's cache.
    Raises FileNotFoundError if CIFAR10_DIR names a folder that lacks a file, and what fetch_folder raises.
    """
    folder = os.environ.get("CIFAR10_DIR")
    if folder:
        return whole_folder(Path(folder).expanduser(), place="CIFAR10_DIR")
    return fetch_folder(url, known_hash, FOLDER, (*TRAINING_FILES, TEST_FILE, META_FILE), cache)


def whole_folder(folder, place="CIFAR-10"):
    """Return the folder that contains the six files: folder itself, or the cifar-10-batches-py in it.

    Raises FileNotFoundError, whose message starts with place, if a file is missing.
    """
    folder = Path(folder)
    names = (*TRAINING_FILES, TEST_FILE)
    if not any((folder / name).exists() for name in names) and (folder / FOLDER).is_dir():
        folder = folder / FOLDER
    missing = [name for name in names if not (folder / name).exists()]
    if missing:
        found = f"lacks {', '.join(missing)}" if folder.is_dir() else "is no folder"
        raise FileNotFoundError(
            f"{place}: {folder} {found}, expected {TRAINING_FILES[0]} to {TRAINING_FILES[-1]} and {TEST_FILE}. "
            f"Unpack {URL} and name its folder {FOLDER}."
        )
    return folder


def read_batch(path):
    """Return the contents of a file: pixels (n, 3072) uint8, read-only, and labels (n,) int64.

    Raises FileNotFoundError if there is no such file, ValueError if it is not in the data set's format.
    """
    advice = f"Replace it with the file from {URL}."
    if not os.path.exists(path):
        raise FileNotFoundError(f"{path}: there is no such file, expected a batch of CIFAR-10. {advice}")
    if not os.path.isfile(path) or os.path.getsize(path) > MAX_FILE_BYTES:
        raise ValueError(f"{path}: is not a file of at most {MAX_FILE_BYTES} bytes, expected a batch. {advice}")
    content = Path(path).read_bytes()
    if content.startswith(b"version https://git-lfs"):
        raise ValueError(f"{path}: is a pointer of Git LFS, expected the file it stands for. Run git lfs pull.")
    if not content.startswith(b"\x80"):
        raise ValueError(f"{path}: begins with {content[:16]!r}, expected a pickle. {advice}")
    try:
        return _to_batch(read_pickle(content))
    except ValueError as error:
        raise ValueError(f"{path}: {error}. {advice}") from None


def _to_batch(content):
    """Check a pickle's contents level by level, because it can contain itself; messages show only values known to be
    short.
    """
    if type(content) is not dict or "data" not in content or "labels" not in content:
        found = ", ".join(sorted(content))[:80] if type(content) is dict else type(content).__name__
        raise ValueError(f"holds {found!r}, expected a dict with the keys data and labels")
    try:
        pixels = to_uint8_array(content["data"])
    except ValueError as error:
        raise ValueError(f"data {error}, expected uint8 of shape (n, 3072)") from None
    if pixels.shape[1] != 3072:
        raise ValueError(f"data has shape {pixels.shape}, expected (n, 3072)")
    labels = content["labels"]
    if type(labels) is not list or len(labels) != len(pixels):
        found = f"a list of {len(labels)}" if type(labels) is list else type(labels).__name__
        raise ValueError(f"labels is {found}, expected a list of {len(pixels)}, one for each image")
    for i, label in enumerate(labels):
        if type(label) is not int or not 0 <= label <= 9:
            found = str(label) if type(label) is int else type(label).__name__
            raise ValueError(f"labels[{i}] is {found}, expected a whole number from 0 to 9")
    return pixels, np.array(labels, dtype=np.int64)


def _read_images(folder, names, count, dtype):
    """Return the first `count` images of these files (None: all), (count, 3, 32, 32), and their labels (count,)."""
    if not np.issubdtype(dtype, np.floating):
        raise ValueError(f"CIFAR-10: dtype is {np.dtype(dtype)}, expected floats. Pass np.float32 or np.float64.")
    # Room for as many rows as the files can contain by their size; the rows that stay empty take no memory.
    room = sum(min(MAX_FILE_BYTES, (folder / name).stat().st_size) for name in names) // 3072
    wanted = room if count is None else min(count, room)
    X, y = np.empty((wanted, 3072), dtype), np.empty(wanted, np.int64)
    found = 0
    for name in names:
        if found < wanted:
            pixels, labels = read_batch(folder / name)
            stop = min(found + len(labels), wanted)
            X[found:stop], y[found:stop] = pixels[: stop - found], labels[: stop - found]
            found = stop
    if count is not None and found < count:
        raise ValueError(
            f"CIFAR-10: {folder} holds {found} images in {' + '.join(names)}, expected {count}. Request fewer."
        )
    return X[:found].reshape(found, 3, 32, 32), y[:found]
