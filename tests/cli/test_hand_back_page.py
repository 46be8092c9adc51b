"""docs/hand-back.md: the export that it shows, of a class like that of docs/downloads.md; what it prints is printed."""

from __future__ import annotations

import shlex
import zipfile
from contextlib import chdir

from cases import ROOT
from click.testing import CliRunner
from test_export_command import graded, keep

from grader.cli.commands import COMMANDS, cli

PAGE = (ROOT / "docs/hand-back.md").read_text(encoding="utf-8")
ENTRIES = (
    "doejane_1234_55501_layers.py",
    "doejane_1234_55502_optim.py",
    "doejane_1234_55508_layers-1.py",
    "poeedgar_1236_text.html",
    "roerichard_LATE_1235_55510_hw2.zip",
)
GRADEBOOK = (
    "Student,ID,SIS Login ID,Section,Homework 2 (77),Quiz (78)\n    Points Possible,,,,10.00,10.00\n"
    '"Doe, Jane",1234,jdoe,A,,\n"Poe, Edgar",1236,epoe,A,,\n"Roe, Richard",1235,rroe,B,,\n"Student, Test",9,t,B,,\n'
)


def test_the_export_of_the_page_prints_what_the_page_says(tmp_path):
    keep(
        [graded("doejane_1234", 8.0), graded("poeedgar_1236", 0.0, "unreadable"), graded("roerichard_1235", 10.0)],
        tmp_path,
    )
    (tmp_path / "submissions").mkdir()
    for name in ENTRIES:
        (tmp_path / "submissions" / name).write_text("")
    (tmp_path / "gradebook.csv").write_text(GRADEBOOK)
    block = [line[4:] for line in PAGE.splitlines() if line.startswith("    ")]
    command, printed = block[0], block[1:5]
    start = "$ .venv/bin/grader export "
    assert command.startswith(start)
    words = shlex.split(command.removeprefix(start))
    with chdir(tmp_path):
        words += ["--assignment", str(ROOT / "assignment")]
        done = CliRunner().invoke(cli, ["export", *words], standalone_mode=False)
    assert done.exception is None, done.exception
    assert done.output.splitlines() == printed
    with zipfile.ZipFile(tmp_path / "reports/export/canvas-feedback.zip") as file:
        assert file.namelist() == ["doejane_1234_55508_feedback.html", "roerichard_1235_55510_feedback.html"]


def test_every_command_and_option_of_the_page_exists():
    for line in PAGE.splitlines():
        if "$ .venv/bin/grader " in line:
            name, *words = line.partition("$ .venv/bin/grader ")[2].split()
            assert name in COMMANDS
            known = {option for parameter in cli.get_command(None, name).params for option in parameter.opts}
            assert {word for word in words if word.startswith("--")} <= known
