"""A small data set in the format of CIFAR-10, made from a seed: for tests, and to try code out without a download.

Each class is a smooth pattern of colours; an image is its class's pattern, lighter or darker as a whole, plus noise on
every pixel. A net learns these classes in seconds. All arithmetic uses whole numbers, and NumPy keeps RandomState's
stream frozen, so a seed gives the same bytes on every machine.
"""

import os
import struct
import tempfile
from pathlib import Path

import numpy as np

from .data_utils import FOLDER, META_FILE, TEST_FILE, TRAINING_FILES, get_CIFAR10_data

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def generate_CIFAR10(folder, images_per_batch=100, seed=0):
    """Write a data set of five training batches and one test batch, each with images_per_batch images.

    folder: is created; its files have the names, the keys and the pickle opcodes of CIFAR-10's own. Classes are equally
    frequent in a batch (except for a remainder), in random order. Returns folder, as a Path. Raises ValueError if
    images_per_batch is not a whole number from 1 to 10000, FileExistsError instead of overwriting a file.
    """
    if not isinstance(images_per_batch, (int, np.integer)) or not 1 <= images_per_batch <= 10000:
        raise ValueError(
            f"generate_CIFAR10: images_per_batch is {images_per_batch!r}, expected a whole number from 1 to 10000. "
            "Pass one."
        )
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*TRAINING_FILES, TEST_FILE, META_FILE):
        if (folder / name).exists():
            raise FileExistsError(f"generate_CIFAR10: {folder / name} exists. Name a new or an empty folder.")
    rng = np.random.RandomState(seed)
    patterns = _draw_patterns(rng)
    for i, name in enumerate((*TRAINING_FILES, TEST_FILE)):
        labels = rng.permutation(np.arange(images_per_batch) % 10)
        content = {
            "batch_label": "testing batch 1 of 1" if name == TEST_FILE else f"training batch {i + 1} of 5",
            "labels": labels.tolist(),
            "data": _draw_images(rng, patterns[labels]),
            "filenames": [f"{CLASSES[label]}_s_{images_per_batch * i + k:06d}.png" for k, label in enumerate(labels)],
        }
        (folder / name).write_bytes(python2_pickle(content))
    meta = {"num_cases_per_batch": int(images_per_batch), "label_names": list(CLASSES), "num_vis": 3072}
    (folder / META_FILE).write_bytes(python2_pickle(meta))
    return folder


def load_or_generate(images_per_batch=600):
    """Load CIFAR-10 if this machine has it, else generate a data set in its place; nothing is downloaded.

    CIFAR-10 is searched in the folder that the environment variable CIFAR10_DIR names, then in the folder datasets
    beside this file. images_per_batch: the number in each batch of a generated set; a tenth of its training images
    becomes the validation set. Returns the dict that data_utils.get_CIFAR10_data returns, and whether its images are
    CIFAR-10's. Raises ValueError and FileNotFoundError as get_CIFAR10_data does, if CIFAR10_DIR names another folder,
    or images are damaged.
    """
    beside = Path(__file__).parent / "datasets"
    if os.environ.get("CIFAR10_DIR"):
        return get_CIFAR10_data(), True
    if (beside / FOLDER).is_dir() or (beside / TEST_FILE).exists():
        return get_CIFAR10_data(folder=beside), True
    validation = images_per_batch // 2
    with tempfile.TemporaryDirectory() as folder:
        generate_CIFAR10(folder, images_per_batch)
        sizes = (5 * images_per_batch - validation, validation, images_per_batch)
        return get_CIFAR10_data(*sizes, folder=folder), False


def python2_pickle(value):
    """Return the pickle, protocol 2, that Python 2 with NumPy 1 would write: strings as bytes, numpy.core.

    value: a dict, list, str of ASCII characters, whole number below 2**31, or uint8 array with two axes, also nested.
    """
    return b"\x80\x02" + _pickled(value) + b"."


def _pickled(value):
    if isinstance(value, dict):
        return b"}(" + b"".join(_pickled(key) + _pickled(item) for key, item in value.items()) + b"u"
    if isinstance(value, list):
        return b"](" + b"".join(_pickled(item) for item in value) + b"e"
    if isinstance(value, int):
        return b"K" + struct.pack("<B", value) if 0 <= value < 256 else b"J" + struct.pack("<i", value)
    if isinstance(value, str):
        return b"U" + struct.pack("<B", len(value)) + value.encode("ascii")
    rows, columns = value.shape
    return (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n"
        + (_pickled(0) + b"\x85" + _pickled("b") + b"tR")  # ndarray, (0,), "b": an empty array, whose state follows
        + (b"(" + _pickled(1) + _pickled(rows) + _pickled(columns) + b"\x86")
        + (b"cnumpy\ndtype\n" + _pickled("u1") + _pickled(0) + _pickled(1) + b"\x87R")
        + (b"(" + _pickled(3) + _pickled("|") + b"NNN" + _pickled(-1) + _pickled(-1) + _pickled(0) + b"tb")
        + (b"\x89T" + struct.pack("<i", value.size) + value.tobytes() + b"tb")
    )


def _draw_patterns(rng):
    """Draw a pattern for each class, (10, 3, 32, 32): 5 x 5 values, eight pixels apart, interpolated in between."""
    knots = rng.randint(256, size=(10, 3, 5, 5), dtype=np.int64)
    near, far = np.arange(32) // 8, np.arange(32) % 8
    tall = knots[:, :, near] * (8 - far)[:, np.newaxis] + knots[:, :, near + 1] * far[:, np.newaxis]
    wide = tall[:, :, :, near] * (8 - far) + tall[:, :, :, near + 1] * far
    return wide // 64


def _draw_images(rng, patterns):
    """Draw an image from each pattern (N, 3, 32, 32): rows of 3072 pixels, uint8."""
    N = len(patterns)
    light = rng.randint(-40, 41, size=(N, 1, 1, 1), dtype=np.int64)
    noise = rng.randint(-60, 61, size=patterns.shape, dtype=np.int64)
    return np.clip(patterns + light + noise, 0, 255).astype(np.uint8).reshape(N, 3072)
