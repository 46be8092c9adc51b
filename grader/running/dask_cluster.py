"""A Dask cluster as an executor: the same submissions, graded on other machines.

    parent ──bundle of the assignment, once──► every worker, whenever it joins: into its own scratch folder
           ──submission as bytes─────────────► a worker ──record──► parent, which stores it and makes the pages

Workers need this grader installed, the same Python and NumPy for submissions, and a sandbox; no shared disk. A worker
whose marks could differ refuses with what differs. One that dies costs a retry elsewhere. The scheduler never holds
more than a window of submissions, which grows as workers join. Docs: docs/cluster.md; extra: cluster.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from distributed import Client, WorkerPlugin, get_worker

from grader.errors import GraderError, UsageError
from grader.grading.context import Context, Settings, prepare

CONNECT_S: Final = 10
A_CORE: Final = 2  # submissions a worker's thread that may be under way: one at work, one waiting there
RETRIES: Final = 2  # where a task itself failed; of workers that die, Dask's allowed-failures says how many


@dataclass(frozen=True)
class Bundle(WorkerPlugin):
    """What grading needs of an assignment, as one zip. python: of the workers, or None for each one's own.

    As a plugin it is laid out in a worker's scratch folder before that is given anything to do.
    """

    content: bytes
    settings: Settings
    python: str | None
    environment: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return f"grader-{hashlib.sha256(self.content).hexdigest()[:16]}"

    def setup(self, worker: Any) -> None:
        unpack(self, Path(worker.local_directory))

    def settings_in(self, folder: Path) -> Settings:
        places = {name: str(folder / self.name / name) for name in ("assignment", "reference")}
        return replace(self.settings, **places, scratch=str(folder), python=self.python or sys.executable)


def make_bundle(settings: Settings, context: Context, python: str | None) -> Bundle:
    folder, packed = context.assignment.folder, io.BytesIO()
    paths = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    files = {f"assignment/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in paths}
    reference = {**context.handed_out, **(context.reference_files or {})}
    files |= {f"reference/{name}": content for name, content in reference.items()}
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):  # of one date, so that the same assignment is the same bundle
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return Bundle(packed.getvalue(), settings, python, tuple(sorted(context.environment.items())))


def unpack(bundle: Bundle, folder: Path) -> None:
    """Whole or not at all: several may do it at once, and one may die at it."""
    target = folder / bundle.name
    if target.exists():
        return
    made = Path(tempfile.mkdtemp(prefix=f"{bundle.name}-", dir=folder))
    try:
        with zipfile.ZipFile(io.BytesIO(bundle.content)) as archive:
            archive.extractall(made)
        os.replace(made, target)
    except OSError:
        shutil.rmtree(made, ignore_errors=True)
        if not target.exists():
            raise


def run_there(bundle_name: str, fn: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """On a worker: the task, with settings that name the worker's own copy of the assignment.

    Raises GraderError if this machine would grade by another Python, NumPy, sandbox or grader than the parent's.
    """
    worker = get_worker()
    bundle: Any = worker.plugins[bundle_name]
    settings = bundle.settings_in(Path(worker.local_directory))
    here, expected = prepare(settings).environment, dict(bundle.environment)
    for name, value in expected.items():
        if here.get(name) != value:
            raise GraderError(
                f"worker {worker.address}: {name} {here.get(name)} was found, expected {value} as where the command "
                "was given. Marks must not depend on the machine: make them the same."
            )
    return fn(*(settings if isinstance(arg, Settings) else arg for arg in args))


class ClusterExecutor(Executor):
    """Submissions to grade on the workers of one scheduler. A context manager; leaving it cancels what is left."""

    def __init__(self, address: str, settings: Settings, context: Context, *, python: str | None = None) -> None:
        """address: of the scheduler, or a file that it wrote. python: to run submissions, each worker's own if None.

        Raises UsageError if there is no such scheduler.
        """
        self.bundle = make_bundle(settings, context, python)
        where = {"scheduler_file": address} if os.path.isfile(address) else {"address": address}
        try:
            self.client = Client(**where, timeout=CONNECT_S, set_as_default=False)
            self.client.register_plugin(self.bundle)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"--scheduler {address}: no Dask scheduler answers there ({error}). Start one with `dask scheduler`."
            ) from error
        self.inner = self.client.get_executor(pure=False, retries=RETRIES)

    def window(self) -> int:
        """How many submissions may be handed out, by the workers that there are at this moment."""
        threads: dict[str, int] = self.client.nthreads()
        return A_CORE * max(1, sum(threads.values()))

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = self.inner.submit(run_there, self.bundle.name, fn, args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.inner.shutdown(wait=False)
        self.client.close()
