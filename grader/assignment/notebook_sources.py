"""Make notebooks from their sources: one Python file gives both the instructor's and the student's version.

A source is a Python file in assignment/notebooks/, cut into cells by marker lines:

    # %% [markdown]              text: every line is a comment, the text of the cell follows "# "
    # %%                         code
    # %% check conv-forward      code that checks a student's function and prints figures; its name is its cell's id
    # %% answer two-layers       code or, with [markdown], text that students write

    ### BEGIN SOLUTION           only the instructor's version has the lines between these two markers (in text they
    ### END SOLUTION             follow "# "); the student's version has a line that explains what to do

IPython's magics are comments, so that the file is valid Python: `# %matplotlib inline` becomes `%matplotlib inline`.
Nothing is executed and no output is stored. A cell's metadata has the cell's role and name, under "grader". The id of a
cell is its name. Without a name, the id is a digest of the cell's text, so that it stays the same when other cells are
added or removed.
The cell markers are those of the percent format of several editors. The notebooks have the format nbformat 4.5.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from grader.assignment.load import Assignment
from grader.assignment.solution_regions import find_regions, read_text
from grader.errors import AssignmentError, GraderError

MARKER: Final = re.compile(
    r"# %%(?: \[(?P<kind>markdown)\])?(?: (?P<role>check|answer) (?P<name>(?=.{1,48}$)[a-z0-9]+(?:-[a-z0-9]+)*))?"
)
MAGIC: Final = re.compile(r"^# (?=%[a-z])")
TODO_CODE: Final = (
    "# TODO: write your code here, then delete the next line.",
    'raise NotImplementedError("this cell is not written yet")',
)
TODO_TEXT: Final = ("*Write your answer here.*",)
METADATA: Final = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


@dataclass(frozen=True)
class SourceCell:
    """One cell of a source."""

    kind: Literal["code", "markdown"]
    role: str  # "check", "answer", or "" for all other cells
    name: str
    lines: tuple[str, ...]  # including the solution and its markers
    line: int  # the line number of the cell's marker, from 1


def student_notebooks(assignment: Assignment) -> dict[str, bytes]:
    """Make the notebooks for students, by file name, without solutions and outputs. Raises AssignmentError."""
    return {name: notebook(cells, place, solved=False) for name, place, cells in sources(assignment)}


def instructor_notebooks(assignment: Assignment) -> dict[str, bytes]:
    """Make the notebooks for instructors, by file name, with solutions. Raises AssignmentError."""
    return {name: notebook(cells, place, solved=True) for name, place, cells in sources(assignment)}


def sources(assignment: Assignment) -> Iterator[tuple[str, Path, list[SourceCell]]]:
    for path in sorted((assignment.folder / "notebooks").glob("*.py")):
        yield f"{path.stem}.ipynb", path, cells_of(read_text(path, "Restore it, as UTF-8."), path)


def cells_of(text: str, place: Path) -> list[SourceCell]:
    """Cut a source into cells. Raises AssignmentError, with file and line, for an unknown marker."""
    found: list[SourceCell] = []
    lines = text.splitlines()
    marks = [number for number, line in enumerate(lines) if line.startswith("# %%")]
    if not marks or any(line.strip() for line in lines[: marks[0]]):
        raise AssignmentError(f"{place}:1: no cell begins here, expected a line '# %%'. Put such a line at the top.")
    for start, stop in zip(marks, [*marks[1:], len(lines)], strict=True):
        kind, role, name = marked(lines[start], f"{place}:{start + 1}")
        if name and any((role, name) == (cell.role, cell.name) for cell in found):
            raise AssignmentError(f"{place}:{start + 1}: a second {role} has the name {name}. Give it another one.")
        body = lines[start + 1 : stop]
        if kind == "markdown":
            body = [uncommented(line, f"{place}:{start + 2 + offset}") for offset, line in enumerate(body)]
        else:
            body = [MAGIC.sub("", line) for line in body]
        if not "".join(body).strip():
            raise AssignmentError(f"{place}:{start + 1}: the cell is empty. Write it, or remove its marker.")
        found.append(SourceCell(kind, role, name, tuple(body), start + 1))
    return found


def notebook(cells: list[SourceCell], place: Path, *, solved: bool) -> bytes:
    """Make a notebook (nbformat 4.5); the same source gives the same bytes. Raises AssignmentError for a bad region."""
    try:
        import nbformat  # not at the top, because grading does not need it
    except ImportError as error:
        raise GraderError("notebooks: nbformat is not installed. Run pip install nbformat.") from error
    made: list[Any] = []
    taken: dict[str, int] = {}
    for cell in cells:
        source = "\n".join(without_regions(cell, place, solved=solved)).strip("\n")
        new: Any = nbformat.v4.new_markdown_cell if cell.kind == "markdown" else nbformat.v4.new_code_cell
        metadata = {"grader": {"role": cell.role, "name": cell.name}} if cell.role else {}
        made.append(new(source, id=identify(cell, taken), metadata=metadata))
    whole = nbformat.v4.new_notebook(cells=made, metadata=METADATA)
    try:
        nbformat.validate(whole)
    except nbformat.ValidationError as error:
        raise AssignmentError(f"{place}: it does not make a valid notebook ({error}). Correct the source.") from error
    text: str = nbformat.writes(whole)
    return (text.rstrip("\n") + "\n").encode()


def marked(line: str, place: str) -> tuple[Literal["code", "markdown"], str, str]:
    match = MARKER.fullmatch(line)
    if match is None or (match["role"] == "check" and match["kind"]):
        raise AssignmentError(
            f"{place}: {line!r} is not a cell marker, expected '# %%', '# %% [markdown]', '# %% check NAME' or, with "
            "or without [markdown], '# %% answer NAME', where NAME looks like conv-forward. Correct the marker."
        )
    return "markdown" if match["kind"] else "code", match["role"] or "", match["name"] or ""


def uncommented(line: str, place: str) -> str:
    if line.startswith("# "):
        return line[2:]
    if line.strip() in ("", "#"):
        return ""
    raise AssignmentError(f"{place}: {line!r} is in a cell of text, expected a comment. Begin the line with '# '.")


def without_regions(cell: SourceCell, place: Path, *, solved: bool) -> Iterator[str]:
    """Yield the lines of a cell: with solutions, without their markers; or, unless `solved`, TODO lines instead."""
    regions = find_regions(str(place), "\n".join(cell.lines), first=cell.line + 1)
    if regions and cell.role != "answer":
        raise AssignmentError(
            f"{place}:{regions[0].begin}: a solution is in a cell that is not an answer. Mark it '# %% answer NAME'."
        )
    for number, line in enumerate(cell.lines, start=cell.line + 1):
        region = next((one for one in regions if one.holds(number)), None)
        if region is None or (solved and number not in (region.begin, region.end)):
            yield line
        elif number == region.begin and not solved:
            indent = line[: len(line) - len(line.lstrip())]
            yield from (indent + todo for todo in (TODO_CODE if cell.kind == "code" else TODO_TEXT))


def identify(cell: SourceCell, taken: dict[str, int]) -> str:
    """Return a cell's id: role and name, else a digest of its text (with a number if two cells have the same text)."""
    if cell.name:
        return f"{cell.role}-{cell.name}"
    digest = hashlib.sha256("\n".join((cell.kind, *cell.lines)).encode()).hexdigest()[:12]
    taken[digest] = taken.get(digest, 0) + 1
    return digest if taken[digest] == 1 else f"{digest}-{taken[digest]}"
