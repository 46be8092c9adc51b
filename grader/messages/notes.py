"""Messages on a submission as a whole: what was handed in, how it was read, its import, its run, its handout. The last
table holds faults of the grader or the assignment."""

from typing import Final

HAND_IN_CODE: Final = "Hand in only the code."
PACK_AGAIN: Final = "Pack and hand it in again."
OPEN_FILE: Final = "Open the file that was handed in."
FOUND_AS: Final = "{file!c} was found, expected {name}. It was graded as {name}"

HANDED_IN: Final[dict[str, str]] = {
    # Lists of file names, which the sentences below contain.
    "names": "{names!c:list}",
    "names_and_more": "{names!c:list} and {more} more",
    "names_cut": "{names!c:list}, …",
    "of_file": "{file!c}: {what}",
    # A file that is not an ordinary file.
    "no_file": "{file!c} is {kind} and was left out.",
    "a_link": "a link",
    "a_device": "a device",
    "a_pipe": "a pipe",
    "a_sparse_file": "a sparse file",
    "not_a_regular_file": "not a regular file",
    # Why a file was left out.
    "file_left_out": "{file!c} was left out: {why}",
    "cannot_be_read": "it cannot be read ({error}).",
    "too_deep": "it lies more than {most} folders deep.",
    "file_too_large": "it is larger than {most} bytes.",
    "too_many_notebooks": "there are more than {most} notebooks.",
    "notebooks_too_large": "the notebooks hold more than {most} bytes.",
    "leads_out": "its path leads out of the submission.",
    "nearly_the_same_name": "another file or folder has nearly the same name.",
    "in_folder_like_a_file": "its folder has the name of a file of the assignment.",
    "called_like_a_folder": "it has the name of a folder of the assignment.",
    "file_and_folder": "a file and a folder have the same name.",
    # How an archive was read.
    "more_than_once": "{file!c} is in the archive more than once; the last copy was used.",
    "archive_inside": "{file!c} is an archive inside the archive and was not opened.",
    "no_end_mark": "The archive ends without an end mark; it may have been cut off.",
    "led_out": "These paths lead out of the archive and were read as paths inside it: {names}.",
    "more_notes": "{count} more notes of this kind were left out.",
    "read_from": "Read from {archive!c}.",
    "not_read": "Not read: {names}.",
    # Why nothing can be graded.
    "folder_is_empty": "the folder is empty.",
    "is_a_link": "it is a link, and links are not followed.",
    "is_no_regular_file": "it is not a regular file.",
    "damaged": f"the archive is damaged or cut off. {PACK_AGAIN}",
    "no_archive": f"it is neither a zip nor a tar archive, or it is damaged. {PACK_AGAIN}",
    "packed_no_archive": f"it is a compressed file but not an archive, or it is damaged. {PACK_AGAIN}",
    "kind_not_read": "it is a {kind} archive, which the grader cannot read. Pack a zip or a tar.gz.",
    "encrypted": "the archive is encrypted ({file!c} needs a password). Pack it without one.",
    "odd_method": "{file!c} is compressed by a method that the grader cannot read. Pack an ordinary zip.",
    "too_many_members": f"more than {{most}} files and folders were found. {HAND_IN_CODE}",
    "python_too_large": f"the Python files hold more than {{most}} bytes. {HAND_IN_CODE}",
    "archive_too_large": f"the archive holds more than {{most}} bytes. {HAND_IN_CODE}",
    "directory_too_large": f"the archive's list of files is larger than any code needs. {HAND_IN_CODE}",
    "unpacks_bytes": "the archive unpacks to more than {most} bytes. Leave out data.",
    "unpacks_times": "the archive unpacks to more than {times} times its size, which code never does. Pack only the code.",
    "neither_archive_nor_student_file": "it is neither an archive nor a student file ({files:list}).",
    "holds_a_class": "it holds {count} submissions ({names}), expected one. Unpack it and give the folder.",
    "no_student_file": "{found} found, expected {expected:list}. Check what was handed in.",
    "no_python_file": "no Python file",
    "only_archives": "{count} archives and no student file",
    "passed_over": "{folder!c} was ignored, because tools create folders of this name; {others}",
    # Which of several files was graded.
    "graded_as": FOUND_AS + ". Rename it.",
    "graded_as_since": FOUND_AS + ", because {other!c} adds nothing to it. Rename it.",
    "odd_names_found": "{files} {count:was|were} found, expected {name}. {taken!c} was graded. If another one should count, rename it.",
    "read_as": "{file!c} was found, expected {name!c}. It was read as {name!c}. Rename it.",
    "several_found": "{count:word} files {name!c} were found: {taken!c} was used, not {others}.",
    "taken_as_well": "Also used, because the code imports {count:it|them}: {names}.",
    "too_many_modules": "More than {most} other modules were found; the others were left out.",
    # What the download of a learning management system states.
    "handed_in_by": "Handed in through {system} by {who}{which}{late}{files}.",
    "user": "{name!c} (user {number!c})",
    "participant": "{name!c} (participant {number!c})",
    "somebody": "somebody without a name",
    "not_on_the_list": "somebody without a name in Gradescope's list",
    "attempt_of": ", attempt of {attempt!c}",
    "submission_number": ", submission {number!c}",
    "late": ", late",
    "these_files": ": {names}",
    "numbered_again": "{file!c} was read as {name!c}: Canvas adds a number to a file that is handed in again.",
    "earlier_attempts": "Files of earlier attempts were left out: {names}.",
    "handed_in_unread": "A {kind} was handed in, which the grader does not read: {names}.",
    "only_unread": "only a {kind} was handed in, which the grader does not read. Ask for the Python files.",
    "text_entry": "text entry",
    "link": "link",
    "nothing_handed_in": "no file was handed in. Ask for the Python files.",
    "latest_is_empty": "the latest attempt holds no file, but an earlier one does. If the earlier attempt should count, move the latest one away.",
    # Notebooks.
    "not_built_as_notebooks": "it is damaged: it does not have the structure of a notebook. Save it again.",
    "no_cells": "it is damaged: it has no cells. Save it again.",
    "no_json": "it is damaged or cut off: it is not valid JSON. Save it again.",
    "notebook_format": "its format is {found!c}, expected a notebook of format {expected} or older.",
    "too_many_cells": "it has {count} cells, expected {most} at most.",
    "too_many_values": "it holds more than {most} values. Clear the outputs that nobody needs.",
    "not_shown": "It cannot be shown: {why}",
    "takes_too_long": f"It cannot be shown: showing it takes too much time or memory. {OPEN_FILE}",
    "renderer_failed": f"It cannot be shown: {{error}}. {OPEN_FILE}",
    "notebook_beyond_limit": "It was left out, because it exceeds a limit.",
    "notebook_absent": "It was not handed in.",
    "notebook_missing": "It is missing.",
    "notebooks_lacking": "Not handed in: {names:list}.",
    "copies": "{other!c} and {best!c} are copies of one notebook; answers were read from {best!c}{too}. {unlike}",
    "read_from_other": ", and {names} from {other!c}",
    "answers_differ": "{names}: the two copies have different answers. Read both.",
    "metadata_lost": "{file!c}: some cells lost the metadata of the handed-out notebook. {names}: the answers were read from the cells below the questions.",
    "strangers": "{names}: not made from a handed-out notebook.",
    "check_cells": "{notebook}: the check {count:cell|cells} {names} {count:was|were} {how}.",
    "changed": "changed",
    "deleted": "deleted",
}

NOTES: Final[dict[str, str]] = {
    # Its import.
    "imports_what_is_absent": "{files:or} imports modules that are not in the sandbox: {names!c:list}. Only their use raises an exception.",
    "not_in_utf_8": "{file!c} is not in UTF-8, which Python expects; it was read in another encoding. Save it as UTF-8.",
    "left_out": "{file}, line {line}: {error!c}. {what!c} was left out and the rest was graded.",
    "left_out_with_advice": "{file}, line {line}: {error!c}. {what!c} was left out and the rest was graded. {advice}",
    "more_left_out": "{files:or}: {count} more statements or functions were left out.",
    "prints": "{files:or} prints while it is imported: {text!c}",
    "the_statement": "The statement",
    "python_2": "{file}, line {line}: {feature!c} is Python 2 syntax, but Python {python} graded it. {lost} left out and the rest was graded. Convert the code to Python 3 and hand it in again: 2to3 -w {files} does most of the work.",
    "newer_python": "{file}, line {line}: {feature!c} needs Python {since} or newer, but Python {python} graded it. {lost} left out and the rest was graded. Grade it with --python python{since}.",
    "lost": "{names!c:list} {names:was|were}",
    "lost_and_more": "{names!c:list} and {more} more were",
    "lost_statement": "The statement was",
    # Its files.
    "no_module": "{file!c} was left out: its name is not a valid module name.",
    "handed_out_used": "{file} differs from the one handed out; the one handed out was used.",
    "own_definitions_used": "{file} differs from the one handed out; its own definitions were used.",
    "holds_a_copy": "{file!c} contains much of {original}, a handed-out file that is withheld while this file is checked.",
    # Its run.
    "too_late": "The submission's total time ended before some checks were judged; they count as out of time.",
    "public_only": "Only public checks were run; hidden checks run when the work is graded.",
    "grading_lost": "the result of its grading was lost ({error}: {text}).",
    "late_judge": "the grader was still running {late_s:g} s after the {seconds:g} s that a submission may take. It was stopped in {where}. This costs no marks. Grade the submission again when the machine is less busy. If that ends the same way, report it with the submission.",
}

HANDOUT: Final[dict[str, str]] = {
    "no_marks": "auto: no clue to any handout was found, so the assignment's own handout was used.",
    "taken_for": "auto: graded as handout {handout}, which {votes} of {marks} clues point to ({topics:list}{unlike}). {alike}",
    "but_not": "; not {topics:list}",
    "same_marks": "{handouts:list} has the same clues: name it with --handout if the submission was made from it.",
    "no_majority": "auto: none of the handouts has a clear majority of the {marks} clues that were found ({counts:list}), so the assignment's own handout was used. If that is wrong, name the handout with --handout.",
}

LEAVE_CHECK_OUT: Final = "but a check calls it so. Leave the check out in the handout's file."
FAULTS: Final[dict[str, str]] = {
    "grader_failed": "the grader failed: {text}",
    "source_cannot_be_read": "{source!c}: cannot be read ({error}). Grade it again.",
    "not_relative": "stage: {name!r} was found, expected a relative path. Correct the assignment.",
    "exists_already": "stage: {file} exists already, expected an empty folder. Stage elsewhere.",
    "disk_full": "{place}: work trees cannot be written there ({error}). Free some space, or set TMPDIR to another folder. Then run the same command again.",
    "not_finite": "fixture of {name}: holds NaN or inf, expected finite numbers. Run grader fixtures.",
    "check_returned": "a check returned {type}, expected named arrays or gradients(...).",
    "no_such_function": "check: {function} is neither in [points] nor in called of assignment.toml. Add it to one of them, or correct its name.",
    "no_such_member": "check: {member} is not among the methods and attributes of its class in assignment.toml. Add it there, or correct the name.",
    "handout_lacks": f"handout {{handout}}: has no {{function}}, {LEAVE_CHECK_OUT}",
    "handout_cannot_call": f"handout {{handout}}: cannot call {{function}} with {{argument}}, {LEAVE_CHECK_OUT}",
    "cannot_be_started": "sandbox: {command} cannot be started ({error}).",
    "cannot_be_ended": "sandbox: processes {processes} of user id {uid} cannot be ended. Kill them by hand.",
    "worker_did_not_start": "sandbox: the worker did not start ({error}: {prints!c}).",
    "reference_not_imported": "sandbox: the reference cannot be imported there ({why})",
    "called_where_no_check_runs": "sandbox: {function} was called while no check runs",
    "no_such_move": "sandbox: {event} is not possible while the process of a check is {state}",
}
