"""Generates fixtures: runs every check on the reference and on every misconception.

So nobody writes an expected array by hand. The same sources give the same files: each check has a seed, and the files
hold no timestamp. `drift` lists what a new run would change.
"""

from __future__ import annotations

import hashlib
import inspect
import io
import json
import platform
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from grader.assignment.fixtures import MANIFEST, SCHEMA, key, read_arrays, read_manifest, source_hash, source_paths
from grader.assignment.load import Assignment
from grader.assignment.reference import load_reference
from grader.atomic_files import write_bytes, write_text
from grader.authoring.local_run import run_locally, run_variant
from grader.authoring.tolerances import Difference, differences, expect_tight, measure_spread
from grader.calls import Functions
from grader.errors import AssignmentError, FixtureError
from grader.function_ids import module_of_file
from grader.judging.compare import same, units_of
from grader.judging.diagnose import Unit
from grader.judging.follow import reach_patterns
from grader.judging.numgrad import evaluate
from grader.records import VISIBLE, Check

NOISE: Final = ("made_with", "spread")  # entries of the manifest that may differ between machines
SAME: Final = 1e-9  # larger than differences between BLAS libraries, smaller than effects of a changed source


@dataclass(frozen=True)
class Made:
    """Fixtures in memory: the manifest without hashes of files, and the arrays of each file.

    lacking: for the folder of each right solution, the functions that the solution lacks. The spread of these functions
    was not measured with that solution.
    """

    manifest: dict[str, Any]
    arrays: Mapping[str, Mapping[str, np.ndarray]]
    lacking: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def make_fixtures(assignment: Assignment) -> Made:
    """Run every check on the reference and on every misconception of its function.

    Raises AssignmentError if the reference fails a check.
    """
    functions = load_reference(assignment)
    files: dict[str, dict[str, np.ndarray]] = {}
    entries, expected = {}, {}
    with warnings.catch_warnings():
        for start in assignment.expected_warnings:
            warnings.filterwarnings("ignore", message=re.escape(start))
        for check in assignment.checks:
            name = f"{'public' if check.visibility == VISIBLE else 'hidden'}/{module_of_file(check.file)}.npz"
            arrays = files.setdefault(name, {})
            entry = entries[check.id] = make_fixture(assignment, check, functions, arrays)
            expected[check.id] = {name: arrays[key(check.id, "expected", name)] for name in entry["arrays"]}
        spread = measure_spread(assignment, functions, expected)
    known: dict[str, dict[str, Any]] = {"hints": {}, "by_outcome": {}, "beside": {}}
    for item in assignment.misconceptions:
        known["hints"].setdefault(item.function, {})[item.name] = item.hint
        for way in ("by_outcome", "beside"):
            if getattr(item, way):
                known[way].setdefault(item.function, []).append(item.name)
    manifest = {
        "schema": SCHEMA,
        "made_with": {"python": platform.python_version(), "numpy": np.__version__},
        "sources": {name: source_hash(path) for name, path in source_paths(assignment).items()},
        "arguments": arguments_of(assignment, functions),
        **known,
        "checks": entries,
        "spread": {check: float(f"{error:.1e}") for check, error in spread.largest.items()},
    }
    return Made(manifest, files, spread.lacking)


def make_fixture(
    assignment: Assignment, check: Check, functions: Functions, arrays: dict[str, np.ndarray]
) -> dict[str, Any]:
    """Return the entry of one check for the manifest, and add the arrays of the check to `arrays`."""
    arities: list[tuple[str, int]] = []
    try:
        answer = run_locally(assignment, check, functions, arities)
        arities_of_check = list(arities)  # a copy, because reach_patterns below makes more calls
        reached = reach_patterns(answer.gradients, check) if answer.gradients else {}
        forward = evaluate(answer.gradients.at, answer.gradients.points) if answer.gradients else None
    except AssignmentError as error:
        raise AssignmentError(f"check {check.id}: {error}") from error
    except Exception as error:
        raised = f"{type(error).__name__}: {error}"
        raise AssignmentError(f"check {check.id}: fails on the reference ({raised}). Correct one of them.") from error
    if reached is None:
        found = "the forward of its gradients returns values that are not finite"
        raise AssignmentError(f"check {check.id}: {found}. Use other inputs.")
    expected = {name: as_expected(check, name, value) for name, value in answer.values.items()}
    for option, names in (("parts", check.parts), ("together", check.together), ("squeeze", check.squeeze)):
        unknown = set() if isinstance(names, bool) else {*names} - {*expected}
        if unknown:
            found, returned = ", ".join(sorted(unknown)), ", ".join(expected)
            names_error = f"{option} names {found}, but the check returns {returned}"
            raise AssignmentError(f"check {check.id}: {names_error}. Correct {option}.")
    arrays |= {key(check.id, "expected", name): value for name, value in expected.items()}
    if forward is not None:
        arrays[key(check.id, "forward")] = forward
    arrays |= {key(check.id, "reach", name): pattern for name, pattern in reached.items()}
    variants, raises, wrong = {}, {}, list[Difference]()
    units = units_of(expected, check.together)
    for item in assignment.misconceptions_of(check.function):
        values = run_variant(assignment, check, functions, item)
        if isinstance(values, str):
            raises[item.name] = values
        elif values is not None and values.keys() == expected.keys():
            wrong += differences(f"the misconception {item.name}", expected, values, check.together)
            if not all(same(expected[name], value, check.tolerance, units.get(name)) for name, value in values.items()):
                variants[item.name] = list(values)
                arrays |= {key(check.id, "variant", item.name, name): value for name, value in values.items()}
    expect_tight(check, wrong)
    return {
        "seed": check.seed,
        "tolerance": check.tolerance,
        "arrays": {name: {"shape": list(value.shape), "dtype": str(value.dtype)} for name, value in expected.items()},
        "arities": arities_of_check,
        "reach": list(reached),
        "variants": variants,
        "raises": raises,
    }


def arguments_of(assignment: Assignment, functions: Functions) -> dict[str, list[str]]:
    """Return the names of the arguments of each function and method; the first argument of a method is `self`."""
    callables = dict(functions)
    for name, members in assignment.classes.items():
        callables |= {f"{name}.{method}": getattr(functions[name], method) for method in members.methods}
    return {name: list(inspect.signature(function).parameters) for name, function in callables.items()}


def as_expected(check: Check, name: str, value: Any) -> np.ndarray:
    plain = isinstance(value, np.ndarray | np.generic | int | float) and np.asarray(value).dtype.kind in "fiub"
    if not plain or not np.isfinite(value).all():
        found = f"{name} of the reference is not an array of finite numbers"
        raise AssignmentError(f"check {check.id}: {found}. Return arrays or numbers.")
    return np.asarray(value)


def write_fixtures(assignment: Assignment, made: Made) -> None:
    """Write the arrays, then the manifest, each file atomically. Remove array files that no check uses now."""
    folder = assignment.folder / "fixtures"
    hashes = {}
    for name, arrays in sorted(made.arrays.items()):
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **dict(sorted(arrays.items())))  # type: ignore[arg-type]
        write_bytes(folder / name, buffer.getvalue())
        hashes[name] = hashlib.sha256(buffer.getvalue()).hexdigest()
    for path in folder.rglob("*.npz"):
        if path.relative_to(folder).as_posix() not in hashes:
            path.unlink()
    write_text(folder / MANIFEST, json.dumps({**made.manifest, "files": hashes}, indent=1) + "\n")


def drift(assignment: Assignment, made: Made) -> list[str]:
    """List the differences between the fixtures on disk and those in `made`, one line each."""
    folder = assignment.folder / "fixtures"
    try:
        manifest = read_manifest(folder / MANIFEST)
        stored = {name: read_arrays(folder / name, digest) for name, digest in manifest["files"].items()}
    except (FixtureError, KeyError, AttributeError) as error:
        return [str(error)]
    fresh = json.loads(json.dumps(made.manifest))
    lines = [f"{part}: differs" for part in fresh if part not in NOISE and manifest.get(part) != fresh[part]]
    units = units_by_key(assignment, made)
    for file in sorted({*stored, *made.arrays}):
        before, after = stored.get(file, {}), made.arrays.get(file, {})
        lines += [f"{file}: {name} is {'new' if name in after else 'gone'}" for name in sorted({*before} ^ {*after})]
        lines += [
            f"{file}: {name} differs"
            for name in sorted({*before} & {*after})
            if not same(after[name], before[name], SAME, units.get(name))
        ]
    return lines


def units_by_key(assignment: Assignment, made: Made) -> dict[str, Unit]:
    """Return the scale of each array that a check compares together with others, by the key of the array.

    `drift` compares such arrays with this scale, so that it does not report differences from rounding.
    """
    arrays = {name: array for part in made.arrays.values() for name, array in part.items()}
    units = {}
    for check in assignment.checks:
        kinds = [("expected",), *(("variant", item.name) for item in assignment.misconceptions_of(check.function))]
        for kind in kinds if check.together else ():
            start = key(check.id, *kind, "")
            group = {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
            units.update({start + name: unit for name, unit in units_of(group, check.together).items()})
    return units
