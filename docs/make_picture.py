"""The README's picture: one example graded, its page opened in headless Chromium, the screenshot kept.

make picture        # needs Debian's chromium
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = "three-mistakes"
SIZE = "1100,1040"
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars")
OFFLINE = ("--disable-background-networking", "--disable-component-update", "--disable-sync")


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("make picture: no chromium found. Debian, Ubuntu: apt install chromium")
    with tempfile.TemporaryDirectory() as folder:
        grade = [sys.executable, "-m", "grader.cli.main", "grade", "submissions", "--only", EXAMPLE, "--out", folder]
        subprocess.run(grade, cwd=ROOT, check=True)
        page = f"file://{folder}/{EXAMPLE}.html"
        options = [f"--user-data-dir={folder}/profile", f"--window-size={SIZE}"]
        picture = f"--screenshot={ROOT / 'docs/report.png'}"
        subprocess.run([chromium, *QUIET, *OFFLINE, *options, picture, page], check=True, capture_output=True)


if __name__ == "__main__":
    main()
