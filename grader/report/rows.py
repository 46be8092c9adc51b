"""What the class page, the table of marks and the terminal need of a result: small, so that thousands fit in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from grader.messages.say import said
from grader.records import FunctionResult, Result

MESSAGE_CHARS: Final = 600  # no list shows more of it


@dataclass(frozen=True, slots=True)
class Row:
    """A result without its checks. notes: how many there are."""

    id: str
    status: str
    score: float
    max_score: float
    duration_s: float
    message: str
    notes: int
    grounds: str
    functions: tuple[FunctionResult, ...]
    assignment: Mapping[str, Any]
    environment: Mapping[str, Any]


class Rows:
    """Makes rows that share what is the same in many of them: nearly every function of a class ends in few ways."""

    def __init__(self) -> None:
        self._functions: dict[FunctionResult, FunctionResult] = {}
        self._mappings: dict[str, Mapping[str, Any]] = {}

    def make(self, result: Result) -> Row:
        message = said(result.reason)
        return Row(
            id=result.id,
            status=result.status,
            score=result.score,
            max_score=result.max_score,
            duration_s=result.duration_s,
            message=message if len(message) <= MESSAGE_CHARS else f"{message[: MESSAGE_CHARS - 1]}…",
            notes=len(result.notes),
            grounds=said(result.grounds),
            functions=tuple(self._functions.setdefault(item, item) for item in result.functions),
            assignment=self._mappings.setdefault(repr(result.assignment), result.assignment),
            environment=self._mappings.setdefault(repr(result.environment), result.environment),
        )
