"""`grader check`: its output in a student's own folder, on any system."""

from __future__ import annotations

import importlib.util
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
import webbrowser

import pytest
from cases import ROOT, reference_files
from own_folder import check, fill_in, make_package, release_assignment, row, watched

from grader.cli.check import saves
from grader.errors import UsageError
from grader.grading.submission import grade_submission
from grader.messages.of_check import message_of
from grader.messages.say import say_all
from grader.records import VISIBLE, Submission
from grader.report.standing import standing_of
from grader.student.own_run import find_place, run_own

pytestmark = pytest.mark.process

FUNCTIONS = 28


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory):
    """The folder of the unpacked zip, with the public assignment; tests put packages beside it."""
    folder = tmp_path_factory.mktemp("unpacked")
    release_assignment(folder / "assignment")
    return folder


@pytest.fixture
def student(unpacked, tmp_path, request):
    """A student's folder below the unpacked zip, with the empty template in it."""
    folder = unpacked / re.sub(r"\W+", "_", request.node.name)
    make_package(folder / "cs231n")
    return folder


def test_the_empty_template_is_not_written_and_the_first_function_is_next(student):
    code, output = check(student)
    assert code == 1
    assert len(re.findall(r"^\w+ +not there yet\b", output, re.MULTILINE)) == FUNCTIONS
    assert re.search(r"^next: write affine_forward \(layers\.py:\d+\)$", output, re.MULTILINE)
    assert output.endswith(f"0 right, {FUNCTIONS} not there yet\n")


def test_a_wrong_function_is_next_and_its_message_is_shown(student):
    layers = student / "cs231n" / "layers.py"
    fill_in(student / "cs231n", "layers.py", ("affine_forward",))
    layers.write_text(layers.read_text() + "\n\ndef relu_forward(x):\n    return np.minimum(0, x), x\n")
    code, output = check(student)
    assert (code, row(output, "relu_forward")) == (1, "wrong")
    assert re.search(r"^  relu_forward: out .+", output, re.MULTILINE)
    assert re.search(r"^next: fix relu_forward \(layers\.py:\d+\)$", output, re.MULTILINE)


def test_messages_and_hints_are_those_of_grading(context, unpacked):
    """This needs no stubs, so check and grade must print exactly the same."""
    wrong = b"\n\ndef dropout_forward(x, dropout_param):\n    return x, (dropout_param, None)\n"
    files = reference_files()
    files["layers.py"] += wrong
    make_package(unpacked / "agree" / "cs231n", written=None)
    (unpacked / "agree" / "cs231n" / "layers.py").write_bytes(files["layers.py"])
    place = find_place(unpacked / "agree")
    functions = [name for name in place.functions if name.startswith(("layers.", "optim."))]
    own = run_own(place, functions)
    graded = grade_submission(Submission("case", "case", files), context.only({check.id for check in own.checks}))

    def told(result):
        return [(check.id, check.status, message_of(check), say_all(check.hints)) for check in result.checks]

    assert told(own) == told(graded)
    assert "failed" in {check.status for check in own.checks}


def test_part_of_a_name_selects_functions(student):
    fill_in(student / "cs231n", "layers.py", ("conv_forward_naive",))
    code, output = check(student, "conv_forward")
    assert code == 0
    assert re.findall(r"^(\w+) +(?:right|wrong|not)", output, re.MULTILINE) == ["conv_forward_naive"]
    assert output.endswith(
        "\nall public checks of conv_forward passed; hidden checks run only when your work is graded\n"
    )
    code, output = check(student, "conv_forward", "optim.adam")
    assert (code, row(output, "adam")) == (1, "not there yet")


def test_a_full_name_selects_only_that_function(student):
    """It is also part of other names: with spatial_ before it, and with _alt after it."""
    output = check(student, "batchnorm_backward")[1]
    assert re.findall(r"^(\w+) +not there yet", output, re.MULTILINE) == ["batchnorm_backward"]
    output = check(student, "layers.BATCHNORM_FORWARD", "adam")[1]
    assert re.findall(r"^(\w+) +not there yet", output, re.MULTILINE) == ["adam", "batchnorm_forward"]
    assert check(student, "batchnorm")[1].endswith("0 right, 5 not there yet\n")


@pytest.mark.parametrize("name", ["optim.py", "cs231n/optim.py"])
def test_a_file_selects_its_functions(student, monkeypatch, name):
    monkeypatch.chdir(student)
    _, output = check(name)
    assert re.findall(r"^(\w+) +not there yet", output, re.MULTILINE) == ["sgd_momentum", "rmsprop", "adam"]


@pytest.mark.parametrize(
    ("name", "said"),
    [("conv_foward_naive", "Did you mean conv_forward_naive or "), ("solver.py", "The functions are: affine_")],
)
def test_a_misspelt_name_gets_a_suggestion(student, name, said):
    with pytest.raises(UsageError, match=said):
        check(student, name)


def test_the_path_defaults_to_the_current_folder_and_may_be_the_package(student, monkeypatch):
    monkeypatch.chdir(student / "cs231n" / "classifiers")
    assert check("affine_forward")[0] == 1
    assert check(student / "cs231n", "affine_forward")[0] == 1


@pytest.mark.parametrize("args", [["no_such_function"], ["no/such/folder"]])
def test_an_unknown_name_is_a_usage_error(student, monkeypatch, args):
    monkeypatch.chdir(student)
    with pytest.raises(UsageError, match=r"not a folder, .* The functions are: affine_forward, |not a folder"):
        check(*args)


def test_an_assignment_that_is_not_found_must_be_named(student, tmp_path, unpacked):
    make_package(tmp_path / "cs231n", written=("affine_forward",))
    with pytest.raises(UsageError, match="--assignment"):
        check(tmp_path)
    assert check(tmp_path, "affine_forward", "--assignment", unpacked / "assignment")[0] == 0


def test_hidden_checks_never_run_even_if_they_exist(tmp_path):
    make_package(tmp_path / "cs231n")
    place = find_place(tmp_path, ROOT / "assignment")
    assert {check.visibility for check in place.assignment.checks} == {VISIBLE}
    assert place.context.reference_files is None


def test_a_file_that_cannot_be_imported_is_reported_once(student):
    layers = student / "cs231n" / "layers.py"
    layers.write_text(layers.read_text() + "\n\nundefined_name\n")
    code, output = check(student)
    assert code == 1
    assert output.count("layers.py cannot be imported: NameError") == 1
    line = len(layers.read_text().splitlines())
    assert f"\nnext: fix layers.py:{line}, which stops " in output
    assert row(output, "adam") == "not there yet"


def test_the_page_is_written_and_opened(student, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    check(student, "affine", "--html")
    page = student / "feedback.html"
    assert opened == [page.as_uri()]
    text = page.read_text(encoding="utf-8")
    assert "affine_forward" in text
    assert "<h1>Public checks</h1>" in text
    assert not re.search(r"\bpoints\b</span>|class=\"points|/ 100", text)  # they also depend on hidden checks


def test_the_earliest_wrong_function_is_next_whatever_it_costs(student):
    fill_in(student / "cs231n", "layers.py", ("affine_forward", "relu_forward", "conv_forward_naive"))
    layers = student / "cs231n" / "layers.py"
    layers.write_text(
        layers.read_text()
        + "\n\ndef relu_forward(x):\n    return np.minimum(0, x), x\n"
        + "\n\ndef conv_forward_naive(x, w, b, conv_param):\n    return 2 * x, None\n"
    )
    assert re.search(r"^next: fix relu_forward ", check(student)[1], re.MULTILINE)


NO_POSIX = """
import os, runpy, select, signal, socket, sys
for name in ("fcntl", "grp", "pwd", "resource", "termios", "pty"):
    sys.modules[name] = None
for name in ("fork", "forkpty", "geteuid", "getuid", "getpgid", "killpg", "set_blocking", "setgroups", "setresgid",
             "setresuid", "setsid"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGXCPU", "SIGALRM", "setitimer", "alarm"):
    if hasattr(signal, name):
        delattr(signal, name)
waits = select.select
def sockets_only(read, write, other, timeout=None):
    if not all(isinstance(item, socket.socket) for item in [*read, *write, *other]):
        raise OSError("select: not a socket")
    return waits(read, write, other, timeout)
select.select = sockets_only
"""

CHECK_WITHOUT_POSIX = (
    NO_POSIX
    + """
from grader.sandbox.host.isolation import Isolation
from dataclasses import replace
launch = Isolation.launch
def stripped(*args):
    started = launch(*args)
    *python, worker, options = started.command
    code = PRELUDE + "runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    return replace(started, command=(*python, "-c", code, worker, options))
Isolation.launch = stripped
from grader.cli.main import main
sys.argv = ["grader", "check", *sys.argv[1:]]
main()
"""
)


def run_without_posix(*args):
    code = f"PRELUDE = {NO_POSIX!r}\n{CHECK_WITHOUT_POSIX}"
    command = [sys.executable, "-c", code, *map(str, args)]
    # Without fcntl its work folder has no lock: the grader of another test would remove it as a leftover.
    with tempfile.TemporaryDirectory() as temporary:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "TMPDIR": temporary}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_it_works_without_posix_modules(student):
    layers = student / "cs231n" / "layers.py"
    fill_in(student / "cs231n", "layers.py", ("affine_forward", "affine_backward"))
    layers.write_text(layers.read_text() + "\n\ndef relu_forward(x):\n    while True:\n        pass\n")
    done = run_without_posix(student, "affine", "layers.relu")
    assert (done.returncode, done.stderr) == (1, "")
    assert [row(done.stdout, name) for name in ("affine_forward", "affine_backward")] == ["right", "right"]
    assert "relu_forward was still running after 2 s of CPU time. Perhaps a loop never ends." in done.stdout


def test_a_remark_is_shown_and_costs_nothing(student):
    layers = student / "cs231n" / "layers.py"
    fill_in(student / "cs231n", "layers.py", ("relu_forward",))
    own = "\n\ndef relu_backward(dout, cache):\n    dout[cache <= 0] = 0\n    return dout\n"
    layers.write_text(layers.read_text() + own)
    code, output = check(student, "layers.relu")
    assert (code, row(output, "relu_backward")) == (0, "right")
    assert "relu_backward changes its input dout in place" in output


def test_a_save_reruns_only_affected_functions(student):
    package = student / "cs231n"
    texts, last = watched(
        student,
        lambda: fill_in(package, "layers.py", ("affine_forward",)),
        lambda: fill_in(package, "layers.py", ("affine_forward", "relu_forward")),
        lambda: (package / "layers.py").write_text((package / "layers.py").read_text() + "# a comment\n"),
    )
    assert row(texts[0], "affine_forward") == "right"
    assert "relu_forward" not in texts[0]
    assert row(texts[0], "FullyConnectedNet") == "not there yet"
    assert texts[0].index("affine_forward") < texts[0].index("TwoLayerNet")  # the saved file is reported first
    assert f"1 right, {FUNCTIONS - 1} not there yet" in texts[0]
    assert row(texts[1], "relu_forward") == "right"
    assert not re.search("^affine_forward", texts[1], re.MULTILINE)
    assert f"2 right, {FUNCTIONS - 2} not there yet" in texts[1]
    assert texts[2] == "Saved. No checked function changed.\n"
    assert standing_of(last).ending == f"2 right, {FUNCTIONS - 2} not there yet"


def test_a_half_written_file_is_reported_in_one_line(student):
    package = student / "cs231n"
    texts, _ = watched(
        student,
        lambda: (package / "optim.py").write_text("def adam(:\n"),
        lambda: fill_in(package, "optim.py", ("adam",)),
    )
    assert texts[0].startswith("optim.py:1: ")
    assert texts[0].count("\n") == 1
    assert row(texts[1], "adam") == "right"


def test_a_save_before_the_first_wait_is_noticed(student):
    changes = saves(student / "cs231n")
    fill_in(student / "cs231n", "optim.py", ("adam",))
    seen = queue.SimpleQueue()
    threading.Thread(target=lambda: seen.put(next(changes)), daemon=True).start()
    assert seen.get(timeout=20) is None


def test_only_a_changed_file_is_noticed(student):
    seen = queue.SimpleQueue()
    changes = saves(student / "cs231n")
    threading.Thread(target=lambda: seen.put(next(changes)), daemon=True).start()
    with pytest.raises(queue.Empty):
        seen.get(timeout=0.5)
    fill_in(student / "cs231n", "optim.py", ("adam",))
    assert seen.get(timeout=20) is None  # a tenth of a second on a machine that has nothing else to do


def test_the_command_watches_until_it_is_stopped(student):
    command = [sys.executable, "-u", "-m", "grader.cli.main", "check", str(student), "--watch"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            until(process, "Watching ")
            fill_in(student / "cs231n", "optim.py", ("adam",))
            assert until(process, "1 right, ")
        finally:
            process.terminate()


def until(process, text):
    """The lines up to the one that contains the text. Kills a process that prints nothing for a minute."""
    patience = threading.Timer(60, process.kill)
    patience.start()
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            if text in line:
                return lines
    finally:
        patience.cancel()
    raise AssertionError(f"{text!r} never came: {''.join(lines)}")


def load_check(package):
    spec = importlib.util.spec_from_file_location("a_students_check", package / "check.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.check


def test_a_notebook_shows_the_same_table(student):
    fill_in(student / "cs231n", "layers.py", ("affine_forward",))
    shown = load_check(student / "cs231n")("affine")
    assert not shown.all_right
    assert repr(shown).splitlines()[0].split() == ["affine_forward", "right"]
    assert repr(shown).endswith("1 right, 1 not there yet")
    html = shown._repr_html_()
    assert re.search(
        r"affine_forward</code>.*?<b>right</b>.*?affine_backward</code>.*?<b>not there yet</b>", html, re.S
    )
    assert "write affine_backward" in html
    assert "<script" not in html


def test_what_a_student_raises_is_escaped_in_a_notebook(student):
    layers = student / "cs231n" / "layers.py"
    layers.write_text(layers.read_text() + "\n\ndef relu_forward(x):\n    raise ValueError('<img src=x>')\n")
    html = load_check(student / "cs231n")("relu_forward")._repr_html_()
    assert "<img" not in html
    assert "&lt;img src=x&gt;" in html


def test_a_notebook_without_the_grader_says_what_to_install_and_goes_on(student, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "grader.student.notebook_check", None)
    assert load_check(student / "cs231n")("affine") is None
    said = "check: the grader is not installed in this Python. Run in a cell: %pip install -r requirements.txt\n"
    assert capsys.readouterr().out == said


def test_a_notebook_says_in_one_line_why_nothing_can_be_checked(student, tmp_path, capsys):
    assert load_check(student / "cs231n")("afine") is None
    make_package(tmp_path / "cs231n")
    assert load_check(tmp_path / "cs231n")() is None
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(
        "check: afine: not a folder, not a file with functions to write, and not part of a function's name."
    )
    assert second.startswith(f"check: {tmp_path / 'cs231n'}: no assignment/assignment.toml in this folder or above.")
