"""The calls of one check as messages, and the replies as values. Without IO: `post` sends a message, `listen` waits.

    call, the program's next one ──► its reply, as soon as the worker has it (the program was sent before any call)
    call, after the program      ──► a message: what begins the check, writes that wait, the call ──► a reply for each
    write into an object         ──► waits for the next message                  (True, until that shows otherwise)

A message is a list of steps. The worker does one after the other and replies to each call among them; at the first that
goes wrong it stops. What a check's calls are to the worker is decided here and nowhere else.
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
Listen = Callable[[str], dict[str, Any]]


class Malformed(CallFailed):
    """A reply of the right form says neither a value nor a failure: whoever sent it is in doubt."""


class Exchange:
    """One check's calls, from the first to settle(). What talks raises CallFailed where no value comes, or Diverged.

    sent: messages. unheard: replies that are still to come; heard: those that came before the check made its calls.
    """

    def __init__(
        self,
        opening: dict[str, Any],
        arities: Sequence[tuple[str, int]],
        classes: Classes,
        at: Callable[[str], Circumstances],
        post: Post,
        listen: Listen,
        program: Program | None,
        lean: bool = False,
    ) -> None:
        """opening: what the first message says of the check. arities: for each call in order, (function, length of the
        tuple that the reference returns, or 0). at: how a failure of a function is described. program: what is expected
        to be called; send_program() sends it, or the next call. lean: results() is all that will be called."""
        self.opening: dict[str, Any] | None = opening
        self.arities = iter(arities)
        self.classes = classes
        self.at = at
        self.post = post
        self.listen = listen
        self.program = program
        self.lean = lean
        self.is_lean = False  # the worker leaves out values that only its own calls need
        self.replay: Replay | None = None
        self.unsent: list[Step] = []
        self.unheard = self.sent = 0
        self.heard: deque[tuple[Any, dict[str, Any]] | CallFailed] = deque()
        self.mutations: list[tuple[str, int, bool]] = []

    def call(self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """One call of the code under test."""
        if self.program is not None:
            self.settle()
            self.send_program()
        # After a failure, too, there are no more replies of a program.
        replay = self.replay if self.unheard or self.heard else None
        if replay is not None:
            replay.expect(function, args, kwargs)
        else:
            if len(args) > 1 and is_attribute(function, self.classes):
                self.unsent.append((CALL, function, copy.deepcopy(args), {}, None, True))  # as they are now
                return True
            self.send_steps((CALL, function, args, kwargs, None, True))
        if self.heard and replay is not None and not replay.served:
            self.mutations = []  # which results() has told
        answer = self.heard.popleft() if self.heard else self.hear(function)
        if isinstance(answer, CallFailed):
            raise answer
        value, reply = answer
        self.mutations += changes(function, args, reply)
        if replay is not None:
            replay.add(value, args)
        return value

    def results(self) -> Any:
        """What the check returns if it goes as it was recorded; None where that is not known, or something went wrong.

        Then the check makes its calls, and finds the replies in `heard`. So it does where a call changed a dict of the
        check's: the recording knows only what the check itself put there. Where replies are lean, they are no use to
        the check, which has to be rerun.
        Raises CallFailed where a lean reply shows that something is not written, which a rerun would not change.
        """
        program = self.replay.program if self.replay is not None else None
        if program is None or program.result is None:
            return None
        replay, mutations = Replay(program), list[tuple[str, int, bool]]()
        try:
            for number in program.calls:
                _, function, sent, _, _, is_needed = program.steps[number]
                value, reply = self.hear(function, is_needed or not self.is_lean)
                self.heard.append((value, reply))
                if reply["dicts"]:
                    program.is_lean = False
                    return None
                mutations += changes(function, sent, reply)
                replay.add(value, sent)
            result = replay.filled(program.result)
        except CallFailed as failed:
            if self.is_lean and failed.failure.status == MISSING:
                raise
            self.heard.append(failed)
        except Exception:  # what was returned does not have what the check takes from it
            return None
        else:
            self.mutations += mutations
            return result

    def send_program(self) -> None:
        """Have the worker begin with what is expected to be called, if anything is."""
        if self.program is not None:
            first = self.program.steps[self.program.calls[0]]
            self.is_lean = self.lean and self.program.is_lean
            self.send(self.program.part, len(self.program.calls), first[1])
            self.replay, self.program = Replay(self.program), None

    def settle(self) -> None:
        """See to it that all was written."""
        if self.unsent:
            self.send_steps()

    def send_steps(self, *steps: Step) -> None:
        """Send these steps, after the writes that wait, and see whether those could be done."""
        writes, self.unsent = self.unsent, []
        steps = (*writes, *steps)
        self.send(encode_part(list(steps)), len(steps), steps[0][1])
        for _, attribute, *_ in writes:
            self.hear(attribute)

    def send(self, part: tuple[bytes, bytes], count: int, function: str) -> None:
        """function: the first that is called."""
        message: dict[str, Any] = {"op": "run", "lean": self.is_lean}
        if self.opening is not None:
            message["begin"], self.opening = self.opening, None
        self.unheard = count
        self.sent += 1
        self.post(message, part, function)

    def hear(self, function: str, is_needed: bool = True) -> tuple[Any, dict[str, Any]]:
        """The next reply, and its value, of the arity that the reference has here; or None where it is not needed."""
        unheard, self.unheard = self.unheard, 0  # the worker stops where there is no value
        reply = self.listen(function)
        if reply.get("outcome") == "unfit" and self.replay is not None:
            raise Diverged
        if reply.get("outcome") != "value":
            failure = failure_from(reply, self.at(function))
            if failure is None:
                raise Malformed(malformed(self.at(function)))
            raise CallFailed(failure)
        if reply.get("stub") is True:
            raise CallFailed(not_written(self.at(function)))
        value, arity = reply["value"], take_arity(self.arities, function)
        if arity is not None and (is_needed or value is not None):
            failure = wrong_arity(arity, value, self.at(function))
            if failure is not None:
                raise CallFailed(failure)
        self.unheard = unheard - 1
        return value, reply


def changes(function: str, args: tuple[Any, ...], reply: Mapping[str, Any]) -> list[tuple[str, int, bool]]:
    """What a call did to its arguments: dicts are as it left them then; arrays that it changed are told."""
    for key, after in reply["dicts"].items():
        if int(key) < len(args) and isinstance(args[int(key)], dict):
            update_dict(args[int(key)], after)
    returned = reply.get("aliases", [])
    return [(function, p, p in returned) for p in reply["arrays"] if p < len(args)]


def is_attribute(function: str, classes: Classes) -> bool:
    """Whether it is an attribute of a class: read with the object alone, written with what it is to hold besides."""
    owner = module_of(function)
    return owner in classes and short_name(function) in classes[owner].attributes
