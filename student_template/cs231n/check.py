"""The public checks, from a notebook: what `grader check` shows, as a table below the cell.

from cs231n.check import check
check("conv_forward_naive")
"""

from pathlib import Path


def check(*names):
    """Check the functions whose names hold one of `names`, all of them without any. Save your files first.

    Returns an object that a notebook shows as a table; its `all_right` is a bool.
    Raises ImportError, saying what to install, where the grader is not.
    """
    try:
        from grader.notebook import check_package
    except ImportError as error:
        text = "check: the grader is not installed in this Python. Run: pip install -r requirements.txt"
        raise ImportError(text) from error
    return check_package(Path(__file__).resolve().parent, names)
