"""Figures of the code in grader/: numbers of modules, folders and imports, and how many modules one check runs through.

    python -m bench.house            prints all figures of the checkout that it is in

Modules, folders and imports are counted in the source. sys.settrace counts the modules that the judge enters while it
runs one check on the reference, and the calls from one module into another.
"""

from __future__ import annotations

import ast
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
GRADER: Final = ROOT / "grader"
SOURCES: Final = ("grader/sandbox", "grader/grading")
CHECK: Final = "layers.affine_forward"  # count during a check of this function, on the reference


def main() -> None:
    modules = sorted(GRADER.rglob("*.py"))
    names = {name_of(path): path for path in modules}
    arrows = {(name, target) for name, path in names.items() for target in imports_of(path, names)}
    floors = {(folder_of(names[one]), folder_of(names[other])) for one, other in arrows}
    floors = {(one, other) for one, other in floors if one != other}
    at_top = [path for path in GRADER.glob("*.py") if path.name != "__init__.py"]
    print(f"modules of grader/              {len([path for path in modules if path.name != '__init__.py'])}")
    print(f"modules at the top of grader/   {len(at_top)}")
    print(f"folders of grader/              {len({folder_of(path) for path in modules})}")
    print(f"imports between folders         {len(floors)}")
    print(f"imports between modules         {len(arrows)}")
    print(f"lines of grader/                {sum(map(lines_of, modules))}")
    for folder in SOURCES:
        print(f"lines of {folder + '/':<23}{sum(map(lines_of, (ROOT / folder).rglob('*.py')))}")
    longest = max((path for folder in SOURCES for path in (ROOT / folder).rglob("*.py")), key=lines_of)
    print(f"longest module of these         {longest.relative_to(ROOT)} ({lines_of(longest)})")
    for name, count in sorted(attributes_of("Session", "CheckProcess").items()):
        print(f"attributes of {name:<18}{count}")
    entered, changes = walk_through_one_check()
    print(f"modules that one check enters   {len(entered)}")
    print(f"calls from one into another     {changes}")


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def folder_of(path: Path) -> str:
    """Return the folder of a module below grader/; "" for the top."""
    return "/".join(path.relative_to(GRADER).parts[:-1])


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def imports_of(path: Path, names: dict[str, Path]) -> Iterator[str]:
    """Return the modules of grader/ that a module imports, anywhere in its source. Files of sandbox/inside import by
    bare names."""
    beside = {other.stem: name for name, other in names.items() if other.parent == path.parent}
    is_inside = path.parent.name == "inside"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        found = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in found:
            target = beside.get(name) if is_inside else None
            if (target or name) in names and names[target or name].name != "__init__.py":
                yield target or name


def attributes_of(*classes: str) -> Counter[str]:
    """Return for each class how many attributes its methods assign to `self`."""
    counts: Counter[str] = Counter()
    for path in (GRADER / "sandbox").rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name in classes:
                counts[node.name] = len(set(assigned_to_self(node)))
    return counts


def assigned_to_self(of: ast.ClassDef) -> Iterator[str]:
    for node in ast.walk(of):
        is_written = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        if is_written and isinstance(node.value, ast.Name) and node.value.id == "self":
            yield node.attr


def walk_through_one_check() -> tuple[set[str], int]:
    """Return the modules of the judge that run within run_check, and the number of calls from one module into
    another."""
    grade_submission, submission, context = prepare_one_check()
    grade_submission(submission, context)  # not counted, because only the first run loads modules
    entered: set[str] = set()
    changes = 0
    outermost: list[FrameType] = []

    def look(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal changes
        file = frame.f_code.co_filename
        if not outermost and frame.f_code.co_name == "run_check":
            outermost.append(frame)
        if outermost and event == "call" and file.startswith(str(GRADER)):
            caller = frame.f_back.f_code.co_filename if frame.f_back else ""
            entered.add(file)
            changes += caller != file and caller.startswith(str(GRADER))
        if outermost == [frame]:
            if event == "return":
                outermost.clear()
            return look
        return None

    threading.settrace(look)  # the judge runs in its own thread
    try:
        grade_submission(submission, context)
    finally:
        threading.settrace(None)  # type: ignore[arg-type]
    return entered, changes


def prepare_one_check() -> tuple[Any, Any, Any]:
    """Return grade_submission, a submission with the reference's layers, and a context with a single check."""
    try:
        from grader.grading.context import Settings, prepare
        from grader.grading.submission import grade_submission
    except ImportError:  # an old checkout, before grader/ was divided into folders
        from grader.context import Settings, prepare  # type: ignore[import-not-found, no-redef]
        from grader.pipeline import grade_submission  # type: ignore[import-not-found, no-redef]
    from grader.records import Submission

    context = prepare(Settings(str(ROOT / "assignment"), sys.executable, "auto"))
    check = next(check for check in context.assignment.checks if check.function == CHECK)
    file = check.file
    content = (context.assignment.reference / file).read_bytes()
    return grade_submission, Submission("one", "one", {file: content}), context.only({check.id})


if __name__ == "__main__":
    main()
