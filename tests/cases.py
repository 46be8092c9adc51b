"""Words that several test modules share."""

from __future__ import annotations

from pathlib import Path

from grader.records import CheckResult, Result

ROOT = Path(__file__).resolve().parents[1]


def reference_files() -> dict[str, bytes]:
    """The reference's student files: a right submission, whole."""
    names = ("layers.py", "optim.py", "classifiers/fc_net.py", "classifiers/cnn.py")
    return {name: (ROOT / "reference" / name).read_bytes() for name in names}


def lost(result: Result) -> dict[str, str]:
    """The functions that did not pass, short, and their statuses."""
    return {f.function.rpartition(".")[2]: f.status for f in result.functions if f.status != "passed"}


def check_of(result: Result, ending: str) -> CheckResult:
    return next(check for check in result.checks if check.id.endswith(ending))
