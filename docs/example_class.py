"""The folders in which the commands of the pages run: a checkout with a class in it, and a student's folder.

The class looks like a download from Canvas and is made from the example submissions. Four students hand in a zip, and
one hands in a text entry; two students answer questions in a notebook. The pictures (docs/make_pictures.py) show the
same class.
"""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from pathlib import Path

from bench.student_wait import student_file, unpack

ROOT = Path(__file__).resolve().parents[1]
DOWNLOAD = "downloads/hw2"
# These folders are copied, and the others are linked: `grader release` needs the reference at its path relative to the
# assignment.
COPIED = ("assignment", "reference")
LINKED = ("submissions", "student_template", "docs", "tests")
# For each file name in Canvas' download, the example submission in the zip.
ZIPS = {
    "lovelaceada_1001_55501_hw2.zip": "complete",
    "babbagecharles_1002_55502_hw2.zip": "three-mistakes",
    "hoppergrace_1003_55503_hw2.zip": "conv-forward-flips-kernel",
    "turingalan_LATE_1004_55504_hw2.zip": "exits",
}
TEXT_ENTRY = "poeedgar_1005_text.html"
NOTEBOOK = "ModularNets.ipynb"
# For each zip with a notebook, the answers in it, by the name of the answer cell.
ANSWERS = {
    "lovelaceada_1001_55501_hw2.zip": {
        "step-size": "A small step loses digits when two nearly equal losses are subtracted. A large step leaves the "
        "neighbourhood in which the loss is a straight line.",
        "vanishing": "The sigmoid, where its input is far from 0. ReLU has slope 0 for negative inputs.",
    },
    "babbagecharles_1002_55502_hw2.zip": {"step-size": "Because of rounding."},
}
# A student's two mistakes: relu_forward returns no cache, and the gradient of softmax_loss is not averaged.
MISTAKES = {"return np.maximum(x, 0), x\n": "return np.maximum(x, 0)\n", "return loss, dx / N\n": "return loss, dx\n"}


def make_checkout(folder: Path) -> Path:
    """Make a folder like a checkout, with `.venv/bin/grader` and the download of this class."""
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    add_programs(folder)
    write_class(folder / DOWNLOAD)
    return folder


def make_student_folder(folder: Path) -> Path:
    """Make a student's folder: the unpacked release with two right and two wrong functions."""
    add_programs(folder)
    unpack(folder)
    layers = student_file("layers.py", ("affine_forward", "affine_backward", "relu_forward", "softmax_loss"))
    for right, wrong in MISTAKES.items():
        if layers.count(right) != 1:
            raise ValueError(f"reference/layers.py: {right!r} found {layers.count(right)} times, expected once.")
        layers = layers.replace(right, wrong)
    (folder / "cs231n/layers.py").write_text(layers, encoding="utf-8")
    return folder


def add_programs(folder: Path) -> None:
    """Add `bin/grader` and `.venv/bin/grader`, which run this project's grader with the Python that runs now."""
    for programs in (folder / ".venv/bin", folder / "bin"):
        programs.mkdir(parents=True)
        program = programs / "grader"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m grader.cli.main "$@"\n', encoding="utf-8")
        program.chmod(0o755)


def write_class(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, example in ZIPS.items():
        source = ROOT / "submissions" / example
        with zipfile.ZipFile(folder / name, "w") as archive:
            for path in sorted(source.rglob("*.py")):
                archive.write(path, path.relative_to(source))
            if name in ANSWERS:
                archive.writestr(NOTEBOOK, answered_notebook(ANSWERS[name]))
    (folder / TEXT_ENTRY).write_text("<p>I will hand in later.</p>", encoding="utf-8")


def answered_notebook(answers: dict[str, str]) -> str:
    """Return the handed-out notebook as JSON, with these answers in its cells."""
    notebook = json.loads((ROOT / "student_template" / NOTEBOOK).read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        about = cell["metadata"].get("grader", {})
        if about.get("role") == "answer" and about["name"] in answers:
            cell["source"] = answers[about["name"]]
    return json.dumps(notebook)
