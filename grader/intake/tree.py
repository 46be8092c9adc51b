"""A submission as a Tree: its Python files and notebooks by path, read from a folder or an archive within limits.

Every reader (of folders, zips, tars) fills a Gathering, which enforces all limits and checks all names. The reader
decides *what is a regular file*; the Gathering decides *which files are stored*. Nothing is written to disk under a
name that a submission chose. So if a member has a dangerous name, only this member is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

from grader.intake.names import LITTER, few, has_archive_suffix, is_ignored, left_out, path_inside, safe_path, show
from grader.intake.near_names import meant_name, notebook_name
from grader.records import Reason

OUTSIDE: Final = "../"  # marks the path of a member whose name leads out of the archive; no other path begins so
# A note names files with these endings, because they are not read but may be a student's work.
DOCUMENTS: Final = (
    *(".pdf", ".doc", ".docx", ".odt", ".rtf", ".pages", ".tex", ".html", ".htm", ".txt", ".md"),
    *(".py", ".pyw", ".py.gz", ".json", ".bak", ".old", ".orig"),  # names are compared in lower case, so .py is .PY
)
UNREMARKABLE: Final = ("readme", "requirements", "license", "messages", "manifest")

MOST_NOTES: Final = 20  # otherwise a submission with 50,000 links would get a report of 50,000 lines

MIB: Final = 1024 * 1024

A_LINK: Final = Reason.of("a_link")
NOT_REGULAR: Final = Reason.of("not_a_regular_file")
LEADS_OUT: Final = Reason.of("leads_out")


class IntakeProblem(Exception):
    """A submission cannot be read, through no fault of ours. The reason becomes Submission.problem (collect.py)."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class IntakeLimits:
    """The most that the grader reads of one submission. An honest submission needs far less.

    If a file or notebook exceeds a limit, it is left out with a note. If a submission exceeds another limit, it cannot
    be read.
    """

    file_bytes: int = 2 * MIB  # size of one Python file
    notebook_bytes: int = 16 * MIB  # size of one notebook
    notebooks: int = 30  # number of notebooks; 0: ignore notebooks
    notebooks_bytes: int = 64 * MIB  # size of all notebooks
    total_bytes: int = 32 * MIB  # size of all Python files
    members: int = 50_000  # number of files and folders, including those that are not read
    depth: int = 20  # number of folders above a file
    archive_bytes: int = 1024 * MIB  # size of the archive
    unpacked_bytes: int = 1024 * MIB  # size of a decompressed tar, including data sets in it
    ratio: int = 200  # unpacked bytes to packed bytes, checked when at least ratio_floor_bytes are unpacked
    ratio_floor_bytes: int = 8 * MIB


@dataclass(frozen=True)
class Tree:
    """The Python files and notebooks of one submission, by their path in it, and the reader's notes."""

    files: Mapping[str, bytes]
    notes: tuple[Reason, ...] = ()
    archives: tuple[str, ...] = ()  # paths of archives in the submission (recognised by name); they are not opened
    notebooks: Mapping[str, bytes] = field(default_factory=dict)
    refused: tuple[str, ...] = ()  # paths of notebooks that exceed a limit
    unread: tuple[str, ...] = ()  # paths of documents and similar files
    ignored: str = ""  # a folder that was not read because tools make folders of this name (build, venv)


class Gathering:
    """The state of one reading: the files stored so far, the notes, and how much the limits still allow.

    student_files: the assignment's; files with a nearly right name for one of them (`layers.py.txt`) are stored, too.
    """

    def __init__(self, limits: IntakeLimits, student_files: Sequence[str] = ()) -> None:
        self.limits = limits
        self._student_files = student_files
        self.problem: Reason | None = None
        self._strays: dict[str, list[str]] = {}
        self._unread: list[str] = []
        self._ignored = ""
        self._files: dict[str, bytes] = {}
        self._notebooks: dict[str, bytes] = {}
        self._notes: list[Reason] = []
        self._archives: list[str] = []
        self._refused: list[str] = []
        self._members = 0
        self.stored_bytes = 0  # of Python files

    def locate(self, name: str) -> str | None:
        """Count one member and return its path, or None for a member to skip.

        Members to skip are caches, members too deep in folders, and names with control characters. A name that leads
        out of the archive (`../hw2/layers.py`, `C:/hw2/layers.py`) gives a path inside with the prefix OUTSIDE, and
        `finish` takes such a file only if no other file has its file name. Raises IntakeProblem for too many members.
        """
        self._members += 1
        if self._members > self.limits.members:
            raise IntakeProblem(Reason.of("too_many_members", most=self.limits.members))
        path = safe_path(name)
        if path is None and (inside := path_inside(name)):
            path = OUTSIDE + inside
            self._strays.setdefault(path, []).append(name)
        if path is None:
            self.note(left_out(name, LEADS_OUT))
            return None
        parts = path.removeprefix(OUTSIDE).split("/")
        before = list(takewhile(lambda part: not is_ignored(part), parts))
        if not path or len(before) < len(parts):
            first = parts[len(before)] if path else ""
            if first in LITTER and not first.startswith("__"):
                self._ignored = self._ignored or "/".join([*before, first])
            return None
        if path.count("/") > self.limits.depth:
            self.note(left_out(path, Reason.of("too_deep", most=self.limits.depth)))
            return None
        return path

    def wants(self, path: str) -> bool:
        """Return whether to read a file's content: of Python files, notebooks and files with a nearly right name.

        Records the names of archives and documents.
        """
        if has_archive_suffix(path):
            self._archives.append(path.removeprefix(OUTSIDE))
        wanted = path.endswith(".py") or (is_notebook(path) and self.limits.notebooks > 0)
        wanted = wanted or meant_name(path, self._student_files) is not None
        base = path.rpartition("/")[2].lower()
        if not wanted and base.endswith(DOCUMENTS) and base.partition(".")[0] not in UNREMARKABLE:
            self._unread.append(path.removeprefix(OUTSIDE))
        return wanted

    def most_bytes(self, path: str) -> int:
        return self.limits.notebook_bytes if is_notebook(path) else self.limits.file_bytes

    def refuse_size(self, path: str) -> None:
        self.leave_out(path, Reason.of("file_too_large", most=self.most_bytes(path)))

    def leave_out(self, path: str, why: Reason) -> None:
        self.note(left_out(path, why))
        if is_notebook(path):
            self._refused.append(path)

    def refuse(self, path: str, why: Reason) -> None:
        """Leave out a member that cannot be read. If no member can be read, `why` becomes the submission's problem."""
        self.problem = self.problem or why
        self.leave_out(path, why)

    def keep(self, path: str, content: bytes) -> None:
        """Store one file. If two members have the same path, the later one counts, as when an archive is unpacked.

        Raises IntakeProblem if all files together are too large.
        """
        if len(content) > self.most_bytes(path):
            self.refuse_size(path)
            return
        if is_notebook(path):
            self._store_notebook(path, content)
            return
        self.stored_bytes += len(content)
        if self.stored_bytes > self.limits.total_bytes:
            raise IntakeProblem(Reason.of("python_too_large", most=self.limits.total_bytes))
        if self._files.get(path, content) != content and not path.startswith(OUTSIDE):
            self.note(Reason.of("more_than_once", file=show(path)))
        self._files[path] = content

    def _store_notebook(self, path: str, content: bytes) -> None:
        """Store one notebook, or leave it out with a note if it exceeds a limit. Never ends the reading."""
        others = {name: other for name, other in self._notebooks.items() if name != path}
        if len(others) >= self.limits.notebooks:
            self.leave_out(path, Reason.of("too_many_notebooks", most=self.limits.notebooks))
        elif sum(map(len, others.values())) + len(content) > self.limits.notebooks_bytes:
            self.leave_out(path, Reason.of("notebooks_too_large", most=self.limits.notebooks_bytes))
        else:
            self._notebooks[path] = content

    def take_in(self, tree: Tree, below: str) -> None:
        """Add the files and notes of another tree. below: the folder for its files, as `name/`, or "" for the top."""
        for path, content in (*tree.files.items(), *tree.notebooks.items()):
            self.keep(f"{below}{path}", content)
        self._notes += tree.notes
        self._archives += [f"{below}{path}" for path in tree.archives]
        self._refused += [f"{below}{path}" for path in tree.refused]
        self._unread += [f"{below}{path}" for path in tree.unread]
        self._ignored = self._ignored or tree.ignored

    def note(self, reason: Reason) -> None:
        self._notes.append(reason)

    def note_kind(self, path: str, kind: Reason) -> None:
        self.note(Reason.of("no_file", file=show(path), kind=kind))

    def finish(self) -> Tree:
        files, notebooks = self._settle_strays(self._files), self._settle_strays(self._notebooks)
        notes = self._notes[:MOST_NOTES]
        if len(self._notes) > MOST_NOTES:
            notes.append(Reason.of("more_notes", count=len(self._notes) - MOST_NOTES))
        archives, refused, unread = tuple(self._archives), tuple(self._refused), tuple(self._unread)
        return Tree(files, tuple(notes), archives, notebooks, refused, unread, self._ignored)

    def _settle_strays(self, stored: Mapping[str, bytes]) -> dict[str, bytes]:
        """Return the files, including those whose names lead out of the archive.

        A file whose path leads out of the archive is dropped, with a note, if a file inside has the same file name.
        """
        inside = {path: content for path, content in stored.items() if not path.startswith(OUTSIDE)}
        bases = {path.rpartition("/")[2] for path in inside}
        taken = []
        for path, content in stored.items():
            names = self._strays.get(path, [])
            if names and path.rpartition("/")[2] not in bases:
                inside[path.removeprefix(OUTSIDE)] = content
                taken.append(names[-1])
                names = names[:-1]
            self._notes += [left_out(name, LEADS_OUT) for name in dict.fromkeys(names)]
        if taken:
            self.note(Reason.of("led_out", names=few(taken)))
        return inside


def is_notebook(path: str) -> bool:
    return notebook_name(path) is not None


def check_ratio(unpacked: int, packed: int, limits: IntakeLimits) -> None:
    """Raise IntakeProblem if an archive unpacks to so many times its size that it must be a zip bomb."""
    if unpacked > limits.ratio_floor_bytes and unpacked > limits.ratio * packed:
        raise IntakeProblem(Reason.of("unpacks_times", times=limits.ratio))
