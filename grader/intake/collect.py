"""From the paths on the command line to submissions, one at a time.

    paths ─► find ─► [Found, …] ─► read ─► Submission ─► …
             all at once, cheap     one by one: memory holds one submission, however many there are

`find` looks at names and first bytes only; what it refuses is the caller's fault (UsageError). `read` opens what a
student handed in; nothing in there makes it raise: it ends as Submission.problem.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from grader.errors import GraderError, UsageError
from grader.intake.answers import HandedOut, read_notebooks
from grader.intake.archives import find_kind, read_archive
from grader.intake.choose import choose, choose_notebooks
from grader.intake.downloads import find_download, lookalike, read_parts, refuse_packed
from grader.intake.folders import is_ours, list_folder, read_file, read_folder
from grader.intake.lms import Download, HandedIn
from grader.intake.names import LITTER, Ids, clean, natural_key, show, strip_suffix
from grader.intake.tree import IntakeLimits, IntakeProblem, Tree
from grader.records import NotebookResult, Submission

# Files that lie about in a class folder. They are nobody's submission and nothing is said about them.
CLASS_SUFFIXES: Final = (".md", ".txt", ".csv")
CLASS_NAMES: Final = ("readme", "makefile")
LITTER_AT_TOP: Final = LITTER - {"build"}  # a student may be called that


@dataclass(frozen=True)
class Found:
    """One submission, found and not yet opened. problem: why it will not be, or None.

    parts: the files that it consists of where it is not all of `path`, each with the name that the student gave it.
    notes: what is to be said of how it was found. folder: what its folder was taken for, to be said once a run, or "".
    """

    id: str
    path: Path
    source: str
    problem: str | None = None
    parts: tuple[tuple[str, Path], ...] = ()
    notes: tuple[str, ...] = ()
    folder: str = ""


def find(paths: Sequence[Path], *, student_files: Sequence[str], package: str) -> list[Found]:
    """List the submissions of all paths, in natural order within each, with ids that are unique in the run.

    A path that is a file, or directly holds a student file or the package folder, is one submission; otherwise every
    child of it is one, but hidden ones and what CLASS_SUFFIXES and CLASS_NAMES name. The bulk download of a learning
    platform, as it is or as the only folder in it, gives a submission a student. An empty folder among several paths is
    a submission with a problem.
    Raises UsageError if a path does not exist or cannot be listed, is a download that was not unpacked, or if nothing
    at all is found.
    """
    ids = Ids()
    found: list[Found] = []
    empty: list[Path] = []
    for path in paths:
        if not os.path.exists(path):
            raise UsageError(f"{show(str(path))}: does not exist, expected a folder or an archive of submissions.")
    for path in paths:
        try:
            here = find_one(path, student_files, package, ids)
        except OSError as error:
            raise UsageError(f"{show(str(path))}: cannot be read ({error.strerror}).") from error
        empty += [] if here else [path]
        found += here
    if not found:
        names = ", ".join(show(str(path)) for path in paths)
        raise UsageError(
            f"{names}: no submission was found, expected folders or archives that hold {student_files[0]}."
        )
    return found + [
        Found(ids.give(path.resolve().name), path.resolve(), clean(str(path)), "the folder is empty.") for path in empty
    ]


def read(
    found: Found,
    *,
    student_files: Sequence[str],
    handed_out: Sequence[str],
    package: str,
    limits: IntakeLimits | None = None,
    notebooks: Callable[[], HandedOut] | None = None,
) -> Submission:
    """Read one submission. What is wrong with it becomes its `problem`; the rest of the run is not concerned.

    notebooks: gives those that were handed out, asked for by the first submission that has any; without it, answers
    are not read.

    Raises GraderError only where the machine failed (out of memory or descriptors, a disk or a share that went away).
    """
    notes = found.notes
    place = show(found.path.name)
    limits = limits or IntakeLimits()
    try:
        if found.problem:
            raise IntakeProblem(found.problem)
        tree = read_parts(found.parts, limits) if found.parts else read_tree(found.path, limits, student_files)
        notes += tree.notes
        choice = choose(tree.files, student_files=student_files, handed_out=handed_out, package=package)
        if not choice.files:
            raise IntakeProblem(describe_lack(tree, student_files))
        chosen = choose_notebooks(tree.notebooks, choice.roots)
        notes += choice.notes + chosen.notes
        answers: tuple[NotebookResult, ...] = ()
        if chosen.files and notebooks:
            left_out = [path.rpartition("/")[2] for path in tree.refused]
            answers, said = read_notebooks(chosen.files, notebooks(), left_out=left_out)
            notes += said
        return Submission(found.id, found.source, choice.files, notes, notebooks=chosen.files, answers=answers)
    except IntakeProblem as problem:
        return Submission(found.id, found.source, {}, notes, f"{place}: {problem}")
    except OSError as error:
        if is_ours(error):
            raise GraderError(f"{found.source}: cannot be read ({error.strerror}). Grade it again.") from error
        return Submission(found.id, found.source, {}, notes, f"{place}: it cannot be read ({error.strerror}).")


def find_one(path: Path, student_files: Sequence[str], package: str, ids: Ids) -> list[Found]:
    """The submissions of one path. A link given on the command line is followed, since the caller chose it."""
    real, source = path.resolve(), clean(str(path))
    if not real.is_dir():
        refuse_packed(real, source)
        return [Found(ids.give(strip_suffix(real.name)), real, source, find_problem(real, student_files))]
    if holds_submission(real, student_files, package):
        return [Found(ids.give(real.name), real, source)]
    folders, download, odd = look_into(real)
    if download and not odd:
        return [find_handed_in(one, path, real, download, ids) for one in download.handed_in]
    if list(folders.values()) == [False]:
        refuse_packed(real / next(iter(folders)), os.path.join(source, next(iter(folders))))
    if list(folders.values()) == [True]:  # an export unpacked into a folder of its own
        inner = real / next(iter(folders))
        _, download_inside, odd_inside = look_into(inner)
        if download_inside and not odd_inside:
            return [
                find_handed_in(one, path / inner.name, inner, download_inside, ids) for one in download_inside.handed_in
            ]
    said = lookalike(source, download, odd) if download else ""
    found = []
    for name, folder in folders.items():
        if not folder and is_of_class(name):
            continue
        problem = None if folder else find_problem(real / name, student_files)
        called, where = name if folder else strip_suffix(name), clean(os.path.join(path, name))
        found.append(Found(ids.give(called), real / name, where, problem, notes=(said,) if said else (), folder=said))
    return found


def look_into(folder: Path) -> tuple[dict[str, bool], Download | None, list[str]]:
    """What lies in a folder of submissions (by name: is it a folder), the download that it is, what does not fit it."""
    children = [child for child in list_folder(folder) if not is_hidden(child.name)]
    children.sort(key=lambda entry: natural_key(entry.name))
    folders = {child.name: child.is_dir(follow_symlinks=False) for child in children}
    download = find_download(folder, folders)
    odd = [name for name in download.others if folders[name] or not is_of_class(name)] if download else []
    return folders, download, odd


def find_handed_in(one: HandedIn, path: Path, real: Path, download: Download, ids: Ids) -> Found:
    """What one student handed in: a folder, or several files of the download."""
    whole = len(one.parts) == 1 and not one.parts[0].name
    parts = () if whole else tuple((part.name or part.entry, real / part.entry) for part in one.parts)
    return Found(
        ids.give(one.label),
        real / one.source,
        clean(os.path.join(path, one.source)),
        one.problem,
        parts,
        one.notes,
        f"{show(str(path))}: {download.summary}.",
    )


def find_problem(file: Path, student_files: Sequence[str]) -> str | None:
    """Why a file that stands for a whole submission cannot be one, by its name and its first bytes."""
    try:
        if file.name in base_names(student_files) or find_kind(file):
            return None
    except IntakeProblem as problem:
        return str(problem)
    except OSError as error:
        if is_ours(error):
            raise
        return f"it cannot be read ({error.strerror})."
    return f"it is neither an archive nor a student file ({', '.join(student_files)})."


def is_hidden(name: str) -> bool:
    return name.startswith(".") or name in LITTER_AT_TOP


def is_of_class(name: str) -> bool:
    return name.lower().endswith(CLASS_SUFFIXES) or name.lower().partition(".")[0] in CLASS_NAMES


def holds_submission(folder: Path, student_files: Sequence[str], package: str) -> bool:
    """Whether the folder is one submission and not a class of them.

    So it is if it directly holds a student file or the package folder. A package folder by another name looks just like
    a student's folder in a class; it is taken for the package if it is the only child that holds student files and a
    notebook lies beside it, as in every unpacked assignment.
    """
    if holds_student_file(folder, student_files) or holds_module(folder / package, student_files):
        return True
    children = list_folder(folder)
    if not any(child.name.endswith(".ipynb") for child in children):
        return False
    folders = [Path(child.path) for child in children if child.is_dir(follow_symlinks=False)]
    return sum(holds_student_file(child, student_files) for child in folders) == 1


def holds_student_file(folder: Path, student_files: Sequence[str]) -> bool:
    return any(os.path.isfile(folder / name) for name in (*student_files, *base_names(student_files)))


def holds_module(folder: Path, student_files: Sequence[str]) -> bool:
    """Whether it is a package: a folder of this name without a module may be the course's, full of students."""
    if not os.path.isdir(folder) or folder.is_symlink():
        return False
    return holds_student_file(folder, student_files) or any(e.name.endswith(".py") for e in list_folder(folder))


def read_tree(path: Path, limits: IntakeLimits, student_files: Sequence[str]) -> Tree:
    """Read a folder, an archive or a single file. A folder with one archive and no student file is that archive."""
    if path.is_symlink():
        raise IntakeProblem("it is a link, and links are not followed.")
    if not path.is_dir():
        return read_file(path, limits) if path.name in base_names(student_files) else read_archive(path, limits)
    tree = read_folder(path, limits)
    bases = base_names(student_files)
    if len(tree.archives) == 1 and not any(name.rpartition("/")[2] in bases for name in tree.files):
        inner = read_archive(path / tree.archives[0], limits)
        notes = (*tree.notes, f"Read from {show(tree.archives[0])}.", *inner.notes)
        notebooks, refused = {**tree.notebooks, **inner.notebooks}, (*tree.refused, *inner.refused)
        return replace(inner, notes=notes, notebooks=notebooks, refused=refused)
    return tree


def describe_lack(tree: Tree, student_files: Sequence[str]) -> str:
    """Say that no student file was found, and what was found in their place."""
    others = [show(name) for name in sorted(tree.files)[:5]] or ["no Python file"]
    if len(tree.archives) > 1:
        others = [f"{len(tree.archives)} archives and no student file"]
    return f"{', '.join(others)} found, expected {', '.join(student_files)}. Check what was handed in."


def base_names(student_files: Sequence[str]) -> list[str]:
    return [name.rpartition("/")[2] for name in student_files]
