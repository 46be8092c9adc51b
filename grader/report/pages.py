"""The pages, each a self-contained HTML string made only from results.

    class_page      OUT/index.html            staff: the class at a glance, sortable
    staff_page      OUT/<id>.html             staff: everything that is known about one submission
    feedback_page   OUT/feedback/<id>.html    the student: only what for_student (disclosure.py) returns
    compare_page    OUT/compare.html          staff: who gained or lost points in the last regrade

A page loads nothing: it contains its style and script, and its content security policy allows only these two, by their
hashes. So nothing from a submission could run or send data even if the escaping had a hole. Every template escapes, and
text.py makes every string visible before it enters a page. No clock: the same results give the same page.
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
from grader.report.template_cache import Compiled

TEMPLATES: Final = Path(__file__).parent / "templates"
# How many checks stand beside the histogram; the others are folded below.
MOST_FAILED: Final = 5
# A browser needs long to lay out thousands of rows, so a page shows these first. The filter finds all; so does a click.
ROWS_SHOWN: Final = 500
# At each end of a traceback: endless recursion has a thousand frames, and its two ends show what happened.
FRAMES_SHOWN: Final = 6


def class_page(
    roster: Roster,
    *,
    title: str,
    points: Mapping[str, AnswerPoints] = MappingProxyType({}),
    grades: Mapping[str, Grade] = MappingProxyType({}),
) -> str:
    """The class page: scores, one row for each submission, and the checks most often not passed.

    points: of answers, by submission. grades: by submission; they have a column if people decided about one of them.
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
    """The changes between two gradings. between: their names in words. linked: whether staff pages lie beside it."""
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
    """One check for each of the most failed functions, and all other checks: one mistake fails several checks."""
    first = {item.function: item for item in reversed(checks)}
    top = [item for item in checks if first[item.function] is item][:MOST_FAILED]
    return top, [item for item in checks if item not in top]


def staff_page(result: Result, marks: marked_answers.Marks = MappingProxyType({}), grade: Grade | None = None) -> str:
    """The page for staff: everything that is known about one submission.

    marks: what staff gave for its answers, by notebook and question. grade: what people decided, if they did.
    """
    return render("staff.html", {**parts_of(result, marks), "grade": grade, "staff": True})


def feedback_page(
    result: Result,
    marks: marked_answers.Marks = MappingProxyType({}),
    grade: Grade | None = None,
    opened: Collection[str] = (),
) -> str:
    """The page for the student: what the student may see of the submission.

    opened: visibilities of checks that have become visible by now.
    """
    disclosed = for_student(result, opened)
    applicable = [check for check in disclosed.checks if check.status != NOT_APPLICABLE]
    passed = {
        "public": [check.status == PASSED for check in applicable if check.visibility == VISIBLE],
        "hidden": [check.status == PASSED for check in applicable if check.visibility != VISIBLE],
    }
    return render("feedback.html", {**parts_of(disclosed, marks), **passed, "grade": grade, "staff": False})


def parts_of(result: Result, marks: marked_answers.Marks) -> dict[str, Any]:
    """The values that the staff page and the feedback page both need."""
    groups = fix_first.group_checks(result)
    fixes, unwritten = fix_first.split_unwritten(groups)
    notebooks = marked_answers.shown_notebooks(result, marks)
    return {
        "notebooks": notebooks,
        "answers": marked_answers.sum_answers(notebooks),
        "result": result,
        "files": group_by_file(groups),
        "fixes": fixes,
        "unwritten": group_by_file(unwritten),
        "anchors": {group.function.function: f"f{index}" for index, group in enumerate(groups)},
        "largest": max((group.function.max_points for group in groups), default=0.0),
        "not_isolated": lack_of_isolation(result),
    }


def group_by_file(groups: Sequence[fix_first.Group]) -> dict[str, list[fix_first.Group]]:
    """Group functions by their student file, both in the order of the result."""
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
    """The content security policy of a page: this style, this script, nothing else."""
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
    """A file of ours that a page contains unescaped. Raises GraderError if it could end its own element."""
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
        ROWS_SHOWN=ROWS_SHOWN,
    )
    return environment


@cache
def status(word: str) -> Markup:
    """A status as every page shows it. Cached, because a page shows hundreds of them."""
    return Markup(environment().get_template("_words.html").make_module().badge(word))  # type: ignore[attr-defined]


def statuses_of(result: Result) -> dict[str, str]:
    return {item.function: item.status for item in result.functions}


def make_visible(value: Any) -> Any:
    """Make each value that a template prints visible; markup already went through `visible` when it was made."""
    if type(value) is str:  # the usual case first: a page prints thousands of values
        return text.visible(value)
    return text.visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
