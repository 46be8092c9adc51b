"""How what goes wrong in a session becomes a Failure. Pure: functions of what a worker said and how it ended.

    a reply with an outcome that is no value ──► failure_from        a module's import ──► import_failure
    no reply: what the box raised            ──► failure_of_box      a value of another arity ──► wrong_arity
    the child ended before it replied        ──► failure_of_child    the submission's time ──► used_up

What a worker says is checked as far as it can be: names, lines and frames are those of the collected files.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np

from grader.calls import Failure, display_name, owner_of
from grader.function_ids import module_of, short_name
from grader.records import CRASHED, ERROR, FAILED, MISSING, TIMEOUT, Frame, Reason
from grader.sandbox.host.box import Flood, Glut, Gone, Silence
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.plan import Plan
from grader.sandbox.host.replies import plain_text
from grader.sandbox.inside.protocol import ProtocolError

MAX_FRAMES: Final = 20
SIGXCPU: Final = int(getattr(signal, "SIGXCPU", 24))  # Windows has neither; a worker there is not ended by them
SIGKILL: Final = int(getattr(signal, "SIGKILL", 9))


@dataclass(frozen=True)
class Circumstances:
    """What a session is at when something goes wrong.

    function: that was called, or "" while modules are imported. why: it had less time than usual, as its report says.
    bounds_memory: whether something holds it to limits.memory_mib.
    """

    function: str
    plan: Plan
    limits: Limits
    why: Reason | None = None
    bounds_memory: bool = True

    @property
    def name(self) -> str:
        return display_name(self.function, self.plan.classes)

    @property
    def owner(self) -> str:
        return owner_of(self.function, self.plan.classes)

    @property
    def subject(self) -> str | Reason:
        """What a reason's sentence is about: the function, or the import as a whole."""
        return self.name or Reason.of("importing", modules=self.plan.modules)

    def out_of_time(self, reason: Reason, frames: tuple[Frame, ...] = ()) -> Failure:
        """With why the check had less time than usual, if it had."""
        whole = Reason.of("in_less_time", what=reason, why=self.why) if self.why and self.function else reason
        return Failure(TIMEOUT, self.owner, whole, frames)


def failure_from(reply: Mapping[str, Any], at: Circumstances) -> Failure | None:
    """What the worker says went wrong, checked as far as it can be. None where it says nothing of the kind."""
    name, owner = at.name or Reason.of("the_import"), at.owner
    outcome, text = reply.get("outcome"), plain_text(reply.get("text"))
    if outcome == "missing":
        absent = text == "absent"
        file = module_of(owner).replace(".", "/") + ".py"
        missing = owner_of(plain_text(reply.get("of")), at.plan.classes)
        if missing in at.plan.functions and missing != owner:  # a function that this one calls
            return Failure(MISSING, missing, Reason.of("not_written", name=short_name(missing)))
        return Failure(MISSING, owner, Reason.of("absent", file=file, name=name)) if absent else not_written(at)
    if outcome == "memory":
        reason = Reason.of("out_of_memory", name=name, text=text)
        if at.bounds_memory:
            reason = Reason.of("out_of_memory_allowed", name=name, memory_mib=at.limits.memory_mib, text=text)
        return Failure(CRASHED, owner, reason)
    if outcome == "timeout":
        reason = Reason.of("out_of_cpu_time", name=name, seconds=at.limits.cpu_s)
        return at.out_of_time(reason, frames_from(reply.get("frames"), at.plan.sources))
    if outcome == "refused":
        return Failure(FAILED, owner, Reason.of("cannot_be_sent", name=name, text=text))
    if outcome == "error":
        raised = plain_text(reply.get("type"))
        frames = frames_from(reply.get("frames"), at.plan.sources)
        return Failure(ERROR, owner, Reason.of("raised", name=name, raised=raised, text=text), frames, raised)
    return None


def import_failure(module: str, result: Any, at: Circumstances) -> Failure | None:
    """Why a module could not be imported, from what the worker says of it. None where it says nothing of the kind."""
    file = module.replace(".", "/") + ".py"
    failure = failure_from(result if isinstance(result, dict) else {}, at)
    if failure is None:
        return None
    reason = failure.reason
    if reason.id == "raised":
        reason = Reason.of("import_raised", file=file, raised=failure.raised, text=reason.values["text"])
    return Failure(failure.status, "", reason, failure.frames)


def failure_of_box(error: Exception, exit_code: int | None, at: Circumstances) -> Failure:
    """No reply came, or none that can be used. error: what the box or the decoder raised.

    exit_code: of the whole worker, which only an import ends, or an attack on it.
    """
    name, limits = at.subject, at.limits
    if isinstance(error, Silence):
        limit_s = limits.wall_s if at.function else limits.import_wall_s
        return at.out_of_time(Reason.of("out_of_wall_time", name=name, seconds=limit_s))
    if isinstance(error, Gone):
        if exit_code in (128 + SIGXCPU, -SIGXCPU):
            return at.out_of_time(Reason.of("out_of_import_time", name=name, seconds=limits.import_cpu_s))
        return in_doubt(Reason.of("ended", name=name, code=str(exit_code)), at)
    if isinstance(error, Flood):
        return in_doubt(Reason.of("printed_too_much", name=name), at)
    if isinstance(error, Glut):
        return in_doubt(Reason.of("too_many_processes", name=name, memory_mib=limits.memory_mib), at)
    assert isinstance(error, ProtocolError)
    return in_doubt(Reason.of("malformed_by", name=name, error=str(error)), at)


def failure_of_child(reply: Mapping[str, Any], waited_s: float, at: Circumstances) -> Failure:
    """The child ended before it answered: out of CPU time, a signal, or an exit of its own."""
    number, code = reply.get("signal"), reply.get("exit")
    if number == SIGXCPU or (number == SIGKILL and waited_s >= at.limits.cpu_s):
        return at.out_of_time(Reason.of("out_of_cpu_time", name=at.subject, seconds=at.limits.cpu_s))
    if isinstance(number, int) and number:
        known = signal.Signals(number).name if number in set(signal.Signals) else "unknown"
        return in_doubt(Reason.of("killed", name=at.subject, number=number, signal=known), at)
    return in_doubt(Reason.of("ended", name=at.subject, code=str(code) if isinstance(code, int) else "?"), at)


def in_doubt(reason: Reason, at: Circumstances) -> Failure:
    """The failure of a call, or of the import, after which the box is in doubt."""
    return Failure(CRASHED, at.owner, reason)


def unasked(at: Circumstances) -> Failure:
    """A reply to another request than the last."""
    return in_doubt(Reason.of("unasked", name=at.subject), at)


def malformed(at: Circumstances) -> Failure:
    """A reply of the right form says neither a value nor a failure."""
    return in_doubt(Reason.of("malformed", name=at.subject), at)


def used_up(limits: Limits, stopped: str = "") -> Failure:
    """The submission as a whole has had its time. It names no function: the check that it happens to need not be slow.

    stopped: what was running at that moment; "" where the check had not begun.
    """
    seconds = limits.submission_wall_s
    if stopped:
        return Failure(TIMEOUT, "", Reason.of("used_up_while", seconds=seconds, name=stopped))
    return Failure(TIMEOUT, "", Reason.of("used_up", seconds=seconds))


def not_written(at: Circumstances) -> Failure:
    """The function under test is a stub, as it says itself."""
    return Failure(MISSING, at.owner, Reason.of("not_written", name=at.name or Reason.of("the_import")))


def wrong_arity(arity: int, value: Any, at: Circumstances) -> Failure | None:
    """What is wrong with the number of values returned. arity: length of the reference's tuple, or 0 for no tuple."""
    is_many, one = isinstance(value, tuple | list), Reason.of("one_value")
    count = len(value) if is_many else 0
    if count == arity or (arity == 0 and isinstance(value, list)):
        return None
    expected = Reason.of("values", count=arity) if arity else one
    if value is None:
        return Failure(FAILED, at.owner, Reason.of("returned_none", name=at.name, expected=expected))
    not_many = Reason.of("one_array") if isinstance(value, np.ndarray) else one
    found = Reason.of("values", count=count) if is_many else not_many
    return Failure(FAILED, at.owner, Reason.of("returned", name=at.name, found=found, expected=expected))


def frames_from(frames: Any, sources: Mapping[str, bytes]) -> tuple[Frame, ...]:
    """Traceback lines that exist in the collected files; their text comes from there, never from the worker."""
    found = []
    for item in frames[-MAX_FRAMES:] if isinstance(frames, list) else []:
        match item:
            case str(file), int(line), function if file in sources and 1 <= line <= len(lines_of(sources[file])):
                text = lines_of(sources[file])[line - 1]
                found.append(Frame(file, line, plain_text(function)[:100], text[:500]))
    return tuple(found)


@lru_cache(maxsize=8)  # a traceback names one or two files, check after check
def lines_of(source: bytes) -> list[str]:
    """A source file's lines as Python counts them."""
    return source.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
