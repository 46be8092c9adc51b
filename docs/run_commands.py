"""Run the commands that the pages show, and compare their output with the output on the pages.

make docs-output     # runs them and writes their output into the pages
tests/pages/test_console_blocks.py compares

A `console` block holds commands after `$ `, each followed by its output. The blocks of a page run in order, in one
scratch folder: a checkout of this project with the download of a class in it, or a student's folder
(docs/example_class.py). In the output, a line `…` matches any lines, and `…` within a line matches any text. A block
under `<!-- not run: REASON -->` is not run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docs.example_class import make_checkout, make_student_folder

ROOT = Path(__file__).resolve().parents[1]
# The commands of this page run in a student's folder. `make template` copies the page into the students' package.
STUDENT_GUIDE = ROOT / "assignment/template/README.md"
PROMPT, ANYTHING = "$ ", "…"
# Columns of the terminal, so that lines fit into a page on a laptop.
COLUMNS = "80"
BLOCK = re.compile(r"(?P<skip><!-- not run: [^>]+ -->\n+)?^```console\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
# The script prints this line between the outputs of two commands.
MARK = "=== next command ==="
# The lines of progress, which the comparison ignores, because their order depends on which submission ends first.
PROGRESS = re.compile(r" *\d+/\d+ .+: .+")


@dataclass(frozen=True)
class Shown:
    """One command of a page, and the lines of its output."""

    command: str
    output: list[str]


def pages() -> list[Path]:
    """Return the pages with at least one block to run."""
    candidates = [*sorted((ROOT / "docs").glob("*.md")), STUDENT_GUIDE]
    return [page for page in candidates if list(runnable(page.read_text(encoding="utf-8")))]


def make_folder(page: Path, folder: Path) -> Path:
    return make_student_folder(folder) if page == STUDENT_GUIDE else make_checkout(folder)


def runnable(text: str) -> Iterator[re.Match[str]]:
    return (block for block in BLOCK.finditer(text) if not block["skip"])


def commands_of(block: str) -> list[Shown]:
    """Return the commands of a block. Raises ValueError if the block does not begin with a command."""
    found: list[Shown] = []
    for line in block.splitlines():
        if line.startswith(PROMPT):
            found.append(Shown(line.removeprefix(PROMPT), []))
        elif found:
            found[-1].output.append(line)
        else:
            raise ValueError(f"console block: found {line!r}, expected a command after {PROMPT!r}")
    return found


def run(block: list[Shown], folder: Path) -> list[Shown]:
    """Run the commands in `folder`, and return them with the output that they print now."""
    script = "".join(f"{one.command}\ncode=$?; echo '{MARK}'; (exit $code)\n" for one in block)
    text = run_script(script, folder, programs=folder / "bin", columns=COLUMNS, PYTHONPATH=str(ROOT))
    printed = text.replace("\ufeff", "").split(f"{MARK}\n")[: len(block)]
    return [Shown(one.command, without_progress(text)) for one, text in zip(block, printed, strict=True)]


def run_script(script: str, folder: Path, *, programs: Path, columns: str, **environment: str) -> str:
    """Run a script and return everything that it prints. programs: a folder to put first in PATH."""
    env = {**os.environ, "COLUMNS": columns, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", **environment}
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.run(["bash", "-c", script], cwd=folder, env=env, check=False, **both).stdout


def without_progress(text: str) -> list[str]:
    """Return the lines of an output, without the lines of progress."""
    return [line.rstrip() for line in text.splitlines() if not PROGRESS.fullmatch(line)]


def agrees(shown: list[str], printed: list[str]) -> bool:
    """Return whether the printed lines match those of the page; `…` matches anything."""
    pattern = "".join(
        r"(?:.*\n)*" if line.strip() == ANYTHING else ".*".join(map(re.escape, line.rstrip().split(ANYTHING))) + r"\n"
        for line in shown
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


def merged(shown: Shown, now: Shown) -> list[str]:
    """Return the lines that the command prints now. If a line of the page contains `…` and still matches, it stays.

    A line that is only `…` is lost, and the author must write it again.
    """
    patterns = [line for line in shown.output if ANYTHING in line and line.strip() != ANYTHING]
    return [next((one for one in patterns if agrees([one], [line])), line) for line in now.output]


def differences(page: Path, folder: Path) -> list[str]:
    """Run the commands of a page in `folder`. Return, for each command with another output than shown, this output."""
    found = []
    for block in runnable(page.read_text(encoding="utf-8")):
        shown = commands_of(block["text"])
        for one, now in zip(shown, run(shown, folder), strict=True):
            if not agrees(one.output, now.output):
                found.append("\n".join([f"{page.name}: $ {one.command}", *now.output]))
    return found


def rewrite(page: Path, folder: Path) -> bool:
    """Write into a page what its commands print now. Return whether the page changed."""

    def anew(block: re.Match[str]) -> str:
        if block["skip"]:
            return block[0]
        shown = commands_of(block["text"])
        lines = []
        for one, now in zip(shown, run(shown, folder), strict=True):
            lines += [PROMPT + one.command, *(one.output if agrees(one.output, now.output) else merged(one, now))]
        return "\n".join(["```console", *lines, "```"])

    text = page.read_text(encoding="utf-8")
    new = BLOCK.sub(anew, text)
    page.write_text(new, encoding="utf-8")
    return new != text


def main() -> None:
    """Rewrite all pages, or the pages that the command line names."""
    for page in pages():
        if not sys.argv[1:] or page.name in sys.argv[1:]:
            with tempfile.TemporaryDirectory(prefix="docs-") as folder:
                os.chmod(folder, 0o755)  # workers run under another uid and read files in it
                done = "written" if rewrite(page, make_folder(page, Path(folder))) else "as it was"
                print(f"{page.relative_to(ROOT)}: {done}")


if __name__ == "__main__":
    main()
