"""Turns the calls of one check into messages, and replies into values. Without IO: `post` and `wait_for_reply` do it.

    call, the program's next one ──► its reply, as soon as the worker has it (the program was sent before any call)
    call, after the program      ──► a message: what begins the check, writes that wait, the call ──► a reply for each
    write into an object         ──► waits for the next message                  (returns True; that message may fail)

A message is a list of steps. The worker runs them in order, replies to each call among them, and stops at the first
that fails. Only this module decides which steps a check's calls become.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from grader.calls import CallFailed, Classes, update_dict
from grader.function_ids import module_of, short_name
from grader.records import MISSING
from grader.sandbox.host.failures import Circumstances, failure_from, malformed, not_written, wrong_arity
from grader.sandbox.host.program import CALL, Diverged, Program, Replay, Step, take_arity
from grader.sandbox.inside.protocol import encode_part

Post = Callable[[dict[str, Any], tuple[bytes, bytes], str], None]
WaitForReply = Callable[[str], dict[str, Any]]


class Malformed(CallFailed):
    """A reply carries neither a value nor a failure, so the process that sent it is not trusted any more."""


class Exchange:
    """One check's calls, from the first to settle().

    All that sends or receives raises CallFailed if a call returns no value, or Diverged. sent: the number of messages.
    replies_due: how many replies are still to come. early_replies: those that came before the check made its calls.
    """

    def __init__(
        self,
        opening: dict[str, Any],
        arities: Sequence[tuple[str, int]],
        classes: Classes,
        at: Callable[[str], Circumstances],
        post: Post,
        wait_for_reply: WaitForReply,
        program: Program | None,
        lean: bool = False,
    ) -> None:
        """opening: what begins the check, sent with the first message. arities: for each call in order, (function,
        length of the tuple that the reference returns, or 0). at: the circumstances of a function's failure. program:
        the calls that the check will probably make; send_program() or the next call sends it. lean: the judge will
        call results() alone."""
        self.opening: dict[str, Any] | None = opening
        self.arities = iter(arities)
        self.classes = classes
        self.at = at
        self.post = post
        self.wait_for_reply = wait_for_reply
        self.program = program
        self.lean = lean
        self.is_lean = False  # the worker leaves out values that only the program's own calls need
        self.replay: Replay | None = None
        self.unsent: list[Step] = []
        self.replies_due = self.sent = 0
        self.early_replies: deque[tuple[Any, dict[str, Any]] | CallFailed] = deque()
        self.mutations: list[tuple[str, int, bool]] = []

    def call(self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Make one call of the code under test."""
        if self.program is not None:
            self.settle()
            self.send_program()
        # The worker stops at a failure. The program then has no more replies, and calls go one by one.
        replay = self.replay if self.replies_due or self.early_replies else None
        if replay is not None:
            replay.expect(function, args, kwargs)
        else:
            if len(args) > 1 and is_attribute(function, self.classes):
                self.unsent.append((CALL, function, copy.deepcopy(args), {}, None, True))  # the check may change them
                return True
            self.send_steps((CALL, function, args, kwargs, None, True))
        if self.early_replies and replay is not None and not replay.served:
            self.mutations = []  # results() has counted them, and the calls count them again
        answer = self.early_replies.popleft() if self.early_replies else self.receive_reply(function)
        if isinstance(answer, CallFailed):  # results() received it before the check made this call
            raise answer
        value, reply = answer
        self.mutations += changes(function, args, reply)
        if replay is not None:
            replay.add(value, args)
        return value

    def results(self) -> Any:
        """Return what the check returns if it makes the recorded calls; None if that is not known, or a call failed.

        After None, the check makes its calls, and finds the replies in `early_replies`. If the replies are lean, they
        lack values that the check needs, and it has to be rerun.
        Raises CallFailed if a lean reply shows that a function is not written: a rerun would find the same.
        """
        program = self.replay.program if self.replay is not None else None
        if program is None or program.result is None:
            return None
        replay, mutations = Replay(program), list[tuple[str, int, bool]]()
        try:
            for number in program.calls:
                _, function, sent, _, _, is_needed = program.steps[number]
                # In a lean reply None may stand for a value that was left out, so its arity says nothing.
                value, reply = self.receive_reply(function, is_needed or not self.is_lean)
                self.early_replies.append((value, reply))
                # The recording knows only what the check itself put into a dict, not what this call wrote there.
                if reply["dicts"]:
                    program.is_lean = False
                    return None
                mutations += changes(function, sent, reply)
                replay.add(value, sent)
            result = replay.with_values(program.result)
        except CallFailed as failed:
            if self.is_lean and failed.failure.status == MISSING:
                raise
            self.early_replies.append(failed)  # the check's own call raises it
        except Exception:  # a returned value lacks what the check takes from it
            return None
        else:
            self.mutations += mutations
            return result

    def send_program(self) -> None:
        """Send the program, if there is one, so that the worker begins with it."""
        if self.program is not None:
            first = self.program.steps[self.program.calls[0]]
            self.is_lean = self.lean and self.program.is_lean
            self.send(self.program.part, len(self.program.calls), first[1])
            self.replay, self.program = Replay(self.program), None

    def settle(self) -> None:
        """Send the writes that wait."""
        if self.unsent:
            self.send_steps()

    def send_steps(self, *steps: Step) -> None:
        """Send these steps behind the writes that wait, and raise CallFailed if one of those fails."""
        # Emptied first: if the message fails, a second attempt must not send the writes again.
        writes, self.unsent = self.unsent, []
        steps = (*writes, *steps)
        self.send(encode_part(list(steps)), len(steps), steps[0][1])
        for _, attribute, *_ in writes:
            self.receive_reply(attribute)

    def send(self, part: tuple[bytes, bytes], count: int, function: str) -> None:
        """Send encoded steps with `count` calls. function: the first of them, which a failure to send is blamed on."""
        message: dict[str, Any] = {"op": "run", "lean": self.is_lean}
        if self.opening is not None:
            message["begin"], self.opening = self.opening, None  # the worker takes a second begin for another check
        self.replies_due = count
        self.sent += 1
        self.post(message, part, function)

    def receive_reply(self, function: str, is_needed: bool = True) -> tuple[Any, dict[str, Any]]:
        """Return the next reply and its value, which has the reference's arity; None if the value is not needed."""
        replies_due, self.replies_due = self.replies_due, 0  # the worker stops at a call without a value
        reply = self.wait_for_reply(function)
        # The worker could not make the next call from what was returned. The check itself may fail in another way.
        if reply.get("outcome") == "unfit" and self.replay is not None:
            raise Diverged
        if reply.get("outcome") != "value":
            failure = failure_from(reply, self.at(function))
            if failure is None:
                raise Malformed(malformed(self.at(function)))
            raise CallFailed(failure)
        # Only after other outcomes: an exception says more than a body that is not written.
        if reply.get("stub") is True:
            raise CallFailed(not_written(self.at(function)))
        value, arity = reply["value"], take_arity(self.arities, function)
        if arity is not None and (is_needed or value is not None):
            failure = wrong_arity(arity, value, self.at(function))
            if failure is not None:
                raise CallFailed(failure)
        self.replies_due = replies_due - 1
        return value, reply


def changes(function: str, args: tuple[Any, ...], reply: Mapping[str, Any]) -> list[tuple[str, int, bool]]:
    """Bring dicts among the arguments to the state in which the call left them. Returns the arrays that it changed."""
    # Positions come from the worker: one beyond the arguments is ignored.
    for key, after in reply["dicts"].items():
        if int(key) < len(args) and isinstance(args[int(key)], dict):
            update_dict(args[int(key)], after)
    returned = reply.get("aliases", [])
    return [(function, p, p in returned) for p in reply["arrays"] if p < len(args)]


def is_attribute(function: str, classes: Classes) -> bool:
    """Whether a function is a class's attribute: a call with the object alone reads it, one with entries writes it."""
    owner = module_of(function)
    return owner in classes and short_name(function) in classes[owner].attributes
