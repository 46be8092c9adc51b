"""Makes a Failure from a worker's reply, or from the way in which the worker ended. Pure.

    a reply whose outcome is not a value ──► failure_from        a module's import ──► import_failure
    no reply: what the box raised        ──► failure_of_box      a value of another arity ──► wrong_arity
    the child ended before it replied    ──► failure_of_child    the submission's time ──► submission_timeout

The judge checks a worker's report as far as possible: names, lines and frames must exist in the collected files.
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
from grader.sandbox.host.box import NoReply, TooMuchMemory, TooMuchPrinted, WorkerEnded
from grader.sandbox.host.limits import Limits
from grader.sandbox.host.plan import Plan
from grader.sandbox.host.replies import plain_text
from grader.sandbox.inside.protocol import ProtocolError

MAX_FRAMES: Final = 20  # frames of a traceback that a page shows; an endless recursion has a thousand
# Windows has neither signal; the numbers are then never used.
SIGXCPU: Final = int(getattr(signal, "SIGXCPU", 24))
SIGKILL: Final = int(getattr(signal, "SIGKILL", 9))


@dataclass(frozen=True)
class Circumstances:
    """What a session was doing when a failure happened.

    function: the called function, or "" during the import. why: why the check had less time than usual. bounds_memory:
    whether limits.memory_mib is enforced.
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
        """The subject of a reason's sentence: the function, or the import as a whole."""
        return self.name or Reason.of("importing", modules=self.plan.modules)

    def out_of_time(self, reason: Reason, frames: tuple[Frame, ...] = ()) -> Failure:
        """Return a timeout, with the reason why the check had less time than usual, if any."""
        whole = Reason.of("in_less_time", what=reason, why=self.why) if self.why and self.function else reason
        return Failure(TIMEOUT, self.owner, whole, frames)


def failure_from(reply: Mapping[str, Any], at: Circumstances) -> Failure | None:
    """Return the failure that the worker reports, checked as far as possible, or None if it reports no failure.

    Every text passes through plain_text, because student code may have written it.
    """
    name, owner = at.name or Reason.of("the_import"), at.owner
    outcome, text = reply.get("outcome"), plain_text(reply.get("text"))
    if outcome == "missing":
        absent = text == "absent"
        file = module_of(owner).replace(".", "/") + ".py"
        missing = owner_of(plain_text(reply.get("of")), at.plan.classes)
        # The reply may name another function, which this one calls. Ignore names that are not in the plan.
        if missing in at.plan.functions and missing != owner:
            return Failure(MISSING, missing, Reason.of("not_written", name=short_name(missing)))
        return Failure(MISSING, owner, Reason.of("absent", file=file, name=name)) if absent else not_written(at)
    if outcome == "memory":
        reason = Reason.of("out_of_memory", name=name, text=text)
        # A student's own run (PlainBox) has no memory limit, so its message names none.
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
    """Return why a module could not be imported, as the worker reports, or None if the worker reports no failure."""
    file = module.replace(".", "/") + ".py"
    failure = failure_from(result if isinstance(result, dict) else {}, at)
    if failure is None:
        return None
    reason = failure.reason
    if reason.id == "raised":
        reason = Reason.of("import_raised", file=file, raised=failure.raised, text=reason.values["text"])
    # No owner, because a module that cannot be imported fails all of its functions.
    return Failure(failure.status, "", reason, failure.frames)


def failure_of_box(error: Exception, exit_code: int | None, at: Circumstances) -> Failure:
    """Return the failure if there was no usable reply.

    error: the exception of the box or the decoder. exit_code: of the worker server, which ends early only during an
    import or if it is attacked.
    """
    name, limits = at.subject, at.limits
    if isinstance(error, NoReply):
        limit_s = limits.wall_s if at.function else limits.import_wall_s
        return at.out_of_time(Reason.of("out_of_wall_time", name=name, seconds=limit_s))
    if isinstance(error, WorkerEnded):
        # The kernel sends SIGXCPU at the soft limit (setrlimit(2)). A launcher may report signal n as 128 + n.
        if exit_code in (128 + SIGXCPU, -SIGXCPU):
            return at.out_of_time(Reason.of("out_of_import_time", name=name, seconds=limits.import_cpu_s))
        return crash(Reason.of("ended", name=name, code=str(exit_code)), at)
    if isinstance(error, TooMuchPrinted):
        return crash(Reason.of("printed_too_much", name=name), at)
    if isinstance(error, TooMuchMemory):
        return crash(Reason.of("too_many_processes", name=name, memory_mib=limits.memory_mib), at)
    assert isinstance(error, ProtocolError)
    return crash(Reason.of("malformed_by", name=name, error=str(error)), at)


def failure_of_child(reply: Mapping[str, Any], waited_s: float, at: Circumstances) -> Failure:
    """Return the failure if the child ended before it replied: at its CPU limit, by a signal, or by an exit."""
    number, code = reply.get("signal"), reply.get("exit")
    # Code that ignores SIGXCPU gets SIGKILL at the hard limit. The kernel also sends SIGKILL if memory is short; then
    # the process usually ran for less than the limit.
    if number == SIGXCPU or (number == SIGKILL and waited_s >= at.limits.cpu_s):
        return at.out_of_time(Reason.of("out_of_cpu_time", name=at.subject, seconds=at.limits.cpu_s))
    if isinstance(number, int) and number:
        known = signal.Signals(number).name if number in set(signal.Signals) else "unknown"
        return crash(Reason.of("killed", name=at.subject, number=number, signal=known), at)
    return crash(Reason.of("ended", name=at.subject, code=str(code) if isinstance(code, int) else "?"), at)


def crash(reason: Reason, at: Circumstances) -> Failure:
    """Return the failure of a call or the import after which the judge no longer trusts the box."""
    return Failure(CRASHED, at.owner, reason)


def unexpected_reply(at: Circumstances) -> Failure:
    """Return the failure for a reply with the id of another request."""
    return crash(Reason.of("unasked", name=at.subject), at)


def malformed(at: Circumstances) -> Failure:
    """Return the failure for a reply that contains neither a value nor a failure."""
    return crash(Reason.of("malformed", name=at.subject), at)


def submission_timeout(limits: Limits, stopped: str = "") -> Failure:
    """Return the failure for the end of the submission's time.

    The failure blames no function, since the running check need not be slow. stopped: the function that ran, or "" if
    the check had not begun.
    """
    seconds = limits.submission_wall_s
    if stopped:
        return Failure(TIMEOUT, "", Reason.of("used_up_while", seconds=seconds, name=stopped))
    return Failure(TIMEOUT, "", Reason.of("used_up", seconds=seconds))


def not_written(at: Circumstances) -> Failure:
    """Return the failure for a function that is still a stub of the handout, as the worker reports."""
    return Failure(MISSING, at.owner, Reason.of("not_written", name=at.name or Reason.of("the_import")))


def wrong_arity(arity: int, value: Any, at: Circumstances) -> Failure | None:
    """Return a failure if the number of values is wrong. arity: length of the reference's tuple, 0 for one value."""
    is_many, one = isinstance(value, tuple | list), Reason.of("one_value")
    count = len(value) if is_many else 0
    # If the reference returns one value and the student a list, compare them: that message is clearer than a count.
    if count == arity or (arity == 0 and isinstance(value, list)):
        return None
    expected = Reason.of("values", count=arity) if arity else one
    if value is None:
        return Failure(FAILED, at.owner, Reason.of("returned_none", name=at.name, expected=expected))
    not_many = Reason.of("one_array") if isinstance(value, np.ndarray) else one
    found = Reason.of("values", count=count) if is_many else not_many
    return Failure(FAILED, at.owner, Reason.of("returned", name=at.name, found=found, expected=expected))


def frames_from(frames: Any, sources: Mapping[str, bytes]) -> tuple[Frame, ...]:
    """Return the traceback lines that exist in the collected files, with their text from these files."""
    found = []
    # Take the last frames, because the innermost frame raised the error.
    for item in frames[-MAX_FRAMES:] if isinstance(frames, list) else []:
        match item:
            # Otherwise a worker could name any file of the host, and a page would show its lines.
            case str(file), int(line), function if file in sources and 1 <= line <= len(lines_of(sources[file])):
                text = lines_of(sources[file])[line - 1]
                found.append(Frame(file, line, plain_text(function)[:100], text[:500]))
    return tuple(found)


@lru_cache(maxsize=8)  # cached, because all tracebacks name the same few files
def lines_of(source: bytes) -> list[str]:
    """Split a source file into lines as Python counts them."""
    return source.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
