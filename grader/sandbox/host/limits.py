"""The limits of one worker: the table in assignment.toml, the allowed ranges, and the reason for each range. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from grader.errors import AssignmentError


@dataclass(frozen=True)
class Limits:
    """cpu_s and wall_s are for one check, import_* for importing all modules, submission_wall_s for everything.

    cpu_s: assignment.toml gives a whole number. After three timeouts, checks get less time, which may be a fraction
    (grader/grading/time_limits.py).
    """

    cpu_s: float
    wall_s: float
    import_cpu_s: int
    import_wall_s: float
    submission_wall_s: float
    memory_mib: int
    processes: int
    open_files: int
    reply_mib: int

    def at_start(self) -> dict[str, int]:
        """Return the limits that the worker sets for itself, inside the namespaces, before it imports student code."""
        return {
            "CPU": self.import_cpu_s,  # for the import; the process of each check gets its own CPU limit (server.py)
            "AS": self.memory_mib << 20,  # address space: RLIMIT_RSS has no effect since Linux 2.4 (setrlimit(2))
            "NPROC": self.processes,
            "NOFILE": self.open_files,
            "FSIZE": 0,  # no file can grow, even if a mount were writable by mistake
            "CORE": 0,  # a crash writes no core dump
        }


DAY_S: Final = 24 * 3600
COUNTED: Final = "the kernel counts CPU time in whole seconds"

# For each limit: the smallest and the largest value, and why a smaller value cannot work.
RANGES: Final[dict[str, tuple[int, int, str]]] = {
    "cpu_s": (1, DAY_S, COUNTED),
    "wall_s": (1, DAY_S, "a busy machine keeps a check waiting"),
    "import_cpu_s": (1, DAY_S, COUNTED),
    "import_wall_s": (1, DAY_S, "a busy machine keeps an import waiting"),
    "submission_wall_s": (1, 7 * DAY_S, "a sandbox alone takes 0.2 s to start"),
    "memory_mib": (256, 1 << 20, "Python with NumPy alone maps 150 MiB"),
    "processes": (4, 4096, "the sandbox's own are three"),
    "open_files": (20, 65536, "Python opens some ten while it imports"),
    "reply_mib": (1, 256, "a right reply may need as much; more than 256 the protocol cannot carry"),
}
# Pairs of limits: if the first were above the second, the first could never be reached.
ORDERS: Final = (
    ("cpu_s", "wall_s"),
    ("import_cpu_s", "import_wall_s"),
    ("wall_s", "submission_wall_s"),
    ("import_wall_s", "submission_wall_s"),
)


def limits_from(given: Mapping[str, float], place: str) -> Limits:
    """Return the limits that a table sets. Raises AssignmentError, which names the key and its range.

    place: the file that holds the table.
    """
    for name in given:
        if name not in RANGES:
            raise AssignmentError(f"{place}: limit {name} is unknown, expected {', '.join(RANGES)}. Correct the name.")
    for name, (least, most, why) in RANGES.items():
        if name not in given:
            raise AssignmentError(
                f"{place}: limit {name} is missing. Set it under [limits], between {least} and {most}."
            )
        value = given[name]
        is_whole = name.endswith("wall_s") or value == int(value)
        if not (is_whole and least <= value <= most):
            kind = "a number" if name.endswith("wall_s") else "a whole number"
            raise AssignmentError(
                f"{place}: limit {name} is {value:g}, expected {kind} between {least} and {most}: {why}. Correct it."
            )
    for lower, upper in ORDERS:
        if given[lower] > given[upper]:
            raise AssignmentError(
                f"{place}: limit {lower} is {given[lower]:g}, expected at most {given[upper]:g}, which is "
                f"{upper} and is always reached first. Lower {lower} or raise {upper}."
            )
    return Limits(**{name: value if name.endswith("wall_s") else int(value) for name, value in given.items()})  # type: ignore[arg-type]
