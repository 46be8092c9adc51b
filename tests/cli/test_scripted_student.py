"""A student who writes one function after the other, in the order of the points, from the empty template to the end."""

from __future__ import annotations

import re

import pytest
from own_folder import check, row, watched

from bench.student_wait import student_file, unpack
from grader.student.own_run import find_place

pytestmark = pytest.mark.process

ENDING = "all public checks passed; hidden checks run only when your work is graded"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The unpacked zip: template and public assignment."""
    folder = tmp_path_factory.mktemp("work")
    unpack(folder)
    return folder


def write(folder, names):
    """Write the student files with these functions solved, unless they already are so."""
    for file in find_place(folder).assignment.student_files:
        path, text = folder / "cs231n" / file, student_file(file, names)
        if path.read_text() != text:
            path.write_text(text)


def table(output):
    """The state of each function, from the command's table."""
    return dict(re.findall(r"^([A-Za-z]\w+) +(right|wrong|not there yet|waiting)\b", output, re.MULTILINE))


def stands(names, count):
    return {name: "right" if names.index(name) < count else "not there yet" for name in names}


def test_each_function_that_is_written_is_right_and_the_next_is_named(folder):
    """`--watch` reports after every save; the test also runs the whole command now and then."""
    place = find_place(folder)
    names = [function.rpartition(".")[2] for function in place.assignment.functions]
    assert len(names) == 28
    code, output = check(folder)
    assert table(output) == stands(names, 0)
    assert code == 1
    assert f"\nnext: write {names[0]} (" in output

    texts, last = watched(folder, *(lambda k=k: write(folder, names[:k]) for k in range(1, len(names) + 1)))

    for count, (name, text) in enumerate(zip(names, texts, strict=True), start=1):
        assert row(text, name) == "right"
        if count < len(names):
            assert f"\nnext: write {names[count]} (" in text, name
            assert text.endswith(f"\n{count} right, {len(names) - count} not there yet\n"), name
    assert texts[-1].endswith(f"\n{ENDING}\n")
    assert last.score == pytest.approx(last.max_score)
    write(folder, names[:18])
    code, output = check(folder)
    assert (code, table(output)) == (1, stands(names, 18))
    assert f"\nnext: write {names[18]} (" in output
    write(folder, names)
    code, output = check(folder)
    assert (code, table(output)) == (0, stands(names, 28))
    assert output.endswith(f"\n{ENDING}\n")
    assert "next:" not in output
