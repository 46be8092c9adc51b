"""docs/reference.md is what the code gives, and has every command, option, key, word, status and exit code."""

from __future__ import annotations

import click
import pytest
from cases import ROOT

from docs.make_reference import default_of, main, option_name, parts_of, reference_page
from grader import checks
from grader.assignment.assignment_keys import ASSIGNMENT
from grader.assignment.handout_keys import HANDOUT, HANDOUT_TABLES
from grader.cli.commands import COMMANDS, cli
from grader.cli.main import EXIT_CODES, FAULT, STOPPED, USAGE
from grader.records import ANSWER_STATUSES, CHECK_STATUSES, SUBMISSION_STATUSES, VISIBILITIES, Result
from grader.sandbox.host.limits import RANGES

PAGE = (ROOT / "docs/reference.md").read_text()


def test_the_page_is_up_to_date():
    assert reference_page() == PAGE, "Run make reference."


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_there_with_every_option_and_its_help(name):
    command = cli.get_command(click.Context(cli), name)
    section = PAGE.partition(f"### grader {name}\n")[2].partition("\n## ")[0].partition("\n### ")[0]
    rows = section.replace("\\|", "|")
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert [one.name for one in options if f"| {option_name(one)} | {' '.join(one.help.split())}" not in rows] == []
    assert [one.name for one in options if not all(f"`{opt}" in option_name(one) for opt in one.opts)] == []


@pytest.mark.parametrize(
    "names",
    [
        [*ASSIGNMENT, *HANDOUT, *RANGES, *(key for table in HANDOUT_TABLES.values() for key in table)],
        [*CHECK_STATUSES, *SUBMISSION_STATUSES, *ANSWER_STATUSES, *VISIBILITIES],
        [*Result.__match_args__],
    ],
)
def test_each_has_a_row(names):
    assert [name for name in names if f"| `{name}` |" not in PAGE] == []


def test_each_word_of_checks_has_a_section():
    assert [name for name in checks.__all__ if f"\n### {name}\n\n`{name}(" not in PAGE] == []


def test_each_exit_code_has_its_meaning():
    assert {0, 1, USAGE, FAULT, STOPPED + 2, STOPPED + 15} <= {*EXIT_CODES}
    assert [code for code, meaning in EXIT_CODES.items() if f"| {code} | {meaning} |" not in PAGE] == []


def test_check_fails_for_a_page_that_was_changed_by_hand(tmp_path, monkeypatch, capsys):
    page = tmp_path / "reference.md"
    monkeypatch.setattr("docs.make_reference.PATH", page)
    monkeypatch.setattr("sys.argv", ["make_reference", "--check"])
    assert main() == 1
    page.write_text(PAGE.replace("`passed`", "`fine`"))
    assert main() == 1
    assert capsys.readouterr().out.count("Run make reference.") == 2
    monkeypatch.setattr("sys.argv", ["make_reference"])
    assert main() == 0
    assert page.read_text() == reference_page()


def test_a_docstring_is_taken_apart_at_its_explanations():
    doc = "First.\n\n    one: of a\n    line. two: of another.\n    three: last.\n\n    Raises nothing: at all.\n"
    assert parts_of(doc, ["one", "two", "three", "four"]) == (
        "First.",
        {"one": "of a line.", "two": "of another.", "three": "last."},
        "Raises nothing: at all.",
    )
    assert parts_of("First.", ["one"]) == ("First.", {}, "")


def test_a_default_is_shown_as_json_has_it():
    shown = [default_of({"default": value}) for value in (None, False, (), "")]
    assert [*shown, default_of({})] == ["`null`", "`false`", "`[]`", '`""`', "`{}`"]
