"""`python -m bench.many 100 1000 10000`: what does a class of that size cost, with one cheap check each?

Every size is one run of the real command in a process of its own (bench/timed_grade.py), on generated submissions that
are right, wrong, raise or are not written, no two of them the same, then a second run that finds everything graded.

    drift      the time of twenty submissions: the median over the last thousand (or quarter), to that over the first;
               so, too, the processor time of the parent, which other programs do not lengthen
    page       all that the end of the run writes: class page, grades.csv, answers.csv
    opened     in Chromium: from the request until the page is laid out and its script has run

The bars hold for 10,000; of smaller classes the figures are printed without.
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
AT_ENDS = 1000  # submissions at the beginning and at the end that are compared; of a smaller class, a quarter
BLOCK = 20  # of which one time is taken: several at once are done, so that the time of one says little


@dataclass(frozen=True)
class Cost:
    """Of one size. drift: how long the last submissions take, of what the first do; parent: the command's process."""

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
        return "no Chromium or no playwright, to open the class page with. Install Debian's chromium; run make setup."
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
        sys.exit(f"bench: {len(again['done_s'])} submissions were graded again, expected none.")
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
    """How long a block of submissions takes at the end, of what it does at the beginning: medians of both.

    times: of a clock, at which each submission was done.
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
    """Those of the project's own assignment."""
    text = (ROOT / "assignment/assignment.toml").read_text()
    return text.partition("[limits]")[2].partition("\n[")[0]


def run(folder: Path, words: list[str]) -> tuple[float, dict[str, Any]]:
    """Seconds of the whole command, and what timed_grade.py tells of it."""
    told, env = folder / "facts.json", {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bench.timed_grade", str(told), *words]
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    took = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"bench: {done.stderr[-2000:]}")
    return took, json.loads(told.read_text())


def open_page(page: Path) -> float:
    """Seconds from the request until Chromium has laid the page out and run its script; each time a new browser."""
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
    """Of one size. first: the smallest class, which the time a submission is compared with."""
    at, barred = f"{cost.size:,}", cost.size >= BAR_SIZE

    def held(figure: str, value: float, unit: str, bar: float, of: str = "") -> Row:
        return Row(f"{at} submissions: {figure}", value, unit, bar if barred else None, at_most=barred, of=of)

    each_ms, first_ms = (1000 * one.run_s / one.size for one in (cost, first))
    yield Row(f"{at} submissions: whole command", cost.run_s, "s", of=f"{each_ms:.1f} ms a submission")
    if cost is not first:
        yield Row(f"{at} submissions: time per submission, to a class of {first.size:,}", each_ms / first_ms, "x")
    yield held("time per submission, end of the run to its beginning", cost.drift, "x", BAR_DRIFT)
    said = f"{cost.parent_ms:.1f} ms of processor time a submission"
    yield Row(f"{at} submissions: the same for processor time of the parent", cost.parent_drift, "x", of=said)
    yield Row(
        f"{at} submissions: second run, nothing to grade",
        cost.again_s,
        "s",
        of=f"{1000 * cost.again_s / cost.size:.1f} ms each",
    )
    said = f"{cost.peak_mib:.0f} MiB, again {cost.again_mib:.0f} MiB"
    yield held("peak memory of the parent", max(cost.peak_mib, cost.again_mib), "MiB", BAR_MIB, said)
    said = f"{1024 * cost.output_mib / cost.size:.1f} KiB a submission"
    yield Row(f"{at} submissions: size of the output", cost.output_mib, "MiB", of=said)
    yield held("class page and tables written", cost.page_s, "s", BAR_PAGE_S, f"a page of {cost.page_mib:.1f} MiB")
    yield held("class page opened in Chromium", cost.open_s, "s", BAR_OPEN_S)


PART = Part(
    "many",
    "From 100 to 10,000",
    "Generated submissions, no two the same, with one cheap check each; as many jobs as cores. End of the run to its "
    f"beginning: time of {BLOCK} submissions, median over the last thousand (of small classes, over the last quarter), "
    "divided by the same over the first.",
    rows,
    add_options,
    lacks,
)

if __name__ == "__main__":
    sys.exit(run_alone(PART))
