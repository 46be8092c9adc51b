"""Writes a generated file of the project, or verifies that it is up to date."""

from __future__ import annotations

import sys
from pathlib import Path


def write_or_check(path: Path, text: str, command: str) -> int:
    """Write the file; with --check on the command line, only compare it with `text`. Return the exit code.

    command: the command that writes the file, for the message.
    """
    if "--check" not in sys.argv[1:]:
        path.write_text(text, encoding="utf-8")
    is_current = path.is_file() and path.read_text(encoding="utf-8") == text
    print(f"{path.name}: {'up to date' if is_current else f'out of date. Run {command}.'}")
    return 0 if is_current else 1
