"""answers.csv: nothing that staff wrote is lost, and an invalid row raises an error that names its line."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest

from grader.errors import UsageError
from grader.records import ABSENT, ANSWERED, GRADED, UNANSWERED, Answer, Mark, NotebookResult, Result
from grader.running.answers_csv import BOM, COLUMNS, Marking, read_sheet

QUESTIONS = {"why": 2.0, "how": 2.5}


def result(name, why="Because.", *, status=ANSWERED):
    answers = (
        Answer("why", "Why?", "markdown", status, why, 2.0),
        Answer("how", "How?", "markdown", UNANSWERED, "", 2.5),
        Answer("free", "And?", "markdown", ANSWERED, "Nobody marks it.", 0.0),
    )
    notebook = NotebookResult("Nets.ipynb", "Nets", "ab", answers=answers)
    return Result({"id": name}, {}, {}, GRADED, 1.0, 1.0, 0.1, notebooks=(notebook,))


@pytest.fixture
def run(tmp_path):
    """A whole run: returns the marking, and its warnings at the end."""

    def run(*results, ids=None, meanwhile=None):
        marking = Marking(tmp_path, ids or [one.id for one in results], QUESTIONS)
        for one in results:
            marking.add(one)
        if meanwhile:
            meanwhile()
        return marking, marking.finish()

    return run


@pytest.fixture
def file(tmp_path):
    return tmp_path / "answers.csv"


def rows(file, delimiter=","):
    return list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"), newline=""), delimiter=delimiter))


def fill(file, name, question, **cells):
    """Edit cells of one row, as staff do, and leave everything else unchanged."""
    table = rows(file)
    for row in table:
        if (row["submission"], row["question"]) == (name, question):
            row.update(cells)
    write(file, table)


def write(file, table, *, delimiter=",", encoding="utf-8-sig", columns=None):
    text = io.StringIO()
    writer = csv.DictWriter(
        text, columns or list(table[0]), delimiter=delimiter, lineterminator="\r\n", extrasaction="ignore"
    )
    writer.writeheader()
    writer.writerows(table)
    file.write_bytes(text.getvalue().encode(encoding))


def test_every_answer_with_points_has_a_row(run, file):
    run(result("ada"), result("ben", "", status=ABSENT))
    assert file.read_bytes().startswith(BOM.encode())
    assert [tuple(row.values()) for row in rows(file)] == [
        ("ada", "", "Nets", "why", "2", "", "", "Because."),
        ("ada", "", "Nets", "how", "2.5", "", "", "(unanswered)"),
        ("ben", "", "Nets", "why", "2", "", "", "(absent)"),
        ("ben", "", "Nets", "how", "2.5", "", "", "(unanswered)"),
    ]


@pytest.mark.parametrize(
    "person", ["ada", "0042", "=1+1", "'=x", "Zo\u00eb", " a\tb ", "\u202egnp", "-", "'", 'a;b,c"d']
)
def test_a_row_belongs_to_the_person_with_any_kind_of_name(tmp_path, file, person):
    def run(persons):
        marking = Marking(tmp_path, ["x"], QUESTIONS, persons)
        marking.add(result("x"))
        return marking.finish()

    run({"x": person})
    fill(file, "x", "why", points="1")
    run({"x": person})
    run({"x": unicodedata.normalize("NFD", person)})
    with pytest.raises(
        UsageError, match=r"line 2: x, why has handed_in_as .*, expected 'somebody else', who has this id"
    ):
        run({"x": "somebody else"})
    fill(file, "x", "why", handed_in_as="")
    run({"x": person})


def test_without_answers_there_is_no_file(run, file):
    run(Result({"id": "ada"}, {}, {}, GRADED, 1.0, 1.0, 0.1))
    assert not file.exists()


def test_points_and_comments_are_read_back(run, file):
    run(result("ada"))
    fill(file, "ada", "why", points="1.5", comment="Say which.\nAnd why.")
    before = file.read_bytes()
    marking, said = run(result("ada"))
    assert marking.of("ada") == {("Nets", "why"): Mark(1.5, "Say which.\nAnd why.")}
    assert marking.of("ben") == {}
    assert (said, file.read_bytes()) == ([], before)


def test_new_submissions_are_added_and_what_staff_wrote_stays(run, file):
    run(result("ada"))
    table = [{**row, "marked by": "TA 1"} for row in reversed(rows(file))]
    table[1] |= {"points": "2", "comment": "Good."}
    table.append({**dict.fromkeys(table[0], ""), "submission": "gone", "question": "why", "points": "1"})
    write(file, table, columns=["marked by", "comment", "points", "answer", "question", "submission", "notebook"])
    marking, said = run(result("ada"), result("ben"))
    after = rows(file)
    assert [(row["submission"], row["question"]) for row in after] == [
        ("ada", "how"), ("ada", "why"), ("gone", "why"), ("ben", "why"), ("ben", "how"),
    ]  # fmt: skip
    assert list(after[0])[:3] == ["marked by", "comment", "points"]
    assert (after[1]["points"], after[1]["comment"], after[1]["marked by"]) == ("2", "Good.", "TA 1")
    assert (after[2]["points"], after[2]["marked by"]) == ("1", "")
    assert after[1]["max_points"] == "2"
    assert marking.of("ada") == {("Nets", "why"): Mark(2.0, "Good.")}
    assert said == [
        "answers.csv: rows have points or comments for submissions that are not in this run: gone. "
        "These rows stay in the file."
    ]


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(";", "utf-8-sig"), (";", "utf-8"), ("\t", "utf-16"), (",", "utf-8")]
)
def test_it_survives_a_spreadsheet(run, file, delimiter, encoding):
    run(result("ada"), result("ben"))
    table = [{**row, "points": "1,5" if row["question"] == "how" else "2"} for row in rows(file)]
    table[0]["comment"] = 'Grüße; 很好, "so"'
    table.append(dict.fromkeys(table[0], ""))
    write(file, table, delimiter=delimiter, encoding=encoding)
    marking, _ = run(result("ada"), result("ben"), result("carl"))
    assert marking.of("ada") == {("Nets", "why"): Mark(2.0, 'Grüße; 很好, "so"'), ("Nets", "how"): Mark(1.5)}
    after = rows(file, delimiter)
    assert [row["points"] for row in after] == ["2", "1,5", "2", "1,5", "", ""]
    assert {row["max_points"] for row in after} == ({"2", "2,5"} if delimiter == ";" else {"2", "2.5"})


def test_ids_that_a_spreadsheet_turned_into_numbers_are_recognised(run, file):
    run(result("0042"), result("7"))
    fill(file, "0042", "why", submission="42", points="1")
    marking, _ = run(result("0042"), result("7"))
    assert marking.of("0042") == {("Nets", "why"): Mark(1.0)}
    assert [row["submission"] for row in rows(file)] == ["0042", "0042", "7", "7"]


def test_no_cell_is_a_formula_and_staff_text_is_unchanged(run, file):
    run(result("ada", '=HYPERLINK("http://attacker.example")\x1b[31m\u202e'))
    assert rows(file)[0]["answer"].startswith("'=HYPERLINK")
    assert "\x1b" not in file.read_text("utf-8-sig") and "\u202e" not in file.read_text("utf-8-sig")
    fill(file, "ada", "why", comment="- the sign is missing")
    for _ in range(3):
        marking, _ = run(result("ada", '=HYPERLINK("http://attacker.example")\x1b[31m\u202e'))
        assert marking.of("ada")["Nets", "why"] == Mark(None, "- the sign is missing")
        assert rows(file)[0]["comment"] in ("- the sign is missing", "'- the sign is missing")
        fill(file, "ada", "how", points="1" if rows(file)[1]["points"] != "1" else "2")
        run(result("ada", "Another answer now."))


@pytest.mark.parametrize("points", ["x", "-1", "2.1", "nan", "inf", "1e0", "1/2", "2,", "١", "=1", "1.5.2"])
def test_invalid_points_are_rejected_with_file_and_line(run, file, points):
    run(result("ada"))
    fill(file, "ada", "why", points="1", comment="two\r\nlines")
    fill(file, "ada", "how", points="2")
    before = rows(file)
    fill(file, "ada", "how", points="2.75" if points == "2.1" else points)
    content = file.read_bytes()
    with pytest.raises(UsageError, match=r"answers.csv, line 4: points '.*', expected a number from 0 to 2\.5\. Corr"):
        run(result("ada"))
    assert file.read_bytes() == content
    assert before[0]["points"] == "1"


def test_two_different_rows_of_one_answer_are_rejected(run, file):
    run(result("ada"))
    table = rows(file)
    write(file, [{**table[0], "points": "1"}, table[1], {**table[0], "points": "2"}])
    with pytest.raises(UsageError, match=r"line 4: ada, why has other points or another comment than in line 2\. Take"):
        run(result("ada"))


def test_an_empty_second_row_of_an_answer_is_ignored(run, file):
    run(result("ada"))
    table = rows(file)
    write(file, [{**table[0], "points": "1"}, table[1], table[0]])
    assert run(result("ada"))[0].of("ada") == {("Nets", "why"): Mark(1.0)}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"submission,notebook,question,points\r\n", r"line 1: 0 columns 'comment', expected submission, notebook"),
        (b"comment," + ",".join(COLUMNS).encode(), r"line 1: 2 columns 'comment'"),
        (",".join(COLUMNS).encode() + b'\r\n"\r\n\r\nada,N,why,2,1,a, b,c\r\n', r"line 2: unexpected end of data"),
        (
            ",".join(COLUMNS).encode() + b"\r\n\r\nada,ada,N,why,2,1,5,good,c\r\n",
            r"line 3: 9 cells, expected 8\. Put quotes",
        ),
        (
            "submission,notebook,question,points,comment\r\nada,N,why,1,gr\u00fcn".encode("latin-1"),
            r"is not UTF-8\. Save the file",
        ),
        (",".join(COLUMNS).encode() + b'\r\nada,N,why,2,1,"' + b"x" * 200_000 + b'",', r"line 2: field larger"),
    ],
)
def test_an_invalid_table_of_answers_is_rejected(run, file, content, said):
    file.write_bytes(content)
    with pytest.raises(UsageError, match=said):
        run(result("ada"))
    assert file.read_bytes() == content


def test_edits_of_staff_during_the_run_are_kept(run, file):
    run(result("ada"))
    marking, _ = run(result("ada"), result("ben"), meanwhile=lambda: fill(file, "ada", "why", points="2"))
    assert rows(file)[0]["points"] == "2"
    assert len(rows(file)) == 4
    assert marking.of("ada") == {("Nets", "why"): Mark(2.0)}


def test_an_answer_that_changed_after_it_was_marked_is_reported_once(run, file):
    run(result("ada"), result("ben"))
    fill(file, "ada", "why", points="2")
    said = run(result("ada", "Something else."), result("ben", "New, and not marked."))[1]
    assert said == ["answers.csv: answers changed after staff gave points for them: ada why. Read them again."]
    assert rows(file)[0]["points"] == "2"
    assert run(result("ada", "Something else."), result("ben"))[1] == []


def test_points_of_a_removed_question_are_kept_but_do_not_count(run, file):
    run(result("ada"))
    table = rows(file)
    write(file, [*table, {**table[0], "question": "when", "points": "excellent"}])
    assert run(result("ada"))[0].of("ada") == {}
    assert rows(file)[2]["points"] == "excellent"


def test_an_empty_file_counts_as_no_file(run, file):
    file.write_bytes(b"\xef\xbb\xbf\r\n")
    assert read_sheet(file).rows == ()
    run(result("ada"))
    assert len(rows(file)) == 2
