"""Runs code in a new Python, for what a process can do only once."""

import os
import subprocess
import sys
import textwrap

from cases import ROOT


def run_python(source, **environment):
    """Run code in a new Python and return what it prints to both streams; it must succeed within a minute."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
