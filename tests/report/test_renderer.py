"""Notebook pages rendered during grading: once for each content, with a deadline, and without delaying it."""

from __future__ import annotations

import html
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from grader.errors import GraderError
from grader.records import Submission
from grader.running import notebook_renderer
from grader.running.notebook_renderer import Renderer


def notebook(text: str) -> bytes:
    cell = {"cell_type": "markdown", "metadata": {}, "source": text}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def submission(**notebooks: bytes) -> Submission:
    return Submission("ada", "ada", {}, notebooks={f"{name}.ipynb": content for name, content in notebooks.items()})


def pages(out: Path) -> dict[str, str]:
    return {path.relative_to(out).as_posix(): path.read_text() for path in sorted(out.rglob("*.html"))}


def rendered(out: Path, *submissions: Submission) -> list[str]:
    with Renderer(out) as renderer:
        for one in submissions:
            renderer.request(one)
    return renderer.faults


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of two notebooks, one of them damaged; rendered once, because starting the process takes a second."""
    out = tmp_path_factory.mktemp("out")
    assert rendered(out, submission(Nets=notebook("**why**"), broken=b"{")) == []
    return out


def test_every_notebook_has_its_page(made: Path) -> None:
    found = pages(made)
    assert [*found] == ["notebooks/ada/Nets.html", "notebooks/ada/broken.html"]
    assert "&lt;strong&gt;why&lt;/strong&gt;" in found["notebooks/ada/Nets.html"]
    assert "It cannot be shown: it is damaged" in found["notebooks/ada/broken.html"]


def test_a_page_is_made_once_for_each_content(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*.html")}
    monkeypatch.setattr(notebook_renderer, "serve", None)  # no process could be started
    assert rendered(made, submission(Nets=notebook("**why**"), broken=b"{")) == []
    assert {path: path.stat().st_mtime_ns for path in made.rglob("*.html")} == before


def test_changed_content_and_a_damaged_page_are_rendered_again(tmp_path: Path) -> None:
    path = tmp_path / "notebooks/ada/Nets.html"
    path.parent.mkdir(parents=True)
    path.write_text("<p>cut off")
    rendered(tmp_path, submission(Nets=notebook("one")), submission(Nets=notebook("two")))
    assert "<p>two</p>" in html.unescape(path.read_text())


def stuck(pipe: notebook_renderer.Connection, *_: object) -> None:
    """Replaces `serve`: it never answers for one notebook, like a pattern that takes for ever on a text."""
    import time

    pipe.send_bytes(b"ready")
    while True:
        names, _ = (pipe.recv_bytes() for _ in range(2))
        if b"slow.ipynb" in names:
            time.sleep(600)
        pipe.send_bytes(b"<p>page")


def test_a_notebook_that_takes_too_long_is_reported_and_the_next_has_its_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notebook_renderer, "serve", stuck)
    monkeypatch.setattr(notebook_renderer, "NOTEBOOK_S", 0.3)
    assert rendered(tmp_path, submission(slow=b"{}", swift=b"{}")) == []
    found = pages(tmp_path)
    assert "It cannot be shown: showing it takes too much time" in found["notebooks/ada/slow.html"]
    assert found["notebooks/ada/swift.html"].startswith("<p>page")


def test_the_time_of_a_submission_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook_renderer, "serve", stuck)
    monkeypatch.setattr(notebook_renderer, "NOTEBOOK_S", 0.3)
    monkeypatch.setattr(notebook_renderer, "SUBMISSION_S", 0.2)
    rendered(tmp_path, submission(slow=b"{}", swift=b"{}"))
    assert "takes too much time" in pages(tmp_path)["notebooks/ada/swift.html"]


def test_without_notebooks_nothing_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook_renderer.importlib.util, "find_spec", lambda name: None)  # and nothing is needed
    with Renderer(tmp_path) as renderer:
        renderer.request(Submission("ada", "ada", {}))
        assert renderer._thread is None
    assert pages(tmp_path) == {}


def test_a_missing_library_is_reported_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook_renderer.importlib.util, "find_spec", lambda name: None if name == "nh3" else name)
    with pytest.raises(
        GraderError, match=r"notebooks: nh3 is not installed\. Run pip install 'layergrader\[notebooks\]'"
    ):
        rendered(tmp_path, submission(Nets=b"{}"))


def test_a_run_that_is_stopped_does_not_wait_for_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook_renderer, "serve", stuck)
    with pytest.raises(KeyboardInterrupt), Renderer(tmp_path) as renderer:
        renderer.request(submission(slow=b"{}", swift=b"{}"))
        raise KeyboardInterrupt
    assert renderer._thread is not None
    renderer._thread.join(notebook_renderer.STARTING_S)
    assert not renderer._thread.is_alive()
    assert pages(tmp_path) == {}


def broken(pipe: notebook_renderer.Connection, *_: object) -> None:
    """Replaces `serve`: a process that ends at once."""


def test_a_process_that_does_not_start_is_a_fault_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook_renderer, "serve", broken)
    assert rendered(tmp_path, submission(Nets=b"{")) == [
        "ada: the process that renders notebooks does not start. Grade again."
    ]


def test_a_page_that_cannot_be_written_is_a_fault_of_ours(tmp_path: Path) -> None:
    (tmp_path / "notebooks").write_text("in the way")
    (fault,) = rendered(tmp_path, submission(Nets=b"{"))
    assert fault.startswith("ada: ") and "cannot be written" in fault


@pytest.mark.process
def test_the_process_that_was_started_early_renders(tmp_path: Path) -> None:
    with Renderer(tmp_path) as renderer:
        renderer.start()
        process = renderer._process
        assert process is not None and process.is_alive()
        renderer.request(submission(Nets=notebook("**why**")))
        assert renderer._process is process
    assert renderer.faults == []
    assert [*pages(tmp_path)] == ["notebooks/ada/Nets.html"]
    assert process.exitcode is not None


@pytest.mark.process
def test_an_unneeded_process_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook_renderer, "serve", stuck)
    for leave in (lambda renderer: renderer.__exit__(None), lambda renderer: renderer.end()):
        renderer = Renderer(tmp_path)
        renderer.start()
        process = renderer._process
        leave(renderer)
        assert process is not None and process._popen is not None and not process.is_alive()


PARENT = """
import os, signal, time
from pathlib import Path
from grader.running.notebook_renderer import Renderer
renderer = Renderer(Path("."))
renderer.start()
assert renderer._pipe.poll(60) and renderer._pipe.recv_bytes() == b"ready"
print(type(renderer._process).__name__, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is spawned")
def test_a_forked_process_ends_with_its_parent_however_that_ends() -> None:
    # Both share one output, and run() waits for its end, so it waits for the forked process, too.
    done = subprocess.run([sys.executable, "-c", PARENT], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "ForkProcess\n")


def test_a_process_that_cannot_be_started_early_is_started_by_the_first_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(notebook_renderer, "serve", stuck)
    with Renderer(tmp_path) as renderer:
        with monkeypatch.context() as patch:
            patch.setattr(notebook_renderer.BaseProcess, "start", fail)
            renderer.start()
        renderer.request(submission(swift=b"{}"))
    assert renderer.faults == []
    assert [*pages(tmp_path)] == ["notebooks/ada/swift.html"]


def test_without_a_library_nothing_is_started_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook_renderer.importlib.util, "find_spec", lambda name: None if name == "mistune" else name)
    renderer = Renderer(tmp_path)
    renderer.start()
    assert renderer._process is None


def test_a_quick_search_finds_notebooks_outside_of_archives_in_bounded_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a/cs231n/layers.py", "b/notebooks/Nets.ipynb", "c.zip"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert notebook_renderer.have_notebooks([tmp_path])
    assert notebook_renderer.have_notebooks([tmp_path / "a", tmp_path / "b"])
    assert not notebook_renderer.have_notebooks([tmp_path / "a", tmp_path / "c.zip", tmp_path / "absent"])
    deep = tmp_path / "deep/1/2/3"
    deep.mkdir(parents=True)
    (deep / "late.ipynb").write_text("")
    assert notebook_renderer.have_notebooks([tmp_path / "deep"])
    monkeypatch.setattr(notebook_renderer, "LOOKED_AT", 3)
    assert not notebook_renderer.have_notebooks([tmp_path / "deep"])
