"""The one note on source for another Python."""

from __future__ import annotations

from grader.grading.import_notes import note_other_python
from grader.messages.say import say
from grader.sandbox.host.plan import LeftOut


def newer(file, line, function, since, feature="`match`"):
    return LeftOut(file, line, function, f"SyntaxError: {feature} needs Python {since} or newer; this is Python 3.8")


def older(file, line, function, feature="`<>`"):
    return LeftOut(file, line, function, f"SyntaxError: invalid syntax (Python 2: {feature})")


def test_the_newest_python_that_is_needed_is_named_with_what_to_do():
    left_out = [newer("layers.py", 3, "f", "3.9"), newer("optim.py", 7, "adam", "3.12", "`type`")]
    left_out.append(newer("a.py", 1, "", "3.10"))
    assert [say(note) for note in note_other_python(left_out, "3.8.18")] == [
        "optim.py, line 7: `type` needs Python 3.12 or newer, but Python 3.8 graded it. f, adam were left out and the "
        "rest was graded. Grade it with --python python3.12."
    ]


def test_python_2_is_noted_once_for_all_files_and_never_beside_a_newer_one():
    left_out = [newer("optim.py", 7, "adam", "3.12"), *(older("layers.py", n, f"f{n}") for n in range(9))]
    (reason,) = note_other_python([*left_out, older("b.py", 2, "")], "3.11.7")
    note = say(reason)
    assert note.startswith("layers.py, line 0: `<>` is Python 2 syntax, but Python 3.11 graded it. adam, f0, f1, f2, ")
    assert note.endswith("2to3 -w layers.py b.py does most of the work.")


def test_a_mistake_is_not_reported_as_another_python():
    assert note_other_python([LeftOut("layers.py", 1, "f", "SyntaxError: invalid syntax")], "3.11.7") == []
