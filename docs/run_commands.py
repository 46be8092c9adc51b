"""Run the commands that the pages show, and compare what they print with what the pages say they print.

make docs-output     # runs them and writes their output into the pages
tests/pages/test_console_blocks.py compares

A `console` block holds commands after `$ ` and their output. The blocks of a page run in order, in one scratch folder:
a checkout of this project with a class download in it, or a student's folder (docs/example_class.py). In the output, a
line `…` stands for any lines, and `…` within a line for any text. A block under `<!-- not run: REASON -->` is not run.
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
# Its commands run in a student's folder; `make template` hands it on to students.
STUDENT_GUIDE = ROOT / "assignment/template/README.md"
PROMPT, ANYTHING = "$ ", "…"
# The width of the code column of a page on a laptop.
COLUMNS = "80"
BLOCK = re.compile(r"(?P<skip><!-- not run: [^>]+ -->\n+)?^```console\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
# Between the outputs of two commands; `$?` is that of the command for the next one.
MARK = "=== next command ==="
# One line a submission, in the order in which they end; a terminal shows a bar in their place.
PROGRESS = re.compile(r" *\d+/\d+ .+: .+")


@dataclass(frozen=True)
class Shown:
    """One command of a page with the lines below it."""

    command: str
    output: list[str]


def pages() -> list[Path]:
    """The pages with at least one block that is run."""
    candidates = [*sorted((ROOT / "docs").glob("*.md")), STUDENT_GUIDE]
    return [page for page in candidates if list(runnable(page.read_text(encoding="utf-8")))]


def make_folder(page: Path, folder: Path) -> Path:
    return make_student_folder(folder) if page == STUDENT_GUIDE else make_checkout(folder)


def runnable(text: str) -> Iterator[re.Match[str]]:
    return (block for block in BLOCK.finditer(text) if not block["skip"])


def commands_of(block: str) -> list[Shown]:
    """Raises ValueError if the block does not begin with a command."""
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
    """The same commands with what they print here."""
    script = "".join(f"{one.command}\ncode=$?; echo '{MARK}'; (exit $code)\n" for one in block)
    text = run_script(script, folder, programs=folder / "bin", columns=COLUMNS, PYTHONPATH=str(ROOT))
    printed = text.replace("\ufeff", "").split(f"{MARK}\n")[: len(block)]
    return [Shown(one.command, without_progress(text)) for one, text in zip(block, printed, strict=True)]


def run_script(script: str, folder: Path, *, programs: Path, columns: str, **environment: str) -> str:
    """Everything that a script prints. programs: a folder of programs that come before all others."""
    env = {**os.environ, "COLUMNS": columns, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", **environment}
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.run(["bash", "-c", script], cwd=folder, env=env, check=False, **both).stdout


def without_progress(text: str) -> list[str]:
    """The lines of an output but for those of the progress."""
    return [line.rstrip() for line in text.splitlines() if not PROGRESS.fullmatch(line)]


def agrees(shown: list[str], printed: list[str]) -> bool:
    """Whether the printed lines match those of the page; `…` matches anything."""
    pattern = "".join(
        r"(?:.*\n)*" if line.strip() == ANYTHING else ".*".join(map(re.escape, line.rstrip().split(ANYTHING))) + r"\n"
        for line in shown
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


def merged(shown: Shown, now: Shown) -> list[str]:
    """What is printed now. A line of the page with `…` stays where it fits; a line `…` has to be written again."""
    patterns = [line for line in shown.output if ANYTHING in line and line.strip() != ANYTHING]
    return [next((one for one in patterns if agrees([one], [line])), line) for line in now.output]


def differences(page: Path, folder: Path) -> list[str]:
    """Run the page in a fresh checkout: for each command that prints something else, what it prints."""
    found = []
    for block in runnable(page.read_text(encoding="utf-8")):
        shown = commands_of(block["text"])
        for one, now in zip(shown, run(shown, folder), strict=True):
            if not agrees(one.output, now.output):
                found.append("\n".join([f"{page.name}: $ {one.command}", *now.output]))
    return found


def rewrite(page: Path, folder: Path) -> bool:
    """Write into the page what its commands print now. Returns whether it changed."""

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
    """All pages, or those whose names are given."""
    for page in pages():
        if not sys.argv[1:] or page.name in sys.argv[1:]:
            with tempfile.TemporaryDirectory(prefix="docs-") as folder:
                os.chmod(folder, 0o755)  # a worker under another uid reads what lies in it
                done = "written" if rewrite(page, make_folder(page, Path(folder))) else "as it was"
                print(f"{page.relative_to(ROOT)}: {done}")


if __name__ == "__main__":
    main()
