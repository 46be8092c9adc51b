"""What a session is made for, and what an import reports besides values: plain data.

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
    """The modules that a worker imports, in this order, and the functions that are called.

    classes: those of the functions that are classes, with the members that are used. switches: functions that stubs may
    replace, and the names of their arguments; without `exchange`, stubs replace only absent ones. hollow: modules that
    consist of stubs and are not imported. sources: the submission's files, for the lines of tracebacks. tolerant: a
    statement that does not work is left out of its module, and the others run.
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
                # A method is called; an attribute is read, or entries of it are written (inside/child.py).
                name: {**dict.fromkeys(members.methods, "method"), **dict.fromkeys(members.attributes, "attribute")}
                for name, members in self.classes.items()
            },
            # Sorted and listed: the same plan must give the same bytes, and JSON has no sets.
            "switches": {name: list(parameters) for name, parameters in self.switches.items()},
            "hollow": list(self.hollow),
            "exchange": self.exchange,
            "tolerant": self.tolerant,
            "expected_warnings": list(self.expected_warnings),
        }


@dataclass(frozen=True)
class LeftOut:
    """A statement that failed when its module was imported. function: the function that it defines, or ""."""

    file: str
    line: int
    function: str
    error: str


@dataclass(frozen=True)
class ImportResult:
    """What the judge knows of an import. broken: why the import did not end. failures: by module, or None.

    absent: names of modules that are not in the sandbox. recoded: files that are not in UTF-8. prints: during it.
    """

    broken: Failure | None = None
    failures: Mapping[str, Failure | None] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    recoded: tuple[str, ...] = ()
    prints: str = ""

    def failure_of(self, module: str) -> Failure | None:
        """Why no function of a module can be called; None if they can."""
        # An import that did not end reports on no module, so its failure is that of all.
        return self.broken or self.failures.get(module)

    @property
    def is_whole(self) -> bool:
        # Statements that were left out do not count: the functions beside them can be called.
        return self.broken is None and not any(self.failures.values())


def left_out_from(item: Any) -> LeftOut | None:
    """Read what a worker reports of a statement; None if it has another form."""
    # Exact types and bounded texts: the server that sends this has run student code.
    if not (isinstance(item, tuple) and list(map(type, item)) == [str, int, str, str, str]):
        return None
    file, line, function, error, text = item
    # An exception without a text is its type alone, without a colon behind it.
    described = f"{plain_text(error)}: {plain_text(text)}".removesuffix(": ")
    return LeftOut(plain_text(file)[:200], line, plain_text(function)[:100], described)
