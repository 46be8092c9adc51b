"""The part of an assignment folder that students get, and the search for secrets in everything they get.

    assignment.toml            only the entries that PUBLIC names, rewritten without comments
    checks/public/             unchanged
    fixtures/public/           unchanged: expected arrays, and the outputs of misconceptions in public checks
    fixtures/manifest.json     only the entries of the above, with the hints of these misconceptions

The list above is an allow list: students get nothing else. Secrets are the lines of solutions, hidden checks and
misconceptions, and the names of hidden checks. The search considers lines of 20 characters and more. The search also
finds a secret line in the middle of another line, or escaped in a notebook's JSON. A line is not a secret if it also
occurs in a public check, or in the reference outside of its solutions, because students see these files.
"""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from grader.assignment.fixtures import MANIFEST, load_fixtures, read_manifest
from grader.assignment.load import Assignment
from grader.assignment.solution_regions import find_regions, read_text
from grader.errors import AssignmentError
from grader.function_ids import module_of
from grader.records import VISIBLE

TOML: Final = "assignment.toml"
PUBLIC: Final = (
    *("title", "package", "reference", "student_files", "handed_out", "extended", "expected_warnings"),
    *("sets", "points", "classes", "stubs", "words", "limits"),
)
# The entries of the manifest that public_manifest copies unchanged. It copies only parts of the other entries.
ALWAYS: Final = ("schema", "made_with", "arguments")
OPEN: Final = "public/"
SHORTEST: Final = 20
TEXT: Final = (".py", ".pyx", ".pxi", ".h")


def public_files(assignment: Assignment) -> dict[str, bytes]:
    """Return the public files by their path below the assignment folder.

    Raises AssignmentError if a function has no public check, FixtureError if the fixtures are out of date.
    """
    load_fixtures(assignment)
    folder = assignment.folder
    shown = {check.id: check.function for check in assignment.checks if check.visibility == VISIBLE}
    for function in assignment.functions:
        if function not in shown.values():
            raise AssignmentError(f"{function}: no public check found. Add one to {folder / 'checks/public'}.")
    data = tomllib.loads((folder / TOML).read_text(encoding="utf-8"))
    manifest = public_manifest(read_manifest(folder / "fixtures" / MANIFEST), {*shown})
    files = {
        TOML: as_toml({name: data[name] for name in PUBLIC if name in data}).encode(),
        f"fixtures/{MANIFEST}": (json.dumps(manifest, indent=1) + "\n").encode(),
    }
    paths = [*(folder / "checks/public").rglob("*.py"), *(folder / "fixtures" / name for name in manifest["files"])]
    return files | {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def public_manifest(manifest: Mapping[str, Any], shown: set[str]) -> dict[str, Any]:
    """Return the manifest without any information on hidden checks. shown: the ids of visible checks."""
    checks = {name: entry for name, entry in manifest["checks"].items() if name in shown}
    seen = {(module_of(name), one) for name, of in checks.items() for one in (*of["variants"], *of["raises"])}
    parts: dict[str, dict[str, Any]] = {"hints": {}, "by_outcome": {}, "beside": {}}
    for part, selected in parts.items():
        for function, named in manifest[part].items():
            if known := [name for name in named if (function, name) in seen]:
                selected[function] = {name: named[name] for name in known} if part == "hints" else known
    return {
        **{name: manifest[name] for name in ALWAYS},
        "sources": {name: of for name, of in manifest["sources"].items() if name.startswith(f"checks/{OPEN}")},
        **parts,
        "checks": checks,
        "spread": {name: error for name, error in manifest["spread"].items() if name in shown},
        "files": {name: of for name, of in manifest["files"].items() if name.startswith(OPEN)},
    }


def as_toml(data: Mapping[str, Any]) -> str:
    """Return the entries as TOML. Plain values come before tables, because TOML requires this order."""
    literal = json.JSONEncoder(separators=(", ", " = ")).encode  # JSON with = for : is valid TOML
    lines = ["# What students see of the assignment. Made by `grader release`.", ""]
    lines += [f"{name} = {literal(value)}" for name, value in data.items() if not isinstance(value, dict)]
    for name, table in data.items():
        if isinstance(table, dict):
            lines += ["", f"[{name}]", *(f"{literal(key)} = {literal(item)}" for key, item in table.items())]
    return "\n".join(lines) + "\n"


def find_secrets(assignment: Assignment, files: Mapping[str, bytes]) -> list[str]:
    """List the secrets that the files contain, one line each. If the list is empty, students may get the files."""
    secrets = dict(secret_lines(assignment))
    escaped = {secret: json.dumps(secret, ensure_ascii=False)[1:-1] for secret in secrets}
    found = []
    for name, content in files.items():
        text = content.decode("utf-8", "replace")
        for secret, place in secrets.items():
            if secret in text or escaped[secret] in text:
                found.append(f"{name} contains {secret!r}, which is from {place}")
    return found


def secret_lines(assignment: Assignment) -> Iterator[tuple[str, str]]:
    """Yield every line or name that students must not see, and the file that contains it."""
    # Public fixtures contain the ids of visible checks, so a hidden id that is part of a visible id is not a secret.
    visible = " ".join(check.id for check in assignment.checks if check.visibility == VISIBLE)
    ids = [check.id for check in assignment.checks if check.visibility != VISIBLE]
    yield from ((name, "a hidden check") for name in ids if name not in visible)
    folder, students = assignment.folder, [assignment.reference / name for name in assignment.student_files]
    shown = [line for path in source_files(assignment.reference) for line in source_lines(path, solved=False)]
    shown += [line for path in source_files(folder / "checks/public") for line in source_lines(path, solved=False)]
    hidden = {path: source_lines(path, solved=True) for path in students}
    hidden |= {path: source_lines(path, solved=False) for path in source_files(folder / "checks/hidden")}
    hidden |= {path: code_of(read_text(path)) for path in source_files(folder / "misconceptions")}
    yield from lines_not_in(shown, hidden)
    # Students may see a line of a notebook's solution if a notebook also shows it outside of its solutions.
    # The reference's solutions were searched above, so for them this exception does not hold.
    notebooks = source_files(folder / "notebooks")
    shown += [line for path in notebooks for line in source_lines(path, solved=False, behind="# ")]
    yield from lines_not_in(shown, {path: source_lines(path, solved=True, behind="# ") for path in notebooks})


def lines_not_in(shown: Iterable[str], hidden: Mapping[Path, list[str]]) -> Iterator[tuple[str, str]]:
    open_text = "\n".join(shown)
    for path, lines in hidden.items():
        for line in map(str.strip, lines):
            if len(line) >= SHORTEST and line not in open_text:
                yield line, f"{path.parent.name}/{path.name}"


def source_lines(path: Path, *, solved: bool, behind: str = "") -> list[str]:
    """Return the lines of a source file inside its solutions (`solved`), or the lines outside of them.

    behind: a prefix to remove from each line, such as the "# " of text in a notebook's source.
    """
    lines = [line.strip().removeprefix(behind) for line in read_text(path).split("\n")]
    regions = find_regions(str(path), "\n".join(lines))
    marks = {number for one in regions for number in (one.begin, one.end)}
    return [
        line
        for number, line in enumerate(lines, start=1)
        if number not in marks and any(one.holds(number) for one in regions) == solved
    ]


def code_of(text: str) -> list[str]:
    """Return the lines of a misconceptions file that are secret: all but imports and hints, which students may see.

    Hints are in decorators, or in string constants that several decorators use.
    """
    lines = text.split("\n")
    for node in ast.walk(ast.parse(text)):
        nodes: Sequence[ast.stmt | ast.expr] = ()
        match node:
            case ast.FunctionDef():
                nodes = node.decorator_list
            case ast.Import() | ast.ImportFrom() | ast.Assign(value=ast.Constant(value=str())):
                nodes = [node]
        for one in nodes:
            for number in range(one.lineno, (one.end_lineno or one.lineno) + 1):
                lines[number - 1] = ""
    return lines


def source_files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.suffix in TEXT]
