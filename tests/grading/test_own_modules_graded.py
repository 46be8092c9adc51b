"""A helper file works from every folder in which students hand it in: from a folder on disk to the marks."""

from __future__ import annotations

import pytest
from sayings import notes_of

from grader.grading.submission import grade_submission
from grader.intake.collect import Found, read
from grader.messages.of_check import message_of
from grader.records import Submission

FLAT = "def flat(x):\n    return x + 0\n"
LAYOUTS = {
    "beside the package": ("from my_helpers import flat", {"my_helpers.py": FLAT}),
    "above the module": ("from ..my_helpers import flat", {"my_helpers.py": FLAT}),
    "a folder beside": (
        "from utils.shapes import flat",
        {"utils/shapes.py": "from .base import flat\n", "utils/base.py": FLAT},
    ),
    "the init of a folder": ("from .tools import flat", {"cs231n/tools/__init__.py": FLAT}),
    "exported again": (
        "from .tools import *",
        {"cs231n/tools/__init__.py": "from .shapes import *\n", "cs231n/tools/shapes.py": FLAT},
    ),
    "the init of the package": ("from cs231n import flat", {"cs231n/__init__.py": FLAT}),
    "a module of the package": ("from cs231n import helper\nflat = helper.flat", {"cs231n/helper.py": FLAT}),
    "a name of Python's, relative": ("from .types import flat\nimport types", {"cs231n/types.py": FLAT}),
    "a name of Python's, beside": ("from random import flat\nimport random", {"random.py": FLAT}),
    "by the folder's name": ("from homework.shared import flat", {"shared.py": FLAT}),
    "names that must not shadow": (
        "from helpers import flat",
        {
            "helpers.py": f"import json, random\nimport numpy as np\nassert np.pi > 3 and json.dumps(1)\n{FLAT}",
            **{
                f"{where}{name}.py": "raise ImportError('shadows')\n"
                for name in ("numpy", "json", "random")
                for where in ("", "cs231n/")
            },
        },
    ),
    "an init of another assignment": (
        "flat = np.array",
        {
            "cs231n/__init__.py": "from .layers import *\nfrom .fast_layers import *\n",
            "cs231n/classifiers/__init__.py": "from cs231n.classifiers.k_nearest_neighbor import *\n",
        },
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_module_that_was_handed_in_is_used_wherever_it_lies(layers_context, reference_source, tmp_path, layout):
    line, files = LAYOUTS[layout]
    source = f"{reference_source}\n{line}\n\n\ndef relu_forward(x):\n    return flat(np.maximum(0, x)), x\n"
    for name, text in {**files, "cs231n/layers.py": source}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    submission = read(Found("own", tmp_path, "own"), layers_context.assignment)
    result = grade_submission(submission, layers_context)
    assert result.score == 100.0, [message_of(check) for check in result.checks if check.status != "passed"]
    assert not [note for note in notes_of(result) if "not in the sandbox" in note or "left out" in note]
    own = [name for name in files if not name.endswith(("numpy.py", "json.py", "random.py"))]
    assert {name.removeprefix("cs231n/") for name in own} <= set(submission.files)


def test_an_import_that_ends_the_process_costs_its_own_file_though_the_package_imports_all(context):
    files = {name: (context.assignment.reference / name).read_bytes() for name in context.assignment.student_files}
    files["layers.py"] = b"import os\nos._exit(3)\n"
    files["__init__.py"] = b"from .layers import *\nfrom .optim import *\n"
    result = grade_submission(Submission("ends", "ends", files), context)
    lost = {check.file for check in result.checks if check.status != "passed"}
    assert lost == {"layers.py"}
