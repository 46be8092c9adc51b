"""Module sets, objects and stubs, on a small assignment: a mistake costs once, and only granted checks reach stubs."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from dataclasses import replace
from textwrap import dedent

import numpy as np
import pytest
from sayings import notes_of

from grader.assignment.load import load_assignment
from grader.authoring.make_fixtures import make_fixtures, write_fixtures
from grader.grading import submission_run
from grader.grading.attempt import Attempts, inputs_from
from grader.grading.context import Settings, prepare
from grader.grading.reference_pool import KEPT, keeping
from grader.grading.sandboxes import group_apart
from grader.grading.submission import grade_submission
from grader.messages.of_check import message_of
from grader.records import SPENT, Submission
from grader.sandbox.host.check_process import CheckProcess
from grader.sandbox.host.session import Session

pytestmark = pytest.mark.process

TOML = """
title = "Small"
package = "small"
reference = "../reference"
student_files = ["parts.py", "other.py", "nets.py"]
handed_out = ["given.py", "quick.py"]
expected_warnings = ["slow:"]

[[sets]]
files = ["parts.py", "other.py"]
without = ["quick.py"]

[[sets]]
files = ["nets.py"]
on = ["parts.py"]

[points]
"parts.double" = 10
"parts.undo" = 10
"parts.quadruple" = 10
"other.third" = 10
"nets.Net" = 60

[classes]
"nets.Net" = { methods = ["loss"], attributes = ["params"] }

[stubs]
"parts.quadruple" = ["parts.double"]
"nets.Net" = ["parts.double", "parts.undo", "parts.quadruple"]

[limits]
cpu_s = 1
wall_s = 5
import_cpu_s = 2
import_wall_s = 30
submission_wall_s = 120
memory_mib = 1024
processes = 8
open_files = 64
reply_mib = 16
"""
PARTS = """
import numpy as np

def double(x, log):
    log["calls"] = log.get("calls", 0) + 1
    return 2 * x, (x, "kept")

def undo(dout, cache):
    x, _ = cache
    return 2 * dout + 0 * x

def quadruple(x):
    return double(double(x, {})[0], {})[0]
"""
OTHER = """
def third(x):
    return x / 3
"""
NETS = """
import warnings
import numpy as np
from .parts import double, undo
from .quick import quick

class Net:
    def __init__(self, size, dtype=np.float32):
        self.params = {"w": np.ones(size, dtype=dtype), "mine": np.zeros((2, 2))}
        self.log = {}

    def loss(self, x, y=None):
        warnings.warn("slow: and expected")
        out, cache = double(x, log=self.log)
        if y is None:
            return out * self.params["w"]
        dout = y * self.params["w"]
        return np.sum(out * dout) + self.log["calls"], {"w": undo(dout, cache)}
"""
CHECKS = '''
import numpy as np
from grader.checks import check

@check("parts.double")
def doubled(student, rng):
    """Four numbers."""
    log = {}
    return {"out": student.parts.double(rng.randn(4), log)[0], "calls": log["calls"]}

@check("parts.undo", needs="parts.double")
def undone(student, rng):
    """Four numbers, back."""
    _, cache = student.parts.double(rng.randn(4), {})
    return {"dx": student.parts.undo(rng.randn(4), cache)}

@check("parts.quadruple")
def quadrupled(student, rng):
    """Four numbers, twice."""
    return {"out": student.parts.quadruple(rng.randn(4))}

@check("other.third")
def third(student, rng):
    """Four numbers, divided."""
    return {"out": student.other.third(rng.randn(4))}

@check("nets.Net", name="loss")
def net_loss(student, rng):
    """A loss and its gradient."""
    net = student.nets.Net(4, dtype=np.float64)
    net.params = {"w": rng.randn(4)}
    loss, grads = net.loss(rng.randn(4), rng.randn(4))
    return {"loss": loss, "w": grads.get("w")}

@check("nets.Net", name="measured")
def measured(student, rng, reference):
    """What was trained, measured by the reference."""
    net, judge = student.nets.Net(4), reference.nets.Net(4)
    judge.params = {"w": net.params["w"]}
    return {"scores": judge.loss(rng.randn(4))}
'''


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    assignment = folder / "assignment"
    (assignment / "checks" / "public").mkdir(parents=True)
    (assignment / "assignment.toml").write_text(TOML)
    (assignment / "checks" / "public" / "all.py").write_text(CHECKS)
    reference = folder / "reference"
    reference.mkdir()
    files = {"__init__.py": "", "parts.py": PARTS, "other.py": OTHER, "nets.py": NETS, "given.py": "NUMBER = 3\n"}
    for name, text in {**files, "quick.py": "def quick(x):\n    return 4 * x\n"}.items():
        (reference / name).write_text(text)
    loaded = load_assignment(assignment)
    write_fixtures(loaded, make_fixtures(loaded))
    return prepare(Settings(str(assignment), sys.executable, "auto"))


@pytest.fixture
def grade(small):
    def run(**added):
        files = {"parts.py": PARTS, "other.py": OTHER, "nets.py": NETS}
        for name, text in added.items():
            file = f"{name}.py"
            if text is None:
                del files[file]
            else:
                files[file] = files.get(file, "") + "\n" + dedent(text)
        content = {name: text.encode() for name, text in files.items()}
        return grade_submission(Submission("case", "case", content), small)

    return run


def points(result):
    return {function.function: function.points for function in result.functions}


FULL = {"parts.double": 10, "parts.undo": 10, "parts.quadruple": 10, "other.third": 10, "nets.Net": 60}


def test_the_reference_has_full_marks(grade):
    result = grade()
    assert points(result) == FULL
    assert not any(check.stubs or message_of(check) for check in result.checks)


def test_expected_warnings_are_not_printed(grade):
    result = grade()
    assert [check.output for check in result.checks if check.function == "nets.Net"] == ["", ""]


@pytest.mark.parametrize(
    "wrong",
    [
        "def double(x, log):\n    log['calls'] = 2\n    return 3 * x, (x, '')",
        "def double(x, log):\n    raise NotImplementedError",
        "def double(x, log):\n    return None",
        "def double(x, log):\n    raise KeyError('mine')",
        "del double",
    ],
)
def test_a_wrong_function_costs_those_that_call_it_nothing(grade, wrong):
    result = grade(parts=wrong)
    assert points(result) == {**FULL, "parts.double": 0, "parts.undo": points(result)["parts.undo"]}
    for check in result.checks:
        if check.function in ("parts.quadruple", "nets.Net") and check.stubs:
            assert message_of(check).startswith("This check counts with our double")
            assert "Fix" in message_of(check)
    assert any(check.stubs for check in result.checks)


def test_a_file_that_cannot_be_imported_costs_only_its_own(grade):
    deaf = "import signal; signal.signal(signal.SIGPROF, signal.SIG_IGN)\nwhile True: pass"
    for broken in ("import os; os._exit(3)", deaf):
        result = grade(parts=broken)
        assert points(result) == {**FULL, "parts.double": 0, "parts.undo": 0, "parts.quadruple": 0}, broken


def test_a_statement_that_does_not_work_costs_nothing_and_is_noted(grade):
    result = grade(parts="syntax error(\n1 / 0")
    assert points(result) == FULL
    errors = ("SyntaxError: ", "ZeroDivisionError: division by zero")
    for error, note in zip(errors, notes_of(result), strict=True):
        assert note.startswith("parts.py, line ")
        assert error in note
        assert "The statement was left out and the rest was graded." in note


def test_an_absent_file_costs_only_its_own(grade):
    assert points(grade(parts=None)) == {**FULL, "parts.double": 0, "parts.undo": 0, "parts.quadruple": 0}
    assert points(grade(other=None)) == {**FULL, "other.third": 0}


def test_a_mistake_of_the_net_itself_is_reported_beside_wrong_layers(grade):
    result = grade(
        parts="def double(x, log):\n    log['calls'] = 1\n    return 3 * x, (x, '')",
        nets="""
        class Wrong(Net):
            def loss(self, x, y=None):
                if y is None:
                    return super().loss(x)
                loss, grads = super().loss(x, y)
                return loss + 1, grads

        Net = Wrong
        """,
    )
    check = next(check for check in result.checks if check.id == "nets.Net.loss")
    assert check.stubs and check.status == "partial"
    assert [part.status for part in check.comparisons] == ["failed", "passed"]


def test_arguments_by_name_and_changed_dicts_pass_through_a_stub(grade):
    """The net calls double(x, log=...), and counts the calls that double writes into log."""
    result = grade(parts="def double(x, log):\n    raise ValueError")
    assert points(result)["nets.Net"] == 60


def test_a_stub_raises_the_references_text_for_bad_arguments(grade):
    result = grade(
        parts="def double(x, log):\n    raise ValueError",
        nets="""
        class Net:
            def __init__(self, size, dtype=None):
                self.params = {"w": np.ones(size)}
            def loss(self, x, y=None):
                double("text", 3)
        """,
    )
    check = next(check for check in result.checks if check.id == "nets.Net.loss")
    assert check.status == "error"
    assert "double raised AttributeError" in message_of(check)


ASKS_FOR_WHAT_IS_NOT_GRANTED = """
import sys
import time

def third(x):
    frame = sys._getframe(1)
    while "self" not in frame.f_locals or not hasattr(frame.f_locals["self"], "channel"):
        frame = frame.f_back
    child = frame.f_locals["self"]
    return child.ask("{function}", ({argument},))["value"]
"""


@pytest.mark.parametrize("function", ["other.third", "parts.double", "parts.quadruple", "os.system"])
def test_the_judge_answers_no_stub_that_it_has_not_granted(grade, function):
    result = grade(other=ASKS_FOR_WHAT_IS_NOT_GRANTED.format(function=function, argument="x"))
    assert points(result) == {**FULL, "other.third": 0}
    check = next(check for check in result.checks if check.function == "other.third")
    assert check.status == "crashed"
    assert "not granted" in message_of(check)


def test_on_stubs_the_judge_answers_only_granted_functions(grade):
    """quadruple may call double. With a wrong double it runs on stubs, and calls its own function's stub there."""
    added = ASKS_FOR_WHAT_IS_NOT_GRANTED.format(function="parts.quadruple", argument="x").replace("third", "quadruple")
    result = grade(parts="def double(x, log):\n    raise ValueError\n" + added)
    assert points(result)["parts.quadruple"] == 0


def test_a_made_up_handle_is_refused(grade):
    result = grade(
        parts="""
        def double(x, log):
            raise ValueError
        """,
        nets="""
        import sys
        class Net:
            def __init__(self, size, dtype=None):
                self.params = {"w": np.ones(size)}
            def loss(self, x, y=None):
                out, cache = double(x, {})
                cache.number = 0 if y is None else 7
                return 1.0, {"w": undo(x, cache)}
        """,
    )
    check = next(check for check in result.checks if check.id == "nets.Net.loss")
    assert (check.status, "does not belong to this check" in message_of(check)) == ("error", True)


def test_calling_a_stub_without_end_costs_only_its_own_check(grade):
    """Arguments that use up the reference's memory or time stop its sandbox, and not the judge."""
    result = grade(
        parts="def double(x, log):\n    raise ValueError",
        nets="""
        class Net:
            def __init__(self, size, dtype=None):
                self.params = {"w": np.ones(size)}
            def loss(self, x, y=None):
                while True:
                    double(x, {})
        """,
    )
    assert points(result) == {**FULL, "parts.double": 0, "parts.undo": points(result)["parts.undo"], "nets.Net": 30}


def test_a_class_without_parameters_is_not_written_yet(grade):
    result = grade(nets="class Net:\n    def __init__(self, *args, **kwargs):\n        self.params = {}\n")
    assert {check.status for check in result.checks if check.function == "nets.Net"} == {"missing"}


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ("{'W': np.ones(4)}", "params['w'] is missing, expected an array. params holds W."),
        ("{'w': np.ones(5)}", "params['w'] has shape (5,), expected (4,)."),
        ("{'w': 3}", "params['w'] is of type int, expected an array."),
        ("[1]", "params is of type list, expected a dict of arrays."),
    ],
)
def test_parameters_that_are_not_as_they_should_be(grade, params, text):
    result = grade(nets=f"class Net:\n    def __init__(self, *args, **kwargs):\n        self.params = {params}\n")
    check = next(check for check in result.checks if check.id == "nets.Net.loss")
    assert check.status == "failed"
    assert message_of(check).startswith(f"Net: {text}")


def test_parameters_keep_their_own_shape_and_their_own_keys(grade):
    result = grade(
        nets="""
        class Mine(Net):
            def __init__(self, size, dtype=None):
                super().__init__(size)
                self.params["w"] = self.params["w"].reshape(1, size)
            def loss(self, x, y=None):
                assert self.params["w"].shape == (1, 4) and "mine" in self.params
                self.params["w"] = self.params["w"].ravel()
                return super().loss(x, y)

        Net = Mine
        """,
    )
    assert points(result)["nets.Net"] == 60


def test_files_that_would_do_the_layers_work_are_withheld(grade):
    result = grade(parts="from .quick import quick\n\ndef quadruple(x):\n    return quick(x)")
    check = next(check for check in result.checks if check.function == "parts.quadruple")
    assert check.points == 0
    assert "quick.quick is used, but quick is not in the sandbox while this file is checked" in message_of(check)
    assert any("small.quick" in note for note in notes_of(result))


def test_a_file_of_the_submission_may_have_the_name_of_a_worker_file(small):
    files = {
        "parts.py": PARTS,
        "other.py": "from stubs import mine\n" + OTHER,
        "nets.py": NETS,
        "stubs.py": "mine = 1\n",
    }
    result = grade_submission(Submission("case", "case", {name: text.encode() for name, text in files.items()}), small)
    assert points(result) == FULL


OWN_NET = """
        class Net:
            def __init__(self, size, dtype=None):
                self.params = {kind}
                self.params["w"] = np.ones(size)
                self.log = {{}}
            def loss(self, x, y=None):
                out, cache = double(x, log=self.log)
                if y is None:
                    return out * self.params["w"]
                dout = y * self.params["w"]
                grads = {kind}
                grads["w"], grads[0] = undo(dout, cache), None
                return np.sum(out * dout) + self.log["calls"], grads
"""


@pytest.mark.parametrize("kind", ["OrderedDict()", "defaultdict(dict)", "Mine()", "dict(shapes=[1, 2])"])
def test_a_dict_of_any_kind_is_read_by_names(grade, kind):
    source = "from collections import OrderedDict, defaultdict\nclass Mine(dict):\n    pass\n"
    assert points(grade(nets=source + dedent(OWN_NET.format(kind=kind)))) == FULL


WRONG_DOUBLE = "def double(x, log):\n    log['calls'] = 7\n    return 3 * x, (x, '')\n"


@pytest.mark.parametrize(
    ("parts", "nets"),
    [
        ("TABLE = {'double': (double, undo)}", "from .parts import TABLE\ndouble, undo = TABLE['double']"),
        (
            "def by_default(x, log, double=double):\n    return double(x, log)",
            "from .parts import by_default as double",
        ),
        ("double.undo = undo", "undo = double.undo"),
        ("FUNCTIONS = [double, undo]", "from .parts import FUNCTIONS\ndouble, undo = FUNCTIONS"),
        ("", "import small.parts as P\ndef double(x, log):\n    return P.double(x, log)"),
        ("", "import parts\ndef double(x, log):\n    return parts.double(x, log)"),
    ],
)
def test_stubs_are_found_wherever_the_function_is_taken_from(grade, parts, nets):
    for wrong, expected in (("", FULL), (WRONG_DOUBLE, {**FULL, "parts.double": 0})):
        result = grade(parts=wrong + parts, nets=nets)
        assert {**points(result), "parts.undo": 10} == expected, wrong


@pytest.mark.parametrize(
    ("head", "called"),
    [
        ("def double(X, counts):\n    ", "double(X=x, counts=self.log)"),
        ("def double(x, log, *, leak=0.0, verbose=False):\n    ", "double(x, self.log, verbose=True)"),
        ("def double(*args, **kwargs):\n    ", "double(x, log=self.log)"),
    ],
)
def test_stubs_go_by_the_names_of_the_students_own_arguments(grade, head, called):
    source = OWN_NET.format(kind="{}").replace("double(x, log=self.log)", called)
    result = grade(parts=f"{head}raise ValueError('no')\n", nets=source)
    assert points(result)["nets.Net"] == 60


def test_what_a_student_keeps_in_an_argument_besides_is_left_out(grade):
    source = OWN_NET.format(kind="{}").replace("self.log = {}", "self.log = {'mine': object()}")
    assert points(grade(parts="def double(x, log):\n    raise ValueError('no')\n", nets=source))["nets.Net"] == 60


def test_an_endless_loop_leaves_time_for_what_calls_it(small, grade):
    started = time.monotonic()
    result = grade(parts="def double(x, log):\n    while True:\n        pass\n")
    assert points(result) == {**FULL, "parts.double": 0, "parts.undo": points(result)["parts.undo"]}
    assert time.monotonic() - started < small.limits.submission_wall_s


HIDING = """
import numpy.fft

def double(x, log, _double=double):
    np.fft.visited = True  # where nobody looks
    return _double(x, log)

def quadruple(x):
    return 0 * x if hasattr(np.fft, "visited") else 4 * x

def undo(dout, cache, _undo=undo):
    return _undo(dout, cache)
"""


def test_a_check_disturbed_by_an_unseen_trace_is_rerun_in_a_fresh_process(grade, monkeypatch):
    """The checks of one submission may share a process. A right function loses nothing by that."""
    asked = []
    begin = CheckProcess.begin
    monkeypatch.setattr(
        CheckProcess, "begin", lambda self, *a, **k: (asked.append(k.get("fresh", True)), begin(self, *a, **k))[1]
    )
    assert points(grade(parts=HIDING)) == FULL
    assert True in asked and False in asked


def test_a_function_that_is_not_written_is_called_once(grade, monkeypatch):
    """The functions of a template do not each need a process."""
    begun = []
    begin = CheckProcess.begin

    def watched(self, *words, **options):
        begin(self, *words, **options)
        begun.append((self, self.is_reused))

    monkeypatch.setattr(CheckProcess, "begin", watched)
    stub = "raise NotImplementedError"
    result = grade(
        parts=f"def double(x, log):\n    {stub}\ndef undo(dout, cache):\n    {stub}\n",
        other=f"def third(x):\n    {stub}\n",
    )
    assert points(result) == {**dict.fromkeys(FULL, 0), "parts.quadruple": 10, "nets.Net": 60}
    processes = {process for process, _ in begun}
    assert len([process for process, is_reused in begun if not is_reused]) == len(processes) < len(begun)


def test_a_function_counts_as_wrong_only_after_a_failure_in_a_fresh_process(grade, monkeypatch):
    """A right function may share processes with wrong ones of its submission, and stays right."""
    wrong = "def third(x):\n    np.fft.visited = True\n    return x\nimport numpy as np\n"
    assert points(grade(parts=HIDING, other=wrong)) == {**FULL, "other.third": 0}
    seen = []
    run = Attempts.run

    def watched(self, *words, **options):
        outcome = run(self, *words, **options)
        seen.append((self.check.id, outcome.processes))
        return outcome

    monkeypatch.setattr(Attempts, "run", watched)
    broken = "class Net(Net):\n    def __init__(self, *a, **k):\n        raise ValueError\n"
    assert points(grade(nets=broken))["nets.Net"] == 0
    assert [check_id for check_id, _ in seen].count("nets.Net.loss") == 2
    assert [processes for check_id, processes in seen if check_id == "nets.Net.measured"] == [1, 1]


def test_what_another_check_left_does_not_make_a_wrong_function_right(grade):
    """What one check left in a module must not make another one's function right."""
    wrong = "seen = []\ndef third(x):\n    seen.append(1)\n    return x / 3 if len(seen) > 1 else x\n"
    assert points(grade(other=wrong)) == {**FULL, "other.third": 0}


def test_the_reference_is_started_once_for_one_submission_after_the_other(grade, monkeypatch):
    opened = []
    greet = Session.greet
    monkeypatch.setattr(Session, "greet", lambda self: (opened.append(self.plan.modules), greet(self)))
    wrong = "def double(x, log):\n    return 3 * x, (x, '')"
    with keeping():
        first = grade(parts=wrong)
        assert KEPT.process is not None
        second = grade(parts=wrong)
        kept = KEPT.process
    assert points(first) == points(second)
    assert opened.count(("parts", "other", "nets")) == 1
    assert kept.session.box is None and KEPT.process is None
    grade(parts=wrong)
    assert KEPT.process is None


def test_a_reference_that_was_killed_meanwhile_is_started_again(grade, monkeypatch):
    # Otherwise the replies of other tests' submissions are known here, and no check needs the reference.
    monkeypatch.setattr(submission_run.SubmissionRun, "may_recall", lambda self, check: False)
    with keeping():
        grade()
        first = KEPT.process
        os.kill(first.session.box.init, signal.SIGKILL)
        first.session.box.process.wait()
        assert points(grade()) == FULL
        assert KEPT.process is not first


def test_a_reference_is_not_kept_for_ever(grade, monkeypatch):
    with keeping():
        monkeypatch.setattr("grader.grading.reference_pool.MOST_BEGUN", 1)
        grade()
        assert KEPT.process is None


def test_the_time_of_a_submission_is_divided_by_its_use(grade):
    result = grade(other="import time\ndef third(x):\n    time.sleep(0.3)\n    return x / 3\n")
    assert set(result.spent_s) == set(SPENT)
    assert 0.3 <= result.spent_s["functions"] < result.duration_s
    assert min(result.spent_s.values()) > 0
    assert abs(sum(result.spent_s.values()) - result.duration_s) < 0.01


def test_a_function_that_never_returns_counts_as_running_all_the_time(grade):
    result = grade(other="def third(x):\n    while True: pass\n")
    assert result.spent_s["functions"] > 1.9


def test_a_function_that_calls_stubs_does_not_count_as_running_meanwhile(grade, monkeypatch):
    """On stubs, the reference runs meanwhile."""
    answer = CheckProcess.answer
    monkeypatch.setattr(CheckProcess, "answer", lambda self, ask: (time.sleep(0.5), answer(self, ask))[1])
    result = grade(parts="def double(x, log):\n    return 3 * x, (x, '')")
    assert result.spent_s["functions"] < 0.5 < result.spent_s["judge"]


def test_a_function_that_runs_out_of_time_twice_in_one_check_gets_no_time_in_the_next(grade, small, monkeypatch):
    """First in a shared process, then in a fresh one. The function's other checks run after everything else."""
    loops = "def third(x):\n    while True: pass\n"
    checks = [check for check in small.assignment.checks if check.function == "other.third"]
    more = replace(checks[0], id="other.third.again")
    definition, fixture = small.assignment.definitions[checks[0].id], small.fixtures.checks[checks[0].id]
    assignment = replace(
        small.assignment,
        checks=(*small.assignment.checks, more),
        definitions={**small.assignment.definitions, more.id: definition},
    )
    fixtures = replace(small.fixtures, checks={**small.fixtures.checks, more.id: fixture})
    context = replace(small, assignment=assignment, fixtures=fixtures)
    order = []
    run = submission_run.run_check
    monkeypatch.setattr(
        submission_run,
        "run_check",
        lambda *a, **k: (order.append((a[1].id, (trial := run(*a, **k)).processes)), trial)[1],
    )
    files = {"parts.py": PARTS, "other.py": OTHER + loops, "nets.py": NETS}
    grade_submission(Submission("case", "case", {name: text.encode() for name, text in files.items()}), context)
    asked = dict(order)
    assert asked[checks[0].id] == 2
    assert order[-1][0] == more.id and [name for name, _ in order].count(more.id) == 1


def test_no_sandbox_checks_a_function_and_grants_it_as_a_stub(grade, monkeypatch):
    """What student code learned from a stub must not reach a check of the function behind that stub."""
    served = []
    run_check = submission_run.run_check

    def watched(process, check, *words, stubs, **options):
        served.append((process, check.function, stubs))
        return run_check(process, check, *words, stubs=stubs, **options)

    monkeypatch.setattr(submission_run, "run_check", watched)
    grade(
        parts=WRONG_DOUBLE,
        nets="class Net(Net):\n    def loss(self, x, y=None):\n        return 0 * double(x, {})[0]\n",
    )
    asked = {(process, stub) for process, _, stubs in served for stub in stubs}
    assert {stub for _, stub in asked} == {"parts.double", "parts.undo", "parts.quadruple"}
    assert asked.isdisjoint((process, function) for process, function, _ in served)


def test_failing_on_own_layers_does_not_skip_the_retry_on_stubs(grade, monkeypatch):
    believed = []
    run_check = submission_run.run_check

    def watched(process, check, *words, stubs, is_wrong, **options):
        believed.append((check.id, stubs, is_wrong))
        return run_check(process, check, *words, stubs=stubs, is_wrong=is_wrong, **options)

    monkeypatch.setattr(submission_run, "run_check", watched)
    hidden = "own = double\ndef double(*args, **named):\n    return own(*args, **({} if not named else {'no': 1}))\n"
    assert points(grade(parts="def quadruple(x):\n    return x\n" + hidden))["nets.Net"] == 60
    asked = [(stubs, is_wrong) for check_id, stubs, is_wrong in believed if check_id == "nets.Net.loss"]
    few, all_of_them = frozenset(["parts.quadruple"]), frozenset(["parts.double", "parts.undo", "parts.quadruple"])
    assert asked == [(frozenset(), False), (few, False), (all_of_them, False)]


def test_functions_that_call_each_other_are_grouped_apart():
    asked = {"a": {"x"}, "b": {"a"}, "c": {"x"}, "d": {"c"}, "x": set()}
    groups = group_apart({name: frozenset(functions) for name, functions in asked.items()})
    assert groups == [["a", "c"], ["b", "d", "x"]]


def test_a_right_function_becomes_a_stub_only_if_needed(grade):
    """A layer that is right in all of its own checks may still make a net fail."""
    hidden = "own = double\ndef double(*args, **named):\n    return own(*args, **({} if not named else {'no': 1}))\n"
    cases = [
        ("def undo(dout, cache):\n    return 3 * dout\n", ("parts.double", "parts.undo")),
        ("def quadruple(x):\n    return x\n" + hidden, ("parts.double", "parts.quadruple", "parts.undo")),
    ]
    for wrong, replaced in cases:
        result = grade(parts=wrong)
        check = next(check for check in result.checks if check.id == "nets.Net.loss")
        assert (points(result)["nets.Net"], check.stubs) == (60, replaced)


def test_run_alone_gets_a_process_that_no_check_had(grade, monkeypatch):
    """As in follow-through, which begins without further options."""
    shared = []
    begin = CheckProcess.begin

    def watched(self, *words, **options):
        begin(self, *words, **options)
        shared.append((options.get("fresh", True), self.is_reused))

    monkeypatch.setattr(CheckProcess, "begin", watched)
    grade(other="def third(x):\n    return x\n")
    assert (False, True) in shared
    assert (True, False) in shared and (True, True) not in shared


def test_threads_of_one_process_draw_their_inputs_by_themselves():
    """A worker of a cluster may have several threads. A seed in one must not change what another draws."""
    mine = inputs_from(3)
    other = threading.Thread(target=lambda: inputs_from(4).randn(100))
    first = mine.randn(5)
    other.start()
    other.join()
    expected = np.random.RandomState(3).randn(10)
    assert np.array_equal(np.concatenate([first, mine.randn(5)]), expected)
    assert np.array_equal(inputs_from(3).randn(10), expected)
