"""The audit fails for every kind of wrong grading and for nothing else; on a small assignment and on the real one."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grader.assignment.load import load_assignment
from grader.authoring.audit import callers, measure_durations, run_audit
from grader.authoring.make_fixtures import make_fixtures, write_fixtures
from grader.authoring.stand_ins import constant, digest, memorised, record
from grader.authoring.variants import make_variants, memory_source, staged_source
from grader.cli import main as command
from grader.errors import AssignmentError, GraderError
from grader.grading.context import Settings
from grader.messages.of_check import message_of
from grader.messages.say import say_all
from grader.records import as_written
from grader.running.job_pool import SerialExecutor

pytestmark = pytest.mark.process

ROOT = Path(__file__).resolve().parents[2]
TOML = """
title = "Small"
package = "small"
reference = "../reference"
student_files = ["parts.py", "deep/nets.py"]
handed_out = []

[[sets]]
files = ["parts.py"]

[[sets]]
files = ["deep/nets.py"]
on = ["parts.py"]

[points]
"parts.square" = 4
"parts.square_backward" = 6
"parts.third" = 4
"deep.nets.Net" = 6

[classes]
"deep.nets.Net" = { methods = ["loss"], attributes = ["params"] }

[stubs]
"deep.nets.Net" = ["parts.square", "parts.square_backward"]

[limits]
cpu_s = 2
wall_s = 10
import_cpu_s = 10
import_wall_s = 30
submission_wall_s = 120
memory_mib = 1024
processes = 8
open_files = 64
reply_mib = 16
"""
PARTS = """
def square(x):
    ### BEGIN SOLUTION
    return x * x, (x,)
    ### END SOLUTION


def square_backward(dout, cache):
    ### BEGIN SOLUTION
    return 2 * cache[0] * dout
    ### END SOLUTION


def third(x, log):
    ### BEGIN SOLUTION
    log["last"] = x / 3
    return x / 3
    ### END SOLUTION
"""
NETS = """
import numpy as np
from ..parts import *


class Net:
    def __init__(self, size):
        self.params = {}
        ### BEGIN SOLUTION
        self.params["w"] = np.ones(size)
        ### END SOLUTION

    def loss(self, x, y=None):
        ### BEGIN SOLUTION
        out, cache = square(x * self.params["w"])
        if y is None:
            return out
        return float(np.sum(out * y)), {"w": square_backward(y, cache) * x}
        ### END SOLUTION
"""
PUBLIC = '''
import numpy as np
from grader.checks import check, gradients


@check("parts.square", seed=3)
def four(student, rng):
    """Four numbers."""
    return {"out": student.parts.square(rng.randn(4))[0]}


@check("parts.square_backward", seed=4, needs="parts.square", cache=lambda x: (x,))
def two(student, rng):
    """Two numbers."""
    x, dout = rng.randn(2), rng.randn(2)
    _, cache = student.parts.square(x)
    dx = student.parts.square_backward(dout, cache)
    return gradients(lambda x: student.parts.square(x)[0], dout=dout, dx=(dx, x))


@check("parts.third", seed=5)
def divided(student, rng):
    """Two numbers, divided."""
    log = {}
    return {"out": student.parts.third(rng.randn(2), log), "last": log["last"]}


@check("deep.nets.Net", seed=6)
def loss(student, rng):
    """Scores, loss and gradient of a net of three."""
    net = student.deep.nets.Net(3)
    net.params = {"w": rng.randn(3)}
    x, y = rng.randn(3), rng.randn(3)
    value, gradients = net.loss(x, y)
    return {"scores": net.loss(x), "loss": value, "dw": gradients["w"]}
'''
TWICE = '''

@check("parts.square", seed=SEED)
def DEF(student, rng):
    """Some numbers."""
    return {"out": student.parts.square(rng.randn(4))[0]}
'''
HIDDEN = PUBLIC.replace("seed=", "seed=1").replace("def ", "def hidden_")
WRONG = """
import inspect

import numpy as np
from grader.checks import misconception


@misconception("parts.square", "That is the cube.")
def cube(reference, x):
    return x * reference.parts.square(x)[0], (x,)


@misconception("parts.square_backward", "dout is forgotten.")
def forgets(reference, dout, cache):
    return reference.parts.square_backward(np.ones_like(dout), cache)


@misconception("parts.third", "That is the half.")
def half(reference, x, log):
    out = 1.5 * reference.parts.third(x, log)
    log["last"] = out
    return out


@misconception("deep.nets.Net", "The scores are doubled.")
def doubled(reference, *args, **kwargs):
    class Doubled(reference.deep.nets.Net):
        def loss(self, x, y=None):
            assert "square_backward(y, cache)" in inspect.getsource(reference.deep.nets.Net)
            return super().loss(x, y) if y is not None else 2 * super().loss(x)

    return Doubled(*args, **kwargs)
"""


def write(folder, **changed):
    files = {
        "assignment/assignment.toml": TOML,
        "assignment/checks/public/all.py": changed.get("public", PUBLIC),
        "assignment/checks/hidden/all.py": changed.get("hidden", HIDDEN),
        "assignment/misconceptions/all.py": changed.get("wrong", WRONG),
        "reference/__init__.py": "",
        "reference/parts.py": changed.get("parts", PARTS),
        "reference/deep/__init__.py": "",
        "reference/deep/nets.py": changed.get("nets", NETS),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    assignment = load_assignment(folder / "assignment")
    write_fixtures(assignment, make_fixtures(assignment))
    return assignment


def run(assignment, only=None, change=lambda variant: variant):
    """Audit some of the variants, by the ends of their names."""
    variants = [change(one) for one in make_variants(assignment) if only is None or one.name.endswith(only)]
    settings = Settings(str(assignment.folder), sys.executable, "auto")
    return run_audit(assignment, variants, settings, SerialExecutor(), window=1, advance=lambda result: None)


def edit(text, old, new):
    assert old in text
    return text.replace(old, new, 1)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return write(tmp_path_factory.mktemp("good"))


@pytest.fixture(scope="module")
def audited(good):
    return run(good)


def statuses(audit, name):
    result = audit.results[[one.name for one in audit.variants].index(name)]
    return {check.id.rpartition(".")[2]: check.status for check in result.checks}


def test_an_assignment_that_tells_right_from_wrong_has_no_problems(audited):
    assert audited.problems == ()
    assert len(audited.variants) == 1 + 1 + 6 + 1 + 4


def test_the_reference_passes_and_the_template_is_missing(audited):
    assert set(statuses(audited, "reference").values()) == {"passed"}
    assert set(statuses(audited, "template").values()) == {"missing"}
    assert [audited.results[0].score, audited.results[1].score] == [20, 0]


def test_memorised_answers_pass_only_the_visible_checks(audited):
    found = statuses(audited, "memorised")
    assert {check for check, status in found.items() if status == "passed"} == {"four", "two", "divided", "loss"}


@pytest.mark.parametrize(
    ("kind", "message"),
    [("zeros", "zero"), ("ones", ""), ("nan", "NaN"), ("echo", ""), ("none", "None"), ("one_too_many", "3 values")],
)
def test_no_constant_passes_a_check_and_each_returns_its_kind(audited, kind, message):
    result = next(result for result in audited.results if result.id == f"constant-{kind}")
    assert "passed" not in {check.status for check in result.checks}
    assert message in next(message_of(check) for check in result.checks if check.id == "parts.square.four")


def test_a_misconception_loses_marks_in_its_own_function_and_gets_its_hint(audited):
    for name, own in {
        "parts.square.cube": {"four", "hidden_four"},
        "parts.square_backward.forgets": {"two", "hidden_two"},
        "parts.third.half": {"divided", "hidden_divided"},
        "deep.nets.Net.doubled": {"loss", "hidden_loss"},
    }.items():
        found = statuses(audited, name)
        assert {check for check, status in found.items() if status != "passed"} == own, name


def test_needless_checks_are_reported(tmp_path):
    public = (
        PUBLIC + TWICE.replace("DEF", "again").replace("SEED", "7") + TWICE.replace("DEF", "short").replace("4", "5")
    )
    found = run(write(tmp_path, public=public.replace("SEED", "8")), ("reference", "cube"))
    assert found.needless == ("parts.square.four", "parts.square.again", "parts.square.short")
    assert found.costly == {}


def test_a_check_that_alone_of_the_hidden_ones_catches_a_misconception_is_needed(audited):
    assert audited.needless == ()
    assert audited.costly == {}


def test_a_check_that_alone_catches_a_misconception_is_needed(tmp_path):
    wrong = edit(WRONG, "x * reference.parts.square(x)[0], (x,)", "x * x + 0.5 * (len(x) == 4), (x,)")
    public = PUBLIC + TWICE.replace("DEF", "short").replace("SEED", "8").replace("4", "5")
    found = run(write(tmp_path, wrong=wrong, public=public), ("reference", "cube"))
    assert found.problems == ()
    assert found.needless == ("parts.square.short",)


def test_a_reference_that_loses_marks_fails(good):
    def spoil(variant):
        parts = edit(variant.submission.files["parts.py"].decode(), "x * x, (x,)", "x + x, (x,)").encode()
        files = {**variant.submission.files, "parts.py": parts}
        return replace(variant, submission=replace(variant.submission, files=files))

    problems = run(good, "reference", spoil).problems
    assert {problem.partition(" is ")[0] for problem in problems} == {
        "reference: parts.square.four",
        "reference: parts.square.hidden_four",
    }
    assert "failed with 0 of 2 points, expected full marks. square: out" in problems[0]


def test_a_template_that_earns_marks_fails(tmp_path):
    parts = edit(PARTS, "    ### BEGIN SOLUTION\n    log", "    log")
    parts = edit(parts, "return x / 3\n    ### END SOLUTION", "return x / 3")
    problems = run(write(tmp_path, parts=parts), "template").problems
    assert problems == (
        "template: parts.third.divided is passed with 2 points, expected missing with none.",
        "template: parts.third.hidden_divided is passed with 2 points, expected missing with none.",
    )


def test_a_misconception_that_no_check_catches_fails(tmp_path):
    wrong = edit(WRONG, "1.5 * reference", "(1.5 if len(x) > 9 else 1) * reference")
    problems = run(write(tmp_path, wrong=wrong), "half").problems
    assert "keeps all of its 4 points for parts.third. Add a check that catches it." in problems[0]
    assert "no check gives its hint" in problems[1]


def test_a_constant_that_is_right_fails(tmp_path):
    public = edit(PUBLIC, "student.parts.third(rng.randn(2), log), ", "student.parts.third(np.zeros(2), log), ")
    hidden = edit(HIDDEN, "student.parts.third(rng.randn(2), log), ", "student.parts.third(np.zeros(2), log), ")
    public, hidden = (edit(text, ', "last": log["last"]', "") for text in (public, hidden))
    problems = run(write(tmp_path, public=public, hidden=hidden), "constant-zeros").problems
    assert problems == ("constant-zeros: keeps all of its 4 points for parts.third. Add a check that catches it.",)


def test_memorised_answers_that_keep_full_marks_fail_the_audit(tmp_path):
    hidden = HIDDEN.replace("seed=15", "seed=5")
    problems = run(write(tmp_path, hidden=hidden), "memorised").problems
    assert problems == ("memorised: keeps all of its 4 points for parts.third. Add a check that catches it.",)


def test_lost_marks_in_an_unrelated_function_fail_the_audit(tmp_path):
    public = edit(
        PUBLIC,
        "student.parts.third(rng.randn(2), log),",
        "student.parts.third(student.parts.square(rng.randn(2))[0], log),",
    )
    problems = run(write(tmp_path, public=public), "cube").problems
    assert len(problems) == 1
    assert "parts.square.cube: loses 2 points for parts.third, which is right and calls no wrong" in problems[0]


def test_lost_marks_that_a_stub_could_prevent_fail_the_audit(tmp_path):
    """The function is rebuilt from another one's code, so that no stub can replace it."""
    made = "types.FunctionType(square.__code__, square.__globals__, 'own', None, square.__closure__)"
    nets = edit(NETS, "\n\nclass Net", f"import types\n\nown = {made}\n\n\nclass Net").replace(
        "out, cache = square(", "out, cache = own("
    )
    problems = run(write(tmp_path, nets=nets), "cube").problems
    assert len(problems) == 1
    assert "parts.square.cube: loses 4 points for deep.nets.Net, too, although a stub can replace" in problems[0]


def test_lost_marks_in_a_function_that_gets_its_return_value_are_reported(tmp_path):
    wrong = edit(WRONG, "reference.parts.square(x)[0], (x,)", "reference.parts.square(x)[0], (x + 1,)")
    found = run(write(tmp_path, wrong=wrong), ("reference", "cube"))
    assert found.problems == ()
    assert found.costly == {"parts.square.cube": ("parts.square_backward",)}


def test_two_misconceptions_with_equal_values_and_different_hints_fail_the_audit(tmp_path):
    more = '\n\n@misconception("parts.third", "Another.")\ndef other(reference, x, log):\n    return half.run(x)\n'
    more = more.replace("half.run(x)", "log.update(last=x / 2) or x / 2")
    problems = run(write(tmp_path, wrong=WRONG + more), ("half", "other")).problems
    assert [problem.partition(":")[0] for problem in problems] == ["parts.third.half", "parts.third.other"]
    assert all("no check gives its hint" in problem for problem in problems)


def test_a_wrong_hint_fails_the_audit(tmp_path):
    assignment = write(tmp_path, wrong=edit(WRONG, "out = 1.5 *", "undefined\n    out = 1.5 *"))
    problems = run(assignment, "half").problems
    assert len(problems) == 2
    assert all("gives the hint 'The name is misspelt" in problem for problem in problems)


def test_a_mistake_that_raises_in_one_check_gets_its_own_hint_there_too(tmp_path):
    wrong = edit(WRONG, "out = 1.5 *", "x[0] > 0 and undefined\n    out = 1.5 *")
    assignment = write(tmp_path, wrong=wrong)
    first = [np.random.RandomState(c.seed).randn(2)[0] for c in assignment.checks if c.id.startswith("parts.third")]
    assert sorted(value > 0 for value in first) == [False, True]
    audit = run(assignment, "half")
    assert audit.problems == ()
    hints = {check.status: say_all(check.hints) for check in audit.results[0].checks if check.function == "parts.third"}
    assert hints["error"] == hints["failed"] == "That is the half."


def test_a_variant_that_cannot_be_graded_is_a_fault_of_ours(good):
    def lose(variant):
        return replace(variant, submission=replace(variant.submission, problem=as_written("gone")))

    with pytest.raises(GraderError, match="reference has status unreadable"):
        run(good, "reference", lose)


def test_callers_include_indirect_callers_and_users_of_the_return_value(good):
    reached = callers(good)
    assert reached["parts.square"] == {"parts.square_backward", "deep.nets.Net"}
    assert reached["parts.third"] == reached["deep.nets.Net"] == frozenset()


def test_every_check_of_the_reference_is_timed_slowest_first(good, audited):
    durations = measure_durations(good, audited.results[0])
    assert {one.check for one in durations} == {check.id for check in good.checks}
    assert [one.cpu_s for one in durations] == sorted((one.cpu_s for one in durations), reverse=True)
    assert all(one.graded_s > 0 for one in durations)


def test_a_misconception_that_imports_more_of_the_grader_is_rejected(tmp_path):
    path = tmp_path / "wrong.py"
    path.write_text("import numpy\nfrom grader.checks import check, misconception\n")
    with pytest.raises(AssignmentError, match=r"wrong\.py: 'from grader\.checks import check"):
        staged_source(path)
    path.write_text("import numpy\nfrom grader.checks import (\n    misconception,\n)\nlast = 1\n")
    assert staged_source(path).decode().split("\n") == [
        "import numpy", "from ._stand_ins import misconception", "", "", "last = 1", "",
    ]  # fmt: skip


def test_recorded_calls_are_found_again_after_conversion_to_source():
    def forward(x, y, param):
        param["seen"] = x.sum()
        return x * 2.0, (x, None, {"y": y}, "text", 1.5, np.float32(2))

    memory = {}
    recording = record("parts.forward", memory, forward)
    x, y = np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.array([3, 4])
    recording(x, y, {"mode": "train"})
    namespace = {}
    exec(memory_source(memory).decode(), namespace)
    param = {"mode": "train"}
    out, cache = memorised("parts.forward", namespace["CALLS"], forward)(np.ascontiguousarray(x), y, param)
    assert np.array_equal(out, [[0, 2, 4], [6, 8, 10]])
    assert np.array_equal(cache[0], x)
    assert (cache[1], cache[3:]) == (None, ("text", 1.5, 2.0))
    assert param == {"mode": "train", "seen": 15.0}
    out, _ = memorised("parts.forward", namespace["CALLS"], forward)(x + 1, y, {"mode": "train"})
    assert np.array_equal(out, np.zeros((2, 3)))


def test_digests_depend_on_values_and_not_on_memory_layout():
    x = np.arange(6.0).reshape(2, 3)
    assert digest(x, {"a": 1, "b": 2}) == digest(np.asfortranarray(x), {"b": 2, "a": 1})
    others = [x.T, x.reshape(6), x.astype(np.float32), x + 1, [x], {"a": 1, "b": x}, None]
    assert len({digest(value) for value in [x, *others]}) == len(others) + 1
    assert digest(np.float64(0.5), (1, 2)) == digest(0.5, [1, 2])


def test_constants_leave_caches_and_arguments_alone():
    def update(x, config):
        config["v"] = x + 1
        return x * 3, config, (x, "cache")

    config = {"rate": 0.5}
    out, changed, cache = constant("ones", update)(np.arange(3.0), config)
    assert np.array_equal(out, np.ones(3))
    assert np.array_equal(changed["v"], np.ones(3))
    assert changed["rate"] == 0.5
    assert np.array_equal(cache[0], np.arange(3.0))
    assert config == {"rate": 0.5}


def grader_command(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["grader", "audit", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        command.main()
    return caught.value.code


def test_the_command_prints_the_matrix_and_exits_0(good, monkeypatch, capsys, tmp_path):
    options = ("--only", "parts.square", "--durations", 2, "--jobs", 1, "--json", tmp_path / "audit.json")
    assert grader_command(monkeypatch, "--assignment", good.folder, *options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 parts.square  2 parts.square_backward  3 parts.third  4 deep.nets.Net"
    assert lines[1].split() == ["1", "2", "3", "4"]
    assert lines[2].split() == ["reference", "..", "..", "..", ".."]
    assert lines[3].split() == ["parts.square.cube", "xx", "..", "..", ".."]
    assert lines[-1] == "2 variants, 8 checks: all have the right marks and hints."
    assert sum(line.endswith("all 8 checks on the reference") for line in lines) == 1
    written = json.loads((tmp_path / "audit.json").read_text())
    assert written["problems"] == []
    assert written["variants"][1]["hints"]["parts.square.four"] == "That is the cube."


def test_the_command_exits_1_for_a_problem_2_for_a_wrong_name_3_for_no_fixtures(tmp_path, monkeypatch, capsys):
    wrong = edit(WRONG, "1.5 * reference", "1.0 * reference")
    folder = write(tmp_path, wrong=wrong).folder
    assert grader_command(monkeypatch, "--assignment", folder, "--only", "parts.third") == 1
    assert "keeps all of its 4 points" in capsys.readouterr().out
    assert grader_command(monkeypatch, "--assignment", folder, "--only", "parts.fourth") == 2
    (folder / "fixtures/manifest.json").unlink()
    other = folder.rename(tmp_path / "elsewhere")
    assert grader_command(monkeypatch, "--assignment", other) == 3


def test_the_shipped_assignment_on_a_few_variants():
    assignment = load_assignment(ROOT / "assignment")
    few = ("reference", "TwoLayerNet.two_layer_l2_without_half", "conv_forward_naive.flipped_kernel")
    found = run(assignment, few)
    assert len(found.variants) == len(few)
    assert found.problems == ()
