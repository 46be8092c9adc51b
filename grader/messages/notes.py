"""What is said of a submission as a whole: its import, its files, how it was read."""

from typing import Final

NOTES: Final[dict[str, str]] = {
    # Its import.
    "imports_what_is_absent": "{files:or} imports what is not in the sandbox: {names!c:list}. Only its use raises.",
    "not_in_utf_8": "{file!c} is not in UTF-8, which Python expects; it was read as far as that goes. Save it as UTF-8.",
    "left_out": "{file}, line {line}: {error!c}. {what!c} was left out and the rest was graded.",
    "left_out_with_advice": "{file}, line {line}: {error!c}. {what!c} was left out and the rest was graded. {advice}",
    "more_left_out": "{files:or}: {count} more statements or functions were left out.",
    "prints": "{files:or} prints while it is imported: {text!c}",
    "the_statement": "The statement",
    "python_2": "{file}, line {line}: {feature!c} is Python 2's, and Python {python} graded it. {lost} left out and the rest was graded. Convert the code to Python 3 first, and hand that in: 2to3 -w {files} does most of it.",
    "newer_python": "{file}, line {line}: {feature!c} needs Python {since} or newer, and Python {python} graded it. {lost} left out and the rest was graded. Grade it with --python python{since}.",
    "lost": "{names!c:list} {names:was|were}",
    "lost_and_more": "{names!c:list} and {more} more were",
    "lost_statement": "The statement was",
    # Its files.
    "no_module": "{file!c} was left out: it is not the name of a module.",
    "handed_out_used": "{file} differs from the one handed out; the one handed out was used.",
    "own_definitions_used": "{file} differs from the one handed out; its own definitions were used.",
    "holds_a_copy": "{file!c} holds much of {original}, which is handed out and not there while it is checked.",
    # Its run.
    "too_late": "The time of this submission was over while some checks were still to be judged: they count as out of time.",
    "public_only": "Public checks only: hidden checks are run on the graded version.",
    "grading_lost": "its grading was lost ({error}: {text}).",
    "late_judge": "the grader had not come to an end {late_s:g} s after the {seconds:g} s that a submission has. It was stopped in {where}. No mark is taken for it. Grade the submission again when the machine is less busy. If that ends the same way, report it with the submission.",
}

HANDOUT: Final[dict[str, str]] = {
    "no_marks": "auto: no mark of any handout was found, so it was graded by the assignment's own.",
    "taken_for": "auto: taken for handout {handout} by {votes} of {marks} marks ({topics:list}{unlike}). {alike}",
    "but_not": "; not {topics:list}",
    "same_marks": "{handouts:list} has the same marks: name it with --handout if it is that.",
    "no_majority": "auto: no handout has a clear majority of the {marks} marks that were found ({counts:list}), so it was graded by the assignment's own. If that is wrong, name the handout with --handout.",
}

LEAVE_CHECK_OUT: Final = "but a check does. Leave the check out by its file."
FAULTS: Final[dict[str, str]] = {
    "grader_failed": "the grader failed: {text}",
    "source_cannot_be_read": "{source!c}: cannot be read ({error}). Grade it again.",
    "not_relative": "stage: {name!r} was found, expected a relative path. Correct the assignment.",
    "exists_already": "stage: {file} exists already, expected an empty folder. Stage elsewhere.",
    "disk_full": "{place}: work trees cannot be written there ({error}). Make room, or set TMPDIR to another folder, then give the same command.",
    "not_finite": "fixture of {name}: holds NaN or inf, expected finite numbers. Run make fixtures.",
    "check_returned": "a check returned {type}, expected named arrays or gradients(...).",
    "no_such_function": "check: {function} is no function of the assignment. Check the spelling.",
    "no_such_member": "check: {member} is none of its methods and attributes in the assignment.",
    "handout_lacks": f"handout {{handout}}: has no {{function}}, {LEAVE_CHECK_OUT}",
    "handout_cannot_call": f"handout {{handout}}: cannot call {{function}} with {{argument}}, {LEAVE_CHECK_OUT}",
    "cannot_be_started": "sandbox: {command} cannot be started ({error}).",
    "cannot_be_ended": "sandbox: processes {processes} of user id {uid} cannot be ended. Kill them by hand.",
    "worker_did_not_start": "sandbox: the worker did not start ({error}: {prints!c}).",
    "reference_not_imported": "sandbox: the reference cannot be imported there ({why})",
    "called_where_no_check_runs": "sandbox: {function} was called where no check runs",
    "no_such_move": "sandbox: {event} where the process of a check is {state}",
}

TABLES: Final = (NOTES, HANDOUT, FAULTS)
