"""The frozen records that one stage of grading passes to the next, and their JSON.

    intake ─► Submission ─► judging ─► CheckResult ─► grading ─► Result ─► report, exports

Records hold no sentences. A Reason is the id of a sentence in messages/ and its values, so another language needs only
another catalogue, and no regrade. A record is complete when it is built; nothing edits it later. Only `Result` is
stored: from_json reverses to_json. If a submission is graded twice, the two JSON files differ only in durations.
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
# The characters that a JSON file contains as escapes: lone surrogates, because UTF-8 cannot encode them; control and
# bidirectional characters, because they would change the terminal of a person who prints the file.
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

OWN_HANDOUT: Final = "default"  # the handout that assignment.toml describes; each other handout is a file in handouts/

# Gradescope's four words.
VISIBLE: Final = "visible"
HIDDEN: Final = "hidden"
AFTER_DUE_DATE: Final = "after_due_date"
AFTER_PUBLISHED: Final = "after_published"
VISIBILITIES: Final = (VISIBLE, HIDDEN, AFTER_DUE_DATE, AFTER_PUBLISHED)

# Why the run on stubs counts and not the run on the student's own functions: the own run earned less; or both earned
# the same, and the run on stubs shows what is wrong with the function itself.
EARNED_LESS: Final = "earned_less"
EARNED_THE_SAME: Final = "earned_the_same"
OUTCOMES: Final = (EARNED_LESS, EARNED_THE_SAME, "as_written")  # as_written: only from files of schema 1

if TYPE_CHECKING:
    CheckStatus = str
    SubmissionStatus = str
    AnswerStatus = str
    Visibility = str
    Outcome = str
else:  # with these types, msgspec rejects a file with another word, and the JSON schema lists the words
    CheckStatus, SubmissionStatus = Literal[*CHECK_STATUSES], Literal[*SUBMISSION_STATUSES]
    AnswerStatus, Visibility, Outcome = Literal[*ANSWER_STATUSES], Literal[*VISIBILITIES], Literal[*OUTCOMES]


@dataclass(frozen=True)
class Reason:
    """A sentence as data: its id in messages/, and the values to put into it."""

    id: str
    values: Mapping[str, str | int | float | list[str | int | float] | Reason] = field(default_factory=dict)

    @classmethod
    def of(cls, id: str, /, **values: Any) -> Reason:
        """Build a reason. Converts values to JSON's types: tuples to lists, NumPy's numbers to Python's."""
        return cls(id, {name: as_json(value) for name, value in values.items()})


def as_json(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    return value.item() if hasattr(value, "item") else value


def as_written(text: str) -> Reason:
    """Return a reason for a sentence without an id, from the author of a check or from a file of schema 1."""
    return Reason.of("as_written", text=text)


@dataclass(frozen=True)
class Submission:
    """The files of one student, read into memory."""

    id: str  # unique in a run, safe as a file name
    source: str  # the path of the files, for people to read
    files: Mapping[str, bytes]  # student files, handed-out files and helpers, by their path below the package
    notes: tuple[Reason, ...] = ()  # what intake noticed ("two layers.py were found ...")
    problem: Reason | None = None  # why nothing can be graded (damaged archive, no student file)
    notebooks: Mapping[str, bytes] = field(default_factory=dict)  # by file name; shown on pages, never run
    answers: tuple[NotebookResult, ...] = ()  # found by comparing the notebooks with the handed-out notebooks
    notebook_notes: tuple[Reason, ...] = ()  # notes about the answers; only handouts with these notebooks use them

    @property
    def sha256(self) -> str:
        """The hash of the names and contents of all files. The hash does not depend on the order of the files."""
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

    words: for the name of a comparison, the words that students read instead of the name; and, for a value that is yes
    or no, the words instead of the error.
    """

    id: str  # the function's id, a dot and the check's name
    function: str
    file: str  # the student file that holds the function
    title: str
    visibility: str
    seed: int
    weight: float
    max_points: float  # the check's share of the function's points, by weight
    tolerance: float
    needs: str | None  # the function whose return value the check passes to the function under test
    parts: Mapping[str, float]  # weights of the comparisons; a comparison that is not listed has weight 1
    run: Callable[..., Any] = field(compare=False)
    together: bool | tuple[str, ...] = False  # names of comparisons; checks.check explains `together` and `squeeze`
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
    """One line of a student's traceback. The judge reads `text` from the collected file; no worker sends it."""

    file: str
    line: int
    function: str
    text: str


@dataclass(frozen=True)
class OwnRun:
    """What the run on the student's own functions found, if the run on stubs counts.

    wrong: functions that a stub replaced and that lost marks in their own checks.
    reasons: everything that was wrong in the run on the student's own functions.
    """

    outcome: Outcome
    wrong: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class CheckResult:
    """The verdict on one check of one submission.

    reasons: errors that the comparisons do not report (messages/of_check.py joins both).
    hints: where to look. remarks: notes that cost no marks.
    stubs: the student's functions that stubs replaced in the run that counts; empty for a run without stubs.
    own_run: what the run on the student's own functions found, if the run on stubs counts.
    frames: the student's part of the traceback, outermost first. output: what the check printed (staff only).
    after_hidden: whether this visible check ran after a hidden one. If so, texts that the student's code chose are for
    staff only.
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

    needs: functions whose failure can make this function fail. line: the line of the student's file that defines the
    function; 0 if the file does not define it. code: the text of this definition if the function lost points; only the
    first lines if it is long.
    """

    function: str
    points: float
    max_points: float
    status: CheckStatus
    needs: tuple[str, ...] = ()
    line: int = 0
    code: str = ""


@dataclass(frozen=True)
class Answer:
    """The content of one answer cell of a notebook, for people to read and mark.

    question: the name of the question in the assignment. asks: the text above the cell in the handed-out notebook.
    kind: markdown or code. max_points: 0 if staff do not mark the answer. The points are not in this record, because
    staff enter them in answers.csv.
    """

    question: str
    asks: str
    kind: str
    status: AnswerStatus
    text: str
    max_points: float


@dataclass(frozen=True)
class NotebookResult:
    """One notebook of a submission.

    handed_out: the stem of the handed-out notebook from which the student made this one, or "". sha256: "" if the
    student did not hand the notebook in. problem: why it cannot be read, or None.
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
    """The result of one submission. A result is stored as JSON, and every report and export is made from results.

    submission: id, source, sha256, files. assignment: title, sha256, handout, and parts, the hashes of the parts of
    each check (assignment/check_parts.py). grounds: why this handout was guessed.
    environment: sandbox, python, numpy, grader. Student files are not stored; each frame holds its source line.
    reason: why the submission could not be graded.
    spent_s: how much of duration_s each part in SPENT took.
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
        """Return the result as JSON, with one line per field; a list of records has one line per record."""
        data = {"schema": SCHEMA, **vars(self)}
        text = "{\n" + ",\n".join(f" {ENCODER.encode(name)}: {lines_of(data[name])}" for name in data) + "\n}\n"
        return ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)

    @classmethod
    def from_json(cls, text: str) -> Result:
        """Build the result from the text of to_json, or of a file of schema 1. Raises ValueError for any other text."""
        import msgspec  # not at the top: this import is slow, and the first run over a class reads no results

        try:
            data = json.loads(text)
            schema = data.pop("schema")
            if schema == 1:
                from grader.schema_1 import upgrade  # not at the top: such files are rare

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
    """Yield every reason that a page of this result may show."""
    problems = (notebook.problem for notebook in result.notebooks)
    yield from filter(None, (*result.notes, result.grounds, result.reason, *problems))
    for check in result.checks:
        yield from (*check.reasons, *check.hints, *check.remarks)
        yield from check.own_run.reasons if check.own_run else ()
        yield from (part.reason for part in check.comparisons if part.reason)
