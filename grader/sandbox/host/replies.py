"""Checks a worker's message by a table of the allowed fields and their exact types. Pure.

A message with another field or type violates the protocol, and the session kills the sandbox. After this check, every
field has its type, but its content is still untrusted.
"""

from __future__ import annotations

from typing import Any, Final

from grader.records import Reason
from grader.sandbox.inside.protocol import ProtocolError

MAX_TEXT: Final = 2000  # characters of an exception's text on a page
MAX_POSITIONS: Final = 100  # no function has so many arguments

FIELDS: Final[dict[str, type]] = {
    "op": str,  # hello, stale, ended, ask
    "modules": dict,  # name → None, or the description of its import error
    "absent": list,  # names of modules that are not in the sandbox
    "left_out": list,  # statements of modules: file, line, function, type and text of the error
    "recoded": list,  # files whose encoding is not UTF-8 or the declared one
    "outcome": str,  # one of: value, missing, error, memory, timeout, refused, unfit
    "dicts": dict,  # position of a changed argument → the dict after the call
    "arrays": list,  # positions of arguments that were changed in place
    "aliases": list,  # the positions in `arrays` whose array was also returned
    "stub": bool,
    "type": str,
    "text": str,
    "of": str,  # the missing function, if it is not the called one
    "function": str,  # the function that a stub calls
    "args": tuple,
    "frames": list,
    "exit": int,
    "signal": int,
}


def checked(message: Any) -> dict[str, Any]:
    """Return the message if all its fields are in the table with the right type. `value` may have any type that is
    sent.

    Raises ProtocolError otherwise.
    """
    # Exact types, not isinstance, because the values are used as keys, indices and counts.
    if type(message) is not dict:
        raise ProtocolError("a message that is not a dict")
    for name, field in message.items():
        if name != "value" and (type(name) is not str or type(field) is not FIELDS.get(name)):
            raise ProtocolError(f"a message with an unknown field {str(name)[:40]!r}, or one of a wrong type")
    if message.get("outcome") == "value":
        if not {"value", "dicts", "arrays"} <= message.keys():
            raise ProtocolError("a value without dicts and arrays")
        dicts = all(is_position(key) and type(item) is dict for key, item in message["dicts"].items())
        if not dicts or not all(type(item) is int and 0 <= item < MAX_POSITIONS for item in message["arrays"]):
            raise ProtocolError("a malformed changed argument")
    return message


def is_position(key: Any) -> bool:
    # At most two ASCII digits: int() of many digits takes long, and isdecimal() accepts other digits.
    return type(key) is str and key.isascii() and key.isdecimal() and len(key) <= 2


def plain_text(text: Any) -> str:
    """Return a worker's text, cut to MAX_TEXT, without characters that no file can hold (lone surrogates)."""
    return text[:MAX_TEXT].encode("utf-8", "replace").decode() if isinstance(text, str) else ""


def plain_reason(reason: Reason) -> Reason:
    """Return a reason with plain text only, because a check may put values from student code into it."""
    return Reason(reason.id, {name: plain_value(value) for name, value in reason.values.items()})


def plain_value(value: Any) -> Any:
    if isinstance(value, Reason):
        return plain_reason(value)
    if isinstance(value, str):
        return plain_text(value)
    return [plain_value(item) for item in value] if isinstance(value, list) else value
