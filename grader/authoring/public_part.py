"""The part of an assignment folder that students get: enough for `grader check`, and nothing of what is hidden.

    assignment.toml            the entries that PUBLIC names, written anew: comments stay here
    checks/public/             as they are
    fixtures/public/           as they are: expected arrays, and the outputs of misconceptions in public checks
    fixtures/manifest.json     of the above alone, with the hints of these misconceptions

What is let through is listed here; all else stays behind.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from typing import Any, Final

from grader.assignment.fixtures import MANIFEST, load_fixtures, read_manifest
from grader.assignment.load import Assignment
from grader.errors import AssignmentError
from grader.function_ids import module_of
from grader.records import VISIBLE

TOML: Final = "assignment.toml"
PUBLIC: Final = (
    "title",
    "package",
    "reference",
    "student_files",
    "handed_out",
    "extended",
    "expected_warnings",
    "sets",
    "points",
    "classes",
    "stubs",
    "words",
    "limits",
)
# Of the manifest, as it is; the rest is picked below.
ALWAYS: Final = ("schema", "made_with", "arguments")
OPEN: Final = "public/"


def public_files(assignment: Assignment) -> dict[str, bytes]:
    """By path below the assignment folder. Raises AssignmentError if a function has no public check, FixtureError if
    the fixtures are not what the sources give."""
    load_fixtures(assignment)
    shown = {check.id: check for check in assignment.checks if check.visibility == VISIBLE}
    for function in assignment.functions:
        if not any(check.function == function for check in shown.values()):
            raise AssignmentError(
                f"{function}: has no public check. Write one in {assignment.folder / 'checks/public'}."
            )
    data = tomllib.loads((assignment.folder / TOML).read_text(encoding="utf-8"))
    manifest = public_manifest(read_manifest(assignment.folder / "fixtures" / MANIFEST), {*shown})
    files = {
        TOML: as_toml({name: data[name] for name in PUBLIC if name in data}).encode(),
        f"fixtures/{MANIFEST}": (json.dumps(manifest, indent=1) + "\n").encode(),
    }
    paths = [*(assignment.folder / "checks/public").rglob("*.py")]
    paths += [assignment.folder / "fixtures" / name for name in manifest["files"]]
    return files | {path.relative_to(assignment.folder).as_posix(): path.read_bytes() for path in paths}


def public_manifest(manifest: Mapping[str, Any], shown: set[str]) -> dict[str, Any]:
    """The manifest without a word on checks that are not shown."""
    checks = {name: entry for name, entry in manifest["checks"].items() if name in shown}
    seen = {(module_of(name), one) for name, of in checks.items() for one in (*of["variants"], *of["raises"])}
    parts: dict[str, dict[str, Any]] = {"hints": {}, "by_outcome": {}, "beside": {}}
    for part, kept in parts.items():
        for function, named in manifest[part].items():
            if known := [name for name in named if (function, name) in seen]:
                kept[function] = {name: named[name] for name in known} if part == "hints" else known
    return {
        **{name: manifest[name] for name in ALWAYS},
        "sources": {name: of for name, of in manifest["sources"].items() if name.startswith(f"checks/{OPEN}")},
        **parts,
        "checks": checks,
        "spread": {name: error for name, error in manifest["spread"].items() if name in shown},
        "files": {name: of for name, of in manifest["files"].items() if name.startswith(OPEN)},
    }


def as_toml(data: Mapping[str, Any]) -> str:
    """The entries as TOML: plain ones first, then tables and arrays of tables, as the format asks."""
    lines, tables = ["# What students see of the assignment. Made by `grader release`.", ""], []
    for name, value in data.items():
        is_list = isinstance(value, list) and bool(value)
        several = value if is_list else [value]
        if not all(isinstance(table, dict) for table in several):
            lines.append(f"{name} = {literal(value)}")
            continue
        for table in several:
            tables += ["", f"[[{name}]]" if is_list else f"[{name}]"]
            tables += [f"{json.dumps(key)} = {literal(item)}" for key, item in table.items()]
    return "\n".join([*lines, *tables]) + "\n"


def literal(value: Any) -> str:
    """A value in TOML's words. Its strings, numbers and arrays are JSON's; its inline tables are not."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {literal(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value)
