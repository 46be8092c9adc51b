"""`python -m bench.many 100 1000 10000`: the cost of grading a class of that size, with one cheap check per submission.

For each size, this runs the real command in its own process (bench/timed_grade.py). The submissions are generated and
all different; they are right, wrong, raise or are not written. A second run then finds that everything is graded.

    drift      time of twenty submissions: the median over the last thousand (or quarter) to the median over the first;
               also for processor time of the parent, which does not depend on other programs
    page       everything that the end of the run writes: class page, grades.csv, answers.csv
    opened     in Chromium: from the request until the page is laid out and its script has run

The figures of 10,000 submissions must meet bars (required values); those of smaller classes have none.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench import machine
from bench.row import Options, Part, Row, run_alone

ROOT = Path(__file__).resolve().parents[1]
SOURCES = (
    "def double(x):\n    return 2 * x\n",
    "def double(x):\n    return 3 * x\n",
    "def double(x):\n    raise ValueError('no')\n",
    "def double(x):\n    raise NotImplementedError\n",
)
TOML = """
title = "One check"
package = "one"
reference = "../reference"
student_files = ["one.py"]
handed_out = []
[points]
"one.double" = 10
[limits]
"""
CHECK = '''
from grader.checks import check

@check("one.double", name="five")
def five(student, rng):
    """Five numbers."""
    return {"out": student.one.double(rng.randn(5))}
'''
BAR_SIZE, BAR_DRIFT, BAR_MIB, BAR_PAGE_S, BAR_OPEN_S = 10_000, 1.25, 500, 10, 2
AT_ENDS = 1000  # submissions at each end of the run that are compared; at most a quarter of the class
BLOCK = 20  # submissions per measured time: they run in parallel, so the time of a single one means little


@dataclass(frozen=True)
class Cost:
    """The cost of one size. drift: time of the last submissions divided by that of the first. parent: the command's
    process."""

    size: int
    run_s: float
    again_s: float
    drift: float
    parent_drift: float
    parent_ms: float
    page_s: float
    peak_mib: float
    again_mib: float
    output_mib: float
    page_mib: float
    open_s: float


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sizes", nargs="*", type=int, default=[100, 1000, BAR_SIZE])
    parser.add_argument("--jobs", type=int, default=machine.cores())
    parser.add_argument("--sandbox", default="auto")


def lacks(options: Options) -> str:
    if shutil.which("chromium") is None or find_spec("playwright") is None:
        return "Chromium or playwright is missing; they open the class page. Install Debian's chromium; run make setup."
    return ""


def rows(options: Options) -> Iterator[Row]:
    costs = []
    for size in options.sizes:
        with tempfile.TemporaryDirectory(prefix="bench-many-") as folder:
            costs.append(measure(Path(folder), size, options.jobs, options.sandbox))
        yield from rows_of(costs[-1], costs[0])


def measure(folder: Path, size: int, jobs: int, sandbox: str) -> Cost:
    write(folder, size)
    words = ["grade", "class", "--assignment", "assignment", "--out", "out", "--log-format", "json"]
    words += ["--jobs", str(jobs), "--sandbox", sandbox]
    run_s, facts = run(folder, words)
    if len(facts["done_s"]) != size:
        sys.exit(f"bench: {len(facts['done_s'])} of {size} submissions were graded.")
    again_s, again = run(folder, words)
    if again["done_s"]:
        sys.exit(f"bench: the second run graded {len(again['done_s'])} submissions again, expected none.")
    out = folder / "out"
    return Cost(
        size=size,
        run_s=run_s,
        again_s=again_s,
        drift=drift(facts["done_s"]),
        parent_drift=drift(facts["parent_s"]),
        parent_ms=1000 * facts["parent_s"][-1] / size,
        page_s=max(facts["finish_s"], again["finish_s"]),
        peak_mib=facts["peak_kib"] / 1024,
        again_mib=again["peak_kib"] / 1024,
        output_mib=sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 2**20,
        page_mib=(out / "index.html").stat().st_size / 2**20,
        open_s=open_page(out / "index.html"),
    )


def drift(times: Sequence[float]) -> float:
    """Return the median time of a block of submissions at the end of the run, divided by that at the beginning.

    times: when each submission was finished.
    """
    part = min(AT_ENDS, max(1, len(times) // 4))
    block = BLOCK if part >= 5 * BLOCK else min(len(SOURCES), part)

    def median_of(ends: Sequence[float]) -> float:
        return statistics.median(ends[k + block] - ends[k] for k in range(0, len(ends) - block, block))

    return median_of(times[-part - 1 :]) / median_of(times[: part + 1])


def write(folder: Path, size: int) -> None:
    files = {
        "assignment/assignment.toml": TOML + limits(),
        "assignment/checks/public/one.py": CHECK,
        "reference/__init__.py": "",
        "reference/one.py": SOURCES[0],
    }
    sources = (SOURCES[number % len(SOURCES)] + f"# of s{number}\n" for number in range(size))
    files |= {f"class/s{number}/one.py": source for number, source in enumerate(sources)}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    made = [sys.executable, "-m", "grader.cli.main", "fixtures", "--assignment", str(folder / "assignment")]
    subprocess.run(made, cwd=ROOT, check=True, capture_output=True)


def limits() -> str:
    """Return the limits of the project's own assignment."""
    text = (ROOT / "assignment/assignment.toml").read_text()
    return text.partition("[limits]")[2].partition("\n[")[0]


def run(folder: Path, words: list[str]) -> tuple[float, dict[str, Any]]:
    """Return the seconds of the whole command, and the facts that timed_grade.py wrote about it."""
    facts_file, env = folder / "facts.json", {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bench.timed_grade", str(facts_file), *words]
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    took = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"bench: {done.stderr[-2000:]}")
    return took, json.loads(facts_file.read_text())


def open_page(page: Path) -> float:
    """Return the seconds from the request until Chromium has laid out the page and run its script, in a new browser
    each time."""
    from playwright.sync_api import sync_playwright

    times = []
    with sync_playwright() as driver:
        for _ in range(3):
            browser = driver.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            tab = browser.new_page()
            began = time.perf_counter()
            tab.goto(page.as_uri())
            tab.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            times.append(time.perf_counter() - began)
            browser.close()
    return statistics.median(times)


def rows_of(cost: Cost, first: Cost) -> Iterator[Row]:
    """Return the rows of one size. first: the cost of the smallest class, for comparison."""
    at, barred = f"{cost.size:,}", cost.size >= BAR_SIZE

    def held(figure: str, value: float, unit: str, bar: float, of: str = "") -> Row:
        return Row(f"{at} submissions: {figure}", value, unit, bar if barred else None, at_most=barred, of=of)

    each_ms, first_ms = (1000 * one.run_s / one.size for one in (cost, first))
    yield Row(f"{at} submissions: whole command", cost.run_s, "s", of=f"{each_ms:.1f} ms per submission")
    if cost is not first:
        yield Row(f"{at} submissions: time per submission, to a class of {first.size:,}", each_ms / first_ms, "x")
    yield held("time per submission, end of the run to its beginning", cost.drift, "x", BAR_DRIFT)
    said = f"{cost.parent_ms:.1f} ms of processor time per submission"
    figure = "processor time of the parent per submission, end of the run to its beginning"
    yield Row(f"{at} submissions: {figure}", cost.parent_drift, "x", of=said)
    yield Row(
        f"{at} submissions: second run, nothing to grade",
        cost.again_s,
        "s",
        of=f"{1000 * cost.again_s / cost.size:.1f} ms each",
    )
    said = f"first run {cost.peak_mib:.0f} MiB, second run {cost.again_mib:.0f} MiB"
    yield held("peak memory of the parent", max(cost.peak_mib, cost.again_mib), "MiB", BAR_MIB, said)
    said = f"{1024 * cost.output_mib / cost.size:.1f} KiB per submission"
    yield Row(f"{at} submissions: size of the output", cost.output_mib, "MiB", of=said)
    said = f"a page of {cost.page_mib:.1f} MiB"
    yield held("writing the class page and the tables", cost.page_s, "s", BAR_PAGE_S, said)
    yield held("opening the class page in Chromium", cost.open_s, "s", BAR_OPEN_S)


PART = Part(
    "many",
    "From 100 to 10,000",
    "Generated submissions, all different, with one cheap check each; as many jobs as cores. The ratio of the end of "
    f"the run to its beginning: the median time of {BLOCK} submissions over the last thousand (in small classes, the "
    "last quarter), divided by the median over the first.",
    rows,
    add_options,
    lacks,
)

if __name__ == "__main__":
    sys.exit(run_alone(PART))
