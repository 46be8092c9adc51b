"""Programs that some tests need and a bare machine lacks. `.ci/run` installs them and runs the skipped tests."""

from __future__ import annotations

import shutil

import pytest

PACKAGES = {"xz": "xz-utils"}  # Debian's package, if it has another name


def need_programs(*names: str) -> None:
    """Skip the test if one of the programs is missing."""
    for name in names:
        if shutil.which(name) is None:
            pytest.skip(f"needs {name} (Debian: apt install {PACKAGES.get(name, name)})")


def need_packers(options: str) -> None:
    """Skip the test if a program is missing that tar starts for these options."""
    need_programs(*(name for letter, name in (("z", "gzip"), ("J", "xz")) if letter in options))
