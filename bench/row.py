"""The records of benchmarks: a Row is one figure with its bar, a Part is one benchmark.

    a part (bench/jobs.py, …) ─► rows ─► lines on the terminal      python -m bench.jobs
                                    └──► a table of bench/RESULTS.md  python -m bench.results

The module of a part defines PART, and a main that runs the part alone.
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
    """One measured figure. bar: its limit, or None; at_most: the bar is an upper limit, else a lower one.

    of: the measured values that a ratio or a difference was computed from, for people to read.
    """

    figure: str
    value: float
    unit: str
    bar: float | None = None
    at_most: bool = False
    of: str = ""

    @property
    def missed(self) -> bool:
        """Whether the value misses the bar; a NaN misses every bar."""
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
    """One benchmark. how: what it measures and how, in a few sentences.

    rows: measures, and yields each row as soon as it is ready. lacks: says what is missing on this machine, or "".
    versions: of the peers, by name.
    """

    name: str
    title: str
    how: str
    rows: Callable[[Options], Iterable[Row]]
    add_options: Callable[[argparse.ArgumentParser], None] = lambda parser: None
    lacks: Callable[[Options], str] = lambda options: ""
    versions: Callable[[Options], Mapping[str, str]] = lambda options: {}

    def options(self, words: Sequence[str] | None = None) -> Options:
        """Parse the words of a command line; None means those of this process."""
        parser = argparse.ArgumentParser(prog=f"python -m bench.{self.name}", description=self.how)
        self.add_options(parser)
        return parser.parse_args(words)


def run_alone(part: Part, words: Sequence[str] | None = None) -> int:
    """Measure one part and print its rows. Returns the exit code: 1 if a bar is missed, 2 if something is missing."""
    options = part.options(words)
    if lack := part.lacks(options):
        print(f"bench: {lack}")
        return 2
    write_bytecode()
    print(f"{part.title}: {part.how}", flush=True)
    missed = [row.missed for row in print_rows(part.rows(options))]
    print(machine.line(part.versions(options)))
    return 1 if any(missed) else 0


def write_bytecode() -> None:
    """Let every measured command write its compiled modules, as it does after a normal installation."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def print_rows(rows: Iterable[Row]) -> list[Row]:
    """Print each row as soon as it is ready; return all of them."""
    kept = []
    for row in rows:
        print(line(row), flush=True)
        kept.append(row)
    return kept


def line(row: Row) -> str:
    return f"{row.figure:72} {row.measured:>10}  {row.asked:17} {row.verdict:6}  {row.of}".rstrip()


def shown(value: float, unit: str) -> str:
    """The value with three digits, since a measurement on one machine is not more precise; whole numbers stay whole."""
    digits = f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:.3g}"
    return f"{digits}{unit}" if unit in ("x", "") else f"{digits} {unit}"
