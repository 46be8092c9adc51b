"""The walls of the house hold: who may import whom, who may start a process, what the engine does not know."""

from __future__ import annotations

import ast

import pytest
from cases import ROOT
from walls import GROUND, ORDER, violations

GRADER = ROOT / "grader"
PATHS = sorted(path.relative_to(GRADER).as_posix() for path in GRADER.rglob("*.py"))
INSIDE = frozenset(path.stem for path in (GRADER / "sandbox/inside").glob("*.py"))

# What a newcomer might write one day, each in a copy of a module that stands in the way of it.
BREACHES = [
    ("grading/submission.py", "from os import fork"),
    ("grading/submission.py", "import os as o\no.fork()"),
    ("intake/collect.py", "getattr(os, 'system')('ls')"),
    ("report/pages.py", "import subprocess"),
    ("cli/grade.py", "from multiprocessing import Process"),
    ("cli/watch.py", "from concurrent.futures import ProcessPoolExecutor"),
    ("student/own_run.py", "import os\nos.execv('/bin/true', [])"),
    ("assignment/load.py", "import importlib\nimportlib.import_module('reference.layers')"),
    ("grading/context.py", "__import__('reference')"),
    ("judging/compare.py", "import reference.layers"),
    ("judging/compare.py", "import numpy as np\nnp.load('fixtures.npz')"),
    ("judging/verdict.py", "open('/etc/passwd')"),
    ("judging/numgrad.py", "from pathlib import Path"),
    ("checks.py", "import os"),
    ("judging/compare.py", "import builtins\nbuiltins.eval('1')"),
    ("report/text.py", "exec('x = 1')"),
    ("running/store.py", "import pickle"),
    ("sandbox/host/session.py", "import marshal"),
    ("sandbox/inside/traces.py", "import grader.records"),
    ("sandbox/inside/stubs.py", "import scipy"),
    ("sandbox/inside/protocol.py", "from grader.errors import GraderError"),
    ("sandbox/host/session.py", "from grader.sandbox.inside import worker"),
    ("sandbox/host/box.py", "import grader.sandbox.inside.stubs"),
    ("report/pages.py", "from grader.authoring.audit import audit"),
    ("judging/compare.py", "from grader.grading.submission import grade_submission"),
    ("records.py", "from grader.judging.compare import same"),
    ("intake/collect.py", "from grader import report"),
    ("assignment/load.py", "import cs231n"),
]


@pytest.mark.parametrize("path", PATHS)
def test_no_module_breaks_a_wall(path):
    assert violations(path, (GRADER / path).read_text(), INSIDE) == []


@pytest.mark.parametrize(("path", "added"), BREACHES)
def test_a_breach_is_seen(path, added):
    source = (GRADER / path).read_text()
    assert violations(path, f"{source}\n{added}\n", INSIDE) != []


def test_the_folders_of_the_house_are_those_that_there_are():
    folders = {path.partition("/")[0] for path in PATHS if "/" in path}
    assert folders <= {place.partition("/")[0] for place in ORDER}
    assert {path.removesuffix(".py") for path in PATHS if "/" not in path} <= {*GROUND, *ORDER}


def test_no_two_modules_share_a_name_and_none_differ_by_an_s():
    """But a command and its mechanism may, and packages have their __init__."""
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
    users = [path for path in PATHS if "__import__" in (GRADER / path).read_text()]
    assert users == ["sandbox/inside/server.py"]
