"""Names of functions, checks and files: what stands in a function's id and what can be read from it.

A function's id is its module below the package and its name: `layers.conv_forward_naive`. Its file is `layers.py`.
"""

from __future__ import annotations


def module_of(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".")


def file_of(function: str) -> str:
    return function.rpartition(".")[0].replace(".", "/") + ".py"
