"""Ids, paths and shown text, made from untrusted names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.intake.names import Ids, decode_name, is_importable, make_id, natural_key, safe_path, show, strip_suffix


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alice-1_b.c", "alice-1_b.c"),
        ("张伟 (2)", "张伟__2_"),
        ("José", "José"),
        ("..hidden", "hidden"),
        ("--only", "only"),
        ("a/b\\c:d*e?", "a_b_c_d_e_"),
        ("a\x1b\u202e\udcff", "a___"),
        ("Index", "Index_"),
        ("results", "results_"),
        ("nul.x", "nul.x_"),
        ("???", "submission"),
        ("", "submission"),
        ("end.", "end"),
        ("x" * 500, "x" * 80),
        ("作" * 500, "作" * 53),
    ],
)
def test_an_id_is_safe_as_a_file_name_everywhere(name, expected):
    assert make_id(name) == expected


def test_ids_are_unique_whatever_their_case():
    ids = Ids()
    assert [ids.give(name) for name in ("Bob", "bob", "BOB", "bob-2", "eve", "bob")] == [
        *("Bob", "bob-2", "BOB-3", "bob-2-2"),
        *("eve", "bob-4"),
    ]


@given(st.lists(st.text(max_size=100) | st.sampled_from(["a", "A", "a-2", "a?", "index"]), max_size=30))
def test_ids_are_unique_file_names(names):
    ids = Ids()
    given_out = [ids.give(name) for name in names]
    assert len({one.casefold() for one in given_out}) == len(names)
    for one in given_out:
        assert one and len(one.encode()) < 200 and not set(one) & set('/\\:*?"<>|\0\n ') and one[0] not in ".-"
        assert one.casefold() not in ("index", "feedback", "results", "grades")


@given(st.text())
def test_a_safe_path_stays_below(name):
    path = safe_path(name)
    if path:
        assert not path.startswith("/") and "\\" not in path and "\0" not in path
        assert not {"", ".", ".."} & set(path.split("/"))
        assert safe_path(path) in (path, None)


@pytest.mark.parametrize("name", ["/a", "\\a", "C:a", "c:\\a", "../a", "a/..", "a\\..\\b", "a\nb", "a\0"])
def test_a_name_that_leads_out_is_not_a_safe_path(name):
    assert safe_path(name) is None


@given(st.text(st.characters(), max_size=400))
def test_shown_text_is_one_clean_line(name):
    shown = show(name)
    shown.encode()
    assert len(shown) <= 162 and shown.isprintable() | (len(shown.splitlines()) <= 1)


@given(st.binary(max_size=50))
def test_every_name_can_be_decoded(raw):
    decode_name(raw).encode()


def test_numbers_in_names_are_ordered_as_numbers():
    assert sorted(["hw10", "hw9", "hw09b", "hw" + "9" * 5000], key=natural_key)[:2] == ["hw9", "hw09b"]


def test_suffixes_of_archives_are_removed_from_the_name():
    assert [strip_suffix(name) for name in ("a.tar.gz", "a.ZIP", "a.b.tgz", "layers.py", ".zip", "a.pdf")] == [
        *("a", "a", "a.b", "layers"),
        *(".zip", "a.pdf"),
    ]


def test_only_what_import_can_name_is_a_module():
    names = [
        "a.py",
        "a/b_2.py",
        "辅助.py",
        "a-b.py",
        "a b.py",
        "1.py",
        "../a.py",
        "/a.py",
        "a.pyc",
        "a//b.py",
        "a.b.py",
    ]
    assert [is_importable(name) for name in names] == [True] * 3 + [False] * 8
