"""Builds a student's folder like that of a release, with stubs for solutions, and runs `grader check` in it."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
from collections.abc import Collection
from pathlib import Path

from cases import ROOT
from click.testing import CliRunner
from rich.console import Console

from grader.cli.check import watch
from grader.cli.commands import cli
from grader.student.own_run import find_place, read_own, run_own

STUDENT_FILES = ("layers.py", "optim.py", "classifiers/fc_net.py", "classifiers/cnn.py")


def release_assignment(folder: Path) -> None:
    """The public part of the assignment, without hidden checks, sources of misconceptions and the reference."""
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
    """The package: the reference, with a stub for each function except these; None: no stubs."""
    shutil.copytree(ROOT / "reference", folder, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyx", "*.h"))
    for file in STUDENT_FILES:
        fill_in(folder, file, written)


def fill_in(folder: Path, file: str, written: Collection[str] | None) -> None:
    source = (ROOT / "reference" / file).read_text()
    (folder / file).write_text(source if written is None else blanked(source, written))


def blanked(source: str, written: Collection[str]) -> str:
    """The source with stubs for its public functions and the methods of its classes, except the written ones."""
    lines = source.splitlines(keepends=True)
    for node in reversed(ast.parse(source).body):
        if getattr(node, "name", "_").startswith("_") or node.name in written:
            continue
        methods = node.body if isinstance(node, ast.ClassDef) else [node]
        for method in reversed([part for part in methods if isinstance(part, ast.FunctionDef)]):
            first = method.body[0]
            lines[first.lineno - 1 : method.end_lineno] = [" " * first.col_offset + "raise NotImplementedError\n"]
    return "".join(lines)


def check(*args):
    """Run the command; return its exit code and its output, without line breaks by width."""
    done = CliRunner().invoke(cli, ["check", *map(str, args)], standalone_mode=False, env={"COLUMNS": "200"})
    if done.exception is not None:
        raise done.exception
    return done.return_value, done.output


def row(output, name):
    """The row of a function in the table."""
    return re.search(rf"^{name} +(right|wrong|not there yet|waiting)\b", output, re.MULTILINE)[1]


class Saves:
    """A sequence of changes that the test makes."""

    def __init__(self, *actions):
        self.actions = actions

    def __iter__(self):
        for action in self.actions:
            action()
            yield


def watched(student, *actions):
    """The output of `watch` for each of these changes, and the last result. A first run comes before them."""
    place = find_place(student)
    submission = read_own(place)
    result = run_own(place, place.functions, submission)
    console = Console(record=True, width=200, file=open(os.devnull, "w"))  # noqa: SIM115
    texts = []

    def noting(action):
        def act():
            texts.append(console.export_text())
            action()

        return act

    last = watch(place, place.functions, result, submission, console, Saves(*map(noting, actions)))
    texts.append(console.export_text())
    console.file.close()
    return texts[1:], last
