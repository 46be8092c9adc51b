"""Read a student's notebook as cells. The bytes are untrusted: they are read within limits and never executed.

    bytes ─► bounded JSON ─► format 4 (nbformat converts older ones) ─► Cell, Cell, …

Whatever the bytes are, reading them raises only UnreadableNotebook and takes at most a few seconds: tree.py limits the
number of bytes, and this module limits the number of values and cells. Cells of a wrong type are left out, and the
other cells are still read. nbformat's own reader would refuse the whole notebook.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from grader.errors import GraderError
from grader.intake.tree import IntakeProblem
from grader.records import Reason

FORMAT: Final = 4
MOST_VALUES: Final = 1_000_000  # a notebook whose training prints every step has some thousand values
MOST_CELLS: Final = 2_000  # the longest handed-out notebook has 80 cells
NOT_BUILT_SO: Final = Reason.of("not_built_as_notebooks")
KINDS: Final = ("markdown", "code", "raw")
NOT_INSTALLED: Final = "notebooks: {} is not installed. Run pip install 'layergrader[notebooks]'."


class UnreadableNotebook(IntakeProblem):
    """A notebook cannot be read. The reason becomes a note on the submission."""


@dataclass(frozen=True)
class Cell:
    """One cell. Outputs and attachments are unchecked values of any type from the file."""

    kind: str
    source: str
    id: str = ""
    role: str = ""  # role and name come from "grader" in the cell's metadata
    name: str = ""
    outputs: tuple[Any, ...] = field(default=(), repr=False)
    attachments: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def text(self) -> str:
        """The source for comparisons: without white space at line ends and without empty lines at start and end."""
        return "\n".join(line.rstrip() for line in self.source.splitlines()).strip()

    def stands_for(self, role: str, name: str) -> bool:
        """Return whether the cell has this role and name in its metadata, or, without metadata, in its id."""
        return (self.role, self.name) == (role, name) or (not self.role and self.id == f"{role}-{name}")


def cells_of(content: bytes) -> tuple[Cell, ...]:
    """Return a notebook's cells in order. Raises UnreadableNotebook; GraderError if nbformat is not installed."""
    data: Mapping[str, Any] = json_of(content)
    version = data.get("nbformat")
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version <= FORMAT:
        shown = repr(version)[:20] if isinstance(version, int | str | None) else type(version).__name__
        raise UnreadableNotebook(Reason.of("notebook_format", found=shown, expected=FORMAT))
    if version < FORMAT:
        data = converted(dict(data), version)
    listed = data.get("cells")
    if not isinstance(listed, list):
        raise UnreadableNotebook(Reason.of("no_cells"))
    if len(listed) > MOST_CELLS:
        raise UnreadableNotebook(Reason.of("too_many_cells", count=len(listed), most=MOST_CELLS))
    return tuple(cell for cell in map(cell_from, listed) if cell is not None)


def converted(data: dict[str, Any], version: int) -> Mapping[str, Any]:
    """Convert a notebook to format 4. Imports nbformat only here, because few notebooks have an older format."""
    try:
        import nbformat
        from nbformat import converter
    except ImportError as error:
        raise GraderError(NOT_INSTALLED.format("nbformat")) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbformat warns about cells without ids
            made: Mapping[str, Any] = converter.convert(nbformat.versions[version].to_notebook_json(data), FORMAT)
    except Exception as error:  # nbformat does not check the types of the values that it converts
        raise UnreadableNotebook(NOT_BUILT_SO) from error
    return made


def json_of(content: bytes) -> dict[str, Any]:
    if sum(content.count(mark) for mark in (b"[", b"{", b",")) > MOST_VALUES:
        raise UnreadableNotebook(Reason.of("too_many_values", most=MOST_VALUES))
    try:
        data = json.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError, MemoryError) as error:  # invalid UTF-8 and invalid JSON are both ValueErrors
        raise UnreadableNotebook(Reason.of("no_json")) from error
    if not isinstance(data, dict):
        raise UnreadableNotebook(NOT_BUILT_SO)
    return data


def cell_from(data: Any) -> Cell | None:
    """Return a cell from its JSON value in format 4, or None if the value is not a cell."""
    if not isinstance(data, dict) or data.get("cell_type") not in KINDS:
        return None
    source = joined(data.get("source"))
    if source is None:
        return None
    metadata, attachments = (as_dict(data.get(name)) for name in ("metadata", "attachments"))
    identity, outputs, ours = data.get("id"), data.get("outputs"), as_dict(metadata.get("grader"))
    role, name = ours.get("role"), ours.get("name")
    if not isinstance(role, str) or not isinstance(name, str):
        role = name = ""
    identity = identity if isinstance(identity, str) else ""
    outputs = tuple(outputs) if isinstance(outputs, list) else ()
    return Cell(data["cell_type"], source, identity, role, name, outputs, attachments)


def as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def joined(text: Any) -> str | None:
    """Return a text of a notebook as one string. In JSON, it is a string or a list of lines; None for anything else."""
    if isinstance(text, str):
        return text
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        return "".join(text)
    return None
