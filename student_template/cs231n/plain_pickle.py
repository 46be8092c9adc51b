"""Read a pickle without running it: only plain values and arrays, as in CIFAR-10's files.

A pickle is a program, and unpickling runs whatever functions it names. This module calls and imports nothing that a
pickle names:

a. It knows the opcodes of plain values and of NumPy's arrays, in protocols 2 to 5, including Python 2's strings. It
   rejects the opcodes of objects, persistent ids, extension codes and out-of-band buffers.
b. A name in a pickle must be in CALLABLES. REDUCE and BUILD only record a call; to_uint8_array works out from the
record
   which array NumPy would have made. NumPy's own functions, which take any dtype and any state, are never called.
c. Every length is compared with the bytes that are left before anything is copied, every shape with its number of
bytes,
   and opcodes are counted, so memory stays within a few times the file. (With pickle.Unpickler, five bytes
   can grow the memo to any index, whatever find_class forbids.)
"""

import pickle
import struct

import numpy as np

# A batch of 10,000 images needs 40,000 opcodes. What they create takes up to about 400 bytes each.
MAX_OPCODES = 200_000
# The length of a module and a name together; the longest of CALLABLES has 37 bytes.
MAX_NAME = 200

# NumPy 2 moved numpy.core to numpy._core; protocol 5 writes _frombuffer, the protocols before it _reconstruct.
RECONSTRUCT = ("numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct")
FROMBUFFER = ("numpy.core.numeric _frombuffer", "numpy._core.numeric _frombuffer")
NDARRAY, DTYPE, ENCODE = "numpy ndarray", "numpy dtype", "_codecs encode"
CALLABLES = (*RECONSTRUCT, *FROMBUFFER, NDARRAY, DTYPE, ENCODE)

CONSTANTS = {pickle.NONE: None, pickle.NEWTRUE: True, pickle.NEWFALSE: False, pickle.EMPTY_TUPLE: ()}
# Opcode: the layout of its argument; an index refers to the memo.
NUMBERS = {pickle.BININT: "<i", pickle.BININT1: "<B", pickle.BININT2: "<H"}
STORES = {pickle.BINPUT: "<B", pickle.LONG_BINPUT: "<I"}
LOADS = {pickle.BINGET: "<B", pickle.LONG_BINGET: "<I"}
IGNORED = {pickle.PROTO: "<B", pickle.FRAME: "<Q"}
# Opcode: the layout of the length that stands before its bytes, and the type of these. Python 2's strings are bytes;
# they are read as latin1, as by pickle.load(file, encoding="latin1").
STRINGS = {
    pickle.LONG1: ("<B", "number"),
    pickle.SHORT_BINSTRING: ("<B", "latin1"),
    pickle.BINSTRING: ("<I", "latin1"),
    pickle.SHORT_BINUNICODE: ("<B", "utf-8"),
    pickle.BINUNICODE: ("<I", "utf-8"),
    pickle.SHORT_BINBYTES: ("<B", "bytes"),
    pickle.BINBYTES: ("<I", "bytes"),
    pickle.BYTEARRAY8: ("<Q", "bytes"),
}
TUPLES = {pickle.TUPLE1: 1, pickle.TUPLE2: 2, pickle.TUPLE3: 3}
ENDS_OF_MARK = (pickle.TUPLE, pickle.APPENDS, pickle.SETITEMS)


class Name(str):
    """A name in a pickle, as "module name". Its class distinguishes it from a text in the pickle."""


class Call:
    """A call that a pickle requests, and the state for its result: recorded, never executed."""

    def __init__(self, function, arguments):
        self.function, self.arguments, self.state = function, arguments, None


def read_pickle(data):
    """Return the value in a pickle: None, bool, int, str, bytes, list, tuple, dict with str keys, Name or Call.

    data: bytes. A value can contain itself: inspect it level by level.
    Raises ValueError naming the byte at which a pickle is damaged, cut off, or requests anything else.
    """
    place, stack, outer, memo = 0, [], [], {}
    for _ in range(MAX_OPCODES):
        start, code = place, data[place : place + 1]
        try:
            argument, place = _read_argument(data, place + 1, code)
            if code in STORES or code == pickle.MEMOIZE:
                memo[len(memo) if code == pickle.MEMOIZE else argument] = stack[-1]
            elif code in LOADS:
                stack.append(memo[argument])
            elif code in NUMBERS or code in STRINGS or code in CONSTANTS:
                stack.append(argument)
            elif code == pickle.MARK:
                outer.append(stack)
                stack = []
            elif code in ENDS_OF_MARK:
                items, stack = stack, outer.pop()
                _add(stack, code, items)
            elif code in TUPLES:
                items = [stack.pop() for _ in range(TUPLES[code])]
                stack.append(tuple(reversed(items)))
            elif code == pickle.EMPTY_LIST:
                stack.append([])
            elif code == pickle.EMPTY_DICT:
                stack.append({})
            elif code == pickle.APPEND:
                _add(stack, code, [stack.pop()])
            elif code == pickle.SETITEM:
                value, key = stack.pop(), stack.pop()
                _add(stack, code, [key, value])
            elif code == pickle.GLOBAL:
                stack.append(_name(*argument))
            elif code == pickle.STACK_GLOBAL:
                name, module = stack.pop(), stack.pop()
                stack.append(_name(module, name))
            elif code == pickle.REDUCE:
                arguments, function = stack.pop(), stack.pop()
                if type(function) is not Name or type(arguments) is not tuple:
                    raise ValueError("calls something that is not a function of NumPy's, expected arrays only")
                stack.append(Call(function, arguments))
            elif code == pickle.BUILD:
                state = stack.pop()
                if type(stack[-1]) is not Call or stack[-1].state is not None:
                    raise ValueError("gives a state to something that is not a new array, expected arrays only")
                stack[-1].state = state
            elif code == pickle.STOP:
                if len(stack) != 1 or outer or place != len(data):
                    raise ValueError("ends the pickle, expected one value before and nothing after it")
                return stack[0]
            elif code not in IGNORED:
                raise ValueError("is cut off" if not code else f"holds the opcode {code!r}, expected plain values")
        except (IndexError, KeyError):
            raise ValueError(f"byte {start} takes a value that was never put there, expected a whole pickle") from None
        except ValueError as error:
            raise ValueError(f"byte {start} {error}") from None
    raise ValueError(f"byte {place} comes after {MAX_OPCODES} opcodes, expected the end of the pickle")


def to_uint8_array(value):
    """Return the array with two axes that NumPy would make of this Call: uint8, read-only.

    Raises ValueError if value is not a Call for an array, or has another dtype, number of axes or number of bytes.
    """
    if type(value) is not Call or value.function not in RECONSTRUCT + FROMBUFFER:
        raise ValueError(f"is not an array but {type(value).__name__}")
    if value.function in FROMBUFFER:
        # The arguments of numpy._core.numeric._frombuffer.
        raw, dtype, shape, order = _parts(value.arguments, 4)
    else:
        # The arguments of ndarray.__reduce__ name the class; the state is (version, shape, dtype, is Fortran, bytes).
        if _parts(value.arguments, 3)[0] != NDARRAY:
            raise ValueError("is an array of another class than numpy.ndarray")
        _, shape, dtype, is_fortran, raw = _parts(value.state, 5)
        order = "F" if is_fortran is True else "C"
    if type(dtype) is not Call or dtype.function != DTYPE or dtype.arguments[:1] != ("u1",):
        raise ValueError("is an array of another dtype than uint8")
    if dtype.state is not None and _parts(dtype.state, 8)[1:5] != ("|", None, None, None):
        raise ValueError("is an array of a dtype that is uint8 by name only")
    if type(raw) is Call and raw.function == ENCODE and raw.arguments[1:] in (("latin1",), ("latin-1",)):
        raw = raw.arguments[0]
    if type(raw) is str:
        raw = raw.encode("latin1")
    rows, columns = _parts(shape, 2)
    if type(raw) is not bytes or type(rows) is not int or type(columns) is not int or order not in ("C", "F"):
        raise ValueError("is an array without bytes or shape")
    if min(rows, columns) < 0 or rows * columns != len(raw):
        raise ValueError(f"is an array of shape ({rows}, {columns}) in {len(raw)} bytes")
    return np.frombuffer(raw, np.uint8).reshape((rows, columns), order=order)


def _read_argument(data, place, code):
    """Return the argument of an opcode, or the constant that the opcode means, and the position of the next opcode."""
    if code in CONSTANTS:
        return CONSTANTS[code], place
    for layouts in (NUMBERS, STORES, LOADS, IGNORED):
        if code in layouts:
            return _unpack(data, place, layouts[code])
    if code in STRINGS:
        layout, kind = STRINGS[code]
        length, place = _unpack(data, place, layout)
        end = place + length
        if end > len(data):
            raise ValueError(f"requests {length} bytes, expected at most the {len(data) - place} that are left")
        content = data[place:end]
        if kind == "number":
            return int.from_bytes(content, "little", signed=True), end
        return content if kind == "bytes" else content.decode(kind), end
    if code == pickle.GLOBAL:
        lines = data[place : place + MAX_NAME].split(b"\n", 2)
        if len(lines) < 3:
            raise ValueError("names nothing, expected a module and a name")
        return (lines[0].decode("utf-8"), lines[1].decode("utf-8")), place + len(lines[0]) + len(lines[1]) + 2
    return None, place


def _unpack(data, place, layout):
    end = place + struct.calcsize(layout)
    if end > len(data):
        raise ValueError("is cut off")
    return struct.unpack(layout, data[place:end])[0], end


def _name(module, name):
    requested = f"{module} {name}" if type(module) is str and type(name) is str else "non-text"
    if requested not in CALLABLES:
        raise ValueError(f"requests {requested.replace(' ', '.', 1)[:80]!r}, expected arrays, text and numbers only")
    return Name(requested)


def _add(stack, code, items):
    """Make a tuple of these items, or add them to the list or the dict on top of the stack."""
    if code == pickle.TUPLE:
        stack.append(tuple(items))
    elif code in (pickle.APPEND, pickle.APPENDS):
        if type(stack[-1]) is not list:
            raise ValueError("adds to something that is not a list")
        stack[-1].extend(items)
    else:
        keys = items[::2]
        if type(stack[-1]) is not dict or len(items) % 2 or any(type(key) is not str for key in keys):
            raise ValueError("adds to something that is not a dict, or keys that are not text")
        for i, key in enumerate(keys):
            stack[-1][key] = items[2 * i + 1]


def _parts(value, count):
    if type(value) is not tuple or len(value) != count:
        raise ValueError("is an array that NumPy does not write like this")
    return value
