"""Checkpoints: values come back, a killed process leaves the old file intact, and other files are rejected."""

import os
import pickle
import signal
import stat
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from cases import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from reference import checkpoints
from reference.checkpoints import read_checkpoint, write_checkpoint

STATE = {
    "epoch": 3,
    "learning_rate": 0.1,
    "histories": {"loss": np.array([2.5, np.nan, np.inf])},
    "params": {"W1": np.arange(6.0, dtype=np.float32).reshape(2, 3), "b1": np.zeros(0)},
    "bn_params": [{"mode": "train"}, {}],
    "none": None,
}


def equal(a, b):
    """Tell whether values and types are equal, to the last bit and in the same memory order."""
    if isinstance(a, np.ndarray):
        order = (a.flags.c_contiguous, a.flags.f_contiguous) == (b.flags.c_contiguous, b.flags.f_contiguous)
        return type(b) is np.ndarray and a.dtype == b.dtype and a.shape == b.shape and order and bits(a) == bits(b)
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(equal, a, b))
    return bits(a) == bits(b) if isinstance(a, np.generic) else repr(a) == repr(b)


def bits(a):
    return a.tobytes()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run_epoch_3.npz"


numbers = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
numpy_values = arrays_of.arrays(
    st.sampled_from(["<f4", "<f8", "<i8", "|u1", "|b1", "<c16"]), st.lists(st.integers(0, 3), max_size=3).map(tuple)
)
states = st.recursive(
    numbers
    | numpy_values.map(lambda a: a if a.ndim else a[()])
    | numpy_values.filter(lambda a: a.ndim == 2).map(np.transpose),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.slow
@settings(deadline=None, max_examples=200)
@given(st.dictionaries(st.text(max_size=3), states, max_size=4))
def test_what_is_written_comes_back(tmp_path_factory, state):
    path = tmp_path_factory.getbasetemp() / "round_trip.npz"
    write_checkpoint(path, state)
    assert equal(read_checkpoint(path), state)


def test_names_that_would_clash_in_the_file_stay_distinct(path):
    state = {"a/b": np.zeros(1), "a": {"b": np.ones(1)}, "state": np.full(1, 2.0)}
    write_checkpoint(path, state)
    assert equal(read_checkpoint(path), state)


def test_names_may_be_longer_than_a_zip_archive_allows(path):
    state = {70000 * "W": np.zeros(1), 70001 * "W": np.ones(1)}
    write_checkpoint(path, state)
    assert equal(read_checkpoint(path), state)


def test_tuples_come_back_as_lists(path):
    write_checkpoint(path, {"random": ("MT19937", 7)})
    assert read_checkpoint(path) == {"random": ["MT19937", 7]}


def test_numpy_opens_it_without_pickle_and_arrays_have_readable_names(path):
    write_checkpoint(path, STATE)
    with np.load(path, allow_pickle=False) as file:
        assert file.files == ["state", "histories/loss", "params/W1", "params/b1"]
        np.testing.assert_array_equal(file["params/W1"], STATE["params"]["W1"])


def test_a_written_file_leaves_no_other_and_has_default_permissions(path):
    write_checkpoint(path, STATE)
    assert os.listdir(path.parent) == [path.name]
    other = path.with_name("other")
    other.write_text("")
    assert path.stat().st_mode == other.stat().st_mode


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"bn_params": [{"f": len}]},
            "checkpoint: bn_params/0/f is of type builtin_function_or_method, expected numbers, text and arrays, or "
            "lists and dicts with str keys of them. Look where it is made.",
        ),
        (
            {"a": {1: 2.0}},
            "checkpoint: a is of type dict, expected numbers, text and arrays, or "
            "lists and dicts with str keys of them. Look where it is made.",
        ),
        (
            {"params": {"W": np.array([None])}},
            "checkpoint: params/W holds object, expected numbers or text. Look where it is made.",
        ),
    ],
)
def test_an_unsupported_value_is_named_before_anything_is_written(path, value, message):
    write_checkpoint(path, STATE)
    before = path.read_bytes()
    with pytest.raises(ValueError) as caught:
        write_checkpoint(path, value)
    assert str(caught.value) == message
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("place", ["np.lib.format.write_array", "os.fsync", "os.replace"])
def test_interrupted_while_writing_it_leaves_the_earlier_file_alone(path, monkeypatch, place):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    write_checkpoint(path, STATE)
    before = path.read_bytes()
    monkeypatch.setattr(checkpoints, "os" if place.startswith("os") else "np", ReplacedFunction(place, interrupt))
    with pytest.raises(KeyboardInterrupt):
        write_checkpoint(path, {**STATE, "epoch": 4})
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_the_content_is_synced_before_the_rename_and_the_rename_before_the_return(path, monkeypatch):
    done = []

    def note_fsync(descriptor):
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")

    monkeypatch.setattr(checkpoints, "os", ReplacedFunction("os.fsync", note_fsync))
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda *names: (done.append("name"), replace(*names)))
    write_checkpoint(path, STATE)
    assert done == ["file", "name", "folder"]


class ReplacedFunction:
    """The module os or np with one function replaced."""

    def __init__(self, place, function):
        self.module, _, self.name = place.partition(".")
        self.function = function
        self.original = {"os": os, "np": np}[self.module]

    def __getattr__(self, name):
        if self.name == name:
            return self.function
        if self.name.startswith(f"{name}."):
            inner = ReplacedFunction("np.x", self.function)
            inner.name, inner.original = self.name[len(name) + 1 :], getattr(self.original, name)
            return inner
        return getattr(self.original, name)


KILLED = """
import sys, time
import numpy as np
from reference import checkpoints

def wait(*args, **kwargs):
    print("writing", flush=True)
    time.sleep(60)

state = {"params": {"W1": np.ones((100, 100)), "W2": np.ones((100, 100))}, "epoch": 4}
if sys.argv[2] == "disk":
    checkpoints.os.fsync = wait
else:
    write = np.lib.format.write_array
    def write_some(member, array, **options):
        if array.shape != (100, 100):
            return write(member, array, **options)
        member.write(b"half of it")
        wait()
    np.lib.format.write_array = write_some
checkpoints.write_checkpoint(sys.argv[1], state)
"""


@pytest.mark.process
@pytest.mark.parametrize("moment", ["array", "disk"])
def test_killed_while_writing_it_leaves_the_earlier_file_alone(path, moment):
    write_checkpoint(path, STATE)
    before = path.read_bytes()
    command = [sys.executable, "-c", KILLED, str(path), moment]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "writing\n"
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    assert equal(read_checkpoint(path), STATE)
    # The name of the remaining file is not that of a checkpoint, and the next checkpoint is written normally.
    left = {name for name in os.listdir(path.parent) if name != path.name}
    assert left == {f"{path.name}.{process.pid}.part"}
    write_checkpoint(path, {"epoch": 5})
    assert read_checkpoint(path) == {"epoch": 5}


def test_a_file_cut_off_anywhere_is_refused(path):
    write_checkpoint(path, STATE)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(
            ValueError, match=r"no complete checkpoint was found \(.*\), expected a file that Solver wrote"
        ):
            read_checkpoint(path)


def test_a_changed_byte_is_refused_or_has_no_effect(path):
    write_checkpoint(path, STATE)
    whole = path.read_bytes()
    refused = 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        try:
            assert equal(read_checkpoint(path), STATE)
        except ValueError:
            refused += 1
    assert refused > len(whole) / 2


def test_other_files_are_refused(path):
    np.savez(path, W1=np.ones(3))
    with pytest.raises(ValueError, match=r"no complete checkpoint was found .*There is no item named 'state\.npy'"):
        read_checkpoint(path)
    np.savez(path, state=np.array('{"format": "solver checkpoint, version 2", "state": {}}'))
    with pytest.raises(ValueError) as caught:
        read_checkpoint(path)
    assert str(caught.value) == (
        f"{path}: no complete checkpoint was found (it has another format), expected a file that Solver wrote. "
        "Take an earlier checkpoint."
    )
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="no complete checkpoint was found"):
        read_checkpoint(path)


class Acts:
    def __reduce__(self):
        return os.mkdir, ("acted",)


def test_nothing_in_a_file_runs(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    with zipfile.ZipFile(path, "w") as archive, archive.open("state.npy", "w") as member:
        np.lib.format.write_array(member, np.array(Acts(), dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="no complete checkpoint was found"):
        read_checkpoint(path)
    path.write_bytes(pickle.dumps(Acts()))
    with pytest.raises(ValueError, match="no complete checkpoint was found"):
        read_checkpoint(path)
    assert not os.path.exists("acted")


def test_a_missing_file_raises_file_not_found(path):
    with pytest.raises(FileNotFoundError):
        read_checkpoint(path)
