"""Results like those of a real class, for the tests and to look at the pages.

python tests/report/sample.py DIR      writes the pages of a class of 30, with the good, the typical and the hostile
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from grader.records import (
    Answer,
    CheckResult,
    Comparison,
    Frame,
    FunctionResult,
    Mark,
    NotebookResult,
    Reason,
    Result,
    as_written,
)
from grader.report.roster import Roster

TITLE = "Assignment 2: Convolutional networks in NumPy"

# function id, points, what it needs, its checks as (name, title, visibility, points)
PLAN: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, str, str, float], ...]], ...] = (
    ("layers.affine_forward", (), (
        ("small", "A batch of two images through a 3-unit layer.", "visible", 2.0),
        ("one_row", "A batch of one example keeps its two axes.", "hidden", 1.0))),
    ("layers.affine_backward", ("layers.affine_forward",), (
        ("gradients", "Gradients of x, w and b for a batch of images.", "visible", 3.0),)),
    ("layers.relu_forward", (), (("values", "Negative values become zero.", "visible", 1.0),)),
    ("layers.relu_backward", ("layers.relu_forward",), (
        ("gradients", "The gradient passes only where x was positive.", "visible", 2.0),)),
    ("layers.batchnorm_forward", (), (
        ("train", "Normalised over the batch in train mode.", "visible", 3.0),
        ("running", "Running averages after three steps.", "visible", 2.0),
        ("test_mode", "Test mode uses the running averages and eps.", "hidden", 3.0))),
    ("layers.batchnorm_backward", ("layers.batchnorm_forward",), (
        ("gradients", "Gradients of x, gamma and beta.", "visible", 5.0),
        ("wide", "Gradients where D is larger than N.", "hidden", 3.0))),
    ("layers.layernorm_forward", (), (("values", "Each row normalised by itself.", "visible", 4.0),)),
    ("layers.dropout_forward", (), (
        ("scale", "Mean of the output equals the mean of the input in train mode.", "visible", 2.0),
        ("test_mode", "Test mode changes nothing.", "visible", 1.0))),
    ("layers.conv_forward_naive", (), (
        ("padded", "Stride 2 and padding 1 on square images.", "visible", 4.0),
        ("rectangular", "Images that are wider than they are high.", "visible", 3.0),
        ("no_pad", "Stride 3 without padding.", "hidden", 3.0))),
    ("layers.conv_backward_naive", ("layers.conv_forward_naive",), (
        ("strided", "Gradients with stride 2 and padding 1.", "visible", 6.0),
        ("no_pad", "Gradients without padding.", "visible", 3.0),
        ("odd", "Gradients on images that the stride does not divide.", "hidden", 3.0))),
    ("layers.max_pool_forward_naive", (), (("square", "2 by 2 windows, stride 2.", "visible", 3.0),)),
    ("layers.max_pool_backward_naive", ("layers.max_pool_forward_naive",), (
        ("square", "Gradients of 2 by 2 windows, stride 2.", "visible", 3.0),
        ("overlapping", "Windows that overlap add up their gradients.", "hidden", 2.0))),
    ("layers.spatial_batchnorm_forward", ("layers.batchnorm_forward",), (
        ("train", "One mean and variance a channel.", "visible", 4.0),)),
    ("layers.spatial_groupnorm_forward", (), (
        ("groups", "Groups normalised over H and W too.", "after_due_date", 4.0),)),
    ("optim.rmsprop", (), (("three_steps", "Three steps and the cache after them.", "visible", 3.0),)),
    ("optim.adam", (), (
        ("three_steps", "Three steps from t = 0.", "visible", 3.0),
        ("late", "One step from t = 100.", "hidden", 2.0))),
    ("classifiers.fc_net.FullyConnectedNet", ("layers.affine_backward", "layers.relu_backward"), (
        ("loss", "Loss with L2 regularisation, own layers.", "visible", 5.0),
        ("gradients", "Gradients of all weights, three hidden layers.", "visible", 6.0),
        ("dropout", "Dropout with a fixed seed.", "hidden", 3.0))),
    ("classifiers.cnn.ThreeLayerConvNet", ("layers.conv_forward_naive", "layers.conv_backward_naive"), (
        ("loss", "Loss of a batch of non-square images.", "visible", 4.0),
        ("gradients", "Gradients of all weights.", "hidden", 6.0))),
    ("classifiers.cnn.MultiLayerConvNet", ("layers.conv_forward_naive",), (
        ("loss", "Loss of a net of four layers.", "visible", 0.0),)),
)  # fmt: skip

FILES = {
    "layers.py": "4b1f0c9d" * 8,
    "optim.py": "90aa31ef" * 8,
    "classifiers/fc_net.py": "17c2be50" * 8,
    "classifiers/cnn.py": "c0ffee42" * 8,
}


def saying(text: str) -> tuple[Reason, ...]:
    """One reason, in these words."""
    return (as_written(text),)


def result_of(name: str, verdicts: dict[str, dict[str, object]] | None = None, **changes: object) -> Result:
    """The plan with all checks passed, except for `verdicts`, by check id."""
    checks, functions = [], []
    for function, needs, planned in PLAN:
        module = function.rpartition(".")[0]
        mine = [
            replace(
                CheckResult(
                    id=f"{function}.{check}",
                    function=function,
                    file=module.replace(".", "/") + ".py",
                    title=title,
                    visibility=visibility,
                    points=points,
                    max_points=points,
                    status="passed" if points else "not_applicable",
                    comparisons=(Comparison("out", "passed", None, 3.2e-10, 1e-6),) if points else (),
                    duration_s=0.014,
                ),
                **verdict((verdicts or {}).get(f"{function}.{check}", {})),  # type: ignore[arg-type]
            )
            for check, title, visibility, points in planned
        ]
        checks += mine
        functions.append(sum_up(function, needs, mine))
    result = Result(
        submission={"id": name, "source": f"submissions/{name}.zip", "sha256": "5e6f7a8b" * 8, "files": FILES},
        assignment={"title": TITLE, "sha256": "ab" * 32, "handout": "2021"},
        environment={"sandbox": "bwrap", "python": "3.11.2", "numpy": "1.26.4", "grader": "0.1.0"},
        status="graded",
        score=sum(item.points for item in functions),
        max_score=sum(item.max_points for item in functions),
        duration_s=1.93,
        checks=tuple(checks),
        functions=tuple(functions),
    )
    return replace(result, **changes)  # type: ignore[arg-type]


def verdict(changes: dict[str, object]) -> dict[str, object]:
    """A check that did not pass has only the named comparisons."""
    return changes if changes.get("status", "passed") == "passed" else {"comparisons": (), **changes}


def sum_up(function: str, needs: tuple[str, ...], checks: list[CheckResult]) -> FunctionResult:
    words = {check.status for check in checks}
    points, most = sum(check.points for check in checks), sum(check.max_points for check in checks)
    status = words.pop() if len(words) == 1 else "partial" if points else "failed"
    return FunctionResult(function, points, most, status, needs)


def failed(message: str, points: float = 0.0, **more: object) -> dict[str, object]:
    return {"status": "failed", "reasons": saying(message), "points": points, **more}


def good() -> Result:
    return result_of("ada_lovelace")


CONV_FRAMES = (
    Frame("classifiers/cnn.py", 74, "loss", "        return self.loss_of(conv_relu(X, W1, None), mode='train')"),
    Frame("layers.py", 512, "conv_forward_naive",
          " " * 20 + "out[n, f, i, j] = np.sum(xp[n, :, hs:hs+HH, ws:ws+WW] * w[f]) + b[f]  # 4 loops"),
)  # fmt: skip


def typical() -> Result:
    """A submission with one mistake of most kinds, as a teaching assistant sees them every day."""
    verdicts = {
        "layers.relu_backward.gradients": {
            "remarks": saying("relu_backward changed its argument dout. Work on a copy of it."),
        },
        "layers.batchnorm_forward.test_mode": failed(
            "batchnorm_forward: out differs from the expected values by 5e-06, most in columns of small variance.",
            hints=saying("In test mode the square root holds running_var + eps, as in train mode."),
            comparisons=(Comparison("out", "failed", as_written("value"), 5.3e-6, 1e-7),),
        ),
        "layers.batchnorm_backward.gradients": {
            "status": "missing",
            "points": 0.0,
            "reasons": saying("batchnorm_backward: it returns None, expected dx, dgamma, dbeta. Write the TODO block."),
        },
        "layers.batchnorm_backward.wide": {"status": "missing", "points": 0.0},
        "layers.dropout_forward.scale": failed(
            "dropout_forward: out keeps its values with probability 0.3, expected 0.7. p is the chance of keeping.",
            hints=saying("The mask is (rand(*x.shape) < p) / p."),
            comparisons=(Comparison("out", "failed", as_written("every value is 2.33 times as large"), 1.33, 1e-6),),
            output="dropout mask: [[1 0 1]\n [0 0 1]]\nmean 0.302\n",
        ),
        "layers.conv_forward_naive.padded": {
            "comparisons": (Comparison("out", "passed", None, 4.1e-10, 1e-7),),
            "output": "\n".join(f"window {i} {i * i}" for i in range(40)) + "\n",
        },
        "layers.conv_forward_naive.rectangular": {
            "status": "error",
            "points": 0.0,
            "reasons": saying("IndexError: index 7 is out of bounds for axis 3 with size 7"),
            "hints": saying("H_out follows from H and HH, W_out from W and WW."),
            "frames": CONV_FRAMES[1:],
        },
        "layers.conv_forward_naive.no_pad": failed(
            "conv_forward_naive: out has shape (2, 3, 3, 2), expected (2, 3, 3, 3).",
            hints=saying("1 + (W - WW) // stride."),
        ),
        "layers.conv_backward_naive.strided": {
            "status": "partial",
            "points": 4.0,
            "reasons": saying("conv_backward_naive: dw is wrong in every filter, dx and db are right."),
            "hints": saying("dw of a filter is the sum over all windows of dout times the window."),
            "comparisons": (
                Comparison("dx", "passed", None, 2.2e-10, 1e-7),
                Comparison("dw", "failed", as_written("only the last image counts; use += over n"), 0.62, 1e-7, 2.0),
                Comparison("db", "passed", None, 0.0, 1e-7),
            ),
        },
        "layers.conv_backward_naive.no_pad": {
            "follow_through": True,
            "reasons": saying("conv_backward_naive: dx differs from the expected one, but is that of your forward."),
            "comparisons": (
                Comparison("dx", "failed", as_written("right for your own forward"), 0.2, 1e-7, 1.0, True),
                Comparison("dw", "passed", None, 1e-10, 1e-7),
            ),
        },
        "layers.conv_backward_naive.odd": failed(
            "conv_backward_naive: dx has shape (2, 3, 0, 0).", hints=saying("pad:-pad is empty when pad is 0.")
        ),
        "layers.max_pool_backward_naive.square": {
            "status": "timeout",
            "points": 0.0,
            "reasons": saying("max_pool_backward_naive: stopped after 10 s. The reference takes 0.02 s."),
        },
        "layers.max_pool_backward_naive.overlapping": {"status": "timeout", "points": 0.0},
        "layers.spatial_batchnorm_forward.train": {
            "follow_through": True,
            "remarks": saying("out has dtype float32, expected float64."),
        },
        "layers.spatial_groupnorm_forward.groups": {
            "status": "crashed",
            "points": 0.0,
            "reasons": saying("spatial_groupnorm_forward: the process was ended by signal 11."),
        },
        "classifiers.fc_net.FullyConnectedNet.loss": failed(
            "FullyConnectedNet: the loss is 3.84, expected a smaller one; without regularisation it is right.",
            hints=saying("The L2 term is 0.5 * reg * sum(W * W): the factor 0.5 is missing."),
            comparisons=(Comparison("loss", "failed", as_written("the regularisation counts twice"), 0.25, 1e-6),),
        ),
        "classifiers.cnn.ThreeLayerConvNet.loss": {
            "status": "error",
            "points": 0.0,
            "reasons": saying("IndexError: index 7 is out of bounds for axis 3 with size 7"),
            "frames": CONV_FRAMES,
        },
        "classifiers.cnn.ThreeLayerConvNet.gradients": {"status": "skipped", "points": 0.0},
    }  # fmt: skip
    notes = (
        Reason.of("handed_out_used", file="gradient_check.py"),
        as_written("Two layers.py were found; assignment2/cs231n/layers.py was taken."),
    )
    return result_of("grace_hopper", verdicts, notes=notes, notebooks=NOTEBOOKS)


CODE = "def two_layer_net(X, y, W1, b1, W2, b2, reg):\n" + "    loss, dS = softmax_loss(scores, y)  # and more\n" * 12
NOTEBOOKS = (
    NotebookResult(
        "Nets.ipynb",
        "Nets",
        "ab" * 32,
        answers=(
            Answer("step-size", "**Question.** What goes wrong with a\nmuch larger step?", "markdown", "answered",
                   "The neighbourhood is\nno longer straight:\n\n- a\n- $h^2$", 2.0),
            Answer("vanishing", "**Question.** Which inputs?", "markdown", "unanswered", "", 2.0),
            Answer("two-layer-net", "Fill in the way back.", "code", "answered", CODE + "x" * 300, 2.0),
            Answer("filters", "What do they look like?", "markdown", "absent", "", 0.0),
        ),
    ),
    NotebookResult("Mine.ipynb", "", "cd" * 32, Reason.of("no_json")),
)  # fmt: skip


def unreadable() -> Result:
    return result_of(
        "late_upload",
        status="unreadable",
        score=0.0,
        checks=(),
        functions=(),
        reason=as_written("late_upload.zip: the archive ends in the middle of layers.py, expected a whole zip file."),
        duration_s=0.0,
    )


def grader_failure() -> Result:
    return result_of(
        "unlucky",
        status="grader_error",
        score=0.0,
        checks=(),
        functions=(),
        reason=as_written("/srv/course/assignment/fixtures/hidden/conv_7.npz: does not exist. Run grader fixtures."),
    )


# Every way by which a submission's text enters a page; each attack would show in a dialog, a request, a tag or a title.
ATTACK = (
    "</script></style></title></textarea><script>document.title='owned';alert(1)</script>"
    '<img src=x onerror="alert(2)"><svg onload=alert(3)><a href="javascript:alert(4)">x</a>'
    "<iframe src=http://attacker.example/></iframe><link rel=stylesheet href=//attacker.example/a.css>"
    "{{ 7*191 }}{% raw %}' \" ` &lt; \x1b[31mred\x1b[0m \u202egnp.exe\u202c \u2066x\u2069 \x00 \x9b0m \ud800"
)
# Safe as a file name, like every id, and hostile otherwise.
HOSTILE_ID = "mallory'\"><script>alert(5)<img src=x onerror=alert(6)>&amp; ..%2f#?\u202e\x1b[2J"


def hostile() -> Result:
    frame = Frame(ATTACK, 1, ATTACK, ATTACK)
    comparison = Comparison(ATTACK, "failed", as_written(ATTACK), 0.5, 1e-7)
    verdict = failed(
        ATTACK,
        title=ATTACK,
        hints=saying(ATTACK),
        remarks=saying(ATTACK),
        frames=(frame,),
        output=ATTACK * 3,
        comparisons=(comparison,),
    )
    base = result_of(
        HOSTILE_ID,
        {check.id: verdict for check in result_of("x").checks},
        notes=saying(ATTACK),
        reason=as_written(ATTACK),
    )
    functions = (*base.functions, FunctionResult(ATTACK, 0.0, 3.0, "missing", (ATTACK, "layers.affine_forward")))
    return replace(
        base,
        submission={"id": HOSTILE_ID, "source": ATTACK, "sha256": ATTACK, "files": {ATTACK: ATTACK}},
        assignment={"title": ATTACK, "sha256": ATTACK, "handout": ATTACK},
        environment={"sandbox": "none", "python": ATTACK, "numpy": ATTACK, "grader": ATTACK},
        functions=functions,
        notebooks=(
            NotebookResult(
                ATTACK, "Nets", ATTACK, as_written(ATTACK), (Answer(ATTACK, ATTACK, "code", "answered", ATTACK, 2.0),)
            ),
            NotebookResult(HOSTILE_ID, "", ATTACK),
        ),
    )


# The points and comments of staff, by submission, as in answers.csv.
MARKS = {
    "grace_hopper": {
        ("Nets", "step-size"): Mark(1.5, "The rounding errors are missing.\nSee the lecture on them."),
        ("Nets", "two-layer-net"): Mark(0.0),
    },
    HOSTILE_ID: {("Nets", ATTACK): Mark(0.5, ATTACK)},
}


def class_of(count: int = 30, seed: int = 231) -> list[Result]:
    """A class: most pass most checks, later functions fail more often, some students stop half-way."""
    rng = random.Random(seed)
    return [classmate(rng, index) for index in range(1, count + 1)]


def classmate(rng: random.Random, index: int) -> Result:
    skill, stops = rng.betavariate(5, 1.3), rng.random() < 0.15
    verdicts: dict[str, dict[str, object]] = {}
    for place, (function, _, planned) in enumerate(PLAN):
        for check, _, _, points in planned:
            if not points:
                continue
            if stops and place > 10:
                verdicts[f"{function}.{check}"] = {"status": "missing", "points": 0.0}
            elif rng.random() > skill + 0.12 - place * 0.012:
                status = rng.choices(("failed", "partial", "error", "timeout", "crashed"), (6, 3, 3, 1, 0.4))[0]
                got = points / 2 if status == "partial" else 0.0
                verdicts[f"{function}.{check}"] = {
                    "status": status,
                    "points": got,
                    "reasons": saying(f"{check}: not yet."),
                }
    notes = saying("solver.py differs from the one handed out.") if rng.random() < 0.2 else ()
    return result_of(f"student_{index}", verdicts, notes=notes, duration_s=round(rng.uniform(1.2, 9.0), 2))


def whole_class() -> list[Result]:
    return [good(), typical(), unreadable(), grader_failure(), *class_of(30)]


def roster_of(results: Iterable[Result]) -> Roster:
    roster = Roster()
    for result in results:
        roster.add(result)
    return roster


def write_pages(results: Iterable[Result], folder: Path) -> None:
    from urllib.parse import unquote

    from grader.report.pages import class_page, feedback_page, staff_page
    from grader.report.text import page_name

    results = list(results)
    (folder / "feedback").mkdir(parents=True, exist_ok=True)
    points = {
        "grace_hopper": {"Nets.step-size": (1.5, 2.0), "Nets.vanishing": (None, 2.0)},
        HOSTILE_ID: {ATTACK: (0.5, 2.0)},
    }
    page = class_page(roster_of(results), title=TITLE, points=points)
    (folder / "index.html").write_text(page, encoding="utf-8")
    for result in results:
        name = unquote(page_name(result.id))
        (folder / name).write_text(staff_page(result, MARKS.get(result.id, {})), encoding="utf-8")
        (folder / "feedback" / name).write_text(feedback_page(result, MARKS.get(result.id, {})), encoding="utf-8")


if __name__ == "__main__":
    write_pages(whole_class(), Path(sys.argv[1]))
