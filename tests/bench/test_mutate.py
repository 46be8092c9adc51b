"""Each mutant has one mistake of a kind that people make, and only in solution regions."""

import ast

import pytest

from bench.mutate import mutants_of, solution_lines


def solution(*lines, arguments="x, w, b"):
    body = "".join(f"    {line}\n" for line in lines)
    return f"def f({arguments}):\n    ### BEGIN SOLUTION\n{body}    ### END SOLUTION\n"


def becomes(*lines, arguments="x, w, b"):
    """The replacements of the last of these lines."""
    mutants = list(mutants_of(solution(*lines, arguments=arguments), "m", frozenset({"m.f"})))
    last = ast.unparse(ast.parse("\n".join(lines)).body[-1]).splitlines()[0]
    return [mutant.becomes for mutant in mutants if mutant.line == last]


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("return x @ w + b", {"return x @ w", "return b", "return x @ w - b", "return w @ x + b", "return x + b"}),
        ("return x - w", {"return x + w", "return w - x", "return x", "return w"}),
        ("return x // w", {"return x / w", "return w // x", "return x * w"}),
        ("return x ** 2", {"return x * 2", "return x", "return x ** 3", "return x ** 1", "return 2 ** x"}),
        ("return x > 0", {"return x >= 0", "return x < 0", "return not x > 0", "return x > 1", "return x > -1"}),
        ("return 0.5 * x", {"return 1.0 * x", "return 0.5 / x", "return x"}),
        ("return -x", {"return x"}),
        ("return x and w", {"return x or w"}),
        ("return x[1:b]", {"return x[2:b]", "return x[1:b + 1]", "return x[1:b - 1]", "return x[1:]", "return x[:b]"}),
        ("return x.sum(axis=0)", {"return x.sum(axis=1)", "return x.sum(axis=-1)", "return x.sum()"}),
        ("return x.sum(axis=(0, 2))", {"return x.sum(axis=(0,))", "return x.sum(axis=(2,))"}),
        ("return x.max(keepdims=True)", {"return x.max(keepdims=False)", "return x.max()"}),
        ("return x.mean() * x.max()", {"return x.sum() * x.max()", "return x.mean() * x.min()"}),
        ("return np.sqrt(x)", {"return x"}),
        ("return x.reshape(w).T", {"return x.T", "return x.reshape(w)"}),
        ("return np.dot(x, w)", {"return np.dot(w, x)"}),
        ("return (x, w, b)", {"return (w, x, b)", "return (x, b, w)"}),
        ("x += w", {"pass", "x -= w", "x = w"}),
        ("x -= w", {"pass", "x += w", "x = w"}),
        ("x[0] = w", {"pass", "x[1] = w", "x[-1] = w"}),
        ("if x == w: pass", {"if x != w:", "if not x == w:", "if True:", "if False:"}),
        ("if not x: pass", {"if x:", "if True:", "if False:", "if not not x:"}),
        ("for i in range(x): pass", {"for i in range(1, x):", "for i in range(x - 1):"}),
        ("return f(H)", {"return f(W)"}),
    ],
)  # fmt: skip
def test_replacements_of_a_line(line, wrong):
    assert wrong <= set(becomes(line))


@pytest.mark.parametrize(
    "line",
    [
        "a = np.zeros(x, dtype=np.float64)",  # a dtype costs no mark; a is not there before
        "return np.float64",
        "expect_shape('f', x, (1, 2))",
    ],
)
def test_changes_that_cost_no_marks_are_not_made(line):
    assert not [wrong for wrong in becomes(line) if "ones" not in wrong]


@pytest.mark.parametrize(("line", "same"), [
    ("return x.sum(axis=(0, 2))", "return x.sum(axis=(2, 0))"),
    ("return np.maximum(x, w)", "return np.maximum(w, x)"),
])  # fmt: skip
def test_changes_that_certainly_compute_the_same_are_not_made(line, same):
    assert becomes(line)
    assert same not in becomes(line)


def test_a_statement_is_dropped_only_if_its_names_are_bound_before_it():
    assert "pass" in becomes("x = 2 * x")
    assert "pass" in becomes("a = w", "a = 2 * a")
    assert "pass" not in becomes("a = 2 * x")


def test_only_solution_regions_of_wanted_functions_are_changed():
    source = solution("return x + w") + "    y = x + w\n" + solution("return x - w").replace("def f", "def g")
    assert {mutant.line for mutant in mutants_of(source, "m", frozenset({"m.f"}))} == {"return x + w"}
    assert {mutant.line for mutant in mutants_of(source, "m", frozenset({"m.g"}))} == {"return x - w"}


def test_the_mutants_of_a_method_are_its_classs():
    method = "".join(f"    {line}\n" for line in solution("return x + w").splitlines())
    mutants = list(mutants_of("class Net:\n" + method, "a.b", frozenset({"a.b.Net"})))
    assert {mutant.function for mutant in mutants} == {"a.b.Net"}
    assert "return x - w" in {mutant.becomes for mutant in mutants}


def test_every_mutant_differs_only_in_its_named_line():
    source = solution("y = x * w", "if y > b:", "    y -= b", "return y + 1")
    results = {}
    for mutant in mutants_of(source, "m", frozenset({"m.f"})):
        names = {}
        exec(mutant.code, names)
        results[mutant.line, mutant.becomes] = names["f"](3, 5, 4)
    assert results["y = x * w", "y = x / w"] == 1.6
    assert results["y = x * w", "y = x"] == 4
    assert results["if y > b:", "if False:"] == 16
    assert results["if y > b:", "if y < b:"] == 16
    assert results["y -= b", "pass"] == 16
    assert results["y -= b", "y = b"] == 5
    assert results["return y + 1", "return y + 2"] == 13


def test_mutants_that_read_alike_are_numbered():
    mutants = list(mutants_of(solution("x += w", "x += w", "return x"), "m", frozenset({"m.f"})))
    assert [mutant.nth for mutant in mutants if mutant.becomes == "x -= w"] == [0, 1]
    assert len({mutant.key for mutant in mutants}) == len(mutants)


def test_the_same_source_gives_the_same_mutants_in_the_same_order():
    source = solution("y = x @ w + b", "return y[1:]")
    first, second = ([m.key for m in mutants_of(source, "m", frozenset({"m.f"}))] for _ in range(2))
    assert first == second and len(first) > 10


@pytest.mark.parametrize("marks", ["### BEGIN SOLUTION\n", "### END SOLUTION\n", "### BEGIN SOLUTION\n" * 2])
def test_unpaired_markers_are_rejected(marks):
    with pytest.raises(ValueError, match="SOLUTION"):
        solution_lines(marks)
