"""Downloads from a real server, and wrong or damaged archives."""

import gzip
import hashlib
import io
import logging
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from reference.download import MAX_FILE_BYTES, fetch_folder, unpack_folder

NAMES = ("one", "two")
ROOT = Path(__file__).resolve().parents[2]


class Server(ThreadingHTTPServer):
    """Serves the bytes in `files` by path, cut off after `limit` bytes, and counts the requests."""

    def __init__(self):
        self.files, self.limit, self.asked = {}, None, []
        super().__init__(("127.0.0.1", 0), Handler)

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: self.server.limit])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def quiet():
    logging.getLogger("pooch").setLevel(logging.ERROR)


def pack(*members):
    """Return a .tar.gz of (name, content); content None makes a folder, and a TarInfo is added unchanged."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members:
            member = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            if content is None:
                member.type = tarfile.DIRTYPE
            else:
                member.size = len(content)
            tar.addfile(member, io.BytesIO(content or b""))
    return buffer.getvalue()


def sha256(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


GOOD = pack(("data", None), ("data/two", b"2"), ("data/readme.html", b"hello"), ("data/one", b"1" * 10000))


def all_files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_an_archive_is_downloaded_once(server, tmp_path):
    server.files["/good.tar.gz"] = GOOD
    for _ in range(3):
        folder = fetch_folder(server.url("/good.tar.gz"), sha256(GOOD), "data", NAMES, tmp_path / "cache")
        assert (folder / "one").read_bytes() == b"1" * 10000 and (folder / "two").read_bytes() == b"2"
    assert server.asked == ["/good.tar.gz"]
    home = sha256(GOOD)[7:23]
    assert all_files(tmp_path) == [f"cache/{home}/archive.tar.gz", f"cache/{home}/data/one", f"cache/{home}/data/two"]
    # The archive is no longer needed.
    (folder.parent / "archive.tar.gz").rename(tmp_path / "kept")
    fetch_folder(server.url("/good.tar.gz"), sha256(GOOD), "data", NAMES, tmp_path / "cache")
    assert len(server.asked) == 1
    # If a file is lost, it is unpacked again without a download. If the archive is damaged too, it is downloaded again.
    (tmp_path / "kept").rename(folder.parent / "archive.tar.gz")
    (folder / "one").unlink()
    assert fetch_folder(server.url("/good.tar.gz"), sha256(GOOD), "data", NAMES, tmp_path / "cache") == folder
    assert all_files(folder) == ["one", "two"] and len(server.asked) == 1
    (folder / "one").unlink()
    (folder.parent / "archive.tar.gz").write_bytes(GOOD[:-9])
    fetch_folder(server.url("/good.tar.gz"), sha256(GOOD), "data", NAMES, tmp_path / "cache")
    assert all_files(folder) == ["one", "two"] and len(server.asked) == 2


def test_another_archive_is_never_used_in_place_of_this_one(server, tmp_path):
    other = pack(("data/one", b"other"), ("data/two", b"other"))
    server.files = {"/good": GOOD, "/other": other}
    fetch_folder(server.url("/good"), sha256(GOOD), "data", NAMES, tmp_path)
    folder = fetch_folder(server.url("/other"), sha256(other), "data", NAMES, tmp_path)
    assert (folder / "one").read_bytes() == b"other"


def test_the_cache_of_the_user_is_the_default(server, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    server.files["/good"] = GOOD
    folder = fetch_folder(server.url("/good"), sha256(GOOD), "data", NAMES)
    if sys.platform == "linux":
        assert folder == tmp_path / "cifar10" / sha256(GOOD)[7:23] / "data"


def test_a_wrong_hash_leaves_nothing_behind(server, tmp_path):
    server.files["/evil"] = pack(("data/one", b"evil"), ("data/two", b"evil"))
    with pytest.raises(ValueError) as caught:
        fetch_folder(server.url("/evil"), sha256(GOOD), "data", NAMES, tmp_path)
    assert str(caught.value).startswith(
        f"{server.url('/evil')}: the downloaded archive has another hash than {sha256(GOOD)} ("
    )
    assert "set CIFAR10_DIR" in str(caught.value)
    assert all_files(tmp_path) == []


def test_a_download_that_fails_says_so_and_the_next_one_works(server, tmp_path):
    url = server.url("/good")
    with pytest.raises(ConnectionError, match=r"/good: the download failed \(404 .*set CIFAR10_DIR"):
        fetch_folder(url, sha256(GOOD), "data", NAMES, tmp_path)
    server.files["/good"], server.limit = GOOD, len(GOOD) // 2
    with pytest.raises((ConnectionError, ValueError), match="Try again"):
        fetch_folder(url, sha256(GOOD), "data", NAMES, tmp_path)
    assert all_files(tmp_path) == []
    server.limit = None
    assert all_files(fetch_folder(url, sha256(GOOD), "data", NAMES, tmp_path)) == ["one", "two"]


def test_an_address_without_a_server(tmp_path, server):
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as closed:
        port = closed.server_port
    with pytest.raises(ConnectionError, match="the download failed"):
        fetch_folder(f"http://127.0.0.1:{port}/good", sha256(GOOD), "data", NAMES, tmp_path)


@pytest.mark.parametrize("package", ["pooch", "tqdm"])
def test_without_pooch_the_message_says_what_to_install(package, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError) as caught:
        fetch_folder("https://example.org/a.tar.gz", sha256(GOOD), "data", NAMES, tmp_path)
    assert str(caught.value) == (
        f"https://example.org/a.tar.gz: downloading needs the packages pooch and tqdm, but {package} is not installed. "
        "Run pip install pooch tqdm, or unpack the archive yourself and set CIFAR10_DIR to its folder."
    )


@pytest.mark.process
def test_pooch_is_not_needed_for_unpacked_files():
    code = "import sys; sys.modules['pooch'] = sys.modules['tqdm'] = None; import reference.data_utils"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


# --- archives


def link(name, target, kind):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, str(target)
    return member


def device(name, kind):
    member = tarfile.TarInfo(name)
    member.type = kind
    return member


def unpack(content, tmp_path):
    (tmp_path / "archive").mkdir()
    archive = tmp_path / "archive" / "a.tar.gz"
    archive.write_bytes(content)
    unpack_folder(archive, NAMES, tmp_path / "cache" / "data")


def test_only_the_requested_files_are_unpacked(tmp_path):
    unpack(
        pack(
            ("data/one", b"1"),
            ("../evil", b"x"),
            ("data/../../evil", b"x"),
            (str(tmp_path / "evil"), b"x"),
            ("data/sub/one", b"x"),
            ("one", b"x"),
            ("other/one", b"x"),
            (link("data/three", "/etc/passwd", tarfile.SYMTYPE), b""),
            (link("data", tmp_path, tarfile.SYMTYPE), b""),
            ("data/two", b"2"),
        ),
        tmp_path,
    )
    assert all_files(tmp_path) == ["archive/a.tar.gz", "cache/data/one", "cache/data/two"]
    assert (tmp_path / "cache" / "data" / "one").read_bytes() == b"1"
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))


@pytest.mark.parametrize(
    "member",
    [
        link("data/one", "/etc/passwd", tarfile.SYMTYPE),
        link("data/one", "data/two", tarfile.LNKTYPE),
        device("data/one", tarfile.FIFOTYPE),
        device("data/one", tarfile.CHRTYPE),
        device("data/one", tarfile.DIRTYPE),
    ],
    ids=lambda member: {b"2": "symbolic link", b"1": "hard link", b"6": "fifo", b"3": "device", b"5": "folder"}[
        member.type
    ],
)
def test_a_member_that_is_not_a_file_is_refused(member, tmp_path):
    with pytest.raises(ValueError, match=r"a.tar.gz: cannot be unpacked \(data/one is not a file of at most"):
        unpack(pack(("data/two", b"2"), (member, b"" if member.type != tarfile.DIRTYPE else None)), tmp_path)
    assert all_files(tmp_path) == ["archive/a.tar.gz"]


def test_an_archive_bomb_is_refused_before_it_is_unpacked(tmp_path):
    member = tarfile.TarInfo("data/one")
    member.size = MAX_FILE_BYTES + 1
    with pytest.raises(ValueError, match="data/one is not a file of at most 67108864 bytes"):
        unpack(gzip.compress(member.tobuf() + bytes(2**20)), tmp_path)
    assert all_files(tmp_path) == ["archive/a.tar.gz"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"a.tar.gz: does not contain data/two. Delete it"):
        unpack(pack(("data/one", b"1")), tmp_path)
    assert all_files(tmp_path) == ["archive/a.tar.gz"]


@pytest.mark.parametrize("damage", ["cut off", "one byte changed"])
@pytest.mark.parametrize("size", [300, 100_000])
def test_a_damaged_archive_leaves_nothing_behind(damage, size, tmp_path):
    rng = np.random.RandomState(0)
    content = pack(("data/one", rng.bytes(size).hex().encode()), ("data/two", rng.bytes(size).hex().encode()))
    for k in [*range(0, len(content), len(content) // 30), *range(len(content) - 10, len(content))]:
        broken = content[:k] if damage == "cut off" else content[:k] + bytes([content[k] ^ 255]) + content[k + 1 :]
        archive = tmp_path / "a.tar.gz"
        archive.write_bytes(broken)
        try:
            unpack_folder(archive, NAMES, tmp_path / "data")
        except ValueError as error:
            assert str(error).startswith(f"{archive}: ") and "Delete it" in str(error)
            assert all_files(tmp_path) == ["a.tar.gz"]
        else:
            # Changes in gzip's checksum, or in header bytes without a meaning here: only the hash finds them.
            assert all_files(tmp_path / "data") == ["one", "two"]
            for path in (tmp_path / "data").iterdir():
                path.unlink()
            (tmp_path / "data").rmdir()


def test_a_wrong_checksum_at_the_end_is_damage_if_it_is_read(tmp_path):
    """Without the two empty blocks at the archive's end, gzip's checksum is read when the next member is searched."""
    member = tarfile.TarInfo("data/one")
    member.size = 512
    content = gzip.compress(member.tobuf() + bytes(512))
    with pytest.raises(ValueError, match=r"a.tar.gz: cannot be unpacked \(CRC check failed"):
        unpack(content[:-8] + bytes(4) + content[-4:], tmp_path)


def test_a_folder_that_lacks_a_file_is_replaced(tmp_path):
    (tmp_path / "cache" / "data").mkdir(parents=True)
    (tmp_path / "cache" / "data" / "one").write_bytes(b"old")
    unpack(pack(("data/one", b"1"), ("data/two", b"2")), tmp_path)
    assert (tmp_path / "cache" / "data" / "one").read_bytes() == b"1"


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a pipe with a name")
def test_a_process_killed_while_unpacking_leaves_no_folder(tmp_path):
    """The archive comes through a pipe that stops in the middle, so the kill comes while the process unpacks."""
    content = pack(("data/one", os.urandom(10000)), ("data/two", os.urandom(300_000)))
    pipe, target = tmp_path / "a.tar.gz", tmp_path / "cache" / "data"
    os.mkfifo(pipe)
    code = f"from reference.download import unpack_folder; unpack_folder({str(pipe)!r}, {NAMES!r}, {str(target)!r})"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    with open_pipe(pipe, process) as writer:
        # A pipe holds 64 KiB: when 250,000 bytes are written, the first file and a part of the second have been read.
        writer.write(content[:250_000])
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert [Path(path).name for path in all_files(tmp_path / "cache")] == ["one", "two"]
    assert not target.exists()
    pipe.unlink()
    pipe.write_bytes(content)
    unpack_folder(pipe, NAMES, target)
    assert all_files(target) == ["one", "two"]


def open_pipe(pipe, process):
    """Open a pipe once the process reads it; do not wait for a process that has ended."""
    while process.poll() is None:
        try:
            number = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            time.sleep(0.01)
        else:
            os.set_blocking(number, True)
            return open(number, "wb", buffering=0)
    raise AssertionError("the process ended before it read anything")
