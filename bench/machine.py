"""What a benchmark ran on: enough to repeat it elsewhere, and nothing that names a machine, a folder or a person."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OWN_PAGE = "bench/RESULTS.md"  # what a run writes is no change of what it measures


def facts() -> dict[str, str]:
    """By what is said, at this moment: the load is that of the last minute."""
    return {
        "processor": processor(),
        "cores": str(cores()),
        "memory": f"{memory_gib():.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "NumPy": version("numpy"),
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "load before the start": f"{os.getloadavg()[0]:.2f}",
        "commit": commit(),
    }


def line(versions: Mapping[str, str]) -> str:
    """The same in a line, below what was printed. versions: of what was compared with."""
    known = facts()
    named = [f"{name} {known[name]}" for name in ("Python", "NumPy")] + [f"{name} {v}" for name, v in versions.items()]
    return f"on {', '.join(named)}; {known['cores']} cores ({known['processor']}), {known['memory']}, {known['kernel']}"


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0))


def memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [text.partition(":")[2].strip() for text in lines if text.startswith("model name")]
    return names[0] if names else platform.machine()


def commit() -> str:
    """The commit that is measured, and whether files of it were changed since."""
    try:
        known = git("rev-parse", "--short=12", "HEAD")
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", f":!{OWN_PAGE}")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{known}, with changes" if changed else known


def git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()
