"""Every `console` block of the pages, run: the page shows what is printed. `make docs-output` writes it anew."""

from __future__ import annotations

import pytest

from docs.run_commands import agrees, commands_of, differences, make_folder, pages, rewrite, run, runnable

PAGES = pages()


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_what_its_commands_print(page, open_folder):
    folder = open_folder / f"page-{page.stem}"
    folder.mkdir(mode=0o755)
    assert differences(page, make_folder(page, folder)) == []


def test_the_guides_for_staff_and_students_show_commands():
    assert {"instructor", "teaching-assistant", "operator", "README"} <= {page.stem for page in PAGES}


def test_a_command_and_the_lines_below_it_are_read():
    text = "a\n```console\n$ one\nfirst\n\nlast\n$ two\n```\n\n<!-- not run: network -->\n```console\n$ no\n```\n"
    (block,) = runnable(text)
    assert [(one.command, one.output) for one in commands_of(block["text"])] == [
        ("one", ["first", "", "last"]),
        ("two", []),
    ]
    with pytest.raises(ValueError, match="expected a command"):
        commands_of("output\n$ one\n")


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        (["a", "b"], ["a", "b"], True),
        (["a", "b"], ["a", "c"], False),
        (["a"], ["a", "b"], False),
        ([], ["b"], False),
        (["a.c"], ["abc"], False),
        (["…", "b"], ["a", "a", "b"], True),
        (["…", "b"], ["b"], True),
        (["…", "b"], ["b", "a"], False),
        (["in … s (1.5)"], ["in 2.7 s (1.5)"], True),
        (["in … s (1.5)"], ["in 2.7 s (1x5)"], False),
    ],
)
def test_three_dots_stand_for_any_text_or_lines_and_nothing_else_does(shown, printed, same):
    assert agrees(shown, printed) is same


@pytest.mark.process
def test_what_a_page_shows_wrongly_is_named_and_rewritten(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "```console\n$ echo one\n$ (exit 3)\n$ echo $?\n4\n$ echo same\n…\n$ echo in 2 s; echo more\nin … s\n```\n"
    )
    assert differences(page, tmp_path) == [
        "page.md: $ echo one\none",
        "page.md: $ echo $?\n3",
        "page.md: $ echo in 2 s; echo more\nin 2 s\nmore",
    ]
    assert rewrite(page, tmp_path)
    new = "$ echo one\none\n$ (exit 3)\n$ echo $?\n3\n$ echo same\n…\n$ echo in 2 s; echo more\nin … s\nmore\n"
    assert page.read_text() == f"```console\n{new}```\n"
    assert differences(page, tmp_path) == []
    assert run(commands_of("$ echo a >&2\n"), tmp_path)[0].output == ["a"]
