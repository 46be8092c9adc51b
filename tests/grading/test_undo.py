"""Changes that a reply made in a check's dicts are undone. Changes by the check itself stay."""

from __future__ import annotations

import numpy as np

from grader.grading.attempt import Undoable


def writes(**entries):
    def call(function, args, kwargs):
        args[1].update(entries)
        return len(args[1])

    return call


def test_changes_by_a_reply_stay_until_they_are_undone():
    param = {"stride": 1, "x": np.zeros(2)}
    student = Undoable(writes(stride=2, x=np.ones(2), seen="x"))
    student.call("f", (0, param), {})
    assert (param["stride"], param["seen"], *param["x"]) == (2, "x", 1, 1)
    student.undo()
    assert (param["stride"], *param["x"]) == (1, 0, 0)
    assert "seen" not in param


def test_changes_by_the_check_itself_stay():
    param = {"mode": "train", "mean": np.zeros(2)}
    student = Undoable(writes(mean=np.ones(2)))
    student.call("f", (0, param), {})
    param["mode"] = "test"
    student.call("f", (0, param), {})
    student.undo()
    assert param["mode"] == "test"
    assert list(param["mean"]) == [0, 0]


def test_after_the_undo_nothing_is_written():
    param = {"stride": 1, "inner": {"a": 1}}
    student = Undoable(writes(stride=2, inner={}))
    student.undo()
    assert student.call("f", (0, param), {}) == 2
    assert param == {"stride": 1, "inner": {"a": 1}}
