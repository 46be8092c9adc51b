"""Find the submissions at a path, by names and first bytes of files. No file is read completely here.

    path ─► one submission │ a class: each child │ a platform's download: each student │ folders of classes: each child

Found.folder names all files that belong to no submission, so that the grader ignores no file without a message.
"""

from __future__ import annotations

import os
import shlex
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import accumulate, takewhile
from pathlib import Path
from typing import Final

from grader.assignment.load import Assignment
from grader.errors import UsageError
from grader.intake.archives.streams import open_regular
from grader.intake.archives.zips import list_top
from grader.intake.downloads.recognise import LARGEST, METADATA, Download, HandedIn, recognise
from grader.intake.layout import DEEPEST, SAKAI, Layout, find_class
from grader.intake.names import LITTER, clean, has_archive_suffix, listed, natural_key, same_name, show, strip_suffix
from grader.intake.near_names import meant_name, names_student_file
from grader.intake.reading import ZIP, find_kind, is_ours, list_folder, read_archive
from grader.intake.tree import IntakeLimits, IntakeProblem
from grader.messages.say import say
from grader.records import Reason

# Files with these suffixes and names in a class folder are not submissions. The grader prints one line that names them.
CLASS_SUFFIXES: Final = (".md", ".txt", ".csv")
CLASS_NAMES: Final = ("readme", "makefile")
LITTER_AT_TOP: Final = LITTER - {"build"}  # a folder named "build" may be a student's
# To find out whether a folder is a class, `find_all` reads names below it. The first number is for all folders of a
# path together, the second is the least for each folder.
MOST_NAMES: Final = 30_000
LEAST_NAMES: Final = 300


@dataclass(frozen=True)
class Found:
    """One submission, found and not yet opened."""

    id: str
    path: Path
    source: str
    problem: Reason | None = None  # why the submission cannot be opened
    parts: tuple[tuple[str, Path], ...] = ()  # if the submission is not all of `path`: its files, as name and path
    notes: tuple[Reason, ...] = ()  # how the submission was found
    folder: str = ""  # a message on how the grader read the folder above; a run prints it once
    person: str = ""  # identifies the student in the output folder (identities.py)
    called: str = ""  # the name from which the id is made
    entries: tuple[str, ...] = ()  # further names that version 0.1 may have used in an output folder


def find_one(path: Path, assignment: Assignment) -> list[Found]:
    """List the submissions of one path. If the path is a link, follow it, because the user chose it."""
    real = path.resolve()
    if not real.is_dir():
        refuse_packed(real, clean(str(path)), assignment)
        return [submission(real, str(path), strip_suffix(real.name), problem=find_problem(real, assignment))]
    is_sakai = (real / SAKAI).is_dir()
    if is_sakai or holds_submission(real, assignment):
        return [submission(real / SAKAI if is_sakai else real, str(path), real.name)]
    return find_all(real, str(path), assignment)


def submission(real: Path, source: str, called: str, *, problem: Reason | None = None, folder: str = "") -> Found:
    """Make a Found for a file or folder with its own name. The id is set later, when all submissions are known."""
    person = same_name(called)
    return Found("", real, clean(source), problem, folder=folder, person=person, called=called, entries=(real.name,))


def find_all(real: Path, path: str, assignment: Assignment, message: str = "") -> list[Found]:
    """List the submissions of a folder that is a class. message: the messages about the folders above, if any."""
    children = sorted(list_folder(real), key=lambda entry: natural_key(entry.name))
    entries = {child.name: child.is_dir(follow_symlinks=False) for child in children if not is_hidden(child.name)}
    download = find_download(real, entries)
    flat = group_flat(real, path, entries, assignment)
    folders = {name: folder for name, folder in entries.items() if folder or "\\" not in name}
    others = [name for name in (download.others if download else entries) if name in folders]
    unread = [name for name in others if not folders[name] and is_of_class(name, assignment.student_files)]
    names = [name for name in others if name not in unread]
    if len(names) == 1 and not download and not flat and not folders[names[0]]:
        refuse_packed(real / names[0], os.path.join(path, names[0]), assignment)
    left = f"{show(path)}: not read: {say(listed(unread))}." if unread else ""
    message = "\n".join(filter(None, (message, describe_download(path, download, names) if download else "", left)))
    found = [find_handed_in(one, path, real, message) for one in download.handed_in] if download else []
    most = max(LEAST_NAMES, MOST_NAMES // max(len(names), 1))
    classes = {name: layout for name in names if folders[name] and (layout := class_in(real / name, assignment, most))}
    files = [name for name in names if not folders[name]]
    likely = any(has_archive_suffix(name) or names_student_file(name, assignment.student_files) for name in files)
    alone = len(classes) == len(names) - len(files) and not likely and not download
    for name in names:
        where = os.path.join(path, name)
        layout = classes.get(name)
        if layout and (alone or layout.sure):
            above = "\n".join(filter(None, (message, describe_class(where, layout))))
            deeper = real_part(real / name, layout.prefix)
            found += find_all(real / name / deeper, os.path.join(where, deeper).rstrip("/"), assignment, above)
        elif folders[name]:
            inner = real / name / SAKAI
            inside = inner if inner.is_dir() and not inner.is_symlink() else real / name
            found.append(submission(inside, where, name, folder=message))
        else:
            problem = find_problem(real / name, assignment)
            found.append(submission(real / name, where, strip_suffix(name), problem=problem, folder=message))
    return found + [replace(one, folder=message) for one in flat]


def find_download(folder: Path, entries: Mapping[str, bool]) -> Download | None:
    """Return the bulk download in a folder with these entries, or None. Raises OSError for an unreadable list."""
    metadata = None
    if entries.get(METADATA) is False:
        with suppress(IntakeProblem), open_regular(folder / METADATA) as file:  # a link or a pipe is not a list
            metadata = file.read(LARGEST)
    return recognise(entries, metadata)


def group_flat(real: Path, path: str, entries: Mapping[str, bool], assignment: Assignment) -> list[Found]:
    """List the submissions in files named `alice\\layers.py`. Some tools for Unix unpack Windows zips to such names."""
    names = [name for name, folder in entries.items() if "\\" in name and not folder]
    flat = {name.replace("\\", "/").lstrip("/"): name for name in names}
    layout = find_class(list(flat), assignment.student_files, assignment.package)
    prefix = layout.prefix if layout else ""
    groups: dict[str, list[tuple[str, Path]]] = {}
    for below, name in flat.items():
        first, _, rest = below.removeprefix(prefix).partition("/")
        if below.startswith(prefix) and rest and not is_hidden(first):
            groups.setdefault(first, []).append((rest, real / name))
    return [
        replace(submission(real / first, os.path.join(path, prefix, first), first), parts=tuple(parts))
        for first, parts in groups.items()
    ]


def real_part(folder: Path, prefix: str) -> str:
    """Return the part of a layout's prefix that exists on disk as folders.

    The rest of the prefix is in file names with backslashes (group_flat).
    """
    inner = accumulate(f"{name}/" for name in prefix.split("/")[:-1])
    return max(takewhile(lambda inside: (folder / inside).is_dir(), inner), key=len, default="")


def class_in(folder: Path, assignment: Assignment, most: int) -> Layout | None:
    """Return the layout if a folder is a class, else None. Reads about `most` names below the folder."""
    names = [] if holds_submission(folder, assignment) else list(walk_names(folder, most))
    return find_class(names, assignment.student_files, assignment.package)


def walk_names(folder: Path, left: int) -> Iterator[str]:
    """Yield about `left` paths below a folder, upper levels first. Paths of folders end with "/"."""
    waiting = deque([("", folder)])
    while waiting and left > 0:
        above, place = waiting.popleft()
        try:
            children = [child for child in list_folder(place) if not is_hidden(child.name)]
        except OSError:
            continue
        for child in children[:left]:
            inside = child.is_dir(follow_symlinks=False)
            path = above + (child.name if inside else child.name.replace("\\", "/"))
            yield f"{path}/" if inside else path
            if inside and path.count("/") < DEEPEST - 1:
                waiting.append((f"{path}/", Path(child.path)))
        left -= len(children)


def find_handed_in(one: HandedIn, path: str, real: Path, message: str) -> Found:
    """Make a Found for one student in a download, who handed in a folder or several files."""
    return Found(
        id="",
        path=real / one.source,
        source=clean(os.path.join(path, one.source)),
        problem=one.problem,
        parts=() if [*one.parts] == [""] else tuple((name or part, real / part) for name, part in one.parts.items()),
        notes=one.notes,
        folder=message,
        person=same_name(one.person),
        called=one.label,
        entries=(one.source, one.label, *one.entries),
    )


def find_problem(file: Path, assignment: Assignment) -> Reason | None:
    """Return why a single file cannot be a submission, judged by its name and first bytes; None if it can."""
    try:
        if names_student_file(file.name, assignment.student_files) or find_kind(file):
            return None
    except IntakeProblem as problem:
        return problem.reason
    except OSError as error:
        if is_ours(error):
            raise
        return Reason.of("cannot_be_read", error=error.strerror)
    return Reason.of("neither_archive_nor_student_file", files=assignment.student_files)


def is_hidden(name: str) -> bool:
    return name.startswith(".") or name in LITTER_AT_TOP


def is_of_class(name: str, student_files: Sequence[str]) -> bool:
    is_beside = name.lower().endswith(CLASS_SUFFIXES) or name.lower().partition(".")[0] in CLASS_NAMES
    return is_beside and not meant_name(name, student_files)


def holds_submission(folder: Path, assignment: Assignment) -> bool:
    """Return whether the folder is one submission and not a class.

    A folder is one submission if it directly contains a student file or the package folder. A package folder with
    another name looks like a student's folder in a class. A folder with another name counts as the package if no other
    child has student files, and if a notebook is beside the folder, as in every unpacked assignment.
    """
    student_files = assignment.student_files
    if holds_student_file(folder, student_files) or holds_module(folder / assignment.package, student_files):
        return True
    children = list_folder(folder)
    flat = [child.name.replace("\\", "/") for child in children if "\\" in child.name]
    if any(name in student_files or name.startswith(f"{assignment.package}/") for name in flat):
        return True
    if not any(child.name.endswith(".ipynb") for child in children):
        return False
    folders = [Path(child.path) for child in children if child.is_dir(follow_symlinks=False)]
    return sum(holds_student_file(child, student_files) for child in folders) == 1


def holds_student_file(folder: Path, student_files: Sequence[str]) -> bool:
    """Return whether a student file is directly in the folder.

    Files with nearly right names count, unless two of them mean the same student file: then they may be two students.
    """
    if any(os.path.isfile(folder / name) for name in (*student_files, *(Path(name).name for name in student_files))):
        return True
    if not os.path.isdir(folder):
        return False
    files = [child.name for child in list_folder(folder) if child.is_file(follow_symlinks=False)]
    meant = [name for file in files if (name := meant_name(file, student_files))]
    return bool(meant) and len(set(meant)) == len(meant)


def holds_module(folder: Path, student_files: Sequence[str]) -> bool:
    """Return whether a folder is a package with a module. Without a module, the folder may contain a whole class."""
    if not os.path.isdir(folder) or folder.is_symlink():
        return False
    return holds_student_file(folder, student_files) or any(e.name.endswith(".py") for e in list_folder(folder))


def refuse_packed(file: Path, place: str, assignment: Assignment) -> None:
    """Raise UsageError if the only file to grade is a packed class and not one submission."""
    what = ""
    with suppress(IntakeProblem, OSError):  # the file will be read again, and errors will be reported then
        if find_kind(file) == ZIP:
            with open_regular(file) as opened:
                download = recognise(*list_top(opened, METADATA, LARGEST))
            if download and not download.others and len(download.handed_in) > 1:
                what = download.summary
    is_zip = bool(what) or file.name.lower().endswith(".zip")
    with suppress(IntakeProblem, OSError):
        if not what and find_kind(file):
            tree = read_archive(file, IntakeLimits(notebooks=0), assignment.student_files)
            layout = find_class([*tree.files, *tree.archives], assignment.student_files, assignment.package)
            if layout and len(layout.holders) > 1:
                what = f"taken for a class of {len(layout.holders)} ({say(listed(layout.holders))})"
    if what:
        packed, folder = shlex.quote(show(place)), shlex.quote(show(strip_suffix(place)))
        unpack = f"unzip {packed} -d {folder}" if is_zip else f"mkdir {folder} && tar -xf {packed} -C {folder}"
        raise UsageError(f"{show(place)}: {what}, expected it unpacked. Run: {unpack}, then: grader grade {folder}")


def describe_download(path: str, download: Download, odd: Sequence[str]) -> str:
    verb, each = ("does", "it counts") if len(odd) == 1 else ("do", "each counts")
    unlike = f" {say(listed(odd))} {verb} not fit, so {each} as a separate submission." if odd else ""
    return f"{show(path)}: {download.summary}.{unlike}"


def describe_class(path: str, layout: Layout) -> str:
    if not layout.shared:
        return ""  # this class is a platform's download; describe_download writes its message
    inside = show(os.path.join(path, layout.prefix).rstrip("/"))
    doubt = "" if layout.sure else " If these are versions of one student, move away all but the one that counts."
    return f"{inside}: taken for a class of {len(layout.holders)}: {say(listed(layout.holders))}.{doubt}"
