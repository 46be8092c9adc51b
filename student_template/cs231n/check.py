"""The public checks for a notebook: it shows what `grader check` prints, as a table below the cell.

from cs231n.check import check
check("conv_forward_naive")
"""

from pathlib import Path


def check(*names):
    """Check the functions whose names contain one of `names`; without names, check all. Save your files first.

    Returns an object that a notebook shows as a table; its `all_right` is a bool. If nothing can be checked (the grader
    is not installed, or no function has such a name), it prints one line and returns None, so that the notebook goes
    on.
    """
    try:
        from grader.errors import UsageError
        from grader.student.notebook_check import check_package
    except ImportError:
        print("check: the grader is not installed in this Python. Run in a cell: %pip install -r requirements.txt")
        return None
    try:
        return check_package(Path(__file__).resolve().parent, names)
    except UsageError as error:
        print(f"check: {error}")
        return None
