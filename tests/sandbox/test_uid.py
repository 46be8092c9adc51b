"""--sandbox uid: what student code can do without namespaces, tried from inside; where it is refused, and needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from cases import ROOT
from sayings import call_fails
from test_isolation import FUNCTIONS, LIMITS, PROBE

from grader.errors import SandboxError
from grader.sandbox.host import isolation
from grader.sandbox.host.check_process import CheckProcess
from grader.sandbox.host.check_setup import Setup
from grader.sandbox.host.interpreter import find_interpreter
from grader.sandbox.host.isolation import UID, check_access, choose_isolation
from grader.sandbox.host.plan import Plan
from grader.sandbox.host.proc import list_children, processes_of
from grader.sandbox.host.session import Session
from grader.sandbox.host.user_ids import FIRST_UID, end_processes_of, pick_uid

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a worker another user id")


@pytest.fixture(scope="module")
def interpreter(readable_python):
    return find_interpreter(readable_python)


def open_session(folder: Path, interpreter, limits=LIMITS) -> CheckProcess:
    """Like the pipeline: a private folder with a work tree that every user may read."""
    package = folder / "work" / "cs231n"
    package.mkdir(parents=True)
    folder.chmod(0o700)
    (package / "__init__.py").write_text("")
    (package / "probe.py").write_text(PROBE)
    plan = Plan(("probe",), FUNCTIONS, {"probe.py": PROBE.encode()})
    chosen = choose_isolation(UID)

    def launch():
        return chosen.launch(interpreter, folder / "work", "cs231n", limits.at_start())

    return CheckProcess(Session(launch, plan, limits))


@pytest.fixture(scope="module")
def place(open_folder):
    """A folder that every user may enter."""
    folder = open_folder / "uid"
    folder.mkdir()
    folder.chmod(0o711)
    return folder


@pytest.fixture(scope="module")
def process(place, interpreter):
    with open_session(place / "one", interpreter) as process:
        process.begin(Setup(0))
        yield process


@pytest.fixture
def probe(process):
    if process.session.box is None:
        process.begin(Setup(0))
    return lambda name, *args: process.call(f"probe.{name}", args, {})


def evaluate(probe, expression: str) -> str:
    return probe("evaluate", expression)


def wait_until(holds) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@root_only
def test_no_file_but_its_own_can_be_read(probe, place):
    (place / "two").mkdir(exist_ok=True)
    (place / "two" / "layers.py").write_text("x = 1")
    ours = [ROOT / "assignment/fixtures/manifest.json", ROOT / "reference/layers.py", place / "two/layers.py"]
    for path in [*ours, "/etc/passwd", "/proc/self/mem", f"/proc/{os.getpid()}/environ", "/proc/1/cmdline"]:
        assert os.path.exists(path)
        assert "Permission denied" in evaluate(probe, f"open({str(path)!r}, 'rb').read()"), path
    for folder in (ROOT / "assignment", place, "/tmp", "/proc", "/root", "/home"):
        assert "Permission denied" in probe("listing", str(folder)), folder
    assert "def listing" in evaluate(probe, "open(__file__).read()")


@root_only
def test_nothing_can_be_written_and_nothing_executed(probe, place):
    for folder in (place / "one/work/cs231n", "/tmp", "/dev/shm", "/var/tmp"):
        assert "Permission denied" in probe("write", f"{folder}/written-by-a-probe"), folder
    assert "Operation not permitted" in evaluate(probe, "os.memfd_create('m')")
    assert "No such file" in evaluate(probe, "os.execv('/bin/true', ['true'])")


@root_only
def test_no_network_no_shared_memory_no_namespace(probe):
    ctypes = "__import__('ctypes')"
    library = f"{ctypes}.CDLL(None, use_errno=True)"
    socket = "__import__('socket')"
    for kind in ("AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"):
        assert "Operation not permitted" in evaluate(probe, f"{socket}.socket({socket}.{kind})"), kind
    calls = ["shmget(1, 100, 0o1777)", "unshare(0x10000000)", "syscall(425, 1, 0)", "ptrace(0, 0, 0, 0)"]
    calls += ["syscall(56, 0x10000000 | 17, 0, 0, 0, 0)"] if os.uname().machine == "x86_64" else []
    for call in calls:
        assert evaluate(probe, f"({library}.{call}, {ctypes}.get_errno())") == "(-1, 1)", call
    assert evaluate(probe, f"({library}.syscall(435, 0, 0), {ctypes}.get_errno())") == "(-1, 38)"


@root_only
def test_threads_and_forks_still_work(probe):
    thread = "(lambda t: (t.start(), t.join()))(__import__('threading').Thread(target=len, args=('',)))"
    assert evaluate(probe, thread) == "(None, None)"
    assert evaluate(probe, "os.waitpid(os.fork() or os._exit(3), 0)[1] >> 8") == "3"


@root_only
def test_only_numpy_and_the_standard_library_can_be_imported(probe):
    assert evaluate(probe, "__import__('json').__name__") == "'json'"
    for name in ("scipy", "grader", "reference", "pytest", "pip"):
        assert "ModuleNotFoundError" in evaluate(probe, f"__import__({name!r})"), name


@root_only
def test_the_worker_has_its_own_uid_and_no_capability(process, probe):
    uid = int(evaluate(probe, "os.getuid()"))
    assert uid > FIRST_UID
    assert evaluate(probe, "os.getgroups()") == "[]"
    assert "Operation not permitted" in evaluate(probe, "os.setuid(0)")
    status = Path(f"/proc/{process.session.box.process.pid}/status").read_text()
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert facts["Uid"].split() == facts["Gid"].split() == [str(uid)] * 4
    assert {facts[name] for name in ("CapEff", "CapPrm", "CapInh")} == {"0" * 16}
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")


@root_only
def test_two_sandboxes_neither_stop_nor_read_each_other(place, interpreter, probe):
    with open_session(place / "other", interpreter) as other:
        other.begin(Setup(0))
        pid = other.session.box.process.pid
        for target in (pid, os.getpid()):
            assert "Operation not permitted" in evaluate(probe, f"os.kill({target}, 9)")
        assert "Permission denied" in evaluate(probe, f"open({str(place / 'other/work/cs231n/probe.py')!r}).read()")
        assert other.call("probe.evaluate", ("os.getuid()",), {}) != evaluate(probe, "os.getuid()")
        forks = other.call("probe.fork_many", (), {})
        assert 0 < forks < LIMITS.processes
        assert "Resource temporarily unavailable" not in evaluate(probe, "os.waitpid(os.fork() or os._exit(0), 0)")


@root_only
def test_processes_that_leave_their_group_are_found_and_killed(place, interpreter):
    flee = "os.fork() or (os.setsid(), os.fork() and os._exit(0), __import__('time').sleep(60))"
    with open_session(place / "flees", interpreter) as process:
        process.begin(Setup(0))
        uid = process.session.box.uid
        process.call("probe.evaluate", (flee,), {})
        wait_until(lambda: len(processes_of(uid)) == 3)
        wait_until(lambda: len(list_children(process.session.box.process.pid)) == 2)  # the worker is its parent now
        process.end()
        assert process.session.box is None
        assert processes_of(uid) == []
        process.begin(Setup(0))
        assert process.call("probe.evaluate", ("1 + 1",), {}) == "2"


@root_only
def test_memory_is_limited(place, interpreter):
    with open_session(place / "eats", interpreter) as process:
        process.begin(Setup(0))
        with call_fails(r"ran out of memory \(512 MiB"):
            process.call("probe.eat_memory", (), {})


@root_only
def test_the_worker_and_its_check_die_with_the_judge(place, readable_python):
    judge, there = place / "judge.py", place / "orphans"
    judge.write_text(
        f"import sys, time\nsys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'tests')!r}, {str(ROOT / 'tests/sandbox')!r}]\n"
        "from pathlib import Path\nfrom test_uid import Setup, find_interpreter, open_session\n"
        f"process = open_session(Path({str(there)!r}), find_interpreter({readable_python!r}))\n"
        "process.begin(Setup(0))\nprocess.call('probe.evaluate', ('1',), {})\n"
        "print(process.session.box.uid, flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, judge], stdout=subprocess.PIPE, text=True) as started:
        uid = int(started.stdout.readline())
        assert len(processes_of(uid)) == 2
        started.kill()
    wait_until(lambda: processes_of(uid) == [])


@pytest.mark.process
@root_only
def test_a_uid_in_use_is_not_picked(monkeypatch):
    numbers = iter([5, 6])
    monkeypatch.setattr("grader.sandbox.host.user_ids.secrets.randbelow", lambda count: next(numbers))
    first = pick_uid()
    with subprocess.Popen(["sleep", "60"], user=first) as sleeper:
        numbers = iter([5, 6])
        assert pick_uid() == first + 1
        end_processes_of(first)
        assert sleeper.wait() == -9


@root_only
def test_a_python_that_others_cannot_run_is_refused_at_the_start(tmp_path, interpreter):
    hidden = tmp_path / "python3"
    shutil.copy(interpreter.executable, hidden)
    hidden.chmod(0o700)
    with pytest.raises(SandboxError, match=r"an unprivileged user cannot run .*Choose another Python with --python"):
        check_access(choose_isolation(UID), replace(interpreter, executable=hidden))


@root_only
def test_a_temporary_folder_that_others_cannot_enter_is_refused_at_the_start(tmp_path, interpreter, monkeypatch):
    tmp_path.chmod(0o700)
    monkeypatch.setattr(isolation.tempfile, "gettempdir", lambda: str(tmp_path))
    with pytest.raises(SandboxError, match="Set TMPDIR to a folder that every user may enter"):
        check_access(choose_isolation(UID), interpreter)


def test_an_ordinary_user_is_refused(monkeypatch):
    monkeypatch.setattr(isolation.os, "geteuid", lambda: 1000)
    with pytest.raises(SandboxError, match="Start as root, or use the default sandbox"):
        choose_isolation(UID)


@pytest.mark.parametrize("lack", ["landlock_version", "can_filter_calls"])
def test_a_kernel_that_cannot_shut_off_files_and_calls_is_refused(monkeypatch, lack):
    monkeypatch.setattr(isolation.os, "geteuid", lambda: 0)
    monkeypatch.setattr(isolation, lack, lambda: 0)
    with pytest.raises(SandboxError, match="requires Landlock and seccomp, and one of them is missing"):
        choose_isolation(UID)


CONTAINER = """
import ctypes, sys
assert ctypes.CDLL(None).unshare(0x10000000) == 0
print("unshared", flush=True)
sys.stdin.readline()
open("/proc/sys/user/max_user_namespaces", "w").write("0")
print("closed", flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def container():
    """A process in a user namespace with 65,536 ids, as containers have, in which no namespace can be made."""
    command = [sys.executable, "-S", "-c", CONTAINER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "unshared\n"
        for kind in ("uid", "gid"):
            Path(f"/proc/{process.pid}/{kind}_map").write_text(f"0 0 1\n1 {FIRST_UID} 65535\n")
        print(file=process.stdin, flush=True)
        assert process.stdout.readline() == "closed\n"
        yield process.pid
        process.kill()


# As nsenter --user --preserve-credentials does.
ENTER = """
import ctypes, os, sys
namespace = os.open(f"/proc/{sys.argv[1]}/ns/user", os.O_RDONLY)
assert ctypes.CDLL(None).setns(namespace, 0x10000000) == 0
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


@pytest.fixture
def grade_in_container(container, readable_python, place):
    def grade(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", ENTER, container, "-m", "grader.cli.main", "grade", *arguments]
        command += ["--python", readable_python]
        env = {**os.environ, "TMPDIR": str(place)}
        return subprocess.run(list(map(str, command)), cwd=ROOT, env=env, capture_output=True, text=True, check=False)

    return grade


@root_only
def test_where_namespaces_are_refused_the_default_says_so_and_what_to_do(grade_in_container, tmp_path):
    done = grade_in_container(ROOT / "submissions/complete", "--out", tmp_path / "out")
    assert done.returncode == 3
    assert "refuses namespaces" in done.stderr
    for way in ("sysctl", "--privileged", "--sandbox uid", "--sandbox none"):
        assert way in " ".join(done.stderr.split()), way
    assert not (tmp_path / "out").exists()


@root_only
def test_where_namespaces_are_refused_a_uid_grades_and_every_page_says_so(grade_in_container, tmp_path):
    (tmp_path / "ada").mkdir()
    shutil.copy(ROOT / "reference/optim.py", tmp_path / "ada")
    out = tmp_path / "out"
    done = grade_in_container(tmp_path / "ada", "--out", out, "--sandbox", "uid")
    assert done.returncode == 0, done.stderr
    assert "Graded without isolation (--sandbox uid)." in done.stdout
    result = json.loads((out / "results/ada.json").read_text())
    assert result["environment"]["sandbox"] == "uid"
    assert {check["status"] for check in result["checks"] if check["file"] == "optim.py"} == {"passed"}
    for page in ("index.html", "ada.html", "feedback/ada.html"):
        assert "Graded without isolation" in (out / page).read_text(), page
