"""Imported objects are excluded from garbage collection; all other objects are collected as usual."""

from __future__ import annotations

import gc

import pytest

from grader.pausing_gc import importing


class Cycle:
    """A cycle, which only a full collection frees."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture(autouse=True)
def thawed():
    yield
    gc.enable()
    gc.unfreeze()


def test_the_block_collects_no_garbage_and_freezes_its_objects() -> None:
    with importing():
        assert not gc.isenabled()
        made = [Cycle() for _ in range(2000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= len(made)


def test_objects_made_after_the_block_are_collected() -> None:
    with importing():
        pass
    gc.collect()
    Cycle()
    assert gc.collect() >= 1


def test_an_inner_block_does_not_resume_collection() -> None:
    with importing():
        with importing():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_failed_import_leaves_collection_on() -> None:
    with pytest.raises(ImportError), importing():
        raise ImportError("no such module")
    assert gc.isenabled()
