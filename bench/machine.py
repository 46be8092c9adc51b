"""Facts about the machine of a benchmark: enough to repeat it elsewhere, but no name of a machine, folder or person."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OWN_PAGE = "bench/RESULTS.md"  # a run writes this file, so it does not count as a change of the code


def facts() -> dict[str, str]:
    """Return the current facts by name. The load is the average of the last minute."""
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
    """Return the facts as one line, printed below the results. versions: the versions of the peers."""
    known = facts()
    named = [f"{name} {known[name]}" for name in ("Python", "NumPy")] + [f"{name} {v}" for name, v in versions.items()]
    return f"on {', '.join(named)}; {known['cores']} cores ({known['processor']}), {known['memory']}, {known['kernel']}"


def cores() -> int:
    """Return the number of cores that this process may use."""
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
    """Return the commit that is measured, and whether files have changed since."""
    try:
        known = git("rev-parse", "--short=12", "HEAD")
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", f":!{OWN_PAGE}")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{known}, with changes" if changed else known


def git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()
