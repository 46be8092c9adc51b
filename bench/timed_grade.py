"""`python -m bench.timed_grade FACTS grade …`: runs the grader's command and writes times and memory to FACTS, as JSON.

done_s      when each submission had its result and pages, in wall time, in the order of the run
parent_s    processor time of this process at these moments, including its threads
finish_s    seconds for the end of the run: class page and tables
peak_kib    peak memory of this process, without its children
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


def run(facts_file: Path, words: list[str]) -> int:
    """Run the command and return its exit code. If the command raises, so does this, and writes no file."""
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
    facts_file.write_text(json.dumps({**facts, "peak_kib": peak_kib()}))
    return int(code or 0)


def peak_kib() -> int:
    """Return the peak memory of this program. getrusage would also count the process that started it."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    if found is None:
        raise OSError("/proc/self/status: no VmHWM found, expected one, as on Linux.")
    return int(found[1])


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), sys.argv[2:]))
