"""The mark `process` works: conftest.py fails a test that starts a process without it."""

from __future__ import annotations

import os
import subprocess

import pytest

UNMARKED = pytest.raises(pytest.fail.Exception, match=r"starts (true|os\.fork) without the mark")


def test_starting_a_command_without_the_mark_fails():
    with UNMARKED:
        subprocess.Popen(["true"])


def test_forking_without_the_mark_fails():
    with UNMARKED:
        os.fork()


def test_code_that_catches_every_exception_does_not_hide_it():
    with UNMARKED:
        try:
            subprocess.run(["true"], check=True)
        except Exception:
            raise AssertionError("the refusal was taken for a failure to start") from None
