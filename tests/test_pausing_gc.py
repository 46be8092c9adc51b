"""What is imported is kept out of garbage collection; all else is collected as ever."""

from __future__ import annotations

import gc

import pytest

from grader.pausing_gc import importing


class Cycle:
    """Only a full collection frees it."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture(autouse=True)
def thawed():
    yield
    gc.enable()
    gc.unfreeze()


def test_nothing_is_collected_within_and_what_was_made_is_not_looked_at_again() -> None:
    with importing():
        assert not gc.isenabled()
        made = [Cycle() for _ in range(2000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= len(made)


def test_what_is_made_afterwards_is_collected() -> None:
    with importing():
        pass
    gc.collect()
    Cycle()
    assert gc.collect() >= 1


def test_a_block_within_another_leaves_the_rest_of_that_one_alone() -> None:
    with importing():
        with importing():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_import_that_fails_leaves_collection_on() -> None:
    with pytest.raises(ImportError), importing():
        raise ImportError("no such module")
    assert gc.isenabled()
