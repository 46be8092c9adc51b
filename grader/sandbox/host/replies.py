"""What a worker may say: the fields of its messages and their exact types, as a table. Pure.

Whatever is not in the table is no reply: the session takes it for a violation of the protocol and ends the sandbox.
Past this point every field of a message has the type that it should have; its content is still what a stranger said.
"""

from __future__ import annotations

from typing import Any, Final

from grader.records import Reason
from grader.sandbox.inside.protocol import ProtocolError

MAX_TEXT: Final = 2000
MAX_POSITIONS: Final = 100  # of arguments; no function has that many

FIELDS: Final[dict[str, type]] = {
    "op": str,  # hello, stale, ended, ask
    "id": int,  # of the request that this answers
    "modules": dict,  # name → None or a description of what its import raised
    "absent": list,  # names of modules that are not in the sandbox
    "left_out": list,  # statements of modules: file, line, function, type and text of the error
    "recoded": list,  # files that are not in the encoding that they should be in
    "outcome": str,  # value, missing, error, memory, timeout, refused, unfit
    "dicts": dict,  # position of an argument → the dict that it is now
    "arrays": list,  # positions of arguments that were changed in place
    "aliases": list,  # positions of those among them that were returned as well
    "stub": bool,
    "type": str,
    "text": str,
    "of": str,  # the function that is missing, where it is not the one that was called
    "function": str,  # that a stub asks for
    "args": tuple,
    "frames": list,
    "took": float,  # seconds within the function that was called, as the worker says
    "exit": int,
    "signal": int,
}


def checked(message: Any) -> dict[str, Any]:
    """The message, if every field of it is in the table and of its type; `value` may be anything that travels.

    Raises ProtocolError otherwise.
    """
    if type(message) is not dict:
        raise ProtocolError("a message that is no message")
    for name, field in message.items():
        if name != "value" and (type(name) is not str or type(field) is not FIELDS.get(name)):
            raise ProtocolError(f"a message with a field {str(name)[:40]!r} that is none")
    if message.get("outcome") == "value":
        if not {"value", "dicts", "arrays"} <= message.keys():
            raise ProtocolError("a value without its parts")
        dicts = all(is_position(key) and type(item) is dict for key, item in message["dicts"].items())
        if not dicts or not all(type(item) is int and 0 <= item < MAX_POSITIONS for item in message["arrays"]):
            raise ProtocolError("a changed argument that is none")
    return message


def is_position(key: Any) -> bool:
    return type(key) is str and key.isascii() and key.isdecimal() and len(key) <= 2


def plain_text(text: Any) -> str:
    """Text from the worker, bounded and free of what no file can hold."""
    return text[:MAX_TEXT].encode("utf-8", "replace").decode() if isinstance(text, str) else ""


def plain_reason(reason: Reason) -> Reason:
    """A reason with plain text only: a check may have taken its values from what the code under test returned."""
    return Reason(reason.id, {name: plain_value(value) for name, value in reason.values.items()})


def plain_value(value: Any) -> Any:
    if isinstance(value, Reason):
        return plain_reason(value)
    if isinstance(value, str):
        return plain_text(value)
    return [plain_value(item) for item in value] if isinstance(value, list) else value
