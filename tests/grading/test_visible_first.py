"""The order of checks in one submission: no hidden input is in any sandbox when a visible check shows a text."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

import pytest
from cases import check_of, reference_files
from sayings import notes_of

from grader.grading import check_run, submission_run
from grader.grading.sandboxes import group_apart
from grader.grading.submission import grade_submission
from grader.messages.of_check import message_of
from grader.records import VISIBLE, Submission
from grader.report.disclosure import for_student
from grader.sandbox.host.session import Session

WRONG = """
def relu_forward(x):
    return np.where(x > 0, x, 0.5 * x), x
def relu_backward(dout, cache):
    return np.where(cache > 0, dout, 0.5 * dout)
def softmax_loss(x, y):
    return 0.0, 0 * x
"""
FUNCTIONS = {
    *("layers.relu_forward", "layers.relu_backward", "layers.softmax_loss", "optim.sgd_momentum"),
    "classifiers.fc_net.TwoLayerNet",
}


@pytest.fixture(scope="module")
def few(context):
    return context.only({check.id for check in context.assignment.checks if check.function in FUNCTIONS})


def submission(**added: str) -> Submission:
    files = reference_files()
    for name, text in added.items():
        file = next(path for path in files if path.endswith(f"{name}.py"))
        files[file] += b"\n" + dedent(text).encode()
    return Submission("case", "case", files)


@pytest.fixture
def events(monkeypatch):
    """What ran, in order: a visibility, and whether on stubs; "follow" where the judge sent inputs of a secret seed."""
    seen = []
    run_check, follow = submission_run.run_check, check_run.follow_through

    def watched(process, check, *words, stubs, **options):
        seen.append((check.visibility, bool(stubs)))
        return run_check(process, check, *words, stubs=stubs, **options)

    def followed(*words, **options):
        seen.append(("follow", False))
        return follow(*words, **options)

    monkeypatch.setattr(submission_run, "run_check", watched)
    monkeypatch.setattr(check_run, "follow_through", followed)
    return seen


def test_visible_checks_of_all_sets_and_on_stubs_come_before_hidden_ones_and_before_follow_through(few, events):
    result = grade_submission(submission(layers=WRONG), few)
    kinds = [kind for kind, _ in events]
    first_secret = min(kinds.index("hidden"), kinds.index("follow"))
    assert set(kinds[:first_secret]) == {VISIBLE}
    assert VISIBLE not in kinds[first_secret:]
    assert (VISIBLE, True) in events[:first_secret] and ("hidden", True) in events[first_secret:]
    assert not any(check.after_hidden for check in result.checks)


def test_follow_through_on_a_wrong_forward_is_worth_the_same_as_before(few):
    result = grade_submission(submission(layers=WRONG), few)
    backward = check_of(result, "relu_backward.images")
    assert {check.status for check in result.checks if check.function == "layers.relu_forward"} == {"failed"}
    assert (backward.status, backward.follow_through) in {("failed", False), ("partial", True), ("passed", True)}
    assert check_of(result, "TwoLayerNet.notebook_gradients").stubs


HANGS = "def sgd_momentum(w, dw, config=None):\n    print('SAID')\n    raise ValueError('SAID')\n"


def test_a_visible_check_after_a_hidden_one_is_marked_and_shows_the_student_no_text(few, monkeypatch):
    """A check that was put off until the time for visible checks was over."""
    run_checks = submission_run.SubmissionRun.run_checks

    def postponed(self, sandbox, checks):
        late = [check for check in checks if check.id == "optim.sgd_momentum.worked_example"]
        self.own |= {check.id: submission_run.Trial(check, submission_run.not_run(check)) for check in late}
        self.postponed += late
        run_checks(self, sandbox, [check for check in checks if check not in late])

    monkeypatch.setattr(submission_run.SubmissionRun, "run_checks", postponed)
    monkeypatch.setattr(submission_run, "VISIBLE_SHARE", 0.0)
    result = grade_submission(submission(optim=HANGS), few)
    check = check_of(result, "sgd_momentum.worked_example")
    assert check.after_hidden and check.visibility == VISIBLE
    assert "SAID" in message_of(check) and "SAID" in check.output
    shown = check_of(for_student(result), "sgd_momentum.worked_example")
    assert "SAID" not in str(shown)
    assert "ran after hidden checks" in message_of(shown)
    assert (shown.title, shown.status, shown.points) == (check.title, check.status, check.points)


def test_a_put_off_check_that_runs_before_hidden_ones_still_shows_its_text(few, monkeypatch):
    run_checks = submission_run.SubmissionRun.run_checks

    def postponed(self, sandbox, checks):
        late = [check for check in checks if check.id == "optim.sgd_momentum.worked_example"]
        self.own |= {check.id: submission_run.Trial(check, submission_run.not_run(check)) for check in late}
        self.postponed += late
        run_checks(self, sandbox, [check for check in checks if check not in late])

    monkeypatch.setattr(submission_run.SubmissionRun, "run_checks", postponed)
    result = grade_submission(submission(optim=HANGS), few)
    check = check_of(for_student(result), "sgd_momentum.worked_example")
    assert not check.after_hidden
    assert "SAID" in message_of(check)


IMPORT = "import os\nprint('opened')\nif os.getpid() > 10**9:\n    pass\n"


def test_import_notes_come_from_the_first_import(few, monkeypatch):
    """A sandbox opened after hidden checks imports again, and may print anything. No student reads that."""
    opened = []
    import_modules = Session.import_modules

    def another(self):
        import_modules(self)
        opened.append(self)
        self.imported = replace(self.imported, prints=f"import {len(opened)}")

    monkeypatch.setattr(Session, "import_modules", another)
    result = grade_submission(submission(layers=WRONG + "\nsgd = None\n", optim="print('x')"), few)
    numbers = [int(note.rpartition(" ")[2]) for note in notes_of(result) if "prints while" in note]
    assert len(opened) > max(numbers)
    assert len(numbers) == 2


def test_a_check_on_stubs_shows_the_student_nothing_that_a_stub_could_have_returned(few):
    asks = """
    right = TwoLayerNet.loss
    def loss(self, X, y=None):
        answer = softmax_loss(np.ones((2, 3)), np.array([0, 1]))
        if answer[0]:
            raise ValueError("ANSWER %r" % answer[0])
        return right(self, X, y)
    TwoLayerNet.loss = loss
    """
    result = grade_submission(submission(layers=WRONG, fc_net=asks), few)
    check = check_of(result, "TwoLayerNet.notebook_gradients")
    assert "ANSWER" in message_of(check) and "1.09" in message_of(check)  # log 3
    shown = check_of(for_student(result), "TwoLayerNet.notebook_gradients")
    assert "ANSWER" not in str(for_student(result))
    assert (shown.title, shown.status) == (check.title, check.status)


def test_functions_join_the_sandboxes_on_stubs_that_exist_already():
    called = {"f": {"a"}, "g": {"f"}, "h": {"a"}}
    there = [["f"]]
    assert group_apart(called, there) == [["f", "h"], ["g"]]
