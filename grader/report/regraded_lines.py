"""The changes between two gradings (regraded.py) as lines for a terminal, as CSV and as JSON. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from grader.report.grades_csv import harmless
from grader.report.grades_csv import number as in_csv
from grader.report.regraded import ANOTHER, EPSILON, Move, MovedCheck, Regraded
from grader.report.roster import place_of
from grader.report.text import number

LINES: Final = 40  # the largest number of lines on a terminal; compare.html shows all


def summary(regraded: Regraded) -> str:
    """Return one line about all changes, for the end of a run."""
    gained, lost, shifted = regraded.gained, regraded.lost, regraded.shifted
    said = []
    for word, moves in (("gained", gained), ("lost", lost)):
        if moves:
            amounts = sorted({number(abs(moves[0].change)), number(abs(moves[-1].change))}, key=float)
            said.append(f"{len(moves)} {word} {' to '.join(amounts)}")
    said += [f"{len(shifted)} have the same score from other checks"] if shifted else []
    said += [f"{regraded.same} stayed the same"] if regraded.same or not said else []
    return f"{regraded.both} compared with the earlier results: {', '.join(said)}."


def lines_of(regraded: Regraded, limit: int = LINES) -> list[str]:
    """Return all changes as lines of text: who gained or lost how much, through which check, and why."""
    lines = [summary(regraded)]
    moves = [*regraded.gained, *regraded.lost, *regraded.shifted]
    width = max((len(move.id) for move in moves[:limit]), default=0)
    for move in moves[:limit]:
        lines.append(f"{move.id:{width}}  {scores(move)}")
        lines += [f"{'':{width}}      {signed(one.change)}  {told(one)}" for one in move.checks]
    if len(moves) > limit:
        lines.append(f"and {len(moves) - limit} more")
    checks = regraded.checks()
    if len(checks) > 1 and moves:
        lines.append("Through these checks:")
        for one in checks[:limit]:
            counts = f"{one.gained} gained, {one.lost} lost, {signed(one.change)} in total"
            lines.append(
                f"  {one.id}: {counts} ({', '.join(one.causes)} changed)".replace("another check changed", ANOTHER)
            )
    for word, names in (("new", regraded.new), ("gone", regraded.gone)):
        if names:
            shown = ", ".join(sorted(names, key=place_of)[:10])
            lines.append(f"{len(names)} {word}: {shown}{', …' if len(names) > 10 else ''}")
    return lines


def scores(move: Move) -> str:
    before, after = ("no score" if score is None else number(score) for score in (move.before, move.after))
    most = number(move.max_after)
    out_of = most if abs(move.max_after - move.max_before) < EPSILON else f"{most}, before {number(move.max_before)}"
    return f"{before} → {after} of {out_of}  ({signed(move.change)})"


def told(check: MovedCheck) -> str:
    before, after = (status or "not there" for status in (check.status_before, check.status_after))
    return f"{check.id}: {before} → {after} ({why(check.causes)})"


def why(causes: Sequence[str]) -> str:
    """Return the causes in words, for example "check, grader changed"."""
    changed = [cause for cause in causes if cause != ANOTHER]
    said = [f"{', '.join(changed)} changed"] if changed else []
    return "; ".join(said + ([ANOTHER] if ANOTHER in causes else []))


def signed(change: float) -> str:
    text = number(abs(change))
    return "±0" if text == "0" else f"+{text}" if change > 0 else f"−{text}"


def as_json(regraded: Regraded) -> str:
    moves = [{**asdict(move), "change": move.change} for move in (*regraded.gained, *regraded.lost, *regraded.shifted)]
    whole = {"both": regraded.both, "same": regraded.same, "new": regraded.new, "gone": regraded.gone, "moves": moves}
    return json.dumps(whole, indent=1) + "\n"


def as_csv(regraded: Regraded) -> str:
    """Return a table with one row for each check of each submission whose points changed."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    columns = ("submission", "before", "after", "change", "check", "points_before", "points_after")
    writer.writerow([*columns, "status_before", "status_after", "causes"])
    for move in (*regraded.gained, *regraded.lost, *regraded.shifted):
        scores = (in_csv(move.before), in_csv(move.after), in_csv(move.change))
        for one in move.checks or (None,):
            points = (in_csv(one.points_before), in_csv(one.points_after)) if one else ("", "")
            words = (one.status_before or "", one.status_after or "", " ".join(one.causes)) if one else ("", "", "")
            writer.writerow([harmless(move.id), *scores, one.id if one else "", *points, *words])
    return text.getvalue()
