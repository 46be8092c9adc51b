"""`make mutants`: caught mutants, survivors, and the list of survivors, which must be exact."""

from pathlib import Path

import numpy as np
import pytest

from bench.mutants import (
    ACCOUNT,
    OutOfTime,
    Tried,
    as_entry,
    first_catch,
    limited_time,
    main,
    read_account,
    try_all,
    unexplained,
)
from bench.mutate import Mutant
from grader.assignment.fixtures import load_fixtures
from grader.assignment.load import load_assignment
from grader.assignment.reference import load_reference

ROOT = Path(__file__).resolve().parents[2]
ASSIGNMENT = load_assignment(ROOT / "assignment")
FIXTURES = load_fixtures(ASSIGNMENT)
REFERENCE = load_reference(ASSIGNMENT)
SOURCE = (ASSIGNMENT.reference / "layers.py").read_text()
KEY = ("layers.f", 'x = params["a"]', "pass", 0)


def caught(old, new):
    assert old in SOURCE
    mutant = Mutant("layers.relu_forward", "", "", 0, compile(SOURCE.replace(old, new, 1), "layers.py", "exec"))
    checks = [check for check in ASSIGNMENT.checks if check.function == mutant.function]
    return first_catch(mutant, checks, ASSIGNMENT, FIXTURES, REFERENCE)


@pytest.mark.parametrize(
    ("new", "place"),
    [
        ("return np.maximum(x, 0), x", None),
        ("return np.minimum(x, 0), x", "layers.relu_forward.worked_example"),
        ("return x[:, 0], x", "layers.relu_forward.worked_example"),
        ("raise ValueError", "layers.relu_forward.worked_example"),
        ("return None", "layers.relu_forward.worked_example"),
        ("return (x if x.ndim > 2 else np.maximum(x, 0)), x", "layers.relu_forward.any_shape"),
        ("return np.zeros(10**12), x", "layers.relu_forward.worked_example"),
        ("while True: pass", "layers.relu_forward.worked_example"),
    ],
)
def test_a_mutant_is_caught_by_the_first_check_that_it_fails(new, place, monkeypatch):
    monkeypatch.setattr("bench.mutants.CPU_S", 0.3)
    assert caught("return np.maximum(x, 0), x", new) == place


def test_a_mutant_whose_file_cannot_be_run_is_caught():
    assert caught("import numpy as np", "import numpy as np\nnp.nothing") == "import"


def test_a_mutant_does_not_change_the_reference():
    caught("return np.maximum(x, 0), x", "return np.minimum(x, 0), x")
    assert REFERENCE["layers.relu_forward"](np.array([-1.0, 2.0]))[0].tolist() == [0.0, 2.0]


def test_except_exception_does_not_catch_the_time_limit(monkeypatch):
    monkeypatch.setattr("bench.mutants.CPU_S", 0.05)
    with pytest.raises(OutOfTime), limited_time():
        while True:
            try:
                while True:
                    pass
            except Exception:
                pass


def test_the_list_of_survivors_must_be_exact():
    assert unexplained({KEY}, {KEY: "the same"}) == []
    new, gone = unexplained({KEY}, {}), unexplained(set(), {KEY: "the same"})
    assert new[0].startswith("1 survive without a reason") and gone[0].startswith("1 in mutants.toml survive no more")
    assert new[1] == gone[1] == as_entry(KEY)


def test_a_printed_entry_with_a_reason_is_read_back(tmp_path):
    path = tmp_path / "mutants.toml"
    second = (*KEY[:3], 1)
    path.write_text("\n\n".join(as_entry(key).replace('why = ""', 'why = "the same"') for key in (KEY, second)))
    assert read_account(path) == {KEY: "the same", second: "the same"}


@pytest.mark.parametrize(("why", "times"), [("", 1), ("  ", 1), ("the same", 2)])
def test_an_entry_without_a_reason_or_listed_twice_is_rejected(tmp_path, why, times):
    path = tmp_path / "mutants.toml"
    path.write_text((as_entry(KEY).replace('why = ""', f'why = "{why}"') + "\n") * times)
    with pytest.raises(SystemExit, match="has no reason or is listed twice"):
        read_account(path)


@pytest.mark.slow
def test_a_run_on_one_function_uses_only_its_entries(capsys, monkeypatch, tmp_path):
    assert main(["layers.affine_forward", "layers.affine_backward"]) == 0
    assert "every survivor is explained" in capsys.readouterr().out
    more = tmp_path / "mutants.toml"
    more.write_text(
        ACCOUNT.read_text()
        + '\n[[survivor]]\nfunction = "layers.affine_forward"\nline = "a"\nbecomes = "b"\nwhy = "c"\n'
    )
    monkeypatch.setattr("bench.mutants.ACCOUNT", more)
    assert main(["layers.affine_forward"]) == 1
    assert "survive no more" in capsys.readouterr().out
    assert main(["layers.affine_backward"]) == 0


@pytest.mark.slow
def test_the_bar_holds_only_over_all_functions(capsys, monkeypatch, tmp_path):
    assert main(["layers.relu_backward"]) == 0  # one of nine survives, and is explained
    path = tmp_path / "mutants.toml"
    path.write_text(as_entry(KEY).replace('why = ""', 'why = "the same"'))
    monkeypatch.setattr("bench.mutants.ACCOUNT", path)
    code = compile("", "m", "exec")
    for count, verdict in ((20, 0), (19, 1)):
        tried = [Tried(Mutant("layers.f", "a", str(k), 0, code), "a check", True) for k in range(count - 1)]
        tried.append(Tried(Mutant(*KEY, code), None, False))
        monkeypatch.setattr("bench.mutants.try_all", lambda *_, tried=tried: tried)
        assert main([]) == verdict
    assert "94.7% caught, expected 95%" in capsys.readouterr().out


def test_checks_that_use_a_cache_catch_a_wrong_cache():
    tried = [one for one in try_all(ASSIGNMENT, FIXTURES, frozenset({"layers.affine_forward"})) if not one.by_own]
    assert [one.mutant.becomes for one in tried] == ["return (out, (w, x, b))", "return (out, (x, b, w))"]
    assert {one.caught_by for one in tried} == {"layers.affine_backward.notebook"}


def test_a_survivor_without_a_reason_fails(capsys, monkeypatch, tmp_path):
    (tmp_path / "mutants.toml").write_text("")
    monkeypatch.setattr("bench.mutants.ACCOUNT", tmp_path / "mutants.toml")
    assert main(["layers.relu_backward"]) == 1
    assert 'becomes = "return np.where(x >= 0, dout, 0)"' in capsys.readouterr().out


def test_a_function_without_points_is_rejected():
    with pytest.raises(SystemExit, match="no such function with points"):
        main(["layers.relu_sideways"])
