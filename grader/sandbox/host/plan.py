"""Plain data: which modules and functions a session needs, and what the import of the modules reports.

Plan ──► session ──► ImportResult, with a LeftOut for each statement that could not be imported
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grader.calls import Classes, Failure
from grader.sandbox.host.replies import plain_text


@dataclass(frozen=True)
class Plan:
    """The modules that a worker imports, in this order, and the functions that checks call.

    classes: the functions that are classes, with the members that checks use. switches: functions that stubs may
    replace, with their parameters' names; without `exchange`, stubs replace only absent functions. hollow: modules
    that consist of stubs and are not imported. sources: the submission's files, for the lines of tracebacks. tolerant:
    leave out statements that fail, and run the others.
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
                # Checks call methods; they read attributes, or write entries of them (inside/child.py).
                name: {**dict.fromkeys(members.methods, "method"), **dict.fromkeys(members.attributes, "attribute")}
                for name, members in self.classes.items()
            },
            # Lists, because JSON has no sets.
            "switches": {name: list(parameters) for name, parameters in self.switches.items()},
            "hollow": list(self.hollow),
            "exchange": self.exchange,
            "tolerant": self.tolerant,
            "expected_warnings": list(self.expected_warnings),
        }


@dataclass(frozen=True)
class LeftOut:
    """A statement that failed during its module's import. function: the name of the function that it defines, or ""."""

    file: str
    line: int
    function: str
    error: str


@dataclass(frozen=True)
class ImportResult:
    """The result of an import.

    broken: the failure if the import did not end. failures: for each module, its failure or None. absent: imported
    modules that the sandbox lacks. recoded: files with a wrong encoding. prints: printed during the import.
    """

    broken: Failure | None = None
    failures: Mapping[str, Failure | None] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    recoded: tuple[str, ...] = ()
    prints: str = ""

    def failure_of(self, module: str) -> Failure | None:
        """Return why no function of a module can be called, or None if they can be called."""
        # An import that did not end reports no module, so its failure applies to all modules.
        return self.broken or self.failures.get(module)

    @property
    def is_whole(self) -> bool:
        # Ignore left-out statements, because the other functions can be called.
        return self.broken is None and not any(self.failures.values())


def left_out_from(item: Any) -> LeftOut | None:
    """Return a left-out statement from a worker's report, or None if the report is malformed."""
    # Require exact types and bound the texts, because the server that sends this has run student code.
    if not (isinstance(item, tuple) and list(map(type, item)) == [str, int, str, str, str]):
        return None
    file, line, function, error, text = item
    # For an exception without a text, report its type without a colon.
    described = f"{plain_text(error)}: {plain_text(text)}".removesuffix(": ")
    return LeftOut(plain_text(file)[:200], line, plain_text(function)[:100], described)
