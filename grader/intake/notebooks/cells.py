"""A student's notebook as cells: bytes that anybody may have written, read in bounds and never executed.

    bytes ─► bounded JSON ─► format 4 (nbformat converts older ones) ─► Cell, Cell, …

Nothing in the bytes makes this raise anything but UnreadableNotebook, or take more than a few seconds: their size is
bounded where they are collected (tree.py), and how many values and cells they may hold is bounded here. What has a
wrong type is left out: other than nbformat's own reading, one odd cell does not cost the rest.
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
MOST_VALUES: Final = 1_000_000  # a training that prints every step has some thousands
MOST_CELLS: Final = 2_000  # the longest that is handed out has 80
NOT_BUILT_SO: Final = Reason.of("not_built_as_notebooks")
KINDS: Final = ("markdown", "code", "raw")
NOT_INSTALLED: Final = "notebooks: {} is not installed. Run pip install 'layergrader[notebooks]'."


class UnreadableNotebook(IntakeProblem):
    """Why a notebook cannot be read: it becomes a note."""


@dataclass(frozen=True)
class Cell:
    """One cell. Outputs and attachments are as they stand in the file, of any types."""

    kind: str
    source: str
    id: str = ""
    role: str = ""  # this and its name: what "grader" in its metadata says
    name: str = ""
    outputs: tuple[Any, ...] = field(default=(), repr=False)
    attachments: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def text(self) -> str:
        """The source as far as it matters: no white space at the ends of lines, no empty lines around it."""
        return "\n".join(line.rstrip() for line in self.source.splitlines()).strip()

    def stands_for(self, role: str, name: str) -> bool:
        """Whether it is the cell of this role and name, by its metadata, or by its id where that was lost."""
        return (self.role, self.name) == (role, name) or (not self.role and self.id == f"{role}-{name}")


def cells_of(content: bytes) -> tuple[Cell, ...]:
    """The notebook's cells in order. Raises UnreadableNotebook; GraderError if nbformat is not installed."""
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
    """The notebook in format 4. nbformat is imported here, for the few that are older."""
    try:
        import nbformat
        from nbformat import converter
    except ImportError as error:
        raise GraderError(NOT_INSTALLED.format("nbformat")) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of ids that are missing
            made: Mapping[str, Any] = converter.convert(nbformat.versions[version].to_notebook_json(data), FORMAT)
    except Exception as error:  # nbformat trusts the types of what it converts
        raise UnreadableNotebook(NOT_BUILT_SO) from error
    return made


def json_of(content: bytes) -> dict[str, Any]:
    if sum(content.count(mark) for mark in (b"[", b"{", b",")) > MOST_VALUES:
        raise UnreadableNotebook(Reason.of("too_many_values", most=MOST_VALUES))
    try:
        data = json.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError, MemoryError) as error:  # no UTF-8 and no JSON are both ValueErrors
        raise UnreadableNotebook(Reason.of("no_json")) from error
    if not isinstance(data, dict):
        raise UnreadableNotebook(NOT_BUILT_SO)
    return data


def cell_from(data: Any) -> Cell | None:
    """One cell of format 4; None for what is none."""
    if not isinstance(data, dict) or data.get("cell_type") not in KINDS:
        return None
    source = joined(data.get("source"))
    if source is None:
        return None
    metadata, attachments = (as_dict(data.get(name)) for name in ("metadata", "attachments"))
    identity, outputs, said = data.get("id"), data.get("outputs"), as_dict(metadata.get("grader"))
    role, name = said.get("role"), said.get("name")
    if not isinstance(role, str) or not isinstance(name, str):
        role = name = ""
    identity = identity if isinstance(identity, str) else ""
    outputs = tuple(outputs) if isinstance(outputs, list) else ()
    return Cell(data["cell_type"], source, identity, role, name, outputs, attachments)


def as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def joined(text: Any) -> str | None:
    """Text as notebooks hold it, in one string or in lines; None for anything else."""
    if isinstance(text, str):
        return text
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        return "".join(text)
    return None
