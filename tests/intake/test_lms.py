"""Names in bulk downloads as the platforms write them, and names that only look similar."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sayings import notes_of, problem_of

from grader.intake.downloads.recognise import person_of, recognise, submitters
from grader.intake.names import show

CANVAS = [
    "doejane_1234_55501_layers.py",
    "doejane_1234_55502_optim.py",
    "王伟_LATE_1235_55510_hw 2.zip",
    "roerichard_1240_text.html",
    "poeedgar_LATE_1241_link.html",
]


def recognised(*names, folders=(), metadata=None):
    """By label: the student's names of the files that count, the notes, the problem."""
    download = recognise({name: name in folders for name in (*names, *folders)}, metadata)
    assert download is not None
    return download, {one.label: one for one in download.handed_in}


def parts(one):
    return {entry: name for name, entry in one.parts.items()}


def test_canvas_files_are_put_together_by_user():
    download, by_label = recognised(*CANVAS)
    assert download.summary == (
        "taken for a download from Canvas: 4 submissions in 3 files and folders, 2 late, 2 without a file"
    )
    assert list(by_label) == ["doejane_1234", "王伟_1235", "roerichard_1240", "poeedgar_1241"]
    assert parts(by_label["doejane_1234"]) == {CANVAS[0]: "layers.py", CANVAS[1]: "optim.py"}
    assert notes_of(by_label["doejane_1234"]) == (
        "Handed in through Canvas by doejane (user 1234): layers.py, optim.py.",
    )
    assert notes_of(by_label["王伟_1235"]) == ("Handed in through Canvas by 王伟 (user 1235), late: hw 2.zip.",)
    assert problem_of(by_label["roerichard_1240"]) == (
        "only a text entry was handed in, which the grader does not read. Ask for the Python files."
    )
    assert problem_of(by_label["poeedgar_1241"]).startswith("only a link was handed in")
    assert download.others == ()


def test_a_text_entry_beside_files_is_noted():
    _, by_label = recognised("doejane_1_10001_layers.py", "doejane_1_text.html", "b_2_10002_x.zip")
    assert problem_of(by_label["doejane_1"]) is None
    assert notes_of(by_label["doejane_1"])[1] == (
        "A text entry was handed in, which the grader does not read: doejane_1_text.html."
    )


def test_the_latest_of_a_file_handed_in_again_counts():
    """Canvas adds a number; the greater file number is the later file, whatever the order of names."""
    names = ["a_1_900_layers.py", "a_1_950_layers-1.py", "a_1_1000_layers-2.py", "a_1_901_hw-3.tar.gz", "b_2_7_x.py"]
    download, by_label = recognised(*names)
    assert parts(by_label["a_1"]) == {"a_1_1000_layers-2.py": "layers.py", "a_1_901_hw-3.tar.gz": "hw-3.tar.gz"}
    assert notes_of(by_label["a_1"])[1:] == (
        "layers-2.py was read as layers.py: Canvas adds a number to a file that is handed in again.",
        "Files of earlier attempts were left out: a_1_900_layers.py, a_1_950_layers-1.py.",
    )
    assert "2 files of earlier attempts left out" in download.summary


def test_numbers_of_the_students_own_are_left_alone():
    _, by_label = recognised("a_1_900_part-1.zip", "a_1_901_part-2.zip", "b_2_902_hw.zip", "b_2_903_hw-1.zip")
    assert len(by_label["a_1"].parts) == 2
    assert parts(by_label["b_2"]) == {"b_2_903_hw-1.zip": "hw.zip"}


def test_anonymous_canvas_names_are_known():
    _, by_label = recognised("anon_aB3xQ_900_layers.py", "LATE_anon_Zz9_901_hw.zip", "anon_7_text.html")
    assert list(by_label) == ["anon_aB3xQ", "anon_Zz9", "anon_7"]
    assert "late" in notes_of(by_label["anon_Zz9"])[0]


@pytest.mark.parametrize(
    "names",
    [
        ["hw_1_1_final.zip", "hw_1_2_final.zip", "lab_1_1_x.zip"],  # a file's number twice
        ["hw_2_1_final.zip", "hw_3_2_final.zip", "hw_4_3_x.zip"],  # many users, one name
        ["doe_2026_1115_hw.zip", "roe_2026_1116_hw.zip"],  # one user, two names
        ["doe_2026_1115_hw.zip"],  # a date
        ["Doe_12_10005_hw.zip", "Roe_13_10006_hw.zip"],  # Canvas writes names in lower case
        ["doe_012_10005_hw.zip", "roe_013_10006_hw.zip"],  # no id starts with 0
        ["doe-jane_12_10005_hw.zip", "roe-r_13_10006_hw.zip"],  # Canvas removes - from names
        ["doe_12_hw.zip", "roe_13_hw.zip"],
        ["alice", "bob"],
        ["Jane Doe_12_assignsubmission_feedback_x.py", "Jane Doe_assignsubmission_file_x.py"],
        ["HW_jdoe_attempt_2026-01-02_layers.py", "HW_jdoe_2026-01-02-03-04-05_layers.py"],
        ["HW_jdoe_attempt_2026-01-02-03-04-05layers.py"],
        [],
    ],
)
def test_similar_names_are_not_a_download(names):
    assert recognise(dict.fromkeys(names, False)) is None


OWNERS = st.sampled_from(["doe", "roe", "作", "HW_doe", "anon", "Doe Jane"])
SHORT = st.sampled_from(["1", "2", "31", "10001", "10002", "0"])
FILES = st.sampled_from(["layers.py", "layers-1.py", "hw-2.zip", "hw.zip", "text.html", ""])
LIKELY = st.lists(
    st.one_of(
        st.builds("{}_{}_{}_{}".format, OWNERS, SHORT, SHORT, FILES),
        st.builds("{}_LATE_{}_{}_{}".format, OWNERS, SHORT, SHORT, FILES),
        st.builds("{}_{}_{}".format, OWNERS, SHORT, FILES),
        st.builds("{}_{}_assignsubmission_file_{}".format, OWNERS, SHORT, FILES),
        st.builds("{}_{}_assignsubmission_onlinetext_{}".format, OWNERS, SHORT, FILES),
        st.builds("{}_attempt_2026-01-0{}-00-00-00_{}".format, OWNERS, st.integers(1, 3), FILES),
        st.text(max_size=20),
    ),
    max_size=9,
)


@settings(deadline=None, max_examples=200)
@given(LIKELY, st.booleans())
def test_every_entry_is_read_or_named(names, folder):
    """Each entry is read for one student, or named in a note or problem, or returned in `others`."""
    download = recognise({name: folder for name in names if name})
    if download is None:
        return
    read = [entry for one in download.handed_in for entry in one.parts.values()]
    assert len(read) == len(set(read))
    texts = " ".join(show(one.source) + " ".join(notes_of(one)) for one in download.handed_in)
    for name in set(names) - {"", *read, *download.others}:
        assert show(name) in texts
    labels = [one.label for one in download.handed_in]
    assert len(labels) == len(set(labels))


def test_folders_do_not_belong_to_canvas_or_blackboard():
    assert recognise({"doejane_1234_55501_hw": True, "roe_1235_55502_hw": True}) is None
    assert recognise({"HW_jdoe_attempt_2026-01-02-03-04-05_hw": True}) is None


def test_what_does_not_fit_is_named():
    download, _ = recognised(*CANVAS, "by mail.zip", "x" * 400 + "_1_2_y.py")
    assert download.others == ("by mail.zip", "x" * 400 + "_1_2_y.py")


def test_moodle_folders_and_flat_names_are_known():
    _, by_label = recognised(
        *("Bob_7_assignsubmission_file_layers.py", "Bob_7_assignsubmission_file_optim.py"),
        "Bob_7_assignsubmission_onlinetext_onlinetext.html",
        folders=[
            "Zoë van Dam_31_assignsubmission_file_",
            "Zoë van Dam_31_assignsubmission_onlinetext_",
            "Participant_44_assignsubmission_file",
            "Participant_45_assignsubmission_onlinetext_",
            "Team_Red_3_assignsubmission_file_",
        ],
    )
    assert list(by_label) == ["Bob_7", "Zoë van Dam_31", "Participant_44", "Participant_45", "Team Red_3"]
    assert sorted(parts(by_label["Bob_7"]).values()) == ["layers.py", "optim.py"]
    assert parts(by_label["Zoë van Dam_31"]) == {"Zoë van Dam_31_assignsubmission_file_": ""}
    assert notes_of(by_label["Zoë van Dam_31"])[0] == "Handed in through Moodle by Zoë van Dam (participant 31)."
    assert "not read: Zoë van Dam_31_assignsubmission_onlinetext_" in notes_of(by_label["Zoë van Dam_31"])[1]
    assert problem_of(by_label["Participant_45"]).startswith("only a text entry was handed in")


def test_two_moodle_students_of_one_name_are_two():
    _, by_label = recognised(folders=["Wang Wei_1_assignsubmission_file_", "Wang Wei_2_assignsubmission_file_"])
    assert list(by_label) == ["Wang Wei_1", "Wang Wei_2"]


def test_of_blackboards_attempts_the_latest_counts():
    early, late = "Home_Work 2_jdoe_attempt_2026-01-09-23-59-59", "Home_Work 2_jdoe_attempt_2026-01-10-00-00-00"
    other = "Home_Work 2_rroe_attempt_2026-01-08-10-00-00"
    names = [f"{early}.txt", f"{early}_layers.py", f"{early}_old.py", f"{late}.txt", f"{late}_layers.py"]
    download, by_label = recognised(*names, f"{other}.txt", f"{other}_hw_2.zip")
    assert list(by_label) == ["jdoe", "rroe"]
    assert parts(by_label["jdoe"]) == {f"{late}_layers.py": "layers.py"}
    assert notes_of(by_label["jdoe"]) == (
        "Handed in through Blackboard by jdoe, attempt of 2026-01-10-00-00-00: layers.py.",
        f"Files of earlier attempts were left out: {early}_layers.py, {early}_old.py.",
    )
    assert download.summary.endswith("2 submissions in 2 files and folders, 2 files of earlier attempts left out")


def test_a_latest_attempt_without_a_file_is_a_problem():
    early, late = "HW_jdoe_attempt_2026-01-09-23-59-59", "HW_jdoe_attempt_2026-01-10-00-00-00"
    _, by_label = recognised(f"{early}_layers.py", f"{late}.txt", "HW_rroe_attempt_2026-01-10-00-00-00.txt")
    assert problem_of(by_label["jdoe"]) == (
        "the latest attempt holds no file, but an earlier one does. If the earlier attempt should count, move "
        "the latest one away."
    )
    assert problem_of(by_label["rroe"]) == "no file was handed in. Ask for the Python files."


def test_blackboards_user_is_separated_from_the_title():
    def users(*owners):
        return list(recognised(*(f"{owner}_attempt_2026-01-10-00-00-00_x.py" for owner in owners))[1])

    assert users("HW_2_jdoe") == ["jdoe"]
    assert users("HW_2_a_smith", "HW_2_b_jones") == ["a_smith", "b_jones"]
    assert users("jdoe", "rroe") == ["jdoe", "rroe"]
    assert users("HW_x", "HW_x_y") == ["x", "x_y"]


METADATA = """---
submission_101:
  :submitters:
  - :name: Jane Doe
    :sid: '7'
    :email: jane@example.edu
  :created_at: 2026-01-10 00:00:00.000000000 Z
  :results:
    tests:
    - name: "submission_999:"
      :name: not a person
submission_102:
  :submitters:
  - :name: 'Miles O''Brien'
    :sid: ''
  - :name: "\\u738B\\x41\\U0001F600 \\"x\\""
    :sid:
submission_103:
  :submitters: []
submission_104:
  :created_at: 2026
  :history:
  - :name: nor this
"""


def test_gradescopes_list_is_read():
    assert {folder: names for folder, (names, _) in submitters(METADATA.encode()).items()} == {
        "submission_101": ["Jane Doe"],
        "submission_102": ["Miles O'Brien", '王A😀 "x"'],
        "submission_103": [],
        "submission_104": [],
    }


@settings(deadline=None)
@given(st.text() | st.lists(st.sampled_from([*METADATA.splitlines(), '  - :name: "\\UFFFFFFFF"'])).map("\n".join))
def test_any_list_is_read_without_an_exception(text):
    for names, _ in submitters(text.encode("utf-8", "replace")).values():
        assert all(isinstance(name, str) for name in names)


def test_gradescopes_folders_get_their_names():
    folders = ["submission_101", "submission_102", "submission_103", "extra"]
    download, by_label = recognised("submission_metadata.yml", folders=folders, metadata=METADATA.encode())
    assert list(by_label) == ["Jane Doe_101", 'Miles O\'Brien_王A😀 "x"_102', "submission_103"]
    assert notes_of(by_label["Jane Doe_101"]) == ("Handed in through Gradescope by Jane Doe, submission 101.",)
    assert "somebody without a name in Gradescope's list" in notes_of(by_label["submission_103"])[0]
    assert download.others == ("extra",)
    assert download.summary.endswith("in the list but missing: submission_104")


def test_a_list_without_folders_here_is_ignored():
    assert recognise({"submission_metadata.yml": False, "alice": True}, METADATA.encode()) is None
    assert recognise({"submission_metadata.yml": False, "submission_101": True}, b"") is None


NAMES = st.text(
    st.characters(categories=["L", "M", "Nd", "Pc"], exclude_characters="_"), min_size=1, max_size=12
).map(str.lower)  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        *("zoe\u0308mu\u0308ller", "zoëmüller", "สมชายใจดี", "राजकुमार", "nguye\u0302\u0303nva\u0306n", "مُحَمَّد"),
        *("क\u200dष", "王伟", "o\u203fneill", "٣أحمد", ""),
    ],
)
def test_canvas_names_keep_every_word_character(name):
    names = [f"{name}_1235_55510_layers.py", f"{name}_LATE_1235_55511_hw.zip", "doejane_1234_55501_layers.py"]
    download, by_label = recognised(*names)
    assert (len(by_label), download.others) == (2, ())
    (other,) = (one for label, one in by_label.items() if label != "doejane_1234")
    assert sorted(parts(other).values()) == ["hw.zip", "layers.py"]
    assert other.label.endswith("_1235")


@settings(deadline=None)
@given(NAMES)
def test_any_name_in_small_letters_is_one_student(name):
    if name != unicodedata.normalize("NFC", name).lower():
        return
    _, by_label = recognised(f"{name}_77_55510_layers.py", f"{name}_77_55511_optim.py", "doe_1_55501_layers.py")
    assert sorted(len(one.parts) for one in by_label.values()) == [1, 2]


def test_composed_and_decomposed_names_are_one_student():
    _, by_label = recognised("mu\u0308ller_7_55510_layers.py", "m\u00fcller_7_55511_optim.py", "doe_1_55501_x.py")
    assert sorted(parts(by_label["m\u00fcller_7"]).values()) == ["layers.py", "optim.py"]
    _, by_label = recognised("Zoe\u0308 B_7_assignsubmission_file_a.py", "Zo\u00eb B_7_assignsubmission_file_b.py")
    assert list(by_label) == ["Zo\u00eb B_7"]


def test_one_file_with_wrong_ids_does_not_affect_others():
    odd = ["roe_1234_55501_x.py", "Smith_12_55503_layers.py", "doejane_1234_55502_optim.py copy"]
    download, by_label = recognised("doejane_9_1_layers.py", "poe_8_2_layers.py", "lee_7_3_hw.zip", *odd)
    assert {"doejane_9", "poe_8", "lee_7"} <= set(by_label)
    assert "Smith_12_55503_layers.py" in download.others
    read = [entry for one in by_label.values() for entry in one.parts.values()]
    assert sorted([*read, *download.others]) == sorted(
        ["doejane_9_1_layers.py", "poe_8_2_layers.py", "lee_7_3_hw.zip", *odd]
    )


def test_numbers_that_are_dates_are_not_ids():
    assert recognise(dict.fromkeys(["hw_2_20261115_alice.zip", "hw_2_20261116_bob.zip"], False)) is None


def test_blackboards_user_does_not_depend_on_the_others():
    def users(*owners):
        return list(recognised(*(f"{owner}_attempt_2026-01-10-00-00-00_x.py" for owner in owners))[1])

    assert users("HW 2_s_anna", "HW 2_s_bert") == ["s_anna", "s_bert"]
    assert users("HW 2_s_anna", "HW 2_s_bert", "HW 2_jdoe") == ["s_anna", "s_bert", "jdoe"]
    assert users("HW 2_s_anna") == ["s_anna"]
    assert users("hw2_x.anna", "hw2_x.bert") == ["x.anna", "x.bert"]


def test_a_persons_name_is_in_each_entry_of_his():
    entries = ["doe_7_10001_layers.py", "doe_LATE_7_10002_layers-1.py", "Zoë B_31_assignsubmission_file_"]
    assert [person_of(entry) for entry in entries] == ["doe_7", "doe_7", "Zoë B_31"]
    assert person_of("HW_2_s_anna_attempt_2026-01-10-00-00-00_x.py") == "HW_2_s_anna"
    assert person_of("alice") == "alice"
    (one,) = recognise({"HW_2_s_anna_attempt_2026-01-10-00-00-00_x.py": False}).handed_in
    assert one.person == "HW_2_s_anna"


def test_gradescopes_people_are_identified_by_address_and_not_by_attempt():
    text = METADATA.replace(":sid: ''", ":sid: '8'").replace("    :sid:\n", "    :sid: '9'\n")
    folders = ["submission_101", "submission_102", "submission_103"]
    _, by_label = recognised("submission_metadata.yml", folders=folders, metadata=text.encode())
    assert [one.person for one in by_label.values()] == ["jane@example.edu", "8 9", "submission_103"]
