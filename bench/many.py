"""From a hundred submissions to ten thousand, with one cheap check each: what does a class of that size cost?

    python -m bench.many 100 1000 10000        sizes; the bars hold for the largest if that is 10,000

Every size is one run of the real command in a process of its own, on generated submissions that are right, wrong, raise
or are not written, then a second one that finds everything graded. Printed as ratios of the last to the first size a
submission, with what is compared to the bars: the median of the last thousand (or tenth) to that of the first, the
parent's peak memory, and the time to write the class page and to open it in Chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

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
from grader.judging.checks import check

@check("one.double", name="five")
def five(student, rng):
    """Five numbers."""
    return {"out": student.one.double(rng.randn(5))}
'''
# Told at the end by the process that graded: its own peak, without its children's, and how long the class page took.
RUN = """
import resource, sys, time
from grader import batch
from grader.cli.commands import cli
finish = batch.Batch.finish
def timed(self):
    began = time.perf_counter()
    finish(self)
    print("finish_s", time.perf_counter() - began, file=sys.stderr)
batch.Batch.finish = timed
code = cli.main(sys.argv[1:], standalone_mode=False)
print("peak_kib", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""
BAR_SIZE, BAR_DRIFT, BAR_MIB, BAR_PAGE_S, BAR_OPEN_S = 10_000, 1.25, 500, 10, 2


@dataclass(frozen=True)
class Cost:
    """Of one size: seconds, memory and bytes; drift: how long the last take, of what the first do."""

    size: int
    run_s: float
    again_s: float
    drift: float
    page_s: float
    peak_mib: float
    again_mib: float
    output_mib: float
    page_mib: float
    open_s: float | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sizes", nargs="*", type=int, default=[100, 1000, 10_000])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--sandbox", default="auto")
    options = parser.parse_args()
    costs = []
    for size in options.sizes:
        with tempfile.TemporaryDirectory(prefix="bench-many-") as folder:
            costs.append(measure(Path(folder), size, options.jobs, options.sandbox))
        show(costs[-1])
    first, last = costs[0], costs[-1]
    ratio = (last.run_s / last.size) / (first.run_s / first.size)
    print(f"a submission of {last.size} costs {ratio:.2f} of what one of {first.size} does")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    print(
        f"{options.jobs} jobs, sandbox {options.sandbox}, {os.cpu_count()} cores, {memory} GiB, {platform.machine()}, "
        f"Python {platform.python_version()}, NumPy {np.__version__}"
    )
    sys.exit(1 if last.size >= BAR_SIZE and misses(last) else 0)


def measure(folder: Path, size: int, jobs: int, sandbox: str) -> Cost:
    write(folder, size)
    words = ["grade", "class", "--assignment", "assignment", "--out", "out", "--log-format", "json"]
    words += ["--jobs", str(jobs), "--sandbox", sandbox]
    run_s, events, facts = run(folder, words)
    ends = [event["elapsed_s"] for event in events if event["event"] == "result"]
    # As many at once as there are jobs: it does not matter which ends first. The first ones start the workers.
    steps = [later - earlier for earlier, later in zip(ends, ends[jobs:], strict=False)][jobs:]
    part = min(1000, max(1, size // 10))
    again_s, _, again = run(folder, words)
    out = folder / "out"
    return Cost(
        size=size,
        run_s=run_s,
        again_s=again_s,
        drift=statistics.median(steps[-part:]) / statistics.median(steps[:part]),
        page_s=facts["finish_s"],
        peak_mib=facts["peak_kib"] / 1024,
        again_mib=again["peak_kib"] / 1024,
        output_mib=sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 2**20,
        page_mib=(out / "index.html").stat().st_size / 2**20,
        open_s=open_page(out / "index.html"),
    )


def write(folder: Path, size: int) -> None:
    files = {
        "assignment/assignment.toml": TOML + limits(),
        "assignment/checks/public/one.py": CHECK,
        "reference/__init__.py": "",
        "reference/one.py": SOURCES[0],
    }
    files |= {f"class/s{number}/one.py": SOURCES[number % len(SOURCES)] for number in range(size)}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    made = [sys.executable, "-m", "grader.cli.main", "fixtures", "--assignment", str(folder / "assignment")]
    subprocess.run(made, cwd=ROOT, check=True, capture_output=True)


def limits() -> str:
    """Those of the project's own assignment."""
    text = (ROOT / "assignment/assignment.toml").read_text()
    return text.partition("[limits]")[2].partition("\n[")[0]


def run(folder: Path, words: list[str]) -> tuple[float, list[dict[str, Any]], dict[str, float]]:
    program = folder / "run.py"
    program.write_text('if __name__ == "__main__":\n' + "".join(f"    {line}\n" for line in RUN.splitlines()))
    began = time.perf_counter()
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, str(program), *words], cwd=folder, env=env, capture_output=True, text=True)
    took = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"bench: {done.stderr[-2000:]}")
    facts = {name: float(value) for name, value in re.findall(r"^(\w+) ([0-9.e-]+)$", done.stderr, re.MULTILINE)}
    return took, [json.loads(line) for line in done.stdout.splitlines()], facts


def open_page(page: Path) -> float | None:
    """Seconds from the request until Chromium has laid the page out and run its script; None without Chromium."""
    chromium = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if chromium is None:
        return None
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        times = []
        for _ in range(3):
            tab = browser.new_page()
            began = time.perf_counter()
            tab.goto(page.as_uri())
            tab.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            times.append(time.perf_counter() - began)
            tab.close()
        browser.close()
    return statistics.median(times)


def show(cost: Cost) -> None:
    opened = "no Chromium" if cost.open_s is None else f"{cost.open_s:.2f} s in Chromium"
    print(
        f"{cost.size:>6} submissions: {cost.run_s:.1f} s, {1000 * cost.run_s / cost.size:.0f} ms each, "
        f"the last {cost.drift:.2f} of the first; again {cost.again_s:.1f} s\n"
        f"       parent {cost.peak_mib:.0f} MiB, again {cost.again_mib:.0f} MiB; output {cost.output_mib:.1f} MiB; "
        f"class page {cost.page_mib:.1f} MiB, written in {cost.page_s:.2f} s, {opened}",
        flush=True,
    )


def misses(cost: Cost) -> list[str]:
    """The bars that are not met, said."""
    measured = [
        ("the last to the first", cost.drift, BAR_DRIFT),
        ("MiB in the parent", max(cost.peak_mib, cost.again_mib), BAR_MIB),
        ("s for the class page", cost.page_s, BAR_PAGE_S),
        ("s in Chromium", cost.open_s or 0.0, BAR_OPEN_S),
    ]
    missed = [f"{name}: {value:.2f}, expected at most {bar}" for name, value, bar in measured if value > bar]
    for line in missed:
        print(f"bench: {line}")
    return missed


if __name__ == "__main__":
    main()
