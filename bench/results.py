"""`python -m bench.results`: runs every part in turn and writes bench/RESULTS.md from their rows.

    MODULES ─► something missing? ─yes─► print it, run nothing
                └─no─► run each part in its own process ─► rows of all parts ─► write the page atomically

Each part has its own process, so that its figures do not depend on threads or memory of another part. If a part fails,
the run ends and the old page stays. Exits with 1 if a bar is missed, with 2 if something that a part needs is missing.

    python -m bench.results --only jobs --only cluster     runs only these parts, prints them, and writes no page
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
from bench.row import Part, print_rows, write_bytecode

PAGE = machine.ROOT / machine.OWN_PAGE
# By name, in the order of the page. The part that uses several threads comes last.
MODULES = {
    "peers": "bench.peers.__main__",
    "jobs": "bench.jobs",
    "overhead": "bench.overhead",
    "cluster": "bench.cluster",
    "many": "bench.many",
    "hand_back": "bench.hand_back",
    "isolation_cost": "bench.isolation_cost",
    "serve": "bench.serve",
    "student_wait": "bench.student_wait",
    "fast_layers": "bench.fast_layers",
}


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.results", description="Run the benchmarks; write their page."
    )
    parser.add_argument(
        "--only", action="append", choices=list(MODULES), help="run only this part and write no page; repeatable"
    )
    parser.add_argument("--peers", type=Path, help="folder of otter and nbgrader, if not that of make bench")
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
    """Run one part with its own defaults, in a fresh process. Raises the exception that ended it."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(run_here, module, words).result()


def run_here(module: str, words: Sequence[str]) -> Section:
    part = part_of(module)
    options = part.options(words)
    print(f"\n{part.title}: {part.how}", flush=True)
    began = time.perf_counter()
    rows = tuple(print_rows(part.rows(options)))
    took_s = time.perf_counter() - began
    return Section(part.name, part.title, part.how, rows, dict(part.versions(options)), took_s)


if __name__ == "__main__":
    sys.exit(main())
