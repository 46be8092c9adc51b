"""Files with statements that do not work: what is left out, what works, what is noted. Run without a sandbox."""

from __future__ import annotations

import os
import time
from contextlib import suppress

import pytest

from grader.sandbox.inside import tolerant_import
from grader.sandbox.inside.absent_modules import Absent, AbsentModule
from grader.sandbox.inside.tolerant_import import MOST_S, Importer, OutOfTime


@pytest.fixture
def run(tmp_path):
    """Run a source as a file of the work tree. Returns its names and the importer, which lists what was left out."""

    def run_source(source: str | bytes, *, budget_s: float = 5, wait_s: float = 2):
        path = tmp_path / "layers.py"
        path.write_bytes(source if isinstance(source, bytes) else source.encode())
        importer = Importer(os.path.join(tmp_path, ""), "cs231n", budget_s, wait_s, Absent, lambda *_: None)
        names: dict[str, object] = {}
        importer.run(str(path), names)
        return names, importer

    return run_source


def told(importer: Importer) -> list[tuple[int, str, str]]:
    return [(line, name, type(error).__name__) for _, line, name, error in importer.left_out]


BROKEN_FUNCTIONS = {
    "a bracket that is not closed": ("def f(x):\n    return (x\n", 2),
    "a colon that is missing": ("def f(x)\n    return x\n", 1),
    "print as in Python 2": ("def f(x):\n    print 'x', x\n", 2),
    "tabs among spaces": ("def f(x):\n    if x:\n        y = 1\n\tz = 2\n", 4),
    "no body": ("def f(x):\n    # nothing yet\n", None),
    "a text that is not closed": ('def f(x):\n    """Doubles.\n    return x\n', 2),
    "a null byte": ("def f(x):\n    return x\0\n", None),
    "too deep for the compiler": ("def f(x):\n    return " + "(" * 2000 + "x" + ")" * 2000 + "\n", None),
    "a decorator that raises": ("@abs\ndef f(x): pass\n", 1),
    "a broken class": ("class f:\n    def g(self:\n        pass\n", None),
}


@pytest.mark.parametrize("kind", BROKEN_FUNCTIONS)
def test_a_broken_function_costs_only_itself_and_raises_its_error(run, kind):
    broken, line = BROKEN_FUNCTIONS[kind]
    head = "import math\ndef before(x):\n    return math.floor(x)\n\n"
    names, importer = run(head + broken + "\n\ndef after(x):\n    return before(x) + 1\n")
    assert names["after"](2.5) == 3
    ((_, where, name, error),) = importer.left_out
    assert name == "f"
    assert line is None or where == 4 + line
    with pytest.raises(type(error)):
        names["f"](1)


@pytest.mark.parametrize("number", [1, 2, 7])
def test_line_numbers_in_an_errors_text_are_those_of_the_file(run, number):
    head = "".join(f"x{i} = {i}\n" for i in range(number))
    _, importer = run(head + "def f(x):\n\ndef g(x):\n    return x\n")
    ((_, line, _, error),) = importer.left_out
    assert error.lineno == line
    assert "line" not in str(error.msg) or f"on line {number + 1}" in error.msg


STATEMENTS = {
    "a division by zero": ("1 / 0\n", "ZeroDivisionError"),
    "magic of a notebook": ("%matplotlib inline\n", "SyntaxError"),
    "a shell's command": ("!pip install numpy\n", "SyntaxError"),
    "an exported notebook": ("get_ipython().run_line_magic('matplotlib', 'inline')\n", "NameError"),
    "an end": ("import sys\nsys.exit(1)\n", "SystemExit"),
    "a question": ("name = open('/nowhere/at/all')\n", "FileNotFoundError"),
    "a conflict of versions": (">>>>>>> mine\n", "SyntaxError"),
    "not implemented": ("raise NotImplementedError\n", "NotImplementedError"),
}


@pytest.mark.parametrize("kind", STATEMENTS)
def test_a_statement_that_fails_costs_no_other(run, kind):
    statement, error = STATEMENTS[kind]
    head = "from __future__ import annotations\nkept = []\n"
    source = f"{head}{statement}kept.append(1)\ndef f(x: undefined):\n    return 1\n"
    names, importer = run(source)
    assert names["kept"] == [1]  # statements above it run once
    assert names["f"](0) == 1
    ((_, line, name, problem),) = importer.left_out
    assert (line, name, type(problem).__name__) == (2 + statement.count("\n"), "", error)


def test_training_without_a_guard_is_left_out_when_its_time_is_up(run):
    names, importer = run("n = 0\nwhile True:\n    n += 1\ndef f():\n    return 1\n", budget_s=0.05)
    assert names["f"]() == 1
    (first,) = importer.left_out
    assert isinstance(first[3], OutOfTime)
    assert str(first[3]) == "still running after 0.05 s of CPU time"


WAITS = {
    "sleep": "import time\ntime.sleep(60)\n",
    "a loop that sleeps": "import time\nwhile True:\n    time.sleep(0.01)\n",
    "a thread that never ends": (
        "import threading\nt = threading.Thread(target=threading.Event().wait, daemon=True)\nt.start(); t.join()\n"
    ),
    "a lock": "import threading\nl = threading.Lock(); l.acquire(); l.acquire()\n",
    "a queue": "import queue\nqueue.Queue().get()\n",
    "a pipe": "import os\nr, w = os.pipe()\nos.read(r, 1)\n",
}


@pytest.mark.parametrize("kind", WAITS)
def test_a_statement_that_waits_is_left_out(run, kind):
    names, importer = run(WAITS[kind] + "def f():\n    return 1\n", wait_s=0.2)
    assert names["f"]() == 1
    assert "still waiting after 0.2 s" in [str(error) for _, _, _, error in importer.left_out]


@pytest.mark.slow
def test_each_statement_that_uses_up_its_time_leaves_less_for_the_next(run):
    import time

    began = time.monotonic()
    source = "import time\n" + "time.sleep(60)\nwhile True: pass\n" * 10 + "done = True\n"
    names, importer = run(source, budget_s=0.4, wait_s=0.4)
    assert names["done"]
    assert len(importer.left_out) == 20
    assert time.monotonic() - began < 10  # twenty waits of 0.4 s would be 8 s; each is shorter than the one before


def test_a_short_pause_does_not_count_as_waiting(run):
    _, importer = run("import time\ntime.sleep(0.1)\ntime.sleep(0.1)\nx = 1\n", wait_s=2)
    assert importer.left_out == []


ANNOTATED = {
    "a function": "def f(x: torch.Tensor | Missing = 1) -> Missing[3]:\n    return 1\n",
    "a decorated function": "def same(g): return g\n@same\ndef f(x: 1 / 0): return 1\n",
    "a variable": "x: Missing.part = 1\ndef f(): return x\n",
    "a class": "class C:\n    x: Missing = 1\n    def g(self, y: Missing): return self.x\ndef f(): return C().g(2)\n",
    "a dataclass": (
        "from dataclasses import dataclass\n@dataclass\nclass C:\n    x: Missing\n    y: 'Other' = 1\n"
        "def f(): return C(2).y\n"
    ),
    "a named tuple": (
        "from typing import NamedTuple\nclass C(NamedTuple):\n    x: Missing\n    y: int = 1\ndef f(): return C(2).y\n"
    ),
    "below an if": "if True:\n    def f(x: Missing): return 1\n",
}


@pytest.mark.parametrize("kind", ANNOTATED)
def test_an_annotation_that_raises_costs_nothing(run, kind):
    names, importer = run(ANNOTATED[kind])
    assert names["f"]() == 1 if kind not in ("a decorated function", "below an if") else names["f"](0) == 1
    assert importer.left_out == []


def test_an_annotation_that_can_be_evaluated_is_evaluated(run):
    source = "def f(x: int) -> float: pass\nkinds = f.__annotations__\ndef g(x: Missing): pass\n"
    names, _ = run(source)
    assert names["kinds"] == {"x": int, "return": float}
    assert names["g"].__annotations__ == {"x": "Missing"}


def test_annotation_names_that_this_python_lacks_are_placeholders(run):
    names, importer = run("from typing import NamedTuple, Latest as L\n@L\ndef f(x: L[int] | None): return 1\n")
    assert importer.left_out == []
    assert names["f"](0) == 1
    assert names["NamedTuple"].__module__ == "typing"


def test_the_clock_stops_when_the_file_is_done(run):
    import time

    run("x = 1\n", budget_s=0.05)
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass


def test_a_text_at_the_margin_is_not_a_statement(run):
    source = 'TABLE = """\none\ntwo (\n"""\nVALUES = [\n1,\n2,\n]\ndef f(:\n    pass\n'
    names, importer = run(source)
    assert (names["TABLE"], names["VALUES"]) == ("\none\ntwo (\n", [1, 2])
    assert told(importer) == [(9, "f", "SyntaxError")]


def test_a_text_without_an_end_does_not_remove_the_functions_below_it(run):
    names, importer = run('def f():\n    """One.\n    return 1\n\ndef g():\n    """Two."""\n    return 2\n')
    assert names["g"]() == 2
    assert [name for _, _, name, _ in importer.left_out] == ["f"]


@pytest.mark.parametrize(
    ("source", "is_recoded"),
    [
        (b"\xef\xbb\xbfs = 'x'\n", False),
        ("s = 'x'  # é\n".encode("latin-1") + b"t = '\xe9'\n", True),
        ("s = 'x'\nt = '卷积'\n".encode("gbk"), True),
        ("s = 'x'\n".encode("utf-16"), True),
        (b"# -*- coding: latin-1 -*-\ns = 'x'; t = '\xe9'\n", False),
        (b"# -*- coding: nonsense -*-\ns = 'x'\n", True),
        (b"s = 'x'\r\nif s:\r\n    t = 1\r\n", False),
        (b"s = 'x'\rif s:\r    t = 1\r", False),
    ],
    ids=["BOM", "Latin-1", "GBK", "UTF-16", "said to be Latin-1", "said to be nonsense", "CRLF", "CR"],
)
def test_bytes_of_any_kind_are_read(run, source, is_recoded):
    names, importer = run(source)
    assert names["s"] == "x"
    assert importer.left_out == []
    assert bool(importer.recoded) == is_recoded


def test_a_notebook_under_another_name_is_reported_as_one(run):
    with pytest.raises(SyntaxError, match="a notebook was found, expected Python"):
        run(b'{\n "cells": [{"cell_type": "code", "source": ["x = 1"]}], "metadata": {}\n}\n')


def test_a_file_that_is_not_python_is_refused_in_a_short_time(run):
    with pytest.raises(SyntaxError):
        run("Dear grader, my code is in the other file\n" * 300)


def test_an_importer_that_is_not_tolerant_imports_like_any_other(tmp_path):
    path = tmp_path / "layers.py"
    importer = Importer(os.path.join(tmp_path, ""), "cs231n", 5, 2, Absent, lambda *_: None, is_tolerant=False)
    for source, error in (("def f(:\n", SyntaxError), ("1 / 0\ndef f(): pass\n", ZeroDivisionError)):
        path.write_text(source)
        with pytest.raises(error):
            importer.run(str(path), {})
    assert importer.left_out == []


def test_a_decorator_of_a_module_that_is_absent_leaves_the_function_as_it_is():
    numba = AbsentModule("numba")

    def f(x):
        return x

    assert numba.jit(f) is f
    assert numba.jit(nopython=True)(f) is f
    assert isinstance(numba.jit(1), Absent)


@pytest.mark.parametrize("other", [int, None, "Net", list, Absent("numpy.typing.Other")])
def test_a_type_union_with_an_absent_type_is_allowed_in_a_function(monkeypatch, other):
    monkeypatch.setattr(Absent, "in_use", True)
    tensor = AbsentModule("torch").Tensor
    assert isinstance(tensor | other, Absent)
    assert isinstance(other | tensor, Absent)
    assert isinstance(tensor[other, ...], Absent)
    assert not isinstance(1, tensor)


@pytest.mark.parametrize("use", [lambda a: a[0], lambda a: a[:1], lambda a: a | 1, bool, lambda a: a(), len])
def test_operations_that_no_annotation_needs_count_as_use(monkeypatch, use):
    monkeypatch.setattr(Absent, "in_use", True)
    with pytest.raises(ModuleNotFoundError, match=r"torch\.Tensor is used, but torch is not in the sandbox"):
        use(AbsentModule("torch").Tensor)


def test_a_module_that_is_absent_is_not_available_while_files_are_imported():
    assert not AbsentModule("torch").cuda.is_available()


MANY = {
    "open quotes": 'x = """\n' * 60_000,
    "open parentheses": "x = (1,\n" * 50_000,
    "calls that are not closed": "f(\n" * 200_000,
    "a text of many lines": "'''\n" + "a\n" * 200_000,
    "decorators of nothing": "@\n" * 200_000,
    "brackets in brackets": "x = " + "[" * 100_000 + "]" * 100_000,
    "minus after minus": "x = " + "-" * 100_000 + "1",
    "lines that go on": "x = 1 + " + "\\\n" * 300_000,
    "a number without an end": "x = " + "9" * 500_000,
    "white space after class": ("class" + " " * 900 + "\n") * 1000,
    "null bytes": "\0" * 300_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", MANY)
def test_a_source_of_any_kind_is_given_up_or_read_within_seconds(run, kind):
    began = time.process_time()
    with suppress(SyntaxError):
        names, _ = run("def f(x):\n    return x\ndef g(:\n    pass\n" + MANY[kind] + "\n")
        assert names["f"](1) == 1
    assert time.process_time() - began < MOST_S + 2


def test_a_file_that_takes_too_long_to_split_raises_the_error_of_the_whole_file(run, monkeypatch):
    monkeypatch.setattr(tolerant_import, "MOST_S", 0.0)
    with pytest.raises(SyntaxError, match=r"layers\.py, line 1"):
        run("def g(:\n    pass\n" + "x = 1\n" * 10_000)
