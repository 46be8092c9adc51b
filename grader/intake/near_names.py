"""Recognise nearly right file names: variants of `layers.py` that browsers, file managers and students make.

    layers (1).py  layers-1.py  layers copy.py  Copy of layers.py  layers_final.py  Layers.PY  layers.py.txt  layers.txt

Pure. All functions work on names, except adds_nothing, which compares the contents of two files.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Final

from grader.intake.names import base_of, fold

# Endings that editors, mail programs and browsers append to a file name.
BEHIND: Final = re.compile(r"(?:\.(?:txt|text|json|rtf|bak|backup|old|orig|save|download)|~|\s)+$")
PYTHON: Final = re.compile(r"[\s_]*\.pyw?$")
# Before a name is compared, numbers and these words are removed from it, each with its separator.
WORDS: Final = (
    "copy|copie|copia|kopie|kopia|kopi|cópia|копия|副本|拷贝|コピー|복사본|"
    "final|finished|finish|done|complete|completed|solution|solutions|solved|sol|submission|submit|"
    "new|newest|latest|last|updated|fixed|revised|backup|bak|old|orig|original|mine|version|ver|rev|v"
)
AFTER: Final = re.compile(
    rf"(?:[\s_.\-–+]*\(\s*(?:{WORDS})?\s*[0-9]*\s*\)|[\s_.\-–+]+(?:{WORDS})[0-9]*|[\s_.\-–+]*[0-9]+)$"
)
BEFORE: Final = re.compile(rf"^(?:my|(?:{WORDS})(?:[\s_\-]+of)?)[\s_.\-–]+")
BETWEEN: Final = re.compile(r"[\s_.\-–]+")
NOTEBOOK: Final = re.compile(r"(.*\.ipynb)(?:\.(?:json|txt|text|bak|download)|\s)+", re.IGNORECASE | re.DOTALL)
# A placeholder line, which the student should replace by code.
IDLE: Final = re.compile(r"pass|\.\.\.|[\w, ]+(?:=[\w, ]+)*=\s*None(?:\s*,\s*None)*|raise NotImplementedError\b.*")
TEXTS: Final = re.compile(r'"""(?:[^\\]|\\.)*?"""' + r"|'''(?:[^\\]|\\.)*?'''", re.DOTALL)


def meant_name(path: str, wanted: Sequence[str]) -> str | None:
    """Return the file of `wanted` that a nearly right name means.

    Returns None if the name is exactly right, or if it means no wanted file.
    """
    base = base_of(path)
    bases = {base_of(name): name for name in wanted}
    if base in bases or len(base) > 200:
        return None
    folded = fold(base)
    stems = {BETWEEN.sub("", fold(name).removesuffix(".py")): whole for name, whole in bases.items()}
    squeezed = BETWEEN.sub("", folded)
    if not any(stem in squeezed for stem in stems):
        return None
    plain = BEHIND.sub("", folded)
    plain = PYTHON.sub("", plain) if PYTHON.search(plain) else plain if folded.endswith((".txt", ".text")) else ""
    for _ in range(4):
        if not plain:
            return None
        if found := stems.get(BETWEEN.sub("", plain)):
            return found
        shorter = BEFORE.sub("", AFTER.sub("", plain))
        if shorter == plain:
            return None
        plain = shorter
    return None


def names_student_file(name: str, student_files: Sequence[str]) -> bool:
    return name in map(base_of, student_files) or meant_name(name, student_files) is not None


def notebook_name(path: str) -> str | None:
    """Return a notebook's path with the ending .ipynb, also for `Nets.ipynb.json`; None for other files."""
    if path.lower().endswith(".ipynb"):
        return path
    return found[1] if (found := NOTEBOOK.fullmatch(path)) else None


def adds_nothing(file: bytes, other: bytes) -> bool:
    """Return whether `file` is only an unwritten state of `other`: as it was handed out, or hardly begun.

    `file` is an unwritten state if `other` has all lines of `file` and more lines. It is also one if most functions of
    `file` raise NotImplementedError and all functions of `other` are written. Placeholder lines (`pass`, `out = None`),
    imports, comments, docstrings and functions that raise NotImplementedError do not count as lines.
    """
    (lines, unwritten, written), (more, open_there, there) = code_of(file), code_of(other)
    if len(unwritten) >= 3 * len(written) > 0 or (unwritten and not written):
        return not open_there and unwritten | written <= there
    return lines <= more and lines != more


def code_of(content: bytes) -> tuple[Counter[str], set[str], set[str]]:
    """Return the lines that count, the names of unwritten functions and methods, and the names of all others."""
    unwritten: set[str] = set()
    written: set[str] = set()
    source = content.splitlines(keepends=True)
    for node in nodes_of(content):
        if isinstance(node, ast.FunctionDef):
            is_open = any(map(gives_up, ast.walk(node)))
            (unwritten if is_open else written).add(node.name)
        if isinstance(node, ast.Import | ast.ImportFrom) or (isinstance(node, ast.FunctionDef) and is_open):
            first, end = node.lineno - 1, node.end_lineno or node.lineno
            source[first:end] = [b"\n"] * len(source[first:end])
    text = TEXTS.sub("", b"".join(source).decode("utf-8", "replace").removeprefix("\ufeff"))
    lines = (re.sub(r"\s+", " ", line.partition("#")[0]).strip() for line in text.splitlines())
    return Counter(line for line in lines if line and not IDLE.fullmatch(line)), unwritten, written - unwritten


def nodes_of(content: bytes) -> list[ast.AST]:
    """Return the statements of a file, including methods of classes; no statements if Python cannot parse the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\d" in the student's code, for example, gives a warning
            tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    inside = [method for node in tree.body if isinstance(node, ast.ClassDef) for method in node.body]
    return [*tree.body, *inside]


def gives_up(node: ast.AST) -> bool:
    """Return whether a statement raises NotImplementedError."""
    raised = node.exc if isinstance(node, ast.Raise) else None
    raised = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
