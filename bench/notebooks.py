"""Runs the instructor's notebooks in a folder like a student's, and compares their output with the course documents.

Uses CIFAR-10 if CIFAR10_DIR names its folder, else generated images. Each notebook runs in its own kernel, from top to
bottom. Prints the time, and each figure as printed by the documents and as obtained. Exits with 1 if a figure
disagrees, a cell raises, or `check` finds a mistake in the reference.

python -m bench.notebooks --only TrainConvNet
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
import numpy as np
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

from bench.notebook_figures import compare
from grader.assignment.load import Assignment, load_assignment
from grader.assignment.notebook_sources import instructor_notebooks
from grader.authoring.public_part import public_files

ROOT = Path(__file__).resolve().parents[1]
CELL_TIMEOUT_S = 900  # seconds for a busy machine; an idle machine needs at most two minutes
ALL_RIGHT = "passed; hidden checks run only when your work is graded"


@dataclass(frozen=True)
class Run:
    """The output of a notebook. checks: by the name of the check cell. tables: by call of `check`."""

    checks: dict[str, str]
    tables: dict[str, str]
    is_cifar10: bool
    elapsed_s: float
    cpu_s: float


def make_folder(assignment: Assignment, folder: Path) -> Path:
    """Make the folder of a student who has finished: the reference as the package, and the public part of the
    assignment."""
    ignored = shutil.ignore_patterns("__pycache__", "datasets")
    shutil.copytree(assignment.reference, folder / assignment.package, ignore=ignored)
    for name, content in public_files(assignment).items():
        path = folder / "assignment" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def run(content: bytes, folder: Path, **environment: str) -> Run:
    """Execute a notebook in the folder. Raises CellExecutionError for the first cell that does not run."""
    whole = nbformat.reads(content.decode(), as_version=4)
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))  # the kernel imports this grader
    own = {**os.environ, "PYTHONPATH": path, "JUPYTER_PLATFORM_DIRS": "1", **environment}
    started, before = time.perf_counter(), cpu_of_children()
    NotebookClient(whole, timeout=CELL_TIMEOUT_S, resources={"metadata": {"path": str(folder)}}).execute(env=own)
    elapsed_s, cpu_s = time.perf_counter() - started, cpu_of_children() - before
    checks, tables, printed = {}, {}, []
    for cell in whole.cells:
        outputs = cell.get("outputs", [])
        text = "".join(output.text for output in outputs if output.output_type == "stream")
        printed.append(text)
        if cell.metadata.get("grader", {}).get("role") == "check":
            checks[cell.metadata.grader.name] = text
        if cell.source.startswith("check("):
            results = [output.data["text/plain"] for output in outputs if output.output_type == "execute_result"]
            tables[cell.source] = text + "".join(results)
    return Run(checks, tables, "CIFAR-10\n" in "".join(printed), elapsed_s, cpu_s)


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def failed_calls(done: Run) -> list[str]:
    """Return the calls of `check` that found a mistake."""
    return [call for call, shown in done.tables.items() if not shown.endswith(ALL_RIGHT)]


def show(name: str, done: Run) -> bool:
    """Print the result of a notebook; return whether all of it agrees."""
    data = "CIFAR-10" if done.is_cifar10 else "no images or generated ones"
    rows = compare(name, done.checks, is_cifar10=done.is_cifar10)
    wrong = failed_calls(done)
    print(f"{name}: {done.elapsed_s:.0f} s, {done.cpu_s:.0f} s of processor time, {data}")
    for row in rows:
        mark = "  " if row.agrees else "NO"
        print(f"  {mark}  {row.check}: {row.figure}: printed {row.printed}, obtained {row.obtained}")
    for call in wrong:
        print(f"  NO  {call}: {done.tables[call].splitlines()[-1:]}")
    agreed = sum(row.agrees for row in rows)
    right = len(done.tables) - len(wrong)
    print(f"  {agreed} of {len(rows)} figures agree, {right} of {len(done.tables)} checks find all right", flush=True)
    return agreed == len(rows) and not wrong


def main() -> None:
    assignment = load_assignment(ROOT / "assignment")
    notebooks = instructor_notebooks(assignment)
    names = [name.removesuffix(".ipynb") for name in notebooks]
    parser = argparse.ArgumentParser(description="Run the notebooks and compare their figures with the documents'.")
    parser.add_argument("--only", metavar="NAME", choices=names, help=", ".join(names))
    only = parser.parse_args().only
    agreed = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = make_folder(assignment, Path(temporary) / "student")
        for name in [name for name in names if only in (None, name)]:
            try:
                agreed.append(show(name, run(notebooks[f"{name}.ipynb"], folder)))
            except (CellExecutionError, CellTimeoutError) as error:
                print(f"{name}: a cell does not run\n{error}", flush=True)
                agreed.append(False)
    print(
        f"{sum(agreed)} of {len(agreed)} notebooks agree, on Python {platform.python_version()}, NumPy {np.__version__}"
    )
    sys.exit(0 if all(agreed) else 1)


if __name__ == "__main__":
    main()
