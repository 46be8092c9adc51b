"""Who is at the door: a token for each person, and the session that a token opens.

    grader serve prints a link with each token ─► /enter ─► a cookie with a session's number ─► every request

Tokens and sessions are random and live as long as the server: nothing of them is stored. A session also has the word
that every form must send back (csrf), which a page of another site cannot know.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

TOKEN_BYTES: Final = 24
MOST_SESSIONS: Final = 1_000  # the oldest go first: a script that enters again and again fills no memory


@dataclass(frozen=True)
class Visit:
    """One browser of one person."""

    person: str
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(TOKEN_BYTES))


class Door:
    """Lets in who has a token. tokens: by person."""

    def __init__(self, persons: Iterable[str]) -> None:
        self.tokens = {person: secrets.token_urlsafe(TOKEN_BYTES) for person in persons}
        self._sessions: dict[str, Visit] = {}
        self._lock = Lock()

    def enter(self, token: str) -> str | None:
        """The number of a new session, or None if nobody has this token. Takes as long whoever it is."""
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
