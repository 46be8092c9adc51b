"""A check calls functions by name and cannot find out in which process they run."""

import numpy as np
import pytest
from sayings import call_fails

from grader.calls import CallFailed, Failure, LocalHandle, local_call, type_of
from grader.errors import AssignmentError
from grader.judging.student_proxy import Student


def recorder():
    calls = []

    def call(name, args, kwargs):
        calls.append((name, args, kwargs))
        return "value"

    return calls, call


def test_dotted_names_become_calls_by_id():
    calls, call = recorder()
    student = Student(call, frozenset({"layers.relu", "classifiers.fc_net.TwoLayerNet"}))
    assert student.layers.relu(1, k=2) == "value"
    assert student.classifiers.fc_net.TwoLayerNet() == "value"
    assert calls == [("layers.relu", (1,), {"k": 2}), ("classifiers.fc_net.TwoLayerNet", (), {})]


@pytest.mark.parametrize("path", ["layer.relu", "layers.rely", "layers.relu_forward", "laye", "layers.relu.extra"])
def test_a_misspelt_name_is_our_fault(path):
    student = Student(recorder()[1], frozenset({"layers.relu"}))
    with pytest.raises((AssignmentError, AttributeError)) as caught:
        for name in path.split("."):
            student = getattr(student, name)
    if path != "layers.relu.extra":
        assert isinstance(caught.value, AssignmentError)
        assert "correct its name" in str(caught.value)


def test_a_failure_is_raised_with_its_record():
    failure = Failure("error", "layers.f", "f raised ValueError")
    with call_fails("f raised ValueError") as caught:
        raise CallFailed(failure)
    assert caught.value.failure is failure


def test_arguments_are_passed_as_copies():
    def spoil(x, *, y):
        x[:] = 9
        y[:] = 9
        return x

    x, y = np.zeros(3), np.zeros(3)
    out = local_call({"f": spoil})("f", (x,), {"y": y})
    assert out.tolist() == [9, 9, 9]
    assert x.tolist() == y.tolist() == [0, 0, 0]


def test_a_changed_dict_comes_back_changed_in_place():
    def update(bn_param):
        bn_param["running_mean"] = np.ones(2)
        del bn_param["old"]

    bn_param = {"mode": "train", "old": 1}
    assert local_call({"f": update})("f", (bn_param,), {}) is None
    assert bn_param.keys() == {"mode", "running_mean"}
    assert bn_param["running_mean"].tolist() == [1, 1]


def test_arrays_inside_a_dict_are_copies_as_well():
    def spoil(param):
        param["a"][:] = 9
        raise ValueError

    inner = np.zeros(2)
    with pytest.raises(ValueError):
        local_call({"f": spoil})("f", ({"a": inner},), {})
    assert inner.tolist() == [0, 0]


@pytest.mark.parametrize("value", [None, True, 3, 2.5, "s", b"b", np.float32(1), np.ones(2)])
def test_plain_values_are_returned(value):
    assert local_call({"f": lambda: value})("f", (), {}) is value


@pytest.mark.parametrize(("cache", "name"), [((1, 2), "tuple"), ([1], "list"), (object(), "object"), ({1}, "set")])
def test_a_cache_is_stored_and_passed_back_unchanged(cache, name):
    call = local_call({"forward": lambda: (np.ones(1), cache), "backward": lambda got: got is cache})
    out, kept = call("forward", (), {})
    assert isinstance(kept, LocalHandle)
    assert kept.type_name == type_of(kept) == name
    assert out.tolist() == [1]
    assert call("backward", (kept,), {}) is True


def test_a_stored_cache_may_be_passed_by_keyword():
    call = local_call({"forward": lambda: (1, (2, 3)), "backward": lambda cache: float(sum(cache))})
    _, kept = call("forward", (), {})
    assert call("backward", (), {"cache": kept}) == 5.0


def test_a_handle_is_not_wrapped_twice():
    call = local_call({"forward": lambda: (1, (2, 3))})
    wrapping = local_call({"forward": lambda: call("forward", (), {}), "backward": lambda cache: float(sum(cache))})
    _, kept = wrapping("forward", (), {})
    assert wrapping("backward", (kept,), {}) == 5.0


def test_arities_are_noted_call_by_call():
    arities = []
    call = local_call({"one": lambda: 1, "three": lambda: (1, 2, 3), "none": lambda: None}, arities)
    for name in ("three", "one", "none"):
        call(name, (), {})
    assert arities == [("three", 3), ("one", 0), ("none", 0)]


def test_type_of_names_what_a_student_would_recognise():
    assert [type_of(value) for value in (None, 1.0, [1], LocalHandle([], "Cache"))] == [
        "NoneType",
        "float",
        "list",
        "Cache",
    ]
