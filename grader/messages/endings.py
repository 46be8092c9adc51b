"""How a check ended. Why a call gave no value: an exception, time or memory that ran out, a function that is not there.
What the check counts then, and why: gradients over a wrong forward, the grader's own functions in place of others."""

from typing import Final

COSTS: Final = "That costs {own} its marks; this check counts "
INSTEAD: Final = "{why:sentence} {name} was given the cache that the docstring describes instead"

STOPPED: Final[dict[str, str]] = {
    "raised": "{name} raised {raised!c}: {text!c}",
    "import_raised": "{file} cannot be imported: {raised!c}: {text!c}",
    "out_of_cpu_time": "{name} was still running after {seconds:g} s of CPU time; perhaps a loop never ends.",
    "out_of_wall_time": "{name} did not answer in time: it was stopped after {seconds:g} s. Perhaps it sleeps, or waits for a lock, a queue or a thread.",
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
    "used_up_while": "The submission used up the {seconds:g} s that it has as a whole; {name} was stopped. Look at the functions that ran out of time or took long.",
    "used_up": "The submission used up the {seconds:g} s that it has as a whole; this check was not run. Look at the functions that ran out of time or took long.",
    "out_of_import_time": "{name} was still running after {seconds:g} s of CPU time.",
    "printed_too_much": "{name} printed more than anybody will read.",
    "cannot_be_sent": "{name} returned what cannot be sent: {text!c}.",
    "too_many_processes": "{name} holds more memory than it may: twice the {memory_mib} MiB that one process may, in all of its processes.",
    "malformed": "{name} sent a reply that is none.",
    "malformed_by": "{name} sent a reply that is none ({error!c}).",
    "unasked": "{name} answered what was not asked.",
    "reference_cannot_use": "{name}: the grader's own cannot use what yours has made. {why}",
    "reference_stopped": "The grader's own function was stopped.",
    # Parts of these sentences.
    "the_import": "the import",
    "importing": "importing {modules:list}",
}

FOLLOWS: Final[dict[str, str]] = {
    "follows": "{names:and} {names:is the gradient|are the gradients} of your own {own}, which is wrong: counted {share:counted}. Mend {own} first.",
    "given_cache": "{why:sentence} Given the cache that the docstring describes, {then}",
    "was_given_cache": INSTEAD + ".",
    "was_given_other_cache": INSTEAD + "; if yours holds something else, mend {forward} first.",
    "shares": COSTS + "in full, by the other checks of {name}. Fix {own} first.",
    "shares_part": COSTS + "for {share:percent}, by the other checks of {name}. Fix {own} first.",
}

STUBS: Final[dict[str, str]] = {
    "counted_on_stubs": "Counted with the grader's own {functions:list} in place of yours, which lost marks already. Mend {functions:it|them} first. With yours: {yours}",
    "counted_on_called": "Counted with the grader's own functions in place of those that {name} calls. With yours: {yours}",
    "same_on_stubs": "So it is with the grader's own {functions:list} in place of yours.",
    "wrong_on_stubs": "Wrong all the same: {names:list}.",
    "earns_less": "it earns less",
    "stubs_counted": "{counted} of {checks} checks {counted:counts|count} with the grader's own {functions:list} in place of yours, which lost marks already. Mend {functions:it|them} first.",
    "called_counted": "{counted} of {checks} checks {counted:counts|count} with the grader's own functions in place of those that are called.",
    "after_hidden": "This check ran after hidden ones, so what it printed, raised or returned is not shown here.",
    "hint": "{text}{misconception:unsaid}",
}
