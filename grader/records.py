"""The frozen records that the flow hands on, and their JSON.

    intake ─► Submission ─► judging ─► CheckResult ─► grading ─► Result ─► report, exports

Records hold no sentences: a Reason is the id of one in messages/ and its values, so that another language needs another
catalogue and no regrading. A record is complete when it is built; nothing edits it later. `Result` is the only one that
is stored: to_json and from_json are inverse to each other, and the JSON of the same submission graded twice differs
only in its durations.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

SCHEMA: Final = 2  # a file of schema 1, whose reasons were sentences, can be read (schema_1.py)
ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=vars)

# What a submission's time goes into: its own functions; sandboxes to start and modules to import; messages to and from
# the sandbox, processes among them; inputs, comparisons and the reference.
SPENT: Final = ("functions", "start", "protocol", "judge")
# What a JSON file holds as an escape: halves of a pair, which UTF-8 lacks; and what a terminal obeys, or what would
# turn the direction of its lines around, if somebody prints the file.
ESCAPED: Final = re.compile(
    "[\ud800-\udfff\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff]"
)

# The statuses of a check, in the order in which a reader wants them: worst first.
PASSED: Final = "passed"
PARTIAL: Final = "partial"
FAILED: Final = "failed"
MISSING: Final = "missing"
ERROR: Final = "error"
TIMEOUT: Final = "timeout"
CRASHED: Final = "crashed"
SKIPPED: Final = "skipped"
NOT_APPLICABLE: Final = "not_applicable"
CHECK_STATUSES: Final = (ERROR, CRASHED, TIMEOUT, FAILED, PARTIAL, MISSING, SKIPPED, PASSED, NOT_APPLICABLE)

# The statuses of a submission.
GRADED: Final = "graded"
UNREADABLE: Final = "unreadable"
GRADER_ERROR: Final = "grader_error"
SUBMISSION_STATUSES: Final = (GRADED, UNREADABLE, GRADER_ERROR)

# The statuses of an answer in a notebook: written, as it was handed out, or without its cell.
ANSWERED: Final = "answered"
UNANSWERED: Final = "unanswered"
ABSENT: Final = "absent"
ANSWER_STATUSES: Final = (ANSWERED, UNANSWERED, ABSENT)

OWN_HANDOUT: Final = "default"  # the name of the assignment's own; other ones are files of it

# Gradescope's four words.
VISIBLE: Final = "visible"
HIDDEN: Final = "hidden"
AFTER_DUE_DATE: Final = "after_due_date"
AFTER_PUBLISHED: Final = "after_published"
VISIBILITIES: Final = (VISIBLE, HIDDEN, AFTER_DUE_DATE, AFTER_PUBLISHED)

# Why a check counts with the grader's own functions in place of the student's: the run on the student's own earned
# less; or both earned the same, and this one tells what is wrong with the function itself.
EARNED_LESS: Final = "earned_less"
EARNED_THE_SAME: Final = "earned_the_same"
OUTCOMES: Final = (EARNED_LESS, EARNED_THE_SAME, "as_written")  # the last: in a file of schema 1

if TYPE_CHECKING:
    CheckStatus = str
    SubmissionStatus = str
    AnswerStatus = str
    Visibility = str
    Outcome = str
else:  # msgspec holds a file that is read back to these words, and the schema names them
    CheckStatus, SubmissionStatus = Literal[*CHECK_STATUSES], Literal[*SUBMISSION_STATUSES]
    AnswerStatus, Visibility, Outcome = Literal[*ANSWER_STATUSES], Literal[*VISIBILITIES], Literal[*OUTCOMES]


@dataclass(frozen=True)
class Reason:
    """Why, as data: the id of a sentence in messages/, and the values that stand in it."""

    id: str
    values: Mapping[str, str | int | float | list[str | int | float] | Reason] = field(default_factory=dict)

    @classmethod
    def of(cls, id: str, /, **values: Any) -> Reason:
        """With values as JSON has them: lists for tuples, Python's numbers for NumPy's."""
        return cls(id, {name: as_json(value) for name, value in values.items()})


def as_json(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    return value.item() if hasattr(value, "item") else value


def as_written(text: str) -> Reason:
    """A sentence that is no id of a catalogue: a check's author wrote it, or a file of schema 1 has it."""
    return Reason.of("as_written", text=text)


@dataclass(frozen=True)
class Submission:
    """What one student handed in, read into memory."""

    id: str  # unique in its run, safe as a file name
    source: str  # where it came from, for people to read
    files: Mapping[str, bytes]  # student files, handed-out files and helpers found, by their path below the package
    notes: tuple[Reason, ...] = ()  # what the collector wants said ("two layers.py were found ...")
    problem: Reason | None = None  # why nothing can be graded (damaged archive, no student file)
    notebooks: Mapping[str, bytes] = field(default_factory=dict)  # by their bare names; shown, never staged, never run
    answers: tuple[NotebookResult, ...] = ()  # what was read in them, held against those that are handed out
    notebook_notes: tuple[Reason, ...] = ()  # what that showed, to be said where the handout has those notebooks

    @property
    def sha256(self) -> str:
        """One hash over names and contents, whatever the order in which they were found."""
        digest = hashlib.sha256()
        for kind, files in (("", self.files), ("notebook\0", self.notebooks)):
            for name, content in sorted(files.items()):
                digest.update(f"{kind}{name}\0{len(content)}\0".encode("utf-8", "surrogatepass"))
                digest.update(content)
        return digest.hexdigest()

    @property
    def file_hashes(self) -> dict[str, str]:
        return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(self.files.items())}


@dataclass(frozen=True)
class Check:
    """One check as the assignment defines it; `run(student, rng)` returns named arrays or Gradients.

    words: what students read in place of a comparison's name; and in place of what is wrong, for a yes or no.
    """

    id: str  # function id plus the check's name
    function: str
    file: str  # the student file that it is about
    title: str
    visibility: str
    seed: int
    weight: float
    max_points: float  # the function's points shared out by weight
    tolerance: float
    needs: str | None  # the function whose reply the check feeds to the function under test
    parts: Mapping[str, float]  # weights of the comparisons, 1 where not named
    run: Callable[..., Any] = field(compare=False)
    together: bool | tuple[str, ...] = False  # names of comparisons, as checks.check has them
    squeeze: bool | tuple[str, ...] = False
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Members:
    """What checks may use of the objects that a class makes: methods, and attributes that are dicts of arrays."""

    methods: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """One named array of a check: passed or not, why not, and by how much.

    error: largest |expected - actual| relative to the largest |expected|; None where shapes or types do not allow it.
    follow_through: the value is wrong but follows from the student's own forward.
    """

    name: str
    status: CheckStatus
    reason: Reason | None
    error: float | None
    tolerance: float
    weight: float = 1.0
    follow_through: bool = False


@dataclass(frozen=True)
class Frame:
    """One line of a student's traceback. `text` was looked up in the collected file, never sent by the worker."""

    file: str
    line: int
    function: str
    text: str


@dataclass(frozen=True)
class OwnRun:
    """What the run on the student's own functions found, where the one on stubs counts.

    wrong: functions that a stub stood in for and that have lost marks already.
    reasons: all that was wrong.
    """

    outcome: Outcome
    wrong: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class CheckResult:
    """The verdict on one check of one submission.

    reasons: what is wrong besides what the comparisons say (messages/of_check.py puts both together).
    hints: where to look. remarks: noticed, costs nothing.
    stubs: functions in whose place the reference's stood in the run that counts; none where all was the student's own.
    own_run: what that one found, where the one on stubs counts.
    frames: the student's part of the traceback, outermost first. output: what the check printed (staff only).
    after_hidden: a visible check that ran after a hidden one, so that what the code chose is for staff only.
    """

    id: str
    function: str
    file: str
    title: str
    visibility: Visibility
    points: float
    max_points: float
    status: CheckStatus
    reasons: tuple[Reason, ...] = ()
    hints: tuple[Reason, ...] = ()
    follow_through: bool = False
    stubs: tuple[str, ...] = ()
    own_run: OwnRun | None = None
    comparisons: tuple[Comparison, ...] = ()
    remarks: tuple[Reason, ...] = ()
    frames: tuple[Frame, ...] = ()
    output: str = ""
    duration_s: float = 0.0
    after_hidden: bool = False


@dataclass(frozen=True)
class FunctionResult:
    """The checks of one function, summed up.

    needs: functions whose failure may be the cause of its own. line: where the student's file defines it; 0: nowhere.
    """

    function: str
    points: float
    max_points: float
    status: CheckStatus
    needs: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True)
class Answer:
    """What stands in one answer cell of a notebook, for people to read and mark.

    question: its name in the assignment. asks: the text above the cell, as it was handed out. kind: markdown or code.
    max_points: 0 where nobody marks it. Points are no part of it: they are the staff's, in answers.csv.
    """

    question: str
    asks: str
    kind: str
    status: AnswerStatus
    text: str
    max_points: float


@dataclass(frozen=True)
class NotebookResult:
    """One notebook of a submission, read. handed_out: stem of the one that it was made from, or "".

    sha256: "" for one that should have been handed in and is not there. problem: why it cannot be read, or None.
    """

    name: str
    handed_out: str
    sha256: str
    problem: Reason | None = None
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True)
class Mark:
    """What staff gave for an answer."""

    points: float | None = None  # as long as they gave none
    comment: str = ""  # for the student


@dataclass(frozen=True)
class Result:
    """One submission, graded: what the JSON file holds and every report and export is made from.

    submission: id, source, sha256, files. assignment: title, sha256, handout; parts: hashes of what each check is made
    of (assignment/check_parts.py). grounds: why the handout was guessed.
    environment: sandbox, python, numpy, grader. sources: not kept here; the lines that are needed are in the frames.
    reason: why it could not be graded.
    spent_s: of duration_s, what was spent for each of SPENT.
    """

    submission: Mapping[str, Any]
    assignment: Mapping[str, Any]
    environment: Mapping[str, Any]
    status: SubmissionStatus
    score: float
    max_score: float
    duration_s: float
    checks: tuple[CheckResult, ...] = ()
    functions: tuple[FunctionResult, ...] = ()
    notes: tuple[Reason, ...] = ()
    reason: Reason | None = None
    notebooks: tuple[NotebookResult, ...] = ()
    spent_s: Mapping[str, float] = field(default_factory=dict)
    grounds: Reason | None = None

    @property
    def id(self) -> str:
        return str(self.submission["id"])

    def to_json(self) -> str:
        """A line a field; of those that are lists of records, a line a record."""
        data = {"schema": SCHEMA, **vars(self)}
        text = "{\n" + ",\n".join(f" {ENCODER.encode(name)}: {lines_of(data[name])}" for name in data) + "\n}\n"
        return ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)

    @classmethod
    def from_json(cls, text: str) -> Result:
        """Build the record that to_json wrote, now or in schema 1. Raises ValueError for any other text."""
        import msgspec  # takes as long as the command itself; the first run over a class reads nothing back

        try:
            data = json.loads(text)
            schema = data.pop("schema")
            if schema == 1:
                from grader.schema_1 import upgraded  # no run of today needs it

                data, schema = upgraded(data), SCHEMA
            if schema != SCHEMA:
                raise ValueError(f"result: schema {schema!r} found, {SCHEMA} expected")
            if not NEEDED <= data.keys() <= {*cls.__match_args__}:
                raise ValueError("result: not a result file (a part is missing, or there is one more)")
            result = msgspec.convert(data, cls)
        except (KeyError, TypeError, AttributeError, RecursionError, msgspec.ValidationError) as error:
            raise ValueError(f"result: not a result file ({error})") from error
        if not isinstance(result.submission.get("id"), str):
            raise ValueError("result: not a result file (no id found)")
        return result


# What no file of this schema is without; the parts from `reason` on came later.
NEEDED: Final = frozenset(Result.__match_args__[: Result.__match_args__.index("reason")])


def lines_of(value: Any) -> str:
    if isinstance(value, tuple) and value:
        return "[\n  " + ",\n  ".join(map(ENCODER.encode, value)) + "\n ]"
    return ENCODER.encode(value)


def reasons_in(result: Result) -> Iterator[Reason]:
    """Every reason that a page of this result may say."""
    problems = (notebook.problem for notebook in result.notebooks)
    yield from filter(None, (*result.notes, result.grounds, result.reason, *problems))
    for check in result.checks:
        yield from (*check.reasons, *check.hints, *check.remarks)
        yield from check.own_run.reasons if check.own_run else ()
        yield from (part.reason for part in check.comparisons if part.reason)
