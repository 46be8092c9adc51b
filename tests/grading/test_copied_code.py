"""A withheld file is recognised under another name, and a student's own solution is not reported as a copy."""

import pytest
from cases import ROOT

from grader.grading.stage import note_copies
from grader.messages.say import say

WITHHELD = {name: (ROOT / "reference" / name).read_bytes() for name in ("numpy_kernels.py", "fast_layers.py")}
NOTE = "contains much of numpy_kernels.py, a handed-out file that is withheld while this file is checked."


def copies_said(files, withheld):
    return [say(note) for note in note_copies(files, withheld)]


def test_a_copy_in_a_helper_or_in_the_student_file_itself_is_noted():
    kernels = WITHHELD["numpy_kernels.py"]
    assert copies_said({"mine.py": b"# my own\n" + kernels}, WITHHELD) == [f"mine.py {NOTE}"]
    indented = b"\n".join(b"    " + line for line in kernels.splitlines())
    assert copies_said({"layers.py": b"import numpy as np\nif True:\n" + indented}, WITHHELD) == [f"layers.py {NOTE}"]


def test_the_handed_out_file_itself_is_not_a_copy():
    assert note_copies(WITHHELD, WITHHELD) == []


RIGHT = [
    *(ROOT / "tests/submissions/passes").glob("*/classifiers"),
    *(ROOT / "submissions").glob("complete-*/**/classifiers"),
]


@pytest.mark.parametrize("folder", sorted(RIGHT))
def test_right_solutions_are_not_copies(folder):
    files = {path.name: path.read_bytes() for path in folder.parent.rglob("*.py")}
    assert len(files) > 3
    assert note_copies(files, WITHHELD) == []


def test_a_binary_file_is_not_a_copy():
    assert note_copies({"a.py": bytes(range(256)) * 10, "b.py": b""}, {**WITHHELD, "empty.py": b""}) == []
