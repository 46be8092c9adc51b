"""The codec carries plain data to the last bit, in any split, and raises ProtocolError for anything else."""

import ast
import contextlib
import json
import math
import struct
import sys
import time
import tracemalloc
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.sandbox.host.decoder import Decoder
from grader.sandbox.inside import protocol
from grader.sandbox.inside.protocol import Handle, ProtocolError, decode, encode, read_prefix

SANDBOX = Path(protocol.__file__).parent
NAMES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
         "float16", "float32", "float64", "complex64", "complex128"]  # fmt: skip


def frame(header, body=b""):
    """Build a frame by hand, as a hostile peer may send it."""
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    return b"LGP1" + bytes(12) + struct.pack(">IQ", len(header), len(body)) + header + body


def decoded(data, max_body=1 << 20):
    values = values_of(Decoder(max_body).feed(data))
    assert len(values) == 1
    return values[0]


def values_of(frames):
    return [one.read() for one in frames]


def refused(header, body=b""):
    with pytest.raises(ProtocolError) as caught:
        decoded(frame(header, body))
    assert len(str(caught.value)) < 500
    return str(caught.value)


def bits(value):
    """A value with its types and every bit of its numbers, written by hand for comparison."""
    if isinstance(value, np.ndarray):
        return (
            "array",
            value.dtype.newbyteorder("<").str,
            value.shape,
            value.astype(value.dtype.newbyteorder("<")).tobytes(),
        )
    if isinstance(value, np.generic):
        return ("scalar", *bits(np.asarray(value)))
    if type(value) is float:
        return ("float", "nan" if math.isnan(value) else struct.pack("<d", value))
    if isinstance(value, list | tuple) and not isinstance(value, Handle):
        return (type(value).__name__, *map(bits, value))
    if type(value) is dict:
        return ("dict", *((bits(key), bits(item)) for key, item in value.items()))
    return (type(value).__name__, value)


def array_of(shape, dtype, seed, layout):
    raw = np.random.RandomState(seed).bytes(int(np.prod(shape)) * np.dtype(dtype).itemsize)
    array = np.frombuffer(raw, dtype=dtype).reshape(shape)
    if dtype == "bool":
        array = np.asarray(np.frombuffer(raw, dtype="uint8").reshape(shape) % 2 == 1)
    if layout == "fortran":
        return np.asfortranarray(array)
    if layout == "big-endian":
        return array.astype(array.dtype.newbyteorder(">"))
    if layout == "strided" and array.ndim:
        return np.repeat(array, 2, axis=-1)[..., ::2]
    if layout == "reversed" and array.ndim:
        return array[::-1]
    if layout == "transposed":
        return array.T
    return array


LAYOUTS = ["c", "fortran", "big-endian", "strided", "reversed", "transposed"]
ARRAYS = st.builds(
    array_of, st.lists(st.integers(0, 4), max_size=4).map(tuple), st.sampled_from(NAMES), st.integers(0, 999),
    st.sampled_from(LAYOUTS),
)  # fmt: skip
SCALARS = ARRAYS.filter(lambda array: array.size > 0).map(lambda array: array.flat[0])
KEYS = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=4)
LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**1024) + 1, 2**1024 - 1) | st.floats() | st.text() | st.binary()
    | st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 5e-324, "\ud800", "\udfff\ud800", '"', "\\", "\0", ""])
    | ARRAYS | SCALARS | st.sampled_from(NAMES).map(np.dtype)
    | st.builds(Handle, st.integers(0, 2**40), st.text(max_size=9))
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple) | st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.slow
@settings(deadline=None, max_examples=400)
@given(VALUES)
def test_every_plain_value_comes_back_to_the_last_bit(value):
    assert bits(decoded(encode(value))) == bits(value)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (5,), (2, 3, 4)])
def test_arrays_of_every_dtype_and_layout_come_back_fresh_and_writable(name, layout, shape):
    array = array_of(shape, name, 1, layout)
    back = decoded(encode(array))
    assert bits(back) == bits(array)
    assert back.flags.writeable
    assert back.flags.aligned
    assert back.dtype.isnative


def test_numpy_scalars_and_lists_keep_their_types():
    for value in (np.float32(0.1), np.float64(0.1), np.int8(-3), np.bool_(True), np.complex64(1 - 2j)):
        assert type(decoded(encode(value))) is type(value)
    assert decoded(encode([(), [], {}, (1,)])) == [(), [], {}, (1,)]


def test_a_frame_has_the_documented_bytes():
    header = b'["l",true,["b",2],["a","float64",[1]]]'
    lengths = bytes([0, 0, 0, len(header), 0, 0, 0, 0, 0, 0, 0, 10])
    body = b"ab" + b"\x00\x00\x00\x00\x00\x00\xf8\x3f"  # 1.5, least byte first
    reply = bytes([0, 0, 1, 2, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0])  # request 258, 1.5 seconds
    value = [True, b"ab", np.array([1.5], dtype=">f8")]
    assert encode(value) == b"LGP1" + bytes(12) + lengths + header + body
    assert encode(value, 258, 1.5) == b"LGP1" + reply + lengths + header + body


STREAM = [1, {"dx": np.arange(3.0)}, "text \u2603", (b"\0" * 5, [None]), np.float32(2)]


def test_every_split_of_a_stream_decodes_to_the_same_values():
    data = b"".join(map(encode, STREAM))
    for cut in range(len(data) + 1):
        decoder = Decoder()
        values = values_of([*decoder.feed(data[:cut]), *decoder.feed(data[cut:])])
        assert list(map(bits, values)) == list(map(bits, STREAM))
        assert not decoder.buffer


def test_a_stream_byte_by_byte_yields_each_value_as_soon_as_it_is_whole():
    decoder, ends, position = Decoder(), [], 0
    for value in STREAM:
        position += len(encode(value))
        ends.append(position)
    data, seen = b"".join(map(encode, STREAM)), []
    for index in range(len(data)):
        seen += [index + 1] * len(list(decoder.feed(data[index : index + 1])))
    assert seen == ends


@settings(deadline=None)
@given(st.lists(VALUES, max_size=4), st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_any_chunks_decode_to_the_same_values(values, sizes):
    data, decoder, got, turn = b"".join(map(encode, values)), Decoder(), [], 0
    while data:
        size = sizes[turn % len(sizes)]
        got += values_of(decoder.feed(data[:size]))
        data, turn = data[size:], turn + 1
    assert list(map(bits, got)) == list(map(bits, values))


@settings(deadline=None, max_examples=300)
@given(st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=6)
    | st.sampled_from([*"ltdbasfnh", *NAMES, "object", "nan"]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=15,
), st.binary(max_size=40))  # fmt: skip
def test_any_json_at_all_is_a_value_or_a_protocol_error(tree, body):
    try:
        decode(json.dumps(tree).encode(), body)
    except ProtocolError as error:
        assert len(str(error)) < 500


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=60), st.binary(max_size=20))
def test_any_bytes_at_all_are_a_value_or_a_protocol_error(header, body):
    for attempt in (lambda: decode(header, body), lambda: values_of(Decoder().feed(header + body))):
        with contextlib.suppress(ProtocolError):
            attempt()


@pytest.mark.parametrize(
    "header",
    [
        {}, {"l": 1}, [], [1], [None], [["l"]], ["z"], ["L", 1], ["d", 1], ["d", ["l"], 1], ["d", ["h", 1, "x"], 1],
        ["d", ["t"], 1], ["b"], ["b", True], ["b", -1], ["b", 1.0], ["b", "1"], ["b", 1, 2], ["b", 2**63],
        ["a"], ["a", "float64"], ["a", "float64", 3], ["a", "float64", [1], 2], ["a", "float64", [-1]],
        ["a", "float64", [True]], ["a", "float64", [1.0]], ["a", "float64", [None]], ["a", "float64", ["1"]],
        ["a", "float64", {}], ["a", "float64", [1] * 33], ["a", "object", [0]], ["a", "O", [0]], ["a", "<f8", [0]],
        ["a", "float128", [0]], ["a", "str", [0]], ["a", "datetime64", [0]], ["a", ["float64"], [0]], ["a", None, [0]],
        ["a", "f8,f8", [0]], ["a", "void", [0]], ["a", "float64", [2**62, 2**62]], ["a", "float64", [0, 2**62, 2**62]],
        ["a", "float64", [2**63 - 1]], ["a", "float64", [10**300]], ["a", "float64", [2]], ["s"], ["s", "object"],
        ["s", "float64", 1], ["s", "int8"], ["n"], ["n", "object"], ["n", 1], ["n", ["float64"]], ["f"], ["f", "Nan"],
        ["f", "1"], ["f", 1], ["f", []], ["f", "nan", 1], ["h"], ["h", 1], ["h", -1, "x"], ["h", True, "x"],
        ["h", 1, 2], ["h", 1.0, "x"], ["h", "1", "x"], ["h", 1, "x", 2],
    ],
    ids=lambda header: json.dumps(header)[:30],
)  # fmt: skip
def test_a_malformed_value_is_refused(header):
    refused(header)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b" ",
        b"nul",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"01",
        b"[1,]",
        b'{"a":1}',
        b"'a'",
        b'"\xc3\xa9"',
        b"\xef\xbb\xbf1",
        b'"\n"',
        b'"\\x"',
        b'["l"',
        b'["l"]]',
        b"1 2",
        b'"a',
        b"\\",
    ],
)
def test_a_header_that_is_not_json_is_refused(header):
    refused(header)


def test_an_array_of_many_empty_axes_needs_no_memory():
    assert decoded(frame(["a", "float64", [0, 1000, 1000]])).shape == (0, 1000, 1000)


def test_axes_and_handles_beyond_the_limits_are_refused():
    assert decoded(frame(["a", "int8", [1] * protocol.MAX_NDIM], b"x")).ndim == protocol.MAX_NDIM
    assert "not a shape" in refused(["a", "int8", [1] * (protocol.MAX_NDIM + 1)], b"x")
    assert decoded(frame(["h", 2**63 - 1, "x"])).number == 2**63 - 1
    refused(["h", 2**63, "x"])
    assert len(decoded(frame(["h", 1, "x" * 5000])).type_name) == 100


def test_bytes_of_body_that_belong_to_nothing_are_refused():
    assert "belong to nothing" in refused(["l"], b"x")
    assert "ends early" in refused(["b", 3], b"xx")
    assert "ends early" in refused(["l", ["b", 2], ["s", "int8"]], b"xx")


def test_booleans_from_hostile_bytes_are_zero_or_one():
    value = decoded(frame(["a", "bool", [3]], b"\x00\x02\xff"))
    assert value.view(np.uint8).tolist() == [0, 1, 1]


def test_depth_is_bounded_on_both_ends():
    nested = 0
    for _ in range(protocol.MAX_DEPTH):
        nested = [nested]
    assert decoded(encode(nested)) == nested
    with pytest.raises(ProtocolError, match="deeper"):
        encode([nested])
    for depth in (2 * protocol.MAX_DEPTH + 1, 10_000, 300_000):
        refused(b'["l",' * min(depth, 190_000) + b"1" + b"]" * min(depth, 90_000))
    assert "deeper" in refused(b"[" * (2 * protocol.MAX_DEPTH + 1))
    assert "deeper" in refused(b"[" * 10**6)
    assert "deeper" in refused(b'{"a":' * 10**5)


def test_a_list_that_holds_itself_is_refused():
    loop = []
    loop.append(loop)
    ring = {}
    ring["again"] = (ring,)
    for value in (loop, ring):
        with pytest.raises(ProtocolError, match="deeper"):
            encode(value)


def test_digits_are_bounded():
    assert decoded(frame(b"9" * protocol.MAX_DIGITS)) == 10**protocol.MAX_DIGITS - 1
    assert "characters" in refused(b"9" * (protocol.MAX_DIGITS + 1))
    assert "characters" in refused(b"9" * 10**6)
    assert "characters" in refused(b"1." + b"0" * 1000)
    refused(b"1" + b"\xef" * 10)
    for number in (2**1024 - 1, -(2**1024) + 1):
        assert decoded(encode(number)) == number
        with pytest.raises(ProtocolError, match="1025 bits"):
            encode(2 * number)


def test_the_number_of_values_is_bounded():
    count = protocol.MAX_TOKENS // 2 - 5
    assert len(decoded(frame(b'["l"' + b",1" * count + b"]"))) == count
    assert "values" in refused(b'["l"' + b",1" * (protocol.MAX_TOKENS // 2 + 1) + b"]")


@pytest.mark.parametrize(
    "value",
    [[0] * 60_000, [True] * 120_000, {str(i): i for i in range(40_000)}, np.zeros((1,) * 33), [np.zeros((1,) * 40)]],
    ids=["integers", "booleans", "dict", "33 axes", "40 axes"],
)
def test_every_frame_that_encode_accepts_decode_accepts(value):
    try:
        data = encode(value)
    except ProtocolError:
        return
    assert bits(decoded(data)) == bits(value)


def test_the_length_of_a_header_is_bounded_before_it_is_read():
    prefix = b"LGP1" + struct.pack(">IdIQ", 7, 0.5, protocol.MAX_HEADER, 0)
    assert read_prefix(prefix) == (7, 0.5, protocol.MAX_HEADER, 0)
    for header, body in ((protocol.MAX_HEADER + 1, 0), (2**32 - 1, 0), (1, protocol.MAX_BODY + 1), (1, 2**64 - 1)):
        with pytest.raises(ProtocolError, match="at most"):
            read_prefix(b"LGP1" + struct.pack(">IdIQ", 0, 0.0, header, body))
    with pytest.raises(ProtocolError, match="at most"):
        encode("x" * protocol.MAX_HEADER)
    assert len(decoded(encode("x" * (protocol.MAX_HEADER - 2)))) == protocol.MAX_HEADER - 2


def test_the_length_of_a_body_is_bounded_by_what_the_reader_allows():
    data = encode(bytes(100))
    assert decoded(data, max_body=100) == bytes(100)
    with pytest.raises(ProtocolError, match="at most 99"):
        decoded(data, max_body=99)
    with pytest.raises(ProtocolError, match="at most 99"):
        list(Decoder(99).feed(data[: protocol.PREFIX.size]))


def test_a_frame_of_another_kind_is_refused_at_its_first_bytes():
    for magic in (b"LGP2", b"\x80\x04\x95\x00", b"PK\x03\x04", b"\0\0\0\0"):
        with pytest.raises(ProtocolError, match="no frame"):
            list(Decoder().feed(magic + encode(1)[4 : protocol.PREFIX.size]))


class Custom:
    __slots__ = ()


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "value",
    [{1, 2}, frozenset(), Custom(), Custom, len, object(), 1j, Fraction(1, 2), range(3), iter([]), slice(1), ...,
     bytearray(b"x"),
     memoryview(b"x"), np.array([None]), np.array(["text"]), np.array([b"bytes"]), np.zeros(1, dtype=[("a", float)]),
     np.zeros(1, dtype=[("a", float)])[0], np.array(["2020"], dtype="M8[D]"), np.timedelta64(1), np.longdouble(1),
     np.dtype(object), np.dtype([("a", float)]), np.dtype("U3"), np.void(b"ab"), {(1, 2): 3}, {b"key": 1},
     {Handle(1, "x"): 1}, {np.int64(1): 1}, np.zeros((2,), dtype=np.clongdouble)],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_only_plain_data_is_sent(value):
    for wrapped in (value, [value], {"k": (value,)}):
        with pytest.raises(ProtocolError):
            encode(wrapped)


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="NumPy 2")
def test_numpys_new_string_arrays_are_not_sent():
    for value in (np.array(["a"], dtype=np.dtypes.StringDType()), np.dtypes.StringDType()):
        with pytest.raises(ProtocolError):
            encode(value)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_subclasses_are_sent_as_their_plain_base_type():
    assert type(decoded(encode(Text("x")))) is str
    assert type(decoded(encode(np.matrix([[1.0, 2.0]])))) is np.ndarray


def test_sending_a_value_runs_no_student_code():
    """A class may define everything that Python calls on a value. It is still sent as its plain base type."""

    def trap(*_args):
        raise ZeroDivisionError

    special = ("items", "keys", "__iter__", "__len__", "__getitem__", "__int__", "__index__", "__float__", "__str__")
    special += ("__bytes__", "__repr__", "__array__", "__array_function__", "__eq__", "__hash__", "__bool__", "encode")
    traps = dict.fromkeys(special, trap)
    views = {name: property(trap) for name in ("__class__", "dtype", "shape", "ndim", "nbytes", "number")}
    plain = [{"a": 1}, [1, 2], (1, 2), 5, 2.5, "text", b"bytes", np.float64(2.5), np.arange(3.0)]
    for value in plain:
        kind = type("Trap", (type(value),), {**traps, **views})
        hostile = value.view(kind) if isinstance(value, np.ndarray) else kind(value)
        assert bits(decoded(encode(hostile))) == bits(value)


class Spoof:
    __class__ = property(lambda self: np.ndarray)


class Unasked(type):
    __name__ = property(lambda cls: "ndarray")
    __instancecheck__ = __subclasscheck__ = __hash__ = __eq__ = lambda *_args: 1 / 0


class Untold(metaclass=Unasked):
    pass


def test_a_class_that_lies_about_its_name_is_named():
    with pytest.raises(ProtocolError, match="Untold is not plain data"):
        encode(Untold())


class OwnScalar(np.float64):
    dtype = "float32"


class OwnHandle(Handle):
    pass


ODD = [Spoof(), OwnScalar, OwnHandle(1, "x"), Handle(-1, "x"), Handle("1", "x"), Handle(1, None)]


@pytest.mark.parametrize("value", [*ODD, Untold(), Untold], ids=lambda value: type.__repr__(type(value)))
def test_an_object_that_pretends_to_be_plain_data_is_not_sent(value):
    for wrapped in (value, [value], {"k": (value,)}):
        with pytest.raises(ProtocolError):
            encode(wrapped)


@settings(deadline=None)
@given(
    st.recursive(
        LEAVES | st.integers(0, len(ODD) - 1).map(lambda place: ODD[place]),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
        max_leaves=8,
    )
)
def test_any_object_at_all_is_a_frame_or_a_protocol_error(value):
    with contextlib.suppress(ProtocolError):
        decoded(encode(value))


def test_a_value_that_repeats_one_object_is_refused_before_it_is_copied(monkeypatch):
    monkeypatch.setattr(protocol, "MAX_BODY", 1 << 20)
    nested = [0] * 10
    for _ in range(20):
        nested = [nested] * 10
    half = np.zeros(protocol.MAX_BODY // 16)
    text = "x" * (protocol.MAX_HEADER // 2)
    cases = {"values": nested, "body of": [half, half, half[:1]], "header of": [text] * 10_000}
    cases["body"] = [bytes(protocol.MAX_BODY // 2)] * 300
    for word, value in cases.items():
        tracemalloc.start()
        try:
            with pytest.raises(ProtocolError, match=word):
                encode(value)
            assert tracemalloc.get_traced_memory()[1] < (5 << 20) + protocol.MAX_BODY
        finally:
            tracemalloc.stop()


def test_lone_surrogates_are_sent():
    assert decoded(encode({"\ud800": "a\udfffb"})) == {"\ud800": "a\udfffb"}


@pytest.mark.parametrize(
    "header",
    [b'"' + b'\\"' * 500_000, b'"' + b"\\" * 1_000_000, b'"' * 1_000_000, b'"' * 999_999, b'["l","' + b"\\\\" * 500_000,
     b'"a"' * 300_000, b'"\\u' * 300_000, b"[" * 1_000_000, b"]" * 1_000_000, b"," * 1_000_000, b"-" * 1_000_000,
     b"1e" * 500_000, b" " * 1_000_000, b"x" * 1_000_000, b'"' + b"x" * 1_000_000, b'["l",' + b'"",' * 49_000 + b"1]"],
    ids=lambda header: repr(header[:8]),
)  # fmt: skip
def test_headers_built_to_be_slow_are_decoded_at_once(header):
    started = time.process_time()
    try:
        decoded(frame(header))
    except ProtocolError as error:
        assert len(str(error)) < 500
    assert time.process_time() - started < 2


def test_the_longest_closed_string_of_escapes_decodes_at_once():
    started = time.process_time()
    assert decoded(frame(b'"' + b'\\"' * 500_000 + b'"')) == '"' * 500_000
    assert time.process_time() - started < 2


def imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def inside():
    """The files that run in the sandbox: worker.py and what it imports from beside it."""
    found, names = {}, ["worker"]
    for name in names:
        path = SANDBOX / f"{name}.py"
        if name not in found and path.is_file():
            found[name] = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
            names += imports(found[name])
    return found


def test_files_inside_parse_as_python_3_8_and_cannot_build_objects_from_bytes():
    trees = inside()
    assert {"worker", "protocol"} <= trees.keys()
    builders = {"pickle", "marshal", "shelve", "copyreg", "dill", "imp", "ctypes", "code", "runpy"}
    # Allowed: calls of the kernel that Python offers in no other way, which isolate a worker before it reads student
    # files; compiling parts of a student's file to import them; compiling a stub's code from the module's own text.
    # Nothing on the wire reaches any of them.
    needed, compiles = {"confine": {"ctypes"}}, {"tolerant_import": {"exec", "compile"}, "stubs": {"compile"}}
    for name, tree in trees.items():
        allowed = {"numpy", *trees, *sys.stdlib_module_names} - builders | needed.get(name, set())
        assert set(imports(tree)) <= allowed, name
        calls = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not calls & ({"eval", "exec", "compile"} - compiles.get(name, set())), name
        loads = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in ("loads", "load")]
        assert {ast.unparse(node) for node in loads} <= {"json.loads", "self.load"}, name


TEXTS = ["[" * 50, "]}", '"', "\\", '\\"[', "7" * 401, "7", "é"]
LEAVES = st.sampled_from([*TEXTS, 10**399, 10**400, 1.5, None])
TREES = st.recursive(LEAVES, lambda one: st.lists(one) | st.dictionaries(st.sampled_from(TEXTS), one), max_leaves=8)


def depth_and_digits(tree):
    """The nesting depth of a parsed header, and the length of its longest number."""
    if not isinstance(tree, list | dict):
        return 0, 0 if isinstance(tree, str) else len(str(tree))
    found = [depth_and_digits(item) for item in (tree.values() if isinstance(tree, dict) else tree)]
    return 1 + max((depth for depth, _ in found), default=0), max((digits for _, digits in found), default=0)


@pytest.mark.slow
@settings(deadline=None, max_examples=2000)
@given(TREES, st.integers(0, 50))
def test_json_is_refused_for_its_depth_and_its_digits_and_never_for_its_strings(tree, around):
    for _ in range(around):
        tree = [tree]
    depth, digits = depth_and_digits(tree)
    refusing = pytest.raises(ProtocolError, match=r"deeper|characters")
    with refusing if depth > 2 * protocol.MAX_DEPTH or digits > protocol.MAX_DIGITS else contextlib.nullcontext():
        protocol.check_cost(json.dumps(tree).encode())


def test_brackets_in_strings_hide_no_depth():
    deep = b'["]",' * 60 + b"7" + b"]" * 60
    assert "deeper" in refused(deep)
