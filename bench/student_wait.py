"""Measures how long a student waits: for the first `grader check` on the empty template, and for `--watch` after a
save.

Runs the real command in a folder like that of a release; each time has a bar. The time after a save is measured from
the write of the file to the line that shows the state of the function.

    first check     the whole table of the empty template
    a save          of layers.py with one more layer; and, when everything is written, with a change in the layer that
                    most other functions use
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from bench.row import Options, Part, Row, run_alone
from grader.assignment.load import load_assignment
from grader.assignment.solution_regions import take_out
from grader.authoring.make_template import make_template
from grader.authoring.public_part import public_files

ROOT = Path(__file__).resolve().parents[1]
FIRST_S = 3.0
SAVE_S = 1.0
ROUNDS = 3
# Written one after the other; each save is one wait.
LAYERS = (
    "affine_forward",
    "affine_backward",
    "relu_forward",
    "softmax_loss",
    "conv_forward_naive",
    "conv_backward_naive",
)
SUMMARY = re.compile(r"\d+ right|all public checks passed")
COMMAND = [sys.executable, "-u", "-m", "grader.cli.main", "check"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}


def unpack(folder: Path) -> None:
    assignment = load_assignment(ROOT / "assignment")
    files = {f"assignment/{name}": content for name, content in public_files(assignment).items()}
    for name, content in {**make_template(assignment), **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def student_file(file: str, written: Collection[str]) -> str:
    """Return a student file of the template with the reference's solutions of these functions and classes."""
    source = (ROOT / "reference" / file).read_text(encoding="utf-8")
    for name in written:
        found = re.search(rf"^(?:def|class) {name}\b.*?(?=\n\n\n|\Z)", source, re.MULTILINE | re.DOTALL)
        if found:
            own = found[0].replace("### BEGIN SOLUTION", "# mine").replace("### END SOLUTION", "# up to here")
            source = source[: found.start()] + own + source[found.end() :]
    return take_out(file, source)


def everything() -> dict[str, str]:
    """Return the student files of the reference."""
    names = load_assignment(ROOT / "assignment").student_files
    return {name: (ROOT / "reference" / name).read_text(encoding="utf-8") for name in names}


def first_check(folder: Path) -> float:
    started = time.perf_counter()
    done = subprocess.run([*COMMAND, str(folder)], env=ENVIRONMENT, capture_output=True, text=True)
    elapsed = time.perf_counter() - started
    if done.returncode != 1 or "0 right" not in done.stdout:
        said = f"{done.stdout[-500:]}{done.stderr[-500:]}"
        sys.exit(f"bench: grader check ended with {done.returncode} on the empty template, expected 1: {said}")
    return elapsed


def saves(folder: Path) -> Iterator[tuple[str, float]]:
    """Yield each function that was saved, and the seconds until the command showed that it is right."""
    states = [
        (name, {"layers.py": student_file("layers.py", LAYERS[:count])}) for count, name in enumerate(LAYERS, start=1)
    ]
    last = everything()
    return watched(folder, "cs231n", [*states, ("", last), (LAYERS[0], {"layers.py": changed(last["layers.py"])})])


def changed(layers: str) -> str:
    """Return the source with one more line in the first layer."""
    return layers.replace("### BEGIN SOLUTION", "changed = True", 1)


def watched(folder: Path, package: str, states: Iterable[tuple[str, dict[str, str]]]) -> Iterator[tuple[str, float]]:
    """Save each state while the command watches. For a state without a name, wait only for the summary."""
    command = [*COMMAND, str(folder), "--watch"]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            wait_for(running.stdout, "Watching ")
            for name, files in states:
                time.sleep(0.5)
                started = time.perf_counter()
                for file, text in files.items():
                    (folder / package / file).write_text(text, encoding="utf-8")
                if name:
                    wait_for(running.stdout, f"{name} ", "right")
                    yield name, time.perf_counter() - started
                wait_for(running.stdout, SUMMARY)
        finally:
            running.terminate()


def wait_for(lines: Iterable[str], start: str | re.Pattern[str], word: str = "") -> None:
    """Read lines until one begins with `start` and contains `word`."""
    for line in lines:
        found = re.match(start, line) if isinstance(start, re.Pattern) else line.startswith(start)
        if found and word in line:
            return
    sys.exit(f"bench: grader check --watch ended before it printed {start!r}")


def rows(options: Options) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "student"
        unpack(folder)
        first = statistics.median(first_check(folder) for _ in range(ROUNDS))
        said = f"median of {ROUNDS}"
        yield Row("first grader check on the empty template", first, "s", FIRST_S, at_most=True, of=said)
        for number, (name, wait) in enumerate(saves(folder)):
            said = "with everything else written" if number == len(LAYERS) else ""
            yield Row(f"--watch: wait after a save of {name}", wait, "s", SAVE_S, at_most=True, of=said)


PART = Part(
    "student_wait",
    "A student's wait",
    "The whole command grader check on the empty template. Then, while grader check --watch runs, the time from a save "
    "to the line that shows whether the function is right.",
    rows,
)

if __name__ == "__main__":
    sys.exit(run_alone(PART))
