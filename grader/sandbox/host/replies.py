"""What a worker may send: the fields of its messages and their exact types, as a table. Pure.

The session takes a message with any other field for a violation of the protocol, and ends the sandbox. After this check
every field has its type. Its content is still untrusted.
"""

from __future__ import annotations

from typing import Any, Final

from grader.records import Reason
from grader.sandbox.inside.protocol import ProtocolError

MAX_TEXT: Final = 2000  # characters of one text: what a page shows of an exception
MAX_POSITIONS: Final = 100  # of arguments; no function has that many

FIELDS: Final[dict[str, type]] = {
    "op": str,  # hello, stale, ended, ask
    "id": int,  # of the request that this answers
    "modules": dict,  # name → None, or a description of what its import raised
    "absent": list,  # names of modules that are not in the sandbox
    "left_out": list,  # statements of modules: file, line, function, type and text of the error
    "recoded": list,  # files in another encoding than they declare, or than UTF-8
    "outcome": str,  # value, missing, error, memory, timeout, refused, unfit
    "dicts": dict,  # position of an argument → the dict that it is now
    "arrays": list,  # positions of arguments that were changed in place
    "aliases": list,  # those of these positions whose array was also returned
    "stub": bool,
    "type": str,
    "text": str,
    "of": str,  # the missing function, where it is not the one that was called
    "function": str,  # the function that a stub calls
    "args": tuple,
    "frames": list,
    "took": float,  # seconds within the function that was called, as the worker reports
    "exit": int,
    "signal": int,
}


def checked(message: Any) -> dict[str, Any]:
    """Return the message if every field of it is in the table and has its type. `value` may be anything that travels.

    Raises ProtocolError otherwise.
    """
    # `type(…) is`, not isinstance: what passes here is used as a key, an index or a count.
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
    # At most two digits, as MAX_POSITIONS: int() of many digits takes long, and other digits than ASCII pass isdecimal.
    return type(key) is str and key.isascii() and key.isdecimal() and len(key) <= 2


def plain_text(text: Any) -> str:
    """Return a worker's text, cut to MAX_TEXT, without characters that no file can hold (lone surrogates)."""
    return text[:MAX_TEXT].encode("utf-8", "replace").decode() if isinstance(text, str) else ""


def plain_reason(reason: Reason) -> Reason:
    """Return a reason with plain text only: a check may take values for it from what the code under test returned."""
    return Reason(reason.id, {name: plain_value(value) for name, value in reason.values.items()})


def plain_value(value: Any) -> Any:
    if isinstance(value, Reason):
        return plain_reason(value)
    if isinstance(value, str):
        return plain_text(value)
    return [plain_value(item) for item in value] if isinstance(value, list) else value
