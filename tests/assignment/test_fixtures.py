"""Fixtures are read only if they match the manifest and were made from the current sources."""

import hashlib
import json
import shutil
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from grader.assignment.fixtures import load_fixtures
from grader.assignment.load import load_assignment
from grader.errors import FixtureError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path):
    """A copy of the real assignment with its reference beside it."""
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "reference", tmp_path / "reference", ignore=skip)
    return shutil.copytree(ROOT / "assignment", tmp_path / "assignment", ignore=skip)


def load(folder):
    return load_fixtures(load_assignment(folder))


def refused(folder, *words):
    with pytest.raises(FixtureError) as caught:
        load(folder)
    for word in (*words, "Run grader fixtures"):
        assert word in str(caught.value), str(caught.value)


def change(folder, edit):
    path = folder / "fixtures/manifest.json"
    manifest = json.loads(path.read_text())
    edit(manifest)
    path.write_text(json.dumps(manifest))


def mend_hash(folder, name):
    digest = hashlib.sha256((folder / "fixtures" / name).read_bytes()).hexdigest()
    change(folder, lambda manifest: manifest["files"].update({name: digest}))


def test_the_real_fixtures_hold_one_entry_a_check_and_finite_numbers():
    assignment = load_assignment(ROOT / "assignment")
    fixtures = load_fixtures(assignment)
    assert set(fixtures.checks) == {check.id for check in assignment.checks}
    for fixture in fixtures.checks.values():
        assert fixture.expected
        assert all(np.isfinite(array).all() and array.dtype.kind in "fi" for array in fixture.expected.values())
        assert all(arity >= 0 for _, arity in fixture.arities)
    assert fixtures.arguments["layers.conv_forward_naive"] == ("x", "w", "b", "conv_param")


def test_the_real_fixtures_hold_no_objects_that_would_be_unpickled():
    for path in (ROOT / "assignment/fixtures").rglob("*.npz"):
        with np.load(path, allow_pickle=False) as file:
            assert file.files
            assert {file[name].dtype.kind for name in file.files} <= set("fbiu")


def test_every_variant_has_a_hint():
    fixtures = load(ROOT / "assignment")
    for check, fixture in fixtures.checks.items():
        assert set(fixture.variants) <= set(fixtures.hints.get(check.rpartition(".")[0], {}))


def test_a_missing_manifest_is_refused(folder):
    (folder / "fixtures/manifest.json").unlink()
    refused(folder, "manifest.json", "not found")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", '{"schema": 2}', '{"schema": "1"}', '{"schema": 1}', "\ufffe", "[" * 100_000],
    ids=lambda t: t[:15],
)
def test_a_file_that_is_not_a_manifest_is_refused(folder, text):
    (folder / "fixtures/manifest.json").write_text(text)
    refused(folder, "manifest.json")


@pytest.mark.parametrize("part", ["sources", "files", "hints", "arguments", "checks"])
def test_a_manifest_that_lacks_a_part_is_refused(folder, part):
    change(folder, lambda manifest: manifest.pop(part))
    refused(folder, "manifest.json", "damaged")


@pytest.mark.parametrize("part", ["sources", "files", "arguments", "checks"])
@pytest.mark.parametrize("value", [None, 3, "text", [1]])
def test_a_manifest_with_a_part_of_another_kind_is_refused(folder, part, value):
    change(folder, lambda manifest: manifest.update({part: value}))
    refused(folder)


def test_another_schema_is_rejected(folder):
    change(folder, lambda manifest: manifest.update(schema=99))
    refused(folder, "schema")


@pytest.mark.parametrize("name", ["public/layers.npz", "hidden/layers.npz"])
def test_changed_missing_or_damaged_arrays_are_refused(folder, name):
    path = folder / "fixtures" / name
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    refused(folder, name, "its hash differs from the manifest's")
    path.unlink()
    refused(folder, name, "cannot be read")


@pytest.mark.parametrize("keep", [0, 1, 10, 0.5, 0.99], ids=str)
def test_truncated_arrays_are_refused_even_with_a_corrected_hash(folder, keep):
    path = folder / "fixtures/hidden/layers.npz"
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content)) if isinstance(keep, float) else keep])
    mend_hash(folder, "hidden/layers.npz")
    refused(folder, "layers.npz", "damaged")


@pytest.mark.parametrize("member", range(0, 40, 4))
def test_a_bit_flipped_inside_an_array_is_refused_even_with_a_corrected_hash(folder, member):
    path = folder / "fixtures/hidden/layers.npz"
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as file:
        entry = file.infolist()[member]
    name, extra = struct.unpack_from("<HH", content, entry.header_offset + 26)
    content[entry.header_offset + 30 + name + extra + entry.compress_size // 2] ^= 0xFF
    path.write_bytes(content)
    mend_hash(folder, "hidden/layers.npz")
    refused(folder, "layers.npz", "damaged")


def test_objects_among_the_arrays_are_refused_and_never_unpickled(folder):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("was unpickled",))

    path = folder / "fixtures/hidden/layers.npz"
    with np.load(path) as file:
        arrays = dict(file)
    arrays[next(iter(arrays))] = np.array([Trap()], dtype=object)
    np.savez(path, **arrays)
    mend_hash(folder, "hidden/layers.npz")
    refused(folder, "layers.npz", "damaged")


def test_a_check_without_an_entry_is_refused(folder):
    change(folder, lambda manifest: manifest["checks"].pop("layers.relu_forward.images"))
    refused(folder, "check layers.relu_forward.images has none")


def test_an_entry_without_its_array_is_refused(folder):
    change(folder, lambda manifest: manifest["checks"]["layers.relu_forward.images"]["arrays"].update(extra={}))
    refused(folder, "extra")


@pytest.mark.parametrize(
    "source",
    ["checks/public/layers.py", "checks/hidden/layers.py", "misconceptions/dense.py", "../reference/layers.py"],
)
def test_fixtures_older_than_a_source_are_refused(folder, source):
    with (folder / source).open("a") as file:
        file.write("\n# a change\n")
    refused(folder, source, "changed after they were made")


def test_line_endings_of_windows_do_not_change_the_hash(folder):
    path = folder / "checks/public/layers.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert load(folder).checks


def test_fixtures_do_not_need_the_reference(folder):
    shutil.rmtree(folder.parent / "reference")
    assert load(folder).checks


def test_a_source_that_was_deleted_or_added_within_the_assignment_is_a_change(folder):
    shutil.copy(folder / "misconceptions/dense.py", folder / "misconceptions/more.py")
    refused(folder)
    (folder / "misconceptions/more.py").unlink()
    (folder / "misconceptions/dense.py").unlink()
    refused(folder)
