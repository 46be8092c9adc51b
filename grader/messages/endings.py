"""Why a call gave no value: an exception, time or memory that ran out, a function that is not there."""

from typing import Final

STOPPED: Final[dict[str, str]] = {
    "raised": "{name} raised {raised!c}: {text!c}",
    "import_raised": "{file} cannot be imported: {raised!c}: {text!c}",
    "out_of_cpu_time": "{name} was still running after {seconds:g} s of CPU time; perhaps a loop never ends.",
    "out_of_wall_time": (
        "{name} did not answer in time: it was stopped after {seconds:g} s. Perhaps it sleeps, or waits for a lock, "
        "a queue or a thread."
    ),
    "ended": "{name} ended the process with exit code {code}.",
    "killed": "{name} was killed by signal {number} ({signal}).",
    "out_of_memory": "{name} ran out of memory. {text!c}",
    "out_of_memory_allowed": "{name} ran out of memory ({memory_mib} MiB are allowed). {text!c}",
}

UNANSWERED: Final[dict[str, str]] = {
    # No such function.
    "not_written": "{name} is not written yet.",
    "absent": "{file} has no {name}.",
    "could_not_run": "{name} could not be run: {why}",
    "not_handed_in": "{file} was not handed in.",
    "built_on": "{file}, which it is built on, was not handed in or cannot be imported.",
    "not_asked": "Handout {handout} ({years}) does not ask for this.",
    "given_solved": "Handout {handout} ({years}) gives this function solved.",
    # Seldom seen.
    "not_run": "This check was not run, since {name} ran out of time in others. Find out first why it does not end there.",
    "in_less_time": "{what} {why}",
    "had_less_time": "It had less time than usual, since {functions} functions had run out of time before.",
    "used_up_while": (
        "The submission used up the {seconds:g} s that it has as a whole; {name} was stopped. "
        "Look at the functions that ran out of time or took long."
    ),
    "used_up": (
        "The submission used up the {seconds:g} s that it has as a whole; this check was not run. "
        "Look at the functions that ran out of time or took long."
    ),
    "out_of_import_time": "{name} was still running after {seconds:g} s of CPU time.",
    "printed_too_much": "{name} printed more than anybody will read.",
    "cannot_be_sent": "{name} returned what cannot be sent: {text!c}.",
    "too_many_processes": (
        "{name} holds more memory than it may: twice the {memory_mib} MiB that one process may, in all of its "
        "processes."
    ),
    "malformed": "{name} sent a reply that is none.",
    "malformed_by": "{name} sent a reply that is none ({error!c}).",
    "unasked": "{name} answered what was not asked.",
    "reference_cannot_use": "{name}: the grader's own cannot use what yours has made. {why}",
    "reference_stopped": "The grader's own function was stopped.",
    # Parts of these sentences.
    "the_import": "the import",
    "importing": "importing {modules:list}",
}

TABLES: Final = (STOPPED, UNANSWERED)
