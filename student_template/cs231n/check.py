"""The public checks, from a notebook: what `grader check` shows, as a table below the cell.

from cs231n.check import check
check("conv_forward_naive")
"""

from pathlib import Path


def check(*names):
    """Check the functions whose names hold one of `names`, all of them without any. Save your files first.

    Returns an object that a notebook shows as a table; its `all_right` is a bool. Where nothing can be checked (the
    grader is not installed, a name fits no function) it says so in one line and returns None: the notebook goes on.
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
