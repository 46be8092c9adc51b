"""Carry out a page that shows how to write files and run commands: its blocks as they stand, and nothing else.

```python                       a file, if the first line is a comment with its path: `# reference/layers.py`;
# reference/layers.py           `# reference/layers.py, added`: added to the end of this file;
```                             `# assignment/assignment.toml, under [points]`: added below that line of it

```shell-session                commands after `$ `, run in order in one folder, each with everything that it prints;
$ grader fixtures               `…` as in docs/run_commands.py
```
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from docs.run_commands import agrees, commands_of, run_script, without_progress

BLOCK = re.compile(r"^```(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (?P<path>[\w./-]+\.(?:py|toml|md|txt))(?:, (?P<added>added|under (?P<line>.+)))?\n+")
# A line with durations that the pages leave out.
SUMMARY = re.compile(r"\d+ graded in .+")
ENDED = "===ended-in="


@dataclass
class Carried:
    """The outcome of a page. wrong: for each command that printed something else, what it printed."""

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
    for shown in commands_of(text):
        script = f"{shown.command}\nprintf '%s%s' {ENDED} \"$PWD\""
        everything = run_script(script, done.folder, programs=Path(sys.executable).parent, columns="100")
        said, _, folder = everything.rpartition(ENDED)
        printed = [line for line in without_progress(said) if not SUMMARY.fullmatch(line)]
        done.folder = Path(folder)
        done.commands.append(shown.command)
        if not agrees(shown.output, printed):
            done.wrong.append("\n".join([f"$ {shown.command}", *printed]))
