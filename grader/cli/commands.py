"""The commands of `grader`. Each has a module of its name, which is imported when the command is given.

Every one needs libraries that the others do without; the list of them needs none.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Final

import click

from grader import VERSION

FOLDER: Final = click.Path(path_type=Path, file_okay=False)
FILE: Final = click.Path(path_type=Path, dir_okay=False)
# For the commands of staff; students' folders are looked for.
assignment_option = click.option(
    "--assignment", default="assignment", show_default=True, type=click.Path(path_type=Path), help="Assignment folder."
)

# By name, which is that of its module and of the function in it: what `grader --help` says of it.
COMMANDS: Final = {
    "audit": "Grade the reference, the empty template, every misconception: is right told from wrong?",
    "check": "Run the public checks on your own code: what is right, wrong, not there yet.",
    "fixtures": "Run every check on the reference, and store what it returns.",
    "grade": "Grade folders, archives or single files: marks, and a report and a feedback page each.",
    "gradebook": "Students, attempts, adjustments, comments, late days, requests: what people decide.",
    "release": "Pack what students get: template, notebooks, public checks, and this grader.",
    "serve": "The gradebook in a browser: the class, points with reasons, one question for everybody.",
    "submit": "Pack your files and notebooks into one zip, and say what is missing.",
    "template": "Write the students' package: the reference without its solutions.",
}


class Commands(click.Group):
    """The commands by name, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"grader.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="grader")
def cli() -> None:
    """Grade submissions of a NumPy assignment: marks, and an HTML report for each."""
