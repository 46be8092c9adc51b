"""A check that leaves something where the next check would find it is noticed. Other checks are not."""

from __future__ import annotations

import sys
import types
from textwrap import dedent

import numpy as np
import pytest

sys.modules.setdefault("protocol", types.ModuleType("protocol"))
from grader.sandbox.inside.traces import Traces  # noqa: E402

START = """
    import functools
    import os
    import threading
    import numpy as np
    from numpy.random import randn

    count, names, table, seen = 0, ["a"], {"a": [1]}, set()
    memory = np.zeros(3)
    factor = np.float64(2)
    lock = threading.Lock()

    class Layer:
        calls = 0
        log = []
        def forward(self, x):
            return x
        @property
        def size(self):
            return 3

    layer = Layer()

    def with_default(x, kept=[]):
        return x

    def make():
        inner = [0]
        def closure():
            inner[0] += 1
        return closure

    step = make()

    @functools.lru_cache
    def cached(n):
        return n * n
"""


@pytest.fixture
def module(monkeypatch):
    """A package with one module, as a worker has imported it."""
    package, part = types.ModuleType("keeps"), types.ModuleType("keeps.part")
    package.part = part
    monkeypatch.setitem(sys.modules, "keeps", package)
    monkeypatch.setitem(sys.modules, "keeps.part", part)
    exec(dedent(START), part.__dict__)
    return part


def run(module, body):
    exec("def check():\n" + "".join(f"    {line}\n" for line in body.splitlines()) + "\n", module.__dict__)
    return module.check


LEFT = [
    "global count\ncount += 1000",
    "names.append('b')",
    "names[0] = 'b'",
    "table['b'] = 1",
    "table['a'].append(2)",
    "seen.add(1)",
    "memory[1] = 5",
    "memory.shape = (3, 1)",
    "Layer.calls += 1000",
    "Layer.log.append(1)",
    "layer.calls = 5",
    "Layer.forward = None",
    "with_default.__defaults__[0].append(1)",
    "with_default.times = 1",
    "step()",
    "lock.acquire()",
    "np.dot = None",
    "np.linalg.norm = None",
    "import numpy.fft\nnumpy.fft.fft = None",
    "import builtins\nbuiltins.sum = None",
    "os.environ['SEEN'] = '1'",
    "import sys\nsys.setrecursionlimit(sys.getrecursionlimit() + 7)",
    "import sys, types\nsys.modules['keeps.later'] = types.ModuleType('keeps.later')",
    "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()",
    "global fresh\nfresh = 1",
    "del globals()['names']",
]


@pytest.fixture
def restored(monkeypatch):
    """Restore what the cases below patch in this process."""
    for owner, name in ((np, "dot"), (np.linalg, "norm"), (np.fft, "fft")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setattr("builtins.sum", sum)
    monkeypatch.delenv("SEEN", raising=False)
    depth = sys.getrecursionlimit()
    yield
    sys.setrecursionlimit(depth)
    sys.modules.pop("keeps.later", None)


@pytest.mark.parametrize("body", LEFT)
def test_a_change_that_stays_is_a_trace(module, restored, body):
    if "fft" in body:
        module.fft = np.fft  # a library that the module holds under a name
    check = run(module, body)
    traces = Traces("keeps")
    assert traces.is_empty()
    check()
    assert not traces.is_empty()


@pytest.mark.parametrize(
    "body",
    [
        "x = np.ones((4, 5)).dot(np.ones((5, 3)))\nreturn x.sum()",
        "other = Layer()\nother.calls = 3\nreturn other.forward(2), other.size",
        "copied = dict(table)\ncopied['b'] = list(names)\ncopied['b'].append(1)",
        "return with_default(3), make()()",
        "return randn(3), np.random.rand(2), factor * 3",
        "with lock:\n    return np.sum(memory)",
        "with np.errstate(divide='ignore'):\n    return np.ones(2) / 0",
        "import itertools\nreturn list(itertools.product(range(2), repeat=2))",
        "import warnings\nwith warnings.catch_warnings():\n    warnings.simplefilter('ignore')\n    warnings.warn('')",
    ],
)
def test_a_change_that_ends_with_its_check_is_not_a_trace(module, body):
    check = run(module, body)
    traces = Traces("keeps")
    check()
    check()
    assert traces.is_empty()


@pytest.mark.parametrize(
    "line",
    [
        "rng = np.random.RandomState(0)",
        "rng = np.random.default_rng(0)",
        "numbers = iter([1, 2, 3])",
        "def count_up():\n        yield 1\n    numbers = count_up()",
        "large = np.zeros(1 << 20)",
        "mixed = np.array([[], {}], dtype=object)",
        "class Slim:\n        __slots__ = ('kept',)\n    slim = Slim()",
        "class Odd(list):\n        pass\n    odd = Odd()",
        "cached(2)",
    ],
)
def test_an_object_that_cannot_be_seen_counts_as_changed(module, line):
    exec(dedent("    " + line), module.__dict__)
    assert not Traces("keeps").is_empty()


def test_a_cache_that_was_empty_is_emptied_again(module):
    check = run(module, "return cached(3)")
    traces = Traces("keeps")
    check()
    assert module.cached.cache_info().currsize == 1
    assert traces.is_empty()
    assert module.cached.cache_info().currsize == 0
