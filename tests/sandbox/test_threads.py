"""A submission may use as many threads as Python's own pools have, on every machine that grades it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from grader.assignment.load import load_assignment
from grader.sandbox.host.check_process import CheckProcess
from grader.sandbox.host.check_setup import Setup
from grader.sandbox.host.interpreter import find_interpreter
from grader.sandbox.host.isolation import choose_isolation
from grader.sandbox.host.limits import limits_from
from grader.sandbox.host.plan import Plan
from grader.sandbox.host.session import Session

pytestmark = pytest.mark.process

ASSIGNMENT = Path(__file__).resolve().parents[2] / "assignment"
FUNCTIONS = ("pool", "default_pool", "pool_of_multiprocessing", "nested", "all_at_once", "with_arrays", "cores")
SOURCE = '''
import os, threading, time
from concurrent.futures import ThreadPoolExecutor
import numpy as np

def map_slowly(pool, count):
    return list(pool.map(lambda number: time.sleep(0.002) or number, range(count)))

def pool(workers):
    with ThreadPoolExecutor(workers) as pool:
        return len(map_slowly(pool, 3 * workers))

def default_pool():
    with ThreadPoolExecutor() as pool:
        map_slowly(pool, 200)
        return pool._max_workers

def pool_of_multiprocessing():
    from multiprocessing.pool import ThreadPool
    with ThreadPool() as pool:
        return len(pool.map(abs, range(100)))

def nested(outer, inner):
    """Every thread of a pool has a pool, and all are there at once."""
    meet = threading.Barrier(outer * inner, timeout=5)
    def start(number):
        with ThreadPoolExecutor(inner) as pool:
            return list(pool.map(lambda one: meet.wait() >= 0, range(inner)))
    with ThreadPoolExecutor(outer) as pool:
        return sum(map(sum, pool.map(start, range(outer))))

def all_at_once(count):
    meet = threading.Barrier(count + 1, timeout=5)
    threads = [threading.Thread(target=meet.wait) for _ in range(count)]
    for thread in threads:
        thread.start()
    meet.wait()
    for thread in threads:
        thread.join()
    return count

def with_arrays(count):
    """Arrays of 8 MiB in each thread: what threads reserve must leave room."""
    with ThreadPoolExecutor(count) as pool:
        return float(sum(pool.map(lambda number: np.ones(1 << 20).mean(), range(count))))

def cores():
    import multiprocessing
    return [os.cpu_count(), multiprocessing.cpu_count(), len(os.sched_getaffinity(0))]
'''


@pytest.fixture(params=["auto", "none", "plain"])
def call(request, tmp_path):
    """Call a function of SOURCE in a sandbox of this kind, with the limits of the real assignment."""
    package = tmp_path / "work" / "cs231n"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "case.py").write_text(SOURCE)
    limits = limits_from(load_assignment(ASSIGNMENT).limits, "assignment.toml")
    isolation = choose_isolation(request.param)
    plan = Plan(("case",), frozenset(f"case.{name}" for name in FUNCTIONS), {"case.py": SOURCE.encode()})
    interpreter = find_interpreter(sys.executable)

    def launch():
        return isolation.launch(interpreter, tmp_path / "work", "cs231n", limits.at_start())

    with CheckProcess(Session(launch, plan, limits)) as process:
        process.begin(Setup(0))
        yield lambda name, *args: process.call(f"case.{name}", args, {})


@pytest.mark.parametrize("workers", [7, 32, 40])
def test_a_pool_of_threads(call, workers):
    assert call("pool", workers) == 3 * workers


def test_pools_of_pythons_own_size(call):
    assert call("default_pool") == 8  # four cores and four more
    assert call("pool_of_multiprocessing") == 100


def test_threads_that_start_threads(call):
    assert call("nested", 7, 7) == 49


def test_sixty_threads_at_once(call):
    assert call("all_at_once", 60) == 60


def test_forty_threads_leave_room_for_arrays(call):
    assert call("with_arrays", 40) == 40.0


def test_every_machine_has_the_same_number_of_cores(call):
    assert call("cores") == [4, 4, 4]
