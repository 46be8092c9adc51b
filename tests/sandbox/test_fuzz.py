"""The recorded run of `make fuzz`, short: no frame is anything but a value or refused; and it can fail."""

from bench import fuzz_codec
from bench.fuzz_codec import run
from grader.sandbox.inside import protocol


def test_frames_are_values_or_refused_at_both_ends():
    tally = run(8_000, seed=7)
    assert tally.failures == []
    assert tally.frames == 8_000
    assert 4_000 < tally.refused < 7_600
    assert tally.split > 5
    assert tally.traced == 160


def test_another_exception_is_a_failure(monkeypatch):
    def read_node(node, reader, text):
        return {}[node] if node == "dx" else real(node, reader, text)

    real = protocol.read_node
    monkeypatch.setattr(protocol, "read_node", read_node)
    assert "KeyError: 'dx' from b'LGP1" in run(3_000, seed=7).failures[0]


def test_memory_time_and_a_difference_between_the_two_ends_are_failures(monkeypatch):
    for name, value, word in (("BASE_BYTES", -(10**9), "of memory"), ("SLOWEST_S", 0.0, " s for a frame")):
        with monkeypatch.context() as patch:
            patch.setattr(fuzz_codec, name, value)
            assert word in run(100, seed=7).failures[0]
    monkeypatch.setattr(fuzz_codec, "whole", lambda data: ([], None))
    assert "the two ends differ" in run(100, seed=7).failures[0]
