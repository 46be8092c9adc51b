"""What a worker says of the import of the modules, as plain data. Its words are checked as far as they can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from grader.calls import Failure
from grader.sandbox.host.failures import Circumstances, import_failure, malformed
from grader.sandbox.host.plan import LeftOut, left_out_from
from grader.sandbox.host.replies import plain_text

MOST: Final = 20  # names or statements that a report could list


@dataclass(frozen=True)
class Imported:
    """broken: why the import never came to an end; then nothing else is known. failures: by module, or None.

    absent: names of modules that are not in the sandbox. left_out: statements that did not work. recoded: files that
    are not in UTF-8. prints: what was printed meanwhile.
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


def imported_from(reply: Mapping[str, Any], prints: str, at: Circumstances) -> tuple[Imported, bool]:
    """From the reply to the plan's request; and whether it had the form that it should have."""
    said, failures, is_sound = reply.get("modules", {}), dict[str, Failure | None](), True
    for module in at.plan.modules:
        result = said.get(module, {})
        failure = None if result is None else import_failure(module, result, at)
        is_sound = is_sound and (result is None or failure is not None)
        failures[module] = None if result is None else failure or malformed(at)
    left_out = [left_out_from(item) for item in reply.get("left_out", [])]
    imported = Imported(
        failures=failures,
        absent=tuple(plain_text(name)[:100] for name in reply.get("absent", [])[:MOST]),
        left_out=tuple(one for one in left_out if one is not None),
        recoded=tuple(plain_text(name)[:200] for name in reply.get("recoded", [])[:MOST]),
        prints=prints,
    )
    return imported, is_sound
