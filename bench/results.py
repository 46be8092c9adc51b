"""`python -m bench.results`: every part, one after the other, and bench/RESULTS.md from their rows.

    PARTS ─► lacks anything? ─yes─► said, nothing is run
                └─no─► each in a process of its own ─► rows ─► all came? ─► the page, whole

Each part has a process of its own, so that none measures with the threads or the memory of another. A part that fails
ends the run, and the page that there was stays. Exits with 1 if a bar is missed, with 2 if something lacks.

    python -m bench.results --only jobs --only cluster     these parts alone, on the terminal; the page is not written
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from pathlib import Path

from bench import machine
from bench.page import Section, page_of, section_lines, write_page
from bench.row import Part, told, write_bytecode

PAGE = machine.ROOT / machine.OWN_PAGE
# By name, in the order of the page. What uses threads of its own comes last.
MODULES = {
    "peers": "bench.peers.__main__",
    "jobs": "bench.jobs",
    "overhead": "bench.overhead",
    "cluster": "bench.cluster",
    "many": "bench.many",
    "isolation_cost": "bench.isolation_cost",
    "serve": "bench.serve",
    "student_wait": "bench.student_wait",
    "fast_layers": "bench.fast_layers",
}


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.results", description="Run the benchmarks; write their page."
    )
    parser.add_argument("--only", action="append", choices=list(MODULES), help="these parts; the page is not written")
    parser.add_argument("--peers", type=Path, help="where otter and nbgrader are, if not where make bench has them")
    options = parser.parse_args(words)
    own = {"peers": ["--peers", str(options.peers)]} if options.peers else {}
    chosen = {name: own.get(name, []) for name in MODULES if options.only is None or name in options.only}
    lacking = [lack for name, own_words in chosen.items() if (lack := lack_of(MODULES[name], own_words))]
    if lacking:
        print("\n".join(f"bench: {lack}" for lack in lacking), file=sys.stderr)
        return 2
    write_bytecode()
    facts = machine.facts()
    sections = [run_apart(MODULES[name], own_words) for name, own_words in chosen.items()]
    missed = [row for section in sections for row in section.rows if row.missed]
    if options.only is None:
        write_page(PAGE, page_of(facts, sections))
        print(f"written: bench/{PAGE.name}")
    else:
        print("\n".join(text for section in sections for text in ["", *section_lines(section)]))
    print(f"{len(missed)} bars missed" + "".join(f"\n    {row.figure}: {row.measured}, {row.asked}" for row in missed))
    return 1 if missed else 0


def part_of(module: str) -> Part:
    part: Part = import_module(module).PART
    return part


def lack_of(module: str, words: Sequence[str]) -> str:
    part = part_of(module)
    return part.lacks(part.options(words))


def run_apart(module: str, words: Sequence[str]) -> Section:
    """Run one part with its own defaults, in a fresh process. Raises what ended it."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(run_here, module, words).result()


def run_here(module: str, words: Sequence[str]) -> Section:
    part = part_of(module)
    options = part.options(words)
    print(f"\n{part.title}: {part.how}", flush=True)
    began = time.perf_counter()
    rows = tuple(told(part.rows(options)))
    took_s = time.perf_counter() - began
    return Section(part.name, part.title, part.how, rows, dict(part.versions(options)), took_s)


if __name__ == "__main__":
    sys.exit(main())
