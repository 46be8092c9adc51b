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

from grader.calls import Failure, owner_of, spoken
from grader.function_ids import module_of
from grader.records import CRASHED, ERROR, FAILED, MISSING, TIMEOUT, Frame
from grader.sandbox.host.box import Flood, Glut, Gone, Silence
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.plan import Plan
from grader.sandbox.host.replies import plain_text
from grader.sandbox.inside.protocol import ProtocolError

MAX_FRAMES: Final = 20
SIGXCPU: Final = int(getattr(signal, "SIGXCPU", 24))  # Windows has neither; a worker there is not ended by them
SIGKILL: Final = int(getattr(signal, "SIGKILL", 9))
# What to look for in code that was stopped by wall time, before the CPU time was used up.
WAITS: Final = "Perhaps it sleeps, or waits for a lock, a queue or a thread"


@dataclass(frozen=True)
class Circumstances:
    """What a session is at when something goes wrong.

    function: that was called, or "" while modules are imported. why: it had less time than usual, as its report says.
    bounds_memory: whether something holds it to limits.memory_mib.
    """

    function: str
    plan: Plan
    limits: Limits
    why: str = ""
    bounds_memory: bool = True

    @property
    def name(self) -> str:
        return spoken(self.function, self.plan.classes)

    @property
    def owner(self) -> str:
        return owner_of(self.function, self.plan.classes)

    def with_reason(self, text: str) -> str:
        """A timeout's text, with why the check had less time than usual, if it had."""
        return f"{text} {self.why}".rstrip()


def failure_from(reply: Mapping[str, Any], at: Circumstances) -> Failure | None:
    """What the worker says went wrong, checked as far as it can be. None where it says nothing of the kind."""
    name, owner = at.name or "the import", at.owner
    outcome, text = reply.get("outcome"), plain_text(reply.get("text"))
    if outcome == "missing":
        absent = text == "absent"
        file = module_of(owner).replace(".", "/") + ".py"
        missing = owner_of(plain_text(reply.get("of")), at.plan.classes)
        if missing in at.plan.functions and missing != owner:  # a function that this one calls
            return Failure(MISSING, missing, f"{missing.rpartition('.')[2]} is not written yet.")
        return Failure(MISSING, owner, f"{file} has no {name}." if absent else f"{name} is not written yet.")
    if outcome == "memory":
        limit = f" ({at.limits.memory_mib} MiB are allowed)" if at.bounds_memory else ""
        return Failure(CRASHED, owner, f"{name} ran out of memory{limit}. {text}".strip())
    if outcome == "timeout":
        text = f"{name} was still running after {at.limits.cpu_s:g} s of CPU time; perhaps a loop never ends."
        return Failure(TIMEOUT, owner, at.with_reason(text), frames_from(reply.get("frames"), at.plan.sources))
    if outcome == "refused":
        return Failure(FAILED, owner, f"{name} returned what cannot be sent: {text}.")
    if outcome == "error":
        raised = plain_text(reply.get("type"))
        frames = frames_from(reply.get("frames"), at.plan.sources)
        return Failure(ERROR, owner, f"{name} raised {raised}: {text}", frames, raised)
    return None


def import_failure(module: str, result: Any, at: Circumstances) -> Failure | None:
    """Why a module could not be imported, from what the worker says of it. None where it says nothing of the kind."""
    file = module.replace(".", "/") + ".py"
    failure = failure_from(result if isinstance(result, dict) else {}, at)
    if failure is None:
        return None
    text = failure.text.replace("the import raised", f"{file} cannot be imported:", 1)
    return Failure(failure.status, "", text, failure.frames)


def failure_of_box(error: Exception, exit_code: int | None, at: Circumstances) -> Failure:
    """No reply came, or none that can be used. error: what the box or the decoder raised.

    exit_code: of the whole worker, which only an import ends, or an attack on it.
    """
    if isinstance(error, Silence):
        limit_s = at.limits.wall_s if at.function else at.limits.import_wall_s
        return in_doubt(f"did not answer in time: it was stopped after {limit_s:g} s. {WAITS}", at, TIMEOUT)
    if isinstance(error, Gone):
        if exit_code in (128 + SIGXCPU, -SIGXCPU):
            return in_doubt(f"was still running after {at.limits.import_cpu_s} s of CPU time", at, TIMEOUT)
        return in_doubt(f"ended the process with exit code {exit_code}", at)
    if isinstance(error, Flood):
        return in_doubt("printed more than anybody will read", at)
    if isinstance(error, Glut):
        held = f"{at.limits.memory_mib} MiB that one process may"
        return in_doubt(f"holds more memory than it may: twice the {held}, in all of its processes", at)
    assert isinstance(error, ProtocolError)
    return in_doubt(f"sent a reply that is none ({error})", at)


def failure_of_child(reply: Mapping[str, Any], waited_s: float, at: Circumstances) -> Failure:
    """The child ended before it answered: out of CPU time, a signal, or an exit of its own."""
    number, code = reply.get("signal"), reply.get("exit")
    if number == SIGXCPU or (number == SIGKILL and waited_s >= at.limits.cpu_s):
        limit = f"{at.limits.cpu_s:g} s of CPU time"
        return in_doubt(f"was still running after {limit}; perhaps a loop never ends", at, TIMEOUT)
    if isinstance(number, int) and number:
        return in_doubt(f"was killed by signal {number} ({signal_name(number)})", at)
    return in_doubt(f"ended the process with exit code {code if isinstance(code, int) else '?'}", at)


def in_doubt(what: str, at: Circumstances, status: str = CRASHED) -> Failure:
    """The failure of a call, or of the import, after which the box is in doubt."""
    name = at.name or f"importing {', '.join(at.plan.modules)}"
    text = f"{name} {what}."
    return Failure(status, at.owner, at.with_reason(text) if status == TIMEOUT and at.function else text)


def malformed(at: Circumstances) -> Failure:
    """A reply of the right form says neither a value nor a failure."""
    return in_doubt("sent a reply that is none", at)


def used_up(limits: Limits, stopped: str = "") -> Failure:
    """The submission as a whole has had its time. It names no function: the check that it happens to need not be slow.

    stopped: what was running at that moment; "" where the check had not begun.
    """
    spent = f"The submission used up the {limits.submission_wall_s:g} s that it has as a whole"
    then = f"{stopped} was stopped" if stopped else "this check was not run"
    return Failure(TIMEOUT, "", f"{spent}; {then}. Look at the functions that ran out of time or took long.")


def not_written(at: Circumstances) -> Failure:
    """The function under test is a stub, as it says itself."""
    return Failure(MISSING, at.owner, f"{at.name} is not written yet.")


def wrong_arity(arity: int, value: Any, at: Circumstances) -> Failure | None:
    """What is wrong with the number of values returned. arity: length of the reference's tuple, or 0 for no tuple."""
    found = len(value) if isinstance(value, tuple | list) else 0
    if found == arity or (arity == 0 and isinstance(value, list)):
        return None
    return Failure(FAILED, at.owner, describe_arity(at.name, arity, value))


def frames_from(frames: Any, sources: Mapping[str, bytes]) -> tuple[Frame, ...]:
    """Traceback lines that exist in the collected files; their text comes from there, never from the worker."""
    found = []
    for item in frames[-MAX_FRAMES:] if isinstance(frames, list) else []:
        if not (isinstance(item, tuple | list) and len(item) == 3):
            continue
        file, line, function = item
        if isinstance(file, str) and isinstance(line, int) and file in sources:
            lines = lines_of(sources[file])
            if 1 <= line <= len(lines):
                found.append(Frame(file, line, plain_text(function)[:100], lines[line - 1][:500]))
    return tuple(found)


@lru_cache(maxsize=8)  # a traceback names one or two files, check after check
def lines_of(source: bytes) -> list[str]:
    """A source file's lines as Python counts them."""
    return source.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def describe_arity(name: str, arity: int, value: Any) -> str:
    found = f"{len(value)} values" if isinstance(value, tuple | list) else describe_value(value)
    expected = f"{arity} values" if arity else "one value"
    lost = " Is a return missing?" if value is None else ""
    return f"{name} returned {found}, expected {expected}.{lost}"


def describe_value(value: Any) -> str:
    if value is None:
        return "None"
    return "one array" if isinstance(value, np.ndarray) else "one value"


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
