"""Rules that an import graph cannot show: which functions a module may use, by their origin.

A name is traced to its import: `from os import fork`, `import os as o; o.fork` and `os.fork` are all `os.fork`. A name
that is known only at run time (`getattr(os, text)`) is not found; `getattr` with a constant is. pyproject.toml holds
the rules which folder may import which, for import-linter.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Collection, Iterator

STARTS_PROCESSES = (
    *("subprocess", "multiprocessing", "pty", "_posixsubprocess", "concurrent.futures.ProcessPoolExecutor"),
    *("os.fork", "os.forkpty", "os.system", "os.popen", "os.posix_spawn", "os.posix_spawnp", "os.startfile"),
    *(f"os.{kind}{how}" for kind in ("spawn", "exec") for how in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")),
    *("asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell"),
)
EVALUATES = (
    *("builtins.eval", "builtins.exec", "builtins.compile", "pickle", "_pickle", "dill", "marshal", "shelve", "runpy"),
    *("code", "codeop", "cloudpickle", "joblib", "jsonpickle", "timeit"),
)
READS_ARRAYS = ("numpy.load", "numpy.save", "numpy.savez", "numpy.memmap", "numpy.fromfile", "numpy.loadtxt")
TOUCHES_FILES = ("os", "io", "pathlib", "tempfile", "shutil", "socket", "builtins.open", "glob", "mmap", "fcntl")
IMPORTS_BY_NAME = (
    *("importlib.import_module", "importlib.__import__", "importlib.reload", "importlib.machinery", "importlib.abc"),
    *("importlib.util.module_from_spec", "importlib.util.spec_from_file_location", "builtins.__import__"),
    *("imp", "pkgutil", "zipimport", "runpy"),
)
DATABASES = ("sqlalchemy", "alembic", "sqlite3", "psycopg")
NOT_THE_ENGINES = ("reference", "assignment", "cs231n")

# The names that a place must not use, and the exceptions within it.
FORBIDDEN = (
    (STARTS_PROCESSES, "", ("sandbox/host/", "running/", "sandbox/inside/worker.py", "sandbox/inside/server.py")),
    (EVALUATES, "", ("sandbox/inside/tolerant_import.py", "sandbox/inside/stubs.py")),
    (READS_ARRAYS, "", ("assignment/fixtures.py", "authoring/make_fixtures.py")),
    (TOUCHES_FILES, "judging/", ()),
    (TOUCHES_FILES, "checks.py", ()),
    (
        IMPORTS_BY_NAME,
        "",
        (
            *("assignment/python_loader.py", "assignment/reference.py", "authoring/", "cli/commands.py"),
            *("sandbox/host/zygote.py", "sandbox/inside/"),
        ),
    ),
    (DATABASES, "", ("gradebook/",)),
    (NOT_THE_ENGINES, "", ()),
)


def violations(path: str, source: str, inside: frozenset[str] = frozenset()) -> list[str]:
    """The uses in a module that break a rule. inside: names of the modules of the worker."""
    tree = ast.parse(source)
    imported = set(imported_modules(tree))
    found = [f"uses {name}" for name in sorted({*dotted_names(tree), *imported}) if is_forbidden(name, path)]
    if path.startswith("sandbox/inside/"):
        known = {*sys.stdlib_module_names, *inside, "numpy"}
        found += [f"imports {name}" for name in sorted(imported) if name.partition(".")[0] not in known]
    return found


def imports_beyond_checks(source: str, public: Collection[str]) -> list[str]:
    """What a module of an assignment imports of the grader beyond the public names of grader/checks.py."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.partition(".")[0] == "grader"]
        elif isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == "grader":
            names = [alias.name for alias in node.names if node.module != "grader.checks" or alias.name not in public]
            found += [f"{node.module}.{name}" for name in names]
    return found


def is_forbidden(name: str, path: str) -> bool:
    return any(
        path.startswith(place)
        and not path.startswith(exempt or ("\0",))
        and any(name == one or name.startswith(f"{one}.") for one in names)
        for names, place, exempt in FORBIDDEN
    )


def imported_modules(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield str(node.module)


def dotted_names(tree: ast.AST) -> Iterator[str]:
    """Every used name, traced to its import."""
    origins: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                origins[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom):
            origins |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    for name in dir(builtins):
        if name not in bound:
            origins.setdefault(name, f"builtins.{name}")
    yield from (origin for name, origin in origins.items() if not origin.startswith("builtins."))
    for node in ast.walk(tree):
        if (name := resolved(node, origins)) is not None:
            yield name


def resolved(node: ast.AST, origins: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return origins.get(node.id)
    if isinstance(node, ast.Attribute):
        owner = resolved(node.value, origins)
        return None if owner is None else f"{owner}.{node.attr}"
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) > 1
    if is_call and node.func.id == "getattr":
        owner, name = resolved(node.args[0], origins), node.args[1]
        return f"{owner}.{name.value}" if owner and isinstance(name, ast.Constant) else None
    return None
