"""Fixtures depend only on the reference and are the same every time; drift lists what a fresh run would change."""

import json
import shutil

import numpy as np
import pytest

from grader.assignment.fixtures import load_fixtures
from grader.assignment.load import load_assignment
from grader.authoring.make_fixtures import drift, make_fixtures, write_fixtures
from grader.errors import AssignmentError, GraderError
from grader.grading.attempt import JudgedValues, Undoable, judged
from grader.grading.check_run import judge
from grader.judging.run_check_function import ReturnedValues
from grader.judging.verdict import Trial

TOML = """
title = "Small"
package = "small"
reference = "../reference"
student_files = ["layers.py"]
handed_out = []
[points]
"layers.square" = 4
"layers.square_backward" = 6
[limits]
cpu_s = 2
"""
REFERENCE = """
def square(x):
    return x * x, (x,)

def square_backward(dout, cache):
    return 2 * cache[0] * dout
"""
PUBLIC = '''
from grader.checks import check, gradients

@check("layers.square", name="four", seed=3)
def four(student, rng):
    """Four numbers."""
    return {"out": student.layers.square(rng.randn(4))[0]}
'''
HIDDEN = '''
from grader.checks import check, gradients

@check("layers.square_backward", name="three", seed=5, needs="layers.square", cache=lambda x: (x,))
def three(student, rng):
    """Three numbers."""
    x, dout = rng.randn(3), rng.randn(3)
    _, cache = student.layers.square(x)
    dx = student.layers.square_backward(dout, cache)
    return gradients(lambda x: student.layers.square(x)[0], dout=dout, dx=(dx, x))
'''
WRONG = """
import numpy as np
from grader.checks import misconception

@misconception("layers.square", "That is the cube.")
def cube(reference, x):
    return x**3, (x,)

@misconception("layers.square", "No difference at all.")
def the_same(reference, x):
    return reference.layers.square(x)

@misconception("layers.square_backward", "It always raises.")
def raises(reference, dout, cache):
    raise ValueError("no")

@misconception("layers.square_backward", "dout is forgotten.")
def forgets(reference, dout, cache):
    return reference.layers.square_backward(np.ones_like(dout), cache)

@misconception("layers.square_backward", "It divides by zero.")
def infinite(reference, dout, cache):
    return dout / 0
"""


@pytest.fixture
def folder(tmp_path):
    small = tmp_path / "assignment"
    files = {
        "assignment.toml": TOML,
        "checks/public/layers.py": PUBLIC,
        "checks/hidden/layers.py": HIDDEN,
        "misconceptions/layers.py": WRONG,
        "../reference/__init__.py": "",
        "../reference/layers.py": REFERENCE,
    }
    for name, text in files.items():
        path = (small / name).resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return small


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def write(folder):
    assignment = load_assignment(folder)
    write_fixtures(assignment, make_fixtures(assignment))
    return assignment


def files_of(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in (folder / "fixtures").rglob("*") if p.is_file()}


def lines(folder):
    assignment = load_assignment(folder)
    return "\n".join(drift(assignment, make_fixtures(assignment)))


def test_fixtures_read_back_equal_arrays_worked_out_by_hand(folder):
    fixtures = load_fixtures(write(folder))
    four, three = fixtures.checks["layers.square.four"], fixtures.checks["layers.square_backward.three"]
    x = np.random.RandomState(3).randn(4)
    assert np.array_equal(four.expected["out"], x**2)
    assert four.arities == (("layers.square", 2),)
    assert four.reach == {}
    assert set(four.variants) == {"cube"}
    assert np.allclose(four.variants["cube"]["out"], x * x * x, rtol=1e-14)
    rng = np.random.RandomState(5)
    point, dout = rng.randn(3), rng.randn(3)
    assert np.allclose(three.expected["dx"], [2 * a * b for a, b in zip(point, dout, strict=True)], rtol=1e-14)
    assert three.arities == (("layers.square", 2), ("layers.square_backward", 0))
    assert three.reach["dx"].dtype == bool
    assert sorted(three.reach["dx"].sum(axis=1)) == sorted(three.reach["dx"].sum(axis=0)) == [1, 1, 1]
    assert fixtures.hints["layers.square"]["cube"] == "That is the cube."
    assert fixtures.arguments == {"layers.square": ("x",), "layers.square_backward": ("dout", "cache")}


def test_a_variant_that_raises_or_changes_nothing_leaves_no_arrays(folder):
    fixtures = load_fixtures(write(folder))
    assert set(fixtures.checks["layers.square_backward.three"].variants) == {"forgets", "infinite"}


def test_infinities_of_a_variant_are_stored(folder):
    fixtures = load_fixtures(write(folder))
    assert np.isinf(fixtures.checks["layers.square_backward.three"].variants["infinite"]["dx"]).all()


def test_public_and_hidden_arrays_are_in_separate_files(folder):
    write(folder)
    names = ("manifest.json", "public/layers.npz", "hidden/layers.npz")
    assert set(files_of(folder)) == {f"fixtures/{name}" for name in names}
    with np.load(folder / "fixtures/public/layers.npz") as file:
        assert {name.partition("|")[0] for name in file.files} == {"layers.square.four"}


def test_making_fixtures_twice_gives_the_same_bytes(folder):
    write(folder)
    before = files_of(folder)
    np.random.seed(99)
    write(folder)
    assert files_of(folder) == before


def test_unused_array_files_are_removed(folder):
    write(folder)
    (folder / "fixtures/public/gone.npz").write_bytes(b"old")
    write(folder)
    assert "fixtures/public/gone.npz" not in files_of(folder)


def test_no_drift_right_after_writing(folder):
    write(folder)
    assert lines(folder) == ""


def test_missing_fixtures_are_drift(folder):
    assert "not found" in lines(folder)


def test_a_changed_array_is_drift(folder):
    write(folder)
    path = folder / "fixtures/public/layers.npz"
    with np.load(path) as file:
        arrays = dict(file)
    arrays["layers.square.four|expected|out"][0] += 1e-6
    np.savez(path, **arrays)
    assert "public/layers.npz" in lines(folder)


def test_an_array_changed_together_with_its_hash_is_drift(folder):
    assignment = write(folder)
    made = make_fixtures(assignment)
    arrays = {file: {name: array.copy() for name, array in part.items()} for file, part in made.arrays.items()}
    arrays["public/layers.npz"]["layers.square.four|expected|out"][0] += 1e-6
    write_fixtures(assignment, type(made)(made.manifest, arrays))
    assert lines(folder) == "public/layers.npz: layers.square.four|expected|out differs"


def test_rounding_of_another_blas_is_no_drift(folder):
    assignment = write(folder)
    made = make_fixtures(assignment)
    arrays = {
        file: {name: array * (1 + 1e-15) if array.dtype.kind == "f" else array for name, array in part.items()}
        for file, part in made.arrays.items()
    }
    write_fixtures(assignment, type(made)(made.manifest, arrays))
    assert lines(folder) == ""


NEARLY = """
@misconception("layers.square", "It rounds otherwise.")
def nearly(reference, x):
    return x * x * (1 + 1e-14), (x,)
"""
NOISE = '''
import numpy as np

@check("layers.square", name="noisy"{together})
def noisy(student, rng):
    """A mean that is taken off: what is left of it is nothing but rounding."""
    out = student.layers.square(rng.randn(4))[0]
    return {{"out": out, "mean": 1e-17 * np.sin(1e16 * out)}}
'''


def no_follow(**asked):
    raise AssertionError("there is no gradient to follow")


@pytest.mark.parametrize("together", [", together=True", ', together=("out", "mean")'])
def test_rounding_relative_to_a_common_scale_is_no_drift(folder, together):
    """Rounding noise of another machine is no drift, and costs a submission no marks."""
    path = folder / "checks/public/layers.py"
    path.write_text(PUBLIC + NOISE.format(together=together))
    (folder / "misconceptions/layers.py").write_text(WRONG + NEARLY)
    assignment = write(folder)
    made = make_fixtures(assignment)
    arrays = {
        file: {name: -array if name.endswith("noisy|expected|mean") else array for name, array in part.items()}
        for file, part in made.arrays.items()
    }
    write_fixtures(assignment, type(made)(made.manifest, arrays))
    assert lines(folder) == ""
    fixture = load_fixtures(assignment).checks["layers.square.noisy"]
    check = assignment.checks[[check.name for check in assignment.definitions.values()].index("noisy")]
    values = {"out": fixture.expected["out"], "mean": -fixture.expected["mean"]}
    hints = {"cube": "That is the cube."}

    def judge_values(values):
        returned = ReturnedValues(values, None)
        judged_values = JudgedValues(returned, judged(check, fixture, returned), Undoable(no_follow))
        return judge(Trial(check), judged_values, fixture, hints, no_follow)

    found = judge_values(values)
    assert found.passed and list(found.variants) == ["cube"]
    cubes = {"out": fixture.variants["cube"]["out"], "mean": -fixture.variants["cube"]["mean"]}
    assert judge_values(cubes).matched == {"cube"}
    path.write_text(path.read_text().replace(together, ""))
    assert "layers.square.noisy|expected|mean differs" in lines(folder)


def test_unknown_names_in_together_are_rejected(folder):
    (folder / "checks/public/layers.py").write_text(PUBLIC + NOISE.format(together=', together=("out", "dx")'))
    with pytest.raises(AssignmentError, match="noisy: together names dx, but the check returns out, mean"):
        make_fixtures(load_assignment(folder))


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("checks/public/layers.py", "seed=3", "seed=4", "layers.square.four|expected|out differs"),
        ("checks/public/layers.py", "randn(4)", "randn(6)", "layers.square.four|expected|out differs"),
        ("checks/public/layers.py", "seed=3", "seed=3, tolerance=1e-7", "checks: differs"),
        ("checks/public/layers.py", "Four numbers", "4 numbers", "sources: differs"),
        ("misconceptions/layers.py", "That is the cube", "The cube", "hints: differs"),
        ("misconceptions/layers.py", "x**3", "x**5", "layers.square.four|variant|cube|out differs"),
        ("misconceptions/layers.py", "def cube", "def third_power", "variant|third_power|out is new"),
        ("checks/hidden/layers.py", 'name="three"', 'name="few"', "layers.square_backward.three|expected|dx is gone"),
    ],
)  # fmt: skip
def test_a_change_of_a_source_is_drift(folder, file, old, new, expected):
    write(folder)
    edit(folder / file, old, new)
    assert expected in lines(folder)


def test_an_added_misconception_is_drift(folder):
    write(folder)
    with (folder / "misconceptions/layers.py").open("a") as file:
        file.write(
            '\n@misconception("layers.square", "Doubled.")\ndef doubled(reference, x):\n    return 2 * x, (x,)\n'
        )
    text = lines(folder)
    assert "hints: differs" in text
    assert "layers.square.four|variant|doubled|out is new" in text


def test_another_numpy_alone_is_no_drift(folder):
    write(folder)
    path = folder / "fixtures/manifest.json"
    manifest = json.loads(path.read_text())
    manifest["made_with"] = {"python": "3.8.0", "numpy": "1.17.0"}
    path.write_text(json.dumps(manifest))
    assert lines(folder) == ""


@pytest.mark.parametrize(
    "manifest", ["[]", '{"schema": 1}', '{"schema": 1, "files": []}', '{"schema": 1, "files": {"a.npz": 1}}']
)
def test_a_damaged_manifest_is_drift(folder, manifest):
    write(folder)
    (folder / "fixtures/manifest.json").write_text(manifest)
    assert lines(folder)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("../reference/layers.py", "return x * x, (x,)", "raise ValueError('no')"),
        ("../reference/layers.py", "return x * x, (x,)", "return x * x * float('nan'), (x,)"),
        ("../reference/layers.py", "return x * x, (x,)", "return None, (x,)"),
        ("../reference/layers.py", "return x * x, (x,)", "return 'text', (x,)"),
        ("../reference/layers.py", "return x * x, (x,)", "return x * 1j, (x,)"),
        ("../reference/layers.py", "return x * x, (x,)", "import numpy\n    return numpy.array([None]), (x,)"),
        ("../reference/layers.py", "return x * x, (x,)", "import numpy\n    return numpy.array(['a']), (x,)"),
        ("checks/public/layers.py", "student.layers.square(", "student.layers.sqare("),
        ("checks/public/layers.py", 'return {"out"', 'return {} and {"out"'),
        ("checks/public/layers.py", 'return {"out"', "return [] or {1"),
        ("checks/hidden/layers.py", "lambda x: student.layers.square(x)[0]", "lambda x: None"),
        ("checks/hidden/layers.py", "lambda x: student.layers.square(x)[0]", "lambda x: 1 / 0"),
        ("checks/hidden/layers.py", "lambda x: student.layers.square(x)[0]", "lambda x: student.layers.square(x)"),
        ("checks/hidden/layers.py", "seed=5", "seed=-5"),
    ],
)
def test_a_check_that_fails_on_the_reference_is_named(folder, file, old, new):
    edit(folder / file, old, new)
    with pytest.raises(AssignmentError, match=r"layers\.square"):
        make_fixtures(load_assignment(folder))


def test_a_failed_write_leaves_no_temporary_file(folder, monkeypatch):
    write(folder)
    before = files_of(folder)

    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fails)
    with pytest.raises((GraderError, OSError)):
        write(folder)
    assert files_of(folder) == before


def test_a_copy_of_the_folder_makes_the_same_fixtures(folder, tmp_path):
    write(folder)
    other = shutil.copytree(folder, tmp_path / "b/assignment")
    shutil.copytree(folder.parent / "reference", tmp_path / "b/reference")
    write(other)
    assert files_of(other) == files_of(folder)
