"""A Python reports where its parts are: the same facts in this process and when it is run."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from grader.errors import UsageError
from grader.sandbox.host import interpreter, probe
from grader.sandbox.host.interpreter import facts_of, find_interpreter


def as_python(path: Path, said: str) -> str:
    """A program that prints this answer for any arguments."""
    path.write_text(f"#!/bin/sh\ncat <<'end'\n{said}\nend\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.process
def test_this_process_answers_as_the_same_python_does_when_it_is_run() -> None:
    assert probe.facts() == facts_of(sys.executable)
    assert probe.facts()["numpy"] == np.__version__


def test_no_process_is_started_for_the_python_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    by_another_name = os.path.join(os.path.dirname(sys.executable), ".", os.path.basename(sys.executable))
    started = []
    monkeypatch.setattr(interpreter, "facts_of", lambda name: started.append(name) or probe.facts())
    assert find_interpreter(sys.executable) == find_interpreter(by_another_name)
    assert started == [by_another_name]


@pytest.mark.process
def test_a_program_that_is_not_a_python_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--python .*/absent: does not run as a Python .*Give the path of one\."):
        find_interpreter(str(tmp_path / "absent"))
    with pytest.raises(UsageError, match=r"/cat: does not run as a Python"):
        find_interpreter(as_python(tmp_path / "cat", "meow"))


@pytest.mark.process
@pytest.mark.parametrize("where", ["here", "run"])
@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"version": [3, 7, 9]}, r": Python 3\.7\.9 found, 3\.8 or newer expected\."),
        ({"numpy": None}, r": it has no NumPy\. Install it: .* -m pip install numpy\."),
    ],
)
def test_a_python_that_is_too_old_or_lacks_numpy_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str, facts: dict[str, object], told: str
) -> None:
    found = {**probe.facts(), **facts}
    monkeypatch.setattr(probe, "facts", lambda: found)
    name = sys.executable if where == "here" else as_python(tmp_path / "python", json.dumps(found))
    with pytest.raises(UsageError, match=told):
        find_interpreter(name)


def test_a_python_without_numpy_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert probe.facts()["numpy"] is None
