"""What is said of a submission as a whole: its import, its files, how it was read."""

from __future__ import annotations

from typing import Final

from grader.messages.entry import Entry, entry

IMPORT: Final[dict[str, Entry]] = {
    "imports_what_is_absent": entry(
        "{files:or} imports what is not in the sandbox: {names!c:list}. Only its use raises.",
        "Your files run in a closed sandbox, with NumPy and the standard library only.",
        files=["layers.py"], names=["torch"],
    ),
    "not_in_utf_8": entry(
        "{file!c} is not in UTF-8, which Python expects; it was read as far as that goes. Save it as UTF-8.",
        "It has letters that an old editor wrote.",
        file="layers.py",
    ),
    "left_out": entry(
        "{file}, line {line}: {error!c}. {what!c} was left out and the rest was graded.",
        "A file is graded as far as it works; this line does not.",
        file="layers.py", line=12, error="SyntaxError: invalid syntax", what="affine_forward",
    ),
    "left_out_with_advice": entry(
        "{file}, line {line}: {error!c}. {what!c} was left out and the rest was graded. {advice}",
        "The same, and what to do about it.",
        file="layers.py", line=12, error="SyntaxError: '(' was never closed", what="affine_forward",
        advice="A bracket is opened in this line and never closed.",
    ),
    "more_left_out": entry(
        "{files:or}: {count} more statements or functions were left out.",
        "The others of them.",
        files=["layers.py"], count=3,
    ),
    "prints": entry(
        "{files:or} prints while it is imported: {text!c}",
        "A print outside of any function.",
        files=["layers.py", "optim.py"], text="hello",
    ),
    "the_statement": entry("The statement"),
    "python_2": entry(
        "{file}, line {line}: {feature!c} is Python 2's, and Python {python} graded it. {lost} left out and the rest "
        "was graded. Convert the code to Python 3 first, and hand that in: 2to3 -w {files} does most of it.",
        "The file was written for Python 2.",
        file="layers.py", line=12, feature="print without brackets", python="3.12", lost="affine_forward was",
        files="layers.py",
    ),
    "newer_python": entry(
        "{file}, line {line}: {feature!c} needs Python {since} or newer, and Python {python} graded it. {lost} left "
        "out and the rest was graded. Grade it with --python python{since}.",
        "The file was written for a newer Python.",
        file="layers.py", line=12, feature="match", since="3.10", python="3.9", lost="affine_forward was",
    ),
    "lost": entry("{names!c:list} {names:was|were}", names=["affine_forward"]),
    "lost_and_more": entry("{names!c:list} and {more} more were", names=["affine_forward"], more=3),
    "lost_statement": entry("The statement was"),
}  # fmt: skip

FILES: Final[dict[str, Entry]] = {
    "no_module": entry(
        "{file!c} was left out: it is not the name of a module.",
        "Python cannot import a file of this name.",
        file="my layers.py",
    ),
    "handed_out_used": entry(
        "{file} differs from the one handed out; the one handed out was used.",
        "It is no file that you write.",
        file="gradient_check.py",
    ),
    "own_definitions_used": entry(
        "{file} differs from the one handed out; its own definitions were used.",
        "It counts with what you added.",
        file="layer_utils.py",
    ),
    "holds_a_copy": entry(
        "{file!c} holds much of {original}, which is handed out and not there while it is checked.",
        file="layers.py", original="fast_layers.py",
    ),
}  # fmt: skip

RUN: Final[dict[str, Entry]] = {
    "too_late": entry(
        "The time of this submission was over while some checks were still to be judged: they count as out of time.",
        "They took too long all together.",
    ),
    "public_only": entry(
        "Public checks only: hidden checks are run on the graded version.",
        "What `grader check` runs is not all that is graded.",
    ),
    "grading_lost": entry("its grading was lost ({error}: {text}).", error="MemoryError", text="out of memory"),
    "late_judge": entry(
        "the grader had not come to an end {late_s:g} s after the {seconds:g} s that a submission has. It was stopped "
        "in {where}. No mark is taken for it. Grade the submission again when the machine is less busy. If that ends "
        "the same way, report it with the submission.",
        late_s=1.5, seconds=120, where="compare (compare.py, line 12)",
    ),
}  # fmt: skip

TABLES: Final = (IMPORT, FILES, RUN)
