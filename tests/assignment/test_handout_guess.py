"""A handout is guessed by a clear majority of its clues, or not at all."""

import re

import pytest

from grader.assignment.handout_guess import LEAST, MOST_READ, Clue, guess_handout
from grader.messages.say import say

FILES = ("a.py", "b.py", "c.py", "d.py")


def marks_of(*words):
    """One clue for each file: topic 0 in a.py, topic 1 in b.py, …; None for no clue."""
    return tuple(
        Clue(f"topic {index}", FILES[index], re.compile(word)) for index, word in enumerate(words) if word is not None
    )


MARKS = {
    "own": marks_of("own a", "own b", "both", "own d"),
    "new": marks_of("new a", "new b", "both", "new d"),
    "old": marks_of("old a", "old b", "old c", None),
}


def guess(*texts):
    return guess_handout({FILES[i]: text.encode() for i, text in enumerate(texts) if text}, MARKS, "own")


@pytest.mark.parametrize(
    ("texts", "handout"),
    [
        (("own a", "own b", "both", "own d"), "own"),
        (("new a", "new b", "both", "new d"), "new"),
        (("old a", "old b", "old c", ""), "old"),
        (("new a", "new b", "", "new d"), "new"),
        (("new a", "new b", "both", "own d"), "new"),  # three of four votes, and two of these also vote for own
    ],
)
def test_a_clear_majority_decides(texts, handout):
    assert guess(*texts)[0] == handout


@pytest.mark.parametrize(
    "texts",
    [
        ("", "", "", ""),
        ("nothing", "", "", ""),
        ("old a", "old b", "", ""),  # two are fewer than LEAST
        ("", "", "both", ""),  # a tie
        ("new a own a", "new b own b", "both", "own d new d"),  # clues for both: a tie
        ("old a own a", "old b own b", "old c both", "own d"),  # older words beside its own, which has more votes
        ("old a", "old b", "both", "own d"),  # two and two
    ],
)
def test_without_a_clear_majority_it_is_the_assignments_own_handout(texts):
    found = guess(*texts)
    assert found[0] == "own"
    assert say(found[1]).startswith("auto: ")


def test_an_absent_text_is_no_clue():
    """Deleting functions takes votes from the handout that has them and gives none to the one that has not."""
    assert guess("own a", "", "", "")[0] == "own"
    assert say(guess("", "", "", "")[1]) == (
        "auto: no clue to any handout was found, so the assignment's own handout was used."
    )


def test_a_forged_docstring_gains_nothing_even_where_functions_were_deleted():
    assert guess("old a", "own b", "", "own d")[0] == "own"
    assert guess("old a", "", "", "")[0] == "own"


def test_clues_of_one_topic_have_one_vote():
    many = tuple(Clue("topic 0", "a.py", re.compile(word)) for word in ("one", "two", "three", "four"))
    assert LEAST > 1
    files = {"a.py": b"one two three four"}
    assert guess_handout(files, {"own": (), "old": many}, "own")[0] == "own"
    assert "(own 1, old 1)" in say(guess_handout(files, {"own": many[:1], "old": many}, "own")[1])


def test_the_grounds_name_the_topics_for_and_against():
    grounds = say(guess("new a", "new b", "both", "own d")[1])
    assert grounds == (
        "auto: graded as handout new, which 3 of 4 clues point to (topic 0, topic 1, topic 2; not topic 3)."
    )
    undecided = say(guess("old a", "old b", "both", "own d")[1])
    assert "none of the handouts has a clear majority of the 4 clues that were found (own 2, new 1, old 2)" in undecided
    assert "--handout" in undecided


def test_white_space_and_line_breaks_do_not_matter():
    marks = {"own": (), "old": tuple(Clue(f"t{i}", "a.py", re.compile("drop it with p")) for i in range(3))}
    assert guess_handout({"a.py": b"drop it\r\n\t   with p"}, marks, "own")[0] == "old"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"(" * 3_000_000, b"old a" * 500_000])
def test_any_bytes_are_read(content):
    assert guess_handout({"a.py": content}, MARKS, "own")[0] == "own"


def test_only_the_beginning_of_a_huge_file_is_read():
    late = b"#" * MOST_READ + b" old a"
    assert "no clue to any handout" in say(guess_handout({"a.py": late}, MARKS, "own")[1])


@pytest.mark.parametrize(("old", "own", "handout"), [(6, 2, "old"), (5, 2, "own"), (4, 2, "own"), (3, 1, "old")])
def test_more_votes_than_any_other_are_not_yet_a_clear_majority(old, own, handout):
    """Three quarters of all votes: 6 of 8 and 3 of 4 are enough; 5 of 7 are too few."""
    pattern = re.compile("word")
    marks = {
        "old": tuple(Clue(f"old {index}", "a.py", pattern) for index in range(old)),
        "own": tuple(Clue(f"own {index}", "a.py", pattern) for index in range(own)),
    }
    assert guess_handout({"a.py": b"word"}, marks, "own")[0] == handout


@pytest.mark.parametrize("younger", ["new", "newest"])
def test_a_tie_goes_to_the_elder_of_two_similar_handouts(younger):
    marks = {"own": MARKS["own"], "old": MARKS["old"], younger: MARKS["old"]}
    files = {FILES[i]: text.encode() for i, text in enumerate(("old a", "old b", "old c"))}
    found = guess_handout(files, marks, "own", {younger: "old"})
    assert found[0] == "old"
    assert f"{younger} has the same clues" in say(found[1])
    assert guess_handout(files, marks, "own")[0] == "own"


def test_more_votes_count_before_age():
    marks = {"own": MARKS["own"], "old": marks_of("a", "b", "c", "old d"), "new": marks_of("a", "b", "c", "new d")}
    files = {name: text.encode() for name, text in zip(FILES, ("a", "b", "c", "new d"), strict=True)}
    assert guess_handout(files, marks, "own", {"new": "old"})[0] == "new"
