"""Modules that the code imports are found in any folder, within limits, and no other files."""

from __future__ import annotations

import time

import pytest
from sayings import notes_of

from grader.intake.choose import MOST_HELPERS, choose
from grader.intake.own_modules import imports_of

STUDENT = ("layers.py", "classifiers/fc_net.py")


def chosen(tree: dict[str, str]) -> dict[str, str]:
    """The paths of the chosen files, by their name below the package."""
    content = {path: f"{text}# {path}".encode() for path, text in tree.items()}
    files = choose(content, student_files=STUDENT, handed_out=("solver.py",), package="cs231n").files
    return {name: text.decode().rpartition("# ")[2] for name, text in files.items() if name != "layers.py"}


PLACES = {
    "beside the package": ("from mine import f", {"hw/mine.py": "mine.py"}),
    "several in a line": ("import os, mine as m, numpy", {"hw/mine.py": "mine.py"}),
    "in brackets": (
        "from tools import (\n    a,\n    b as c,\n)",
        {"hw/tools/a.py": "tools/a.py", "hw/tools/b.py": "tools/b.py"},
    ),
    "a folder beside": (
        "import utils.pad",
        {"hw/utils/__init__.py": "utils/__init__.py", "hw/utils/pad.py": "utils/pad.py"},
    ),
    "above, relative": ("from ..mine import f", {"hw/mine.py": "mine.py"}),
    "above, relative, a module": ("from .. import mine", {"hw/mine.py": "mine.py"}),
    "by the folder's name": ("from hw.mine import f", {"hw/mine.py": "hw/mine.py"}),
    "by a name that is not in the tree": ("from homework.mine import f", {"hw/mine.py": "mine.py"}),
    "as if in the package": ("from cs231n.mine import f", {"hw/mine.py": "mine.py"}),
    "anywhere": ("from mine import f", {"other/lib/mine.py": "mine.py"}),
    "a name of Python's": ("from queue import f", {"hw/queue.py": "queue.py"}),
    "in a function": ("def f():\n    import mine", {"hw/mine.py": "mine.py"}),
}


@pytest.mark.parametrize("kind", PLACES)
def test_a_module_that_is_imported_is_found(kind):
    line, expected = PLACES[kind]
    tree = {"hw/cs231n/layers.py": f"{line}\n", "hw/unused.py": "", **dict.fromkeys(expected, "")}
    assert chosen(tree) == {name: path for path, name in expected.items()}


def test_what_a_module_imports_is_found_too():
    tree = {
        "hw/cs231n/layers.py": "from .near import f\n",
        "hw/cs231n/near.py": "from utils.a import f\n",
        "hw/utils/a.py": "from .b import f\nfrom .deep.c import g\n",
        "hw/utils/b.py": "import d\n",
        "hw/utils/deep/c.py": "from ..b import f\n",
        "hw/d.py": "import utils.a\n",
    }
    assert set(chosen(tree)) == {"near.py", "utils/a.py", "utils/b.py", "utils/deep/c.py", "d.py"}


def test_the_nearest_of_several_is_taken():
    tree = {"a1/mine.py": "", "a2/cs231n/layers.py": "import mine\n", "a2/lib/mine.py": "", "a3/mine.py": ""}
    assert chosen(tree) == {"mine.py": "a2/lib/mine.py"}


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("import numpy as np", "hw/numpy.py"),
        ("from numpy import dot", "hw/numpy.py"),
        ("import random, json", "hw/random.py"),
        ("from solver import Solver", "hw/solver.py"),
        ("from layers import relu", "old/layers.py"),
        ("from Helpers import f", "hw/helpers.py"),
        ("# import mine", "hw/mine.py"),
        ("import classifiers.mine", "hw/classifiers.py"),
    ],
)
def test_an_import_finds_no_file_of_another_name(line, path):
    assert chosen({"hw/cs231n/layers.py": f"{line}\n", path: ""}) == {}


def test_a_module_of_the_package_comes_before_one_beside_it():
    tree = {"hw/cs231n/layers.py": "from mine import f\n", "hw/cs231n/mine.py": "", "hw/mine.py": ""}
    assert chosen(tree) == {"mine.py": "hw/cs231n/mine.py"}


@pytest.mark.parametrize("text", ["from .a import f\n", "x = 1\n", "'''Doc.''' + f()\n"])
def test_an_init_file_with_code_is_included(text):
    tree = {"cs231n/layers.py": "", "cs231n/__init__.py": text, "cs231n/tools/__init__.py": text}
    assert set(chosen(tree)) == {"__init__.py", "tools/__init__.py"}


@pytest.mark.parametrize(
    "text", ["", "\n# A comment.\n", '"""The package."""\n', "# One.\n'''Two\nlines.'''\n# Three.\n"]
)
def test_an_init_file_without_code_does_not(text):
    assert chosen({"cs231n/layers.py": "", "cs231n/__init__.py": text}) == {}


def test_the_note_names_what_was_taken_from_elsewhere():
    tree = {"hw/cs231n/layers.py": b"import a, b\n", "hw/a.py": b"", "hw/b.py": b"", "hw/c.py": b""}
    notes = notes_of(choose(tree, student_files=STUDENT, handed_out=(), package="cs231n"))
    assert notes == ("Also used, because the code imports them: hw/a.py, hw/b.py.",)


def test_modules_from_elsewhere_are_limited():
    tree = {"hw/cs231n/layers.py": "".join(f"import m{n}\n" for n in range(200))}
    tree |= {f"hw/m{n}.py": "" for n in range(200)}
    assert len(chosen(tree)) == MOST_HELPERS


@pytest.mark.slow
def test_a_large_tree_and_many_imports_do_not_take_long():
    tree = {f"d{n}/x/m.py": b"import a.m\n" for n in range(20_000)}
    tree |= {f"hw/cs231n/h{n}.py": b"".join(b"import a%d.m\n" % k for k in range(1000)) for n in range(50)}
    tree["hw/cs231n/layers.py"] = b"import " + b"a, " * 200_000 + b"\n" + b"from (" * 50_000
    began = time.process_time()
    choose(tree, student_files=STUDENT, handed_out=(), package="cs231n")
    assert time.process_time() - began < 20


def test_a_line_that_is_not_an_import_is_ignored():
    assert (
        imports_of(b"importing = 1\nfrom_here = 2\nx = 'import y'\nimport 3\nfrom . import\nfrom x.3 import y\n") == []
    )
