"""Find the student's own modules outside of the package that files of the package import. Pure.

    a file's imports ──► names that the package does not have ──► a file of the tree that ends in that path
           ▲                                                               │ nearest to the importing file first
           └───────────────────── its own imports ◄────────────────────────┘

A regular expression finds a file's imports line by line; Python's parser is not used. If the expression finds an import
inside a string, this only costs a search among file names.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

from grader.intake.names import is_importable, natural_key, places

IMPORTS: Final = re.compile(
    rb"^[ \t]*(?:from[ \t]+(?P<dots>\.*)[ \t]*(?P<module>[\w.]*)[ \t]+import[ \t]*(?P<names>\([^)]{0,2000}|[^\n#]*)"
    rb"|import[ \t]+(?P<modules>[^\n#]*))",
    re.MULTILINE,
)
MOST_IMPORTS: Final = 500  # of one file
MOST_OF_ONE_NAME: Final = 200  # files of one name that are considered, those with the fewest folders above first
PROVIDED: Final = frozenset({*sys.stdlib_module_names, "numpy"})  # the sandbox has modules of these names


@dataclass(frozen=True)
class Imported:
    """A module that a file may import.

    level: the number of dots of a relative import, 0 for an absolute import. names: whether the file imports names from
    the module. If Python's own module of this name lacks them, the worker imports the student's (tolerant_import.py).
    """

    level: int
    parts: tuple[str, ...]
    names: bool = False


def imports_of(content: bytes) -> list[Imported]:
    """Return the modules that a file imports, and the names after `from x import`, which may be modules, too."""
    found: dict[Imported, None] = {}
    for match in IMPORTS.finditer(content):
        if len(found) > MOST_IMPORTS:
            break
        if match["modules"] is not None:
            for name in match["modules"].split(b";")[0].split(b","):
                found[Imported(0, split(name))] = None
            continue
        module, level = split(match["module"]), len(match["dots"])
        names = [split(name)[:1] for name in match["names"].strip(b"( ").split(b";")[0].split(b",")]
        for parts in (module, *(module + name for name in names)):
            found[Imported(level, parts, names=parts == module)] = None
    return [one for one in found if one.parts and all(part.isidentifier() for part in one.parts)]


def split(name: bytes) -> tuple[str, ...]:
    words = name.split()
    return tuple(words[0].decode("utf-8", "replace").split(".")) if words else ()


def find_own_modules(
    tree: Mapping[str, bytes], chosen: Mapping[str, str], *, package: str, wanted: Set[str], most: int
) -> dict[str, str]:
    """Find the modules outside of the package that the chosen files import: for the name below the package, the path.

    chosen: the files that the package already has, as name → path. wanted: paths that are, or could have been, files of
    the assignment; they never count as helpers. most: the largest number of modules to return.
    """
    index: dict[str, list[str]] = {}
    for path in sorted(tree, key=lambda path: (path.count("/"), natural_key(path))):
        named = index.setdefault(path.removesuffix("/__init__.py").removesuffix(".py").rpartition("/")[2], [])
        named += [path] if len(named) < MOST_OF_ONE_NAME else []
    taken: dict[str, str] = {}
    waiting = list(chosen.values())
    known = {*waiting, *wanted}
    bases = {path: path.removesuffix(name) for name, path in chosen.items()}  # the folder that becomes the package
    while waiting:
        importer = waiting.pop(0)
        for one in imports_of(tree[importer]):
            found = candidates(one, importer, tree, index, package)
            base, path = next(((base, path) for base, path in found if is_importable(path[len(base) :])), ("", ""))
            if one.level and path.startswith(bases[importer]):
                base = bases[importer]
            if not path or path in known or path[len(base) :] in chosen:
                continue
            inits = [f"{base}{folder}/__init__.py" for folder in places(path[len(base) :])[:-1]]  # imports run these
            for own in (*(init for init in inits if init in tree), path):
                name = own[len(base) :]
                if name not in chosen and name not in taken and len(taken) < most:
                    taken[name], bases[own] = own, base
                    known.add(own)
                    waiting.append(own)
    return taken


def candidates(
    one: Imported, importer: str, tree: Mapping[str, bytes], index: Mapping[str, list[str]], package: str
) -> Iterator[tuple[str, str]]:
    """Yield pairs (folder in which the name was looked up, path), the best first."""
    folders = places(importer)[:-1]
    above = [*(f"{folder}/" for folder in reversed(folders)), ""]
    if one.level:
        yield from modules_at(above[one.level - 1 : one.level], one.parts, tree)
        return
    parts = one.parts[1:] if one.parts[0] == package else one.parts
    if not parts or parts[0] == "numpy" or (parts[0] in PROVIDED and not one.names):
        return
    nearest = above[:3]  # the importer's folder and the two folders above it
    yield from modules_at(nearest, parts, tree)
    if parts[0] not in PROVIDED:
        ends = [f"/{'/'.join(parts)}{end}" for end in (".py", "/__init__.py")]
        found = [(path, end) for path in index.get(parts[-1], ()) for end in ends if f"/{path}".endswith(end)]
        found.sort(key=lambda pair: -len({*places(pair[0])} & {*folders}))
        for path, end in found:
            yield path[: len(path) - len(end) + 1], path
        if len(parts) > 1:  # the first part may be the name of the folder that the student handed in
            yield from modules_at(nearest, parts[1:], tree)


def modules_at(bases: Sequence[str], parts: tuple[str, ...], tree: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    for base in bases:
        path = base + "/".join(parts)
        yield from ((base, file) for file in (f"{path}.py", f"{path}/__init__.py") if file in tree)
