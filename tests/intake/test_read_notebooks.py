"""Any bytes of a notebook become cells or one message, in bounded time."""

from __future__ import annotations

import json
import time

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.intake.notebooks.cells import MOST_CELLS, MOST_VALUES, Cell, UnreadableNotebook, cells_of
from grader.messages.say import say


def notebook(*cells: object, **top: object) -> bytes:
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **top}).encode()


def cell(source: object = "x", **more: object) -> dict[str, object]:
    return {"cell_type": "code", "id": "a", "metadata": {}, "source": source, "outputs": [], **more}


def problem(content: bytes) -> str:
    with pytest.raises(UnreadableNotebook) as caught:
        cells_of(content)
    return say(caught.value.reason)


def test_cells_have_kind_source_id_role_and_name():
    named = cell(["a\n", "b"], id="answer-why", metadata={"grader": {"role": "answer", "name": "why"}})
    (found,) = cells_of(notebook(named))
    assert found == Cell("code", "a\nb", "answer-why", "answer", "why")
    assert found.stands_for("answer", "why")
    assert not found.stands_for("check", "why")


def test_a_cell_that_lost_its_metadata_is_recognised_by_its_id():
    (found,) = cells_of(notebook(cell(id="answer-why")))
    assert found.stands_for("answer", "why")


def test_a_byte_order_mark_and_text_that_utf_8_lacks_are_read():
    content = b"\xef\xbb\xbf" + notebook(cell("caf\u00e9 \ud800"))
    assert cells_of(content)[0].source == "caf\u00e9 \ud800"


def old_notebooks() -> dict[int, bytes]:
    """Notebooks of versions 2 and 3, written by nbformat's own writers of these versions."""
    made = {}
    for version in (2, 3):
        old = nbformat.versions[version]
        sheet = old.new_worksheet(cells=[old.new_code_cell(input="x = 1"), old.new_text_cell("markdown", source="why")])
        made[version] = old.writes_json(old.new_notebook(worksheets=[sheet])).encode()
    return made


@pytest.mark.parametrize("version", [2, 3])
def test_older_formats_are_converted(version):
    found = cells_of(old_notebooks()[version])
    assert [(one.kind, one.source) for one in found] == [("code", "x = 1"), ("markdown", "why")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not valid JSON"),
        (notebook(cell())[:-9], "not valid JSON"),
        (b"\xff\xfe{", "not valid JSON"),
        (b"[" * 200_000, "not valid JSON"),
        (b'{"a":' * 200_000, "not valid JSON"),
        (
            b'{"nbformat": 4, "cells": [' + b"1" * 5000 + b"]}",
            "not valid JSON",
        ),  # too many digits for int()
        (b"[]", "structure of a notebook"),
        (b"{}", "its format is None"),
        (notebook(nbformat=5), "its format is 5, expected a notebook of format 4 or older"),
        (notebook(nbformat=True), "its format is True"),
        (notebook(nbformat=[1]), "its format is list"),
        (notebook(nbformat="4"), "its format is '4'"),
        (json.dumps({"nbformat": 4}).encode(), "has no cells"),
        (notebook(cells={"a": 1}), "has no cells"),
        (json.dumps({"nbformat": 3, "worksheets": [{"cells": [7]}]}).encode(), "structure of a notebook"),
        (json.dumps({"nbformat": 2, "worksheets": "no"}).encode(), "structure of a notebook"),
        (notebook(*[cell()] * (MOST_CELLS + 1)), f"it has {MOST_CELLS + 1} cells"),
        (b"[" + b"[]," * (MOST_VALUES // 2) + b"1]", f"more than {MOST_VALUES} values"),
    ],
)
def test_an_unreadable_notebook_has_a_message(content, message):
    assert message in problem(content)


def test_one_odd_cell_does_not_cost_the_rest():
    odd = [None, 7, [], {}, cell(7), cell([1]), cell(cell_type="heading"), cell(None), cell(cell_type=[])]
    wrong = cell(metadata=7, id=[], outputs="no", attachments=3)
    half = cell(metadata={"grader": {"role": ["answer"], "name": "why"}})
    found = cells_of(notebook(*odd, wrong, half, cell("the last", x=float("nan"))))
    assert [one.source for one in found] == ["x", "x", "the last"]
    assert {(one.id, one.role, one.name, one.outputs) for one in found} == {("", "", "", ()), ("a", "", "", ())}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["source", "metadata", "cell_type", "grader", "id", "outputs"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=150)
@given(st.integers(1, 4), st.lists(JSON, max_size=4), JSON)
def test_any_json_raises_only_unreadable_notebook(version, cells, metadata):
    for data in (
        {"nbformat": version, "cells": cells, "metadata": metadata},
        {"nbformat": version, "worksheets": [{"cells": cells}], "metadata": metadata},
    ):
        try:
            found = cells_of(json.dumps(data).encode())
        except UnreadableNotebook:
            continue
        assert all(isinstance(one, Cell) and isinstance(one.source, str) for one in found)


def test_the_largest_that_is_collected_is_read_in_seconds():
    content = notebook(*[cell("x" * 7000 + "\n")] * MOST_CELLS)
    began = time.process_time()
    assert len(cells_of(content)) == MOST_CELLS
    assert time.process_time() - began < 5
