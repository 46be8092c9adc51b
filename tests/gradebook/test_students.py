"""Who is in the course: rosters of any kind, whose a submission is, and deleting somebody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from book_sample import DUE, RELU, TITLE, enter, handed_in, with_answers
from sqlalchemy import text

from grader.decisions import Person
from grader.errors import UsageError
from grader.gradebook.adjusting import adjust, adjustments_of
from grader.gradebook.book import NotInGradebook
from grader.gradebook.changes import changes
from grader.gradebook.commenting import add_comment, comments_of
from grader.gradebook.deleting import delete_student, remove_files
from grader.gradebook.grades import grades_of
from grader.gradebook.requests import ask
from grader.gradebook.roster_files import read_roster
from grader.gradebook.students import import_roster, link_members, members_of, read_students
from grader.gradebook.tables import metadata
from grader.gradebook.time_files import read_times

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Homework 2 (77),Final Score
,,,,,Manual Posting,
    Points Possible,,,,,100,(read only)
"Doe, Jane",1234,S1,jdoe,Lab 1,50,90
"Poe, Edgar",1235,S2,epoe@x.edu,"Lab 1 and =2+3",,
"Student, Test",9,,test,Lab 1,,
"""
MOODLE = """Identifier,Full name,Email address,Status,Grade,Last modified (submission)
Participant 31,Jane Doe,jane@x.edu,Submitted,,"Friday, 1 May 2026, 11:59 PM"
Participant 32,Edgar Poe,edgar@x.edu,No submission,,-
"""


def written(tmp_path, text, name="roster.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8-sig")
    return path


def students_of(book):
    with book.reading() as connection:
        return sorted(read_students(connection), key=lambda one: one.key)


def test_canvas_export_gives_ids_sections_and_no_marks(tmp_path):
    jane, edgar = read_roster(written(tmp_path, CANVAS))
    assert jane == Person("", "Doe, Jane", "", "Lab 1", {"canvas": "1234", "sis": "S1", "login": "jdoe"})
    assert (edgar.email, edgar.section) == ("epoe@x.edu", "Lab 1 and =2+3")


def test_moodles_numbers_are_of_one_assignment(tmp_path):
    path = written(tmp_path, MOODLE)
    assert read_roster(path, TITLE)[0] == Person("", "Jane Doe", "jane@x.edu", "", {f"moodle:{TITLE}": "31"})
    with pytest.raises(UsageError, match="Name it with --title"):
        read_roster(path)


TABLES = ["name;login\nAnn;ann1\n", "Name,Username\nAnn,ann1\n", "name\tlogin\r\nAnn\tann1\r\n"]


@pytest.mark.parametrize("content", TABLES)
def test_any_table_with_a_name_and_an_id_is_a_roster(tmp_path, content):
    assert read_roster(written(tmp_path, content)) == [Person("", "Ann", "", "", {"login": "ann1"})]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name,age\nAnn,20\n", "line 2: no id was found .* expected one of student, login, email, sis, canvas"),
        ("", "no student was found"),
        ('name,login\n"Ann,ann1\n', "line 2: "),
    ],
)
def test_what_is_no_roster_is_refused_with_its_line(tmp_path, content, said):
    with pytest.raises(UsageError, match=said):
        read_roster(written(tmp_path, content))


def test_a_roster_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        read_roster(tmp_path / "none.csv")


def test_importing_again_adds_nobody_and_brings_up_to_date(book):
    ann = Person("", "Ann", ids={"login": "ann1", "canvas": "5"})
    assert vars(import_roster(book, [ann], "Ada")) == {"added": 1, "changed": 0, "same": 0, "linked": 0}
    assert import_roster(book, [ann], "Ada").same == 1
    renamed = Person("", "Ann Lee", "ann@x", ids={"canvas": "5"})
    assert import_roster(book, [renamed], "Ada").changed == 1
    (one,) = students_of(book)
    assert (one.key, one.name, one.email, one.ids) == ("ann1", "Ann Lee", "ann@x", {"login": "ann1", "canvas": "5"})


def test_a_row_that_could_be_two_students_is_refused_and_nothing_is_imported(book):
    import_roster(book, [Person("", "Ann", ids={"canvas": "5"}), Person("", "Bob", ids={"login": "bob"})], "Ada")
    mixed = Person("", "Cem", ids={"canvas": "5", "login": "bob"})
    with pytest.raises(UsageError, match="its ids are those of Ann and bob, expected one student"):
        import_roster(book, [Person("", "Dan", ids={"login": "dan"}), mixed], "Ada")
    with pytest.raises(UsageError, match="two rows of the roster are this student"):
        import_roster(book, [Person("", "Ann", ids={"canvas": "5"})] * 2, "Ada")
    assert len(students_of(book)) == 2


def test_two_of_one_name_are_two_students(book):
    import_roster(book, [Person("", "Li Wei", ids={"canvas": "1"}), Person("", "Li Wei", ids={"canvas": "2"})], "Ada")
    assert [one.key for one in students_of(book)] == ["Li_Wei", "Li_Wei-2"]


@pytest.mark.parametrize(
    ("person", "student"),
    [
        ("doejane_1234", Person("", "Doe, Jane", ids={"canvas": "1234"})),
        ("Jane Doe_31", Person("", "Jane Doe", ids={f"moodle:{TITLE}": "31"})),
        ("jdoe", Person("", "Jane", ids={"login": "JDoe"})),
        ("jane@x.edu", Person("", "Jane", "Jane@x.edu")),
        ("Jane Doe", Person("", "jane doe", ids={"canvas": "9"})),
    ],
)
def test_a_submission_is_the_students_whom_its_name_names(book, person, student):
    enter(book, handed_in(person))
    assert import_roster(book, [student, Person("", "Other", ids={"canvas": "77"})], "Ada").linked == 1
    assert members_of(book, TITLE)[person][0].name == student.name


def test_a_run_links_what_comes_in_after_the_roster(book):
    import_roster(book, [Person("", "Jane", ids={"login": "jdoe"})], "Ada")
    enter(book, handed_in("jdoe"))
    assert [one.names for one in grades_of(book, TITLE)] == ["Jane"]


def test_a_name_that_two_students_have_links_neither(book):
    import_roster(book, [Person("", "Li Wei", ids={"canvas": "1"}), Person("", "Li Wei", ids={"canvas": "2"})], "Ada")
    enter(book, handed_in("Li Wei"), handed_in("liwei_2"))
    assert {name: team[0].key for name, team in members_of(book, TITLE).items()} == {"liwei_2": "Li_Wei-2"}


def test_a_number_of_another_assignment_links_nobody(book):
    import_roster(book, [Person("", "Jane Doe", ids={"moodle:Other": "31"})], "Ada")
    enter(book, handed_in("Somebody Else_31"))
    assert members_of(book, TITLE) == {}


def test_a_groups_addresses_link_all_of_it(book):
    import_roster(book, [Person("", "Ann", "ann@x"), Person("", "Bob", "bob@x")], "Ada")
    enter(book, handed_in("ann@x bob@x"))
    assert [one.names for one in grades_of(book, TITLE)] == ["Ann", "Bob"]


def test_nobody_has_two_submissions(book):
    import_roster(book, [Person("ann", "Ann")], "Ada")
    enter(book, handed_in("ann"), handed_in("bob"))
    with pytest.raises(UsageError, match="ann: has the submission ann, expected one a student"):
        link_members(book, TITLE, "bob", ["ann"], "Ada")
    link_members(book, TITLE, "ann", [], "Ada")
    link_members(book, TITLE, "bob", ["ann"], "Ada")
    assert {name: team[0].key for name, team in members_of(book, TITLE).items()} == {"bob": "ann"}


def test_times_of_moodle_have_the_zone_of_the_due_time(book, tmp_path):
    pacific = timezone(timedelta(hours=-7))
    members = {"jane": (Person("j", "Jane", ids={f"moodle:{TITLE}": "31"}),)}
    path = written(tmp_path, MOODLE)
    assert read_times(path, members, TITLE, pacific) == {"jane": datetime(2026, 5, 2, 6, 59, tzinfo=UTC)}
    with pytest.raises(UsageError, match=r"line 2: .* has no zone"):
        read_times(path, members, TITLE, None)


def test_times_of_a_table_and_of_gradescope(book, tmp_path):
    table = written(tmp_path, "submission,submitted_at\nann,2026-05-01 13:00\nbob,2026-05-01T13:00:00+02:00\n")
    assert read_times(table, {}, TITLE, UTC) == {"ann": DUE + timedelta(hours=1), "bob": DUE - timedelta(hours=1)}
    yml = "submission_7:\n  :submitters:\n  - :name: Ann\n    :email: ann@x\n  :created_at: 2026-05-01 13:00:00.5 Z\n"
    members = {"Ann_7": (Person("a", "Ann", "ANN@x"),)}
    (tmp_path / "submission_metadata.yml").write_text(yml)
    found = read_times(tmp_path / "submission_metadata.yml", members, TITLE, None)
    assert found == {"Ann_7": DUE + timedelta(hours=1, seconds=0.5)}
    with pytest.raises(UsageError, match="line 2: the time 'soon'"):
        read_times(written(tmp_path, "submission,submitted_at\nann,soon\n"), {}, TITLE, UTC)


def everything(book) -> str:
    with book.reading() as connection:
        rows = [connection.execute(table.select()).all() for table in metadata.sorted_tables]
        assert connection.execute(text("SELECT count(*) FROM hand_ins")).scalar() is not None
    return repr(rows)


def test_a_deleted_student_is_in_no_table_and_no_file(url, tmp_path):
    from grader.gradebook.book import open_gradebook

    out = tmp_path / "reports"
    pages = "canary-ann.html", "feedback/canary-ann.html", "notebooks/canary-ann/N.html"
    for name in ("results/canary-ann.json", *pages):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("canary-ann")
    shared = ["grades.csv", "compare.html", "export"]
    for name in shared:
        (out / name).write_text("canary-ann\n")
    with open_gradebook(url) as book:
        found = with_answers(handed_in("canary-ann"), 2.0), handed_in("bob"), handed_in("team")
        enter(book, *found, output=str(out))
        people = [Person("canary-ann", "Canary Ann", "canary-ann@x"), Person("bob", "Bob"), Person("zoe", "Zoe")]
        import_roster(book, people, "Ada")
        link_members(book, TITLE, "team", ["zoe"], "Ada")
        adjust(book, TITLE, 1, "canary-ann was ill.", who="Ada", submission="canary-ann", part=RELU)
        adjust(book, TITLE, 1, "canary-ann", who="Ada", student="canary-ann")
        adjust(book, TITLE, 3, "Stays.", who="Ada", submission="bob")
        add_comment(book, TITLE, "canary-ann", "canary-ann", who="Ada")
        ask(book, TITLE, "canary-ann", "canary-ann?", who="Ada")
        done = delete_student(book, "canary-ann", who="Ada")
        assert "anary" not in everything(book)
        assert done.submissions == ("canary-ann",)
        assert {path.name for path in done.files} == {"canary-ann.json", "canary-ann.html", "N.html"}
        assert [path.name for path in done.shared] == shared
        assert done.sources == ("class/canary-ann",)
        assert remove_files(done) == []
        assert not [*out.rglob("*canary*")]
        last = changes(book)[-1]
        assert (last.who, last.what, last.action, last.student) == ("Ada", "student", "deleted", "(deleted)")
        assert [one.reason for one in adjustments_of(book, TITLE)] == ["Stays."]
        assert {one.submission: one.total for one in grades_of(book, TITLE)} == {"bob": 103.0, "team": 100.0}
        with pytest.raises(NotInGradebook):
            delete_student(book, "canary-ann", who="Ada")
    if "://" not in url:
        assert b"anary" not in (tmp_path / "gradebook.sqlite3").read_bytes()


def test_without_a_roster_a_submission_is_deleted_by_its_id(book):
    enter(book, handed_in("canary"), handed_in("bob"))
    adjust(book, TITLE, 3, "canary", who="Ada", submission="canary")
    assert delete_student(book, "canary", who="Ada").submissions == ("canary",)
    assert "canary" not in everything(book)
    import_roster(book, [Person("ann", "Ann")], "Ada")
    link_members(book, TITLE, "bob", ["ann"], "Ada")
    with pytest.raises(NotInGradebook):  # it is somebody's, whose key must be named
        delete_student(book, "bob", who="Ada")


def test_a_groups_submission_stays_when_one_of_it_is_deleted(book, tmp_path):
    (tmp_path / "grades.csv").write_text("team,Ann; Bob")
    enter(book, handed_in("team"), output=str(tmp_path))
    import_roster(book, [Person("ann", "Ann"), Person("bob", "Bob")], "Ada")
    link_members(book, TITLE, "team", ["ann", "bob"], "Ada")
    add_comment(book, TITLE, "team", "Nice.", who="Ada")
    done = delete_student(book, "ann", who="Ada")
    assert (done.submissions, done.files, done.shared) == ((), (), (tmp_path / "grades.csv",))
    assert [(one.names, one.total) for one in grades_of(book, TITLE)] == [("Bob", 100.0)]
    assert len(comments_of(book, TITLE)) == 1
    assert "'ann'" not in everything(book)
