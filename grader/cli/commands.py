"""The group of all commands of `grader`. The module of a command is imported only when that command runs.

Importing the modules of all commands would be slow, because each command needs libraries that others do not need.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Final

import click

from grader import VERSION
from grader.pausing_gc import importing

FOLDER: Final = click.Path(path_type=Path, file_okay=False)
FILE: Final = click.Path(path_type=Path, dir_okay=False)
# The option of the staff's commands. The students' commands search for the assignment folder (student/own_run.py).
assignment_option = click.option(
    "--assignment", default="assignment", show_default=True, type=click.Path(path_type=Path), help="Assignment folder."
)

# For each command, the text that `grader --help` shows. The command's module and function have the command's name.
COMMANDS: Final = {
    "audit": "Grade the reference, the template and every misconception, and verify their marks and hints.",
    "check": "Run the public checks on your own code. Shows what is right, wrong or not written yet.",
    "compare": "Show who gained or lost points between two gradings, through which check, and why.",
    "export": "Write grades and feedback as files that Canvas, Moodle or Gradescope import.",
    "fixtures": "Run every check on the reference and on every misconception, and store the results.",
    "grade": "Grade folders, archives or single files: marks, and for each a report and a feedback page.",
    "gradebook": "Students, adjustments, comments, late days, regrade requests: what people decide.",
    "new": "Write a new assignment that grades at once.",
    "release": "Pack the zip for students: template, notebooks, public checks and this grader.",
    "serve": "The gradebook in a browser: the class, points with reasons, one question for everybody.",
    "submit": "Pack your files and notebooks into one zip, and list what is missing.",
    "template": "Write the students' package: the reference without its solutions.",
}


class Commands(click.Group):
    """Imports the module of a command only when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        with importing():
            command: click.Command = getattr(importlib.import_module(f"grader.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="grader")
def cli() -> None:
    """Grade submissions of a NumPy assignment: marks, and an HTML report for each submission."""
