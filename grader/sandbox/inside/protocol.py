"""The wire format between judge and worker: bytes to values and back, without IO.

Both ends import this file, so it supports Python 3.8 and imports only NumPy and the standard library. Each end treats
the other as hostile: a frame can only hold plain data, every size is checked before anything is built, and a malformed
frame raises ProtocolError and nothing else.

    frame   = magic (4) | request (u32) | seconds (f64) | header length (u32) | body length (u64) | header | body
    request = the number of a request, which its replies repeat; 0: neither
    seconds = within the function that was called, as the worker reports; equal replies differ only here
    header  = one value as JSON, made of null, true, false, numbers, strings and these lists:
              ["l", ...] list    ["t", ...] tuple       ["d", key, value, ...] dict
              ["b", n] n bytes   ["a", dtype, [shape]] array   ["s", dtype] NumPy scalar
              ["f", "nan"] a float that JSON lacks      ["h", number, type name] handle
              ["n", dtype] dtype                        ["y", dtype] its scalar type, as np.float64
    body    = the bytes of all "b", "a" and "s", little-endian, C order, in the order of the header

There is no pickle, no lookup of a class name and no attribute access: a handle is a number, and only the end that
created it can turn it into an object.
"""

from __future__ import annotations

import io
import json
import math
import re
import struct
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Callable, Dict, List, Tuple

import numpy as np

MAGIC = b"LGP1"
PREFIX = struct.Struct(">4sIdIQ")  # ">" gives the same size on every machine

MAX_HEADER = 1 << 20  # bytes; a deep net's dict of gradients needs 10 kB
MAX_BODY = 256 << 20  # bytes; the largest array that a check sends or expects is below 1 MiB
MAX_DEPTH = 24  # the deepest cache, of a sandwich layer made of sandwich layers, has 6 levels
MAX_TOKENS = 100_000  # values in one header, so that decoding takes less than 0.1 s
MAX_DIGITS = 400  # digits of one number; the largest float64 has 309 before the point
MAX_NDIM = 32  # NumPy's own limit before 2.0
FEW = 1000  # this many values have fewer than MAX_TOKENS tokens: an array of 32 axes has 75
SMALL = 1 << 62  # an int below this has fewer digits than MAX_DIGITS

SENT = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128"
DTYPES = {name: np.dtype(name).newbyteorder("<") for name in SENT.split()}
# The same dtypes in this machine's byte order. On a little-endian machine an array's bytes are sent as they are.
NATIVE = {dtype: dtype.newbyteorder("=") for dtype in DTYPES.values()}
NAMES = {NATIVE[dtype]: name for name, dtype in DTYPES.items()}
IS_LITTLE = sys.byteorder == "little"
NON_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}

PLAIN = frozenset([int, float, bool, type(None)])  # JSON has these types; strings need the function `text`

CLASS_NAME = type.__dict__["__name__"]  # the original __name__, because a student's metaclass can define another one

# A whole string is one token, so that brackets inside a string do not count. A quote that no second quote ends is a
# token too: otherwise the search would read to the end of the header for each such quote.
TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|"|[\[\]{},]|[-+0-9.eE]+')
LONG_NUMBER = re.compile(rb"[-+0-9.eE]{%d}" % (MAX_DIGITS + 1))
NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))

WRITER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


class ProtocolError(ValueError):
    """An honest peer would not send this frame. This module raises no other exception."""


@dataclass(frozen=True)
class Handle:
    """Stands for an object in the worker. number: the worker finds the object by it. type_name: for messages only."""

    number: int
    type_name: str


def encode(value: Any, number: int = 0, took_s: float = 0.0) -> bytes:
    """Return one value as a frame. Raises ProtocolError if the format has no form for the value, or at a limit."""
    return frame(*encode_part(value), number, took_s)


def encode_with(message: Dict[str, Any], steps: Tuple[bytes, bytes], number: int) -> bytes:
    """Return a message as a frame, with one more entry: steps, which are encoded once and sent to each submission."""
    # The message is a dict with entries, ["d", …], so its header ends in "]" and the entry goes before that.
    header, body = encode_part(message)
    return frame(header[:-1] + b',"steps",' + steps[0] + b"]", body + steps[1], number)


def frame(header: bytes, body: bytes, number: int = 0, took_s: float = 0.0) -> bytes:
    return PREFIX.pack(MAGIC, number, took_s, len(header), len(body)) + header + body


def encode_part(value: Any) -> Tuple[bytes, bytes]:
    """Return the header and the body of one value's frame."""
    writer = BodyWriter()
    try:
        header = WRITER.encode(write_node(value, writer, 0)).encode("ascii")
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ProtocolError("not encodable: %s" % error) from None
    if len(header) > MAX_HEADER:
        raise ProtocolError("header of %d bytes, at most %d" % (len(header), MAX_HEADER))
    if writer.values > FEW:  # the peer makes the same check, so make it before sending
        check_cost(header)
    return header, b"".join(writer.buffers)


def read_prefix(prefix: bytes, max_body: int = MAX_BODY) -> Tuple[int, float, int, int]:
    """Return request, seconds, and the lengths of header and body, from the first PREFIX.size bytes of a frame."""
    magic, number, took_s, header_length, body_length = PREFIX.unpack(prefix)
    if magic != MAGIC:
        raise ProtocolError("no frame begins with %r" % (magic,))
    if header_length > MAX_HEADER:
        raise ProtocolError("header of %d bytes, at most %d" % (header_length, MAX_HEADER))
    if body_length > max_body:
        raise ProtocolError("body of %d bytes, at most %d" % (body_length, max_body))
    return number, took_s, header_length, body_length


def decode(header: bytes, body: bytes, text: Callable[[str], str] = str) -> Any:
    """Return the value of one frame. Its arrays are new and writable. text: a function applied to all strings."""
    check_cost(header)
    try:
        letters = header.decode("ascii")
        tree, end = READER.raw_decode(letters)
        if end != len(letters):
            raise ValueError("more than one value")
    except (ValueError, RecursionError) as error:
        raise ProtocolError("header is not JSON: %s" % error) from None
    reader = io.BytesIO(body)
    value = read_node(tree, reader, text)
    if reader.tell() != len(body):
        raise ProtocolError("%d bytes of body belong to nothing" % (len(body) - reader.tell()))
    return value


class BodyWriter:
    """Collects the body and counts the written values: a small value can contain the same list many times."""

    def __init__(self) -> None:
        self.buffers: List[bytes] = []
        self.bytes = 0
        self.values = 0
        self.letters = 0

    def put(self, data: bytes) -> None:
        self.buffers.append(data)
        self.bytes += len(data)

    def check_room(self, count: int) -> None:
        """Raise ProtocolError before the body exceeds MAX_BODY."""
        if self.bytes + count > MAX_BODY:
            raise ProtocolError("body of %d bytes, at most %d" % (self.bytes + count, MAX_BODY))

    def count_letters(self, text: str) -> str:
        self.letters += len(text)
        if self.letters > MAX_HEADER:
            raise ProtocolError("header of more than %d bytes" % MAX_HEADER)
        return text


def write_node(value: Any, writer: BodyWriter, depth: int) -> Any:
    """Return one value as a tree for JSON.

    A student may have written the value's class, so this function runs no code of it. type() returns the class, since
    `__class__` can lie, and methods of the built-in base class return the content.
    """
    writer.values += 1
    if depth > MAX_DEPTH:
        raise ProtocolError("nested deeper than %d" % MAX_DEPTH)
    if writer.values > MAX_TOKENS:
        raise ProtocolError("more than %d values" % MAX_TOKENS)
    kind = type(value)  # nearly all values have these exact types; subclasses and rare types come later
    if kind is str:
        writer.letters += len(value)
        return value if writer.letters <= MAX_HEADER else writer.count_letters("")
    if kind is np.ndarray:
        return write_array(value, writer)
    if value is None or value is True or value is False:
        return value
    if kind is dict:
        return write_dict(value, writer, depth)
    if kind is tuple or kind is list:
        return ["t" if kind is tuple else "l"] + [write_node(item, writer, depth + 1) for item in value]
    if (kind is int and -SMALL < value < SMALL) or (kind is float and math.isfinite(value)):
        return value
    if kind is Handle:
        if not is_count(value.number) or type(value.type_name) is not str:
            raise ProtocolError("a malformed handle")
        return ["h", value.number, writer.count_letters(value.type_name)]
    if issubclass(kind, np.ndarray):
        return write_array(np.ndarray.view(value, np.ndarray), writer)
    if issubclass(kind, np.generic) and not issubclass(kind, (str, bytes)):
        name = dtype_name(np.generic.dtype.__get__(value))
        native = np.frombuffer(np.generic.tobytes(value), dtype=DTYPES[name].newbyteorder("="))
        writer.put(native.astype(DTYPES[name]).tobytes())
        return ["s", name]
    if issubclass(kind, np.dtype):
        return ["n", dtype_name(value)]
    if kind is type and issubclass(value, np.generic):
        if value not in np.sctypeDict.values():  # np.dtype() of a student's class could run the class's code
            raise ProtocolError("%s is not sent" % value.__name__)
        return ["y", dtype_name(np.dtype(value))]
    if issubclass(kind, str):
        return writer.count_letters(str.__str__(value))
    if issubclass(kind, int):
        number = int.__int__(value)
        if number.bit_length() > 1024:
            raise ProtocolError("integer of %d bits, at most 1024" % number.bit_length())
        return number
    if issubclass(kind, float):
        real = float.__float__(value)
        return real if math.isfinite(real) else ["f", repr(real)]
    if issubclass(kind, bytes):
        writer.check_room(bytes.__len__(value))
        writer.put(bytes.__getitem__(value, slice(None)))
        return ["b", bytes.__len__(value)]
    if issubclass(kind, list):
        return ["l"] + [write_node(item, writer, depth + 1) for item in list.__iter__(value)]
    if issubclass(kind, tuple):
        return ["t"] + [write_node(item, writer, depth + 1) for item in tuple.__iter__(value)]
    if issubclass(kind, dict):
        return write_dict(value, writer, depth)
    raise ProtocolError("%s is not plain data" % CLASS_NAME.__get__(kind))


def write_dict(value: Any, writer: BodyWriter, depth: int) -> List[Any]:
    node: List[Any] = ["d"]
    for key, item in dict.items(value):
        if type(key) is str and writer.letters + len(key) <= MAX_HEADER:
            writer.values += 1
            writer.letters += len(key)
            node.append(key)
        else:
            node.append(write_node(check_key(key), writer, depth + 1))
        node.append(write_node(item, writer, depth + 1))
    return node


def write_array(array: np.ndarray, writer: BodyWriter) -> List[Any]:
    name = dtype_name(array.dtype)
    if array.ndim > MAX_NDIM:
        raise ProtocolError("array of %d axes, at most %d" % (array.ndim, MAX_NDIM))
    writer.check_room(array.nbytes)
    if not (IS_LITTLE and array.dtype.isnative):
        array = array.astype(DTYPES[name])
    writer.put(array.tobytes())
    return ["a", name, list(array.shape)]


def read_node(node: Any, reader: io.BytesIO, text: Callable[[str], str]) -> Any:
    kind = type(node)
    if kind is str:
        return text(node)
    if kind is not list:
        if kind is dict:
            raise ProtocolError("a malformed value: %.40r" % (node,))
        return node  # None, a bool or a number, since JSON has no other types
    if not node or type(node[0]) is not str:
        raise ProtocolError("a malformed value: %.40r" % (node,))
    tag, count = node[0], len(node)  # fast path: most values are plain numbers in lists
    if tag == "t" or tag == "l":
        items = [item if type(item) in PLAIN else read_node(item, reader, text) for item in node[1:]]
        return items if tag == "l" else tuple(items)
    if tag == "h" and count == 3 and is_count(node[1]) and type(node[2]) is str:
        return handle_of_step(node[1]) if not node[2] else Handle(node[1], plain_name(node[2]))
    if tag == "a" and count == 3:
        return read_array(named_dtype(node[1]), node[2], reader)
    if tag == "d" and count % 2 == 1:
        result = {}
        for position in range(1, count, 2):
            key, item = node[position], node[position + 1]
            key = text(key) if type(key) is str else check_key(read_node(key, reader, text))
            result[key] = item if type(item) in PLAIN else read_node(item, reader, text)
        return result
    if count == 2:
        argument = node[1]
        if tag == "s":
            return read_array(named_dtype(argument), [], reader)[()]
        if tag == "n":
            return named_dtype(argument).newbyteorder("=")
        if tag == "y":
            return named_dtype(argument).type
        if tag == "f" and isinstance(argument, str) and argument in NON_FINITE:
            return NON_FINITE[argument]
        if tag == "b" and is_count(argument):
            return take(reader, argument)
    raise ProtocolError("a malformed value: %.40r" % (node,))


@lru_cache(maxsize=4096)
def handle_of_step(number: int) -> Handle:
    """Return a cached handle: a program refers to the results of its steps many times."""
    return Handle(number, "")


def plain_name(type_name: str) -> str:
    return type_name[:100].encode("utf-8", "replace").decode("utf-8")


def read_array(dtype: np.dtype, shape: Any, reader: io.BytesIO) -> np.ndarray:
    if type(shape) is not list or len(shape) > MAX_NDIM or not all(map(is_count, shape)):
        raise ProtocolError("%.80r is not a shape" % (shape,))
    count = dtype.itemsize * math.prod(shape)  # at most 32 factors below 2**63, so the product stays cheap
    if count > sys.maxsize:
        raise ProtocolError("%.80r is too large a shape" % (shape,))
    flat = np.frombuffer(take(reader, count), dtype=dtype)
    if dtype.kind == "b":  # NumPy assumes that a bool's byte is 0 or 1; a worker can send others
        flat = flat.view(np.uint8) != 0
    try:
        return flat.reshape(shape).astype(NATIVE[dtype], copy=True)
    except ValueError as error:  # e.g. (0, huge, huge) has no bytes, but NumPy limits the product of the other axes
        raise ProtocolError("%.80r is not a shape: %s" % (shape, error)) from None


def take(body: io.BytesIO, count: int) -> bytes:
    data = body.read(count)
    if len(data) < count:
        raise ProtocolError("body ends early")
    return data


def check_cost(header: bytes) -> None:
    """Raise ProtocolError for a header with too many levels, values or digits, before the JSON parser reads it."""
    if is_cheap(header):
        return
    depth = 0
    for tokens, match in enumerate(TOKEN.finditer(header)):
        token = match.group()
        first = token[:1]
        if first in b"[{":
            depth += 1
            if depth > 2 * MAX_DEPTH:  # twice MAX_DEPTH, since an array adds two brackets
                raise ProtocolError("nested deeper than %d" % MAX_DEPTH)
        elif first in b"]}":
            depth -= 1
        elif token == b'"':
            raise ProtocolError("a string without an end")
        elif first != b'"' and first != b"," and len(token) > MAX_DIGITS:
            raise ProtocolError("a number of %d characters, at most %d" % (len(token), MAX_DIGITS))
        if tokens >= MAX_TOKENS:
            raise ProtocolError("more than %d values" % MAX_TOKENS)


def is_cheap(header: bytes) -> bool:
    """Whether a few fast searches show that a header is within all bounds, as nearly every honest header is.

    If this returns False, check_cost counts levels and values one by one. A cheap header is short, has no very long
    number, and no escapes, so that every quote begins or ends a string. A header with few brackets cannot be nested
    too deep. From a header with many, this function removes pairs of brackets, level by level.
    """
    if len(header) > MAX_TOKENS or b"\\" in header or header.count(b'"') % 2 or LONG_NUMBER.search(header):
        return False
    if header.count(b"[") + header.count(b"{") <= MAX_DEPTH:
        return True
    brackets = b"".join(header.split(b'"')[::2]).translate(None, NO_BRACKETS)
    for _ in range(MAX_DEPTH):
        if not brackets:
            return True
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return False


def refuse_constant(name: str) -> Any:
    raise ProtocolError("%s is not sent as a number" % name)


READER = json.JSONDecoder(parse_constant=refuse_constant)


def check_key(key: Any) -> Any:
    if key is None or issubclass(type(key), (bool, int, float, str)):
        return key
    raise ProtocolError("%s is not a key" % CLASS_NAME.__get__(type(key)))


def is_count(value: Any) -> bool:
    # bool is a subclass of int, so [true] would pass as a shape.
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= sys.maxsize


def dtype_name(dtype: np.dtype) -> str:
    name = NAMES.get(dtype)
    if name is None:
        name = dtype.newbyteorder("=").name if dtype.fields is None else "structured"
    if name not in DTYPES:
        raise ProtocolError("dtype %.60s is not sent" % name)
    return name


def named_dtype(name: Any) -> np.dtype:
    if not isinstance(name, str) or name not in DTYPES:
        raise ProtocolError("%.60r is not a dtype that is sent" % (name,))
    return DTYPES[name]
