"""The frozen records that one stage of grading passes to the next, and their JSON.

    intake ─► Submission ─► judging ─► CheckResult ─► grading ─► Result ─► report, exports

Records hold no sentences: a Reason is the id of a sentence in messages/ and its values, so another language needs only
another catalogue, and no regrading. A record is complete when it is built; nothing edits it later. Only `Result` is
stored: from_json reverses to_json, and the JSON of the same submission graded twice differs only in its durations.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

SCHEMA: Final = 2  # schema_1.py reads files of schema 1, whose reasons were sentences
ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=vars)

# Where the time of a submission goes. functions: running the student's functions. start: starting sandboxes, importing
# modules. protocol: messages to and from the sandbox, and its processes. judge: inputs, comparisons, the reference.
SPENT: Final = ("functions", "start", "protocol", "judge")
# Characters that a JSON file holds as escapes: lone surrogates, which UTF-8 cannot encode; control and bidirectional
# characters, which would act on the terminal of a person who prints the file.
ESCAPED: Final = re.compile(
    "[\ud800-\udfff\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff]"
)

# The statuses of a check. CHECK_STATUSES lists them worst first, the order in which pages show them.
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

# The statuses of an answer in a notebook: written, unchanged since it was handed out, or its cell is missing.
ANSWERED: Final = "answered"
UNANSWERED: Final = "unanswered"
ABSENT: Final = "absent"
ANSWER_STATUSES: Final = (ANSWERED, UNANSWERED, ABSENT)

OWN_HANDOUT: Final = "default"  # the handout of assignment.toml itself; each other one is a file in handouts/

# Gradescope's four words.
VISIBLE: Final = "visible"
HIDDEN: Final = "hidden"
AFTER_DUE_DATE: Final = "after_due_date"
AFTER_PUBLISHED: Final = "after_published"
VISIBILITIES: Final = (VISIBLE, HIDDEN, AFTER_DUE_DATE, AFTER_PUBLISHED)

# Why the run on stubs counts and not the run on the student's own functions: the latter earned less; or both earned the
# same, and the run on stubs shows what is wrong with the function itself.
EARNED_LESS: Final = "earned_less"
EARNED_THE_SAME: Final = "earned_the_same"
OUTCOMES: Final = (EARNED_LESS, EARNED_THE_SAME, "as_written")  # the last only in files of schema 1

if TYPE_CHECKING:
    CheckStatus = str
    SubmissionStatus = str
    AnswerStatus = str
    Visibility = str
    Outcome = str
else:  # msgspec rejects a file with any other word, and the JSON schema lists these
    CheckStatus, SubmissionStatus = Literal[*CHECK_STATUSES], Literal[*SUBMISSION_STATUSES]
    AnswerStatus, Visibility, Outcome = Literal[*ANSWER_STATUSES], Literal[*VISIBILITIES], Literal[*OUTCOMES]


@dataclass(frozen=True)
class Reason:
    """A sentence as data: its id in messages/, and the values to put into it."""

    id: str
    values: Mapping[str, str | int | float | list[str | int | float] | Reason] = field(default_factory=dict)

    @classmethod
    def of(cls, id: str, /, **values: Any) -> Reason:
        """Build a reason. Values become what JSON returns: tuples become lists, NumPy's numbers become Python's."""
        return cls(id, {name: as_json(value) for name, value in values.items()})


def as_json(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    return value.item() if hasattr(value, "item") else value


def as_written(text: str) -> Reason:
    """A reason for a sentence without an id: the author of a check wrote it, or it is from a file of schema 1."""
    return Reason.of("as_written", text=text)


@dataclass(frozen=True)
class Submission:
    """The files of one student, read into memory."""

    id: str  # unique in its run, safe as a file name
    source: str  # where it came from, for people to read
    files: Mapping[str, bytes]  # student files, handed-out files and helpers, by their path below the package
    notes: tuple[Reason, ...] = ()  # what intake noticed ("two layers.py were found ...")
    problem: Reason | None = None  # why nothing can be graded (damaged archive, no student file)
    notebooks: Mapping[str, bytes] = field(default_factory=dict)  # by file name; pages show them, nothing runs them
    answers: tuple[NotebookResult, ...] = ()  # read from the notebooks, by comparing them with the handed-out ones
    notebook_notes: tuple[Reason, ...] = ()  # notes about the answers, for handouts that have these notebooks

    @property
    def sha256(self) -> str:
        """One hash over the names and contents of all files; it does not depend on their order."""
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

    words: by comparison, what students read in place of its name, and, for a yes/no value, in place of the error.
    """

    id: str  # function id plus the check's name
    function: str
    file: str  # the student file that holds the function
    title: str
    visibility: str
    seed: int
    weight: float
    max_points: float  # its share of the function's points, by weight
    tolerance: float
    needs: str | None  # the function whose return value the check passes to the function under test
    parts: Mapping[str, float]  # weights of the comparisons; 1 for any that is not listed
    run: Callable[..., Any] = field(compare=False)
    together: bool | tuple[str, ...] = False  # names of comparisons; checks.check explains both
    squeeze: bool | tuple[str, ...] = False
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Members:
    """The members of a class's objects that checks may use: methods, and attributes that are dicts of arrays."""

    methods: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """The verdict on one named array of a check: passed or not, why not, and by how much.

    error: largest |expected - actual| relative to the largest |expected|; None if shapes or types do not allow it.
    follow_through: the value is wrong, but right for the student's own (wrong) forward.
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
    """One line of a student's traceback. `text` comes from the collected file; the worker never sends it."""

    file: str
    line: int
    function: str
    text: str


@dataclass(frozen=True)
class OwnRun:
    """What the run on the student's own functions found, if the run on stubs counts.

    wrong: functions that a stub replaced and that lost marks in their own checks.
    reasons: everything that was wrong in this run.
    """

    outcome: Outcome
    wrong: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class CheckResult:
    """The verdict on one check of one submission.

    reasons: errors that the comparisons do not report (messages/of_check.py joins both).
    hints: where to look. remarks: notes that cost no marks.
    stubs: the student's functions that were replaced by the reference's in the run that counts; empty if none was.
    own_run: what the run on the student's own functions found, if the run on stubs counts.
    frames: the student's part of the traceback, outermost first. output: what the check printed (staff only).
    after_hidden: this visible check ran after a hidden one, so texts that the student's code chose are for staff only.
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
    """The points of one function, summed over its checks.

    needs: functions whose failure can make this one fail. line: where the student's file defines it; 0 if it does not.
    """

    function: str
    points: float
    max_points: float
    status: CheckStatus
    needs: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True)
class Answer:
    """The content of one answer cell of a notebook, for people to read and mark.

    question: its name in the assignment. asks: the text above the cell, as handed out. kind: markdown or code.
    max_points: 0 if staff do not mark it. Staff enter the points in answers.csv, so this record does not hold them.
    """

    question: str
    asks: str
    kind: str
    status: AnswerStatus
    text: str
    max_points: float


@dataclass(frozen=True)
class NotebookResult:
    """One notebook of a submission. handed_out: stem of the handed-out notebook that it was made from, or "".

    sha256: "" if the student did not hand it in. problem: why it cannot be read, or None.
    """

    name: str
    handed_out: str
    sha256: str
    problem: Reason | None = None
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True)
class Mark:
    """Points and comment that staff gave for an answer."""

    points: float | None = None  # None until staff enter some
    comment: str = ""  # for the student


@dataclass(frozen=True)
class Result:
    """One graded submission. The JSON file holds it, and every report and export is made from it.

    submission: id, source, sha256, files. assignment: title, sha256, handout; parts: hashes of what each check is made
    of (assignment/check_parts.py). grounds: why that handout was guessed.
    environment: sandbox, python, numpy, grader. Student files are not stored; frames hold the source lines they need.
    reason: why the submission could not be graded.
    spent_s: how duration_s divides among the parts in SPENT.
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
        """One line per field; for a field that is a list of records, one line per record."""
        data = {"schema": SCHEMA, **vars(self)}
        text = "{\n" + ",\n".join(f" {ENCODER.encode(name)}: {lines_of(data[name])}" for name in data) + "\n}\n"
        return ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)

    @classmethod
    def from_json(cls, text: str) -> Result:
        """Build the record from a file of to_json, or of schema 1. Raises ValueError for any other text."""
        import msgspec  # here, since importing it is slow and the first run over a class reads no results

        try:
            data = json.loads(text)
            schema = data.pop("schema")
            if schema == 1:
                from grader.schema_1 import upgrade  # here, since files of schema 1 are rare

                data, schema = upgrade(data), SCHEMA
            if schema != SCHEMA:
                raise ValueError(f"result: schema {schema!r} found, {SCHEMA} expected")
            if not NEEDED <= data.keys() <= {*cls.__match_args__}:
                raise ValueError("result: not a result file (a field is missing or unknown)")
            result = msgspec.convert(data, cls)
        except (KeyError, TypeError, AttributeError, RecursionError, msgspec.ValidationError) as error:
            raise ValueError(f"result: not a result file ({error})") from error
        if not isinstance(result.submission.get("id"), str):
            raise ValueError("result: not a result file (no id found)")
        return result


# Fields that every file of this schema has; the fields from `reason` on were added later.
NEEDED: Final = frozenset(Result.__match_args__[: Result.__match_args__.index("reason")])


def lines_of(value: Any) -> str:
    if isinstance(value, tuple) and value:
        return "[\n  " + ",\n  ".join(map(ENCODER.encode, value)) + "\n ]"
    return ENCODER.encode(value)


def reasons_in(result: Result) -> Iterator[Reason]:
    """Every reason that a page of this result may show."""
    problems = (notebook.problem for notebook in result.notebooks)
    yield from filter(None, (*result.notes, result.grounds, result.reason, *problems))
    for check in result.checks:
        yield from (*check.reasons, *check.hints, *check.remarks)
        yield from check.own_run.reasons if check.own_run else ()
        yield from (part.reason for part in check.comparisons if part.reason)
