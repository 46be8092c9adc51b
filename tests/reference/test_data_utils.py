"""CIFAR-10 as the networks need it, compared with what pickle itself reads; every way in which a file can be wrong."""

import hashlib
import io
import logging
import pickle
import sys
import tarfile
import threading
import tracemalloc
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference import data_utils
from reference.data_utils import (
    MAX_FILE_BYTES,
    SHA256,
    URL,
    find_CIFAR10,
    get_CIFAR10_data,
    load_CIFAR10,
    load_CIFAR_batch,
    read_batch,
)
from reference.small_data import generate_CIFAR10, python2_pickle

NAMES = ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return generate_CIFAR10(tmp_path_factory.mktemp("data") / "cifar-10-batches-py", images_per_batch=20)


@pytest.fixture(autouse=True)
def no_folder_of_the_machine(monkeypatch):
    monkeypatch.delenv("CIFAR10_DIR", raising=False)


@pytest.fixture(scope="module")
def official(folder):
    """Return all training images (100, 3072) and labels, all test images and labels, as Python's pickle reads them."""
    contents = [pickle.loads((folder / name).read_bytes(), encoding="latin1") for name in NAMES]
    data = np.concatenate([content["data"] for content in contents])
    labels = np.concatenate([content["labels"] for content in contents])
    return data[:100], labels[:100], data[100:], labels[100:]


# --- results


def test_the_data_is_divided_and_centred_as_the_course_does(folder, official):
    data, labels, test_data, test_labels = official
    found = get_CIFAR10_data(num_training=70, num_validation=25, num_test=10, folder=folder, dtype=np.float64)
    images = data.astype(float).reshape(100, 3, 32, 32)
    mean = images[:70].mean(axis=0)
    assert list(found) == ["X_train", "y_train", "X_val", "y_val", "X_test", "y_test"]
    np.testing.assert_array_equal(found["X_train"], images[:70] - mean)
    np.testing.assert_array_equal(found["X_val"], images[70:95] - mean)
    np.testing.assert_array_equal(found["X_test"], test_data[:10].astype(float).reshape(10, 3, 32, 32) - mean)
    np.testing.assert_array_equal(found["y_train"], labels[:70])
    np.testing.assert_array_equal(found["y_val"], labels[70:95])
    np.testing.assert_array_equal(found["y_test"], test_labels[:10])
    assert {value.dtype for key, value in found.items() if key[0] == "y"} == {np.dtype(np.int64)}
    assert np.abs(found["X_train"].mean(axis=0)).max() < 1e-12


def test_without_the_mean_pixels_are_as_they_were(folder, official):
    found = get_CIFAR10_data(80, 20, 20, subtract_mean=False, folder=folder)
    np.testing.assert_array_equal(found["X_train"].reshape(80, 3072), official[0][:80])
    np.testing.assert_array_equal(found["X_val"].reshape(20, 3072), official[0][80:])
    np.testing.assert_array_equal(found["X_test"].reshape(20, 3072), official[2])


@pytest.mark.parametrize("num_training", [7, 70])
def test_float32_is_the_float64_result_rounded_once(num_training, folder):
    narrow = get_CIFAR10_data(num_training, 20, 10, folder=folder)
    wide = get_CIFAR10_data(num_training, 20, 10, folder=folder, dtype=float)
    for key in ("X_train", "X_val", "X_test"):
        assert narrow[key].dtype == np.float32 and wide[key].dtype == np.float64
        np.testing.assert_array_equal(narrow[key], wide[key].astype(np.float32))
        assert narrow[key].flags.c_contiguous and narrow[key].flags.writeable


def test_parts_may_be_empty(folder):
    found = get_CIFAR10_data(1, 0, 0, folder=folder)
    assert [found[key].shape for key in found] == [(1, 3, 32, 32), (1,), (0, 3, 32, 32), (0,), (0, 3, 32, 32), (0,)]
    assert not found["X_train"].any()


def test_all_images_with_colours_last(folder, official):
    X_train, y_train, X_test, y_test = load_CIFAR10(folder)
    assert X_train.shape == (100, 32, 32, 3) and X_test.shape == (20, 32, 32, 3)
    assert X_train.dtype == X_test.dtype == np.float32 and y_train.dtype == y_test.dtype == np.int64
    np.testing.assert_array_equal(y_train, official[1])
    np.testing.assert_array_equal(y_test, official[3])
    for n, row, column, colour in [(0, 0, 0, 0), (99, 31, 31, 2), (41, 5, 17, 1)]:
        assert X_train[n, row, column, colour] == official[0][n, 1024 * colour + 32 * row + column]
    np.testing.assert_array_equal(X_test[:, 3, 4, 1], official[2][:, 1024 + 3 * 32 + 4])


def test_one_file_with_colours_last(folder, official):
    X, y = load_CIFAR_batch(folder / "data_batch_2", dtype=np.float64)
    assert X.shape == (20, 32, 32, 3) and X.dtype == np.float64
    assert X[3, 1, 2, 2] == official[0][23, 2048 + 34]
    np.testing.assert_array_equal(y, official[1][20:40])
    X[:] = 0  # belongs to the caller


def test_memory_stays_near_the_size_of_the_result(tmp_path):
    folder = generate_CIFAR10(tmp_path, images_per_batch=300)
    tracemalloc.start()
    try:
        found = get_CIFAR10_data(1400, 100, 100, folder=folder)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Room for the result, and a few times one file of 0.9 MB while it is read.
    size = sum(array.nbytes for array in found.values())
    assert size > 18e6 and peak < size + 4.5e6


def test_only_the_files_that_are_needed_are_read(folder, tmp_path):
    for name in NAMES:
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "data_batch_3").write_bytes(b"damaged")
    assert len(get_CIFAR10_data(30, 10, 5, folder=tmp_path)["X_train"]) == 30
    with pytest.raises(ValueError, match="data_batch_3: begins with b'damaged', expected a pickle"):
        get_CIFAR10_data(30, 11, 5, folder=tmp_path)


# --- arguments


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((90, 11, 0), "CIFAR-10: {} holds 100 images in data_batch_1 + data_batch_2 + data_batch_3 + data_batch_4 + "
                      "data_batch_5, expected 101. Request fewer."),
        ((10**15, 10**15, 0), "CIFAR-10: {} holds 100 images in data_batch_1 + data_batch_2 + data_batch_3 + "
                              "data_batch_4 + data_batch_5, expected 2000000000000000. Request fewer."),
        ((1, 0, 21), "CIFAR-10: {} holds 20 images in test_batch, expected 21. Request fewer."),
        ((0, 1, 1), "get_CIFAR10_data: num_training is 0, expected a whole number from 1 up. Pass one."),
        ((1, -1, 1), "get_CIFAR10_data: num_validation is -1, expected a whole number from 0 up. Pass one."),
        ((1, 1, 2.0), "get_CIFAR10_data: num_test is 2.0, expected a whole number from 0 up. Pass one."),
        (("7", 1, 1), "get_CIFAR10_data: num_training is '7', expected a whole number from 1 up. Pass one."),
    ],
)  # fmt: skip
def test_impossible_counts_are_refused(counts, message, folder):
    with pytest.raises(ValueError) as caught:
        get_CIFAR10_data(*counts, folder=folder)
    assert str(caught.value) == message.format(folder)


@pytest.mark.parametrize("dtype", [np.uint8, int, "complex64"])
def test_images_are_floats(dtype, folder):
    with pytest.raises(ValueError, match=r"CIFAR-10: dtype is .*, expected floats. Pass np.float32 or np.float64."):
        get_CIFAR10_data(5, 1, 1, folder=folder, dtype=dtype)


# --- source of the data


@pytest.mark.parametrize("name", ["the folder", "its parent"])
def test_cifar10_dir_names_the_folder_or_its_parent(name, folder, monkeypatch):
    monkeypatch.setenv("CIFAR10_DIR", str(folder if name == "the folder" else folder.parent))
    assert find_CIFAR10() == folder
    assert len(get_CIFAR10_data(50, 10, 10)["X_train"]) == 50
    assert len(load_CIFAR10(folder.parent)[0]) == 100


def test_cifar10_dir_may_start_with_a_tilde(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("USERPROFILE", str(folder.parent))
    monkeypatch.setenv("CIFAR10_DIR", "~/cifar-10-batches-py")
    assert find_CIFAR10() == folder


def test_cifar10_dir_without_the_data_starts_no_download(tmp_path, monkeypatch):
    monkeypatch.setenv("CIFAR10_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError) as caught:
        get_CIFAR10_data()
    assert str(caught.value) == (
        f"CIFAR10_DIR: {tmp_path / 'nowhere'} is no folder, expected data_batch_1 to data_batch_5 and test_batch. "
        f"Unpack {URL} and name its folder cifar-10-batches-py."
    )
    monkeypatch.setenv("CIFAR10_DIR", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"lacks data_batch_1, data_batch_2, .*, test_batch, expected"):
        get_CIFAR10_data()


@pytest.mark.parametrize("missing", NAMES)
def test_a_missing_file_is_named_before_anything_is_read(missing, folder, tmp_path):
    for name in NAMES:
        if name != missing:
            (tmp_path / name).write_bytes((folder / name).read_bytes())
    for load in (load_CIFAR10, lambda folder: get_CIFAR10_data(1, 0, 0, folder=folder)):
        with pytest.raises(FileNotFoundError, match=f"CIFAR-10: .* lacks {missing}, expected data_batch_1 to"):
            load(tmp_path)


def test_the_official_archive_is_the_default(folder, monkeypatch):
    asked = []
    monkeypatch.setenv("CIFAR10_DIR", "")
    monkeypatch.setattr(data_utils, "fetch_folder", lambda *arguments: asked.append(arguments) or folder)
    get_CIFAR10_data(5, 1, 1)
    assert asked == [
        (
            "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
            "sha256:6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            "cifar-10-batches-py",
            (*NAMES, "batches.meta"),
            None,
        )
    ]
    assert asked[0][:2] == (URL, SHA256)


def test_the_data_set_is_downloaded_from_a_real_server(folder, tmp_path, monkeypatch):
    logging.getLogger("pooch").setLevel(logging.ERROR)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        tar.add(folder, "cifar-10-batches-py")
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "cifar.tar.gz").write_bytes(buffer.getvalue())
    known_hash = "sha256:" + hashlib.sha256(buffer.getvalue()).hexdigest()

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(tmp_path / "served"))

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/cifar.tar.gz"
        try:
            fetched = find_CIFAR10(url, known_hash, tmp_path / "cache")
        finally:
            server.shutdown()
            thread.join()
    # The server has stopped.
    assert find_CIFAR10(url, known_hash, tmp_path / "cache") == fetched
    for ours, theirs in zip(load_CIFAR10(fetched), load_CIFAR10(folder), strict=True):
        np.testing.assert_array_equal(ours, theirs)


# --- wrong files

GOOD = {"data": np.full((2, 3072), 7, np.uint8), "labels": [0, 9]}


def error_of(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError) as caught:
        load_CIFAR_batch(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    return message[len(f"{path}: ") :]


ADVICE = f"Replace it with the file from {URL}."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with b'', expected a pickle. " + ADVICE),
        (b"<!DOCTYPE html><html>404", "begins with b'<!DOCTYPE html><', expected a pickle. " + ADVICE),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 31\n",
            "is a pointer of Git LFS, expected the file it stands for. Run git lfs pull.",
        ),
        (pickle.dumps(GOOD, 0), None),
        (pickle.dumps(["data", "labels"], 2), "holds 'list', expected a dict with the keys data and labels. " + ADVICE),
        (
            pickle.dumps({"data": 1, "fine_labels": [], "coarse_labels": []}, 2),
            "holds 'coarse_labels, data, fine_labels', expected a dict with the keys data and labels. " + ADVICE,
        ),
        (pickle.dumps({b"data": 1, b"labels": []}, 3), None),
        (
            pickle.dumps({**GOOD, "data": "x"}, 2),
            "data is not an array but str, expected uint8 of shape (n, 3072). " + ADVICE,
        ),
        (
            pickle.dumps({**GOOD, "data": GOOD["data"].astype(int)}, 2),
            "data is an array of another dtype than uint8, expected uint8 of shape (n, 3072). " + ADVICE,
        ),
        (
            pickle.dumps({**GOOD, "data": np.array([[None] * 3072] * 2, dtype=object)}, 2),
            "data is an array of another dtype than uint8, expected uint8 of shape (n, 3072). " + ADVICE,
        ),
        (pickle.dumps({**GOOD, "data": GOOD["data"].reshape(2, 3, 32, 32)}, 2), None),
        (
            pickle.dumps({**GOOD, "data": GOOD["data"].reshape(3, 2048)}, 2),
            "data has shape (3, 2048), expected (n, 3072). " + ADVICE,
        ),
        (
            pickle.dumps({**GOOD, "labels": [1]}, 2),
            "labels is a list of 1, expected a list of 2, one for each image. " + ADVICE,
        ),
        (
            pickle.dumps({**GOOD, "labels": (1, 2)}, 2),
            "labels is tuple, expected a list of 2, one for each image. " + ADVICE,
        ),
        (
            pickle.dumps({**GOOD, "labels": [1, 10]}, 2),
            "labels[1] is 10, expected a whole number from 0 to 9. " + ADVICE,
        ),
        (
            pickle.dumps({**GOOD, "labels": [-1, 1]}, 2),
            "labels[0] is -1, expected a whole number from 0 to 9. " + ADVICE,
        ),
        (
            pickle.dumps({**GOOD, "labels": [1, True]}, 2),
            "labels[1] is bool, expected a whole number from 0 to 9. " + ADVICE,
        ),
        (
            pickle.dumps({**GOOD, "labels": [1, "2"]}, 2),
            "labels[1] is str, expected a whole number from 0 to 9. " + ADVICE,
        ),
        (pickle.dumps({**GOOD, "labels": [np.int64(1), 2]}, 2), None),
        (
            b"\x80\x02cos\nsystem\nU\x04true\x85R.",
            "byte 2 requests 'os.system', expected arrays, text and numbers only. " + ADVICE,
        ),
        (python2_pickle(GOOD)[:-9], None),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else str(value)[:40],
)  # fmt: skip
def test_the_message_for_a_wrong_file_says_what_to_do(content, message, tmp_path):
    found = error_of(tmp_path / "data_batch_1", content)
    assert found.endswith(ADVICE) or "git lfs pull" in found
    assert message is None or found == message


def test_a_path_that_is_not_a_file_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"data_batch_9: there is no such file, expected a batch of CIFAR-10."):
        load_CIFAR_batch(tmp_path / "data_batch_9")
    with pytest.raises(ValueError, match="is not a file of at most 67108864 bytes, expected a batch"):
        load_CIFAR_batch(tmp_path)
    with open(tmp_path / "large", "wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(ValueError, match="is not a file of at most 67108864 bytes, expected a batch"):
        load_CIFAR_batch(tmp_path / "large")
    if sys.platform == "linux":
        with pytest.raises(ValueError, match="/dev/zero: is not a file of at most"):
            load_CIFAR_batch("/dev/zero")


def test_a_file_with_a_false_size_is_refused_before_memory_is_allocated(folder, tmp_path):
    for name in NAMES:
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    with open(tmp_path / "data_batch_4", "r+b") as file:
        file.truncate(2**43)  # a hole, which takes no space on the disk
    with pytest.raises(ValueError, match="data_batch_4: is not a file of at most 67108864 bytes"):
        load_CIFAR10(tmp_path)


def test_numbers_too_long_to_print_raise_our_own_error(tmp_path):
    assert "labels[0] is" in error_of(tmp_path / "a", pickle.dumps({**GOOD, "labels": [2**2000, 1]}, 2))


def test_a_file_without_images_gives_empty_arrays(tmp_path):
    (tmp_path / "a").write_bytes(python2_pickle({"data": np.zeros((0, 3072), np.uint8), "labels": []}))
    assert load_CIFAR_batch(tmp_path / "a")[0].shape == (0, 32, 32, 3)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("scratch") / "data_batch_1"


def test_a_file_cut_off_anywhere_is_refused(scratch):
    content = python2_pickle({**GOOD, "filenames": ["a.png", "b.png"]})
    for k in [*range(200), *range(200, len(content) - 100, 97), *range(len(content) - 100, len(content))]:
        assert error_of(scratch, content[:k]).endswith(ADVICE)


def assert_loads_valid_data_or_is_refused(path, content):
    path.write_bytes(content)
    try:
        pixels, labels = read_batch(path)
    except ValueError as error:
        assert str(error).startswith(f"{path}: ")
    else:
        assert pixels.dtype == np.uint8 and pixels.shape == (len(labels), 3072) and labels.dtype == np.int64
        assert not len(labels) or (labels.min() >= 0 and labels.max() <= 9)


OUTSIDE_PIXELS = [*range(190), *range(-130, 0)]


places = st.sampled_from(OUTSIDE_PIXELS) | st.integers(0, 6300)


@pytest.mark.slow
@settings(deadline=None, max_examples=400)
@given(
    st.integers(2, 5) | st.none(),
    st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=4),
)
def test_changed_bytes_load_valid_data_or_are_refused(scratch, protocol, changes):
    content = bytearray(python2_pickle(GOOD) if protocol is None else pickle.dumps(GOOD, protocol))
    for place, byte in changes:
        content[place % len(content)] = byte
    assert_loads_valid_data_or_is_refused(scratch, bytes(content))


@pytest.mark.slow
def test_each_changed_byte_outside_the_pixels_loads_valid_data_or_is_refused(scratch):
    content = python2_pickle({"data": np.full((1, 3072), 7, np.uint8), "labels": [3]})
    for place in [*range(160), *range(len(content) - 40, len(content))]:
        for byte in (*b"(.]}t\x85Rbeu\x93\x94hKUTJ", content[place] ^ 1, content[place] ^ 255):
            assert_loads_valid_data_or_is_refused(scratch, content[:place] + bytes([byte]) + content[place + 1 :])
