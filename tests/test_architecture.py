"""The walls of the house: who may import whom, who may start a process, what the engine does not know."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from cases import ROOT

GRADER = ROOT / "grader"

# A layer may import itself and what stands below it.
LAYERS = (
    "cli",
    "batch",
    "notebook",
    "delivery",
    "report",
    "authoring",
    "answers",
    "identities",
    "results",
    "rows",
    "lock",
    "own_run",
    "cluster",
    "pipeline",
    "trials",
    "patience",
    "trial",
    "other_pythons",
    "following",
    "oracle",
    "kept",
    "watch",
    "context",
    "source",
    "scratch",
    "intake",
    "sandbox",
    "fixtures",
    "handouts",
    "judging",
    "assignment",
    "module_sets",
    "records",
    "errors",
)
# The loader of assignments knows what a check is; apart from that it stands where DESIGN.md has it.
ALLOWED = {("assignment", "judging.checks")}
SPAWNERS = {"sandbox/host/box.py", "sandbox/host/zygote_client.py"}
FORKERS = {"sandbox/inside/worker.py", "sandbox/host/zygote.py", "sandbox/host/resident.py"}
STARTS = {"subprocess", "multiprocessing", "pty", "popen2"}
FORKS = {"fork", "forkpty", "system", "popen", "posix_spawn", "posix_spawnp", "spawnv", "spawnl", "execv", "execve"}


def modules() -> list[Path]:
    return sorted(GRADER.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(GRADER).as_posix()


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found.append(node.module or "")
    return found


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_folder_imports_only_what_stands_below_it(path):
    layer = path.relative_to(GRADER).parts[0].removesuffix(".py")
    if layer == "__init__":
        return
    for module in imports(path):
        if module.startswith("grader."):
            other = module.split(".")[1]
            allowed = LAYERS.index(other) >= LAYERS.index(layer) or (layer, module[len("grader.") :]) in ALLOWED
            assert allowed, f"{name_of(path)} imports {module}"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_the_engine_knows_neither_reference_nor_assignment(path):
    assert not [m for m in imports(path) if m.split(".")[0] in ("reference", "assignment", "cs231n")]


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_the_engine_names_no_layer_no_net_and_no_year(path):
    """Docstrings may give examples; code may not. The names of functions under test come from the assignment."""
    tree = ast.parse(path.read_text())
    docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if has_docstring(node)}
    words = ("affine", "conv_", "max_pool", "softmax", "batchnorm", "layernorm", "groupnorm", "relu", "dropout")
    words += ("LayerNet", "ConnectedNet", "ConvNet", "fc_net", "rmsprop", "momentum", "W1")
    words += tuple(str(year) for year in range(2015, 2030))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in docs:
            assert not [word for word in words if word in node.value], node.value
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            assert not [word for word in words if word in name], name


def has_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_only_the_box_starts_processes(path):
    """Workers fork inside the sandbox, zygotes fork workers; the command line asks the standard library for a pool."""
    if name_of(path) in SPAWNERS | FORKERS:
        return
    allowed = {"multiprocessing"} if name_of(path) in ("running/job_pool.py", "running/notebook_renderer.py") else set()
    assert not (STARTS - allowed) & {module.split(".")[0] for module in imports(path)}
    tree = ast.parse(path.read_text())
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr in FORKS and is_os(n.value)]


def is_os(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "os"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_nothing_is_unpickled_or_evaluated(path):
    assert not {"pickle", "dill", "marshal", "shelve"} & {module.split(".")[0] for module in imports(path)}
    if name_of(path) == "sandbox/inside/tolerant_import.py":  # imports a student's file in parts, inside the sandbox
        return
    calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    names = {"eval", "exec", "compile"} - ({"compile"} if name_of(path) == "sandbox/inside/stubs.py" else set())
    assert not [call for call in calls if isinstance(call, ast.Name) and call.id in names]


def test_judging_touches_no_file_and_no_process():
    for path in sorted((GRADER / "judging").glob("*.py")):
        assert not {"os", "pathlib", "io", "tempfile", "subprocess", "socket", "shutil"} & set(imports(path)), path
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        assert not [call for call in calls if isinstance(call, ast.Name) and call.id == "open"], path


def test_only_the_worker_meets_student_code():
    """worker.py is the one module that imports by a name it is given; the assignment's loader imports trusted paths."""
    users = [name_of(path) for path in modules() if "__import__" in path.read_text()]
    assert users == ["sandbox/inside/worker.py"]
    assert [name_of(path) for path in modules() if "tolerant" in imports_of_any_kind(path)] == [
        "sandbox/inside/worker.py"
    ]


def imports_of_any_kind(path: Path) -> set[str]:
    """The last part of every module that is imported, however."""
    return {module.rpartition(".")[2] for module in imports(path)}
