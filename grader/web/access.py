"""Signs people in: each person has a token, which opens a session.

    grader serve prints a link with each token ─► /enter ─► a cookie with a session's number ─► every request

Tokens and sessions are random, are never stored, and end with the server. A session also has a csrf word: every form
must send it back, and pages of other sites cannot know it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

TOKEN_BYTES: Final = 24
MOST_SESSIONS: Final = 1_000  # a further session ends the oldest, so that repeated sign-ins cannot fill the memory


@dataclass(frozen=True)
class Visit:
    """A session: one browser of one person."""

    person: str
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(TOKEN_BYTES))


class Door:
    """Opens a session for a valid token. tokens: person → token."""

    def __init__(self, persons: Iterable[str]) -> None:
        self.tokens = {person: secrets.token_urlsafe(TOKEN_BYTES) for person in persons}
        self._sessions: dict[str, Visit] = {}
        self._lock = Lock()

    def enter(self, token: str) -> str | None:
        """Return the number of a new session, or None for an unknown token. Takes the same time for all tokens."""
        matches = [
            person for person, own in self.tokens.items() if secrets.compare_digest(own.encode(), token.encode())
        ]
        if not matches:
            return None
        number = secrets.token_urlsafe(TOKEN_BYTES)
        with self._lock:
            while len(self._sessions) >= MOST_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[number] = Visit(matches[0])
        return number

    def session(self, number: str) -> Visit | None:
        return self._sessions.get(number)

    def leave(self, number: str) -> None:
        with self._lock:
            self._sessions.pop(number, None)
