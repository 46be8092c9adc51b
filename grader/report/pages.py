"""The pages, each a self-contained HTML string made only from results.

    class_page      OUT/index.html            staff: one row for each submission, sortable; statistics of the class
    staff_page      OUT/<id>.html             staff: everything that is known about one submission
    feedback_page   OUT/feedback/<id>.html    the student: only what for_student (disclosure.py) returns
    own_page        beside the package        the student: the public checks of an own run, without points
    compare_page    OUT/compare.html          staff: who gained or lost points in the last regrade

A page loads nothing: it contains its style and script, and its content security policy allows only these two, by their
hashes. So nothing from a submission could run or send data, even if the escaping had a gap. Every template escapes, and
text.py makes every string visible before a template prints it. The same results give the same page: no code here reads
a clock.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from grader.decisions import Grade
from grader.errors import GraderError
from grader.function_ids import module_of
from grader.messages.say import said, say, say_all
from grader.records import GRADED, NOT_APPLICABLE, PASSED, VISIBLE, Result
from grader.report import figures, fix_first, text, words
from grader.report.disclosure import for_student
from grader.report.grades_csv import AnswerPoints
from grader.report.notebooks import marked_answers
from grader.report.regraded import CAUSES, Regraded
from grader.report.regraded_lines import signed
from grader.report.roster import CheckTally, Roster, environment_of, handout_of, lack_of_isolation, tally_class
from grader.report.source_code import sources_of
from grader.report.template_cache import Compiled

TEMPLATES: Final = Path(__file__).parent / "templates"
# The page shows at most so many checks beside the histogram, and the others below, in a folded list. It names the
# submissions of a handout if there are at most so many.
MOST_FAILED: Final = 5
# The number of rows at first, because browsers are slow with thousands of rows. A filter or a click shows the others.
ROWS_SHOWN: Final = 500
# A definition with more lines is folded, unless one of its lines is marked.
FOLDED_LINES: Final = 60
MOST_LINKED: Final = 3  # the number of checks that a marked line names; one mistake can stop all checks of a function
# The number of frames at each end of a long traceback. An endless recursion has a thousand frames; the ends are enough.
FRAMES_SHOWN: Final = 6


def class_page(
    roster: Roster,
    *,
    title: str,
    points: Mapping[str, AnswerPoints] = MappingProxyType({}),
    grades: Mapping[str, Grade] = MappingProxyType({}),
) -> str:
    """Return the class page: scores, one row for each submission, and the checks that most submissions did not pass.

    points: the points of answers, by submission. grades: the grades, by submission. The page has a column of grades
    only if people decided about a grade.
    """
    counted = tally_class(roster)
    most_failed, others_failed = most_telling(counted.checks)
    facts = {
        "title": title,
        "results": roster.ordered(),
        "tally": counted,
        "answers": {name: marked_answers.sum_points(own.values()) for name, own in points.items()},
        "grades": grades if any(grade.is_decided for grade in grades.values()) else {},
        "columns": spaced_by_module(counted.functions),
        "most_failed": most_failed,
        "others_failed": others_failed,
    }
    return render("class.html", facts, style="class.css", script="class.js")


def compare_page(regraded: Regraded, *, title: str, between: str, linked: bool = True) -> str:
    """Return the page with the changes between two gradings.

    between: words that name the two gradings. linked: whether the staff pages are in the same folder as this page.
    """
    facts = {
        "title": title,
        "between": between,
        "regraded": regraded,
        "sums": regraded.checks(),
        "meanings": CAUSES,
        "signed": signed,
        "linked": linked,
    }
    return render("compare.html", facts, style="compare.css")


def most_telling(checks: Sequence[CheckTally]) -> tuple[list[CheckTally], list[CheckTally]]:
    """Return one check for each of the most failed functions, and all other checks.

    The page shows first one check for each function, because one mistake fails several checks of the same function.
    """
    first = {item.function: item for item in reversed(checks)}
    top = [item for item in checks if first[item.function] is item][:MOST_FAILED]
    return top, [item for item in checks if item not in top]


def staff_page(result: Result, marks: marked_answers.Marks = MappingProxyType({}), grade: Grade | None = None) -> str:
    """Return the page for staff, with everything that is known about one submission.

    marks: the points and comments that staff gave for answers. grade: the grade, if people decided about it.
    """
    return render("staff.html", {**parts_of(result, marks), "grade": grade, "staff": True})


def feedback_page(
    result: Result,
    marks: marked_answers.Marks = MappingProxyType({}),
    grade: Grade | None = None,
    opened: Collection[str] = (),
) -> str:
    """Return the page for the student, with everything that the student may see of the submission.

    opened: the visibilities (after_due_date, after_published) whose checks the student may see now.
    """
    disclosed = for_student(result, opened)
    applicable = [check for check in disclosed.checks if check.status != NOT_APPLICABLE]
    passed = {
        "public": [check.status == PASSED for check in applicable if check.visibility == VISIBLE],
        "hidden": [check.status == PASSED for check in applicable if check.visibility != VISIBLE],
    }
    return render("feedback.html", {**parts_of(disclosed, marks), **passed, "grade": grade, "staff": False})


def own_page(result: Result) -> str:
    """Return the page of a student's own run. The page shows no points, because only the public checks run."""
    return render("own.html", {**parts_of(result, {}, with_points=False), "grade": None, "staff": False})


def parts_of(result: Result, marks: marked_answers.Marks, *, with_points: bool = True) -> dict[str, Any]:
    """Return the template values that all pages of one submission need. with_points: whether to show points."""
    groups = fix_first.group_checks(result)
    fixes, unwritten = fix_first.split_unwritten(groups, by_points=with_points)
    anchors = {group.function.function: f"f{index}" for index, group in enumerate(groups)}
    notebooks = marked_answers.shown_notebooks(result, marks)
    return {
        "notebooks": notebooks,
        "answers": marked_answers.sum_answers(notebooks),
        "result": result,
        "with_points": with_points,
        "files": group_by_file(groups),
        "fixes": fixes,
        "unwritten": group_by_file(unwritten),
        "anchors": anchors,
        "sources": sources_of(groups, anchors),
        "largest": max((group.function.max_points for group in groups), default=0.0),
        "not_isolated": lack_of_isolation(result),
    }


def group_by_file(groups: Sequence[fix_first.Group]) -> dict[str, list[fix_first.Group]]:
    """Group functions by their student file. Files and functions keep the order of the result."""
    files: dict[str, list[fix_first.Group]] = {}
    for group in groups:
        files.setdefault(group.file, []).append(group)
    return files


def spaced_by_module(functions: Iterable[str]) -> list[str]:
    """The columns of the status strips, with an empty column between modules."""
    return [name for _, members in groupby(functions, module_of) for name in ("", *members)][1:]


def render(template: str, facts: Mapping[str, Any], *, style: str = "submission.css", script: str = "") -> str:
    sheet, code = asset("page.css") + asset(style), asset(script) if script else Markup()
    policy = policy_of(sheet, code)
    return environment().get_template(template).render(style=sheet, script=code, policy=policy, **facts)


def policy_of(sheet: str, code: str = "") -> str:
    """Return a content security policy that allows this style, this script, and nothing else."""
    scripts = source_hash(code) if code else "'none'"
    return (
        f"default-src 'none'; style-src {source_hash(sheet)}; script-src {scripts}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def source_hash(content: str) -> str:
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return f"'sha256-{digest}'"


@cache
def asset(name: str) -> Markup:
    """Return a file of ours that a page contains unescaped. Raises GraderError if the file contains an end tag."""
    content = (TEMPLATES / name).read_text(encoding="utf-8")
    if name.endswith((".css", ".js")) and "</" in content:
        raise GraderError(f"report: templates/{name} contains '</', which would end its element. Write it another way.")
    return Markup(content)


@cache
def environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=make_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=Compiled(TEMPLATES),
    )
    environment.filters.update(
        number=text.number,
        signed=text.signed,
        utc=text.utc,
        seconds=text.seconds,
        small=text.small,
        clip=text.clip,
        hint=text.hint,
        python=text.highlight_line,
    )
    environment.globals.update(
        figures=figures,
        fix_first=fix_first,
        text=text,
        words=words,
        environment_of=environment_of,
        handout_of=handout_of,
        say=say,
        said=said,
        say_all=say_all,
        icons=asset("icons.svg"),
        status=status,
        statuses_of=statuses_of,
        status_ranks={word: rank for rank, word in enumerate(words.SUBMISSION_WORDS)},
        GRADED=GRADED,
        VISIBLE=VISIBLE,
        FRAMES_SHOWN=FRAMES_SHOWN,
        MOST_FAILED=MOST_FAILED,
        FOLDED_LINES=FOLDED_LINES,
        MOST_LINKED=MOST_LINKED,
        ROWS_SHOWN=ROWS_SHOWN,
    )
    return environment


@cache
def status(word: str) -> Markup:
    """Return the HTML for a status. Cached, because a page shows hundreds of statuses."""
    return Markup(environment().get_template("_words.html").make_module().badge(word))  # type: ignore[attr-defined]


def statuses_of(result: Result) -> dict[str, str]:
    return {item.function: item.status for item in result.functions}


def make_visible(value: Any) -> Any:
    """Make each value that a template prints visible. Leaves Markup unchanged, because it is already visible."""
    if type(value) is str:  # the usual case, tested first for speed: a page prints thousands of values
        return text.visible(value)
    return text.visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
