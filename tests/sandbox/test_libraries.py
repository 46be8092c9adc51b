"""Which libraries a sandbox shows: all that ldd (the loader itself) lists as needed, and few others."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader.sandbox.host import libraries, mounts
from grader.sandbox.host.interpreter import find_interpreter
from grader.sandbox.host.libraries import libraries_of
from grader.sandbox.host.mounts import WORKER_GUEST, program_paths, resident_paths, system_paths
from grader.sandbox.host.zygote_box import holder_guest


@pytest.fixture(scope="module")
def interpreter():
    return find_interpreter(sys.executable)


def listed_by_ldd(path: Path) -> set[Path]:
    said = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=False).stdout
    return {Path(found).resolve() for found in re.findall(r"(?:=> |^\s+)(/\S+) \(", said, re.MULTILINE)}


@pytest.mark.process
def test_every_library_that_the_loader_would_load_is_shown(interpreter):
    shown = {path.resolve() for path in (system_paths(interpreter) | program_paths(holder_guest().program)).values()}
    folders = [*interpreter.shown, *interpreter.numpy_folders]
    found = [path for folder in folders for path in folder.rglob("*.so")]
    extensions = [path for path in found if not any(path.is_relative_to(folder) for folder in interpreter.hidden)]
    assert extensions
    for path in [interpreter.executable, holder_guest().program, *extensions]:
        needed = {one for one in listed_by_ldd(path) if not any(one.is_relative_to(folder) for folder in folders)}
        assert needed <= shown, path


@pytest.mark.process
def test_little_of_the_system_is_shown(interpreter):
    paths = [path for path in system_paths(interpreter).values() if path.is_file()]
    assert len(paths) < 100
    assert not [path for path in paths if ".so" not in path.name]


@pytest.mark.process
def test_a_damaged_file_or_one_that_is_not_a_library_is_skipped(interpreter, tmp_path):
    whole = interpreter.executable.read_bytes()
    contents = {"text": b"text", "empty": b"", "cut": b"\x7fELF\x02\x01" + b"\0" * 58}
    contents |= {f"cut_at_{length}": whole[:length] for length in (64, 100, 1000, 5000)}
    for name, content in contents.items():
        (tmp_path / f"{name}.so").write_bytes(content)
    assert libraries_of(interpreter.executable, [tmp_path], []) == libraries_of(interpreter.executable, [], [])


@pytest.mark.process
def test_folders_with_spaces_and_colons_in_their_paths_are_looked_through(interpreter, tmp_path):
    folder = tmp_path / "my documents:2026"
    folder.mkdir()
    (extension,) = (path for path in interpreter.shown[0].rglob("_ctypes.*.so") if "test" not in path.parts)
    assert "ffi" in "".join(map(str, listed_by_ldd(extension)))
    shutil.copy(extension, folder)
    assert any("ffi" in place for place in libraries_of(interpreter.executable, [folder], []))


@pytest.mark.process
def test_where_the_loader_lists_no_libraries_all_folders_are_shown(interpreter, monkeypatch):
    monkeypatch.setattr(libraries, "trace", lambda *asked: [])
    assert libraries_of(interpreter.executable, [], []) is None
    mounts.system_paths.cache_clear()
    try:
        assert Path("/usr/lib") in system_paths(interpreter).values()
    finally:
        mounts.system_paths.cache_clear()


@pytest.mark.process
def test_the_parts_of_the_standard_library_that_no_layer_needs_are_left_out(interpreter):
    shown, hidden = resident_paths(interpreter, WORKER_GUEST)
    standard = next(Path(path) for path in shown if (Path(path) / "os.py").is_file())
    left = {path.name for path in standard.iterdir() if path.is_dir() and str(path) in hidden}
    assert not left & {"json", "collections", "lib-dynload"}
    assert {path.name for path in standard.iterdir() if path.name in ("test", "idlelib", "ensurepip")} <= left
