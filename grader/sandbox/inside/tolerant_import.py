"""Imports a student's files although some of their statements fail: it leaves those out and runs the rest.

    the file as a whole ──► it compiles and runs: an import like any other
           ├─► it does not compile: each top-level statement by itself; those that do not compile are left out
           ├─► a statement raises for its annotations, or for where it looks for a module: run it without those
           └─► a statement raises, computes or waits for too long: leave it out, and run what is below it

So a mistake costs only what needs it: a syntax error costs its own function, the leftovers of a notebook cost nothing.
A function that is left out keeps its name. When it is called, it raises what was wrong with it. A file of the work tree
is the same module however it is imported (flat, relative, from a folder put on sys.path).
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

MOST_LEFT_OUT = 100  # of one file. With more it is not a Python file, and the error of the whole file says so
# CPU time to find which statements of a broken file compile. A usual mistake takes 0.05 s, and intake limits the size.
MOST_S = 2.0
MOST_JOINED = 30  # lines at the margin that one statement may have: most are in a text in quotes
ENDS = (")", "]", "}", "#", "else:", "elif ", "except:", "except ", "finally:")  # no statement begins with these
NOTEBOOK = "a notebook was found, expected Python. In Jupyter: File, Save and Export as, Executable Script"
COMPILED: Dict[Tuple[str, bytes], Any] = {}  # by path and content: handed-out files, which a zygote compiled
POSTPONED = __future__.annotations.compiler_flag  # annotations stay texts, which nothing evaluates
ANNOTATIONS_ARE_READ = re.compile(rb"__annotations__|get_type_hints|signature|get_annotations")
# After a statement that used all of its time, the next one gets this share of it. So the sum is bounded.
NEXT_SHARE = 0.5
LEAST_S = 0.05  # for a statement at least; a right one takes less
# A statement that uses less than this share of CPU time is waiting: on the busiest machine others get more.
WAITING_SHARE = 0.05
DEFINITION = re.compile(r"^(?:async\s+)?(?:def|class)\s+(\w+)", re.MULTILINE)


class OutOfTime(BaseException):
    """A statement of a module used all of its time, or waited for too long, during the import."""


def cache_compiled(path: str, source: bytes) -> None:
    """Compile a source for every worker that is forked after this. Raises what `compile` raises."""
    COMPILED[path, source] = compile(source, path, "exec", dont_inherit=True)


@dataclass(eq=False)
class Importer:
    """Runs files of the work tree. left_out: (path, line, name of the function, error); recoded: paths, in order.

    budget_s: CPU time for a statement; one that ignores the signal meets the limit of the process. wait_s: for how long
    a statement may use next to no CPU time. absent: makes a placeholder for a name of a module, from both names.
    explain: may add to the error of a text that does not compile. is_tolerant: if false, every import raises what it
    raises, but files are still found by any name.
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
        """From now on, every import of a file below the root uses this importer."""

        def hook(path: str) -> Any:
            folder = os.path.normpath(path)  # student code also puts `…/classifiers/..` on sys.path
            if not os.path.join(folder, "").startswith(self.root):
                raise ImportError(path)
            return TreeFinder(self, folder)

        sys.path_hooks.insert(0, hook)
        sys.path_importer_cache.clear()
        # A sandbox that withholds a handed-out file must not find it here in compiled form.
        for known in [known for known in COMPILED if not os.path.isfile(known[0])]:
            del COMPILED[known]

    def run(self, path: str, names: Dict[str, Any]) -> None:
        """Run a file in a module's namespace. Raises its error if too little of it works."""
        with open(path, "rb") as file:
            source = file.read()
        # The usual mistake: layers.ipynb renamed to layers.py.
        if source.lstrip()[:1] == b"{" and b'"cells"' in source:
            raise SyntaxError(NOTEBOOK, (path, 1, 0, ""))
        before, code = len(self.left_out), COMPILED.get((path, source))
        try:
            # dont_inherit: this file's own `from __future__ import annotations` must not apply to student code.
            code = code or compile(source, path, "exec", flags_for(source), dont_inherit=True)
            self.execute(code, names)
        except BaseException as error:
            # SystemExit and OutOfTime, too, are a statement's own mistake once the file has compiled.
            if not self.is_tolerant or (code is None and not isinstance(error, Exception)):
                raise
            if code is None:
                return self.run_parts(path, names, self.parts_of(path, source, error), error, before)
            # What ran stays. The failed statement is found by its line, then those below it run one by one.
            body = ast.parse(source).body
            line = line_of(error, path)
            failed = next((node for node in body if first_line(node) <= line <= (node.end_lineno or line)), None)
            if failed is None:
                raise
            # `from __future__ import …` is for a whole file, so each part is compiled with it.
            futures = [node for node in body if is_future(node)]
            self.rescue(path, names, failed, error, futures)
            self.run_parts(path, names, [*futures, *body[body.index(failed) + 1 :]], error, before)

    def run_parts(self, path: str, names: Dict[str, Any], parts: List[Any], error: BaseException, before: int) -> None:
        """Run top-level statements one by one. parts: nodes, or (line, name, error) for what is not a statement."""
        futures = [node for node in parts if is_future(node)]
        for part in parts:
            if len(self.left_out) - before > MOST_LEFT_OUT:
                del self.left_out[before:]  # one error for the whole file says more than a hundred of its lines
                raise error
            if isinstance(part, tuple):
                self.leave_out(path, names, *part)
                continue
            try:
                self.execute(compile_nodes([*futures, part], path), names)
            except BaseException as problem:
                self.rescue(path, names, part, problem, futures)

    def rescue(self, path: str, names: Dict[str, Any], node: Any, error: BaseException, futures: List[Any]) -> None:
        """Run a statement that raised again in another way, if there is one; otherwise leave it out."""
        try:
            if isinstance(node, ast.ImportFrom) and isinstance(error, (ImportError, ValueError)):
                return self.import_elsewhere(path, names, node)
            annotated = (getattr(n, "annotation", None) or getattr(n, "returns", None) for n in ast.walk(node))
            if isinstance(error, Exception) and any(annotated):
                return self.execute(compile_nodes([*futures, node], path, POSTPONED), names)
        except BaseException as problem:
            # The new error of an import speaks of our own attempt; the first one is the student's.
            error = error if isinstance(node, ast.ImportFrom) else problem
        line = line_of(error, path) or first_line(node)
        self.leave_out(path, names, line, getattr(node, "name", ""), error)

    def import_elsewhere(self, path: str, names: Dict[str, Any], node: Any) -> None:
        """Import names from a module that student code looks for above the package, or that has the name of one of
        Python's own; or names for annotations, of which an older Python lacks some. Raises ImportError for any other.
        """
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
        """Return the top-level statements of a file that does not compile, and the parts that are not statements.

        Raises the error of the whole file if more than MOST_LEFT_OUT are not, or if this takes more than MOST_S.
        """
        until = time.process_time() + MOST_S
        broken = 0
        lines = self.decode(path, source).split("\n")
        # A statement begins where a line has no indent. It may go on over such lines, in brackets or in a long text.
        starts = [n for n, line in enumerate(lines) if line and not line[0].isspace() and not line.startswith(ENDS)]
        starts = [n for n in starts if not (n and lines[n - 1].startswith("@"))]  # a decorator belongs to the next line
        parts: List[Any] = []
        starts, position = [*starts, len(lines)], 0
        while position < len(starts) - 1:
            start = starts[position]
            # Join lines until they compile.
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
                # No number of lines compiles: the first start alone is left out, and the search goes on at the next.
                text = "\n".join(lines[start : starts[position + 1]])
                name = DEFINITION.search(text)
                problem = parse("\n" * start + text + "\n", path)  # the error's own text may name lines, too
                if not isinstance(problem, Exception):
                    problem = SyntaxError("invalid syntax")  # it compiles alone, but not with the lines that follow
                line = problem.lineno if isinstance(problem, SyntaxError) and problem.lineno else start + 1
                broken += 1
                parts.append((line, name.group(1) if name else "", problem))
                self.explain(text, problem)
                position += 1
        return parts

    def decode(self, path: str, source: bytes) -> str:
        """Return the text of a file. A file in another encoding than it says is read in one that accepts every byte."""
        try:
            return importlib.util.decode_source(source)
        except (SyntaxError, UnicodeDecodeError, LookupError):
            self.recoded.append(path)
            encoding = "utf-16" if source[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
            return source.decode(encoding, "replace").replace("\r\n", "\n").replace("\r", "\n")

    def execute(self, code: Any, names: Dict[str, Any]) -> None:
        """Run code, for no longer than its time. A file that it imports has its own time."""
        self.depth += 1
        self.start_clock(self.budget_s)
        try:
            exec(code, names)
        finally:
            # After an inner import the outer statement's time starts anew, and with it its clock.
            self.depth -= 1
            self.start_clock(self.budget_s if self.depth else 0)

    def start_clock(self, seconds: float) -> None:
        # Windows has no timers; there only a student's own run imports files, and the judge's wall time ends it.
        if self.is_tolerant and hasattr(signal, "setitimer"):
            # ITIMER_PROF counts CPU time, of the kernel too; ITIMER_REAL sees a statement that waits (setitimer(2)).
            signal.signal(signal.SIGPROF, self.end_statement)
            signal.setitimer(signal.ITIMER_PROF, seconds)
            signal.signal(signal.SIGALRM, self.end_waiting)
            signal.setitimer(signal.ITIMER_REAL, self.wait_s if seconds else 0, self.wait_s)
            self.seen = time.monotonic(), time.process_time()

    def end_statement(self, number: int, frame: Any) -> None:
        budget_s, self.budget_s = self.budget_s, max(NEXT_SHARE * self.budget_s, LEAST_S)
        raise OutOfTime("still running after %g s of CPU time" % budget_s)

    def end_waiting(self, number: int, frame: Any) -> None:
        """Compare CPU time with the last look: a statement that used next to none is waiting."""
        (then, before), self.seen = self.seen, (time.monotonic(), time.process_time())
        if self.seen[1] - before < WAITING_SHARE * (self.seen[0] - then):
            wait_s, self.wait_s = self.wait_s, max(NEXT_SHARE * self.wait_s, LEAST_S)
            raise OutOfTime("still waiting after %g s" % wait_s)


class TreeFinder(importlib.machinery.FileFinder):
    """Finds the modules of one folder of the work tree, under any name."""

    def __init__(self, importer: Importer, path: str) -> None:
        super().__init__(path, (functools.partial(TreeLoader, importer), [".py"]))  # type: ignore[arg-type]
        folders = [part for part in path[len(importer.root) :].split(os.sep) if part]
        self.prefix = ".".join([importer.package, *folders]) + "."

    def find_spec(self, fullname: str, target: Any = None) -> Optional[importlib.machinery.ModuleSpec]:
        spec = super().find_spec(fullname, target)
        proper = self.prefix + fullname.rpartition(".")[2]
        # Two names for one file would be two modules, and a class of one is not a class of the other.
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
    """Loads a module under another name: it is the same object as under its own name."""

    def __init__(self, proper: str) -> None:
        self.proper = proper
        self.spec: Any = None

    def create_module(self, spec: Any) -> Any:
        module = importlib.import_module(self.proper)
        self.spec = module.__spec__
        return module

    def exec_module(self, module: Any) -> None:
        module.__spec__ = self.spec  # otherwise relative imports in its functions would use the other name


def raiser(error: BaseException) -> Callable[..., Any]:
    """Return what replaces a function that was left out."""
    came_through = error.__traceback__  # as it is now: every raise adds its own frames

    def left_out(*args: Any, **kwargs: Any) -> Any:
        raise error.with_traceback(came_through)

    return left_out


def flags_for(source: bytes) -> int:
    """Return the compiler's flags. Before Python 3.10, `int | None` and `list[int]` raise, in inner functions too."""
    return POSTPONED if sys.version_info < (3, 10) and not ANNOTATIONS_ARE_READ.search(source) else 0


def compile_nodes(nodes: List[Any], path: str, flags: int = 0) -> Any:
    return compile(ast.Module(body=nodes, type_ignores=[]), path, "exec", flags, dont_inherit=True)


def is_future(node: Any) -> bool:
    return getattr(node, "module", "") == "__future__"


def first_line(node: Any) -> int:
    return int(min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))]))


def line_of(error: BaseException, path: str) -> int:
    """Return the line at the top level of a file that an error passed through, or 0."""
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == path and frame.f_code.co_name == "<module>":
            return line
    return (error.lineno or 0) if isinstance(error, SyntaxError) and error.filename == path else 0


def parse(text: str, path: str) -> Any:
    """Return the tree of a text, or the exception that parsing raised."""
    try:
        return ast.parse(text, path)
    except Exception as error:
        return error
