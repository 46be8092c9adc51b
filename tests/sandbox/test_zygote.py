"""A worker from a zygote looks like one that bwrap started, to itself and to others. It only starts faster."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import types
from dataclasses import replace
from pathlib import Path

import pytest

from grader.calls import CallFailed
from grader.messages.say import say
from grader.sandbox.host import start_worker, zygote_box
from grader.sandbox.host.check_process import CheckProcess
from grader.sandbox.host.check_setup import Setup
from grader.sandbox.host.interpreter import find_interpreter
from grader.sandbox.host.isolation import choose_isolation
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.mounts import ENVIRONMENT, INSIDE, SITE, WORKER, WORKER_FILES
from grader.sandbox.host.plan import Plan
from grader.sandbox.host.proc import list_children
from grader.sandbox.host.session import Session
from grader.sandbox.host.zygote_box import HELD_PROCESSES, HeldBox, Zygote, find_zygote, stop_using_zygote

pytestmark = pytest.mark.process

LIMITS = Limits(
    cpu_s=2,
    wall_s=6,
    import_cpu_s=5,
    import_wall_s=10,
    memory_mib=512,
    processes=8,
    open_files=64,
    submission_wall_s=60,
    reply_mib=64,
)

SELF = r"""
import json, os, re, resource, signal, sys, threading, warnings
import numpy as np
import numpy.fft, numpy.ma, numpy.polynomial

def status():
    main = sys.modules["__main__"]
    return json.dumps({
        "ids": [os.getresuid(), os.getresgid(), os.getgroups()],
        "group": [os.getsid(0) == os.getpid(), os.getpgid(0) == os.getsid(0)],
        "environment": dict(os.environ), "argv": [sys.argv[0], json.loads(sys.argv[1])["work"]], "path": sys.path,
        "executable": [sys.executable, sys.prefix, sys.flags.__repr__()],
        "folder": os.getcwd(), "umask": os.umask(0), "mask": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "handlers": {int(n): handler(n) for n in signal.valid_signals() if n not in (2, 24)},
        "limits": [resource.getrlimit(n) for n in range(16)],
        "files": [fd for fd in range(64) if is_open(fd)],
        "main": [main.__name__, main.__file__, main.main.__module__, main.main.__code__.co_filename, main.HERE],
        "numpy": [module.__file__ for module in (np, np.linalg, np.random, np.fft, np.ma, np.polynomial)],
        "extension": [np._core._multiarray_umath.__file__, np.random.mtrand.__file__],
        "lines": [np.dot.__module__, np.linalg.norm.__wrapped__.__code__.co_filename, np.random.__path__],
        "ours": sorted(n for n in sys.modules if n in ("protocol", "channel", "confine", "zygote", "stubs", "traces")),
        "finders": [getattr(one, "__name__", type(one).__name__) for one in sys.meta_path],
        "filters": [str(one) for one in warnings.filters], "threads": threading.active_count(),
        "random": [np.random.rand(), __import__("random").random()], "hash": hash("a"), "error": str(np.geterr()),
        "streams": [[one.encoding, one.errors, one.line_buffering, one.isatty()] for one in (sys.stdout, sys.stderr)],
    }, sort_keys=True)

def handler(number):
    return re.sub(" at 0x[0-9a-f]+", "", repr(signal.getsignal(number)))

def is_open(fd):
    try:
        os.fstat(fd)
        return True
    except OSError:
        return False

def value():
    return 7

def stop():
    os._exit(3)
"""


@pytest.fixture
def isolated():
    """Zygotes that no other test uses."""
    zygote_box.end_all()
    zygote_box.ZYGOTES.clear()
    yield
    zygote_box.end_all()
    zygote_box.ZYGOTES.clear()


@pytest.fixture
def tree(tmp_path):
    def write(source):
        (tmp_path / "cs231n").mkdir(exist_ok=True)
        (tmp_path / "cs231n" / "__init__.py").touch()
        (tmp_path / "cs231n" / "probe.py").write_text(source)
        tmp_path.chmod(0o755)
        return tmp_path

    return write


def open_session(root, source=SELF, functions=("status", "value", "stop"), given=(), **changed):
    isolation, interpreter = replace(choose_isolation("auto"), given=given), find_interpreter(sys.executable)
    plan = Plan(
        modules=("probe",),
        functions=frozenset(f"probe.{name}" for name in functions),
        sources={"probe.py": source.encode()},
        **changed,
    )
    return CheckProcess(Session(lambda: isolation.launch(interpreter, root, "cs231n", LIMITS.at_start()), plan, LIMITS))


def status_of(pid):
    names = ("Uid", "Gid", "Groups", "Cap", "NoNewPrivs", "Seccomp:", "Sig", "Shd", "Umask", "Threads")
    return [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(names)]


def looks(process):
    """Everything that a worker reports of itself, and what the kernel reports of it."""
    process.begin(Setup(0))
    box = process.session.box
    said = json.loads(process.call("probe.status", (), {}))
    pid = box.pids(0)[1] if isinstance(box, HeldBox) else list_children(box.init)[0]
    uid = next(line for line in status_of(pid) if line.startswith("Uid")).split()[1]
    kernel = [line.replace(uid, "UID") for line in status_of(pid)]
    init = {kind: os.readlink(f"/proc/{box.init}/ns/{kind}") for kind in os.listdir("/proc/self/ns")}
    own = {kind: os.readlink(f"/proc/{pid}/ns/{kind}") for kind in init}
    mounts = sorted(line.split()[4:6] for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines())
    others = {kind for kind in init if os.readlink(f"/proc/self/ns/{kind}") != own[kind]}
    process.end()
    return said, kernel, {kind for kind in init if init[kind] != own[kind]}, others, mounts


def test_a_worker_from_a_zygote_is_like_one_that_bwrap_started(tree, isolated, monkeypatch):
    root = tree(SELF)
    with open_session(root) as process:
        said, kernel, other_than_init, other_than_ours, mounts = looks(process)
        assert isinstance(process.session.box, HeldBox)
    monkeypatch.setattr(start_worker, "find_zygote", lambda recipe: None)
    with open_session(root) as process:
        expected = looks(process)
        assert not isinstance(process.session.box, HeldBox)
    for one in (said, expected[0]):  # where root grades, each has a random uid
        one["ids"] = [[1 if id_ else 0 for id_ in ids] for ids in one["ids"]]
    if os.geteuid() != 0:  # then the holder and the keeper have the same uid, and count
        expected[0]["limits"][resource.RLIMIT_NPROC] = [LIMITS.processes + HELD_PROCESSES] * 2
    assert said == expected[0]
    # With bwrap, what root's worker gave up stays in two of its sets, where it has no effect.
    rights = [line for line in kernel if line.startswith("Cap")]
    assert not any(int(line.split()[1], 16) for line in rights)
    assert [line for line in kernel if line not in rights] == [line for line in expected[1] if line[:3] != "Cap"]
    assert other_than_init == expected[2]
    assert other_than_ours == expected[3] >= {"mnt", "net", "pid", "user", "ipc", "uts"}
    mine = {(place, flags) for place, flags in map(tuple, mounts) if not place.startswith("/worker/")}
    theirs = {(place, flags) for place, flags in map(tuple, expected[4]) if not place.startswith("/worker/")}
    assert {place for place, _ in mine - theirs} == {"/holder/cat"}
    assert not theirs - mine


FORKING = (
    SELF
    + """
import time

def value():
    count = 0
    try:
        while True:
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
            count += 1
    except OSError:
        return count
"""
)


def test_both_ways_to_start_allow_as_many_processes(tree, isolated, monkeypatch):
    counts = []
    for _ in range(2):
        with open_session(tree(FORKING)) as process:
            process.begin(Setup(0))
            counts.append((process.call("probe.value", (), {}), isinstance(process.session.box, HeldBox)))
        monkeypatch.setattr(start_worker, "find_zygote", lambda recipe: None)
    assert counts == [(counts[0][0], True), (counts[0][0], False)]
    assert 1 <= counts[0][0] < LIMITS.processes


def test_one_zygote_serves_one_sandbox_after_the_other(tree, isolated):
    root = tree(SELF)
    for _ in range(3):
        with open_session(root) as process:
            process.begin(Setup(0))
            assert process.call("probe.value", (), {}) == 7
            process.end()
    (zygote,) = zygote_box.ZYGOTES.values()
    assert zygote.is_alive


def test_what_one_submission_does_at_import_is_not_there_for_the_next(tree, isolated):
    patching = (
        "import builtins, os, sys\nimport numpy as np\nnp.dot = None\nbuiltins.sum = None\nsys.stolen = 1\n"
        "os.environ['SEEN'] = '1'\nnp.random.rand = None\n" + SELF
    )
    with open_session(tree(patching)) as process:
        process.begin(Setup(0))
    looking = "repr((int(np.dot(2, 3)), sum([1, 2]), hasattr(sys, 'stolen'), 'SEEN' in os.environ))"
    after = f"{SELF}\ndef value():\n    return {looking}\n"
    with open_session(tree(after)) as process:
        process.begin(Setup(0))
        assert isinstance(process.session.box, HeldBox)
        assert process.call("probe.value", (), {}) == "(6, 3, False, False)"


def test_a_killed_zygote_is_replaced(tree, isolated):
    root = tree(SELF)
    with open_session(root) as process:
        process.begin(Setup(0))
        (zygote,) = zygote_box.ZYGOTES.values()
        zygote.process.kill()
        zygote.process.wait()
        assert process.call("probe.value", (), {}) == 7  # it no longer needs it
    with open_session(root) as process:
        process.begin(Setup(0))
        assert isinstance(process.session.box, HeldBox)
        assert process.call("probe.value", (), {}) == 7
    assert list(zygote_box.ZYGOTES.values()) != [zygote]


@pytest.mark.parametrize("fault", ["cannot be started", "ends at once", "may not enter", "dies as it is asked"])
def test_workers_start_without_a_zygote_where_none_can_run(tree, isolated, monkeypatch, fault):
    fork = Zygote.fork

    def refuse(self, init, options, pipes, group):
        if fault == "may not enter":
            fork(self, os.getpid(), options, pipes)  # whose children are not one
        elif fault == "dies as it is asked":
            os.kill(self.process.pid, signal.SIGSTOP)
            fork(self, init, options, pipes)
            self.process.kill()
            self.process.wait()
        else:
            fork(self, init, options, pipes)

    monkeypatch.setattr(Zygote, "fork", refuse)
    popen, commands = subprocess.Popen, {"cannot be started": ["/no/such/python"], "ends at once": ["/bin/true"]}
    if fault in commands:
        other = types.SimpleNamespace(Popen=lambda words, **how: popen(commands[fault], **how), DEVNULL=-3)
        monkeypatch.setattr(zygote_box, "subprocess", other)
    root = tree(SELF)
    for _ in range(2):
        with open_session(root) as process:
            process.begin(Setup(0))
            assert process.call("probe.value", (), {}) == 7
            assert not isinstance(process.session.box, HeldBox)
            process.end()
    assert list(zygote_box.ZYGOTES.values()) == [None]


def test_the_end_of_a_worker_is_reported_as_it_was(tree, isolated):
    for statement, code in (("os._exit(5)", 5), ("os.kill(os.getpid(), 11)", 128 + 11)):
        with open_session(tree(f"import os\n{statement}\n")) as process:
            with pytest.raises(CallFailed) as failed:
                process.begin(Setup(0))
            assert f"exit code {code}" in say(failed.value.failure.reason)


def test_a_process_that_a_module_made_a_sibling_of_its_own_is_found(tree, isolated):
    """clone with CLONE_PARENT: the keeper outside becomes its parent, and not the worker."""
    escaping = (
        "import ctypes, os, time\n"
        "if ctypes.CDLL(None).syscall(56 if os.uname().machine == 'x86_64' else 220, 0x8000 | 17, 0, 0, 0, 0) == 0:\n"
        "    while True:\n        time.sleep(1)\n" + SELF
    )
    with open_session(tree(escaping)) as process:
        process.begin(Setup(0))
        process.call("probe.status", (), {})
        box = process.session.box
        keeper, server = box.pids(0)
        (other,) = set(list_children(keeper)) - {server}
        assert box.has_stray_processes()
        process.end()
        assert process.session.box is None
        wait_until(lambda: not Path(f"/proc/{other}/ns/pid").exists())


def test_the_whole_sandbox_goes_with_its_worker(tree, isolated):
    leaving = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(600)\n    os._exit(0)\n" + SELF
    with open_session(tree(leaving)) as process:
        process.begin(Setup(0))
        box = process.session.box
        keeper, server = box.pids(0)
        inside = [box.init, keeper, server, *list_children(server), *list_children(box.init)]
        assert len(set(inside)) >= 5
        os.kill(server, signal.SIGKILL)
        wait_until(lambda: not any(is_running(pid) for pid in inside))


def test_memory_is_that_of_the_worker_and_all_below(tree, isolated):
    with open_session(tree("import numpy as np\nkept = np.ones(10_000_000)\n" + SELF)) as process:
        process.begin(Setup(0))
        assert 80e6 < process.session.box.held_memory() < 400e6


def test_a_zygote_ends_with_its_judge(tmp_path):
    program = (
        "import sys, os, time\nfrom grader.sandbox.host import zygote_box\n"
        "command = (sys.executable, '-c', 'import sys; sys.stdin.buffer.raw.read(1)')\n"
        "z = zygote_box.Zygote(command)\n"
        "print(z.process.pid, flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as judge:
        pid = int(judge.stdout.readline())
        assert is_running(pid)
        judge.kill()
        wait_until(lambda: not is_running(pid))


def test_a_forked_process_uses_its_parents_zygote_and_leaves_it_alive(tree, isolated):
    root = tree(SELF)
    with open_session(root) as process:
        process.begin(Setup(0))
        recipe = process.session.box.zygote.recipe
    zygote = find_zygote(recipe)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            assert find_zygote(recipe) is zygote
            with open_session(root) as process:
                process.begin(Setup(0))
                assert isinstance(process.session.box, HeldBox)
                os.write(writing, b"%d" % process.call("probe.value", (), {}))
            zygote_box.end_all()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 16) == b"7"
    os.close(reading)
    os.close(writing)
    assert find_zygote(recipe) is zygote
    stop_using_zygote(zygote)
    assert not is_running(zygote.process.pid)
    assert find_zygote(recipe) is None


def is_running(pid):
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition):
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


GIVEN = """
import sys
from .given import NUMBER

def known():
    return sorted(path for path, _ in sys.path_hooks[0].__globals__["COMPILED"])

def number():
    return NUMBER
"""


def test_handed_out_files_are_compiled_once_and_known_only_where_they_are_shown(tree, isolated, tmp_path):
    """Code compiled outside is that of the file in the work tree. Inside, files that a tree lacks are unknown."""
    originals = tmp_path / "reference"
    originals.mkdir()
    given = []
    for name, text in (("given", "NUMBER = 3\n"), ("withheld", "NUMBER = 4\n"), ("broken", "NUMBER = (\n")):
        (originals / f"{name}.py").write_text(text)
        given.append((f"cs231n/{name}.py", str(originals / f"{name}.py")))
    for number in (3, 5):
        (tree(GIVEN) / "cs231n" / "given.py").write_text(f"NUMBER = {number}\n")
        with open_session(tmp_path, GIVEN, ("known", "number"), tuple(given)) as process:
            process.begin(Setup(0))
            assert isinstance(process.session.box, HeldBox)
            assert process.call("probe.number", (), {}) == number
            assert process.call("probe.known", (), {}) == ["/work/cs231n/given.py"]
            process.end()


def test_a_zygote_keeps_what_python_compiled_of_our_modules_and_of_no_other(tmp_path):
    inside, other = tmp_path / "inside", tmp_path / "other"
    shutil.copytree(INSIDE, inside, ignore=shutil.ignore_patterns("__pycache__"))
    other.mkdir()
    (other / "__init__.py").write_text("seen = True\n")
    *command, options = zygote_box.recipe_for(find_interpreter(sys.executable), ())
    changed = json.loads(options)
    changed |= {"modules": [*changed["modules"], "other"], "shown": [], "hidden": []}
    changed["places"] |= {WORKER: str(inside), f"{SITE}/other": str(other)}
    judge, stdin = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    judge.close()  # so the zygote ends when everything is imported
    with stdin:
        done = subprocess.run(
            [*command, json.dumps(changed)], stdin=stdin, env=ENVIRONMENT, cwd="/", capture_output=True, text=True
        )
    assert (done.returncode, done.stderr) == (0, "")
    compiled = {path.name.partition(".")[0] for path in inside.glob("__pycache__/*.pyc")}
    assert compiled == {name.removesuffix(".py") for name in WORKER_FILES}
    assert [path.name for path in other.iterdir()] == ["__init__.py"]
