"""Which functions a save may have changed, by their names."""

from __future__ import annotations

import pytest

from grader.student.changed_functions import Unfinished, changed_names

LAYERS = b'''
import numpy as np

def pad(x):
    return np.pad(x, 1)

def conv(x):
    return pad(x) * 2

def relu(x):
    """Clip."""
    return x
'''
NET = b"""
from .layers import *

class Net:
    def loss(self, x):
        return conv(x)
"""


def changed(**after):
    before = {"layers.py": LAYERS, "net.py": NET}
    return changed_names(before, {**before, **{f"{name}.py": content for name, content in after.items()}})


def test_a_function_and_nothing_else():
    assert changed(layers=LAYERS.replace(b"return x\n", b"return x + 1\n")) == {"relu"}


def test_who_calls_it_is_concerned_near_or_far_and_in_other_files():
    assert changed(layers=LAYERS.replace(b"np.pad(x, 1)", b"np.pad(x, 2)")) == {"pad", "conv", "Net"}


def test_a_comment_or_a_moved_line_changes_nothing():
    assert changed(layers=b"# a comment\n\n\n" + LAYERS) == set()


def test_a_change_outside_of_functions_affects_the_whole_file():
    assert changed(layers=LAYERS + b"\nEPS = 1\n") == {"pad", "conv", "relu", "Net"}
    assert changed(net=NET + b"\nEPS = 1\n") == {"Net"}


def test_what_is_new_or_gone_is_changed():
    assert changed(layers=LAYERS + b"\ndef late(x):\n    return relu(x)\n") == {"late"}
    assert changed(layers=LAYERS.replace(b"def relu", b"def rely")) == {"relu", "rely"}
    assert changed_names({"layers.py": LAYERS, "net.py": NET}, {"net.py": NET}) == {"pad", "conv", "relu", "Net"}


def test_the_second_of_two_definitions_counts_too():
    assert changed(layers=LAYERS + b"\ndef relu(x):\n    return -x\n") == {"relu"}


def test_a_file_that_was_no_python_before_is_changed_whole():
    before = {"layers.py": b"def conv(:"}
    assert changed_names(before, {"layers.py": LAYERS}) == {"pad", "conv", "relu"}


@pytest.mark.parametrize(("content", "line"), [(b"def conv(:\n", 1), (b"x = 1\n  y = 2\n", 2), (b"x = '\0'\n", 1)])
def test_a_changed_file_that_is_no_python_is_refused_with_its_line(content, line):
    with pytest.raises(Unfinished, match=rf"^layers\.py:{line}: .+\.$"):
        changed(layers=content)


def test_a_file_that_is_no_python_and_did_not_change_is_left_alone():
    broken = {"broken.py": b"def conv(:", "layers.py": LAYERS}
    assert changed_names(broken, {**broken, "layers.py": LAYERS.replace(b"return x\n", b"return -x\n")}) == {"relu"}
