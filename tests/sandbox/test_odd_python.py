"""Odd files in the real sandbox: what each costs, and which notes it gets. Most tests share one grading."""

from __future__ import annotations

import pytest
from cases import check_of, lost, reference_files
from sayings import notes_of

from grader.grading.submission import definitions_of, grade_submission
from grader.messages.of_check import message_of
from grader.messages.say import say_all
from grader.records import Submission

FUNCTIONS = {
    "layers.affine_forward",
    "layers.relu_forward",
    "layers.relu_backward",
    "layers.svm_loss",
    "optim.adam",
    "classifiers.fc_net.TwoLayerNet",
}
IN_LAYERS = b"""
# caf\xe9
import sys, warnings
import matplotlib.pyplot as plt
from helpers import *
from .not_handed_in import scale
np.seterr(all='raise')
warnings.simplefilter('error')
%matplotlib inline
from cs231n.data_utils import get_CIFAR10_data
data = get_CIFAR10_data()
plt.imshow(data['X_train'][0])
name = input('Your name? ')
print('trained', file=sys.stderr)
right_relu = relu_forward
def relu_forward(x):
    warnings.warn('old')
    np.float64(1) / np.zeros(1)
    return right_relu(x)
def relu_backward(dout, cache):
    return dout * (cache > 0
def svm_loss(x, y):
    return scaled_by_helpers(x), x
def affine_forward(x, w, b):
    return scale(x), (x, w, b)
if __name__ == '__main__':
    sys.exit(1)
"""


@pytest.fixture(scope="module")
def few(context):
    return context.only({check.id for check in context.assignment.checks if check.function in FUNCTIONS})


@pytest.fixture(scope="module")
def odd(few):
    """A right submission with leftovers of a notebook, a training and a broken edit, in Latin-1 and with CRLF."""
    files = reference_files()
    files["layers.py"] = (files["layers.py"] + b"\n" + IN_LAYERS).replace(b"\n", b"\r\n")
    return grade_submission(Submission("odd", "odd", files), few)


def note_of(result, words):
    (note,) = [note for note in notes_of(result) if words in note]
    return note


def test_an_odd_file_loses_only_the_functions_that_do_not_work(odd):
    """The net is graded on stubs in the place of the functions that were left out."""
    assert lost(odd) == {"relu_backward": "error", "svm_loss": "error", "affine_forward": "error"}


def test_a_function_that_does_not_compile_names_the_line(odd):
    check = check_of(odd, "relu_backward.notebook")
    assert message_of(check).startswith("relu_backward raised SyntaxError: ")
    assert check.frames[-1].text.strip() == "return dout * (cache > 0"
    assert "relu_backward was left out and the rest was graded." in note_of(odd, "relu_backward")


def test_a_missing_file_is_named_where_its_functions_are_used(odd):
    starred = check_of(odd, "svm_loss.notebook")
    assert "(perhaps a name of helpers, which is not in the sandbox)" in message_of(starred)
    assert "If it is a file of your own, hand it in too" in say_all(starred.hints)
    named = check_of(odd, "affine_forward.worked_example")
    assert "not_handed_in.scale is used, but not_handed_in is not in the sandbox" in message_of(named)


def test_the_notes_say_what_was_left_out_and_why(odd):
    assert note_of(odd, "UTF-8") == (
        "layers.py is not in UTF-8, which Python expects; it was read in another encoding. Save it as UTF-8."
    )
    assert "SyntaxError: invalid syntax. The statement was left out and the rest was graded." in " ".join(notes_of(odd))
    assert "EOFError" in note_of(odd, "EOF")
    assert "NameError: name 'data' is not defined" in note_of(odd, "'data'")
    assert "trained" in note_of(odd, "layers.py or optim.py prints while it is imported")
    assert len(notes_of(odd)) == len(set(notes_of(odd)))


IMPORTS = {
    "flat": (
        b"from layers import *\nfrom layer_utils import *\nfrom fast_layers import *\n",
        b"import classifiers.fc_net",
    ),
    "absolute": (
        b"from cs231n.layers import *\nfrom nn.layer_utils import *\nimport cs231n.layers as same\n"
        b"import layers\nassert layers is same and layers.__spec__.name == 'cs231n.layers'\n",
        b"from assignment2.cs231n.classifiers.fc_net import TwoLayerNet",
    ),
    "on sys.path": (
        b"import os, sys\nhere = os.path.dirname(os.path.abspath(__file__))\n"
        b"sys.path[:0] = [here, os.path.join(here, '..')]\nfrom layers import *\nfrom layer_utils import *\n",
        b"from fc_net import TwoLayerNet as again\nfrom .fc_net import TwoLayerNet\nassert again is TwoLayerNet",
    ),
}


@pytest.mark.parametrize("way", IMPORTS)
def test_modules_are_the_same_however_they_are_imported(few, way):
    files = reference_files()
    in_net, in_cnn = IMPORTS[way]
    head, mark, rest = files["classifiers/fc_net.py"].partition(b"\n\nclass TwoLayerNet")
    lines = [line for line in head.split(b"\n") if b"..expect" in line]
    files["classifiers/fc_net.py"] = b"import numpy as np\n" + b"\n".join(lines) + b"\n" + in_net + mark + rest
    files["classifiers/cnn.py"] += b"\n\n" + in_cnn + b"\n"
    result = grade_submission(Submission(way, way, files), few)
    assert lost(result) == {}
    assert notes_of(result) == ()


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_the_line_of_a_function_does_not_depend_on_how_lines_end(few, end):
    source = b"import numpy as np\n\ndef relu_forward(x):\n    pass\n\ndef svm_loss(x, y):\n    pass\n"
    submission = Submission("lines", "lines", {"layers.py": source.replace(b"\n", end)})
    lines = {name: line for name, (line, _) in definitions_of(few.assignment, submission).items()}
    assert lines == {"layers.relu_forward": 3, "layers.svm_loss": 6}


def test_a_definition_ends_before_the_next_statement_and_a_long_one_is_cut(few):
    source = b"@decorated\ndef relu_forward(\n    x,\n):\n    # note\n\n# margin\n    return x\n\x0c\nNEXT = 1\n"
    lines = b"class TwoLayerNet:\n" + b"    x = 1\n" * 1000
    found = definitions_of(few.assignment, Submission("a", "a", {"layers.py": source, "classifiers/fc_net.py": lines}))
    assert found["layers.relu_forward"] == (2, "def relu_forward(\n    x,\n):\n    # note\n\n# margin\n    return x")
    assert len(found["classifiers.fc_net.TwoLayerNet"][1].splitlines()) == 150
