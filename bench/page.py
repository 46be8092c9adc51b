"""Makes bench/RESULTS.md: all figures, the machine, and which bars are met. Pure, except write_page."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.row import Row


@dataclass(frozen=True)
class Section:
    """The complete results of one part."""

    name: str
    title: str
    how: str
    rows: tuple[Row, ...]
    versions: Mapping[str, str]
    took_s: float


def page_of(facts: Mapping[str, str], sections: Sequence[Section]) -> str:
    """The whole page. facts: about the machine."""
    versions = {name: version for section in sections for name, version in section.versions.items()}
    took = {"the run took": f"{sum(section.took_s for section in sections) / 60:.0f} minutes"}
    ran_on = {**facts, **versions, **took}
    return "\n".join(
        [
            "# Benchmarks",
            "",
            "`make bench` runs all parts in turn and writes this page. Do not edit it by hand.",
            "",
            verdict(sections),
            "",
            *table(("ran on", ""), ran_on.items()),
            *(text for section in sections for text in section_lines(section)),
        ]
    )


def verdict(sections: Sequence[Section]) -> str:
    asked = [(section, row) for section in sections for row in section.rows if row.bar is not None]
    missed = [f"{row.figure} ({section.title})" for section, row in asked if row.missed]
    said = f"{len(asked) - len(missed)} of {len(asked)} bars are met."
    return f"{said} MISSED: {'; '.join(missed)}." if missed else said


def section_lines(section: Section) -> list[str]:
    rows = ((row.figure, row.measured, row.asked, row.verdict, row.of) for row in section.rows)
    return [
        f"## {section.title}",
        "",
        f"{section.how} Run it alone: `python -m bench.{section.name}` ({section.took_s / 60:.1f} minutes).",
        "",
        *table(("figure", "measured", "bar", "", "computed from"), rows),
    ]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |" for cells in lines] + [""]


def write_page(path: Path, text: str) -> None:
    """Write the page atomically: a reader sees the old page or the new one."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".tmp", delete=False, encoding="utf-8") as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
