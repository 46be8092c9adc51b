"""The rules between the folders of grader/ hold: imports, starting processes, and names of layers in the engine."""

from __future__ import annotations

import ast
import inspect
import os
import re
import shutil
import subprocess
import sys

import pytest
from cases import ROOT
from walls import imports_beyond_checks, violations

from grader import checks

GRADER = ROOT / "grader"
PATHS = sorted(path.relative_to(GRADER).as_posix() for path in GRADER.rglob("*.py"))
INSIDE = frozenset(path.stem for path in (GRADER / "sandbox/inside").glob("*.py"))

# Forbidden code that somebody might add to a module one day.
USES = [
    ("grading/submission.py", "from os import fork"),
    ("grading/submission.py", "import os as o\no.fork()"),
    ("intake/collect.py", "import os\ngetattr(os, 'system')('ls')"),
    ("report/pages.py", "import subprocess"),
    ("report/pages.py", "from sqlalchemy import select"),
    ("web/views.py", "import sqlite3"),
    ("cli/grade.py", "from multiprocessing import Process"),
    ("cli/check.py", "from concurrent.futures import ProcessPoolExecutor"),
    ("student/own_run.py", "import os\nos.execv('/bin/true', [])"),
    ("assignment/load.py", "import importlib\nimportlib.import_module('reference.layers')"),
    ("assignment/load.py", "import cs231n"),
    ("grading/context.py", "__import__('reference')"),
    ("judging/compare.py", "import reference.layers"),
    ("judging/compare.py", "import numpy as np\nnp.load('fixtures.npz')"),
    ("judging/verdict.py", "open('/etc/passwd')"),
    ("judging/numgrad.py", "from pathlib import Path"),
    ("checks.py", "import os"),
    ("judging/compare.py", "import builtins\nbuiltins.eval('1')"),
    ("report/text.py", "exec('x = 1')"),
    ("running/output_folder.py", "import pickle"),
    ("sandbox/host/session.py", "import marshal"),
    ("sandbox/inside/traces.py", "import grader.records"),
    ("sandbox/inside/stubs.py", "import scipy"),
    ("sandbox/inside/protocol.py", "from grader.errors import GraderError"),
]
IMPORTS = [
    ("sandbox/host/session.py", "from grader.sandbox.inside import worker"),
    ("sandbox/host/box.py", "import grader.sandbox.inside.stubs"),
    ("report/pages.py", "from grader.authoring.audit import audit"),
    ("report/pages.py", "from grader.gradebook.book import open_gradebook"),
    ("judging/compare.py", "from grader.grading.submission import grade_submission"),
    ("records.py", "from grader.judging.compare import judge_values"),
    ("intake/collect.py", "from grader import report"),
    ("grading/stage.py", "import grader.running.output_folder"),
    ("assignment/fixtures.py", "from grader.authoring import make_fixtures"),
]


@pytest.mark.parametrize("path", PATHS)
def test_no_module_breaks_a_rule(path):
    assert violations(path, (GRADER / path).read_text(), INSIDE) == []


@pytest.mark.parametrize(("path", "added"), USES)
def test_a_use_that_breaks_a_rule_is_found(path, added):
    source = (GRADER / path).read_text()
    assert violations(path, f"{source}\n{added}\n", INSIDE) != []


# Modules of assignments; notebooks import what students install.
OF_ASSIGNMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("assignment", "bench/peers/assignment", "examples")
    for part in ("checks", "misconceptions")
    for path in (ROOT / folder).rglob(f"{part}/**/*.py")
)


@pytest.mark.parametrize("path", OF_ASSIGNMENTS)
def test_an_assignment_imports_of_the_grader_only_its_public_words(path):
    assert imports_beyond_checks((ROOT / path).read_text(), checks.__all__) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("import grader.records", ["grader.records"]),
        ("from grader import records", ["grader.records"]),
        ("from grader.calls import CallFailed", ["grader.calls.CallFailed"]),
        ("from grader.checks import check, Failure", ["grader.checks.Failure"]),
        ("def f():\n    from grader.checks import DEFINED", ["grader.checks.DEFINED"]),
        ("import grader.checks", ["grader.checks"]),
    ],
)
def test_an_import_of_an_assignment_beyond_the_public_words_is_found(line, found):
    assert imports_beyond_checks(f"{line}\nfrom grader.checks import check, gradients\n", checks.__all__) == found


@pytest.mark.parametrize("name", checks.__all__)
def test_each_public_word_has_a_docstring_that_explains_every_parameter(name):
    word = getattr(checks, name)
    doc = inspect.getdoc(word) or ""
    assert len(doc) > 60
    if name in ("roughly", "type_of"):
        return
    unexplained = [one for one in inspect.signature(word).parameters if not re.search(rf"\b{one}: ", doc)]
    assert unexplained == []


@pytest.mark.process
def test_import_linter_finds_no_forbidden_import():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.process
def test_import_linter_finds_each_forbidden_import(tmp_path):
    shutil.copytree(GRADER, tmp_path / "grader", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path, added in IMPORTS:
        with (tmp_path / "grader" / path).open("a") as module:
            module.write(f"\n{added}\n")
    found = " ".join(lint_imports(tmp_path).stdout.split())
    for path, added in IMPORTS:
        importer = "grader." + path.removesuffix(".py").replace("/", ".")
        assert re.search(rf"{re.escape(importer)} -> [\w.]+", found), f"{path}: {added}"


def lint_imports(folder):
    """import-linter over folder/grader, with the contracts of folder/pyproject.toml."""
    program = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    command = [sys.executable, "-c", program.replace("lint_imports())", "lint_imports(no_cache=True))")]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, "COLUMNS": "400"})


def test_module_names_differ_by_more_than_an_s():
    """Exceptions: a command may share the name of the module that it calls, and every package has an __init__."""
    stems = [path.rpartition("/")[2].removesuffix(".py") for path in PATHS if not path.startswith("cli/")]
    stems = [stem for stem in stems if stem != "__init__"]
    assert sorted({stem for stem in stems if stems.count(stem) > 1}) == []
    assert [stem for stem in stems if f"{stem}s" in stems] == []


def test_no_class_name_is_used_twice():
    names = [
        node.name
        for path in PATHS
        for node in ast.walk(ast.parse((GRADER / path).read_text()))
        if isinstance(node, ast.ClassDef)
    ]
    assert sorted({name for name in names if names.count(name) > 1}) == []


@pytest.mark.parametrize("path", PATHS)
def test_the_engine_names_no_layer_no_net_and_no_year(path):
    """Docstrings may give examples; code may not. The names of functions under test come from the assignment."""
    tree = ast.parse((GRADER / path).read_text())
    documented = ast.Module | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef
    docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, documented)}
    words = ("affine", "conv_", "max_pool", "softmax", "batchnorm", "layernorm", "groupnorm", "relu", "dropout")
    words += ("LayerNet", "ConnectedNet", "ConvNet", "fc_net", "rmsprop", "momentum", "W1")
    words += tuple(str(year) for year in range(2015, 2030))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in docs:
            assert not [word for word in words if word in node.value], node.value
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            assert not [word for word in words if word in name], name


def test_only_the_worker_imports_student_code():
    users = [path for path in PATHS if "__import__(" in (GRADER / path).read_text()]
    assert users in (["sandbox/inside/worker.py"], ["sandbox/inside/server.py"])
