"""Canaries: files, sockets and other things on the grading machine that no sandbox may read or reach.

Each canary has its own token. If a token appears in anything that the grader writes or prints, an attack has read it.
Canaries that listen send their token to every connection and count connections.
"""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

VARIABLE = "ATTACK_CANARY"


@dataclass(frozen=True)
class Canaries:
    """words: values of the names that attacks use (`@TCP_PORT@`). tokens: by canary. environment: for the command.
    reached: the canaries that got a connection."""

    words: Mapping[str, str]
    tokens: Mapping[str, str]
    environment: Mapping[str, str]
    reached: list[str] = field(default_factory=list)

    def read_in(self, text: str) -> list[str]:
        return [name for name, token in self.tokens.items() if token in text]


@contextmanager
def laid_out(scratch: Path, out: Path, victim: Path) -> Iterator[Canaries]:
    """Create all canaries below `scratch`, readable by all. victim: a file of another submission, which gets a token in
    a comment."""
    names = (
        "environment",
        "home",
        "temporary file",
        "output folder",
        "another submission",
        "TCP",
        "abstract",
        "socket",
    )
    tokens = {name: f"canary{secrets.token_hex(8)}" for name in names}
    home, file, door = scratch / "home", scratch / "everybody.txt", scratch / "door.socket"
    home.mkdir()
    (home / "diary.txt").write_text(tokens["home"])
    file.write_text(tokens["temporary file"])
    (out / "notes.txt").write_text(tokens["output folder"])
    victim.write_text(victim.read_text() + f"\n# {tokens['another submission']}\n")
    abstract = f"attack-{secrets.token_hex(4)}"
    listening = {"TCP": socket.create_server(("", 0))}
    for name, address in (("abstract", "\0" + abstract), ("socket", str(door))):
        listening[name] = socket.socket(socket.AF_UNIX)
        listening[name].bind(address)
        listening[name].listen()
    door.chmod(0o777)
    words = {
        "VARIABLE": VARIABLE,
        "HOME": str(home),
        "HOME_FILE": str(home / "diary.txt"),
        "TEMPORARY_FILE": str(file),
        "OUT": str(out),
        "OTHER": str(victim),
        "TCP_PORT": str(listening["TCP"].getsockname()[1]),
        "ABSTRACT": abstract,
        "SOCKET": str(door),
    }
    canaries = Canaries(words, tokens, {VARIABLE: tokens["environment"], "HOME": str(home)})
    for name, server in listening.items():
        threading.Thread(target=answer, args=(server, name, tokens[name], canaries.reached), daemon=True).start()
    try:
        yield canaries
    finally:
        for server in listening.values():
            server.close()


def answer(server: socket.socket, name: str, token: str, reached: list[str]) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        reached.append(name)
        with connection:
            connection.sendall(token.encode())
