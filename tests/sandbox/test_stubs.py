"""A granted function is a stub for every holder, stays the same object, and has its own code again afterwards."""

from __future__ import annotations

import functools
import inspect
import sys
import types
from textwrap import dedent

import numpy as np
import pytest

sys.modules.setdefault("protocol", types.ModuleType("protocol"))
from grader.sandbox.inside import protocol, stubs  # noqa: E402

stubs.protocol = protocol

# Each defines `layer`, which becomes a stub, and `use`, which calls it by another way than its name.
HELD = {
    "closure": """
        def layer(x): return -1
        def make(f):
            def use(x): return f(x)
            return use
        use = make(layer)
    """,
    "partial": """
        import functools
        def layer(x): return -1
        def apply(f, x): return f(x)
        use = functools.partial(apply, layer)
    """,
    "class": """
        def layer(x): return -1
        class Layer:
            forward = staticmethod(layer)
            @classmethod
            def call(cls, x): return cls.forward(x)
        use = Layer.call
    """,
    "object": """
        def layer(x): return -1
        class Pair:
            __slots__ = ("forward",)
        pair = Pair()
        pair.forward = layer
        def use(x): return pair.forward(x)
    """,
    "nested_table": """
        def layer(x): return -1
        TABLE = {"layers": [("first", {"forward": (layer,)})]}
        def use(x): return TABLE["layers"][0][1]["forward"][0](x)
    """,
    "default_argument": """
        def layer(x): return -1
        def use(x, *, table={"forward": layer}): return table["forward"](x)
    """,
    "namespace": """
        import types
        def layer(x): return -1
        ops = types.SimpleNamespace(forward=types.SimpleNamespace(affine=layer))
        def use(x): return ops.forward.affine(x)
    """,
    "iterator": """
        import itertools
        def layer(x): return -1
        layers = itertools.repeat(layer)
        def use(x): return next(layers)(x)
    """,
    "decorator_without_wraps_that_fills_a_table": """
        TABLE = {}
        def register(f):
            TABLE[f.__name__] = f
            def wrapper(*args): return f(*args)
            return wrapper
        @register
        def layer(x): return -1
        def use(x): return TABLE["layer"](x)
    """,
    "wrapped_function_of_a_decorator": """
        import functools
        def traced(f):
            @functools.wraps(f)
            def wrapper(*args): return f(*args)
            return wrapper
        @traced
        @traced
        def layer(x): return -1
        use = layer.__wrapped__.__wrapped__
    """,
    "layer_with_a_closure_of_its_own": """
        def make(a, b):
            def layer(x): return -a - b
            return layer
        layer = make(1, 0)
        uses = [layer]
        def use(x): return uses[0](x)
    """,
    "layer_that_is_a_partial": """
        import functools
        def activate(kind, x): return -1
        layer = functools.partial(activate, "relu")
        uses = (layer,)
        def use(x): return uses[0](x)
    """,
    "layer_that_is_a_bound_method": """
        class Layer:
            def forward(self, x): return -1
        net = Layer()
        layer = net.forward
        def use(x): return net.forward(x)
    """,
    "layer_that_is_an_object": """
        class Layer:
            def __call__(self, x): return -1
        layer = Layer()
        uses = [layer]
        def use(x): return uses[0](x)
    """,
    "layer_of_np_vectorize": """
        import numpy as np
        layer = np.vectorize(lambda x: -1)
        uses = [layer]
        def use(x): return uses[0](x)
    """,
    "layer_that_is_cached": """
        import functools
        @functools.lru_cache(maxsize=None)
        def layer(x): return -1
        uses = [layer]
        def use(x): return uses[0](x)
    """,
    "layer_that_is_a_generator": """
        def layer(x):
            yield -1
        uses = [layer]
        def use(x):
            found = uses[0](x)
            return found if isinstance(found, int) else next(found)
    """,
}


def load(source: str) -> dict:
    names: dict = {"__name__": "own"}
    exec(dedent(source), names)
    return names


def switch_of(layer) -> stubs.Switch:
    return stubs.Switch("layers.layer", ["x"], layer)


def answer(function, args):
    return {"outcome": "value", "value": 10 + args[0], "dicts": {}}


@pytest.mark.parametrize("holder", HELD)
def test_a_layer_is_a_stub_for_every_holder_and_only_while_it_is_granted(holder):
    names = load(HELD[holder])
    layer = names["layer"]
    assert stubs.can_change(layer, "layer")
    switch = switch_of(layer)
    assert names["use"](3) == -1
    with stubs.in_place([switch], answer):
        assert [names["use"](4), layer(5)] == [14, 15]
        assert names["layer"] is layer
    assert names["use"](6) == -1


def test_a_functions_attributes_are_the_same_before_and_after():
    names = load("def layer(x, w=2, *, k=3):\n    'Doc.'\n    return -1\n")
    layer = names["layer"]
    parts = (layer.__code__, layer.__defaults__, layer.__kwdefaults__, layer.__closure__, vars(layer))
    with stubs.in_place([switch_of(layer)], answer):
        assert (layer.__name__, layer.__doc__, layer.__module__) == ("layer", "Doc.", "own")
    assert (layer.__code__, layer.__defaults__, layer.__kwdefaults__, layer.__closure__, vars(layer)) == parts
    assert str(inspect.signature(layer)) == "(x, w=2, *, k=3)"


def test_of_objects_of_one_class_only_the_layer_becomes_a_stub():
    names = load("""
        class Layer:
            def __init__(self, value): self.value = value
            def forward(self, x): return self.value
            __call__ = forward
        first, second, third = Layer(-1), Layer(-2), Layer(-3)
        layer, other = first.forward, second.forward
    """)
    with stubs.in_place([switch_of(names["layer"]), switch_of(names["third"])], answer):
        assert [names["first"].forward(1), names["other"](1), names["third"](2), names["second"](2)] == [11, -2, 12, -2]
    assert [names["layer"](1), names["other"](1), names["third"](1)] == [-1, -2, -3]


def test_a_partial_of_a_shared_function_leaves_that_function_alone():
    names = load("""
        import functools
        def activate(kind, x): return -len(kind)
        layer, other = functools.partial(activate, "relu"), functools.partial(activate, "tanh_")
    """)
    with stubs.in_place([switch_of(names["layer"])], answer):
        assert [names["layer"](1), names["other"](1), names["activate"]("", 1)] == [11, -5, 0]
    assert names["layer"].args == ("relu",) and names["layer"](1) == -4


def test_an_exception_in_a_check_removes_the_stubs():
    layer = load("def layer(x): return -1")["layer"]
    with pytest.raises(KeyError), stubs.in_place([switch_of(layer)], answer):
        raise KeyError
    assert layer(1) == -1


def test_arguments_reach_the_judge_in_the_references_order_under_any_names():
    layer = load("def layer(weights, inputs=None, extra=7): return -1")["layer"]
    asked = []

    def note(function, args):
        asked.append((function, args))
        return {"outcome": "value", "value": 0, "dicts": {}}

    with stubs.in_place([stubs.Switch("layers.layer", ["w", "x"], layer)], note):
        layer(inputs=2, weights=1)
        layer(1, 2, extra=3)
        layer(1)
    assert asked == [("layers.layer", (1, 2)), ("layers.layer", (1, 2)), ("layers.layer", (1,))]


@pytest.mark.parametrize("layer", [np.maximum, len, functools.reduce], ids=["ufunc", "builtin", "of_c"])
def test_a_function_that_cannot_change_is_replaced_under_its_name(layer):
    assert not stubs.can_change(layer, "layer")


@pytest.mark.parametrize("holder", HELD)
def test_the_students_own_function_runs_on_the_judges_request_and_is_a_stub_again_afterwards(holder):
    module = load(HELD[holder])
    replies = [{"outcome": "own"}, {"outcome": "value", "value": 7, "dicts": {}}]
    switch = switch_of(module["layer"])
    with stubs.in_place([switch], lambda name, args: replies.pop(0)):
        assert module["use"](1) == -1
        assert module["use"](2) == 7
    assert module["use"](3) == -1
