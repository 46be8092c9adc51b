"""Find the solution regions of the reference, and make the student files by removing them.

A region is between two comments, each on its own line, as in nbgrader:

    ### BEGIN SOLUTION
    …
    ### END SOLUTION

In a student file, a banner that explains what to write replaces the region, followed by `raise NotImplementedError`. So
code below an unwritten region never runs, and cannot fail because the region's variables are missing. The replacement
has the indentation of the region.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from grader.assignment.load import Assignment
from grader.errors import AssignmentError

BEGIN: Final = "### BEGIN SOLUTION"
END: Final = "### END SOLUTION"
WIDTH: Final = 75  # columns of the banner, without its indentation
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Region:
    """The lines from `begin` to `end` of a file, counted from 1, including the two comments."""

    begin: int
    end: int

    def holds(self, line: int) -> bool:
        return self.begin <= line <= self.end


def student_files_of(assignment: Assignment) -> dict[str, bytes]:
    """Return the student files without solutions, by path below the package. Raises AssignmentError, see take_out."""
    paths = {name: assignment.reference / name for name in assignment.student_files}
    return {name: take_out(str(path), read_text(path)).encode() for name, path in paths.items()}


def read_text(path: Path, advice: str = "The reference must have it.") -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AssignmentError(f"{path}: cannot be read ({error}). {advice}") from error


def find_regions(place: str, text: str, first: int = 1) -> list[Region]:
    """Return the solution regions of a file, or of a part of a file.

    first: the line number in the file of the text's first line. Raises AssignmentError, which names file and line, if a
    region is nested or has no end.
    """
    regions = []
    begin = 0
    for number, line in enumerate(text.split("\n"), start=first):
        marker = next((marker for marker in (BEGIN, END) if marker in line), None)
        wrong = ""
        if marker and line.strip() != marker:
            wrong = f"{line.strip()!r} was found, expected only {marker!r}. Put it on its own line."
        elif marker == BEGIN and begin:
            wrong = f"a solution begins inside the one that begins in line {begin}. Close that one first."
        elif marker == END and not begin:
            wrong = f"a solution ends here but begins nowhere. Write {BEGIN!r} above it."
        if wrong:
            raise AssignmentError(f"{place}:{number}: {wrong}")
        if marker == END:
            regions.append(Region(begin, number))
        if marker:
            begin = number if marker == BEGIN else 0
    if begin:
        raise AssignmentError(f"{place}:{begin}: the solution that begins here has no end. Write {END!r} below it.")
    return regions


def take_out(place: str, text: str) -> str:
    """Return a file as students get it: a banner and `raise NotImplementedError` replace each solution.

    Raises AssignmentError, which names file and line, for a region that is nested, has no end or is outside of a
    function, and for a file that is not valid Python without its solutions.
    """
    regions = find_regions(place, text)
    lines = text.split("\n")
    tree = parse(place, text)
    made: list[str] = []
    after = 0
    for region in regions:
        name, function = function_around(place, tree, region)
        inside = [one for one in regions if function.lineno <= one.begin and one.end <= (function.end_lineno or 0)]
        which = f", part {inside.index(region) + 1} of {len(inside)}" if len(inside) > 1 else ""
        used = names_used_below(function, region, regions)
        first = lines[region.begin - 1]
        indent = first[: len(first) - len(first.lstrip())]
        made += lines[after : region.begin - 1]
        made += [indent + line for line in banner(name, which, used)]
        after = region.end
    result = "\n".join([*made, *lines[after:]])
    parse(place, result)
    return result


def banner(name: str, which: str, used: Sequence[str]) -> list[str]:
    """Return the lines that replace a solution.

    which: the number of the solution, if the function has several. used: the solution's variables that the code below
    it reads.
    """
    text = f"TODO: Write {name} as its docstring says{which}."
    if used:
        text += f" The code below needs {' and '.join(filter(None, (', '.join(used[:-1]), used[-1])))}."
    bar = "#" * WIDTH
    todo = [f"# {line:{WIDTH - 4}} #" for line in textwrap.wrap(text, WIDTH - 4)]
    return [bar, *todo, bar, "raise NotImplementedError", bar, f"# {'END OF YOUR CODE':^{WIDTH - 4}} #", bar]


def parse(place: str, text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise AssignmentError(
            f"{place}:{error.lineno}: not valid Python ({error.msg}). Correct the file or its solutions."
        ) from error


def function_around(place: str, tree: ast.Module, region: Region) -> tuple[str, Function]:
    """Return the outermost function or method that contains a region, and its name for people.

    Tests only the first line of the region, because the parser does not count a comment at the end of a function as
    part of the function.
    """
    for outer in tree.body:
        owner, nodes = (outer.name, outer.body) if isinstance(outer, ast.ClassDef) else ("", [outer])
        for node in nodes:
            if isinstance(node, Function) and node.lineno < region.begin and region.begin <= (node.end_lineno or 0):
                if node.name == "__init__":
                    return f"the constructor of {owner}", node
                return ".".join(filter(None, (owner, node.name))), node
    raise AssignmentError(
        f"{place}:{region.begin}: a solution is outside of a function, so the student file would not load. Move it."
    )


def names_used_below(function: Function, region: Region, regions: Sequence[Region]) -> list[str]:
    """Return the variables that a region sets and code below the region reads, in the order of the reads.

    Ignores code in other regions, because students do not get this code.
    """
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    written = {node.id for node in names if isinstance(node.ctx, ast.Store) and region.holds(node.lineno)}
    below = [node for node in names if isinstance(node.ctx, ast.Load) and node.lineno > region.end]
    read = [node for node in below if node.id in written and not any(one.holds(node.lineno) for one in regions)]
    return list(dict.fromkeys(node.id for node in sorted(read, key=lambda node: (node.lineno, node.col_offset))))
