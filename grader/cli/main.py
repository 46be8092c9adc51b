"""The command line: parse, call, print. The one place where errors become exit codes.

0 done; 1 "not yet" (a public check not passed, drift found by --check, a failed audit); 2 usage; 3 a fault of ours;
130, 143, 129 stopped by Ctrl-C, SIGTERM, SIGHUP.

A command's module is imported when that command is given: each needs libraries that the others do without, and a job
process, which imports this module as whoever is spawned does, needs none of them.
"""

from __future__ import annotations

import importlib
import signal
import sys
import traceback
from types import FrameType
from typing import Final, NoReturn

import click

from grader import VERSION
from grader.errors import GraderError, UsageError

# By name, which is that of its module and of the function in it: what `grader --help` says of it.
COMMANDS: Final = {
    "audit": "Grade the reference, the empty template, every misconception: is right told from wrong?",
    "check": "Run the public checks on your own code: what is right, wrong, not there yet.",
    "fixtures": "Run every check on the reference, and store what it returns.",
    "grade": "Grade folders, archives or single files: marks, and a report and a feedback page each.",
    "release": "Pack what students get: template, notebooks, public checks, and this grader.",
    "submit": "Pack your files and notebooks into one zip, and say what is missing.",
    "template": "Write the students' package: the reference without its solutions.",
}
USAGE: Final = 2
FAULT: Final = 3
STOPPED: Final = 128  # and the number of the signal, as shells have it


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


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores it for us
            signal.signal(number, stop)
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("stopped", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except UsageError as error:
        click.echo(f"grader: {error}", err=True)
        code = USAGE
    except GraderError as error:
        click.echo(f"grader: {error}", err=True)
        code = FAULT
    except Exception:  # nobody foresaw it, so it is a fault of ours; Python's own exit code would read "not yet"
        traceback.print_exc()
        code = FAULT
    sys.exit(code if isinstance(code, int) else 0)


def stop(number: int, frame: FrameType | None) -> NoReturn:
    """As an exception, so that sandboxes are ended and work folders removed."""
    sys.exit(STOPPED + number)


if __name__ == "__main__":
    main()
