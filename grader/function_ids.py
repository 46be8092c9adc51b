"""Ids of functions and checks: how they are built, and how to take them apart.

layers.conv_forward_naive            a function: its module below the package, and its name
layers.conv_forward_naive.document   a check: its function's id, and its own name
classifiers.cnn.ThreeLayerConvNet    a class counts as a function; `.loss` behind it names one of its members
"""

from __future__ import annotations


def short_name(function: str) -> str:
    """Return the part after the last dot: the name of a function, class or member; for a check, the check's name."""
    return function.rpartition(".")[2]


def module_of(function: str) -> str:
    """Return the part before the last dot: a function's module, a member's class, a check's function."""
    return function.rpartition(".")[0]


def file_of(function: str) -> str:
    """Return the student file that holds a function: `classifiers.cnn.ThreeLayerConvNet` is in classifiers/cnn.py."""
    return module_of(function).replace(".", "/") + ".py"


def module_of_file(file: str) -> str:
    """Return the module (below the package) of a student file: classifiers/cnn.py is `classifiers.cnn`."""
    return file.removesuffix(".py").replace("/", ".")
