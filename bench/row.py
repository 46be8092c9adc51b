"""What a benchmark hands on: rows, each one figure with its bar. No one reads them back out of printed text.

    a part (bench/jobs.py, …) ─► rows ─► lines on the terminal      python -m bench.jobs
                                    └──► a table of bench/RESULTS.md  python -m bench.results

A module that is a part has PART, and a main that runs it alone.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench import machine

Options = argparse.Namespace


@dataclass(frozen=True)
class Row:
    """A figure as it was measured. bar: what is asked of it, None if nothing is; at_most: from above, else from below.

    of: the measured quantities that a ratio or a rest was made from, for people to read.
    """

    figure: str
    value: float
    unit: str
    bar: float | None = None
    at_most: bool = False
    of: str = ""

    @property
    def missed(self) -> bool:
        """What is no number misses every bar."""
        if self.bar is None:
            return False
        return not (self.value <= self.bar if self.at_most else self.value >= self.bar)

    @property
    def measured(self) -> str:
        return shown(self.value, self.unit)

    @property
    def asked(self) -> str:
        return "" if self.bar is None else f"at {'most' if self.at_most else 'least'} {shown(self.bar, self.unit)}"

    @property
    def verdict(self) -> str:
        return "" if self.bar is None else "MISSED" if self.missed else "met"


@dataclass(frozen=True)
class Part:
    """One benchmark. how: what is measured and how, in a sentence or two.

    rows: measures, and yields each row when it has it. lacks: says what is not there that it needs, or "".
    versions: of what it is compared with, by name.
    """

    name: str
    title: str
    how: str
    rows: Callable[[Options], Iterable[Row]]
    add_options: Callable[[argparse.ArgumentParser], None] = lambda parser: None
    lacks: Callable[[Options], str] = lambda options: ""
    versions: Callable[[Options], Mapping[str, str]] = lambda options: {}

    def options(self, words: Sequence[str] | None = None) -> Options:
        """From the words of a command line; None: this process's own."""
        parser = argparse.ArgumentParser(prog=f"python -m bench.{self.name}", description=self.how)
        self.add_options(parser)
        return parser.parse_args(words)


def run_alone(part: Part, words: Sequence[str] | None = None) -> int:
    """Measure one part and print its rows. Returns the exit code: 1 if a bar is missed, 2 if something lacks."""
    options = part.options(words)
    if lack := part.lacks(options):
        print(f"bench: {lack}")
        return 2
    write_bytecode()
    print(f"{part.title}: {part.how}", flush=True)
    missed = [row.missed for row in told(part.rows(options))]
    print(machine.line(part.versions(options)))
    return 1 if any(missed) else 0


def write_bytecode() -> None:
    """Let every command that is measured keep its compiled modules, as it does where it is installed."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def told(rows: Iterable[Row]) -> list[Row]:
    """The rows, each printed when it comes."""
    kept = []
    for row in rows:
        print(line(row), flush=True)
        kept.append(row)
    return kept


def line(row: Row) -> str:
    return f"{row.figure:72} {row.measured:>10}  {row.asked:17} {row.verdict:6}  {row.of}".rstrip()


def shown(value: float, unit: str) -> str:
    """Three digits are all that a measurement on one machine is worth; whole numbers stay whole."""
    digits = f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:.3g}"
    return f"{digits}{unit}" if unit in ("x", "") else f"{digits} {unit}"
