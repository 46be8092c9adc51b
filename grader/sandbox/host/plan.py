"""What a session is made for, and what it tells beside the values: plain data.

Plan ──► session ──► ImportResult, with LeftOut: statements that could not be imported
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grader.calls import Classes, Failure
from grader.sandbox.host.replies import plain_text


@dataclass(frozen=True)
class Plan:
    """What a worker imports, in this order, and which functions are called.

    classes: those of the functions that are classes, and the members that are used. switches: functions that may be
    exchanged for stubs, and the names of their arguments; without `exchange` only those that are absent are. hollow:
    modules that are not imported but made of stubs. sources: the submission's files, for lines of tracebacks.
    tolerant: what does not work in a module is left out of it, and the rest is there.
    """

    modules: tuple[str, ...]
    functions: frozenset[str]
    sources: Mapping[str, bytes]
    classes: Classes = field(default_factory=dict)
    switches: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hollow: tuple[str, ...] = ()
    exchange: bool = False
    expected_warnings: tuple[str, ...] = ()
    tolerant: bool = False

    def request(self) -> dict[str, Any]:
        return {
            "op": "load",
            "modules": list(self.modules),
            "functions": sorted(self.functions),
            "members": {
                name: {**dict.fromkeys(members.methods, "method"), **dict.fromkeys(members.attributes, "attribute")}
                for name, members in self.classes.items()
            },
            "switches": {name: list(parameters) for name, parameters in self.switches.items()},
            "hollow": list(self.hollow),
            "exchange": self.exchange,
            "tolerant": self.tolerant,
            "expected_warnings": list(self.expected_warnings),
        }


@dataclass(frozen=True)
class LeftOut:
    """A statement of a module that could not be run while it was imported. function: that it defines, or ""."""

    file: str
    line: int
    function: str
    error: str


@dataclass(frozen=True)
class ImportResult:
    """What is known of the import. broken: why it never came to an end. failures: by module, or None.

    absent: names of modules that are not in the sandbox. recoded: files that are not in UTF-8. prints: meanwhile.
    """

    broken: Failure | None = None
    failures: Mapping[str, Failure | None] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    recoded: tuple[str, ...] = ()
    prints: str = ""

    def failure_of(self, module: str) -> Failure | None:
        """Why nothing of a module can be called, if so."""
        return self.broken or self.failures.get(module)

    @property
    def is_whole(self) -> bool:
        return self.broken is None and not any(self.failures.values())


def left_out_from(item: Any) -> LeftOut | None:
    """What a worker says of a statement, if it has the form of it."""
    if not (isinstance(item, tuple) and list(map(type, item)) == [str, int, str, str, str]):
        return None
    file, line, function, error, text = item
    told = f"{plain_text(error)}: {plain_text(text)}".removesuffix(": ")
    return LeftOut(plain_text(file)[:200], line, plain_text(function)[:100], told)
