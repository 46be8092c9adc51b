"""Read fixtures for grading: the values that the reference returned, and those that each misconception returns.

    fixtures/manifest.json        what the fixtures were made from and with; a hash of every file below
    fixtures/{public,hidden}/<module>.npz
        <check>|expected|<array>              the reference's array
        <check>|forward                       the forward's value at the points of the claimed gradients
        <check>|reach|<array>                 which sampled inputs reach which outputs of the forward (numgrad.reach)
        <check>|variant|<name>|<array>        a misconception's arrays, if any of them differs from the reference's

Only grader/authoring/make_fixtures.py writes them. Any difference from the manifest raises FixtureError before grading
starts.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.lib import format as npy

from grader.assignment.load import Assignment
from grader.errors import FixtureError

SCHEMA: Final = 1
MANIFEST: Final = "manifest.json"
REGENERATE: Final = "Run grader fixtures."


@dataclass(frozen=True)
class Fixture:
    """The values that the reference returned for one check, and those that misconceptions return."""

    expected: Mapping[str, np.ndarray]
    arities: tuple[tuple[str, int], ...]  # for each call: the function, and the length of the tuple that it returned
    forward: np.ndarray | None = None  # the forward's value; None for a check without gradients
    reach: Mapping[str, np.ndarray] = field(default_factory=dict)
    variants: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    raises: Mapping[str, str] = field(default_factory=dict)  # for misconceptions that raise: the exception's type
    accepted: tuple[Mapping[str, np.ndarray], ...] = ()  # values of misconceptions that are right for the handout

    def accepting(self, names: Collection[str]) -> Fixture:
        """Return the fixture for a handout that accepts these misconceptions as right, if their arrays are finite."""
        if not names:
            return self
        right = [arrays for name, arrays in self.variants.items() if name in names]
        accepted = tuple(
            {name: array.astype(self.expected[name].dtype) for name, array in arrays.items()}
            for arrays in right
            if all(np.isfinite(array).all() for array in arrays.values())
        )
        left = {name: arrays for name, arrays in self.variants.items() if name not in names}
        raises = {name: kind for name, kind in self.raises.items() if name not in names}
        return replace(self, variants=left, raises=raises, accepted=accepted)


@dataclass(frozen=True, eq=False)  # by identity: programs are kept by it (grading/check_run.py)
class Fixtures:
    checks: Mapping[str, Fixture]
    # Each of these has the ids of functions as keys. For by_outcome and beside, see checks.misconception.
    hints: Mapping[str, Mapping[str, str]]  # for each misconception, the hint
    arguments: Mapping[str, tuple[str, ...]]  # the names of the arguments
    by_outcome: Mapping[str, Sequence[str]] = field(default_factory=dict)  # misconceptions
    beside: Mapping[str, Sequence[str]] = field(default_factory=dict)  # misconceptions


def load_fixtures(assignment: Assignment) -> Fixtures:
    """Read all fixtures. Raises FixtureError if they do not agree with the manifest or the sources."""
    folder = assignment.folder / "fixtures"
    manifest = read_manifest(folder / MANIFEST)
    try:
        present = {name: source_hash(path) for name, path in source_paths(assignment).items() if path.is_file()}
        listed = manifest["sources"]
        for source in sorted({*present, *listed}):  # the reference may be absent: students do not get it
            if present.get(source) != listed.get(source) and not (source.startswith("..") and source not in present):
                raise FixtureError(f"fixtures: {source} changed after they were made. {REGENERATE}")
        arrays: dict[str, np.ndarray] = {}
        for name, digest in manifest["files"].items():
            arrays.update(read_arrays(folder / name, digest))
        hints, tables = manifest["hints"], (manifest[name] for name in ("arguments", "by_outcome", "beside"))
        arguments, by_outcome, beside = ({name: tuple(names) for name, names in table.items()} for table in tables)
        checks = {check.id: fixture_from(check.id, manifest["checks"], arrays) for check in assignment.checks}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise FixtureError(f"{folder / MANIFEST}: damaged ({type(error).__name__}: {error}). {REGENERATE}") from error
    return Fixtures(checks, hints, arguments, by_outcome, beside)


def read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FixtureError(f"{path}: not found. {REGENERATE}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise FixtureError(f"{path}: cannot be read ({error}). {REGENERATE}") from error
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        raise FixtureError(f"{path}: another schema was found, expected {SCHEMA}. {REGENERATE}")
    return manifest


def read_arrays(path: Path, digest: str) -> dict[str, np.ndarray]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FixtureError(f"{path}: cannot be read ({error}). {REGENERATE}") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise FixtureError(f"{path}: its hash differs from the manifest's. {REGENERATE}")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            return {info.filename.removesuffix(".npy"): read_array(file.read(info)) for info in file.infolist()}
    except Exception as error:
        raise FixtureError(f"{path}: damaged ({error}). {REGENERATE}") from error


def read_array(content: bytes) -> np.ndarray:
    """Read an array in NumPy's format, like np.load, but cache parsed headers, because many arrays have the same."""
    file = io.BytesIO(content)
    if npy.read_magic(file) != (1, 0):
        return np.asarray(npy.read_array(io.BytesIO(content), allow_pickle=False))
    start = file.tell() + 2 + int.from_bytes(content[file.tell() : file.tell() + 2], "little")
    shape, is_fortran, dtype = read_header(content[file.tell() : start])
    if dtype.hasobject:
        raise ValueError("objects, expected numbers")
    flat = np.frombuffer(content, dtype, offset=start)
    return flat.reshape(shape, order="F" if is_fortran else "C").copy(order="K")


@lru_cache(maxsize=1024)
def read_header(header: bytes) -> tuple[tuple[int, ...], bool, np.dtype]:
    return npy.read_array_header_1_0(io.BytesIO(header))


def fixture_from(check: str, listed: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Fixture:
    if check not in listed:
        raise FixtureError(f"fixtures: check {check} has none. {REGENERATE}")
    entry = listed[check]
    return Fixture(
        expected={name: arrays[key(check, "expected", name)] for name in entry["arrays"]},
        arities=tuple((function, int(arity)) for function, arity in entry["arities"]),
        forward=arrays[key(check, "forward")] if entry["reach"] else None,
        reach={name: arrays[key(check, "reach", name)] for name in entry["reach"]},
        variants={
            variant: {name: arrays[key(check, "variant", variant, name)] for name in names}
            for variant, names in entry["variants"].items()
        },
        raises=entry["raises"],
    )


def source_paths(assignment: Assignment) -> dict[str, Path]:
    """Return all files from which fixtures are made, by path relative to the assignment folder."""
    paths = [*(assignment.folder / "checks").rglob("*.py"), *(assignment.folder / "misconceptions").glob("*.py")]
    paths += [assignment.reference / file for file in assignment.student_files]
    return {os.path.relpath(path, assignment.folder).replace(os.sep, "/"): path for path in sorted(paths)}


def key(*parts: str) -> str:
    return "|".join(parts)


def source_hash(path: Path) -> str:
    """Return the hash of a source file. The hash ignores line endings, because a checkout on Windows changes them."""
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
