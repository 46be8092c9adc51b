"""Sends a million malformed frames through grader/sandbox/inside/protocol.py, in both directions.

Each turn builds a value, encodes it, and damages the frame: single bytes, letters of the JSON, pieces of another
header, wrong lengths, bodies cut or extended. The judge's end gets it in random pieces (some frames: split at every
byte), the worker's end as a whole. Both must return the same value, or both must raise ProtocolError. A returned value
is encoded again; decoding that must return the same value, or encoding must raise ProtocolError. The time of every
frame is measured; the memory of one frame in TRACE_EVERY, since tracing is slow.

    python -m bench.fuzz_codec [--frames N] [--seed S]
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import random
import resource
import struct
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.sandbox.host.decoder import Decoder
from grader.sandbox.inside import protocol
from grader.sandbox.inside.protocol import DTYPES, PREFIX, Handle, ProtocolError, decode, encode, read_prefix

MAX_BODY = 1 << 20
TRACE_EVERY = 50
SPLIT_EVERY = 1000
LARGE_EVERY = 5000
SLOWEST_S = 2.0  # seconds of CPU time; a header of 1 MiB takes about 0.2 s
PER_BYTE = 150  # memory per byte of a frame: `[],` becomes a list of 56 bytes and a pointer in another list
BASE_BYTES = 64 * 1024
LETTERS = b'[]{}",\\0123456789-+.eE ltdbasfnhyu:/\xff\x00'
TAGS = [*"ltdbasfnhy", *DTYPES, "object", "nan", "inf", "", "\ud800"]
NUMBERS = [0, 1, 2, 3, 40, -1, True, 2**31, 2**62, 2**63, 10**300, 1.5, 1e308]
LARGE: list[Callable[[int], bytes]] = [
    lambda n: b"[" * n,
    lambda n: b"[" * (n // 2) + b"]" * (n // 2),
    lambda n: b'["l"' + b",[]" * (n // 3) + b"]",
    lambda n: b'["l"' + b',["l"]' * (n // 6) + b"]",
    lambda n: b'["l"' + b",1.5" * (n // 4) + b"]",
    lambda n: b'["d"' + b',"k",1' * (n // 6) + b"]",
    lambda n: b'"' + b'\\"' * (n // 2),
    lambda n: b'"' + b"\\u0000" * (n // 6) + b'"',
    lambda n: b'"' * n,
    lambda n: b"9" * n,
    lambda n: b" " * n,
    lambda n: b'["a","float64",[' + b"1," * (n // 2) + b"1]]",
]


@dataclass
class Tally:
    """The result of a run. failures: one line each; none is the expected result."""

    frames: int = 0
    refused: int = 0
    split: int = 0
    traced: int = 0
    slowest_s: float = 0.0
    largest_peak: int = 0
    seconds: float = 0.0
    processor_s: float = 0.0
    failures: list[str] = field(default_factory=list)


def run(frames: int, seed: int) -> Tally:
    """Fuzz with this number of frames. The same seed gives the same frames."""
    rng = random.Random(seed)
    tally = Tally()
    started, spent = time.perf_counter(), time.process_time()
    headers = [json.dumps(["l", 1, ["t", "x"]]).encode()]
    while tally.frames < frames and len(tally.failures) < 10:
        data = spoiled_frame(rng, headers)
        tally.frames += 1
        try:
            try_frame(data, rng, tally)
        except Exception as error:
            tally.failures.append(f"{type(error).__name__}: {error!s:.200} from {data[:300]!r}")
    tally.seconds = time.perf_counter() - started
    tally.processor_s = time.process_time() - spent
    return tally


def try_frame(data: bytes, rng: random.Random, tally: Tally) -> None:
    """Give one frame to both ends. Raises AssertionError, or whatever the codec raises by mistake."""
    trace = tally.frames % TRACE_EVERY == 0
    if trace:
        tracemalloc.start()
    before = time.process_time()
    judge = by_pieces(data, cuts_of(rng, len(data)))
    spent = time.process_time() - before
    if trace:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        tally.traced += 1
        tally.largest_peak = max(tally.largest_peak, peak)
        assert peak <= BASE_BYTES + PER_BYTE * len(data), f"{peak} bytes of memory for a frame of {len(data)}"
    else:
        tally.slowest_s = max(tally.slowest_s, spent)
        assert spent < SLOWEST_S, f"{spent:.1f} s for a frame of {len(data)} bytes"
    tally.refused += judge[1]
    assert judge == whole(data), "the two ends differ"
    if tally.frames % SPLIT_EVERY == 0 and len(data) < 2000:
        tally.split += 1
        for cut in range(len(data) + 1):
            assert by_pieces(data, [cut]) == judge, f"the value changes if the frame is cut at {cut}"


def by_pieces(data: bytes, cuts: list[int]) -> tuple[list[Any], bool]:
    """Return the values that the judge's end returns, as comparable data, and whether it then raised ProtocolError."""
    decoder, got = Decoder(MAX_BODY), []
    try:
        for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            for one in decoder.feed(data[start:end]):
                value = one.read()
                got.append(comparable(value))
                check_round_trip(value)
    except ProtocolError as error:
        assert len(str(error)) < 500, "a long message"
        return got, True
    return got, False


def whole(data: bytes) -> tuple[list[Any], bool]:
    """Return the same for the worker's end, which reads frame by frame."""
    got = []
    while len(data) >= PREFIX.size:
        try:
            _, _, header, body = read_prefix(data[: PREFIX.size], MAX_BODY)
            end = PREFIX.size + header + body
            if len(data) < end:
                break
            got.append(comparable(decode(data[PREFIX.size : PREFIX.size + header], data[PREFIX.size + header : end])))
        except ProtocolError:
            return got, True
        data = data[end:]
    return got, False


def check_round_trip(value: Any) -> None:
    """Encode and decode a decoded value: the value must stay the same, or encoding must fail (as for a 400-digit
    integer)."""
    try:
        data = encode(value)
    except ProtocolError:
        return
    _, _, header, body = read_prefix(data[: PREFIX.size])
    again = decode(data[PREFIX.size : PREFIX.size + header], data[PREFIX.size + header :])
    assert len(data) == PREFIX.size + header + body and comparable(again) == comparable(value), (
        "it came back as another value"
    )


def comparable(value: Any) -> Any:
    """Return a value as data that == can compare: types by name, numbers by their bits."""
    if isinstance(value, np.ndarray | np.generic):
        return type(value).__name__, value.dtype.str, np.shape(value), value.tobytes()
    if isinstance(value, float):
        return "float", "nan" if math.isnan(value) else struct.pack("<d", value)
    if isinstance(value, list | tuple):
        return type(value).__name__, [comparable(item) for item in value]
    if isinstance(value, dict):
        return "dict", [(comparable(key), comparable(item)) for key, item in value.items()]
    return type(value).__name__, value


def spoiled_frame(rng: random.Random, headers: list[bytes]) -> bytes:
    """Return a frame that is damaged in one of many ways; sometimes two or three frames, with an intact one."""
    if rng.randrange(LARGE_EVERY) == 0:
        return frame(rng.choice(LARGE)(rng.randrange(1000, protocol.MAX_HEADER)), b"")
    value = some_value(rng, 3)
    try:
        data = encode(value)
    except ProtocolError:
        data = encode(None)
    _, _, length, _ = read_prefix(data[: PREFIX.size])
    header, body = data[PREFIX.size : PREFIX.size + length], data[PREFIX.size + length :]
    if len(headers) < 200:
        headers.append(header)
    else:
        headers[rng.randrange(200)] = header
    way = rng.randrange(9)
    if way == 0:
        return mutated(rng, data)
    if way <= 3:
        return frame(mutated(rng, header), body)
    if way == 4:  # put a piece of another header into this one
        other, place = rng.choice(headers), rng.randrange(len(header) + 1)
        start = rng.randrange(len(other) + 1)
        return frame(header[:place] + other[start : start + rng.randrange(1, 20)] + header[place:], body)
    if way == 5:  # well-formed JSON, without sense
        return frame(json.dumps(some_json(rng, 4)).encode(), body + rng.randbytes(rng.choice([0, 0, 1, 8])))
    if way == 6:
        return frame(header, body[: rng.randrange(len(body) + 1)] if rng.random() < 0.5 else body + b"\0")
    if way == 7:
        lengths = [rng.choice([n, n - 1, n + 1, 0, 2**31, 2**63]) for n in (len(header), len(body))]
        return PREFIX.pack(protocol.MAGIC, 0, 0.0, max(lengths[0], 0) % 2**32, max(lengths[1], 0)) + header + body
    return encode(rng.choice([1, "x"])) * rng.randrange(3) + data + mutated(rng, data)


def frame(header: bytes, body: bytes) -> bytes:
    return protocol.frame(header, body)


def mutated(rng: random.Random, data: bytes) -> bytes:
    spoiled = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5])):
        place = rng.randrange(len(spoiled) + 1)
        way = rng.randrange(5)
        if way == 0 and place < len(spoiled):
            spoiled[place] ^= 1 << rng.randrange(8)
        elif way == 1:
            spoiled[place:place] = bytes([rng.choice(LETTERS)])
        elif way == 2:
            del spoiled[place : place + rng.randrange(1, 4)]
        elif way == 3:
            spoiled[place:place] = spoiled[place : place + rng.randrange(1, 12)]
        elif place < len(spoiled):
            spoiled[place] = rng.randrange(256)
    return bytes(spoiled)


def some_value(rng: random.Random, depth: int) -> Any:
    """Return a random value of any type that the wire format can carry."""
    way = rng.randrange(14 if depth else 11)
    if way <= 3:
        shape = tuple(rng.choice([0, 1, 2, 3]) for _ in range(rng.randrange(4)))
        dtype = rng.choice(list(DTYPES.values()))
        raw = rng.randbytes(math.prod(shape) * dtype.itemsize)
        array = np.frombuffer(raw, dtype=np.uint8 if dtype.kind == "b" else dtype).reshape(shape)
        return array % 2 == 1 if dtype.kind == "b" else array
    if way >= 11:
        items = [some_value(rng, depth - 1) for _ in range(rng.randrange(4))]
        return items if way == 11 else tuple(items) if way == 12 else {some_key(rng): item for item in items}
    return [
        rng.choice([None, True, False]),
        rng.choice([0, -1, 7, 2**63, -(2**1000), 10 ** rng.randrange(300)]),
        rng.choice([0.0, -0.0, 1.5, math.nan, math.inf, -math.inf, 5e-324]),
        rng.choice(["", "dx", '"', "\\", "\ud800", "作", "\0", "x" * rng.randrange(60)]),
        rng.randbytes(rng.randrange(9)),
        Handle(rng.randrange(2**40), rng.choice(["tuple", "", "\ud800"])),
        rng.choice([np.dtype("float32"), np.float64, np.bool_, np.float32(0.1), np.int8(-3), np.complex64(1j)]),
    ][way - 4]


def some_key(rng: random.Random) -> Any:
    return rng.choice([None, True, 3, 1.5, "x", "dx", "\udfff"])


def some_json(rng: random.Random, depth: int) -> Any:
    way = rng.randrange(10 if depth else 4)
    if way <= 1:
        return rng.choice(TAGS)
    if way <= 3:
        return rng.choice([*NUMBERS, None, {}])
    items = [some_json(rng, depth - 1) for _ in range(rng.randrange(5))]
    return [rng.choice(TAGS), *items] if way < 9 else {"l": items}


def cuts_of(rng: random.Random, length: int) -> list[int]:
    return sorted(rng.randrange(length + 1) for _ in range(rng.randrange(4)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=231)
    asked = parser.parse_args()
    tally = run(asked.frames, asked.seed)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)
    print(f"protocol.py under {tally.frames:,} frames, seed {asked.seed}, Python {platform.python_version()}")
    print(f"refused                      {tally.refused:>12,}")
    print(f"split at every byte          {tally.split:>12,}")
    print(f"time                         {tally.seconds:>12.0f} s, of the processor {tally.processor_s:.0f} s")
    print(f"slowest frame                {1000 * tally.slowest_s:>12.1f} ms of processor time")
    print(f"most memory for a frame      {tally.largest_peak / 1024:>12.0f} KiB, of {tally.traced:,} that were traced")
    print(f"most memory of the process   {memory:>12.0f} MiB")
    print(f"failures                     {len(tally.failures):>12,}")
    for failure in tally.failures:
        print(failure)
    sys.exit(1 if tally.failures or tally.frames < asked.frames else 0)


if __name__ == "__main__":
    main()
