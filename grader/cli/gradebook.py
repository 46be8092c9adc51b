"""`grader gradebook`: what people decide, by commands. Each writes who decided and when; `grade` shows it on the pages.

The commands stand in gradebook_commands/: people.py (who), decisions.py (points, comments, days) and tables.py (lists,
tables, copies).

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
    help="A file or postgresql://….",
)
@click.option("--title", default="", metavar="TEXT", help="The assignment's title; not needed where there is only one.")
@click.option("--who", default="", metavar="NAME", help="Who decides, for the history; your user name by default.")
@click.pass_context
def gradebook(context: click.Context, url: str, title: str, who: str) -> None:
    """What people decide about scores: students, adjustments, comments, late days, regrade requests.

    `grader grade` makes the gradebook beside its output folder. After decisions, the same `grader grade` command writes
    the pages and grades.csv anew; it runs nothing again.
    """
    context.obj = Desk(url, title, who)


for command in (*DECISIONS, *PEOPLE, *TABLES, publish):
    gradebook.add_command(command)
