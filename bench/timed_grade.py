"""`python -m bench.timed_grade FACTS grade …`: the grader's command; FACTS, as JSON: what its process knows.

done_s      when each graded submission had its result and pages, by the wall's clock, in the order of the run
parent_s    the processor time of this process at these moments, its threads included
finish_s    what the end of the run took: class page and tables
peak_kib    the most memory that this process had, its children's not
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from grader.cli.commands import cli
from grader.records import Result
from grader.running.class_run import Batch


def run(told: Path, words: list[str]) -> int:
    """Returns what the command returns. Raises what it raises; then nothing is told."""
    facts: dict[str, Any] = {"done_s": [], "parent_s": []}
    keep, finish = Batch.store_fresh, Batch.finish

    def timed_store(batch: Batch, result: Result) -> None:
        keep(batch, result)
        facts["done_s"].append(time.perf_counter())
        facts["parent_s"].append(time.process_time())

    def timed_finish(batch: Batch) -> list[str]:
        began = time.perf_counter()
        said = finish(batch)
        facts["finish_s"] = time.perf_counter() - began
        return said

    Batch.store_fresh, Batch.finish = timed_store, timed_finish
    code = cli.main(words, standalone_mode=False)
    told.write_text(json.dumps({**facts, "peak_kib": peak_kib()}))
    return int(code or 0)


def peak_kib() -> int:
    """Of this program: rusage would count what started it, too."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    if found is None:
        raise OSError("/proc/self/status: no VmHWM was found, expected one as Linux has it.")
    return int(found[1])


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), sys.argv[2:]))
