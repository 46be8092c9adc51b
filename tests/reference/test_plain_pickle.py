"""The reader that runs nothing, compared with Python's and NumPy's own, on files as Python 2 wrote them, and on
attacks.

For every attack, a test first shows that it works: pickle.loads runs it.
"""

import io
import pickle
import struct
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.plain_pickle import MAX_OPCODES, read_pickle, to_uint8_array

MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
PIXELS = np.random.RandomState(0).randint(256, size=(3, 3072)).astype(np.uint8)
CONTENT = {
    "batch_label": "training batch 1 of 5",
    "labels": [6, 9, 0],
    "data": PIXELS,
    "filenames": ["leptodactylus_pentadactylus_s_000004.png", "camion_s_000148.png", "caf\xe9_s_1.png"],
}


class Python2:
    """Writes pickles like Python 2's cPickle at protocol 2, which stores every container and string in the memo."""

    def __init__(self, module=MODULES[0]):
        self.module, self.kept = module.encode(), 0

    def dumps(self, value):
        return b"\x80\x02" + self.value(value) + b"."

    def keep(self):
        self.kept += 1
        n = self.kept
        return b"q" + bytes([n]) if n < 256 else b"r" + struct.pack("<I", n)

    def value(self, value):
        if value is None:
            return b"N"
        if isinstance(value, bool):
            return b"\x88" if value else b"\x89"
        if isinstance(value, int):
            if 0 <= value < 256:
                return b"K" + bytes([value])
            return b"M" + struct.pack("<H", value) if 0 <= value < 65536 else b"J" + struct.pack("<i", value)
        if isinstance(value, str):
            raw = value.encode("latin1")
            short = b"U" + bytes([len(raw)]) if len(raw) < 256 else b"T" + struct.pack("<i", len(raw))
            return short + raw + self.keep()
        if isinstance(value, tuple):
            return b"(" + b"".join(self.value(item) for item in value) + b"t" + self.keep()
        if isinstance(value, list):
            out = b"]" + self.keep()
            for k in range(0, len(value), 1000):
                out += b"(" + b"".join(self.value(item) for item in value[k : k + 1000]) + b"e"
            return out
        if isinstance(value, dict):
            return b"}" + self.keep() + b"(" + b"".join(self.value(x) for pair in value.items() for x in pair) + b"u"
        # Sizes were longs in some builds of Python 2: LONG1.
        rows, columns = (b"\x8a\x02" + struct.pack("<h", n) for n in value.shape)
        return (
            (b"c" + self.module + b"\n_reconstruct\n" + self.keep())
            + (b"cnumpy\nndarray\n" + self.keep() + b"K\x00\x85" + self.keep())
            + (b"U\x01b\x87" + self.keep() + b"R" + self.keep())
            + (b"(K\x01" + rows + columns + b"\x86" + self.keep())
            + (b"cnumpy\ndtype\n" + self.keep() + b"U\x02u1K\x00K\x01\x87" + self.keep() + b"R" + self.keep())
            + (b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t" + self.keep() + b"b")
            + (b"\x89T" + struct.pack("<i", value.size) + value.tobytes() + self.keep() + b"t" + self.keep() + b"b")
        )


def assert_is_content(value):
    assert list(value) == list(CONTENT)
    assert {key: value[key] for key in value if key != "data"} == {k: v for k, v in CONTENT.items() if k != "data"}
    array = to_uint8_array(value["data"])
    assert array.dtype == np.uint8 and not array.flags.writeable
    np.testing.assert_array_equal(array, PIXELS)


@pytest.mark.parametrize("module", MODULES)
def test_a_file_of_python_2_is_read_like_by_pickle_itself(module):
    data = Python2(module).dumps(CONTENT)
    official = pickle.loads(data, encoding="latin1")
    np.testing.assert_array_equal(official.pop("data"), PIXELS)
    assert official == {key: CONTENT[key] for key in official}
    assert_is_content(read_pickle(data))


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_what_numpy_pickles_is_read_under_the_names_of_both_numpy_1_and_2(protocol, order, module):
    data = pickle.dumps({**CONTENT, "data": np.array(PIXELS, order=order)}, protocol)
    # GLOBAL ends names with a newline, SHORT_BINUNICODE begins them with their length.
    for end, core in ((b"multiarray", module[: -len(".multiarray")].encode()), (b"numeric", module[:-11].encode())):
        for old in (b"numpy.core." + end, b"numpy._core." + end):
            new = core + b"." + end
            data = data.replace(b"c" + old + b"\n", b"c" + new + b"\n")
            data = data.replace(b"\x8c" + bytes([len(old)]) + old, b"\x8c" + bytes([len(new)]) + new)
    assert module.split(".")[1].encode() + b"." in data
    assert_is_content(read_pickle(data))


def test_long_lists_and_texts_use_the_wide_opcodes():
    content = {
        "labels": [k % 70000 for k in range(9000)],
        "text": "\xe9" * 300,
        "negative": -5,
        "none": None,
        "t": True,
    }
    assert read_pickle(Python2().dumps(content)) == content
    for protocol in (2, 3, 4, 5):
        content["long"], content["wide"] = -(2**70), "\u20ac" * 300
        content["bytes"], content["tuple"] = b"\0" * 300 if protocol > 2 else None, (1, (2, 3, 4), (5,), (), [6], [])
        assert read_pickle(pickle.dumps(content, protocol)) == content


def test_a_batch_of_official_size_takes_less_than_a_second():
    pixels = np.zeros((10000, 3072), np.uint8)
    content = {"labels": [9] * 10000, "data": pixels, "filenames": [f"truck_s_{k:06d}.png" for k in range(10000)]}
    data = Python2().dumps(content)
    start = time.process_time()
    value = read_pickle(data)
    assert time.process_time() - start < 1
    assert to_uint8_array(value["data"]).shape == (10000, 3072) and value["labels"] == [9] * 10000


# --- attacks that run code


def text(value):
    return b"\x8c" + bytes([len(value)]) + value.encode()


def stack_global(module, name):
    return text(module) + text(name) + b"\x93"


class Reduces:
    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


def makes_directory(target):
    """Pickles that create a directory when they are unpickled, each in another way."""
    path = text(target)
    command = text(f"mkdir {target}")
    yield "os.system by GLOBAL", b"\x80\x02cos\nsystem\n" + command + b"\x85R.", "'os.system'"
    yield "os.system by STACK_GLOBAL", b"\x80\x04" + stack_global("os", "system") + command + b"\x85R.", "'os.system'"
    yield "posix.mkdir", b"\x80\x02cposix\nmkdir\n" + path + b"\x85R.", "'posix.mkdir'"
    code = text(f"__import__('os').mkdir({target!r})")
    yield "eval", b"\x80\x02cbuiltins\neval\n" + code + b"\x85R.", "'builtins.eval'"
    yield "Python 2's eval", b"\x80\x02c__builtin__\neval\n" + code + b"\x85R.", "'__builtin__.eval'"
    yield (
        "functools.partial",
        b"\x80\x02cfunctools\npartial\ncos\nmkdir\n" + path + b"\x86R)R.",
        "'functools.partial'",
    )
    yield "an attribute, by dots", b"\x80\x04" + stack_global("os", "path.os.mkdir") + path + b"\x85R.", "'os.path.os"
    yield "INST of protocol 0", b"(S'" + target.encode() + b"'\nios\nmkdir\n.", r"opcode b'\('|opcode b'S'"
    yield "OBJ of protocol 1", b"\x80\x02(cos\nmkdir\n" + path + b"o.", "'os.mkdir'"
    yield "hidden in the labels", pickle.dumps({"labels": [Reduces(__import__("os").mkdir, (target,))]}, 2), "mkdir'"
    yield "thrown away", b"\x80\x02cos\nmkdir\n" + path + b"\x85R0}.", "'os.mkdir'"
    yield "from the memo", b"\x80\x02cos\nmkdir\nq\x00" + path + b"\x85h\x000R}." + b"", "'os.mkdir'"


ATTACKS = [name for name, _, _ in makes_directory("x")]


@pytest.mark.parametrize("name", ATTACKS)
def test_no_pickle_runs_code(name, tmp_path):
    target = tmp_path / "made"
    [(data, match)] = [(data, match) for other, data, match in makes_directory(str(target)) if other == name]
    with pytest.raises(ValueError, match=match):
        read_pickle(data)
    assert not target.exists()
    try:
        pickle.loads(data)
    except Exception as error:
        assert target.exists(), f"no attack: {error!r}"
    assert target.exists(), "no attack"


class Ndarray(np.ndarray):
    """A subclass with its own state."""


def numpy_load(path):
    return Reduces(np.load, (str(path),))


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (pickle.dumps(numpy_load("x"), 4), "expected arrays, text and numbers only"),
        (pickle.dumps(Reduces(np.memmap, ("x",)), 2), "requests 'numpy.memmap'"),
        (pickle.dumps(np.arange(3).view(Ndarray), 2), "Ndarray"),
        (pickle.dumps(np.float64(3), 2), "multiarray.scalar'"),
        (pickle.dumps(np.random.RandomState(0), 2), "numpy.random"),
        (b"\x80\x02ccopyreg\n_reconstructor\n.", "requests 'copyreg._reconstructor'"),
        (b"\x80\x02ccopy_reg\nadd_extension\n.", "requests 'copy_reg.add_extension'"),
        (b"\x80\x02cbuiltins\ngetattr\n.", "requests 'builtins.getattr'"),
        (b"\x80\x02cnumpy\nload\n.", "requests 'numpy.load'"),
        (b"\x80\x02cnumpy.core.multiarray\nscalar\n.", "requests 'numpy.core.multiarray.scalar'"),
        (b"\x80\x02cnumpy\n\x1b[31mndarray\n.", r"requests 'numpy.\\x1b\[31mndarray'"),
        (b"\x80\x04" + stack_global("numpy", "lib.npyio.os.system") + b".", "requests 'numpy.lib.npyio.os.system'"),
        (b"\x80\x02c_codecs\ndecode\n.", "requests '_codecs.decode'"),
        (b"\x80\x02c_codecs encode\n\n.", "requests '_codecs.encode '"),
        (b"\x80\x02\x82\x01.", r"opcode b'\\x82'"),  # EXT1
        (b"\x80\x02\x83\x01\x00.", r"opcode b'\\x83'"),  # EXT2
        (b"\x80\x02\x84\x01\x00\x00\x00.", r"opcode b'\\x84'"),  # EXT4
        (b"\x80\x02U\x01xQ.", "opcode b'Q'"),  # BINPERSID
        (b"\x80\x02Px\n.", "opcode b'P'"),  # PERSID
        (b"\x80\x05\x97.", r"opcode b'\\x97'"),  # NEXT_BUFFER
        (b"\x80\x05N\x98.", r"opcode b'\\x98'"),  # READONLY_BUFFER
        (b"\x80\x02cnumpy\nndarray\n)\x81.", r"opcode b'\\x81'"),  # NEWOBJ
        (b"\x80\x04cnumpy\nndarray\n)}\x92.", r"opcode b'\\x92'"),  # NEWOBJ_EX
        (b"\x80\x04\x8f.", r"opcode b'\\x8f'"),  # EMPTY_SET
        (b"\x80\x02I1\n.", "opcode b'I'"),
        (b"\x80\x02S'\\q'\n.", "opcode b'S'"),
        (b"\x80\x02\x8b\xff\xff\xff\x7f.", r"opcode b'\\x8b'"),  # LONG4
        (b"\x80\x04\x8d" + b"\0" * 8 + b".", r"opcode b'\\x8d'"),  # BINUNICODE8, from 4 GiB up
        (b"\x80\x04\x8e" + b"\0" * 8 + b".", r"opcode b'\\x8e'"),  # BINBYTES8, from 4 GiB up
        (b"\x80\x02G" + b"\0" * 8 + b".", "opcode b'G'"),
        # Calls of something that is not a name, states for something that is not a call, names that are not text.
        (b"\x80\x02U\x09os system)R.", "calls something that is not a function"),
        (b"\x80\x02N)R.", "calls something that is not a function"),
        (b"\x80\x02cnumpy\ndtype\n]R.", "calls something that is not a function"),
        (b"\x80\x02cnumpy\ndtype\n)R)R.", "calls something that is not a function"),
        (b"\x80\x02}Nb.", "gives a state to something that is not a new array"),
        (b"\x80\x02cnumpy\nndarray\n}b.", "gives a state to something that is not a new array"),
        (b"\x80\x02cnumpy\ndtype\n)R}b}b.", "gives a state to something that is not a new array"),
        (b"\x80\x04]]\x93.", "requests 'non-text'"),
        (b"\x80\x02T\xff\xff\xff\x7fabc.", "byte 2 requests 2147483647 bytes, expected at most the 4 that are left"),
        (b"\x80\x02" + b"N" * MAX_OPCODES, "byte 200001 comes after 200000 opcodes, expected the end of the pickle"),
        # Machine without a program.
        (b"\x80\x02.", "ends the pickle"),
        (b"\x80\x02NN.", "ends the pickle"),
        (b"\x80\x02(N.", "ends the pickle"),
        (b"\x80\x02N.N", "ends the pickle"),
        (b"", "is cut off"),
        (b"\x80\x02", "is cut off"),
        (b"\x80\x02h\x00.", "never put there"),
        (b"\x80\x02q\x00.", "never put there"),
        (b"\x80\x02t.", "never put there"),
        (b"\x80\x02K\x01\x87.", "never put there"),
        (b"\x80\x02N(K\x01\x86.", "never put there"),
        (b"\x80\x02Na.", "never put there"),
        (b"\x80\x02}K\x01Ns.", "adds to something that is not a dict, or keys that are not text"),
        (b"\x80\x02}(U\x01au.", "adds to something that is not a dict"),
        (b"\x80\x02](U\x01aNu.", "adds to something that is not a dict"),
        (b"\x80\x02}(Ne.", "adds to something that is not a list"),
        (b"\x80\x02}]Ns.", "adds to something that is not a dict, or keys that are not text"),
        (b"\x80\x02X\x01\x00\x00\x00\xff.", "byte 2 'utf-8' codec"),
        (b"\x80\x02cnumpy\n" + b"x" * 300 + b"\n.", "names nothing"),
        (b"\x80\x02cnumpy", "names nothing"),
    ],
)
def test_anything_but_plain_values_is_refused_by_name(data, match):
    with pytest.raises(ValueError, match=match) as caught:
        read_pickle(data)
    assert str(caught.value).startswith("byte ")


# --- things that are not arrays


def array(**parts):
    """Return a pickled array of one row of two pixels, with some of its parts replaced."""
    given = {
        "function": b"cnumpy.core.multiarray\n_reconstruct\n",
        "arguments": b"cnumpy\nndarray\nK\x00\x85U\x01b\x87",
        "version": b"K\x01",
        "shape": b"K\x01K\x02\x86",
        "dtype": b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R",
        "dtype_state": b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb",
        "fortran": b"\x89",
        "raw": b"U\x02\x07\x08",
        **parts,
    }
    return (
        (b"\x80\x02" + given["function"] + given["arguments"] + b"R(" + given["version"] + given["shape"])
        + (given["dtype"] + given["dtype_state"] + given["fortran"] + given["raw"] + b"tb.")
    )  # fmt: skip


def test_an_array_by_hand():
    assert to_uint8_array(read_pickle(array())).tolist() == [[7, 8]]
    assert pickle.loads(array(), encoding="latin1").tolist() == [[7, 8]]
    assert to_uint8_array(read_pickle(array(shape=b"K\x02K\x01\x86"))).tolist() == [[7], [8]]
    square = {"shape": b"K\x02K\x02\x86", "fortran": b"\x88", "raw": b"U\x04\x01\x02\x03\x04"}
    assert to_uint8_array(read_pickle(array(**square))).tolist() == [[1, 3], [2, 4]]
    assert pickle.loads(array(**square), encoding="latin1").tolist() == [[1, 3], [2, 4]]


OBJECTS = b"cnumpy\ndtype\nU\x02O8K\x00K\x01\x87R"
LARGE = b"\x8a\xff" + b"\xff" * 254 + b"\x7f"


@pytest.mark.parametrize(
    ("parts", "match"),
    [
        # dtype object: older versions of NumPy take the list as the elements, and each 8 bytes of raw as a pointer.
        ({"dtype": OBJECTS, "raw": b"](K\x01K\x02e"}, "another dtype than uint8"),
        ({"dtype": OBJECTS, "raw": b"U\x10" + b"A" * 16}, "another dtype than uint8"),
        # uint8 by its arguments, object by its state.
        ({"dtype_state": b"(K\x03U\x01|N(U\x01xt}(U\x01x" + OBJECTS + b"K\x00\x86uK\x08K\x08K\x3ftb"}, "by name only"),
        ({"dtype_state": b"(K\x03U\x01|" + OBJECTS + b"K\x02\x85\x86NNK\x10K\x08K\x3ftb"}, "by name only"),
        ({"dtype_state": b"(K\x04tb"}, "does not write like this"),
        ({"dtype": b"cnumpy\ndtype\nU\x02u2K\x00K\x01\x87R"}, "another dtype than uint8"),
        ({"dtype": b"cnumpy\ndtype\n)R"}, "another dtype than uint8"),
        ({"dtype": b"cnumpy\nndarray\nU\x02u1\x85R"}, "another dtype than uint8"),
        ({"dtype": b"cnumpy\nndarray\n", "dtype_state": b""}, "another dtype than uint8"),
        # Shapes that the bytes do not fill.
        ({"shape": b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86"}, r"shape \(2147483647, 2147483647\) in 2 bytes"),
        ({"shape": LARGE + LARGE + b"\x86"}, "in 2 bytes"),
        ({"shape": b"J\xff\xff\xff\xffJ\xfe\xff\xff\xff\x86"}, r"shape \(-1, -2\) in 2 bytes"),
        ({"shape": b"K\x02\x85"}, "does not write like this"),
        ({"shape": b"(" + LARGE * 1000 + b"t"}, "does not write like this"),
        ({"shape": b"NN\x86"}, "without bytes or shape"),
        ({"shape": b"\x88K\x02\x86"}, "without bytes or shape"),
        ({"shape": b"K\x02"}, "does not write like this"),
        ({"raw": b"]"}, "without bytes or shape"),
        ({"raw": b"X\x03\x00\x00\x00\xe2\x82\xac"}, "latin-1"),
        ({"raw": b"c_codecs\nencode\nU\x02abU\x05rot13\x86R"}, "without bytes or shape"),
        ({"raw": b"c_codecs\nencode\nU\x02ab\x85R"}, "without bytes or shape"),
        ({"raw": b"c_codecs\nencode\nNU\x06latin1\x86R"}, "without bytes or shape"),
        ({"raw": b"c_codecs\nencode\n"}, "without bytes or shape"),
        ({"arguments": b"cnumpy\ndtype\nK\x00\x85U\x01b\x87"}, "another class than numpy.ndarray"),
        ({"arguments": b")"}, "does not write like this"),
        ({"version": b""}, "does not write like this"),
        ({"function": b"cnumpy\nndarray\n"}, "is not an array but Call"),
        ({"function": b"cnumpy\ndtype\n"}, "is not an array but Call"),
        ({"function": b"cnumpy.core.numeric\n_frombuffer\n"}, "does not write like this"),
    ],
)
def test_an_array_that_numpy_would_not_write_is_refused(parts, match):
    value = read_pickle(array(**parts))
    with pytest.raises(ValueError, match=match):
        to_uint8_array(value)


def test_an_array_without_its_state_is_refused():
    for data in (b"\x80\x02}.", b"\x80\x02cnumpy\nndarray\n.", array()[: array().index(b"R(") + 1] + b"."):
        with pytest.raises(ValueError, match=r"is not an array but|does not write like this"):
            to_uint8_array(read_pickle(data))


def test_frombuffer_with_another_order_is_refused():
    good = pickle.dumps(PIXELS, 5)
    np.testing.assert_array_equal(to_uint8_array(read_pickle(good)), PIXELS)
    assert good.count(b"\x8c\x01C") == 1
    with pytest.raises(ValueError, match="without bytes or shape"):
        to_uint8_array(read_pickle(good.replace(b"\x8c\x01C", b"\x8c\x01K")))


# --- memory and time


def encodings(count):
    """Encode one text of 1 MB as bytes `count` times."""
    encoded = b"c_codecs\nencode\nh\x00U\x06latin1\x86R"
    return b"\x80\x02(T" + struct.pack("<i", 2**20) + b"a" * 2**20 + b"q\x00" + encoded * count + b"t."


BOMBS = {
    "a memo of 2**32 places": b"\x80\x02Nr\xff\xff\xff\xff.",
    "a text of 2**31": b"\x80\x02T\xff\xff\xff\x7fabc.",
    "a text of -1": b"\x80\x02T\xff\xff\xff\xffabc.",
    "a bytearray of 2**40": b"\x80\x05\x96\0\0\0\0\0\1\0\0abc.",
    "a frame of 2**60": b"\x80\x04\x95\0\0\0\0\0\0\0\x10N",
    "lists without end": b"\x80\x02" + b"]" * 10 * MAX_OPCODES + b".",
    "marks without end": b"\x80\x02" + b"(" * 10 * MAX_OPCODES + b".",
    "an array of 2**62": array(shape=b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86"),
    "one text encoded often": encodings(30_000),
    "a billion laughs": b"\x80\x02(Nq\0" + b"".join(b"(%btq%c" % (b"h%c" % k * 9, k + 1) for k in range(40)) + b"t.",
    "tuples in tuples": b"\x80\x02N" + b"\x85" * (MAX_OPCODES // 4) + b".",
    "calls in calls": b"\x80\x02cnumpy\ndtype\nq\0" + b"h\0" * 29_999 + b"N" + b"\x85R" * 30_000 + b".",
    "a list in itself": b"\x80\x02]q\x00h\x00a.",
    "a call that is its own state": b"\x80\x02cnumpy\ndtype\n)Rq\x00h\x00b.",
}  # fmt: skip


# The reader accepts these: the danger is in traversing the result.
READ = [
    "a memo of 2**32 places",
    "an array of 2**62",
    "one text encoded often",
    "a billion laughs",
    "tuples in tuples",
    "calls in calls",
    "a list in itself",
    "a call that is its own state",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_memory_and_time_stay_within_bounds(name):
    data, value = BOMBS[name], None
    tracemalloc.start()
    start = time.process_time()
    try:
        value = (read_pickle(data),)
        to_uint8_array(value[0])
    except ValueError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (value is not None) == (name in READ)
    del value
    assert peak < 5 * len(data) + 400 * MAX_OPCODES
    assert time.process_time() - start < 20


# --- damage


def loads_or_refuses(data):
    """Read anything: the result must be plain values, or ValueError must be raised."""
    try:
        value = read_pickle(data)
        to_uint8_array(value["data"] if type(value) is dict and "data" in value else value)
    except ValueError as error:
        assert str(error)


SMALL = Python2().dumps({"data": np.full((1, 40), 200, np.uint8), "labels": [3], "filenames": ["a.png"]})
NEWER = [pickle.dumps({"data": np.full((1, 40), 200, np.uint8), "labels": [3]}, k) for k in (2, 3, 4, 5)]


@pytest.mark.parametrize("data", [SMALL, *NEWER])
def test_every_prefix_is_refused(data):
    read_pickle(data)
    for k in range(len(data)):
        with pytest.raises(ValueError, match="byte "):
            read_pickle(data[:k])


@pytest.mark.parametrize("data", [SMALL, *NEWER])
def test_every_single_byte_changed_loads_or_is_refused(data):
    for place in range(len(data)):
        for byte in (*b"(.]}t\x85NRbceu\x93\x94h", data[place] ^ 1, data[place] ^ 128, 255):
            loads_or_refuses(data[:place] + bytes([byte]) + data[place + 1 :])


PIECES = st.one_of(
    st.sampled_from([bytes([k]) for k in range(256)]),
    st.sampled_from([b"q\x00", b"h\x00", b"K\x01", b"U\x01a", b"cnumpy\ndtype\n", b"cnumpy\nndarray\n", b"U\x02u1"]),
    st.sampled_from([b"cnumpy.core.multiarray\n_reconstruct\n", b"c_codecs\nencode\n", b"(", b"t", b"R", b"b", b"."]),
    st.binary(max_size=5),
)


@settings(deadline=None, max_examples=500)
@given(st.lists(PIECES, max_size=60))
def test_any_program_loads_or_is_refused(pieces):
    loads_or_refuses(b"\x80\x02" + b"".join(pieces))


@settings(deadline=None, max_examples=500)
@given(
    st.sampled_from([SMALL, *NEWER]),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 20), PIECES), min_size=1, max_size=4),
)
def test_files_cut_and_spliced_load_or_are_refused(data, changes):
    for place, gone, piece in changes:
        place %= len(data)
        data = data[:place] + piece + data[place + gone :]
    loads_or_refuses(data)


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=9) | st.binary(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=30,
)


@settings(deadline=None, max_examples=300)
@given(plain, st.sampled_from([3, 4, 5]))
def test_plain_values_come_back_as_pickle_wrote_them(value, protocol):
    try:
        assert read_pickle(pickle.dumps(value, protocol)) == value
    except ValueError as error:
        # Lone surrogates are not valid text.
        assert "codec" in str(error)
    buffer = io.BytesIO()
    pickle._Pickler(buffer, protocol).dump(
        value
    )  # Python's own writer in Python differs from the one in C in its memo.
    try:
        assert read_pickle(buffer.getvalue()) == value
    except ValueError as error:
        assert "codec" in str(error)
