"""The entry point of the `grader` program, and the only place where errors become exit codes (EXIT_CODES).

A spawned process (a job, the renderer of notebooks) imports this module again, because multiprocessing imports the
parent's `__main__`. A spawned process needs neither click nor the commands, so only the function `main` imports them.
"""

from __future__ import annotations

import io
import signal
import sys
import traceback
from types import FrameType
from typing import Final, NoReturn

from grader.errors import GraderError, UsageError
from grader.pausing_gc import importing

USAGE: Final = 2
FAULT: Final = 3
STOPPED: Final = 128  # by the convention of shells, the exit code is 128 plus the number of the signal
# The meaning of each exit code; docs/reference.md lists them.
EXIT_CODES: Final = {
    0: "Done. `grader grade` exits with 0 whatever the marks are.",
    1: "Not yet: a public check does not pass, `--check` found a difference, or the audit found a problem.",
    USAGE: "Wrong usage: an unknown option, a path that does not exist.",
    FAULT: "A fault of the grader, the assignment or the machine. It takes no mark away and replaces no result.",
    STOPPED + 1: "Stopped by SIGHUP, as when a terminal is closed.",
    STOPPED + 2: "Stopped by Ctrl-C (SIGINT).",
    STOPPED + 15: "Stopped by SIGTERM.",
}


def main() -> NoReturn:
    with importing():
        import click

        from grader.cli.commands import cli

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # the console's encoding may lack characters of a name
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(number, stop)
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("stopped", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except GraderError as error:
        click.echo(f"grader: {error}", err=True)
        code = USAGE if isinstance(error, UsageError) else FAULT
    except Exception:  # unexpected, so a fault of ours; Python's own exit code, 1, would mean "not yet"
        traceback.print_exc()
        code = FAULT
    sys.exit(code if isinstance(code, int) else 0)


def stop(number: int, frame: FrameType | None) -> NoReturn:
    """Raise SystemExit, so that `finally` and `with` blocks stop sandboxes and remove work folders."""
    sys.exit(STOPPED + number)


if __name__ == "__main__":
    main()
