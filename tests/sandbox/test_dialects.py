"""Syntax of another Python is distinguished from mistakes. The version is an argument, so any Python can run this."""

from __future__ import annotations

import sys
import time

import pytest

from grader.sandbox.inside.dialects import explain, find_newer, find_python_2

NEWER = {
    "quotes in an f-string": ((3, 12), 'def f(x):\n    """Doc {."""\n    return f"bad {x["n"]} values"  # {\n'),
    "a join in an f-string": ((3, 12), "def f(x):\n    return f'{', '.join(x)} and {x!r:>{len('ab')}}'\n"),
    "a backslash in an f-string": ((3, 12), "s = f\"{'\\n'.join(['a'])}\"\n"),
    "an f-string over lines": ((3, 12), 's = f"{\n  1 +\n  2}"\n'),
    "a comment in an f-string": ((3, 12), 's = f"""{\n  1  # one\n}"""\n'),
    "a generic function": ((3, 12), "def f[T: np.ndarray](x: T) -> tuple[T, T]:\n    return x, x\n"),
    "a generic class": ((3, 12), "class Net[T, *Ts]:\n    def f[U: dict[str, int]](self, x: U): return x\n"),
    "a generic with a default": ((3, 13), "class Net[T = int]:\n    pass\n"),
    "a type alias": ((3, 12), "type Array = np.ndarray | None\n"),
    "a generic alias": ((3, 12), "type Pair[T] = tuple[T, T]\n"),
    "an exception group": ((3, 11), "try:\n    f()\nexcept* ValueError as e:\n    pass\n"),
    "a star in an index": ((3, 11), "def f(x, i):\n    return x[*i, 0]\n"),
    "match": (
        (3, 10),
        "def f(mode):\n    match mode:\n        case 'train' | 'test':\n            return 1\n"
        "        case {'mode': m} if m: return 2\n        case _:\n            return {1: 2}\n",
    ),
    "with in brackets": (
        (3, 10),
        "def f():\n    with (\n        open('a') as a,\n        open('b') as b,\n    ):\n        return a, b\n",
    ),
    "a decorator": ((3, 9), "@table['f'].g\ndef f(): pass\n"),
    "exceptions without brackets": ((3, 14), "try:\n    f()\nexcept ValueError, TypeError:\n    pass\n"),
    "a template string": ((3, 14), "s = t'{x} values'\n"),
}


@pytest.mark.parametrize("kind", NEWER)
def test_syntax_of_a_newer_python_is_recognised_and_dated(kind):
    since, text = NEWER[kind]
    found = find_newer(text, (since[0], since[1] - 1))
    assert found is not None
    assert found[0] == since
    assert find_newer(text, (3, 7))[0] == since
    assert find_newer(text, since) is None


def test_the_newest_of_several_features_is_named():
    text = NEWER["match"][1].replace("def f(", "def f[T](")
    assert find_newer(text, (3, 9))[0] == (3, 12)


MISTAKES = {
    "a bracket": "def f(x):\n    return (x\n",
    "a generic with a mistake": "def f[T](x:\n    return x\n",
    "an f-string that is not closed": 'def f(x):\n    return f"{x" + "y}"\n',
    "a field that is not closed": 'def f(x):\n    return f"{x[0}"\n',
    "quotes in a text": 'def f(x):\n    return "bad "x" values"\n',
    "a colon": "def f(x)\n    return x\n",
    "a colon of a match": "def f(x):\n    match x\n        case 1:\n            pass\n",
    "a word": "def f(x):\n    retrun x\n",
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_is_a_mistake_in_any_python(kind):
    assert find_newer(MISTAKES[kind], (3, 8)) is None
    assert find_python_2(MISTAKES[kind]) == ""


PYTHON_2 = {
    "print without brackets": ["print 'x', x\n", "if x: print x\n", "print >>f, x\n", "def f():\n    print -x\n"],
    "exec without brackets": ["exec 'x = 1'\n"],
    "`except Error, name`": ["try:\n    f()\nexcept (A, B), e: pass\n", "try:\n    f()\nexcept A, err: pass\n"],
    "`raise Error, text`": ["raise ValueError, 'bad'\n"],
    "`<>`": ["if x <> y: pass\n"],
    "a text in backticks": ["s = `x` + 'a'\n"],
    "a number that begins with 0": ["os.chmod(p, 0777)\n"],
    "a number that ends in L": ["n = 10L\n", "n = 0xFFL\n"],
    "a text of the kind ur''": ["s = ur'\\d'\n"],
    "a tuple among arguments": ["f = lambda (a, b): a\n"],
}


@pytest.mark.parametrize("feature", PYTHON_2)
def test_python_2_is_recognised(feature):
    for text in PYTHON_2[feature]:
        assert find_python_2(text) == feature
        assert find_newer(text, (3, 8)) is None


def test_python_2_in_strings_and_comments_is_ignored():
    text = "def f(x:\n    '''print x; a <> b'''\n    s = \"`x` 0777 ur''\"  # print x, 10L\n    print(s, file=f)\n"
    assert find_python_2(text) == ""


@pytest.mark.parametrize("text", ['f"' * 20_000, "f'{" * 16_000, "(" * 50_000, "'" * 50_000, "match x:\n" * 5_000])
def test_every_text_is_read_in_a_short_time(text):
    began = time.process_time()
    explain(text, SyntaxError("invalid syntax"))
    assert time.process_time() - began < 2


def test_the_error_says_which_python_the_source_was_written_for():
    error = SyntaxError("invalid syntax")
    explain("print 'x'\n", error)
    assert error.msg == "invalid syntax (Python 2: print without brackets)"
    if sys.version_info < (3, 14):
        error = SyntaxError("invalid syntax")
        explain("s = t'x'\n", error)
        running = ".".join(map(str, sys.version_info[:2]))
        assert error.msg == f"a t-string needs Python 3.14 or newer; this is Python {running}"
