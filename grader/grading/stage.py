"""Writes the work tree of a submission, which its sandbox shows: target/<package>/… .

The tree contains the student's files and helpers, the original of every handed-out file, and an `__init__.py` in each
folder. All users can read the files, because the worker has another uid, and only the owner can write them.

While the naive layers are checked, the fast layers are withheld. A copy of the fast layers in a student's file costs
no marks, since they were handed out, but staff get a note (`note_copies`). The note compares whole lines, and parses
no syntax. So a student can hide a copy by renaming everything in it, which takes work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from grader.intake.names import is_importable, safe_path, show
from grader.messages.say import fault
from grader.records import Reason

FOLDER_MODE: Final = 0o755
FILE_MODE: Final = 0o644
BOM: Final = b"\xef\xbb\xbf"  # byte order mark, which Windows editors write before UTF-8
COPIED_SHARE: Final = 0.4  # share of a withheld file's lines; two independent solutions share only a few lines
COUNTED_LENGTH: Final = 25  # characters; lines shorter than this do not count, because many programs contain them

# Appended to the student's version of a handed-out file that students may extend. The student's definitions stay, and
# missing names come from the original file. setdefault decides at run time, so the grader need not parse the file.
COMPLETION: Final = """

from . import {pristine} as _handed_out
for _name, _value in vars(_handed_out).items():
    if not _name.startswith("_"):
        globals().setdefault(_name, _value)
"""


def stage(
    submission_files: Mapping[str, bytes],
    handed_out: Mapping[str, bytes],
    target: Path,
    *,
    package: str,
    extended: Sequence[str] = (),
    needs_note: Callable[[str], bool] = lambda name: True,
) -> list[Reason]:
    """Write the work tree and return notes about it.

    extended: handed-out files of which the student's version is used, with missing names added. needs_note: whether to
    write a note if the submission's version of a handed-out file differs. target: made if necessary; must not contain
    the package yet. Raises GraderError if it does, or if a handed-out file or the package has an impossible name (our
    fault). A file of the submission with a bad name is left out, with a note.
    """
    for name in (package, *handed_out):
        # A mistake in the assignment must not write outside of the work tree.
        if not name or safe_path(name) != name:
            raise fault(Reason.of("not_relative", name=name))
    files = {name: content for name, content in submission_files.items() if is_importable(name)}
    notes = [Reason.of("no_module", file=show(name)) for name in submission_files if name not in files]
    files |= handed_out  # added last, so that a student's changes of handed-out files have no effect
    for name, pristine in handed_out.items():
        if name not in submission_files or normalise(submission_files[name]) == normalise(pristine):
            continue
        if name in extended:
            # The student's file keeps its name. The original gets a name that no student uses, in the same folder.
            folder, slash, base = name.rpartition("/")
            beside = f"_handed_out_{base}"
            files[name] = submission_files[name] + COMPLETION.format(pristine=beside.removesuffix(".py")).encode()
            files[f"{folder}{slash}{beside}"] = pristine
        if needs_note(name) and name in extended:
            notes.append(Reason.of("own_definitions_used", file=name))
        elif needs_note(name):
            notes.append(Reason.of("handed_out_used", file=name))
    write_tree(files, target, package)
    return notes


def normalise(content: bytes) -> bytes:
    """Return the content without a byte order mark, without spaces at line ends, and with line feeds between lines."""
    return b"\n".join(line.rstrip() for line in content.removeprefix(BOM).rstrip().splitlines())


def write_tree(files: Mapping[str, bytes], target: Path, package: str) -> None:
    target.mkdir(parents=True, exist_ok=True)
    target.chmod(FOLDER_MODE)
    # All parents of all files, without ".", which is the target.
    folders = {above for name in files for above in Path(package, name).parents} | {Path(package)}
    try:
        # Sorted, so that each folder is made after its parent.
        for folder in sorted(folders - {Path(".")}):
            (target / folder).mkdir()
            (target / folder).chmod(FOLDER_MODE)  # the umask has changed mkdir's mode
            name = (folder.relative_to(package) / "__init__.py").as_posix()
            write_file(target / folder / "__init__.py", files.get(name, b""))
        for name, content in files.items():
            if Path(name).name != "__init__.py":
                write_file(target / package / name, content)
    except FileExistsError as error:
        raise fault(Reason.of("exists_already", file=str(error.filename))) from error


def write_file(path: Path, content: bytes) -> None:
    """Write a new file. Raises FileExistsError if the path exists, even as a link, so no file outside is written."""
    with path.open("xb") as file:
        file.write(content)
    path.chmod(FILE_MODE)


def note_copies(files: Mapping[str, bytes], withheld: Mapping[str, bytes]) -> list[Reason]:
    """Return a note for each of the submission's files that contains many lines of a withheld file."""
    notes = []
    for original, content in withheld.items():
        lines = lines_that_count(content)
        for name, text in files.items():
            if name != original and lines and len(lines & lines_that_count(text)) >= COPIED_SHARE * len(lines):
                notes.append(Reason.of("holds_a_copy", file=name, original=original))
    return notes


@lru_cache(maxsize=64)  # each file is compared with all withheld files
def lines_that_count(content: bytes) -> frozenset[bytes]:
    lines = [line.strip() for line in content.splitlines()]
    passed_over = (b"#", b'"""', b"from ", b"import ")
    return frozenset(line for line in lines if len(line) >= COUNTED_LENGTH and not line.startswith(passed_over))
