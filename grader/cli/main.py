"""The command line: parse, call, print. The one place where errors become exit codes.

0 done; 1 "not yet" (a public check not passed, drift found by --check, a failed audit); 2 usage; 3 a fault of ours;
130, 143, 129 stopped by Ctrl-C, SIGTERM, SIGHUP.
"""

from __future__ import annotations

import signal
import sys
import traceback
from types import FrameType
from typing import Final, NoReturn

import click

from grader import VERSION
from grader.cli.audit import audit
from grader.cli.check import check
from grader.cli.fixtures import fixtures
from grader.cli.grade import grade
from grader.cli.release import release
from grader.cli.submit import submit
from grader.cli.template import template
from grader.errors import GraderError, UsageError

USAGE: Final = 2
FAULT: Final = 3
STOPPED: Final = 128  # and the number of the signal, as shells have it


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="grader")
def cli() -> None:
    """Grade submissions of a NumPy assignment: marks, and an HTML report for each."""


cli.add_command(check)
cli.add_command(grade)
cli.add_command(fixtures)
cli.add_command(template)
cli.add_command(release)
cli.add_command(submit)
cli.add_command(audit)


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
