"""All code that runs in the sandbox beside the student's works with NumPy 1.17, which docs/handouts.md allows."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from grader.sandbox.host.mounts import INSIDE

ROOT = Path(__file__).resolve().parents[2]
HOST = ROOT / "grader/sandbox/host"
STAGED = sorted((ROOT / "reference").rglob("*.py"))  # the oracle's, and the handed-out files
FILES = [*STAGED, *INSIDE.glob("*.py"), *(HOST / name for name in ("zygote.py", "resident.py", "probe.py"))]

# Public names of NumPy 2.4 that NumPy 1.17 lacks, from dir() of both.
NEWER = {
    "numpy": """acos acosh asin asinh astype atan atan2 atanh bitwise_count bitwise_invert bitwise_left_shift
        bitwise_right_shift broadcast_shapes concat cumulative_prod cumulative_sum dtypes exceptions from_dlpack isdtype
        matrix_transpose matvec permute_dims pow strings trapezoid typing ulong unique_all unique_counts unique_inverse
        unique_values unstack vecdot vecmat""",
    "numpy.linalg": """cross diagonal matmul matrix_norm matrix_transpose outer svdvals tensordot trace vecdot
        vector_norm""",
    "numpy.random": "BitGenerator PCG64DXSM get_bit_generator set_bit_generator",
    "numpy.lib.stride_tricks": "sliding_window_view",
}
NEWER_NAMES = {f"{module}.{name}" for module, names in NEWER.items() for name in names.split()}


def names_used(source: str) -> set[str]:
    """Every dotted name below numpy that a source uses, by an attribute or by an import."""
    used = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            used |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            used |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute):
            first, _, rest = ast.unparse(node).partition(".")
            used |= {f"numpy.{rest}"} if first in ("np", "numpy") else set()
    return used


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_staged_files_use_no_name_newer_than_numpy_1_17(path):
    assert not names_used(path.read_text(encoding="utf-8")) & NEWER_NAMES


@pytest.mark.parametrize(
    "source",
    [
        "from numpy.lib.stride_tricks import sliding_window_view",
        "import numpy as np\ndef f(x):\n    return np.linalg.vector_norm(x)",
        "import numpy\nshape = numpy.broadcast_shapes((1,), (2,))",
    ],
)
def test_a_newer_name_is_found_in_every_spelling(source):
    assert names_used(source) & NEWER_NAMES
