"""Choose the files of the submission among all files that a student handed in, by paths and contents. Pure.

Each wanted file (student file or handed-out file) is searched by name in all folders: `classifiers/fc_net.py` as the
end of a path, or else `fc_net.py` in any folder. The *root* of a match is the folder in which the wanted path begins:
the student's package, under any name. A file with a nearly right name (near_names.py) counts if the file with the right
name is absent or not written.
Helpers are all other modules below the roots, because student files may import them; and modules in other folders that
one of these files imports.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from grader.intake.names import base_of, few, fold, is_importable, left_out, listed, natural_key, places, show
from grader.intake.near_names import adds_nothing, meant_name, notebook_name
from grader.intake.own_modules import find_own_modules
from grader.records import Reason

MOST_HELPERS: Final = 100
MOST_NAMED: Final = 5
DEEPEST_HELPER: Final = 2  # number of folders between root and helper; deeper files belong to other projects
NEARLY_THE_SAME: Final = Reason.of("nearly_the_same_name")


@dataclass(frozen=True)
class ChosenFiles:
    """The chosen files by their path below the package, and notes on how they were chosen."""

    files: Mapping[str, bytes]
    notes: tuple[Reason, ...] = ()
    roots: tuple[str, ...] = ()  # the folders that student files were taken from


@dataclass(frozen=True)
class Find:
    """A path that may be a wanted file.

    name: the wanted file. exact: whether the path ends with the whole name, including folders. root: the folder above
    the name; "" is the top folder.
    """

    path: str
    name: str
    root: str
    exact: bool


def choose(
    tree: Mapping[str, bytes], *, student_files: Sequence[str], handed_out: Sequence[str], package: str
) -> ChosenFiles:
    """Choose the student files, the handed-out files beside them, and the helpers. Without a student file, choose none.

    Of several candidates, the best is one that matches the whole name with folders; then one directly in a folder named
    `package`; then the one with the fewest folders above; then one whose root has the most student files; then the last
    in natural order (assignment3 before assignment2). If the contents of the candidates differ, a note names the chosen
    file. A note names every file with a nearly right name.
    """
    wanted = (*student_files, *handed_out)
    finds = [find for path in tree for find in match(path, wanted)]
    near = find_near(tree, student_files, {find.path for find in finds})
    crowd = Counter(find.root for find in (*finds, *near) if find.name in student_files)
    finds, near = sort_finds(finds, package, crowd), sort_finds(near, package, crowd)
    files: dict[str, str] = {}
    notes: list[Reason] = []
    roots: list[str] = []
    for name in student_files:
        candidates = [find for find in finds if find.name == name]
        others = [find for find in near if find.name == name]
        if others:
            candidates, said = weigh_near(candidates, others, tree)
            notes += said
        if candidates:
            files[name] = candidates[0].path
            notes += describe_rest(candidates, tree)
            roots += [candidates[0].root] if candidates[0].root not in roots else []
    if not files:
        return ChosenFiles({})
    beside = {find.name: find.path for find in reversed(finds) if find.root in roots}  # the best comes last and wins
    files |= {name: beside[name] for name in handed_out if name in beside}
    beyond = {find.path for find in finds} | {find.path for find in near if not is_own_module(find.path, wanted)}
    helpers, said = choose_helpers(tree, roots, wanted, beyond)
    files = {**helpers, **files}
    own = find_own_modules(tree, files, package=package, wanted=beyond, most=max(0, MOST_HELPERS - len(helpers)))
    own, unlike = without_lookalikes(own, [*files, *wanted])
    if own:
        said.append(Reason.of("taken_as_well", count=len(own), names=listed(own.values(), MOST_NAMED)))
    said += unlike[:MOST_NAMED]
    return ChosenFiles({name: tree[path] for name, path in {**own, **files}.items()}, tuple(notes + said), tuple(roots))


def find_near(tree: Mapping[str, bytes], student_files: Sequence[str], exact: set[str]) -> list[Find]:
    found = []
    for path in tree:
        if path not in exact and (name := meant_name(path, student_files)):
            right = path.removesuffix(base_of(path)) + base_of(name)
            found += [replace(find, path=path) for find in match(right, [name])]
    return found


def weigh_near(right: list[Find], near: Sequence[Find], tree: Mapping[str, bytes]) -> tuple[list[Find], list[Reason]]:
    """Decide which file counts if other files have a nearly right name. Return the candidates and notes.

    The file with the right name counts, with two exceptions: it is absent; or only one other file has a nearly right
    name, and the file with the right name is an unwritten state of that other file.
    """
    name = near[0].name
    contents = {tree[find.path] for find in near}
    place = show(near[0].path)
    if not right:
        return list(near), [Reason.of("graded_as", file=place, name=name)]
    proper = tree[right[0].path]
    if contents == {proper}:
        return right, []
    if len(contents) == 1 and adds_nothing(proper, tree[near[0].path]) and not is_helper(near[0].path, [proper]):
        return [near[0]], [Reason.of("graded_as_since", file=place, name=name, other=show(right[0].path))]
    paths = [find.path for find in near]
    others = [content for path, content in tree.items() if path not in paths]
    strange = [path for path in paths if tree[path] != proper and not adds_nothing(tree[path], proper)]
    strange = [path for path in strange if not is_helper(path, others)]
    found, taken = few(strange), show(right[0].path)
    note = Reason.of("odd_names_found", files=found, count=len(strange), name=name, taken=taken)
    return right, [note] if strange else []


def is_helper(path: str, others: Sequence[bytes]) -> bool:
    """Return whether a file is probably a separate module and not a version of the student file.

    A file is a separate module if another file contains the module's name, or if the name starts with "my_".
    """
    module = base_of(path).partition(".")[0]
    word = re.compile(rb"(?<!\w)" + re.escape(module.encode("utf-8", "replace")) + rb"(?!\w)")
    return module.lower().startswith("my_") or any(map(word.search, others))


def is_own_module(path: str, wanted: Sequence[str]) -> bool:
    """Return whether Python can import the path besides the wanted file: layers_final, but not Layers.

    A file system that ignores case cannot hold both Layers.py and layers.py.
    """
    return is_importable(base_of(path)) and fold(base_of(path)) not in {fold(base_of(name)) for name in wanted}


def choose_notebooks(notebooks: Mapping[str, bytes], roots: Sequence[str]) -> ChosenFiles:
    """Choose one notebook for each file name.

    Of several notebooks with the same file name, choose the one whose path shares the most folders with the student
    files; then the one with the fewest folders above; then the last in natural order. If their contents differ, a note
    names the chosen notebook.
    """
    named: dict[str, list[str]] = {}
    for path in sorted(notebooks, key=natural_key, reverse=True):
        named.setdefault(fold(base_of_notebook(path)), []).append(path)
    taken: dict[str, bytes] = {}
    notes: list[Reason] = []

    def rank(path: str) -> tuple[bool, int, int]:
        shared = [len({*places(path)} & {*places(root)}) for root in roots]
        return notebook_name(path) != path, -max(shared, default=0), path.count("/")

    for paths in named.values():
        paths.sort(key=rank)
        name = base_of_notebook(paths[0])
        if notebook_name(paths[0]) != paths[0]:
            notes.append(Reason.of("read_as", file=show(paths[0]), name=show(name)))
        taken[name] = notebooks[paths[0]]
        notes += describe_rest([Find(path, show(name), "", True) for path in paths], notebooks)
    return ChosenFiles({name: taken[name] for name in sorted(taken, key=natural_key)}, tuple(notes))


def base_of_notebook(path: str) -> str:
    return base_of(notebook_name(path) or path)


def match(path: str, wanted: Sequence[str]) -> list[Find]:
    """Return a list with the wanted file that a path may be, or an empty list.

    A path may be the wanted file with the longest name at its end; else the only wanted file with the same file name.
    """
    exact = [name for name in wanted if path == name or path.endswith(f"/{name}")]
    if exact:
        name = max(exact, key=len)
        return [Find(path, name, path[: -len(name)].rstrip("/"), True)]
    folder, _, base = path.rpartition("/")
    bare = [name for name in wanted if base_of(name) == base]
    return [Find(path, bare[0], folder, False)] if len(bare) == 1 else []


def sort_finds(finds: Iterable[Find], package: str, crowd: Mapping[str, int]) -> list[Find]:
    """Sort the candidates, the best first (see `choose`).

    Uses two stable sorts, because names have descending order and everything else has ascending order.
    """

    def rank(find: Find) -> tuple[bool, bool, int, int]:
        return not find.exact, base_of(find.root) != package, find.path.count("/"), -crowd.get(find.root, 0)

    return sorted(sorted(finds, key=lambda find: natural_key(find.path), reverse=True), key=rank)


def describe_rest(candidates: Sequence[Find], tree: Mapping[str, bytes]) -> list[Reason]:
    """Return a note if candidates that were not chosen have other contents than the chosen one, else no note."""
    taken = candidates[0]
    others = [find.path for find in candidates[1:] if tree[find.path] != tree[taken.path]]
    place, left = show(taken.path), listed(others, MOST_NAMED)
    note = Reason.of("several_found", count=len(others) + 1, name=taken.name, taken=place, others=left)
    return [note] if others else []


def choose_helpers(
    tree: Mapping[str, bytes], roots: Sequence[str], wanted: Sequence[str], found: set[str]
) -> tuple[dict[str, str], list[Reason]]:
    """Choose the helpers below the roots: for the path of each helper below the package, its path in the tree.

    An `__init__.py` without code is left out, because every folder gets an empty one. A folder `layers/` would hide the
    module layers.py, and the folder classifiers/ would hide a module classifiers.py. To protect wanted files, such
    helpers are left out with a note. So is a helper like Layers.py, because some file systems cannot distinguish its
    name from that of another file.
    """
    helpers: dict[str, str] = {}
    notes: list[Reason] = []
    folders = {name.rpartition("/")[0] for name in wanted if "/" in name}
    spelling = {fold(name): name for name in (*wanted, *folders)}
    for root in roots:
        start = f"{root}/" if root else ""
        for path in sorted((p for p in tree if p.startswith(start)), key=lambda p: (p.count("/"), p)):
            name = path[len(start) :]
            if path in found or name in helpers or name.count("/") > DEEPEST_HELPER or not is_importable(name):
                continue
            if base_of(name) == "__init__.py" and is_bare(tree[path]):
                continue
            pieces = places(name)
            if any(spelling.setdefault(fold(piece), piece) != piece for piece in pieces):
                notes.append(left_out(path, NEARLY_THE_SAME))
            elif any(f"{folder}.py" in wanted for folder in pieces[:-1]):
                notes.append(left_out(path, Reason.of("in_folder_like_a_file")))
            elif name.removesuffix(".py") in folders:
                notes.append(left_out(path, Reason.of("called_like_a_folder")))
            elif len(helpers) == MOST_HELPERS:
                return helpers, [*notes, Reason.of("too_many_modules", most=MOST_HELPERS)]
            else:
                helpers[name] = path
    return helpers, notes[:MOST_NAMED]


def without_lookalikes(own: Mapping[str, str], names: Iterable[str]) -> tuple[dict[str, str], list[Reason]]:
    """Leave out modules, each with a note, that would hide another module or have nearly the same name as another."""
    kept: dict[str, str] = {}
    notes: list[Reason] = []
    spelling = {fold(piece): piece for name in names for piece in places(name)}
    for name, path in own.items():
        pieces = places(name)
        if any(spelling.get(fold(piece), piece) != piece for piece in pieces):
            notes.append(left_out(path, NEARLY_THE_SAME))
        elif name.removesuffix(".py") in spelling.values() or any(f"{folder}.py" in spelling for folder in pieces[:-1]):
            notes.append(left_out(path, Reason.of("file_and_folder")))
        else:
            kept[name] = path
            spelling |= {fold(piece): piece for piece in pieces}
    return kept, notes


def is_bare(content: bytes) -> bool:
    """Return whether a file has no code: only comments, white space and perhaps a docstring."""
    text = re.sub(rb"(?m)^[ \t]*#.*$", b"", content.removeprefix(b"\xef\xbb\xbf")).strip()
    return not text or bool(re.fullmatch(rb'[rR]?("""|\'\'\'|"|\')(?:(?!\1).)*\1', text, re.DOTALL))
