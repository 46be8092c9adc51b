"""Which of several candidates counts, which notes the others get, and which helpers are included."""

from __future__ import annotations

import random

from sayings import notes_of

from grader.intake.choose import choose

STUDENT = ("layers.py", "optim.py", "classifiers/fc_net.py", "classifiers/cnn.py")
HANDED_OUT = ("gradient_check.py", "layer_utils.py")


def choose_from(*paths):
    """Each file contains its own path, so that the tests can see which file was chosen."""
    tree = {path: path.encode() for path in paths}
    choice = choose(tree, student_files=STUDENT, handed_out=HANDED_OUT, package="cs231n")
    return {name: content.decode() for name, content in choice.files.items()}, notes_of(choice)


def test_files_are_found_in_any_folder():
    for top in ("", "cs231n/", "nn/", "a/b/c/cs231n/"):
        files, notes = choose_from(f"{top}layers.py", f"{top}classifiers/fc_net.py")
        assert files == {"layers.py": f"{top}layers.py", "classifiers/fc_net.py": f"{top}classifiers/fc_net.py"}
        assert notes == ()


def test_a_file_out_of_its_folder_is_found_by_its_bare_name():
    assert choose_from("hw/fc_net.py")[0] == {"classifiers/fc_net.py": "hw/fc_net.py"}


def test_the_whole_name_wins_over_the_bare_name():
    files, notes = choose_from("fc_net.py", "deep/er/classifiers/fc_net.py")
    assert files == {"classifiers/fc_net.py": "deep/er/classifiers/fc_net.py"}
    assert notes == (
        "two files classifiers/fc_net.py were found: deep/er/classifiers/fc_net.py was used, not fc_net.py.",
    )


def test_the_package_folder_wins_then_the_shallowest_then_the_newest_name():
    assert choose_from("layers.py", "a/cs231n/layers.py")[0] == {"layers.py": "a/cs231n/layers.py"}
    assert choose_from("a/b/layers.py", "z/layers.py")[0] == {"layers.py": "z/layers.py"}
    assert choose_from("v9/layers.py", "v10/layers.py", "v2/layers.py")[0] == {"layers.py": "v10/layers.py"}
    assert choose_from("cs231n/old/layers.py", "cs231n/layers.py")[0] == {"layers.py": "cs231n/layers.py"}


def test_the_root_with_more_student_files_wins_over_a_newer_name():
    hw2 = [f"assignment2/cs231n/{name}" for name in STUDENT]
    files, notes = choose_from("assignment1/cs231n/layers.py", *hw2, "assignment3/cs231n/layers.py")
    assert files == dict(zip(STUDENT, hw2, strict=True))
    assert notes == (
        "three files layers.py were found: assignment2/cs231n/layers.py was used, "
        "not assignment3/cs231n/layers.py, assignment1/cs231n/layers.py.",
    )


def test_identical_copies_give_no_note():
    tree = {"layers.py": b"1", "copy/layers.py": b"1"}
    assert choose(tree, student_files=STUDENT, handed_out=(), package="cs231n").notes == ()


def test_the_choice_does_not_depend_on_the_order_of_the_files():
    paths = [f"{top}/{name}" for top in ("a", "b", "c/cs231n", "d/cs231n") for name in (*STUDENT, *HANDED_OUT, "h.py")]
    expected = choose_from(*paths)
    for seed in range(20):
        assert choose_from(*random.Random(seed).sample(paths, len(paths))) == expected


def test_handed_out_files_and_helpers_are_included():
    files, notes = choose_from(
        *("cs231n/layers.py", "cs231n/gradient_check.py", "cs231n/my_helpers.py", "cs231n/__init__.py"),
        *("cs231n/utils/__init__.py", "cs231n/utils/pad.py", "cs231n/a/b/c/too_deep.py", "cs231n/no-module.py"),
        *("elsewhere/layer_utils.py", "start.py"),
    )
    inits = {"__init__.py", "utils/__init__.py"}
    assert set(files) == {"layers.py", "gradient_check.py", "my_helpers.py", "utils/pad.py", *inits}
    assert notes == ()


def test_helpers_cannot_hide_files_of_the_assignment():
    files, notes = choose_from(
        *("layers.py", "layers/conv.py", "gradient_check/x.py", "classifiers.py", "classifiers/more.py")
    )
    assert set(files) == {"layers.py", "classifiers/more.py"}
    assert len(notes) == 3


def test_helpers_that_some_file_systems_cannot_distinguish_are_left_out():
    files, notes = choose_from("layers.py", "Layers.py", "Classifiers/a.py", "help.py", "HELP.py")
    assert set(files) == {"layers.py", "HELP.py"}
    assert len(notes) == 3


def test_helpers_are_limited():
    files, notes = choose_from("layers.py", *(f"h{number}.py" for number in range(300)))
    assert len(files) == 101
    assert "More than 100" in notes[0]


def test_without_a_student_file_nothing_is_chosen():
    assert choose_from("gradient_check.py", "Players.py", "layers.pyc") == ({}, ())
