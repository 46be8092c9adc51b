"""Cgroups, tested on a folder that imitates a tree of cgroup v2, since not every machine has one; and a real worker."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from grader.sandbox.host import cgroup, zygote_box
from grader.sandbox.host.cgroup import close_group, find_parent, make_group
from grader.sandbox.host.check_process import CheckProcess
from grader.sandbox.host.check_setup import Setup
from grader.sandbox.host.interpreter import find_interpreter
from grader.sandbox.host.isolation import choose_isolation
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.plan import Plan
from grader.sandbox.host.session import Session

LIMITS = Limits(2, 6.0, 5, 10.0, 60.0, 512, 8, 64, 8)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A delegated group with this process alone in it. The kernel removes a group together with its files."""
    own = tmp_path / "mount" / "course"
    own.mkdir(parents=True)
    (tmp_path / "listing").write_text("1:name=systemd:/x\n0::/course\n")
    (own / "cgroup.controllers").write_text("cpu memory pids\n")
    (own / "cgroup.subtree_control").write_text("\n")
    (own / "cgroup.procs").write_text(f"{os.getpid()}\n")
    monkeypatch.setattr(Path, "rmdir", lambda path: shutil.rmtree(path))
    find_parent.cache_clear()
    yield own
    find_parent.cache_clear()


def found(own: Path) -> Path | None:
    return find_parent(str(own.parents[1] / "listing"), str(own.parent))


def test_own_group_is_made_to_share_its_controllers(tree):
    assert found(tree) == tree
    assert (tree / "judge" / "cgroup.procs").read_text() == str(os.getpid())
    assert (tree / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_a_job_started_in_the_leaf_finds_the_group_above(tree):
    (tree / "cgroup.subtree_control").write_text("memory pids")
    (tree.parents[1] / "listing").write_text("0::/course/judge\n")
    assert found(tree) == tree


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("cgroup.procs", f"{os.getpid()}\n1\n"),  # another process is in it
        ("cgroup.controllers", "cpu pids\n"),
        ("cgroup.controllers", None),  # cgroup v1
    ],
    ids=["somebody else is in it", "no memory controller", "cgroup v1"],
)
def test_no_group_is_changed_without_cgroup_v2_or_write_access(tree, file, content):
    (tree / file).unlink()
    if content is not None:
        (tree / file).write_text(content)
    before = sorted(tree.rglob("*"))
    assert found(tree) is None
    assert sorted(tree.rglob("*")) == before
    assert make_group(None, 1, 1) is None


def test_the_process_returns_to_its_group_if_the_kernel_refuses(tree, monkeypatch):
    (tree / "cgroup.subtree_control").unlink()
    (tree / "cgroup.subtree_control").mkdir()  # cannot be written, nor read
    monkeypatch.setattr(cgroup, "shares_controllers", lambda group: False)
    assert found(tree) is None
    assert (tree / "cgroup.procs").read_text() == str(os.getpid())
    assert not (tree / "judge").exists()


def test_a_sandbox_group_has_its_limits_and_is_removed(tree):
    group = make_group(tree, 1 << 30, 10)
    said = {name: (group / name).read_text() for name in ("memory.max", "memory.swap.max", "pids.max")}
    assert said == {"memory.max": str(1 << 30), "memory.swap.max": "0", "pids.max": "10"}
    close_group(group)
    assert not group.exists()
    close_group(group)  # closing it again is not an error


def test_a_group_that_cannot_be_made_is_none(tree):
    assert make_group(tree / "nothing", 1, 1) is None


@pytest.mark.process
def test_a_worker_joins_its_group_and_the_group_ends_with_the_sandbox(tmp_path, monkeypatch):
    work = tmp_path / "work"
    (work / "cs231n").mkdir(parents=True)
    (work / "cs231n" / "__init__.py").write_text("")
    (work / "cs231n" / "probe.py").write_text("def one():\n    return 1\n")
    group = tmp_path / "group"
    group.mkdir()
    (group / "cgroup.procs").write_text("")
    asked, closed = [], []
    monkeypatch.setattr(zygote_box, "make_group", lambda *asked_for: asked.append(asked_for) or group)
    monkeypatch.setattr(zygote_box, "close_group", closed.append)
    isolation, interpreter = choose_isolation("auto"), find_interpreter(sys.executable)
    launch = isolation.launch(interpreter, work, "cs231n", LIMITS.at_start())
    plan = Plan(("probe",), frozenset({"probe.one"}), {})
    with CheckProcess(Session(lambda: replace(launch), plan, LIMITS)) as process:
        process.begin(Setup(0))
        assert process.call("probe.one", (), {}) == 1
        assert (group / "cgroup.procs").read_text() == "0"  # "me", said by the worker's parent
    assert [numbers for _, *numbers in asked] == [[2 * 512 << 20, 8 + 2]]
    assert closed == [group]
