"""Turns calls of one check into messages, and replies into values. Without IO: the caller passes functions for it.

    recall                       ──► the end of a known conversation, if all replies are the same; no call is made
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
from grader.sandbox.host.conversations import START, Conversations, End, Message, Next, advance
from grader.sandbox.host.decoder import RawFrame
from grader.sandbox.host.failures import (
    Circumstances,
    failure_from,
    failure_of_box,
    malformed,
    not_written,
    wrong_arity,
)
from grader.sandbox.host.program import CALL, Diverged, Program, Replay, Step, take_arity
from grader.sandbox.host.replies import checked
from grader.sandbox.inside.protocol import ProtocolError, encode_part

Part = tuple[bytes, bytes]
Post = Callable[[dict[str, Any], Part, str], None]
WaitForReply = Callable[[str], RawFrame]


class Malformed(CallFailed):
    """A reply cannot be decoded, or contains neither a value nor a failure, so the judge trusts its sender no more."""


class Exchange:
    """Sends the calls of one check and receives the replies, from the first call to settle().

    All methods that send or receive may raise CallFailed (a call returned no value) or Diverged. sent: the number of
    sent messages. replies_due: the number of replies that calls have not taken. early_replies, early_parts: what
    recall() received and sent before the check made its calls. state: the hash of the conversation so far. said: what
    followed after each earlier hash; None once a call returned no value.
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
    ) -> None:
        """opening: the "begin" entry of the first message. arities: for each call in order, (function, length of the
        tuple that the reference returns, or 0). at: returns the circumstances for a function's failure. program: the
        calls that the check will probably make; send_program() or the next call sends it."""
        self.opening: dict[str, Any] | None = opening
        self.arities = iter(arities)
        self.classes = classes
        self.at = at
        self.post = post
        self.wait_for_reply = wait_for_reply
        self.program = program
        self.replay: Replay | None = None
        self.unsent: list[Step] = []
        self.replies_due = self.sent = 0
        self.early_replies: deque[RawFrame | CallFailed] = deque()
        self.early_parts: deque[Part] = deque()
        self.mutations: list[tuple[str, int, bool]] = []
        self.state = START
        self.said: dict[bytes, Next] | None = {}

    def call(self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Make one call of the code under test."""
        if self.program is not None:
            self.settle()
            self.send_program()
        # After a failure the worker sends no more replies of the program, so later calls are sent one by one.
        replay = self.replay if self.replies_due else None
        if replay is not None:
            replay.expect(function, args, kwargs)
        else:
            if len(args) > 1 and is_attribute(function, self.classes):
                self.unsent.append((CALL, function, copy.deepcopy(args), {}, None))  # the check may change args
                return True
            self.send_steps((CALL, function, args, kwargs, None))
        value, reply = self.receive_reply(function)
        self.mutations += changes(function, args, reply)
        if replay is not None:
            replay.add(value, args)
        return value

    def recall(self, known: Conversations) -> End | None:
        """Follow a known conversation while all replies are the same. Returns its end, or None at another reply.

        After None, the caller runs the check's function. Its calls take the early replies, and do not send again.
        """
        state = START
        while self.sent == 1 and (step := known.after.get(state)) is not None:
            if isinstance(step, End):
                self.replies_due, self.mutations = 0, list(step.mutations)
                return step
            try:
                if isinstance(step, Message):
                    self.early_parts.append(step.part)
                    self.post({"op": "run"}, step.part, step.function)
                    state = advance(state, *step.part)
                else:
                    frame = self.wait_for_reply(step)
                    self.early_replies.append(frame)
                    state = advance(state, frame.header, frame.body)
            except CallFailed as failed:
                self.early_replies.append(failed)  # the call raises it
                break
        return None

    def conversation(self, value: Any) -> dict[bytes, Next]:
        """Return the conversation, ending with this value. It is empty if a call failed, or if replies are left."""
        if self.said is None or self.replies_due:
            return {}
        return {**self.said, self.state: End(value, tuple(self.mutations))}

    def send_program(self) -> None:
        """Send the program, if any, so that the worker begins to run it."""
        if self.program is not None:
            first = self.program.steps[self.program.calls[0]]
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
        part, first = encode_part(list(steps)), steps[0][1]
        if self.said is not None:
            self.said[self.state] = Message(part, first)
        self.state = advance(self.state, *part)
        self.send(part, len(steps), first)
        for _, attribute, *_ in writes:
            self.receive_reply(attribute)

    def send(self, part: Part, count: int, function: str) -> None:
        """Send encoded steps with `count` calls. function: the first call's, which a failure to send names."""
        message: dict[str, Any] = {"op": "run"}
        if self.opening is not None:
            message["begin"], self.opening = self.opening, None  # send "begin" only once
        self.replies_due = count
        self.sent += 1
        if not self.early_parts:
            self.post(message, part, function)
        elif self.early_parts.popleft() != part:  # the same replies led to another message
            raise Diverged

    def receive_reply(self, function: str) -> tuple[Any, dict[str, Any]]:
        """Return the next reply's value, and the reply. Raises CallFailed without a value of the reference's arity."""
        replies_due, self.replies_due = self.replies_due, 0  # the worker stops at a failure, so then it stays 0
        said, self.said = self.said, None
        frame = self.early_replies.popleft() if self.early_replies else self.wait_for_reply(function)
        if isinstance(frame, CallFailed):
            raise frame
        try:
            reply = checked(frame.read())
        except ProtocolError as error:
            raise Malformed(failure_of_box(error, None, self.at(function))) from None
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
        if arity is not None and (failure := wrong_arity(arity, value, self.at(function))) is not None:
            raise CallFailed(failure)
        self.replies_due = replies_due - 1
        if said is not None:
            said[self.state] = function
        self.said, self.state = said, advance(self.state, frame.header, frame.body)
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
