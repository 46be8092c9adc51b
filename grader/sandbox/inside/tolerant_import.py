"""Imports a student's files even if some statements fail: it leaves out these statements and runs the others.

    the file as a whole ──► it compiles and runs: an import like any other
           ├─► it does not compile: each top-level statement by itself; those that do not compile are left out
           ├─► a statement raises for its annotations, or for where it looks for a module: run it without those
           └─► a statement raises, computes or waits for too long: leave it out, and run what is below it

So a syntax error costs only the function that contains it, and leftovers of a notebook cost nothing. A function that
is left out keeps its name: a call raises the error because of which it was left out. However student code imports a
file of the work tree (flat, relative, from a folder on sys.path), it gets the same module.
"""

from __future__ import annotations
import __future__

import ast
import functools
import importlib
import importlib.machinery
import importlib.util
import os
import re
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Tuple

MOST_LEFT_OUT = 100  # left-out statements of a file; after more of them, the error of the whole file is raised
# Most CPU time to find which statements of a broken file compile. A usual mistake takes 0.05 s.
MOST_S = 2.0
MOST_JOINED = 30  # unindented lines of one statement; most such lines are inside a long string
ENDS = (")", "]", "}", "#", "else:", "elif ", "except:", "except ", "finally:")  # no statement begins with these
NOTEBOOK = "a notebook was found, expected Python. In Jupyter: File, Save and Export as, Executable Script"
COMPILED: Dict[Tuple[str, bytes], Any] = {}  # (path, content) of handed-out files, which a zygote compiled
POSTPONED = __future__.annotations.compiler_flag  # keeps annotations as texts, without evaluating them
ANNOTATIONS_ARE_READ = re.compile(rb"__annotations__|get_type_hints|signature|get_annotations")
# After a statement used all of its time, later ones get this share of that time. So the sum is bounded.
NEXT_SHARE = 0.5
LEAST_S = 0.05  # the least time for a statement; right statements take less
# A statement with less than this share of CPU time is waiting; on a busy machine a running one still gets more.
WAITING_SHARE = 0.05
DEFINITION = re.compile(r"^(?:async\s+)?(?:def|class)\s+(\w+)", re.MULTILINE)


class OutOfTime(BaseException):
    """During the import, a statement used all of its CPU time or waited for too long."""


def cache_compiled(path: str, source: bytes) -> None:
    """Compile a source for all workers that are forked later. Raises the same errors as `compile`."""
    COMPILED[path, source] = compile(source, path, "exec", dont_inherit=True)


@dataclass(eq=False)
class Importer:
    """Imports the work tree. left_out: (path, line, function, error). recoded: files with a wrong encoding.

    budget_s: CPU time for one statement, until a signal ends it (if it catches the signal, the limit of the process
    ends it). wait_s: how long a statement may use nearly no CPU time. absent: makes the placeholder for "module.name".
    explain: may add to the error's text if a text does not compile. is_tolerant: if false, no statement is left out
    and errors are raised as usual, but imports still find files by any name.
    """

    root: str
    package: str
    budget_s: float
    wait_s: float
    absent: Callable[[str], Any]
    explain: Callable[[str, BaseException], None]
    is_tolerant: bool = True
    left_out: List[Tuple[str, int, str, BaseException]] = field(default_factory=list)
    recoded: List[str] = field(default_factory=list)
    seen: Tuple[float, float] = (0.0, 0.0)  # wall and CPU time at the last look at a statement
    depth: int = 0

    def install(self) -> None:
        """Make every later import of a file below the root use this importer."""

        def hook(path: str) -> Any:
            folder = os.path.normpath(path)  # student code may put `…/classifiers/..` on sys.path
            if not os.path.join(folder, "").startswith(self.root):
                raise ImportError(path)
            return TreeFinder(self, folder)

        sys.path_hooks.insert(0, hook)
        sys.path_importer_cache.clear()
        # If the sandbox lacks a handed-out file, its compiled form must not be here either.
        for known in [known for known in COMPILED if not os.path.isfile(known[0])]:
            del COMPILED[known]

    def run(self, path: str, names: Dict[str, Any]) -> None:
        """Run a file in a module's namespace. Raises the file's error if more than MOST_LEFT_OUT statements fail."""
        with open(path, "rb") as file:
            source = file.read()
        # A usual mistake: layers.ipynb was renamed to layers.py.
        if source.lstrip()[:1] == b"{" and b'"cells"' in source:
            raise SyntaxError(NOTEBOOK, (path, 1, 0, ""))
        before, code = len(self.left_out), COMPILED.get((path, source))
        try:
            # dont_inherit: this file's own `from __future__ import annotations` must not apply to student code.
            code = code or compile(source, path, "exec", flags_for(source), dont_inherit=True)
            self.execute(code, names)
        except BaseException as error:
            # A statement of a compiled file may also fail with SystemExit or OutOfTime.
            if not self.is_tolerant or (code is None and not isinstance(error, Exception)):
                raise
            if code is None:
                return self.run_parts(path, names, self.parts_of(path, source, error), error, before)
            # Find the failed statement by its line, then run the statements below it one by one.
            body = ast.parse(source).body
            line = line_of(error, path)
            failed = next((node for node in body if first_line(node) <= line <= (node.end_lineno or line)), None)
            if failed is None:
                raise
            # `from __future__ import …` applies to a whole file, so compile each part with it.
            futures = [node for node in body if is_future(node)]
            self.rescue(path, names, failed, error, futures)
            self.run_parts(path, names, [*futures, *body[body.index(failed) + 1 :]], error, before)

    def run_parts(self, path: str, names: Dict[str, Any], parts: List[Any], error: BaseException, before: int) -> None:
        """Run top-level statements one by one. parts: nodes, or (line, name, error) for text that does not compile."""
        futures = [node for node in parts if is_future(node)]
        for part in parts:
            if len(self.left_out) - before > MOST_LEFT_OUT:
                del self.left_out[before:]  # one error of the whole file is clearer than a hundred errors
                raise error
            if isinstance(part, tuple):
                self.leave_out(path, names, *part)
                continue
            try:
                self.execute(compile_nodes([*futures, part], path), names)
            except BaseException as problem:
                self.rescue(path, names, part, problem, futures)

    def rescue(self, path: str, names: Dict[str, Any], node: Any, error: BaseException, futures: List[Any]) -> None:
        """Retry a failed statement: import from another place or postpone annotations. Leave it out if that fails."""
        try:
            if isinstance(node, ast.ImportFrom) and isinstance(error, (ImportError, ValueError)):
                return self.import_elsewhere(path, names, node)
            annotated = (getattr(n, "annotation", None) or getattr(n, "returns", None) for n in ast.walk(node))
            if isinstance(error, Exception) and any(annotated):
                return self.execute(compile_nodes([*futures, node], path, POSTPONED), names)
        except BaseException as problem:
            # For an import, report the student's own error: the new one describes our retry.
            error = error if isinstance(node, ast.ImportFrom) else problem
        line = line_of(error, path) or first_line(node)
        self.leave_out(path, names, line, getattr(node, "name", ""), error)

    def import_elsewhere(self, path: str, names: Dict[str, Any], node: Any) -> None:
        """Import from a module of the package that student code looks for outside of the package, or that has the name
        of a standard module. From `typing` and similar modules, import placeholders for names that an older Python
        lacks. Raises ImportError for other modules."""
        proper = ".".join(filter(None, (self.package, node.module)))
        place = os.path.join(self.root, *(node.module or "").split("."))
        if os.path.isfile(place + ".py") or os.path.isfile(os.path.join(place, "__init__.py")):
            moved = ast.copy_location(ast.ImportFrom(module=proper, names=node.names, level=0), node)
            return self.execute(compile_nodes([moved], path), names)
        if node.module not in ("typing", "collections.abc", "types", "numpy.typing"):
            raise ImportError(node.module)
        module = importlib.import_module(node.module)
        for alias in node.names:
            found = getattr(module, alias.name, None)
            names[alias.asname or alias.name] = self.absent(node.module + "." + alias.name) if found is None else found

    def leave_out(self, path: str, names: Dict[str, Any], line: int, name: str, error: BaseException) -> None:
        self.left_out.append((path, line, name, error))
        if name:
            names[name] = raiser(error)

    def parts_of(self, path: str, source: bytes, error: BaseException) -> List[Any]:
        """Return the top-level statements of a file that does not compile, and an entry for each other part.

        Raises the error of the whole file after more than MOST_LEFT_OUT such parts, or after MOST_S.
        """
        until = time.process_time() + MOST_S
        broken = 0
        lines = self.decode(path, source).split("\n")
        # A statement begins at a line without an indent. Inside brackets or a long string it may have more such lines.
        starts = [n for n, line in enumerate(lines) if line and not line[0].isspace() and not line.startswith(ENDS)]
        starts = [n for n in starts if not (n and lines[n - 1].startswith("@"))]  # a decorator belongs to the next line
        parts: List[Any] = []
        starts, position = [*starts, len(lines)], 0
        while position < len(starts) - 1:
            start = starts[position]
            # Add lines to the statement until it compiles.
            for end in range(position + 1, min(position + 1 + MOST_JOINED, len(starts))):
                if broken > MOST_LEFT_OUT or time.process_time() > until:
                    raise error
                tree = parse("\n".join(lines[start : starts[end]]) + "\n", path)
                if isinstance(tree, Exception):
                    continue
                ast.increment_lineno(tree, start)  # tracebacks must show the lines of the file
                parts += tree.body
                position = end
                break
            else:
                # Nothing that begins here compiles: leave out the lines up to the next start, and go on there.
                text = "\n".join(lines[start : starts[position + 1]])
                name = DEFINITION.search(text)
                problem = parse("\n" * start + text + "\n", path)  # newlines keep the line numbers in errors right
                if not isinstance(problem, Exception):
                    problem = SyntaxError("invalid syntax")  # the lines compile alone, but not with the next ones
                line = problem.lineno if isinstance(problem, SyntaxError) and problem.lineno else start + 1
                broken += 1
                parts.append((line, name.group(1) if name else "", problem))
                self.explain(text, problem)
                position += 1
        return parts

    def decode(self, path: str, source: bytes) -> str:
        """Return the text of a file. If the file's declared encoding is wrong, decode it as UTF-16 or Latin-1."""
        try:
            return importlib.util.decode_source(source)
        except (SyntaxError, UnicodeDecodeError, LookupError):
            self.recoded.append(path)
            encoding = "utf-16" if source[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
            return source.decode(encoding, "replace").replace("\r\n", "\n").replace("\r", "\n")

    def execute(self, code: Any, names: Dict[str, Any]) -> None:
        """Run code for at most budget_s. Statements of a file that this code imports have their own time."""
        self.depth += 1
        self.start_clock(self.budget_s)
        try:
            exec(code, names)
        finally:
            # After a nested import, the time of the statement that imports starts again.
            self.depth -= 1
            self.start_clock(self.budget_s if self.depth else 0)

    def start_clock(self, seconds: float) -> None:
        # Windows has no timers. There, workers only run a student's own code, and the judge limits the wall time.
        if self.is_tolerant and hasattr(signal, "setitimer"):
            # ITIMER_PROF counts CPU time, also of the kernel; ITIMER_REAL is for statements that wait (setitimer(2)).
            signal.signal(signal.SIGPROF, self.end_statement)
            signal.setitimer(signal.ITIMER_PROF, seconds)
            signal.signal(signal.SIGALRM, self.end_waiting)
            signal.setitimer(signal.ITIMER_REAL, self.wait_s if seconds else 0, self.wait_s)
            self.seen = time.monotonic(), time.process_time()

    def end_statement(self, number: int, frame: Any) -> None:
        budget_s, self.budget_s = self.budget_s, max(NEXT_SHARE * self.budget_s, LEAST_S)
        raise OutOfTime("still running after %g s of CPU time" % budget_s)

    def end_waiting(self, number: int, frame: Any) -> None:
        """Raise OutOfTime if the statement has used nearly no CPU time since the last look, so it is waiting."""
        (then, before), self.seen = self.seen, (time.monotonic(), time.process_time())
        if self.seen[1] - before < WAITING_SHARE * (self.seen[0] - then):
            wait_s, self.wait_s = self.wait_s, max(NEXT_SHARE * self.wait_s, LEAST_S)
            raise OutOfTime("still waiting after %g s" % wait_s)


class TreeFinder(importlib.machinery.FileFinder):
    """Finds the modules in one folder of the work tree, whatever name the import gives them."""

    def __init__(self, importer: Importer, path: str) -> None:
        super().__init__(path, (functools.partial(TreeLoader, importer), [".py"]))  # type: ignore[arg-type]
        folders = [part for part in path[len(importer.root) :].split(os.sep) if part]
        self.prefix = ".".join([importer.package, *folders]) + "."

    def find_spec(self, fullname: str, target: Any = None) -> Optional[importlib.machinery.ModuleSpec]:
        spec = super().find_spec(fullname, target)
        proper = self.prefix + fullname.rpartition(".")[2]
        # A second import under another name would make a second module, with classes that differ from the first.
        if spec is None or spec.loader is None or fullname == proper:
            return spec
        return importlib.machinery.ModuleSpec(fullname, Alias(proper), is_package=True)  # type: ignore[arg-type]


class TreeLoader(importlib.machinery.SourceFileLoader):
    def __init__(self, importer: Importer, fullname: str, path: str) -> None:
        super().__init__(fullname, path)
        self.importer = importer

    def exec_module(self, module: Any) -> None:
        self.importer.run(self.path, module.__dict__)


class Alias:
    """Loads a module under a second name, as the same object."""

    def __init__(self, proper: str) -> None:
        self.proper = proper
        self.spec: Any = None

    def create_module(self, spec: Any) -> Any:
        module = importlib.import_module(self.proper)
        self.spec = module.__spec__
        return module

    def exec_module(self, module: Any) -> None:
        module.__spec__ = self.spec  # import set the second name's spec, which would break relative imports


def raiser(error: BaseException) -> Callable[..., Any]:
    """Return a function that raises this error; it replaces a function that was left out."""
    came_through = error.__traceback__  # save the frames, because every raise adds others

    def left_out(*args: Any, **kwargs: Any) -> Any:
        raise error.with_traceback(came_through)

    return left_out


def flags_for(source: bytes) -> int:
    """Return compiler flags, which postpone annotations before Python 3.10, where `int | None` raises."""
    return POSTPONED if sys.version_info < (3, 10) and not ANNOTATIONS_ARE_READ.search(source) else 0


def compile_nodes(nodes: List[Any], path: str, flags: int = 0) -> Any:
    return compile(ast.Module(body=nodes, type_ignores=[]), path, "exec", flags, dont_inherit=True)


def is_future(node: Any) -> bool:
    return getattr(node, "module", "") == "__future__"


def first_line(node: Any) -> int:
    return int(min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))]))


def line_of(error: BaseException, path: str) -> int:
    """Return the line of the top-level statement of this file that raised the error, or 0."""
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == path and frame.f_code.co_name == "<module>":
            return line
    return (error.lineno or 0) if isinstance(error, SyntaxError) and error.filename == path else 0


def parse(text: str, path: str) -> Any:
    """Return the syntax tree of a text, or the exception that the parser raised."""
    try:
        return ast.parse(text, path)
    except Exception as error:
        return error
