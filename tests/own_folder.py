"""A student's folder as a release makes it, built here from the reference and the assignment: blanks for solutions."""

from __future__ import annotations

import ast
import json
import shutil
from collections.abc import Collection
from pathlib import Path

from cases import ROOT

STUDENT_FILES = ("layers.py", "optim.py", "classifiers/fc_net.py", "classifiers/cnn.py")


def release_assignment(folder: Path) -> None:
    """The public part of the assignment: no hidden check, no misconception's source, no reference."""
    own = ROOT / "assignment"
    folder.mkdir(parents=True)
    shutil.copy(own / "assignment.toml", folder)
    shutil.copytree(own / "checks" / "public", folder / "checks" / "public", ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copytree(own / "fixtures" / "public", folder / "fixtures" / "public")
    manifest = json.loads((own / "fixtures" / "manifest.json").read_text())
    for table, start in (("sources", "checks/public/"), ("files", "public/")):
        manifest[table] = {name: digest for name, digest in manifest[table].items() if name.startswith(start)}
    (folder / "fixtures" / "manifest.json").write_text(json.dumps(manifest))


def make_package(folder: Path, *, written: Collection[str] | None = ()) -> None:
    """The package: the reference, with a blank for each function but these; None writes them all."""
    shutil.copytree(ROOT / "reference", folder, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyx", "*.h"))
    for file in STUDENT_FILES:
        fill_in(folder, file, written)


def fill_in(folder: Path, file: str, written: Collection[str] | None) -> None:
    source = (ROOT / "reference" / file).read_text()
    (folder / file).write_text(source if written is None else blanked(source, written))


def blanked(source: str, written: Collection[str]) -> str:
    """The source with nothing in its public functions and its classes' methods, but in those that are written."""
    lines = source.splitlines(keepends=True)
    for node in reversed(ast.parse(source).body):
        if getattr(node, "name", "_").startswith("_") or node.name in written:
            continue
        methods = node.body if isinstance(node, ast.ClassDef) else [node]
        for method in reversed([part for part in methods if isinstance(part, ast.FunctionDef)]):
            first = method.body[0]
            lines[first.lineno - 1 : method.end_lineno] = [" " * first.col_offset + "raise NotImplementedError\n"]
    return "".join(lines)
