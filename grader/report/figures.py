"""Figures as inline SVG: the distribution of scores, bars of points and counts, and the strip of status symbols.

Figures only set CSS classes; page.css sets text sizes, and colours for light and dark mode. The label of a figure, or
the text beside it, says everything that the figure shows, because not everybody can see a figure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

from grader import records
from grader.records import CHECK_STATUSES, NOT_APPLICABLE, PASSED
from grader.report.text import visible

BINS: Final = 10

# Sizes of the histogram, in units of its SVG viewBox; text is 11 units high.
WIDTH, HEIGHT, BASE, TOP, BIN_WIDTH = 430, 250, 220, 22, 40

# Each symbol of a strip has a cell of 8 by 14 units. The symbol of `passed` is small; those of failures are large.
CELL, STRIP_HEIGHT, STRIP_SCALE = 8, 14, 1.4
MARKS: Final[dict[str, str]] = {
    records.PASSED: "m2 7a2 2 0 1 0 4 0a2 2 0 1 0-4 0z",
    records.PARTIAL: "m2 7h4v6h-4z",
    records.FAILED: "m2 1h4v12h-4z",
    records.ERROR: "m4 1l3.6 12h-7.2z",
    records.CRASHED: "m1 1h2l1 4 1-4h2l-1.8 6 1.8 6h-2l-1-4-1 4h-2l1.8-6z",
    records.TIMEOUT: "m.8 1h6.4l-3.2 6zm0 12h6.4l-3.2-6z",
    records.MISSING: "m1.5 1.5h5v11h-5zm1.3 1.3v8.4h2.4v-8.4z",
    records.SKIPPED: "m1.5 8.5h5v4h-5zm1.2 1.2v1.6h2.6v-1.6z",
    records.NOT_APPLICABLE: "m2.5 6.5h3v1h-3z",
}


def score_histogram(shares: Sequence[float]) -> Markup:
    """Draw how many submissions reached which share (0 to 1) of the points, in ten bins; the last has full marks."""
    counts = [0] * BINS
    for share in shares:
        counts[min(BINS - 1, max(0, int(share * BINS + 1e-9)))] += 1
    highest = max(counts) or 1
    label = "Distribution of scores: " + ", ".join(
        f"{count} at {low * 10} to {low * 10 + 10} %" for low, count in enumerate(counts) if count
    )
    bars = Markup().join(histogram_bar(low, count, highest) for low, count in enumerate(counts))
    ticks = Markup().join(
        Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}{}</text>').format(
            10 + percent * BIN_WIDTH // 10, BASE + 18, percent, " %" if percent == 100 else ""
        )
        for percent in range(0, 101, 20)
    )
    return Markup(
        '<svg class="histogram" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '{}<path class="axis" d="M10 {}H410"/>{}</svg>'
    ).format(WIDTH, HEIGHT, label, bars, BASE, ticks)


def histogram_bar(low: int, count: int, highest: int) -> Markup:
    if not count:
        return Markup()
    height = round((BASE - TOP) * count / highest, 1)
    left, top = 10 + low * BIN_WIDTH, BASE - height
    return Markup(
        '<rect class="bar" x="{}" y="{:.1f}" width="{}" height="{}" rx="2"/>'
        '<text class="value" x="{}" y="{:.1f}" text-anchor="middle">{}</text>'
    ).format(left + 2, top, BIN_WIDTH - 4, height, left + BIN_WIDTH // 2, top - 6, count)


def points_bar(points: float, max_points: float, largest: float) -> Markup:
    """Draw the points of a function as a bar in a track. The track of the function with most points is full width."""
    track = share_of(max_points, largest)
    return Markup(
        '<svg class="meter" width="100%" height="6" aria-hidden="true">'
        '<rect class="track" width="{:.2f}%" height="6" rx="3"/>'
        '<rect class="fill" width="{:.2f}%" height="6" rx="3"/></svg>'
    ).format(track, min(track, share_of(points, largest)))


def count_bar(wrong: int, unwritten: int, all_counted: int) -> Markup:
    """Draw how many submissions did not pass a check: first those that are wrong, then those missing or skipped."""
    first, second = share_of(wrong, all_counted), share_of(unwritten, all_counted)
    return Markup(
        '<svg class="meter tall" width="100%" height="10" aria-hidden="true">'
        '<rect class="track" width="100%" height="10" rx="2"/>'
        '<rect class="wrong" width="{:.2f}%" height="10" rx="2"/>'
        '<rect class="unwritten" x="{:.2f}%" width="{:.2f}%" height="10" rx="2"/></svg>'
    ).format(first, first, second)


def status_strip(statuses: Mapping[str, str], functions: Sequence[str]) -> Markup:
    """Draw one symbol for each function, in the same column of every strip.

    All symbols of the same status are one SVG path, which keeps pages small.
    """
    shapes: dict[str, str] = defaultdict(str)
    for column, function in enumerate(functions):
        if status := statuses.get(function):
            # The path of a symbol has only relative commands, so the same path can be drawn in any column.
            shapes[status] += f"M{column * CELL} 0{MARKS[status]}"
    path = Markup('<path class="s-{}" d="{}"/>')
    paths = Markup().join(path.format(status, shapes[status]) for status in CHECK_STATUSES if status in shapes)
    width, label = max(1, len(functions)) * CELL, visible(describe_strip(statuses, functions))
    return Markup(
        '<svg class="strip" width="{:g}" height="{:g}" viewBox="0 0 {} {}" role="img"><title>{}</title>{}</svg>'
    ).format(width * STRIP_SCALE, STRIP_HEIGHT * STRIP_SCALE, width, STRIP_HEIGHT, label, paths)


def describe_strip(statuses: Mapping[str, str], functions: Sequence[str]) -> str:
    by_status: dict[str, list[str]] = defaultdict(list)
    for function in functions:
        by_status[statuses.get(function, NOT_APPLICABLE)].append(function)
    shown = (status for status in CHECK_STATUSES if status in by_status and status not in (PASSED, NOT_APPLICABLE))
    return "\n".join(f"{status}: {', '.join(by_status[status])}" for status in shown) or "everything passed"


def share_of(part: float, whole: float) -> float:
    return max(0.0, min(100.0, 100 * part / whole)) if whole > 0 else 0.0
