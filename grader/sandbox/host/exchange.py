"""Turns calls of one check into messages, and replies into values. Without IO: the caller passes functions for it.

    call, the program's next one ──► its reply, as soon as the worker has it (the program was sent before any call)
    call, after the program      ──► a message: what begins the check, writes that wait, the call ──► a reply for each
    write into an object         ──► waits for the next message                  (returns True; that message may fail)

A message is a list of steps. The worker runs the steps in order, replies to each call, and stops at the first call
that fails. Only this module decides which steps are sent for a check's calls.
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
    """A reply contains neither a value nor a failure, so the judge does not trust its sender any more."""


class Exchange:
    """Sends the calls of one check and receives the replies, from the first call to settle().

    All methods that send or receive may raise CallFailed (a call returned no value) or Diverged. sent: the number of
    sent messages. replies_due: the number of replies that have not arrived. early_replies: replies that results()
    received before the check made its calls.
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
        """opening: the "begin" entry of the first message. arities: for each call in order, (function, length of the
        tuple that the reference returns, or 0). at: returns the circumstances for a function's failure. program: the
        calls that the check will probably make; send_program() or the next call sends it. lean: the judge needs
        results() alone."""
        self.opening: dict[str, Any] | None = opening
        self.arities = iter(arities)
        self.classes = classes
        self.at = at
        self.post = post
        self.wait_for_reply = wait_for_reply
        self.program = program
        self.lean = lean
        self.is_lean = False  # the worker leaves out values that only later calls of the program need
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
        # After a failure the worker sends no more replies of the program, so later calls are sent one by one.
        replay = self.replay if self.replies_due or self.early_replies else None
        if replay is not None:
            replay.expect(function, args, kwargs)
        else:
            if len(args) > 1 and is_attribute(function, self.classes):
                self.unsent.append((CALL, function, copy.deepcopy(args), {}, None, True))  # check may change args
                return True
            self.send_steps((CALL, function, args, kwargs, None, True))
        if self.early_replies and replay is not None and not replay.served:
            self.mutations = []  # results() collected these; the calls collect them again
        answer = self.early_replies.popleft() if self.early_replies else self.receive_reply(function)
        if isinstance(answer, CallFailed):  # results() stored this failure
            raise answer
        value, reply = answer
        self.mutations += changes(function, args, reply)
        if replay is not None:
            replay.add(value, args)
        return value

    def results(self) -> Any:
        """Return the check's result, computed from the program's replies, or None if that is impossible.

        After None, the caller runs the check's function, whose calls take the replies from `early_replies`. Lean
        replies lack values that the function needs, so then the check must be rerun. Raises CallFailed if a lean reply
        shows that a function is not written, because a rerun would find the same.
        """
        program = self.replay.program if self.replay is not None else None
        if program is None or program.result is None:
            return None
        replay, mutations = Replay(program), list[tuple[str, int, bool]]()
        try:
            for number in program.calls:
                _, function, sent, _, _, is_needed = program.steps[number]
                value, reply = self.receive_reply(function, is_needed or not self.is_lean)
                self.early_replies.append((value, reply))
                # This call wrote into a dict, and the recorded program lacks these entries.
                if reply["dicts"]:
                    program.is_lean = False
                    return None
                mutations += changes(function, sent, reply)
                replay.add(value, sent)
            result = replay.with_values(program.result)
        except CallFailed as failed:
            if self.is_lean and failed.failure.status == MISSING:
                raise
            self.early_replies.append(failed)  # call() raises it
        except Exception:  # e.g. the check uses an entry that the returned dict lacks
            return None
        else:
            self.mutations += mutations
            return result

    def send_program(self) -> None:
        """Send the program, if any, so that the worker begins to run it."""
        if self.program is not None:
            first = self.program.steps[self.program.calls[0]]
            self.is_lean = self.lean and self.program.is_lean
            self.send(self.program.part, len(self.program.calls), first[1])
            self.replay, self.program = Replay(self.program), None

    def settle(self) -> None:
        """Send the delayed writes."""
        if self.unsent:
            self.send_steps()

    def send_steps(self, *steps: Step) -> None:
        """Send the delayed writes, then these steps. Raises CallFailed if a write fails."""
        # Empty `unsent` first: if sending fails, a second attempt must not send the writes again.
        writes, self.unsent = self.unsent, []
        steps = (*writes, *steps)
        self.send(encode_part(list(steps)), len(steps), steps[0][1])
        for _, attribute, *_ in writes:
            self.receive_reply(attribute)

    def send(self, part: tuple[bytes, bytes], count: int, function: str) -> None:
        """Send encoded steps with `count` calls. function: the first call's, which a failure to send names."""
        message: dict[str, Any] = {"op": "run", "lean": self.is_lean}
        if self.opening is not None:
            message["begin"], self.opening = self.opening, None  # send "begin" only once
        self.replies_due = count
        self.sent += 1
        self.post(message, part, function)

    def receive_reply(self, function: str, is_needed: bool = True) -> tuple[Any, dict[str, Any]]:
        """Return the next reply's value, and the reply. Raises CallFailed without a value of the reference's arity."""
        replies_due, self.replies_due = self.replies_due, 0  # the worker stops at a failure, so then it stays 0
        reply = self.wait_for_reply(function)
        # The worker could not compute the next call's arguments. The check itself may fail in another way, so rerun it.
        if reply.get("outcome") == "unfit" and self.replay is not None:
            raise Diverged
        if reply.get("outcome") != "value":
            failure = failure_from(reply, self.at(function))
            if failure is None:
                raise Malformed(malformed(self.at(function)))
            raise CallFailed(failure)
        # Test this last, because an exception is a better explanation than "not written".
        if reply.get("stub") is True:
            raise CallFailed(not_written(self.at(function)))
        value, arity = reply["value"], take_arity(self.arities, function)
        # A left-out value has no arity. After any other value with a wrong arity, the worker stops.
        if arity is not None and (is_needed or reply.get("lean") is not True):
            failure = wrong_arity(arity, value, self.at(function))
            if failure is not None:
                raise CallFailed(failure)
        self.replies_due = replies_due - 1
        return value, reply


def changes(function: str, args: tuple[Any, ...], reply: Mapping[str, Any]) -> list[tuple[str, int, bool]]:
    """Update dicts among the arguments as the call changed them. Return which arrays the call changed."""
    # The worker sends the positions, so ignore those beyond the arguments.
    for key, after in reply["dicts"].items():
        if int(key) < len(args) and isinstance(args[int(key)], dict):
            update_dict(args[int(key)], after)
    returned = reply.get("aliases", [])
    return [(function, p, p in returned) for p in reply["arrays"] if p < len(args)]


def is_attribute(function: str, classes: Classes) -> bool:
    """Whether this is a class's attribute: a call with only the object reads it, a call with entries writes it."""
    owner = module_of(function)
    return owner in classes and short_name(function) in classes[owner].attributes
