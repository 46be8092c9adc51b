"""docs/security.md: every row of its tables names a test or an attack, and each of these exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).resolve().parent
PAGE = TESTS.parent / "docs" / "security.md"
NAME = re.compile(r"`((?:\w+/)*\w+\.py::\w+|attacks/\w+/\w+)`")


def rows(text: str) -> list[str]:
    """The rows of all tables, without headings and the lines below them."""
    lines = text.splitlines()
    return [
        line
        for line, below in zip(lines, [*lines[1:], ""], strict=True)
        if line.startswith("|") and not line.startswith("|--") and not below.startswith("|--")
    ]


def exists(name: str) -> bool:
    path, _, test = name.partition("::")
    if not test:
        return (TESTS / path / "attack.toml").is_file()
    if not (TESTS / path).is_file():
        return False
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == test for node in tree.body)


def test_every_row_names_a_test_or_an_attack():
    found = rows(PAGE.read_text(encoding="utf-8"))
    assert len(found) > 40
    assert [row for row in found if not NAME.search(row.rpartition(" | ")[2])] == []


def test_every_name_on_the_page_exists():
    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in NAME.findall(text) if not exists(name)] == []
    quoted = re.findall(r"`([^`\n]+)`", text)
    meant = [name for name in quoted if ("::" in name or name.startswith("attacks/")) and "…" not in name]
    assert [name for name in meant if not NAME.fullmatch(f"`{name}`")] == []


def test_a_removed_name_is_noticed():
    assert exists("test_security_page.py::test_a_removed_name_is_noticed")
    assert not exists("test_security_page.py::test_that_is_not")
    assert not exists("test_of_nothing.py::test_a_removed_name_is_noticed")
    assert not exists("attacks/escaping/by_the_window")
    assert rows("| a | b |\n|---|---|\n| c | d |\n\ntext\n") == ["| c | d |"]
