"""The generated data set: it has the official one's format, is always the same, and can be learned."""

import hashlib
import pickle
import shutil
from functools import partial

import numpy as np
import pytest

from reference import small_data
from reference.data_utils import get_CIFAR10_data, load_CIFAR10
from reference.small_data import CLASSES, generate_CIFAR10, load_or_generate, python2_pickle

NAMES = ["batches.meta", "data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return generate_CIFAR10(tmp_path_factory.mktemp("cifar10") / "new" / "cifar-10-batches-py")


def read_officially(path):
    return pickle.loads(path.read_bytes(), encoding="latin1")


def test_the_files_are_those_of_the_official_data_set(folder):
    assert sorted(path.name for path in folder.iterdir()) == NAMES
    meta = read_officially(folder / "batches.meta")
    assert meta == {"num_cases_per_batch": 100, "label_names": list(CLASSES), "num_vis": 3072}
    titles, filenames = [], []
    for name in NAMES[1:]:
        content = read_officially(folder / name)
        assert list(content) == ["batch_label", "labels", "data", "filenames"]
        assert content["data"].dtype == np.uint8 and content["data"].shape == (100, 3072)
        assert [type(label) for label in content["labels"]] == [int] * 100
        assert np.bincount(content["labels"]).tolist() == [10] * 10
        for label, filename in zip(content["labels"], content["filenames"], strict=True):
            assert filename.startswith(CLASSES[label])
        titles.append(content["batch_label"])
        filenames += content["filenames"]
    assert titles == [f"training batch {i} of 5" for i in range(1, 6)] + ["testing batch 1 of 1"]
    assert len(set(filenames)) == 600


def test_the_opcodes_are_those_of_python_2(folder):
    head = (folder / "data_batch_1").read_bytes()[:60]
    assert head.startswith(b"\x80\x02}(U\x0bbatch_labelU\x15training batch 1 of 5U\x06labels](K")
    assert b"cnumpy.core.multiarray\n_reconstruct\n" in (folder / "data_batch_1").read_bytes()


def test_our_reader_and_pickle_agree(folder):
    X_train, y_train, X_test, y_test = load_CIFAR10(folder)
    contents = [read_officially(folder / name) for name in NAMES[1:]]
    data = np.concatenate([content["data"] for content in contents])
    np.testing.assert_array_equal(np.concatenate([X_train, X_test]).transpose(0, 3, 1, 2).reshape(600, 3072), data)
    assert [*y_train, *y_test] == [label for content in contents for label in content["labels"]]


def test_a_seed_gives_the_same_bytes_everywhere(tmp_path):
    folder = generate_CIFAR10(tmp_path / "3", images_per_batch=12, seed=3)
    digest = hashlib.sha256(b"".join((folder / name).read_bytes() for name in NAMES))
    # Recorded under Python 3.11 with NumPy 2.4; Python 3.9 with NumPy 1.26 generates the same.
    assert digest.hexdigest() == "2c1ff60434ec20914294d2bfada13f807bb7cc8130e7cc54b6c5ffd13ef3497c"
    other = generate_CIFAR10(tmp_path / "4", images_per_batch=12, seed=4)
    assert (other / "data_batch_1").read_bytes() != (folder / "data_batch_1").read_bytes()


def test_classes_are_as_equally_frequent_as_possible(tmp_path):
    generate_CIFAR10(tmp_path, images_per_batch=13)
    counts = np.bincount(read_officially(tmp_path / "data_batch_1")["labels"])
    assert counts.tolist() == [2, 2, 2, 1, 1, 1, 1, 1, 1, 1]


def test_images_use_the_range_and_neighbours_are_alike(folder):
    X = load_CIFAR10(folder)[0]
    assert X.min() == 0 and X.max() == 255
    # The mean over a class has almost no noise, so it is smooth.
    y = load_CIFAR10(folder)[1]
    pattern = X[y == 2].mean(axis=0)
    assert np.abs(np.diff(pattern, axis=0)).max() < 60 and pattern.std() > 20


def test_a_linear_classifier_learns_it(folder):
    data = get_CIFAR10_data(400, 100, 100, folder=folder)
    X, y = data["X_train"].reshape(400, -1) / 100, data["y_train"]
    W = np.zeros((3072, 10))
    losses = []
    for _ in range(30):
        scores = X @ W
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        losses.append(-np.log(p[np.arange(400), y]).mean())
        W -= 1e-3 * X.T @ (p - np.eye(10)[y]) / 400 * 5
    assert losses[0] == pytest.approx(np.log(10)) and losses[-1] < 0.2
    for part, size in (("val", 100), ("test", 100)):
        found = (data[f"X_{part}"].reshape(size, -1) @ W).argmax(axis=1)
        assert (found == data[f"y_{part}"]).mean() > 0.95


def test_the_mean_of_an_image_does_not_tell_its_class(folder):
    data = get_CIFAR10_data(400, 100, 0, folder=folder)
    colour = {part: data[f"X_{part}"].mean(axis=(1, 2, 3)) for part in ("train", "val")}
    means = np.array([colour["train"][data["y_train"] == c].mean() for c in range(10)])
    guesses = np.abs(colour["val"][:, np.newaxis] - means).argmin(axis=1)
    assert (guesses == data["y_val"]).mean() < 0.5


@pytest.mark.parametrize("images", [0, -1, 10001, 2.0, "many"])
def test_an_impossible_number_of_images_is_refused(images, tmp_path):
    with pytest.raises(ValueError, match=r"images_per_batch is .*, expected a whole number from 1 to 10000. Pass one."):
        generate_CIFAR10(tmp_path / "new", images_per_batch=images)
    assert not (tmp_path / "new").exists()


def test_no_file_is_overwritten(tmp_path):
    (tmp_path / "test_batch").write_bytes(b"precious")
    with pytest.raises(FileExistsError, match=r"test_batch exists. Name a new or an empty folder."):
        generate_CIFAR10(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["test_batch"]


def test_numbers_of_every_size_are_pickled():
    values = [0, 255, 256, 65536, 2**31 - 1, -1]
    assert pickle.loads(python2_pickle(values)) == values


def test_images_are_generated_where_there_is_no_data_set(monkeypatch):
    monkeypatch.delenv("CIFAR10_DIR", raising=False)
    data, real = load_or_generate(images_per_batch=20)
    assert not real
    assert {name: len(array) for name, array in data.items() if name[0] == "X"} == {
        "X_train": 90,
        "X_val": 10,
        "X_test": 20,
    }


def test_the_data_set_is_taken_where_the_environment_names_it(monkeypatch, folder):
    monkeypatch.setenv("CIFAR10_DIR", str(folder))
    monkeypatch.setattr(small_data, "get_CIFAR10_data", partial(get_CIFAR10_data, 300, 100, 50))
    data, real = load_or_generate()
    assert real and len(data["X_train"]) == 300


def test_the_data_set_is_taken_where_it_lies_beside_the_package(monkeypatch, folder, tmp_path):
    monkeypatch.delenv("CIFAR10_DIR", raising=False)
    monkeypatch.setattr(small_data, "__file__", str(tmp_path / "small_data.py"))
    monkeypatch.setattr(small_data, "get_CIFAR10_data", partial(get_CIFAR10_data, 300, 100, 50))
    shutil.copytree(folder, tmp_path / "datasets" / "cifar-10-batches-py")
    data, real = load_or_generate()
    assert real and len(data["X_train"]) == 300


def test_a_folder_without_the_data_set_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("CIFAR10_DIR", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="CIFAR10_DIR"):
        load_or_generate()
