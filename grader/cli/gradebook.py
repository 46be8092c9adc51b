"""`grader gradebook`: staff enter their decisions about grades as commands.

Each command stores the decision, who made it and when; `grader grade` shows the decision on the pages. The commands are
in gradebook_commands/: people.py (students, rosters), decisions.py (points, comments, late days), tables.py (lists,
tables, copies) and publish.py.
"""

from __future__ import annotations

import click

from grader.cli.gradebook_commands.decisions import DECISIONS
from grader.cli.gradebook_commands.desk import Desk
from grader.cli.gradebook_commands.people import PEOPLE
from grader.cli.gradebook_commands.publish import publish
from grader.cli.gradebook_commands.tables import TABLES
from grader.gradebook.place import FILE_NAME


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--gradebook",
    "url",
    metavar="URL",
    default=FILE_NAME,
    show_default=True,
    envvar="GRADER_GRADEBOOK",
    help="The gradebook: a file or postgresql://….",
)
@click.option("--title", default="", metavar="TEXT", help="The assignment's title, if the gradebook has several.")
@click.option("--who", default="", metavar="NAME", help="The person who decides. Default: your user name.")
@click.pass_context
def gradebook(context: click.Context, url: str, title: str, who: str) -> None:
    """Enter and show what people decide about grades: students, adjustments, comments, late days, regrade requests.

    `grader grade` makes the gradebook beside its output folder. After decisions, run the same `grader grade` command
    again: it writes the pages and grades.csv anew, and runs no student's code again.
    """
    context.obj = Desk(url, title, who)


for command in (*DECISIONS, *PEOPLE, *TABLES, publish):
    gradebook.add_command(command)
