"""OUT/ids.json: a person keeps their id even if others hand in later, and an unclear id stops the run."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from grader.errors import UsageError
from grader.intake.collect import Found, find
from grader.records import GRADED, Result
from grader.running.identities import assign_ids, read_ids, save_ids
from grader.running.output_folder import store

NAMES = SimpleNamespace(student_files=("layers.py", "optim.py"), package="cs231n")
BLACKBOARD = "HW 2_{}_attempt_2026-01-10-00-00-00_layers.py"


def folder(top: Path, *names: str) -> Path:
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(b"x = 1\n")
    return top


def run(out, *paths):
    """The ids of one run, by source."""
    out.mkdir(exist_ok=True)
    found, persons = assign_ids(find(paths, NAMES), out)
    save_ids(found, out)
    assert len({one.id.casefold() for one in found}) == len(found)
    assert all(persons[one.id] == one.person for one in found)
    return {one.source.rpartition("/")[2]: one.id for one in found}


def leave_results(out, sources):
    """An output folder of version 0.1: results, and no list of ids."""
    for name, source in sources.items():
        store(out, Result({"id": name, "source": source}, {}, {}, GRADED, 1.0, 1.0, 0.1))


@pytest.mark.parametrize(
    ("first", "second"), [("a_b", "a b"), ("bob", "Bob"), ("a?b", "a*b"), ("x" * 90, "x" * 91), ("a b", "a_b")]
)
def test_two_names_with_the_same_safe_form_keep_their_ids_in_any_order(tmp_path, first, second):
    out, top = tmp_path / "out", tmp_path / "class"
    before = run(out, folder(top, f"{first}/layers.py"))
    both = run(out, folder(top, f"{second}/layers.py"))
    assert both[first] == before[first] != both[second]
    (top / first / "layers.py").unlink()
    (top / first).rmdir()
    assert run(out, top) == {second: both[second]}
    assert run(out, folder(top, f"{first}/layers.py")) == both


def test_composed_and_decomposed_names_are_the_same_person(tmp_path):
    before = run(tmp_path / "out", folder(tmp_path / "linux", "Zo\u00eb/layers.py", "bob/layers.py"))
    after = run(tmp_path / "out", folder(tmp_path / "mac", "Zoe\u0308/layers.py", "bob/layers.py"))
    assert sorted(before.values()) == sorted(after.values()) == ["Zo\u00eb", "bob"]


def test_a_download_in_another_folder_keeps_its_ids(tmp_path):
    before = run(tmp_path / "out", folder(tmp_path / "submissions", "ann/layers.py", "a b/optim.py", "a_b/optim.py"))
    moved = run(tmp_path / "out", folder(tmp_path / "submissions (1)", "a b/optim.py", "ann/layers.py"))
    assert moved == {name: before[name] for name in moved}


def test_a_folder_that_comes_back_as_an_archive_is_the_same_person(tmp_path):
    run(tmp_path / "out", folder(tmp_path / "first", "ann.x/layers.py", "ann_x/layers.py"))
    folder(tmp_path / "second", "ann_x/layers.py")
    (tmp_path / "second/ann.x.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    assert run(tmp_path / "out", tmp_path / "second") == {"ann.x.zip": "ann.x", "ann_x": "ann_x"}


def test_canvas_late_marks_and_new_attempts_change_no_id(tmp_path):
    first = folder(tmp_path / "1", "doe_12_55501_layers.py", "roe_13_55502_layers.py")
    second = folder(
        tmp_path / "2", "doe_LATE_12_55603_layers-1.py", "doe_LATE_12_55604_optim.py", "abe_11_55605_layers.py",
        "roe_13_55502_layers.py",
    )  # fmt: skip
    assert sorted(run(tmp_path / "out", first).values()) == ["doe_12", "roe_13"]
    assert sorted(run(tmp_path / "out", second).values()) == ["abe_11", "doe_12", "roe_13"]


def test_blackboards_users_keep_the_ids_that_version_01_gave_them(tmp_path):
    out = tmp_path / "out"
    leave_results(out, {"anna": "first/" + BLACKBOARD.format("s_anna"), "bert": "first/bert"})
    top = folder(tmp_path / "class", *(BLACKBOARD.format(who) for who in ("s_anna", "s_bert", "jdoe")))
    assert set(run(out, top).values()) == {"anna", "bert", "jdoe"}
    assert set(run(out, top).values()) == {"anna", "bert", "jdoe"}


def test_an_output_folder_of_version_01_keeps_its_ids(tmp_path):
    out = tmp_path / "out"
    leave_results(out, {"a_b": "class/a_b", "a_b-2": "class/a b", "doe_12": "class/doe_12_55501_layers.py"})
    assert run(out, folder(tmp_path / "class", "a b/layers.py")) == {"a b": "a_b-2"}
    assert {one.id for one in read_ids(out)} == {"a_b", "a_b-2", "doe_12"}


def test_gradescopes_new_attempt_is_the_same_person(tmp_path):
    text = "submission_{}:\n  :submitters:\n  - :name: Jane Doe\n    :email: jane@example.edu\n"
    for number in (101, 205):
        folder(tmp_path / str(number), f"submission_{number}/layers.py")
        (tmp_path / str(number) / "submission_metadata.yml").write_text(text.format(number))
    assert run(tmp_path / "out", tmp_path / "101") == {"submission_101": "Jane_Doe_101"}
    assert run(tmp_path / "out", tmp_path / "205") == {"submission_205": "Jane_Doe_101"}


def test_two_persons_of_one_name_are_distinguished_by_folder(tmp_path):
    out = tmp_path / "out"
    folder(tmp_path, "s1/ann/layers.py", "s1/bob/layers.py", "s2/ann/layers.py", "s2/cem/layers.py")

    def ids(*paths):
        found, _ = assign_ids(find(paths, NAMES), out)
        save_ids(found, out)
        return {f"{one.path.parent.name}/{one.path.name}": one.id for one in found}

    out.mkdir()
    both = ids(tmp_path / "s1", tmp_path / "s2")
    assert (both["s1/ann"], both["s2/ann"]) == ("ann", "ann-2")
    assert ids(tmp_path / "s2")["s2/ann"] == "ann-2"
    assert ids(tmp_path / "s2", tmp_path / "s1") == both
    assert ids(tmp_path / "s1", tmp_path / "s1") == {name: both[name] for name in ("s1/ann", "s1/bob")}


def test_an_unclear_id_stops_the_run_and_says_what_to_do(tmp_path):
    out = tmp_path / "out"
    run(out, folder(tmp_path / "s1", "ann/layers.py"), folder(tmp_path / "s2", "ann/layers.py"))
    with pytest.raises(UsageError, match=r"s3/ann: this may be ann \(from .*s1/ann\) or ann-2 \(.* remove results/ID"):
        run(out, folder(tmp_path / "s3", "ann/layers.py"))
    out = tmp_path / "out2"
    leave_results(out, {"anna": "1/" + BLACKBOARD.format("s_anna"), "s_anna": "2/" + BLACKBOARD.format("s_anna")})
    with pytest.raises(UsageError, match="this may be anna"):
        run(out, folder(tmp_path / "3", BLACKBOARD.format("s_anna"), BLACKBOARD.format("x")))


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "[]", '{"schema": 2, "ids": []}', "[" * 100_000, '{"schema": 1, "ids": {"a": 1}}',
        '{"schema": 1, "ids": [{"id": "../x", "person": "x", "source": "x"}]}',
        '{"schema": 1, "ids": [{"id": "x", "person": 1, "source": "x"}]}',
        '{"schema": 1, "ids": [{"id": "x", "person": "x", "source": ""}, {"id": "x", "person": "y", "source": ""}]}',
    ],
)  # fmt: skip
def test_a_damaged_list_is_rejected_and_left_unchanged(tmp_path, text):
    (tmp_path / "ids.json").write_text(text)
    with pytest.raises(UsageError, match=r"ids.json: cannot be read"):
        assign_ids([], tmp_path)
    assert (tmp_path / "ids.json").read_text() == text


def test_the_list_has_the_documented_format(tmp_path):
    run(tmp_path / "out", folder(tmp_path / "class", "a b/layers.py"))
    data = json.loads((tmp_path / "out/ids.json").read_text())
    assert data == {"schema": 1, "ids": [{"id": "a_b", "person": "a b", "source": str(tmp_path / "class/a b")}]}


ANY = st.text(min_size=1, max_size=30) | st.sampled_from(
    ["a b", "a_b", "A_B", "a-b", "index", "index.2", "e\u0301", "\u00e9", "a_b-2"]
)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(ANY, max_size=4, unique_by=lambda name: unicodedata.normalize("NFC", name)), max_size=4))
@example([["feedback.2"], []])
def test_ids_stay_unique_and_unchanged_in_any_order_of_submissions(tmp_path_factory, runs):
    out = tmp_path_factory.mktemp("out")
    known: dict[str, str] = {}
    for names in runs:
        found = [
            Found("", Path("class"), "class/" + name, person=unicodedata.normalize("NFC", name), called=name)
            for name in names
        ]
        settled, _ = assign_ids(found, out)
        save_ids(settled, out)
        for one in settled:
            assert known.setdefault(one.person, one.id) == one.id
    assert len({one.casefold() for one in known.values()}) == len(known)
