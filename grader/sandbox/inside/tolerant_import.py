"""Importing a student's files although not every statement of theirs works: what fails is left out, the rest is there.

    the file as a whole ──► it compiles and runs: an import like any other
           ├─► it does not compile: each top-level statement by itself, and those that do not are left out
           ├─► a statement raises for its annotations, or for where it looks for a module: once more without those
           └─► a statement raises, computes or waits for too long: it is left out, and what stands below it runs

So a mistake costs what needs it: a syntax error its own function, the leftovers of a notebook nothing. A function that
is left out keeps its name, and raises what was wrong with it when it is called. Whatever way a file of the work tree is
imported (flat, relative, from a folder put on sys.path), it is the same module.

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

MOST_LEFT_OUT = 100  # of one file; with more it is no Python file, and what its import raised says so
MOST_S = 2.0  # CPU time to find out what of a broken file is Python; intake bounds its size, a mistake takes 0.05 s
MOST_JOINED = 30  # lines at the margin in one statement: of a text in quotes, mostly
ENDS = (")", "]", "}", "#", "else:", "elif ", "except:", "except ", "finally:")  # no statement begins with these
NOTEBOOK = "a notebook was found, expected Python. In Jupyter: File, Save and Export as, Executable Script"
COMPILED: Dict[Tuple[str, bytes], Any] = {}  # by path and content: what was handed out, if a zygote knows it
POSTPONED = __future__.annotations.compiler_flag  # annotations are texts, which nobody evaluates
ANNOTATIONS_ARE_READ = re.compile(rb"__annotations__|get_type_hints|signature|get_annotations")
HALVED = 0.5  # the patience with the next statement, after one that used up all of it; so the sum is bounded
LEAST_S = 0.05  # of patience; a right statement takes less
WAITING_SHARE = 0.05  # of CPU time in a while; who gets less of it waits, and on the busiest machine others get more
DEFINITION = re.compile(r"^(?:async\s+)?(?:def|class)\s+(\w+)", re.MULTILINE)


class OutOfTime(BaseException):
    """A statement of a module used the time that it may use, or waited, while it is imported."""


def keep_compiled(path: str, source: bytes) -> None:
    """For every worker that is forked after this. Raises what `compile` raises."""
    COMPILED[path, source] = compile(source, path, "exec", dont_inherit=True)


@dataclass(eq=False)
class Importer:
    """Runs files of the work tree. left_out: (path, line, name of the function, error); recoded: paths, as they came.

    budget_s: CPU time for a statement; what does not heed the signal meets the limit of the process. wait_s: for how
    long a statement may use next to none of it. absent: makes a stand-in for a name of a module, by both names.
    explain: may say more in the error of a text that does not compile.
    is_tolerant: or else every import is like any other, by whatever name.
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
        """From now on every import of a file below the root goes this way."""

        def hook(path: str) -> Any:
            folder = os.path.normpath(path)  # `…/classifiers/..` is put there, too
            if not os.path.join(folder, "").startswith(self.root):
                raise ImportError(path)
            return TreeFinder(self, folder)

        sys.path_hooks.insert(0, hook)
        sys.path_importer_cache.clear()
        for known in [known for known in COMPILED if not os.path.isfile(known[0])]:
            del COMPILED[known]  # it is withheld here

    def run(self, path: str, names: Dict[str, Any]) -> None:
        """Run a file in a module's names. Raises what it raises if too little of it works."""
        with open(path, "rb") as file:
            source = file.read()
        if source.lstrip()[:1] == b"{" and b'"cells"' in source:
            raise SyntaxError(NOTEBOOK, (path, 1, 0, ""))
        before, code = len(self.left_out), COMPILED.get((path, source))
        try:
            code = code or compile(source, path, "exec", flags_for(source), dont_inherit=True)
            self.execute(code, names)
        except BaseException as error:
            if not self.is_tolerant or (code is None and not isinstance(error, Exception)):
                raise
            if code is None:
                return self.run_parts(path, names, self.parts_of(path, source, error), error, before)
            body = ast.parse(source).body
            line = line_of(error, path)
            failed = next((node for node in body if first_line(node) <= line <= (node.end_lineno or line)), None)
            if failed is None:
                raise
            futures = [node for node in body if is_future(node)]
            self.rescue(path, names, failed, error, futures)
            self.run_parts(path, names, [*futures, *body[body.index(failed) + 1 :]], error, before)

    def run_parts(self, path: str, names: Dict[str, Any], parts: List[Any], error: BaseException, before: int) -> None:
        """Run top-level statements one by one. parts: nodes, or (line, name, error) of what is none."""
        futures = [node for node in parts if is_future(node)]
        for part in parts:
            if len(self.left_out) - before > MOST_LEFT_OUT:
                del self.left_out[before:]
                raise error
            if isinstance(part, tuple):
                self.leave_out(path, names, *part)
                continue
            try:
                self.execute(compile_nodes([*futures, part], path), names)
            except BaseException as problem:
                self.rescue(path, names, part, problem, futures)

    def rescue(self, path: str, names: Dict[str, Any], node: Any, error: BaseException, futures: List[Any]) -> None:
        """Run a statement that raised once more in another way, if there is one; else leave it out."""
        try:
            if isinstance(node, ast.ImportFrom) and isinstance(error, (ImportError, ValueError)):
                return self.import_elsewhere(path, names, node)
            annotated = (getattr(n, "annotation", None) or getattr(n, "returns", None) for n in ast.walk(node))
            if isinstance(error, Exception) and any(annotated):
                return self.execute(compile_nodes([*futures, node], path, POSTPONED), names)
        except BaseException as problem:
            error = error if isinstance(node, ast.ImportFrom) else problem
        line = line_of(error, path) or first_line(node)
        self.leave_out(path, names, line, getattr(node, "name", ""), error)

    def import_elsewhere(self, path: str, names: Dict[str, Any], node: Any) -> None:
        """Names of a module that was looked for above the package, or that has the name of one of Python's; or words
        for annotations, of which an older Python lacks some. Raises what the import raises if it is none of these.
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
        """The top-level statements of a file that does not compile, and what is none.

        Raises the error of the whole file where more than MOST_LEFT_OUT are none, or this takes more than MOST_S.
        """
        until = time.process_time() + MOST_S
        broken = 0
        lines = self.decode(path, source).split("\n")
        starts = [n for n, line in enumerate(lines) if line and not line[0].isspace() and not line.startswith(ENDS)]
        starts = [n for n in starts if not (n and lines[n - 1].startswith("@"))]  # a decorator and what it decorates
        parts: List[Any] = []
        starts, position = [*starts, len(lines)], 0
        while position < len(starts) - 1:
            start = starts[position]
            for end in range(position + 1, min(position + 1 + MOST_JOINED, len(starts))):
                if broken > MOST_LEFT_OUT or time.process_time() > until:
                    raise error
                tree = parse("\n".join(lines[start : starts[end]]) + "\n", path)
                if isinstance(tree, Exception):
                    continue
                ast.increment_lineno(tree, start)
                parts += tree.body
                position = end
                break
            else:
                text = "\n".join(lines[start : starts[position + 1]])
                name = DEFINITION.search(text)
                problem = parse("\n" * start + text + "\n", path)  # whose text may name lines, too
                if not isinstance(problem, Exception):
                    problem = SyntaxError("invalid syntax")  # not alone: with what follows it
                line = problem.lineno if isinstance(problem, SyntaxError) and problem.lineno else start + 1
                broken += 1
                parts.append((line, name.group(1) if name else "", problem))
                self.explain(text, problem)
                position += 1
        return parts

    def decode(self, path: str, source: bytes) -> str:
        """The text of a file. One that is not what it says, or UTF-8, is read as what has a letter for every byte."""
        try:
            return importlib.util.decode_source(source)
        except (SyntaxError, UnicodeDecodeError, LookupError):
            self.recoded.append(path)
            encoding = "utf-16" if source[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
            return source.decode(encoding, "replace").replace("\r\n", "\n").replace("\r", "\n")

    def execute(self, code: Any, names: Dict[str, Any]) -> None:
        """Run code, for no longer than it may. A file that it imports has a time of its own."""
        self.depth += 1
        self.start_clock(self.budget_s)
        try:
            exec(code, names)
        finally:
            self.depth -= 1
            self.start_clock(self.budget_s if self.depth else 0)

    def start_clock(self, seconds: float) -> None:
        if self.is_tolerant and hasattr(signal, "setitimer"):
            signal.signal(signal.SIGPROF, self.end_statement)
            signal.setitimer(signal.ITIMER_PROF, seconds)
            signal.signal(signal.SIGALRM, self.end_waiting)
            signal.setitimer(signal.ITIMER_REAL, self.wait_s if seconds else 0, self.wait_s)
            self.seen = time.monotonic(), time.process_time()

    def end_statement(self, number: int, frame: Any) -> None:
        budget_s, self.budget_s = self.budget_s, max(HALVED * self.budget_s, LEAST_S)
        raise OutOfTime("still running after %g s of CPU time" % budget_s)

    def end_waiting(self, number: int, frame: Any) -> None:
        """Look at how much CPU time was used since the last look; next to none is a wait."""
        (then, before), self.seen = self.seen, (time.monotonic(), time.process_time())
        if self.seen[1] - before < WAITING_SHARE * (self.seen[0] - then):
            wait_s, self.wait_s = self.wait_s, max(HALVED * self.wait_s, LEAST_S)
            raise OutOfTime("still waiting after %g s" % wait_s)


class TreeFinder(importlib.machinery.FileFinder):
    """Modules of one folder of the work tree, by whatever name they are asked for."""

    def __init__(self, importer: Importer, path: str) -> None:
        super().__init__(path, (functools.partial(TreeLoader, importer), [".py"]))  # type: ignore[arg-type]
        folders = [part for part in path[len(importer.root) :].split(os.sep) if part]
        self.prefix = ".".join([importer.package, *folders]) + "."

    def find_spec(self, fullname: str, target: Any = None) -> Optional[importlib.machinery.ModuleSpec]:
        spec = super().find_spec(fullname, target)
        proper = self.prefix + fullname.rpartition(".")[2]
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
    """Loads a module by another name: the very module that has it by its own."""

    def __init__(self, proper: str) -> None:
        self.proper = proper
        self.spec: Any = None

    def create_module(self, spec: Any) -> Any:
        module = importlib.import_module(self.proper)
        self.spec = module.__spec__
        return module

    def exec_module(self, module: Any) -> None:
        module.__spec__ = self.spec  # else relative imports in its functions would go by the other name


def raiser(error: BaseException) -> Callable[..., Any]:
    """What stands in the place of a function that was left out."""
    came_through = error.__traceback__

    def left_out(*args: Any, **kwargs: Any) -> Any:
        raise error.with_traceback(came_through)

    return left_out


def flags_for(source: bytes) -> int:
    """Of the compiler. Before Python 3.10, `int | None` and `list[int]` raise, in a function's inner functions, too."""
    return POSTPONED if sys.version_info < (3, 10) and not ANNOTATIONS_ARE_READ.search(source) else 0


def compile_nodes(nodes: List[Any], path: str, flags: int = 0) -> Any:
    return compile(ast.Module(body=nodes, type_ignores=[]), path, "exec", flags, dont_inherit=True)


def is_future(node: Any) -> bool:
    return getattr(node, "module", "") == "__future__"


def first_line(node: Any) -> int:
    return int(min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))]))


def line_of(error: BaseException, path: str) -> int:
    """The line at the top level of a file that an error came through, or 0."""
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == path and frame.f_code.co_name == "<module>":
            return line
    return (error.lineno or 0) if isinstance(error, SyntaxError) and error.filename == path else 0


def parse(text: str, path: str) -> Any:
    """The tree of a text, or what it raises."""
    try:
        return ast.parse(text, path)
    except Exception as error:
        return error
