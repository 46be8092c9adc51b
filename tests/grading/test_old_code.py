"""Code for an older Python or NumPy, in the sandbox: it costs its own function, with a message on what was removed."""

import sys

import pytest
from sayings import notes_of

from grader.messages.of_check import message_of
from grader.messages.say import say_all


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def affine_forward(x, w, b):\n    print 'shapes', x.shape\n", "print without brackets is Python 2 syntax"),
        ("def affine_forward(x, w, b):\n    if True:\n        a = 1\n\tb = 2\n", "Tabs and spaces indent the same"),
        ("try:\n    pass\nexcept ValueError, error:\n    pass\n", "`except Error, name` is Python 2 syntax"),
    ],
)
def test_python_2_that_does_not_compile_is_left_out_and_says_so(grade_layers, source, words):
    result = grade_layers(source)
    defined = {"layers.affine_forward"} if "def" in source else set()
    lost = [check for check in result.checks if check.status != "passed"]
    assert {check.function for check in lost} == defined
    for check in lost:
        assert check.status == "error"
        assert words in say_all(check.hints)
        assert "--python" not in say_all(check.hints)  # staff alone get that text
    (note,) = notes_of(result)
    assert words in note
    assert note.startswith("layers.py, line ")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("out = np.zeros(3, dtype=np.float)", "NumPy 1.24 removed"),
        ("out = np.product(x.shape) + np.in1d_of_old", "np.product is now np.prod"),
        ("out = [i for i in xrange(3)]", "xrange exists only in Python 2"),
        ("out = {}.has_key(1)", "has_key exists only in Python 2"),
    ],
)
def test_old_names_cost_their_own_function_and_say_so(grade_layers, line, words):
    result = grade_layers(f"def relu_forward(x):\n    {line}\n    return out, x\n")
    lost = [check for check in result.checks if check.status != "passed" and check.file == "layers.py"]
    assert {check.function for check in lost} == {"layers.relu_forward"}
    for check in lost:
        assert check.status == "error"
        assert words in say_all(check.hints)
        assert "--python" not in say_all(check.hints)


@pytest.mark.parametrize(
    ("source", "since"),
    [
        ("def relu_forward[T](x: T):\n    return np.maximum(0, x), x\n", "3.12"),
        ("def relu_forward(x):\n    print(f'{', '.join('ab')}')\n    return np.maximum(0, x), x\n", "3.12"),
        ("def relu_forward(x):\n    t'{x}'\n    return np.maximum(0, x), x\n", "3.14"),
    ],
)
def test_syntax_of_a_newer_python_is_noted_once_at_the_top_with_what_to_do(grade_layers, source, since):
    if sys.version_info >= tuple(map(int, since.split("."))):
        pytest.skip(f"this Python has the syntax of {since}")
    result = grade_layers(source + "\ntype_of_nothing: Missing = 1\nprint('imported')\n1 / 0\n")
    lost = [check for check in result.checks if check.status != "passed"]
    assert {check.function for check in lost} == {"layers.relu_forward"}
    assert all(f"needs Python {since} or newer" in message_of(check) for check in lost)
    assert notes_of(result)[0].endswith(
        f"relu_forward was left out and the rest was graded. Grade it with --python python{since}."
    )
    assert [f"needs Python {since}" in note for note in notes_of(result)].count(True) == 1
