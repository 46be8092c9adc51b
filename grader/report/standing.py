"""A student's progress: one row for each function, what to do next, and the last sentence. Pure.

Result (public checks) ─► Standing ─► the terminal's table (cli/check.py), the notebook's (templates/standing.html)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from grader.function_ids import short_name
from grader.messages.of_check import message_of
from grader.messages.say import say, say_all
from grader.records import MISSING, PASSED, SKIPPED, Reason, Result
from grader.report.fix_first import Fix, Group, fix_first, group_checks, is_failing
from grader.report.pages import environment
from grader.report.text import visible

RIGHT: Final = "right"
WRONG: Final = "wrong"
ABSENT: Final = "not there yet"
WAITS: Final = "waiting"
MESSAGES_SHOWN: Final = 3  # messages of one function; the page of --html shows all messages


@dataclass(frozen=True)
class StandingRow:
    """The row of one function.

    messages: what is wrong, each message once. hints: hints, and remarks, which cost no marks. where: "layers.py:12",
    or "" if the function is right. same_as: the name of an earlier function with exactly the same messages.
    """

    function: str
    standing: str
    messages: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    where: str = ""
    same_as: str = ""

    @property
    def name(self) -> str:
        return short_name(self.function)


@dataclass(frozen=True, repr=False)
class Standing:
    """The state of all selected functions. A notebook shows it as a table; `print` shows it as text.

    next: what to do next; "" if all functions are right. ending: the last line to show.
    """

    rows: tuple[StandingRow, ...]
    next: str
    ending: str

    @property
    def all_right(self) -> bool:
        return all(row.standing == RIGHT for row in self.rows)

    def __repr__(self) -> str:
        width = max((len(row.name) for row in self.rows), default=0)
        lines = []
        for row in self.rows:
            lines.append(f"{row.name:<{width}}  {row.standing}")
            lines += [f"{'':<{width}}  {visible(message)}" for message in (*row.messages, *row.hints)]
        lines += [f"next: {self.next}"] if self.next else []
        return "\n".join([*lines, self.ending])

    def _repr_html_(self) -> str:
        """Return HTML without a script, with inline styles, and with all text escaped."""
        return environment().get_template("standing.html").render(standing=self)


def standing_of(result: Result, *, selection: str = "") -> Standing:
    """Build the standing from a result of public checks. selection: names from the student, for the last line."""
    groups = group_checks(result)
    fixes = fix_first(groups, by_points=False)
    follows = {fix.function: fix.follows_from for fix in fixes}
    shown_by: dict[tuple[str, ...], str] = {}
    rows = tuple(row_of(group, follows.get(group.function.function, ()), shown_by) for group in groups)
    return Standing(rows, next_of(rows, fixes), ending_of(rows, selection))


def row_of(group: Group, causes: tuple[str, ...], shown_by: dict[tuple[str, ...], str]) -> StandingRow:
    """Return the row of one function.

    causes: wrong functions that this function needs. shown_by: for messages that a row already shows, its function.
    """
    item, checks = group.function, group.checks
    remarks = tuple(dict.fromkeys(say(remark) for check in checks for remark in check.remarks))
    if item.status == PASSED:
        return StandingRow(item.function, RIGHT, hints=remarks)
    failing = [check for check in checks if is_failing(check)]
    frames = next((check.frames for check in failing if check.frames), ())
    file, line = (frames[-1].file, frames[-1].line) if frames else (group.file, item.line)
    where = f"{file}:{line}" if line else file
    if group.unwritten:
        return StandingRow(item.function, ABSENT, where=where)
    standing = WAITS if all(check.status in (SKIPPED, MISSING) for check in failing) else WRONG
    messages = tuple(dict.fromkeys(message_of(check) or check.title for check in failing))
    first = shown_by.setdefault(messages, item.function)
    if first != item.function:
        return StandingRow(item.function, standing, where=where, same_as=short_name(first))
    more = len(messages) - MESSAGES_SHOWN
    shown = (*messages[:MESSAGES_SHOWN], *([say(Reason.of("more_messages", count=more))] if more > 0 else []))
    hints = tuple(dict.fromkeys(say_all(check.hints) for check in failing if check.hints))
    if causes and standing == WRONG:
        hints = (*hints, say(Reason.of("may_come_right", functions=list(map(short_name, causes)))))
    return StandingRow(item.function, standing, shown, (*hints, *remarks), where)


def next_of(rows: tuple[StandingRow, ...], fixes: tuple[Fix, ...]) -> str:
    """Return what to do next: fix the first function that needs no other wrong function, or write a missing one."""
    wrong = {row.function for row in rows if row.standing == WRONG}
    wrong_fixes = [fix for fix in fixes if fix.function in wrong]
    absent = [row for row in rows if row.standing == ABSENT]
    alone = [fix for fix in wrong_fixes if not fix.follows_from]
    if alone or (wrong_fixes and not absent):
        return describe((alone or wrong_fixes)[0])
    if absent:
        return say(Reason.of("next_write", function=absent[0].name, where=absent[0].where))
    waits = [row for row in rows if row.standing == WAITS]
    return say(Reason.of("next_see", function=waits[0].name, where=waits[0].where)) if waits else ""


def describe(fix: Fix) -> str:
    if fix.others:
        return say(Reason.of("next_mend_file", where=fix.where, functions=1 + len(fix.others)))
    return say(Reason.of("next_mend", function=short_name(fix.function), where=fix.where))


def ending_of(rows: tuple[StandingRow, ...], selection: str) -> str:
    counts = {kind: sum(row.standing == kind for row in rows) for kind in (RIGHT, WRONG, ABSENT, WAITS)}
    if counts[RIGHT] == len(rows):
        return say(Reason.of("passed_all_of", names=selection) if selection else Reason.of("passed_all"))
    return ", ".join(f"{count} {kind}" for kind, count in counts.items() if count or kind == RIGHT)
