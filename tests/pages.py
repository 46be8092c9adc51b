"""A page that shows how to write files and run commands: its blocks, carried out as they stand, nothing added.

```python                       a file, if the first line is a comment with its path: `# reference/layers.py`;
# reference/layers.py           `# reference/layers.py, added`: added to the end of this file;
```                             `# assignment/assignment.toml, under [points]`: added below that line of it

```shell-session                commands after `$ `, run in order in one folder, each with all that it prints;
$ grader fixtures               a line `…` stands for any lines, `…` in a line for any text
```
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

BLOCK = re.compile(r"^```(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (?P<path>[\w./-]+\.(?:py|toml|md|txt))(?:, (?P<added>added|under (?P<line>.+)))?\n+")
PROGRESS = re.compile(r" *\d+/\d+ .+: .+|\d+ graded in .+")
ANYTHING = "…"
ENDED = "===ended-in="


@dataclass
class Carried:
    """What became of a page. wrong: a text for each command that printed something else."""

    folder: Path  # where the last command ended
    files: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def carry_out(page: Path, folder: Path) -> Carried:
    """Carry out all blocks of a page, in order. Raises AssertionError for a block that is neither."""
    done = Carried(folder)
    for language, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "shell-session":
            run_block(done, text)
        else:
            named = FILE.match(text)
            assert named, f"{page.name}: a block of {language} does not name its file: {text[:60]}"
            path, content = done.folder / named["path"], text[named.end() :]
            assert path.is_file() or not named["added"], f"{path}: is not there"
            path.parent.mkdir(parents=True, exist_ok=True)
            before = path.read_text() if named["added"] else ""
            if named["line"]:
                first, line, rest = before.partition(f"{named['line']}\n")
                assert line, f"{path}: has no line {named['line']}"
                path.write_text(first + line + content + rest)
            else:
                path.write_text(f"{before}\n\n{content}" if before else content)
            done.files.append(named["path"])
    return done


def run_block(done: Carried, text: str) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        script = f"{command}\nprintf '%s%s' {ENDED} \"$PWD\""
        env = {**os.environ, "PATH": path, "COLUMNS": "100"}
        ran = subprocess.run(["bash", "-c", script], cwd=done.folder, env=env, check=False, **both)
        said, _, folder = ran.stdout.rpartition(ENDED)
        printed = [line.rstrip() for line in said.splitlines() if not PROGRESS.fullmatch(line)]
        done.folder = Path(folder)
        done.commands.append(command)
        if not agrees(shown, printed):
            done.wrong.append("\n".join([f"$ {command}", *printed]))


def agrees(shown: list[str], printed: list[str]) -> bool:
    pattern = "".join(
        r"(?:.*\n)*" if line == ANYTHING else ".*".join(map(re.escape, line.split(ANYTHING))) + r"\n" for line in shown
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None
