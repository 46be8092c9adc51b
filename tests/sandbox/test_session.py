"""The judge's end of the conversation, tested with real workers that misbehave."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from sayings import call_fails

from grader.calls import CallFailed
from grader.messages.say import say
from grader.records import Members
from grader.sandbox.host.check_lifecycle import WAITING
from grader.sandbox.host.check_process import CheckProcess
from grader.sandbox.host.check_setup import Setup
from grader.sandbox.host.failures import failure_from
from grader.sandbox.host.interpreter import find_interpreter
from grader.sandbox.host.isolation import choose_isolation
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.plan import ImportResult, LeftOut, Plan, left_out_from
from grader.sandbox.host.session import Session

pytestmark = pytest.mark.process

LIMITS = Limits(
    cpu_s=1,
    wall_s=4,
    import_cpu_s=2,
    import_wall_s=6,
    memory_mib=512,
    processes=8,
    open_files=64,
    reply_mib=8,
    submission_wall_s=600,
)
SOON = replace(LIMITS, wall_s=2)  # for code that only this can end


@pytest.fixture
def open_session(tmp_path):
    """Open a process on the source of one module, `case`, whose top-level functions can all be called."""
    interpreter, chosen = find_interpreter(sys.executable), choose_isolation("auto")
    opened = []

    def open_one(source: str, limits: Limits = LIMITS, **planned: object) -> CheckProcess:
        package = tmp_path / "work" / "cs231n"
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text("")
        (package / "case.py").write_text(source)
        names = [line[4:].split("(")[0] for line in source.splitlines() if line.startswith("def ")] + ["absent"]
        plan = Plan(("case",), frozenset(f"case.{name}" for name in names), {"case.py": source.encode()})
        plan = replace(plan, **planned)
        process = CheckProcess(
            Session(lambda: chosen.launch(interpreter, tmp_path / "work", "cs231n", limits.at_start()), plan, limits)
        )
        opened.append(process)
        return process

    yield open_one
    for process in opened:
        process.kill()


def failure_of(process: CheckProcess, name: str, *args):
    with pytest.raises(CallFailed) as caught:
        process.call(f"case.{name}", args, {})
    return caught.value.failure


def one_failure(process: CheckProcess, name: str = "f", *args):
    process.begin(Setup(0))
    failure = failure_of(process, name, *args)
    process.end()
    return failure


def test_arrays_numbers_and_dicts_are_sent_and_caches_stay(open_session):
    process = open_session(
        "import numpy as np\n"
        "def forward(x):\n    return 2 * x, (x, {'p': 1})\n"
        "def backward(dout, cache):\n    x, p = cache\n    return dout * x + p['p']\n"
        "def config(w):\n    return w, {'velocity': w, 'name': 'sgd', 'none': None}\n"
    )
    process.begin(Setup(0))
    out, cache = process.call("case.forward", (np.arange(3.0),), {})
    assert out.tolist() == [0.0, 2.0, 4.0]
    assert cache.type_name == "tuple"
    assert process.call("case.backward", (np.ones(3), cache), {}).tolist() == [1.0, 2.0, 3.0]
    _, settings = process.call("case.config", (np.ones(2),), {})
    assert settings["velocity"].tolist() == [1.0, 1.0]
    assert settings["name"] == "sgd"


def test_a_changed_dict_comes_back_and_a_changed_array_does_not(open_session):
    process = open_session(
        "def f(x, param):\n    param['seen'] = param.get('seen', 0) + 1\n    x[0] = 99\n    return x\n"
    )
    process.begin(Setup(0))
    x, param = np.zeros(2), {"mode": "train"}
    process.call("case.f", (x, param), {})
    process.call("case.f", (x, param), {})
    assert param == {"mode": "train", "seen": 2}
    assert x.tolist() == [0.0, 0.0]
    assert process.exchange.mutations == [("case.f", 0, True), ("case.f", 0, True)]


def test_every_check_is_a_fresh_process(open_session):
    process = open_session("import numpy as np\nkept = []\ndef f():\n    kept.append(1)\n    return len(kept)\n")
    for _ in range(3):
        process.begin(Setup(0))
        assert process.call("case.f", (), {}) == 1
        process.end()


def test_a_patched_numpy_is_gone_in_the_next_check(open_session):
    process = open_session(
        "import numpy as np\ndef f():\n    np.sum = None\n    return 1\ndef g():\n    return np.sum([1, 2])\n"
    )
    process.begin(Setup(0))
    process.call("case.f", (), {})
    process.end()
    process.begin(Setup(0))
    assert process.call("case.g", (), {}) == 3


def test_random_numbers_are_the_same_in_every_run(open_session):
    source = (
        "import random\nimport numpy as np\ndef f():\n"
        "    return np.array([random.random(), np.random.rand(), hash('a')])\n"
    )
    drawn = []
    for _ in range(2):
        process = open_session(source)
        process.begin(Setup(7))
        drawn.append(process.call("case.f", (), {}).tolist())
        process.kill()
    assert drawn[0] == drawn[1]


def test_a_hang_costs_only_its_own_check(open_session):
    process = open_session("def f():\n    count = 0\n    while count > -1: count += 1\ndef g():\n    return 1\n")
    started = time.monotonic()
    failure = one_failure(process)
    assert failure.status == "timeout"
    assert say(failure.reason) == "f was still running after 1 s of CPU time. Perhaps a loop never ends."
    assert [(frame.file, frame.function, frame.text.strip()) for frame in failure.frames] == [
        ("case.py", "f", "while count > -1: count += 1")
    ]
    assert time.monotonic() - started < 60
    process.begin(Setup(0))
    assert process.call("case.g", (), {}) == 1


def test_a_timeout_names_the_loop_and_the_same_one_in_every_run(open_session):
    """The time may end anywhere in the loop: in its body, in a loop inside it, in a function that it calls."""
    source = (
        "def g(n):\n    return sum(i for i in range(n))\n"
        "def f():\n    total = 0\n    while total >= 0:\n        for n in range(9):\n            total += g(n)\n"
    )
    for _ in range(3):
        (frame,) = one_failure(open_session(source)).frames
        assert (frame.line, frame.function, frame.text) == (5, "f", "    while total >= 0:")


def test_a_timeout_without_a_loop_names_no_line(open_session):
    failure = one_failure(open_session("import itertools\ndef f():\n    for i in itertools.count():\n        i + 1\n"))
    assert (failure.status, failure.frames) == ("timeout", ())


def test_a_loop_that_catches_everything_is_killed(open_session):
    loop = (
        "    while True:\n        try:\n            while True: pass\n        except BaseException:\n            pass\n"
    )
    assert one_failure(open_session("def f():\n" + loop)).status == "timeout"


def test_a_check_that_was_ended_can_be_ended_again_without_harm(open_session):
    process = open_session("def f(x):\n    return x\n")
    process.begin(Setup(0))
    assert process.call("case.f", (1.0,), {}) == 1.0
    process.end()
    box = process.session.box
    process.end()
    process.begin(Setup(0))
    assert process.session.box is box
    assert process.call("case.f", (2.0,), {}) == 2.0
    process.end()


def test_sleeping_is_ended_from_outside(open_session):
    failure = one_failure(open_session("import time\ndef f():\n    time.sleep(1000)\n", SOON))
    assert failure.status == "timeout"
    assert "did not return within" in say(failure.reason)


@pytest.mark.parametrize(
    "body",
    [
        "[signal.signal(n, signal.SIG_IGN) for n in (signal.SIGTERM, signal.SIGXCPU)]\n    while True: pass",
        "os.kill(os.getpid(), signal.SIGSTOP)",
        "os.kill(os.getppid(), signal.SIGSTOP)\n    time.sleep(1000)",
    ],
    ids=["ignores signals", "stops itself", "stops the server"],
)
def test_a_child_that_ignores_the_request_to_end_is_killed(open_session, body):
    process = open_session(f"import os, signal, time\ndef f():\n    {body}\ndef g():\n    return 1\n", SOON)
    assert one_failure(process).status == "timeout"
    process.begin(Setup(0))
    assert process.call("case.g", (), {}) == 1


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("os._exit(0)", "f ended the process with exit code 0."),
        ("os._exit(3)", "f ended the process with exit code 3."),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "f was killed by signal 11 (SIGSEGV)."),
        ("os.abort()", "f was killed by signal 6 (SIGABRT)."),
    ],
)
def test_a_crash_says_how_the_process_ended(open_session, body, text):
    failure = one_failure(open_session(f"import os, signal\ndef f():\n    {body}\n"))
    assert (failure.status, say(failure.reason)) == ("crashed", text)


def test_killing_the_server_costs_only_its_own_check(open_session):
    process = open_session(
        "import os, signal, time\ndef f():\n    os.kill(os.getppid(), 9)\n    time.sleep(9)\ndef g():\n    return 1\n"
    )
    assert one_failure(process).status == "crashed"
    process.begin(Setup(0))
    assert process.call("case.g", (), {}) == 1


def test_an_exception_comes_with_the_students_lines(open_session):
    source = "import numpy as np\ndef f(x):\n    return g(x)\ndef g(x):\n    return np.zeros(3) @ x\n"
    failure = one_failure(open_session(source), "f", np.zeros(4))
    assert failure.status == "error"
    assert say(failure.reason).startswith("f raised ValueError: matmul")
    assert [(frame.file, frame.line, frame.function, frame.text) for frame in failure.frames] == [
        ("case.py", 3, "f", "    return g(x)"),
        ("case.py", 5, "g", "    return np.zeros(3) @ x"),
    ]


def test_a_forged_traceback_shows_no_line_of_another_file(open_session):
    source = (
        "def f():\n"
        "    exec(compile('\\n' * 400 + '1 / 0', '/etc/passwd', 'exec'))\n"
        "def g():\n"
        "    exec(compile('\\n' * 400 + '1 / 0', '/work/cs231n/case.py', 'exec'))\n"
    )
    for name in "fg":
        failure = one_failure(open_session(source), name)
        assert {frame.file for frame in failure.frames} == {"case.py"}
        assert all(frame.text in source for frame in failure.frames)


@pytest.mark.parametrize("body", ["sys.exit()", "raise SystemExit(0)", "raise KeyboardInterrupt", "input()"])
def test_exits_by_exception_are_errors(open_session, body):
    assert one_failure(open_session(f"import sys\ndef f():\n    {body}\n")).status == "error"


def test_an_exception_whose_text_raises_is_an_error(open_session):
    source = "class E(Exception):\n    def __str__(self):\n        raise ValueError\ndef f():\n    raise E\n"
    failure = one_failure(open_session(source))
    assert (failure.status, say(failure.reason)) == ("error", "f raised E: (its text could not be read)")


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    raise NotImplementedError\n",
        "def f(x):\n    '''Docs.'''\n    pass\n",
        "def f(x):\n    out = None\n    # TODO\n    cache = x\n    return out, cache\n",
        "def f(x):\n    out, cache = None, None\n    p = x.get('p', 1)\n    return out, cache\n",
        "def f(x):\n    if x is None:\n        x = {}\n    x['v'] = x.get('v', np.zeros(3))\n    return None, x\n",
        "def f(x):\n    if x == 'b':\n        pass\n    elif x == 3:\n        raise E('%s' % x)\n    return None, x\n",
    ],
)
def test_a_stub_is_missing(open_session, source):
    failure = one_failure(open_session(f"import numpy as np\n{source}"), "f", {})
    assert (failure.status, say(failure.reason)) == ("missing", "f is not written yet.")


def test_a_body_with_a_comparison_is_not_a_stub(open_session):
    process = open_session("def f(x):\n    mask = x > 0\n    return None, mask\n")
    process.begin(Setup(0))
    value, mask = process.call("case.f", (np.ones(2),), {})
    assert (value, mask.tolist()) == (None, [True, True])


def test_an_absent_function_is_missing(open_session):
    failure = one_failure(open_session("def f():\n    return 1\n"), "absent")
    assert (failure.status, say(failure.reason)) == ("missing", "case.py does not define absent.")


def test_a_missing_return_is_not_reported_as_a_stub(open_session):
    process = open_session("def f(x):\n    out = x * 2\n")
    process.begin(Setup(0, arities=[("case.f", 2)]))
    failure = failure_of(process, "f", np.ones(2))
    assert (failure.status, say(failure.reason)) == (
        "failed",
        "f returned None, expected 2 values. Is a return missing?",
    )


@pytest.mark.parametrize(("value", "found"), [("x", "one array"), ("(x, x, x)", "3 values"), ("1", "one value")])
def test_a_wrong_number_of_values_is_said(open_session, value, found):
    process = open_session(f"def f(x):\n    return {value}\n")
    process.begin(Setup(0, arities=[("case.f", 2)]))
    assert say(failure_of(process, "f", np.ones(2)).reason) == f"f returned {found}, expected 2 values."


def test_prints_are_kept_up_to_a_limit_and_cost_nothing(open_session):
    process = open_session("def f():\n    for i in range(40000):\n        print('line', i, 'x' * 40)\n    return 1\n")
    process.begin(Setup(0))
    assert process.call("case.f", (), {}) == 1
    text, count = process.end()
    assert text.startswith("line 0 ")
    assert len(text) == 64 << 10
    assert count > 2_000_000
    process.begin(Setup(0))
    assert process.end() == ("", 0)


def test_what_was_printed_before_a_crash_is_kept(open_session):
    process = open_session("import os\ndef f():\n    print('here')\n    os._exit(1)\n")
    process.begin(Setup(0))
    failure_of(process, "f")
    assert process.end()[0] == "here\n"


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("garbage on the reply pipe", "    os.write(fd, b'garbage' * 100)\n    return 1\n"),
        (
            "a whole extra reply",
            "    os.write(fd, protocol.encode({'outcome': 'value', 'value': 7}, 3))\n    return 1\n",
        ),
        (
            "a reply in advance",
            "    os.write(fd, protocol.encode({'outcome': 'value', 'value': 7}, 4))\n    return 1\n",
        ),
        (
            "an end in advance",
            "    os.write(fd, protocol.encode({'op': 'ended', 'exit': 0, 'signal': 0}))\n    return 1\n",
        ),
        ("a reply that is a list", "    os.write(fd, protocol.encode([1]))\n    time.sleep(1)\n    return 1\n"),
        ("a header without end", "    os.write(fd, b'LGP1' + b'\\xff' * 24)\n    time.sleep(1)\n    return 1\n"),
    ],
)
def test_forged_frames_cost_their_own_check_and_no_other(open_session, name, source):
    """Code can find the reply pipe among the open descriptors, and the worker's modules can write frames."""
    head = "import os, time\nfrom __main__ import server\nprotocol = server.protocol\n"
    head += "def f():\n    fd = max(range(3, 20), key=alive)\n"
    alive = (
        "def alive(fd):\n    import fcntl\n    try:\n        flags = fcntl.fcntl(fd, fcntl.F_GETFL)\n"
        "    except OSError:\n        return 0\n    return fd if flags & os.O_WRONLY else 0\n"
    )
    process = open_session(head + source + alive + "def g():\n    return 5\n")
    process.begin(Setup(0))
    try:
        value = process.call("case.f", (), {})
    except CallFailed as failed:
        value = failed.failure.status
    process.end()
    assert value in (1, 7, "crashed", "failed"), name
    assert process.session.box is None, "the sandbox is not trusted any more"
    process.begin(Setup(0))
    assert process.call("case.g", (), {}) == 5


def test_a_thread_that_answers_later_reaches_no_other_check(open_session):
    source = (
        "import os, sys, threading, time\nprotocol = sys.modules['__main__'].server.protocol\n"
        "def later():\n    time.sleep(0.3)\n"
        "    os.write(4, protocol.encode({'outcome': 'value', 'value': 7}, 99))\n"
        "def f():\n    threading.Thread(target=later).start()\n    return 1\n"
        "def g():\n    time.sleep(0.6)\n    return 5\n"
    )
    process = open_session(source)
    process.begin(Setup(0))
    assert process.call("case.f", (), {}) == 1
    process.end()
    process.begin(Setup(0))
    assert process.call("case.g", (), {}) == 5


@pytest.mark.parametrize(
    "value",
    [
        "np.lib.stride_tricks.as_strided(np.zeros(1), (10**6, 10**6), (0, 0))",
        "np.zeros(1 << 22)",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        "['x' * 100] * 100000",
        "10 ** 5000",
    ],
    ids=["zero strides", "over the reply limit", "nesting", "many values", "digits"],
)
def test_a_reply_over_a_limit_costs_its_own_check(open_session, value):
    process = open_session(f"import numpy as np\ndef f():\n    return {value}\ndef g():\n    return 1\n")
    process.begin(Setup(0))
    try:
        kept = process.call("case.f", (), {})
        assert getattr(kept, "type_name", None) or isinstance(kept, list)
    except CallFailed as failed:
        assert failed.failure.status in ("failed", "crashed")
    process.end()
    process.begin(Setup(0))
    assert process.call("case.g", (), {}) == 1


@pytest.mark.parametrize(
    ("source", "status", "text"),
    [
        ("def f(:\n", "error", "case.py cannot be imported: SyntaxError: "),
        ("1 / 0\ndef f(): pass\n", "error", "case.py cannot be imported: ZeroDivisionError: division by zero"),
        ("import os\nos._exit(4)\ndef f(): pass\n", "crashed", "importing case ended the process with exit code 4."),
        ("while True: pass\ndef f(): pass\n", "timeout", "importing case was still running after 2 s of CPU time."),
        ("raise NotImplementedError\ndef f(): pass\n", "error", "case.py cannot be imported"),
        ("import sys\nsys.exit(0)\ndef f(): pass\n", "error", "case.py cannot be imported: SystemExit: 0"),
    ],
)
def test_an_import_that_fails_says_so_once_for_all_checks(open_session, source, status, text):
    process = open_session(source)
    for _ in range(2):
        with pytest.raises(CallFailed) as caught:
            process.begin(Setup(0))
            process.call("case.f", (), {})
        process.end()
        assert caught.value.failure.status == status
        assert say(caught.value.failure.reason).startswith(text)


def test_a_tolerant_import_leaves_out_failing_statements(open_session):
    source = "def g(:\n    pass\nwhile True: pass\n1 / 0\ndef f(): return 1\n"
    process = open_session(source)
    process.session.plan = replace(process.session.plan, tolerant=True)
    process.begin(Setup(0))
    assert process.call("case.f", (), {}) == 1
    broken = failure_of(process, "g")
    assert (broken.status, broken.frames[-1].line) == ("error", 1)
    assert [(one.file, one.line, one.function) for one in process.session.imported.left_out] == [
        ("case.py", 1, "g"),
        ("case.py", 3, ""),
        ("case.py", 4, ""),
    ]
    assert process.session.imported.left_out[1].error == "OutOfTime: still running after 0.8 s of CPU time"


def test_a_workers_list_of_left_out_statements_is_treated_as_data(open_session):
    assert left_out_from(("a.py", 1, "f", "Error", "text")) == LeftOut("a.py", 1, "f", "Error: text")
    for item in (None, (), ("a.py", "1", "f", "e", "t"), ["a.py", 1, "f", "e", "t"], ("a.py", True, "f", "e", "t")):
        assert left_out_from(item) is None


def test_a_replaced_worker_module_forges_no_more_than_its_own_values(open_session):
    source = (
        "import sys\nworker = sys.modules['__main__'].server\n"
        "worker.Child.call = lambda self, *args: {'outcome': 'value', 'value': 42, 'dicts': {}, 'arrays': []}\n"
        "def f():\n    return 1\n"
    )
    process = open_session(source)
    process.begin(Setup(0))
    assert process.call("case.f", (), {}) == 42
    process.end()


def test_a_reply_without_its_parts_is_malformed(open_session):
    source = (
        "import sys\nworker = sys.modules['__main__'].server\n"
        "worker.Child.call = lambda self, *args: {'outcome': 'value', 'value': 42}\ndef f():\n    return 1\n"
    )
    failure = one_failure(open_session(source))
    assert (failure.status, say(failure.reason)) == (
        "crashed",
        "f sent a malformed reply (a value without dicts and arrays).",
    )


def test_the_prints_of_a_killed_check_reach_no_other_check(open_session, monkeypatch):
    process = open_session("import os\ndef f():\n    print('f')\n    os._exit(1)\n")
    one_failure(process)
    failure = failure_from({"outcome": "error", "type": "E", "text": "no second box"}, process.at(""))
    monkeypatch.setattr(process.session, "imported", ImportResult(broken=failure))
    with pytest.raises(CallFailed):
        process.begin(Setup(0))
    assert process.end() == ("", 0)


def test_limits_on_files_are_set(open_session):
    process = open_session(
        "import os, resource\ndef f():\n"
        "    kinds = resource.RLIMIT_NOFILE, resource.RLIMIT_CORE, resource.RLIMIT_FSIZE\n"
        "    return [resource.getrlimit(kind)[0] for kind in kinds]\n"
    )
    process.begin(Setup(0))
    assert process.call("case.f", (), {}) == [64, 0, 0]


def stay(process: CheckProcess, *calls: str, **setup: object) -> list[object]:
    """Run one check in the current child, which may stay after it. Returns what its calls return."""
    process.begin(Setup(0, **setup), fresh=False)
    values = [process.call(f"case.{name}", (), {}) for name in calls]
    process.end(stay=True)
    return values


SHARING = "import os\nimport numpy as np\nkept = []\ndef who():\n    return os.getpid()\n"


@pytest.fixture
def open_sharing(open_session):
    def open_one(source: str, **planned: object) -> CheckProcess:
        return open_session(SHARING + source, **planned)

    return open_one


def test_a_child_serves_check_after_check_as_long_as_none_leaves_a_trace(open_sharing):
    process = open_sharing("def keep():\n    kept.append(1)\n    return len(kept)\n")
    first = stay(process, "who")
    assert not process.is_reused
    assert stay(process, "who") == first
    assert process.is_reused
    assert stay(process, "who", "keep") == [*first, 1]
    again, count = stay(process, "who", "keep")
    assert not process.is_reused
    assert (again == first[0], count) == (False, 1)


def test_a_request_for_a_fresh_child_gets_one(open_sharing):
    process = open_sharing("")
    first = stay(process, "who")
    process.begin(Setup(0))
    assert not process.is_reused
    second = process.call("case.who", (), {})
    process.end()
    third = stay(process, "who")
    assert len({*first, second, *third}) == 3


def test_a_child_stays_only_on_request(open_sharing):
    process = open_sharing("")
    process.begin(Setup(0), fresh=False)
    first = process.call("case.who", (), {})
    process.end()
    assert stay(process, "who") != [first]
    process.begin(Setup(0), fresh=False)
    process.call("case.who", (), {})
    process.end()
    assert process.state != WAITING


def test_a_function_is_a_stub_in_the_check_that_it_is_granted_to_and_in_no_other(open_sharing):
    source = "def called():\n    return 1\ndef calls():\n    return called()\n"
    process = open_sharing(source, switches={"case.called": ()}, exchange=True)

    def answer(function, args):
        return {"outcome": "value", "value": 2, "dicts": {}}

    first = stay(process, "calls", "who", granted=frozenset(["case.called"]), answer=answer)
    second = stay(process, "calls", "who")
    assert process.is_reused and first[1] == second[1]
    assert [first[0], second[0]] == [2, 1]


def test_random_numbers_and_settings_begin_anew_in_a_child_that_stayed(open_sharing):
    process = open_sharing(
        "def draw():\n    np.seterr(all='raise')\n    return float(np.random.rand())\n"
        "def divide():\n    return float((np.ones(1) / 0)[0])\n"
    )
    first = stay(process, "draw")
    assert stay(process, "draw") == first
    assert process.is_reused
    assert stay(process, "divide") == [float("inf")]
    assert process.is_reused


def test_handles_of_a_check_are_gone_in_the_next_one_of_the_same_child(open_sharing):
    process = open_sharing("def cache():\n    return [], (1, [2])\ndef use(cache):\n    return cache[0]\n")
    process.begin(Setup(0), fresh=False)
    _, cache = process.call("case.cache", (), {})
    process.end(stay=True)
    process.begin(Setup(0), fresh=False)
    assert process.is_reused
    with pytest.raises(CallFailed):
        process.call("case.use", (cache,), {})


def test_a_child_that_used_much_time_does_not_stay(open_sharing):
    process = open_sharing("import time\ndef work():\n    while time.process_time() < 0.2: pass\n    return 1\n")
    assert stay(process, "work") == [1]
    assert stay(process, "who")
    assert not process.is_reused


def test_a_process_or_thread_that_outlives_its_check_does_not_stay(open_sharing):
    process = open_sharing(
        "import threading, time\n"
        "def leave():\n    if os.fork() == 0:\n        time.sleep(30)\n    return 1\n"
        "def thread():\n    threading.Thread(target=time.sleep, args=(30,), daemon=True).start()\n    return 1\n"
    )
    stay(process, "who")
    assert stay(process, "thread") == [1]
    assert stay(process, "who")
    assert not process.is_reused
    assert stay(process, "leave") == [1]
    assert process.session.box is None
    assert stay(process, "who")


def test_a_stale_child_that_leaves_another_process_costs_no_check(open_sharing):
    """It leaves a trace, which the next check's begin finds, and forks only when it ends itself."""
    process = open_sharing(
        "import sys, time\n"
        "def keep():\n    kept.append(1)\n    sys.stdout = Late()\n    return 1\n"
        "class Late:\n"
        "    asked = 0\n"
        "    def flush(self):\n"
        "        Late.asked += 1\n"
        "    def write(self, text):\n        pass\n"
    )
    assert stay(process, "keep") == [1]
    assert process.state == WAITING
    assert stay(process, "keep") == [1]
    assert not process.is_reused
    first = process.session.box
    process.begin(Setup(0), fresh=False)
    kill = process.has_ended
    process.has_ended = lambda: kill() and False  # as if a process were left
    assert process.call("case.keep", (), {}) == 1
    assert process.session.box is not None
    assert process.session.box is not first
    assert not process.is_reused


def test_what_is_printed_belongs_to_the_check_that_printed_it(open_sharing):
    process = open_sharing("def say(text):\n    print(text, end='')\n    return 1\n")
    said = []
    for text in ("one", "two", "three"):
        process.begin(Setup(0), fresh=False)
        process.call("case.say", (text,), {})
        said.append(process.end(stay=True)[0])
    assert said == ["one", "two", "three"]
    assert process.is_reused


def test_a_write_goes_with_the_next_call_or_is_settled(open_session):
    source = (
        "class Net:\n    def __init__(self):\n        self.params = {'W': np.zeros(2)}\n"
        "    def loss(self):\n        return float(self.params['W'].sum())\n"
        "class Fixed(Net):\n    @property\n    def params(self):\n        raise TypeError('no')\n"
        "    @params.setter\n    def params(self, value):\n        pass\n"
    )
    members = Members(methods=frozenset({"loss"}), attributes=frozenset({"params"}))
    names = frozenset({"case.Net", "case.Fixed"})
    process = open_session("import numpy as np\n" + source, functions=names, classes=dict.fromkeys(names, members))
    process.begin(Setup(0))
    net = process.call("case.Net", (), {})
    weights = np.ones(2)
    assert process.call("case.Net.params", (net, {"W": weights}), {}) is True
    weights += 5  # after the check had received it
    assert process.call("case.Net.loss", (net,), {}) == 2
    fixed = process.call("case.Fixed", (), {})
    assert process.call("case.Fixed.params", (fixed, {"W": weights}), {}) is True
    with call_fails("params raised TypeError: no"):
        process.settle()
    assert process.call("case.Fixed.params", (fixed, {"W": weights}), {}) is True
    with call_fails("params raised TypeError: no"):
        process.call("case.Net.loss", (net,), {})
    assert process.call("case.Net.loss", (net,), {}) == 2
    process.end()


def test_a_check_after_the_submissions_time_runs_in_no_child_and_leaves_the_one_that_waits(open_sharing):
    process = open_sharing("")
    assert stay(process, "who") == stay(process, "who")
    assert process.is_reused
    process.session.account.until = time.monotonic() - 1
    with call_fails("used up its total time"):
        process.begin(Setup(1), fresh=False)
    assert not process.is_reused


def test_a_limit_of_a_fraction_of_a_second_ends_a_loop_and_is_reported(open_session):
    process = open_session("def f():\n    while True:\n        pass\n")
    process.begin(Setup(1, replace(LIMITS, cpu_s=0.3), "It had less time than usual."))
    with pytest.raises(CallFailed) as caught:
        process.call("case.f", (), {})
    process.end()
    text = "f was still running after 0.3 s of CPU time. Perhaps a loop never ends. It had less time than usual."
    assert say(caught.value.failure.reason) == text
    process.begin(Setup(1))
    with call_fails("after 1 s of CPU time"):
        process.call("case.f", (), {})


def test_a_loop_that_ignores_the_timer_is_ended_by_the_kernels_limit(open_session):
    process = open_session(
        "import signal\ndef f():\n    signal.signal(signal.SIGPROF, signal.SIG_IGN)\n    while True:\n        pass\n"
    )
    process.begin(Setup(1, replace(LIMITS, cpu_s=0.3)))
    with pytest.raises(CallFailed) as caught:
        process.call("case.f", (), {})
    assert caught.value.failure.status == "timeout"
