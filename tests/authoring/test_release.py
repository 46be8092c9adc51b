"""The zip for students: its content, that it works without this project, and that it contains no secret."""

from __future__ import annotations

import ast
import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from cases import ROOT

import grader.authoring.make_template as template_module
from grader import VERSION
from grader.assignment.fixtures import load_fixtures
from grader.assignment.load import load_assignment
from grader.authoring.make_release import make_release, make_wheel
from grader.authoring.public_part import as_toml, find_secrets, source_lines
from grader.cli.commands import cli
from grader.errors import AssignmentError
from grader.student.pack import zip_bytes

pytestmark = pytest.mark.slow

ASSIGNMENT = load_assignment(ROOT / "assignment")
TOP = "student_template/"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The zip made by the command, unpacked, with its wheel unpacked beside it."""
    folder = tmp_path_factory.mktemp("release")
    options = ["release", "--assignment", str(ROOT / "assignment"), "--out", str(folder / "out.zip")]
    assert cli.main(options, standalone_mode=False) == 0
    with zipfile.ZipFile(folder / "out.zip") as archive:
        archive.extractall(folder / "zip")
    top = folder / "zip" / TOP
    (wheel,) = (top / "wheels").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "wheel")
    return folder


def texts(folder):
    """Every file of the zip and of its wheel by path, as text; not the wheel file itself."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for part in ("zip", "wheel")
        for path in (folder / part).rglob("*")
        if path.is_file() and path.suffix != ".whl"
    }


def solution_lines():
    """Long lines between the markers that occur nowhere else; computed without the code under test."""
    inside, outside = set(), []
    for path in sorted((ROOT / "reference").rglob("*")):
        if path.suffix not in (".py", ".pyx", ".pxi", ".h"):
            continue
        is_open = True
        for line in path.read_text().splitlines():
            is_open = (is_open or "### END SOLUTION" in line) and "### BEGIN SOLUTION" not in line
            outside += [line] if is_open else []
            inside |= set() if is_open else {line.strip()}
    everywhere = "\n".join(outside)
    return {line for line in inside if len(line) >= 20 and line not in everywhere and "SOLUTION" not in line}


def test_no_line_of_a_solution_is_in_the_zip_or_the_wheel(unpacked):
    lines = solution_lines()
    assert len(lines) > 150
    assert "margins[right] = 0" not in lines  # shorter than 20
    assert "dx = (margins > 0).astype(x.dtype)" in lines
    found = [(name, line) for name, text in texts(unpacked).items() for line in lines if line in text]
    assert found == []


def test_no_hidden_check_fixture_or_misconception_is_in_the_zip_or_the_wheel(unpacked):
    names = list(texts(unpacked))
    assert not [name for name in names if "hidden" in name or "misconceptions" in name]
    hidden = {check.id for check in ASSIGNMENT.checks if check.visibility == "hidden"}
    told = [(name, check) for name, text in texts(unpacked).items() for check in hidden if check in text]
    assert told == []
    wrong = {line for path in (ROOT / "assignment/misconceptions").glob("*.py") for line in bodies(path)}
    assert len(wrong) > 300
    told = [(name, line) for name, text in texts(unpacked).items() for line in wrong if line in text]
    open_folders = ("reference", "assignment/checks/public")
    shown = "".join(path.read_text() for folder in open_folders for path in (ROOT / folder).rglob("*.py"))
    assert [(name, line) for name, line in told if line not in shown] == []


def bodies(path):
    """Long lines of the functions in a file, without decorators."""
    lines = path.read_text().split("\n")
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            yield from (line.strip() for line in lines[node.lineno : node.end_lineno] if len(line.strip()) >= 20)


def test_public_fixtures_contain_only_arrays_of_public_checks(unpacked):
    public = {check.id for check in ASSIGNMENT.checks if check.visibility == "visible"}
    folder = unpacked / "zip" / TOP / "assignment/fixtures"
    keys = {key.split("|")[0] for path in folder.rglob("*.npz") for key in np.load(path).files}
    assert keys == public
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {*manifest["checks"]} == {*manifest["spread"]} == public
    variants = {name for entry in manifest["checks"].values() for name in {**entry["variants"], **entry["raises"]}}
    assert {name for named in manifest["hints"].values() for name in named} == variants
    assert all(name.startswith("checks/public/") for name in manifest["sources"])


def test_the_released_assignment_loads_and_has_the_same_points(unpacked):
    released = load_assignment(unpacked / "zip" / TOP / "assignment")
    assert released.functions == ASSIGNMENT.functions
    assert {check.id for check in released.checks} == {
        check.id for check in ASSIGNMENT.checks if check.visibility == "visible"
    }
    assert (released.sets, released.stubs, released.limits) == (ASSIGNMENT.sets, ASSIGNMENT.stubs, ASSIGNMENT.limits)
    assert released.misconceptions == ()
    fixtures, ours = load_fixtures(released), load_fixtures(ASSIGNMENT)
    for check in released.checks:
        for name, array in ours.checks[check.id].expected.items():
            np.testing.assert_array_equal(fixtures.checks[check.id].expected[name], array)
        assert {*fixtures.checks[check.id].variants} <= {*fixtures.hints.get(check.function, ())}


@pytest.mark.process
def test_every_module_of_the_release_can_be_imported(unpacked):
    """A fresh Python imports them; it has the zip and its wheel, but not this project."""
    top = unpacked / "zip" / TOP
    modules = [
        path.relative_to(base).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
        for base, part in ((top, "cs231n"), (unpacked / "wheel", "grader"))
        for path in sorted((base / part).rglob("*.py"))
    ]
    assert len(modules) > 80
    program = (
        "import importlib, pathlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "import grader, cs231n.layers\n"
        "from grader.assignment.load import load_assignment\n"
        "assert len(load_assignment(pathlib.Path('assignment')).checks) > 28\n"
        "print(grader.__file__)\n"
        "print(cs231n.layers.__file__)\n"
    )
    # The folders in which modules of the worker and of the zygote import each other.
    flat = [unpacked / "wheel/grader/sandbox" / side for side in ("inside", "host")]
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (unpacked / "wheel", top, *flat)))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], cwd=top, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        str(unpacked / "wheel/grader/__init__.py"),
        str(top / "cs231n/layers.py"),
    ]


def test_requirements_name_the_wheel_by_its_path(unpacked):
    top = unpacked / "zip" / TOP
    lines = (top / "requirements.txt").read_text().splitlines()
    (wheel,) = [line for line in lines if line.endswith(".whl")]
    assert (top / wheel).is_file()
    assert "numpy>=1.26" in lines


@pytest.mark.process
def test_pip_installs_the_wheel(unpacked, tmp_path):
    (wheel,) = (unpacked / "zip" / TOP / "wheels").iterdir()
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(tmp_path)]
    done = subprocess.run([*command, str(wheel)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "grader/report/templates/base.html").is_file()
    assert (tmp_path / "bin/grader").is_file() or (tmp_path / "Scripts/grader.exe").is_file()


def test_the_wheel_records_every_file_with_its_hash():
    _, wheel = make_wheel()
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    (record,) = [name for name in files if name.endswith(".dist-info/RECORD")]
    rows = [line.split(",") for line in files[record].decode().splitlines()]
    assert {name for name, _, _ in rows} == {*files}
    for name, digest, size in rows:
        if name != record:
            content = files[name]
            expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
            assert (digest, int(size)) == (f"sha256={expected}", len(content))


def test_dependencies_that_only_linux_has_are_behind_markers():
    _, wheel = make_wheel()
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        fields = archive.read(name).decode().splitlines()
    (bubblewrap,) = [line for line in fields if line.startswith("Requires-Dist: bubblewrap")]
    assert "sys_platform" in bubblewrap and "linux" in bubblewrap
    assert {"Name: layergrader", f"Version: {VERSION}"} <= {*fields}


def test_the_same_sources_give_the_same_zip(unpacked):
    again = make_release(ASSIGNMENT)
    assert (unpacked / "out.zip").read_bytes() == zip_bytes(dict(reversed(again.items())))


def test_a_release_with_a_line_of_a_solution_is_rejected(monkeypatch):
    """An author copied a solution into a handed-out file, without its markers."""
    template = template_module.make_template(ASSIGNMENT)
    spoilt = {
        **template,
        "cs231n/solver.py": template["cs231n/solver.py"] + b"    dx = (margins > 0).astype(x.dtype)\n",
    }
    monkeypatch.setattr("grader.authoring.make_release.make_template", lambda assignment: spoilt)
    with pytest.raises(AssignmentError, match=r"cs231n/solver\.py contains .*margins > 0.*layers\.py"):
        make_release(ASSIGNMENT)


def test_a_hidden_fixture_among_the_files_is_found():
    hidden = (ROOT / "assignment/fixtures/hidden/optim.npz").read_bytes()
    assert "which is from a hidden check" in find_secrets(ASSIGNMENT, {"optim.npz": hidden})[0]
    public = (ROOT / "assignment/fixtures/public/optim.npz").read_bytes()
    assert find_secrets(ASSIGNMENT, {"optim.npz": public}) == []


def test_lines_are_found_in_the_wheel_and_behind_the_quotes_of_a_notebook():
    line = 'affine_relu_forward(X, self.params["W1"], self.params["b1"])'
    notebook = json.dumps({"cells": [{"source": [f"hidden, hidden_cache = {line}\n"]}]}).encode()
    assert find_secrets(ASSIGNMENT, {"a.ipynb": notebook})[0].startswith("a.ipynb contains 'hidden, hidden_cache = ")
    assert find_secrets(ASSIGNMENT, {"a.ipynb": b"import numpy as np\nx.reshape(2, 3)\n"}) == []


def test_solutions_of_notebooks_are_secret_and_the_rest_is_not(tmp_path):
    source = "# %% answer\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n# a text\n"
    source += "# ### BEGIN SOLUTION\n# why\n# ### END SOLUTION"
    (tmp_path / "N.py").write_text(source)
    assert source_lines(tmp_path / "N.py", solved=True, behind="# ") == ["x = 1", "why"]
    assert source_lines(tmp_path / "N.py", solved=False, behind="# ") == ["%% answer", "a text"]


def test_a_notebook_must_not_show_a_solution_of_the_reference(tmp_path):
    shutil.copytree(ROOT / "assignment", tmp_path / "assignment", ignore=shutil.ignore_patterns("notebooks"))
    (tmp_path / "assignment/notebooks").mkdir()
    shown, taken = "plot_the_losses(solver.history)", "dx = (margins > 0).astype(x.dtype)"
    source = f"# %%\n{shown}\n{taken}\n### BEGIN SOLUTION\n{shown}\nanswer = 40 + 2  # of all\n### END SOLUTION\n"
    (tmp_path / "assignment/notebooks/Nets.py").write_text(source)
    assignment = replace(ASSIGNMENT, folder=tmp_path / "assignment")
    assert find_secrets(assignment, {"a.ipynb": shown.encode()}) == []
    assert len(find_secrets(assignment, {"a.ipynb": taken.encode()})) == 1
    assert len(find_secrets(assignment, {"a.ipynb": b"answer = 40 + 2  # of all"})) == 1


def test_a_function_without_a_public_check_is_rejected():
    checks = tuple(
        check for check in ASSIGNMENT.checks if check.function != "optim.adam" or check.visibility == "hidden"
    )
    with pytest.raises(AssignmentError, match=r"optim\.adam: no public check found"):
        make_release(replace(ASSIGNMENT, checks=checks))


def test_written_toml_reads_back_equal():
    data = {
        "title": 'Quotes " and \\ and ü',
        "files": ["a.py", "b/c.py"],
        "none": [],
        "sets": [{"files": ["a.py"]}, {"files": ["b/c.py"], "on": ["a.py"]}],
        "points": {"a.f": 2, "b.c.G": 0.5},
        "classes": {"b.c.G": {"methods": ["loss"], "attributes": []}},
    }
    assert tomllib.loads(as_toml(data)) == data
