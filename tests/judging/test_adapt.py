"""Calls between checks of one handout and code of another: both directions use the same rules and lose nothing."""

import dataclasses

import numpy as np
import pytest

from grader.calls import LocalHandle, local_call
from grader.errors import AssignmentError
from grader.judging.adapt import Argument, Handout, Keywords, Returned, adapt, adapt_back
from grader.records import Check

KEEP = Argument("layers.drop", "param", 1, "param", entry="p", complement=True)
RATIO = Argument("nets.Net", "drop", 3, "keep_ratio", complement=True)
SWITCH = Keywords("nets.Net", {"norm": "batch"}, {"use_batch": True})
FLAT = Argument("layers.scale", "gamma", 1, "gamma", shape=(1, -1, 1, 1), their_shape=(-1,))
FLAT_BACK = Returned("layers.scale", 1, (1, -1, 1, 1), (-1,))
THEIRS = Handout(
    "theirs", "long ago", frozenset({"layers.late"}), (), arguments=(KEEP, RATIO, FLAT), keywords=(SWITCH,),
    returned=(FLAT_BACK,),
)  # fmt: skip


def recorder(value=None):
    """A call that records its arguments and returns `value`."""
    seen = []

    def call(function, args, kwargs):
        seen.append((function, args, kwargs))
        return value

    return seen, call


def test_without_rules_the_call_is_the_same_object():
    _, call = recorder()
    assert adapt(call, Handout("default")) is call


def test_a_function_without_rules_is_called_as_it_is():
    seen, call = recorder("value")
    args, kwargs = (np.ones(2), {"p": 0.2}), {"a": 1}
    assert adapt(call, THEIRS)("layers.other", args, kwargs) == "value"
    assert seen[0][1] is args
    assert seen[0][2] is kwargs


@pytest.mark.parametrize("direction", [adapt, adapt_back])
def test_a_probability_in_a_dict_is_translated_to_its_complement(direction):
    seen, call = recorder()
    param = {"mode": "train", "p": 0.25, "seed": 3}
    direction(call, THEIRS)("layers.drop", (np.ones(2), param), {})
    assert seen[0][1][1] == {"mode": "train", "p": 0.75, "seed": 3}
    assert param == {"mode": "train", "p": 0.25, "seed": 3}


def test_the_dict_may_be_a_keyword_and_may_lack_the_entry():
    seen, call = recorder()
    adapt(call, THEIRS)("layers.drop", (1,), {"param": {"p": 1}})
    adapt(call, THEIRS)("layers.drop", (1, {"mode": "test"}), {})
    adapt(call, THEIRS)("layers.drop", (1,), {})
    assert seen == [
        ("layers.drop", (1,), {"param": {"p": 0}}),
        ("layers.drop", (1, {"mode": "test"}), {}),
        ("layers.drop", (1,), {}),
    ]


def drop_keeping(x, param):
    """Dropout with p as the probability of keeping; it counts its calls in its dict."""
    param["calls"] = param.get("calls", 0) + 1
    rng = np.random.RandomState(param["seed"])
    mask = (rng.rand(*x.shape) < param["p"]) / param["p"]
    return x * mask, (param, mask)


def drop_dropping(x, param):
    """Dropout with p as the probability of dropping."""
    rng = np.random.RandomState(param["seed"])
    mask = (rng.rand(*x.shape) < 1 - param["p"]) / (1 - param["p"])
    return x * mask, (param, mask)


def test_code_that_keeps_with_p_passes_a_check_that_drops_with_p():
    x, param = np.ones((50, 40)), {"p": 0.3, "seed": 5}
    out, cache = adapt(local_call({"layers.drop": drop_keeping}), THEIRS)("layers.drop", (x, param), {})
    expected, _ = drop_dropping(x, {"p": 0.3, "seed": 5})
    np.testing.assert_allclose(out, expected, rtol=1e-12)
    assert 0.65 < (out != 0).mean() < 0.75
    assert isinstance(cache, LocalHandle)
    assert param == {"p": 0.3, "seed": 5, "calls": 1}  # p is exactly the number it was, not 1 - (1 - 0.3)


def test_a_net_that_keeps_with_p_runs_on_a_stub_that_drops_with_p():
    x, param = np.ones((50, 40)), {"p": 0.3, "seed": 5}
    out, _ = adapt_back(local_call({"layers.drop": drop_dropping}), THEIRS)("layers.drop", (x, param), {})
    expected, _ = drop_keeping(x, {"p": 0.3, "seed": 5})
    np.testing.assert_allclose(out, expected, rtol=1e-12)
    assert 0.25 < (out != 0).mean() < 0.35


def test_an_entry_that_the_code_changed_is_translated_back():
    def halves(x, param):
        param["p"] = param["p"] / 2

    param = {"p": 0.2}
    adapt(local_call({"layers.drop": halves}), THEIRS)("layers.drop", (1, param), {})
    assert param == {"p": 0.6}


@pytest.mark.parametrize(("p", "translated"), [(np.uint8(3), -2), (np.float32(0.25), 0.75), (np.int64(1), 0), (2, -1)])
def test_numbers_of_numpy_have_a_complement_too(p, translated):
    seen, call = recorder()
    adapt_back(call, THEIRS)("layers.drop", (1, {"p": p}), {})
    assert seen[0][1][1]["p"] == translated


@pytest.mark.parametrize("p", ["0.5", None, True, [0.5], np.ones(2)])
def test_a_value_that_is_not_a_number_is_passed_to_a_stub_unchanged(p):
    seen, call = recorder()
    adapt_back(call, THEIRS)("layers.drop", (1, {"p": p}), {})
    assert seen[0][1][1]["p"] is p


def net(hidden, sizes=3, classes=10, keep_ratio=1, use_batch=False, reg=0.0):
    """The constructor of the older handout; it returns its arguments."""
    return {"hidden": len(hidden), "keep_ratio": keep_ratio, "use_batch": use_batch, "reg": reg}


@pytest.mark.parametrize(
    ("args", "kwargs", "told"),
    [
        (([7],), {}, {"keep_ratio": 1, "use_batch": False}),
        (([7],), {"drop": 0, "norm": None}, {"keep_ratio": 1, "use_batch": False}),
        (([7],), {"drop": 0.25, "reg": 2.0}, {"keep_ratio": 0.75, "reg": 2.0}),
        (([7],), {"norm": "batch", "drop": 0.5}, {"keep_ratio": 0.5, "use_batch": True}),
        (([7, 8], 3, 10, 0.25), {"norm": "batch"}, {"keep_ratio": 0.75, "use_batch": True, "hidden": 2}),
    ],
)
def test_a_constructor_is_called_with_its_handouts_arguments(args, kwargs, told):
    given = dict(kwargs)
    found = adapt(local_call({"nets.Net": net}), THEIRS)("nets.Net", args, kwargs)
    assert {name: found[name] for name in told} == told
    assert kwargs == given


def test_keywords_are_translated_back_to_ours():
    seen, call = recorder()
    back = adapt_back(call, THEIRS)
    back("nets.Net", ([7],), {"use_batch": True, "keep_ratio": 0.75, "reg": 1.0})
    back("nets.Net", ([7],), {"use_batch": False, "keep_ratio": 1})
    assert seen == [
        ("nets.Net", ([7],), {"norm": "batch", "drop": 0.25, "reg": 1.0}),
        ("nets.Net", ([7],), {"drop": 0}),
    ]


@pytest.mark.parametrize("norm", ["layer", 1, 0, "Batch"])
def test_a_check_with_an_argument_that_the_handout_lacks_is_our_fault(norm):
    seen, call = recorder()
    with pytest.raises(
        AssignmentError, match=r"handout theirs: cannot call nets\.Net with norm=.* Leave the check out"
    ):
        adapt(call, THEIRS)("nets.Net", ([7],), {"norm": norm})
    assert not seen


def test_a_check_that_calls_what_the_handout_lacks_is_our_fault():
    seen, call = recorder()
    with pytest.raises(AssignmentError, match=r"handout theirs: has no layers\.late"):
        adapt(call, THEIRS)("layers.late", (), {})
    assert not seen


@pytest.mark.parametrize("kwargs", [{"norm": "layer"}, {"use_batch": 3}, {"keep_ratio": "half"}])
def test_translating_back_never_raises(kwargs):
    seen, call = recorder()
    adapt_back(call, THEIRS)("nets.Net", (), kwargs)
    adapt_back(call, THEIRS)("layers.late", (1,), {})
    assert [function for function, _, _ in seen] == ["nets.Net", "layers.late"]


def scale(x, gamma):
    """The older form, with gamma of shape (C,): it fails on any other shape."""
    assert gamma.ndim == 1
    return x * gamma[:, None, None], gamma + 1


def test_arrays_have_their_shape_in_the_call_and_ours_after_it():
    x, gamma = np.ones((2, 3, 4, 5)), np.arange(3.0).reshape(1, 3, 1, 1)
    out, dgamma = adapt(local_call({"layers.scale": scale}), THEIRS)("layers.scale", (x, gamma), {})
    np.testing.assert_array_equal(out, x * gamma)
    np.testing.assert_array_equal(dgamma, np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1, 1))
    assert gamma.shape == (1, 3, 1, 1)


def test_arrays_are_translated_in_the_other_direction_for_a_stub():
    seen, call = recorder([1, np.ones((1, 3, 1, 1))])
    value = adapt_back(call, THEIRS)("layers.scale", (1, np.ones(3)), {})
    assert seen[0][1][1].shape == (1, 3, 1, 1)
    assert type(value) is list
    assert value[1].shape == (3,)


@pytest.mark.parametrize("shape", [(3, 2), (2, 1, 3), ()])
def test_a_shape_that_is_wrong_by_more_than_axes_of_length_1_stays_to_be_judged(shape):
    _, call = recorder((1, np.ones(shape)))
    expected = shape if shape else (1, 1, 1, 1)  # a number is an array of one entry
    assert adapt(call, THEIRS)("layers.scale", (1, np.ones(3)), {})[1].shape == expected


@pytest.mark.parametrize("value", [None, 3, (), (1,), "text", (1, "text"), LocalHandle([], "list")])
def test_a_value_without_such_an_array_is_passed_on_unchanged(value):
    _, call = recorder(value)
    assert adapt(call, THEIRS)("layers.scale", (1, np.ones(3)), {}) == value


def test_a_returned_array_itself_may_be_shaped():
    handout = Handout("theirs", returned=(Returned("layers.row", None, (1, -1), (-1,)),))
    _, call = recorder(np.ones(3))
    assert adapt(call, handout)("layers.row", (), {}).shape == (1, 3)


def check_named(function, name, needs=None):
    return Check(f"{function}.{name}", function, "f.py", "", "visible", 1, 1.0, 1.0, 1e-5, needs, {}, print)


def test_only_its_file_decides_what_a_handout_has():
    handout = dataclasses.replace(THEIRS, lacks_checks=("nets.Net.*layer*",))
    assert handout.has(check_named("layers.drop", "small"))
    assert handout.has(check_named("nets.Net", "loss"))
    assert not handout.has(check_named("layers.late", "small"))
    assert not handout.has(check_named("layers.drop", "fed", needs="layers.late"))
    assert not handout.has(check_named("nets.Net", "loss_layernorm"))
    assert Handout("default").has(check_named("layers.late", "small"))


def test_the_inverse_of_the_inverse_is_the_handout():
    assert THEIRS.inverse() != THEIRS
    assert THEIRS.inverse().inverse() == THEIRS


def test_a_handout_that_only_lacks_something_is_guarded_too():
    seen, call = recorder()
    with pytest.raises(AssignmentError, match=r"has no layers\.late"):
        adapt(call, Handout("theirs", lacks=frozenset({"layers.late"})))("layers.late", (), {})
    assert not seen


def test_rules_of_several_dicts_do_not_mix():
    rules = (
        Argument("layers.two", "first", 0, "first", entry="p", complement=True),
        Argument("layers.two", "second", 1, "second", entry="q", complement=True),
    )

    def swaps(first, second):
        first["q"], second["p"] = first["p"] / 2, second["q"] / 2

    first, second = {"p": 0.2, "q": 0.1}, {"p": 0.1, "q": 0.6}
    adapt(local_call({"layers.two": swaps}), Handout("theirs", arguments=rules))("layers.two", (first, second), {})
    assert first == {"p": 0.2, "q": 0.4}
    assert second == {"p": 0.2, "q": 0.6}


def test_values_of_different_types_are_different():
    handout = Handout("theirs", keywords=(Keywords("nets.Net", {"flag": True}, {"mode": "on"}),))
    seen, call = recorder()
    adapt(call, handout)("nets.Net", (), {"flag": True})
    with pytest.raises(AssignmentError, match="flag=1"):
        adapt(call, handout)("nets.Net", (), {"flag": 1})
    assert seen == [("nets.Net", (), {"mode": "on"})]


def test_a_switched_off_keyword_is_translated_even_with_other_values():
    handout = Handout("theirs", keywords=(Keywords("nets.Net", {"norm": "batch"}, {"norm": "bn"}),))
    seen, call = recorder()
    for norm in ("batch", None):
        adapt(call, handout)("nets.Net", (), {"norm": norm})
    assert [kwargs for _, _, kwargs in seen] == [{"norm": "bn"}, {"norm": None}]


def test_an_array_that_does_not_fit_the_shape_stays_to_be_judged():
    handout = Handout("theirs", returned=(Returned("layers.pairs", None, (1, 2), (2,)),))
    _, call = recorder(np.ones(3))
    assert adapt(call, handout)("layers.pairs", (), {}).shape == (3,)
