"""What the pages name exists: links, headings, files, commands and their options, targets of make."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from cases import ROOT

from grader.assignment.load import load_assignment
from grader.cli.commands import COMMANDS, cli
from grader.records import CHECK_STATUSES, SUBMISSION_STATUSES

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "student_template/README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
# What stands beside these has options of its own.
OTHER_PROGRAMS = re.compile(r"\b(dask|pip|pytest|python3?)\b")
OF_OTHER_PROGRAMS = {"--nthreads": "dask", "--privileged": "container runtimes"}
# Folders that code in a page may be a path below.
TOPS = ("assignment", "bench", "docs", "grader", "reference", "submissions", "tests", ".ci")
ROOMS = sorted(path.name for path in (ROOT / "grader").iterdir() if path.is_dir() and path.name != "__pycache__")
# What a run writes, what a reader makes up, and what a student has.
PLACEHOLDER = re.compile(r"[<>…*{}]|NAME|FAMILY|\bID\b")

ids = {"ids": lambda page: page.relative_to(ROOT).as_posix()}


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The anchors of headings, as Git hosts and the site make them."""
    outside_of_blocks = re.sub(r"^```.*?^```", "", read(page), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", outside_of_blocks, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def options_of(command: str) -> set[str]:
    found = cli.get_command(click.Context(cli), command)
    assert found is not None
    below = list(found.commands.values()) if isinstance(found, click.Group) else []
    params = [parameter for one in (found, *below) for parameter in one.params]
    return {"--help"} | {
        option
        for parameter in params
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("--")
    }


ALL_OPTIONS = {"--version", *OF_OTHER_PROGRAMS}.union(*map(options_of, COMMANDS))


@pytest.mark.parametrize("page", PAGES, **ids)
def test_every_link_leads_to_a_file_and_to_a_heading_in_it(page):
    broken = []
    for link in LINK.findall(read(page)):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, **ids)
def test_every_file_that_a_page_names_exists(page):
    lost = []
    for code in CODE.findall(read(page)):
        path = code.partition("::")[0]
        if " " in path or PLACEHOLDER.search(path):
            continue
        top = path.partition("/")[0]
        if "/" in path and top in TOPS and not (ROOT / path).exists():
            lost.append(path)
        if "/" in path and top in ROOMS and top not in TOPS and not (ROOT / "grader" / path).exists():
            lost.append(path)
    # `sandbox/test_….py::…` on the security page lies below tests/, which tests/test_security_page.py looks at.
    assert [path for path in lost if not re.fullmatch(r"\w+/test_\w+\.py", path)] == []


@pytest.mark.parametrize("page", PAGES, **ids)
def test_every_option_that_a_page_names_exists(page):
    unknown = []
    for line in read(page).splitlines():
        command = re.search(r"(?:^|[`/ ])grader (\w+)", line)
        of_command = options_of(command[1]) if command and command[1] in COMMANDS else ALL_OPTIONS
        for part in re.split(r"`|, then", line):
            if OTHER_PROGRAMS.search(part) and "grader " not in part.replace("layergrader ", ""):
                continue
            known = of_command if part.lstrip("$ ").removeprefix(".venv/bin/").startswith("grader ") else ALL_OPTIONS
            unknown += [(part, option) for option in OPTION.findall(part) if option not in known]
    assert unknown == []


@pytest.mark.parametrize("page", PAGES, **ids)
def test_every_command_that_a_page_names_exists(page):
    code = [*CODE.findall(read(page)), *re.findall(r"^(?:    |\$ )(.+)$", read(page), re.MULTILINE)]
    named = [re.match(r"(?:\.venv/bin/)?grader ([a-z]\w*)", one) for one in code]
    assert [one[1] for one in named if one and one[1] not in COMMANDS] == []
    targets = {*re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.MULTILINE)}
    assert [name for one in code for name in re.findall(r"^make ([a-z][a-z-]*)", one) if name not in targets] == []


def test_a_name_that_is_gone_is_noticed():
    page = ROOT / "docs/of-this-test.md"  # read in place of the file, which is not there
    text = (
        "[a](gone.md) [b](security.md#gone) `grader/gone.py` `grader grade --gone` `--gone` `grader gone` `make gone`"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "read", lambda path: text if path == page else path.read_text(encoding="utf-8"))
        for test in (
            test_every_link_leads_to_a_file_and_to_a_heading_in_it,
            test_every_file_that_a_page_names_exists,
            test_every_option_that_a_page_names_exists,
            test_every_command_that_a_page_names_exists,
        ):
            with pytest.raises(AssertionError):
                test(page)


def test_the_readme_is_short():
    assert len(read(ROOT / "README.md").splitlines()) <= 120


def test_the_teaching_assistants_guide_explains_every_status():
    rows = re.findall(r"^\| (\w+) \|", read(ROOT / "docs/teaching-assistant.md"), re.MULTILINE)
    assert {*CHECK_STATUSES, *SUBMISSION_STATUSES} <= {*rows}


def test_the_instructors_guide_lists_every_option_of_grade_or_a_page_that_it_links_to_does():
    text = "".join(read(ROOT / f"docs/{name}.md") for name in ("instructor", "long-runs", "operator"))
    assert {option for option in options_of("grade") if f"`{option}" not in text} <= {"--help", "--assignment"}


def test_the_students_guide_names_every_option_of_check_and_all_notebooks_in_their_order():
    text = read(ROOT / "student_template/README.md")
    assert {option for option in options_of("check") if option not in text} <= {"--help", "--assignment"}
    order = re.findall(r"^\d\. `(\w+)\.ipynb`", text, re.MULTILINE)
    assert sorted(order) == sorted(path.stem for path in (ROOT / "student_template").glob("*.ipynb"))
    # Points are in the order in which students meet the functions; each notebook goes on where the one before ended.
    points = [name.rpartition(".")[2] for name in load_assignment(ROOT / "assignment").functions]
    seen: set[str] = set()
    begins = []
    for name in order:
        checked = re.findall(r'check\("(\w+)"', read(ROOT / f"assignment/notebooks/{name}.py"))
        begins.append(min(points.index(function) for function in checked if function not in seen))
        seen |= {*checked}
    assert begins == sorted(begins)
