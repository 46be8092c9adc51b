"""Names that are nearly right: which file they mean, when it counts, and its note."""

from __future__ import annotations

import pytest
from cases import ROOT
from hypothesis import given
from hypothesis import strategies as st
from sayings import notes_of

from grader.intake.choose import choose, choose_notebooks
from grader.intake.near_names import adds_nothing, meant_name, notebook_name

STUDENT = ("layers.py", "optim.py", "classifiers/fc_net.py", "classifiers/cnn.py")
STUB = b"import numpy as np\ndef f(x):\n    out = None\n    # TODO\n    pass\n    return out\n"
WRITTEN = b"import numpy as np\ndef f(x):\n    out = np.maximum(x, 0)\n    return out\n"
OTHER = b"import numpy as np\ndef f(x):\n    out = x * (x > 0)\n    return out\n"
OPEN = b"def f(x):\n    raise NotImplementedError\ndef g(x):\n    raise NotImplementedError('g')\n"


def chosen(tree):
    choice = choose(tree, student_files=STUDENT, handed_out=("layer_utils.py",), package="cs231n")
    return dict(choice.files), notes_of(choice)


@pytest.mark.parametrize(
    "name",
    [
        *("layers (1).py", "layers(2).py", "layers-1.py", "layers_1.py", "layers2.py", "layers copy.py", "layers .py"),
        *("layers copy 2.py", "Copy of layers.py", "layers - Copy.py", "layers - Copy (3).py", "layers_final.py"),
        *("layers_final_v2.py", "Layers.py", "layers.PY", "LAYERS.Py", "layers.py.txt", "layers.txt", "layers.py.json"),
        *("layers.py.bak", "layers.py~", "layers (副本).py", "layers - Kopie.py", "layers (1).py.txt", "my_layers.py"),
        *("layers （1）.py", "a/b/layers (1).py"),
    ],
)
def test_a_copy_of_a_student_file_is_recognised_by_its_name(name):
    assert meant_name(name, STUDENT) == "layers.py"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        *(("fc-net.py", "classifiers/fc_net.py"), ("fcnet.py", "classifiers/fc_net.py")),
        *(("FC_Net.PY", "classifiers/fc_net.py"), ("old/fc net (1).py", "classifiers/fc_net.py")),
        *(("cnn (1).py", "classifiers/cnn.py"), ("optim_old.py", "optim.py"), ("Optim.txt", "optim.py")),
    ],
)  # fmt: skip
def test_every_student_file_has_its_near_names(name, meant):
    assert meant_name(name, STUDENT) == meant


@pytest.mark.parametrize(
    "name",
    [
        *("layers.py", "layer.py", "fast_layers.py", "rnn_layers.py", "layer_utils.py", "layers_test.py", "players.py"),
        *(
            "layers.pyc",
            "layers.md",
            "layers.py.gz",
            "readme.txt",
            "",
            ".py",
            "(1).py",
            "1.py",
            "layers/a.py",
            "x" * 500,
        ),
        *("layers.ipynb", "layers.pdf", "optimizer.py", "solver.py", "x" * 500),
    ],
)
def test_other_names_are_not_student_files(name):
    assert meant_name(name, STUDENT) is None


@given(st.text(max_size=300))
def test_any_name_is_accepted_as_input(name):
    assert meant_name(name, STUDENT) in (None, *STUDENT)
    assert meant_name(name + ".py", STUDENT) in (None, *STUDENT)


@pytest.mark.parametrize(
    "name", ["layers (1).py", "layers copy.py", "layers.py.txt", "layers.txt", "layers.PY", "Layers.py"]
)
def test_where_the_right_name_is_absent_the_only_candidate_counts(name):
    files, notes = chosen({f"cs231n/{name}": WRITTEN, "cs231n/optim.py": b""})
    assert files["layers.py"] == WRITTEN
    assert notes == (f"cs231n/{name} was found, expected layers.py. It was graded as layers.py. Rename it.",)


@pytest.mark.parametrize("stub", [STUB, OPEN, b"", b"import numpy\n", b"def f(x:\n    pass\n"])
def test_where_the_right_file_is_a_stub_the_written_copy_counts(stub):
    written = WRITTEN + b"def g(x):\n    return x\n" if stub != b"def f(x:\n    pass\n" else b"def f(x:\n    return x"
    files, notes = chosen({"cs231n/layers.py": stub, "cs231n/layers (1).py": written})
    assert files["layers.py"] == written
    assert "cs231n/layers (1).py was found, expected layers.py. It was graded as layers.py, because" in notes[0]


@pytest.mark.parametrize("name", ["layers", "optim", "classifiers/fc_net", "classifiers/cnn"])
def test_the_file_as_it_was_handed_out_is_a_stub_beside_any_solution(name):
    handed_out = (ROOT / f"student_template/cs231n/{name}.py").read_bytes()
    for solution in ("reference", "submissions/complete/cs231n"):
        written = (ROOT / solution / f"{name}.py").read_bytes()
        assert adds_nothing(handed_out, written)
        assert not adds_nothing(written, handed_out)


def test_of_two_written_files_the_right_name_counts_with_a_note():
    files, notes = chosen({"layers.py": WRITTEN, "layers (1).py": OTHER})
    assert files["layers.py"] == WRITTEN
    assert notes == (
        "layers (1).py was found, expected layers.py. layers.py was graded. If another one should count, rename it.",
    )
    files, notes = chosen({"layers.py": STUB, "layers (1).py": OTHER, "layers (2).py": WRITTEN})
    assert files["layers.py"] == STUB
    assert notes[0].startswith("layers (2).py, layers (1).py were found, expected layers.py.")


def test_two_candidates_without_the_right_one_are_both_named():
    files, notes = chosen({"layers (1).py": OTHER, "layers (2).py": WRITTEN})
    assert files["layers.py"] == WRITTEN
    assert "layers (2).py" in notes[0] and "layers (1).py" in notes[1]
    assert sum("two files layers.py were found" in note for note in notes) == 1


def test_a_copy_or_an_imported_module_gives_no_note():
    assert chosen({"layers.py": WRITTEN, "layers copy.py": WRITTEN, "layers_orig.py": STUB})[1] == ()
    files, notes = chosen({"layers.py": b"from .layers2 import *\n", "layers2.py": WRITTEN})
    assert (set(files), notes) == ({"layers.py", "layers2.py"}, ())


def test_a_partly_written_right_file_counts_if_the_copy_lacks_something():
    mine = STUB + b"def g(x):\n    return 2 * x\n"
    files, notes = chosen({"layers.py": mine, "layers_final.py": WRITTEN})
    assert files["layers.py"] == mine
    assert len(notes) == 1


def test_a_copy_that_other_files_import_stays_importable():
    files, _ = chosen({"layers_final.py": WRITTEN, "optim.py": b"from .layers_final import f\n"})
    assert files["layers.py"] == files["layers_final.py"] == WRITTEN


def test_a_notebook_that_was_saved_as_text_is_a_notebook():
    assert notebook_name("a/Nets.ipynb.json") == notebook_name("a/Nets.ipynb.txt") == "a/Nets.ipynb"
    assert notebook_name("Nets.json") is None
    choice = choose_notebooks({"Nets.ipynb.json": b"1", "Other.ipynb": b"2", "Other.ipynb.json": b"3"}, [])
    assert choice.files == {"Nets.ipynb": b"1", "Other.ipynb": b"2"}
    assert notes_of(choice) == (
        "two files Other.ipynb were found: Other.ipynb was used, not Other.ipynb.json.",
        "Nets.ipynb.json was found, expected Nets.ipynb. It was read as Nets.ipynb. Rename it.",
    )
