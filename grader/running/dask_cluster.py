"""A Dask cluster as an executor: grades the same submissions on other machines.

    parent ──bundle of the assignment, once──► every worker, as soon as it joins: into its own scratch folder
           ──submission as bytes─────────────► a worker ──Result──► parent, which stores it and writes the pages

Workers need this grader installed, the same Python and NumPy for submissions, and a sandbox; they need no shared disk.
A worker whose environment could change marks raises an error that names the difference. If a worker dies, Dask retries
its submissions on another worker. The scheduler holds at most a window of submissions, which grows when workers join.
Needs the extra `cluster`. Documentation: docs/cluster.md.
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
PER_THREAD: Final = 2  # submissions per thread of a worker: one is being graded, one waits
RETRIES: Final = 2  # retries after an exception in a task; after the death of a worker, Dask's allowed-failures counts


@dataclass(frozen=True)
class Bundle(WorkerPlugin):
    """The files of an assignment that grading needs, as one zip.

    The bundle is a plugin of Dask: each worker unpacks it into its scratch folder before the first task. python: the
    Python that runs submissions on all workers; if None, each worker uses its own.
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
        for name, content in sorted(files.items()):  # a fixed date, so that the same assignment gives the same bundle
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return Bundle(packed.getvalue(), settings, python, tuple(sorted(context.environment.items())))


def unpack(bundle: Bundle, folder: Path) -> None:
    """Unpack atomically, because several processes may unpack at once, and one of them may die while it unpacks."""
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


def run_on_worker(bundle_name: str, fn: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Run a task on a worker. The settings of the task are changed to the worker's own copy of the assignment.

    Raises GraderError if Python, NumPy, sandbox or grader of this machine differ from the parent's.
    """
    worker = get_worker()
    bundle: Any = worker.plugins[bundle_name]
    settings = bundle.settings_in(Path(worker.local_directory))
    here, expected = prepare(settings).environment, dict(bundle.environment)
    for name, value in expected.items():
        if here.get(name) != value:
            raise GraderError(
                f"worker {worker.address}: {name} {here.get(name)} found, expected {value}, as where the command runs. "
                "Marks must not depend on the machine. Install the same version on both."
            )
    return fn(*(settings if isinstance(arg, Settings) else arg for arg in args))


class ClusterExecutor(Executor):
    """Grades submissions on the workers of one scheduler. The end of its `with` block cancels unfinished tasks."""

    def __init__(self, address: str, settings: Settings, context: Context, *, python: str | None = None) -> None:
        """address: the scheduler's address, or its scheduler file. python: see Bundle.

        Raises UsageError if no scheduler answers at this address.
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
        """How many submissions may be submitted at once, with the current number of workers."""
        threads: dict[str, int] = self.client.nthreads()
        return PER_THREAD * max(1, sum(threads.values()))

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = self.inner.submit(run_on_worker, self.bundle.name, fn, args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.inner.shutdown(wait=False)
        self.client.close()
